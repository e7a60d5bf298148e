"""Finds what an item of pytest is held to: its marks, pytest's own markers among them, its policy and its group."""

from __future__ import annotations

import importlib
import sys
import types
import unittest

from .._base import real
from .._base.errors import ConfigurationError, DecorationError, HermeticError
from .._base.sizes import SIZE_NAMES
from .._rules import groups, marking, policies, timeouts
from .._settings.current_run import current_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .._policy.decision import Policy
    from .._rules.groups import Group
    from .._rules.marking import AnyMark
    from .._rules.timeouts import Timeout

    Placed = tuple[str, str, tuple[AnyMark, ...]]

pytest: Any = importlib.import_module("pytest")

MARKERS = {
    "small": "small: may use no network and start no process.",
    "medium": "medium: may use localhost only, and start processes.",
    "large": "large: may use the network.",
    "xlarge": "xlarge: may use the network, and take an hour.",
    "isolated": "isolated(group=None, timeout=None, sandbox=None): run in a process of its own, or of its group.",
    "allow": "allow(hosts=(), processes=(), files=(), databases=()): exceptions to the size.",
    "retries": "retries(number): run the item again if it fails; pytest-rerunfailures does so, if it is installed.",
    "hermetic_timeout": "hermetic_timeout(seconds): the seconds that the item may take.",  # timeout is pytest-timeout's
}


class ItemRule:
    """What an item is held to.

    Attributes:
        policy: its policy; None for an item that runs unguarded.
        group: its isolation group; None for an item that runs in this process.
        timeout: its time-out; None for none.
        retries: how often it is run again if it fails; 0 for an item that is not.
        is_marked_isolated: whether a mark isolates it, in force or not.
        error: what is wrong with its marks; None if nothing is.
    """

    def __init__(
        self,
        policy: Policy | None,
        group: Group | None,
        error: HermeticError | None = None,
        *,
        timeout: Timeout | None = None,
        is_marked_isolated: bool = False,
    ) -> None:
        self.policy = policy
        self.group = group
        self.timeout = timeout
        self.retries = 0
        self.is_marked_isolated = is_marked_isolated
        self.error = error


class ItemOwner:
    """The test of an item, as the rest of hermetic sees tests.

    Args:
        item: the item.

    Attributes:
        function: the item's function; None if it has none.
    """

    def __init__(self, item: Any) -> None:
        self._item = item
        self.function = getattr(item, "function", None)

    def id(self) -> str:
        """Return the name of the test in messages and in the baseline, without its parameters and without blanks."""
        cls, module = getattr(self._item, "cls", None), getattr(self._item, "module", None)
        if self.function is None or module is None:
            return "_".join(self._item.nodeid.split())
        parts = [module.__name__] if cls is None else [cls.__module__, cls.__qualname__]
        return ".".join([*parts, self._item.originalname])

    def hermetic_runs(self, owner: object) -> bool:
        """Whether this item runs a TestCase, or a marked function by its full name."""
        if isinstance(owner, unittest.TestCase):
            return getattr(self._item, "instance", None) is owner
        function = self.function
        return function is not None and owner == f"{function.__module__}.{function.__qualname__}"


_rules = pytest.StashKey()


def rule_of(item: Any) -> ItemRule:
    """Return what an item is held to."""
    if _rules not in item.stash:
        item.stash[_rules] = _find_rule(item)
    rule: ItemRule = item.stash[_rules]
    return rule


def _find_rule(item: Any) -> ItemRule:
    try:
        placed = [*_marks_of(item)]
        is_isolated = any(mark.isolation is not None for _, _, marks in placed for mark in marks)
        timeout = _timeout_of(item, placed)
        group = _group_of(placed, timeout)
        rule = ItemRule(_policy_of(item, placed), group, timeout=timeout, is_marked_isolated=is_isolated)
        numbers = (mark.retries for _, _, marks in placed for mark in marks if mark.retries is not None)
        rule.retries = next(numbers, 0)
    except HermeticError as error:
        return ItemRule(None, None, error)
    return rule


def policy_of_node(node: Any) -> Policy | None:
    """Return the policy of the fixtures of a class, a module, a package or a session."""
    return _policy_of(node, [*_marks_of(node)])


def _policy_of(node: Any, placed: list[Placed]) -> Policy | None:
    cls = getattr(node, "cls", None)
    marks = [mark for _, _, marks in placed for mark in marks]
    return policies.of_marks(marks, str(node.path), getattr(cls, "hermetic_default_size", None))


def _timeout_of(item: Any, placed: list[Placed]) -> Timeout | None:
    """Return the time-out of an item, with the id of the item where its own mark gives it."""
    named = ((where, holder or item.nodeid, marks) for where, holder, marks in placed)
    return timeouts.nearest_timeout(named)


def _group_of(placed: list[Placed], timeout: Timeout | None) -> Group | None:
    if current_run.settings.no_isolation:
        return None
    for where, holder, marks in placed:
        for mark in marks:
            if mark.isolation is not None:
                return groups.of_mark(where, holder, mark, timeout)
    return groups.without_mark(timeout)


# --- marks -----------------------------------------------------------------------------------------------------------


def has_markers(item: Any) -> bool:
    """Whether an item, or what holds it, has any of our markers."""
    return any(marker.name in MARKERS for marker in item.iter_markers())


def _marks_of(node: Any) -> Iterator[Placed]:
    """Yield the marks of an item with their places and what holds them, the nearest first."""
    is_loaded = bool(current_run.mark_types)
    for part in reversed(node.listchain()):
        if isinstance(part, pytest.Class):
            for base in part.obj.__mro__:
                yield _placed("class", base, vars(base), key=part.obj)
            if is_loaded and issubclass(part.obj, unittest.TestCase):
                marking.refuse_misspelt(part.obj)
        elif isinstance(getattr(part, "obj", None), types.ModuleType):
            yield _placed("module", part.obj, real.names_in(part.obj), key=part.obj)
        elif isinstance(part, pytest.Item):
            yield from _on_item(part)


def _placed(where: str, holder: Any, names: Any, key: Any) -> Placed:
    place = f"{where} {getattr(holder, '__qualname__', holder.__name__)}"
    given = names.get("pytestmark", ())
    markers = given if isinstance(given, (list, tuple)) else [given]
    found = [*_converted(markers, place), *marking.as_marks(names.get("__hermetic__", ()), place)]
    name = key.__name__ if where == "module" else f"{key.__module__}.{key.__qualname__}"
    return where, name, marking.as_marks(_distinct(found), place)


def _on_item(item: Any) -> Iterator[Placed]:
    """Yield the marks of an item's parameters, and those of its function."""
    of_parameters = getattr(getattr(item, "callspec", None), "marks", ())
    yield "method", "", marking.as_marks(_distinct([*_converted(of_parameters, item.nodeid)]), item.nodeid)
    others = [mark for mark in item.own_markers if mark not in of_parameters]
    found = [*_converted(others, item.nodeid), *marking.marks_on(getattr(item, "function", None), item.nodeid)]
    yield "method", "", marking.as_marks(_distinct(found), item.nodeid)


def _distinct(marks: list[AnyMark]) -> list[AnyMark]:
    """Leave out marks that say the same as an earlier one, such as one of pytest's and one of ours."""
    said = {(mark.size, mark.allowance, mark.isolation, mark.retries, mark.timeout): mark for mark in marks}
    return [*said.values()]


def _converted(markers: Any, place: str) -> Iterator[AnyMark]:
    for marker in markers:
        found = getattr(marker, "mark", marker)
        if isinstance(found, pytest.Mark) and found.name in MARKERS:
            yield _mark_of(found, place)


def _mark_of(marker: Any, place: str) -> AnyMark:
    """Turn a marker of pytest into our mark.

    Raises:
        DecorationError: its arguments are wrong; the text names the place.
    """
    from .._marks import isolated, marks, retries, timeout  # saves 10 ms in runs without a mark

    what = f"{place}: @pytest.mark.{marker.name}"
    if marker.name in SIZE_NAMES:
        if marker.args or marker.kwargs:
            raise DecorationError(f"{what} takes no arguments; write it without parentheses")
        size: AnyMark = getattr(marks, marker.name)
        return size
    makers = {"isolated": isolated.IsolatedMark, "allow": marks.allow, "retries": retries.retries}
    make: Any = makers.get(marker.name, timeout.timeout)
    try:
        mark: AnyMark = make(*marker.args, **marker.kwargs)
    except (ConfigurationError, DecorationError) as error:
        raise DecorationError(f"{what}: {error}") from None
    except TypeError as error:
        _, _, takes = MARKERS[marker.name].partition("(")
        raise DecorationError(f"{what}: {error}; it takes ({takes.partition(')')[0]})") from None
    return mark


def as_marker(mark: AnyMark) -> Any:
    """Turn a mark of ours into the marker of pytest that says the same, for lists ``pytestmark``."""
    if mark.size is not None:
        return getattr(pytest.mark, mark.size.value).mark
    if mark.isolation is not None:
        group, timeout, sandbox = mark.isolation
        return pytest.mark.isolated(group, timeout=timeout, sandbox=sandbox).mark
    if mark.retries is not None:
        return pytest.mark.retries(mark.retries).mark
    if mark.timeout is not None:
        return pytest.mark.hermetic_timeout(mark.timeout).mark
    given = {name: [*entries] for name, entries in zip(mark.allowance._fields, mark.allowance, strict=True) if entries}
    return pytest.mark.allow(**given).mark


def show_size(item: Any) -> None:
    """Give an item the marker of its size, so that ``-m`` selects it, whatever its size comes from."""
    policy = rule_of(item).policy
    if policy is not None and item.get_closest_marker(policy.size.value) is None:
        item.add_marker(policy.size.value)


def mark_retries(items: list[Any], *, is_known: bool) -> bool:
    """Give items with retries the marker of pytest-rerunfailures; return whether there are any.

    Args:
        is_known: whether that plugin is there to know the marker.
    """
    retried = [item for item in items if rule_of(item).retries]
    for item in retried if is_known else ():
        item.add_marker(pytest.mark.flaky(reruns=rule_of(item).retries))
    return bool(retried)


def may_have_rules(item: Any) -> bool:
    """Whether anything may hold an item to a size, or isolate it."""
    return hold_for_all() or has_markers(item)


def hold_for_all() -> bool:
    """Whether any item may be held to a size or isolated, whatever its markers: by a setting, or by marks of ours."""
    settings = current_run.settings
    return bool(settings.default_size or settings.isolated or "hermetic._marks.marks" in sys.modules)

"""``-j``: which tests are shared out to workers, and in which units.

    tests that are not isolated   the consecutive tests of a class, or of a module with fixtures, are a unit
    isolated tests                a test, or the tests of a group, are a unit, as their marks say

So fixtures run as often as without ``-j``. The other tests run in the process of the run: those in suites with a run()
of their own, those that are not methods of a class of the suite, those that no worker could find, and all that share
fixtures with one of them.
"""

from __future__ import annotations

import sys
import unittest
from collections import Counter, namedtuple

from .._base.errors import DecorationError, IsolationError
from .._isolation.pool import Task
from .._rules import groups, marking, policies, sandbox_choice, timeouts
from .._rules.groups import Group
from .._settings.current_run import current_run
from .._suites.suite_tests import MIN_SECONDS
from .._verdicts.scopes import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any


class Unit:
    """Tests that one worker runs without a break, in the order of the suite.

    Args:
        group: the group of the tests; a group without a description for tests that are not isolated.

    Attributes:
        steps: what the worker does, step by step: ``test`` and a test, ``class`` and a class that ends, or ``module``
            and the name of a module that ends.
        task: the requests of these steps, once all are known.
        next: the first step that was not replayed.
        test: the last test that was replayed.
        told: the changes that were reported of its tests.
        is_held: whether any of its tests has a size.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self.steps: list[tuple[str, Any]] = []
        self.task: Task
        self.next = 0
        self.test: Any = None
        self.told: set[str] = set()
        self.is_held = False
        self._requests: list[list[list[Any]]] = []  # of each step
        self._seconds = 0.0

    @property
    def is_shared(self) -> bool:
        """Whether its worker runs other units as well."""
        return not self.group.description

    @property
    def description(self) -> str:
        """For people."""
        return self.group.description or "the tests that shared a worker"

    def add(self, step: tuple[str, Any], *requests: list[Any], seconds: float = 0.0) -> None:
        """Add a step that is likely to take so long."""
        self.steps.append(step)
        self._requests.append([*requests])
        self._seconds += seconds

    def close(self, step: tuple[str, Any] | None = None) -> None:
        """Add the last step, if one is given, and make the task."""
        if step is not None:
            self.add(step, ["end_module" if self.is_shared else "finish"])
        what = "the test" if self.is_shared or self.group.key is None else f"the group {self.group.description}"
        self.task = Task(
            self._requests,
            own_process=not self.is_shared,
            timeout=self.group.timeout,
            what=what,
            seconds=self._seconds,
            sandboxed=self.is_held and sandbox_choice.is_wanted(self.group.sandbox),
        )

    def ends_with(self, kind: str) -> bool:
        """Whether its group ends with a ``class`` or a ``module``."""
        return self.group.key is not None and self.group.key[0] == kind


class ParallelPlan:
    """The units of a suite.

    Args:
        address: returns the address of a test, or raises IsolationError if it has none.
        durations: the seconds that tests took before, by id; other tests count as ``suite_tests.MIN_SECONDS``.

    Attributes:
        unit_of: the unit of a test and its step there, by the id() of the test.
        kept: the tests that are not shared out, without those that are skipped.
    """

    def __init__(
        self,
        suite: Any,
        address: Callable[[Any], dict[str, Any]],
        options: dict[str, Any],
        durations: Mapping[str, float],
    ) -> None:
        self._address = address
        self._options = [{**options, "compare": compare} for compare in (False, True)]  # shared by all requests
        self._durations = durations
        self.units: list[Unit] = []
        self.unit_of: dict[int, tuple[Unit, int]] = {}
        self._open: dict[Any, Unit] = {}
        self._shared: dict[int, Group] = {}  # the groups of tests that are not isolated, by the id() of the class
        self._can_be_shared: dict[int, bool] = {}  # by the id() of the class
        self._unmarked: dict[int, _Rules] = {}  # for tests without marks on their methods, by the id() of the class
        tests = [*_tests_in(suite)]
        addresses = self._addresses_in(tests)
        self.kept = [test for test, _ in tests if id(test) not in addresses and not groups.is_skipped(test)]
        self.classes = {id(type(test)): type(test) for test, _ in tests if id(test) in addresses}
        self.modules = {cls.__module__ for cls in self.classes.values() if groups.has_module_fixtures(cls.__module__)}
        self._divide([test for test, _ in tests], addresses)

    def _addresses_in(self, tests: list[tuple[Any, bool]]) -> dict[int, dict[str, Any]]:
        """The addresses of the tests that are shared out, by the id() of the test."""
        times = Counter(id(test) for test, _ in tests)
        found: dict[int, dict[str, Any]] = {}
        staying: set[Any] = set()
        for test, is_free in tests:
            cls = type(test)
            address = None
            if is_free and times[id(test)] == 1 and self._can_be_shared_out(test):
                address = self._address_of(test)
            if address is not None:
                found[id(test)] = address
            elif not groups.is_skipped(test):
                staying |= {id(cls), cls.__module__ if groups.has_module_fixtures(cls.__module__) else None}
        for test, _ in tests if staying else ():
            if id(type(test)) in staying or type(test).__module__ in staying:
                found.pop(id(test), None)
        return found

    def _can_be_shared_out(self, test: Any) -> bool:
        """Whether a run does nothing with a test but call its class's ``run``, which can be replaced."""
        cls = type(test)
        if id(cls) not in self._can_be_shared:
            self._can_be_shared[id(cls)] = _can_be_shared(cls)
        return self._can_be_shared[id(cls)] and "run" not in vars(test)

    def _shared_group(self, cls: type) -> Group:
        if id(cls) not in self._shared:
            self._shared[id(cls)] = _shared(cls)
        return self._shared[id(cls)]

    def _address_of(self, test: Any) -> dict[str, Any] | None:
        try:
            self._rules_of(test)
            return self._address(test) if groups.runs_code(test) else None
        except (IsolationError, DecorationError):  # the test reports a DecorationError when it runs
            return None

    def _rules_of(self, test: Any) -> _Rules:
        """What the marks of a test say.

        Raises:
            DecorationError: its marks are wrong.
        """
        cls = type(test)
        if current_run.functions_are_marked:
            return _rules_of(test)
        if id(cls) not in self._unmarked:
            self._unmarked[id(cls)] = _rules_of(test)
        return self._unmarked[id(cls)]

    def _divide(self, tests: list[Any], addresses: dict[int, dict[str, Any]]) -> None:
        rules = [self._rules_of(test) if id(test) in addresses else None for test in tests]
        left = Counter(found.group.key for found in rules if found is not None and found.group is not None)
        before: type | None = None
        for test, found in [*zip(tests, rules, strict=True), (None, None)]:
            cls = type(test)
            if before is not None and cls is not before:
                self._end_class(before)
                if cls.__module__ != before.__module__:
                    self._end_module(before.__module__, left)
            before = cls
            if found is not None:
                group = found.group or self._shared_group(cls)
                left[group.key] -= 1
                self._add(test, group, found, addresses[id(test)])

    def _add(self, test: Any, group: Group, rules: _Rules, address: dict[str, Any]) -> None:
        unit = self._open.get(group.key)
        if unit is None:
            unit = Unit(group)
            self.units.append(unit)
        self.unit_of[id(test)] = unit, len(unit.steps)
        unit.is_held = unit.is_held or rules.is_held
        compare = current_run.detects_leaks() if unit.is_shared else group.key is not None
        options = self._options[compare]
        run = ["run", address, {**options, **rules.options} if rules.options else options]
        known = self._durations.get(owner_name(test), 0.0) if self._durations else 0.0
        seconds = max(known, MIN_SECONDS)
        if group.key is None:
            unit.add(("test", test), run, ["finish"], seconds=seconds)
            unit.close()
        else:
            self._open[group.key] = unit
            unit.add(("test", test), run, seconds=seconds)

    def _end_class(self, cls: type) -> None:
        if groups.is_skipped_class(cls):  # unittest does not tear it down
            return
        for key, unit in [*self._open.items()]:
            kind, test = unit.steps[-1]
            if kind == "test" and type(test) is cls:
                if unit.ends_with("class"):
                    self._open.pop(key).close(("class", cls))
                else:
                    unit.add(("class", cls), ["end_class"])

    def _end_module(self, name: str, left: Counter[Any]) -> None:
        for key, unit in [*self._open.items()]:
            if unit.ends_with("module") or left[key] <= 0:
                self._open.pop(key).close(("module", name))


class _Rules(namedtuple("_Rules", ("group", "is_held", "options"))):  # noqa: PYI024 - as Policy
    """What the marks of a test say.

    Attributes:
        group: the group that it is isolated in; None for a test that is not isolated.
        is_held: whether anything is forbidden to it.
        options: those that its request has besides those of all tests.
    """

    __slots__ = ()

    group: Group | None
    is_held: bool
    options: dict[str, Any]


def _rules_of(test: Any) -> _Rules:
    group = groups.of_test(test)
    if group is not None:
        sandbox_choice.is_wanted(group.sandbox)
    return _Rules(group, policies.is_held(test), timeouts.as_option(timeouts.of_test(test)))


def _shared(cls: type) -> Group:
    """The group that stands for tests that are not isolated."""
    module = cls.__module__
    key = ("module", f"{module} shared") if groups.has_module_fixtures(module) else ("class", f"{id(cls)} shared")
    settings = current_run.settings
    return Group(key, "", settings.test_timeout or float("inf"), settings.sandbox)


def _tests_in(suite: Any, *, is_free: bool = True) -> Iterator[tuple[Any, bool]]:
    """The tests of a suite and of the suites in it, each with whether all suites around it run as unittest's do."""
    if isinstance(suite, unittest.TestCase):
        yield suite, is_free
    elif isinstance(suite, unittest.BaseTestSuite):
        plain = type(suite).run is unittest.TestSuite.run and type(suite).__call__ is unittest.TestSuite.__call__
        for test in suite:
            yield from _tests_in(test, is_free=is_free and plain)
    elif hasattr(suite, "__iter__"):
        for test in suite:
            yield from _tests_in(test, is_free=False)


def _can_be_shared(cls: type) -> bool:
    """Whether the ``run`` of a class's tests is hermetic's or can be replaced, and nothing is put in its place.

    Tests of the standard library's classes stand for functions, or for modules that could not be loaded.
    """
    if cls.__module__.partition(".")[0] in sys.stdlib_module_names:
        return False
    if cls.__call__ is not unittest.TestCase.__call__:
        return False
    runs = next(base for base in cls.__mro__ if "run" in vars(base))
    return marking.is_own(runs) or not marking.is_protected(cls)

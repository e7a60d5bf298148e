"""Which policy a test has: from its marks, its module, the configuration.

    size:       method, class, base classes, module, HermeticTestCase's small, default_size, Bazel's TEST_SIZE
    exceptions: all that any of these, or a path pattern of the configuration, allows

A nearer size wins without complaint; exceptions add up.
"""

from __future__ import annotations

import contextlib
import sys
import types
import unittest

from .. import _config, _real
from .._errors import DecorationError
from .._guards import state
from .._sizes import OFF, Size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from .._policy import Policy
    from .marks import Mark

__unittest = True

# By the id of the class, because a metaclass may leave its classes without a hash; _classes keeps each one alive.
_classes: dict[int, type] = {}
_by_test: dict[tuple[int, str], Policy | None] = {}
_by_class: dict[int, Policy | None] = {}  # of classes in which no method has a mark of its own
_marked_methods: dict[int, bool] = {}

mark_types: tuple[type, ...] = ()  # the classes of marks, once those are loaded
watches_processes = False  # whether any test may be isolated, or looked after for what it leaves
leaks_are_detected = False  # whether to look for what tests change and leave that run in this process
in_worker = False  # whether this process is one that isolated tests are handed to
functions_are_marked = False  # whether any function has a mark; most suites mark classes or modules alone


def hands_tests_over() -> bool:
    """Whether this process hands isolated tests, if there are any, to workers."""
    return watches_processes and not in_worker


def of_test(test: object) -> Policy | None:
    """The policy of a test; None for a test that is left alone."""
    cls = type(test)
    if id(cls) in _by_class:
        return _by_class[id(cls)]
    method_name = _real.test_method_name(test)
    key = (id(cls), method_name)
    if key not in _by_test:
        _classes[id(cls)] = cls
        if not has_marked_methods(cls):
            return _by_class.setdefault(id(cls), of_class(cls))
        _by_test[key] = _find(cls, method_name)
    return _by_test[key]


def has_marked_methods(cls: type) -> bool:
    """Whether a class, or one that it inherits from, has a method with a mark of its own."""
    return functions_are_marked and any(
        _has_own_marked_methods(base) for base in cls.__mro__ if base is not unittest.TestCase
    )


def _has_own_marked_methods(cls: type) -> bool:
    if id(cls) not in _marked_methods:
        _classes[id(cls)] = cls
        _marked_methods[id(cls)] = any(
            type(value) is types.FunctionType and hasattr(value, "__hermetic__") for value in vars(cls).values()
        )
    return _marked_methods[id(cls)]


def of_class(cls: type) -> Policy | None:
    """The policy of a class's fixtures."""
    return _find(cls, "")


def of_module(name: str) -> Policy | None:
    """The policy of a module's import and fixtures."""
    return _policy(list(module_marks(name)), name, None)


def outside_of_tests(subject: type | str) -> Policy | None:
    """The policy of a class's fixtures, or of a module's import and fixtures, by the module's name."""
    return of_module(subject) if isinstance(subject, str) else of_class(subject)


def of_function(function: Any, args: tuple[Any, ...]) -> Policy | None:
    """The policy of a marked function that no TestCase runs.

    Args:
        function: the function, or the method of a class that is no TestCase.
        args: what it is called with; a method's class is that of the first.
    """
    if args and hasattr(type(args[0]), function.__name__):
        return _find(type(args[0]), function.__name__)
    marks = as_marks(getattr(function, "__hermetic__", ()), function.__qualname__)
    return _policy([*marks, *module_marks(function.__module__)], function.__module__, None)


def widest() -> Policy | None:
    """The policy of the largest test so far; None if a test without a size was among them, or there were none."""
    found = [*_by_test.values(), *_by_class.values()]
    sized = [policy for policy in found if policy is not None]
    if not sized or len(sized) < len(found):
        return None
    return max(sized, key=lambda policy: list(Size).index(policy.size))


def forget() -> None:
    """Forget what was found, after the settings have changed."""
    _classes.clear()
    _by_test.clear()
    _by_class.clear()
    _marked_methods.clear()


def as_marks(value: object, place: str) -> tuple[Mark, ...]:
    """The value of a ``__hermetic__`` attribute as marks.

    Raises:
        DecorationError: it is neither a mark nor a list or tuple of marks, or holds two sizes or isolations.
    """
    marks = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if not all(hasattr(mark, "isolation") and hasattr(mark, "size") for mark in marks):
        message = (
            f"{place}: __hermetic__ = {value!r} is not a mark or a list of marks; write one such as hermetic.small"
        )
        raise DecorationError(message)
    if sum(mark.size is not None for mark in marks) > 1:
        raise DecorationError(f"{place}: __hermetic__ = {value!r} has more than one size")
    if sum(mark.isolation is not None for mark in marks) > 1:
        raise DecorationError(f"{place}: __hermetic__ = {value!r} has more than one isolation")
    return marks


def _find(cls: type, method_name: str) -> Policy | None:
    method = getattr(cls, method_name, None) if method_name else None
    marks = list(as_marks(getattr(method, "__hermetic__", ()), f"{cls.__qualname__}.{method_name}"))
    for base in cls.__mro__:
        if "__hermetic__" in vars(base):
            marks += as_marks(vars(base)["__hermetic__"], base.__qualname__)
    marks += module_marks(cls.__module__)
    return _policy(marks, cls.__module__, getattr(cls, "hermetic_default_size", None))


def module_marks(name: str) -> Iterator[Mark]:
    """The marks of a module."""
    value = getattr(sys.modules.get(name), "__dict__", {}).get("__hermetic__", ())
    return iter(as_marks(value, f"module {name}"))


def _policy(marks: Iterable[Mark], module_name: str, own_default: Size | None) -> Policy | None:
    from .._policy import Policy  # loaded with the guard, not with every run

    settings = _config.in_force()
    marks = list(marks)
    sizes = [mark.size for mark in marks if mark.size]
    size = sizes[0] if sizes else own_default or settings.default_size
    if size is None or settings.mode == OFF:
        return None
    allowance = settings.allowance_for(getattr(sys.modules.get(module_name), "__file__", None) or module_name)
    for mark in marks:
        allowance |= mark.allowance
    return Policy(size, allowance, settings.mode)


@contextlib.contextmanager
def default_scope() -> Iterator[None]:
    """Hold what runs between tests (imports, module and class fixtures) to the default size, where there is one."""
    settings = _config.in_force()
    if settings.default_size is None or settings.mode == OFF:
        yield
        return
    from .._policy import Policy

    scope = state.Scope(None, Policy(settings.default_size, mode=settings.mode))
    scope.ended = True  # what it records belongs to no test that is running: it is reported with the next result
    state.begin_alone(scope)
    try:
        yield
    finally:
        state.end(scope)

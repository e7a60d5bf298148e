"""Finds the isolation group of a test, which says what tests it shares a process with, from marks and settings.

    on a method without a name   a process of the test's own
    on a class without a name    one process for the tests of the class
    on a module without a name   one process for the tests of the module
    with a name                  one process for all tests of that name
    isolated = true              a process for each test without a mark

The nearest mark wins: method, class, base classes, module.
"""

from __future__ import annotations

import os
import sys
import unittest
from collections import namedtuple

from .._base import real
from .._base.errors import DecorationError
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from . import marking, timeouts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .timeouts import Timeout


_CLASS_FIXTURES, _MODULE_FIXTURES = ("setUpClass", "tearDownClass"), ("setUpModule", "tearDownModule")


def has_module_fixtures(name: str) -> bool:
    """Whether a module, by its name, has a fixture."""
    names = real.names_in(sys.modules.get(name))
    return any(names.get(fixture) is not None for fixture in _MODULE_FIXTURES)


def has_class_fixtures(cls: type) -> bool:
    """Whether a class defines or inherits a fixture that is not unittest's."""
    return any(_is_overridden(cls, fixture) for fixture in _CLASS_FIXTURES)


def _is_overridden(cls: type, name: str) -> bool:
    import inspect  # not worth its start-up time where nothing is parted

    own = real.function_of(getattr(cls, name, None))  # of ours, it is what they stand before
    return own is not None and inspect.unwrap(own) is not real.function_of(getattr(unittest.TestCase, name))


class Group(namedtuple("Group", ("key", "description", "timeout", "sandbox"))):  # noqa: PYI024 - as Policy
    """Tests that share a process.

    Attributes:
        key: identifies the group; None for a process that runs one test.
        description: the mark as people write it.
        timeout: the time limit of all its tests together, in seconds.
        sandbox: whether the kernel enforces their sizes: ``kernel``, ``auto``, or ``off``.
    """

    __slots__ = ()
    key: tuple[str, str] | None
    description: str
    timeout: float
    sandbox: str


def register(cls: type) -> None:
    """Record that a class may have isolated tests."""
    note_surroundings()
    current_run.isolated_classes[id(cls)] = cls


def note_surroundings() -> None:
    """Record what ``current_run.surroundings`` holds, for workers that are not forked from this process."""
    if not current_run.surroundings:
        try:
            folder = real.get_cwd()
        except OSError:
            folder = "/"
        current_run.surroundings.update(environ=dict(os.environ), folder=folder, path=[*sys.path], argv=[*sys.argv])


def of_test(test: object) -> Group | None:
    """Return the group of a test; None for a test that is not isolated."""
    own, name = marking.own_method(test), unittest_internals.test_method_name(test)
    return of_method(type(test), name) if own is None else _find(type(test), name, own)


def of_method(cls: type, name: str) -> Group | None:
    """Return the group of the test method with this name; of the class as a whole, for an empty name."""
    return marking.found_once(_find, cls, name)


def of_function(function: Any, cls: type | None) -> Group:
    """Return the group of a marked function that no TestCase runs.

    Args:
        cls: the class that it is a method of; None for none.
    """
    found = None if cls is None else _find(cls, function.__name__)
    if found is None:
        marks = marking.marks_on(function, function.__qualname__)
        mark = next(mark for mark in marks if mark.isolation is not None)
        found = of_mark("method", "", mark, timeouts.nearest_timeout([("function", function.__qualname__, marks)]))
    return found


def in_run(test: Any) -> Group | None:
    """Return the group that a test runs in, in this run; None for a test that runs in this process."""
    planned: Group | None = current_run.planned.get(id(test))
    if planned is not None:
        return planned
    group = of_test(test)
    return group if group is not None and runs_code_in_worker(test) else None


def is_handed_over(test: Any) -> bool:
    """Whether a worker runs a test, so that this process only replays its report."""
    return current_run.hands_tests_over() and in_run(test) is not None


def has_process_to_itself(test: Any) -> bool:
    """Whether a test has a worker to itself."""
    if not current_run.hands_tests_over():
        return False
    group = of_test_if_right(test)
    return group is not None and group.key is None


def is_skipped(test: Any) -> bool:
    """Whether a decorator skips a test, or its class."""
    method = getattr(test, unittest_internals.test_method_name(test), None)
    return is_skipped_class(type(test)) or bool(getattr(method, "__unittest_skip__", False))


def is_skipped_class(cls: type) -> bool:
    """Whether a decorator skips a class; unittest then runs neither its tests nor its fixtures."""
    return bool(getattr(cls, "__unittest_skip__", False))


def runs_code(test: Any) -> bool:
    """Whether a test runs any code of the user's. A skipped test does if it has class or module fixtures."""
    cls = type(test)
    return (
        not is_skipped(test)
        or has_module_fixtures(cls.__module__)
        or (has_class_fixtures(cls) and not is_skipped_class(cls))
    )


def runs_code_in_worker(test: Any) -> bool:
    """Whether a worker runs any of the user's code for an isolated test, be it the test or its fixtures."""
    cls = type(test)
    if not is_skipped(test):
        return True
    if has_module_fixtures(cls.__module__) and is_wholly_isolated_module(sys.modules[cls.__module__]):
        return True
    return not is_skipped_class(cls) and has_class_fixtures(cls) and is_wholly_isolated(cls)


def of_test_if_right(test: object) -> Group | None:
    """Return the group of a test; None also for wrong marks, which are reported where the test runs."""
    try:
        return of_test(test)
    except DecorationError:
        return None


def of_method_if_right(cls: type, name: str) -> Group | None:
    """Return the group of a test method; None also for wrong marks, which are reported where the test runs."""
    try:
        return of_method(cls, name)
    except DecorationError:
        return None


def _find(cls: type, name: str, own: Any = None) -> Group | None:
    if current_run.settings.no_isolation:
        return None
    if current_run.settings.isolated and current_run.is_surveying:
        return without_mark()
    timeout = timeouts.timeout_of_method(cls, name) if current_run.timeouts_are_marked else None
    for where, marks in marking.marks_of(cls, name, own):
        for mark in marks:
            if mark.isolation is not None:
                holder = cls.__module__ if where == "module" else f"{cls.__module__}.{cls.__qualname__}"
                return of_mark(where, holder, mark, timeout)
    return without_mark(timeout)


def without_mark(own_timeout: Timeout | None = None) -> Group | None:
    """Return the group of a test without an isolation mark; None if the setting ``isolated`` is off.

    Args:
        own_timeout: the time-out of the test.
    """
    settings = current_run.settings
    if not settings.isolated:
        return None
    return Group(None, "@isolated", _seconds(None, own_timeout), settings.sandbox)


def of_mark(where: str, holder: str, mark: Any, own_timeout: Timeout | None = None) -> Group:
    """Return the group that a mark puts a test into.

    Args:
        where: the place of the mark: ``method``, ``class`` or ``module``.
        own_timeout: the time-out of the test.
    """
    group, timeout, sandbox = mark.isolation
    key: tuple[str, str] | None = (where, holder) if where != "method" else None
    if group is not None:
        key = ("group", group)
    shown = f"{mark!r}" if group is not None or key is None else f"{mark!r} {key[0]} {key[1]}"
    seconds = _seconds(timeout, None if key is not None else own_timeout)
    return Group(key, shown, seconds, sandbox or current_run.settings.sandbox)


def _seconds(given: float | None, own_timeout: Timeout | None) -> float:
    """The seconds of a group: those of its mark, or else of the setting; its only test has its own time-out besides."""
    if given is not None:
        return float(given)
    return float(current_run.settings.isolated_timeout) + (0.0 if own_timeout is None else own_timeout.seconds)


def is_wholly_isolated(cls: type) -> bool:
    """Whether every test of a class is isolated, so that its fixtures run in workers only."""
    if id(cls) in current_run.shared_out or of_method_if_right(cls, "") is not None:
        return True
    names = _test_names(cls)
    return bool(names) and all(of_method_if_right(cls, name) is not None for name in names)


def _test_names(cls: type) -> list[str]:
    return [name for name in dir(cls) if name.startswith("test") and callable(getattr(cls, name))]


def is_wholly_isolated_module(module: Any) -> bool:
    """Whether every test that a module defines is isolated, so that its fixtures run in workers only."""
    if module.__name__ in current_run.shared_out:
        return True
    if current_run.settings.no_isolation:
        return False
    if any(mark.isolation is not None for mark in marking.marks_of_module(module.__name__)):
        return True
    classes = [
        value
        for value in list(vars(module).values())
        if issubclass(type(value), type)  # not isinstance(), which would evaluate a lazy object
        and issubclass(value, unittest.TestCase)
        and value.__module__ == module.__name__
    ]
    return bool(classes) and all(is_wholly_isolated(cls) for cls in classes)


def keys_of(cls: type) -> set[tuple[str, str]]:
    """Return the keys of the groups that the tests of a class belong to."""
    names = _test_names(cls) if current_run.functions_are_marked else ()
    found = [of_method_if_right(cls, name) for name in ("", *names)]
    return {group.key for group in found if group is not None and group.key is not None}


def are_in(module_name: str) -> bool:
    """Whether any tests of a module belong to groups."""
    if module_name in current_run.shared_out:
        return True
    return any(cls.__module__ == module_name and keys_of(cls) for cls in current_run.isolated_classes.values())

"""Finds the policy of a test from its marks, its module, and the settings.

    size:       method, class, base classes, module, HermeticTestCase's small, default_size, Bazel's TEST_SIZE
    exceptions: all that any of these, or a path pattern of the configuration, allows

The nearest size applies, and exceptions add up.
"""

from __future__ import annotations

import contextlib
import sys

from .._base.errors import DecorationError
from .._base.sizes import ANYWHERE, LIMITS, NO_LIMIT, OBSERVE, OFF, OPT_IN, Size
from .._patches import installation
from .._policy.decision import Policy
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from .._verdicts import scopes
from . import marking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from .._settings.values import Settings
    from .marking import AnyMark

# Methods of a class with the same marks share a policy.
_by_marks: dict[tuple[int, tuple[AnyMark, ...]], Policy | None] = marking.new_cache()
_by_class: dict[int, Policy | None] = marking.new_cache()  # of classes in which no method has a mark of its own
# What was found so far, also for tests that this process does not run; () for the fixtures of a class.
_found: dict[tuple[int, tuple[AnyMark, ...]], Policy | None] = marking.new_cache()


def install_guard(settings: Settings) -> None:
    """Install the guard if the settings need it before any mark is used."""
    if settings.default_size is not None or current_run.is_surveying:
        installation.install(_mode_and_forbidden(settings)[1])


def time_limit(policy: Policy | None) -> float:
    """Return the time limit of a test in this process, in seconds; infinite if time limits are off."""
    if policy is None or current_run.is_surveying or current_run.settings.time_limits == OFF:
        return NO_LIMIT
    return LIMITS[policy.size].time_limit


def of_test(test: object) -> Policy | None:
    """Return the policy of a test; None for a test that runs unguarded."""
    cls = type(test)
    own = marking.own_method(test)
    if own is not None:
        return _find(cls, unittest_internals.test_method_name(test), own)
    if id(cls) in _by_class:
        return _by_class[id(cls)]
    method_name = unittest_internals.test_method_name(test)
    marks = getattr(getattr(cls, method_name, None), "__hermetic__", ())
    key = id(cls), marks
    try:
        return _by_marks[key]
    except (KeyError, TypeError):  # a TypeError: a list, or what are no marks
        marking.keep(cls)
    if not marking.has_marked_methods(cls):
        return _by_class.setdefault(id(cls), of_class(cls))
    if type(marks) is not tuple:
        return _find(cls, method_name)
    policy = _by_marks[key] = _find_once(cls, method_name, marks)
    return policy


def of_started(test: object) -> tuple[Policy | None, DecorationError | None]:
    """Return the policy of a test that starts; if its marks are wrong, that of small tests, and what is wrong."""
    try:
        return of_test(test), None
    except DecorationError as error:
        return of_marks((), type(test).__module__, Size.SMALL), error.with_traceback(None)


def is_held(test: object) -> bool:
    """Whether anything is forbidden to a test."""
    policy = of_test(test)
    return policy is not None and LIMITS[policy.size].network != ANYWHERE


def of_class(cls: type) -> Policy | None:
    """Return the policy of a class's fixtures."""
    key = id(cls), ()
    return _found[key] if key in _found else _find(cls, "")  # not kept: the class may get marks until its tests run


def prepare_for_forks(test: object) -> None:
    """Find the policies of a test and of its class's fixtures, for the forks of this process that run such tests.

    Raises:
        DecorationError, GuardError: as ``of_test``.
    """
    cls = type(test)
    name = unittest_internals.test_method_name(test)
    marks = getattr(getattr(cls, name, None), "__hermetic__", ())
    if (id(cls), marks) not in _found and marking.own_method(test) is None:
        _find_once(cls, "", ())
        if marking.has_marked_methods(cls):
            _find_once(cls, name, marks)


def of_module(name: str) -> Policy | None:
    """Return the policy of a module's import and fixtures."""
    return of_marks(marking.marks_of_module(name), name, None)


def outside_of_tests(subject: type | str) -> Policy | None:
    """Return the policy of a class's fixtures, or of a module's import and fixtures, by the module's name."""
    return of_module(subject) if isinstance(subject, str) else of_class(subject)


def of_function(function: Any, marks: tuple[AnyMark, ...], args: tuple[Any, ...]) -> Policy | None:
    """Return the policy of a marked function that no TestCase runs.

    Args:
        marks: its own.
        args: its arguments; the first one has the class of a method.
    """
    if args and hasattr(type(args[0]), function.__name__):
        return _find(type(args[0]), function.__name__)
    return of_marks([*marks, *marking.marks_of_module(function.__module__)], function.__module__, None)


def forget(cls: type) -> None:
    """Drop the cached policy of one of our own classes."""
    _by_class.pop(id(cls), None)


def widest() -> Policy | None:
    """Return the policy of the largest test so far; None if there was none, or one without a size."""
    found = [*_by_marks.values(), *_by_class.values()]
    sized = [policy for policy in found if policy is not None]
    if not sized or len(sized) < len(found):
        return None
    return max(sized, key=lambda policy: list(Size).index(policy.size))


def _find_once(cls: type, method_name: str, marks: tuple[AnyMark, ...]) -> Policy | None:
    """Find the policy of a method with the given marks, or of a class's fixtures; methods with the same share one."""
    key = id(cls), marks
    try:
        return _found[key]
    except (KeyError, TypeError):  # as above
        marking.keep(cls)
    policy = _find(cls, method_name)
    _found[key] = policy
    return policy


def _find(cls: type, method_name: str, own: Any = None) -> Policy | None:
    marks = [mark for _, found in marking.marks_of(cls, method_name, own) for mark in found]
    return of_marks(marks, cls.__module__, getattr(cls, "hermetic_default_size", None))


def of_marks(marks: Sequence[AnyMark], module_name: str, own_default: Size | None) -> Policy | None:
    """Return the policy that marks make; None if they, and the settings, give no size.

    Args:
        marks: the nearest first.
        module_name: of the test; or the path of a file that is no module.
        own_default: the size of tests of the class without a mark, which takes precedence over ``default_size``.
    """
    settings = current_run.settings
    size = _size(marks, own_default)
    if size is None or (settings.mode == OFF and not current_run.is_observing):
        return None
    allowance = settings.allowance_for(getattr(sys.modules.get(module_name), "__file__", None) or module_name)
    for mark in marks:
        allowance |= mark.allowance
    mode, forbid = _mode_and_forbidden(settings)
    installation.install(forbid)
    return Policy(size, allowance, mode, forbid)


def size_of(test: object) -> Size | None:
    """Return the size of a test, also where nothing is guarded; None for a test without a size.

    Raises:
        DecorationError: the marks of the test are wrong.
    """
    cls = type(test)
    found = marking.marks_of(cls, unittest_internals.test_method_name(test), marking.own_method(test))
    marks = [mark for _, of_place in found for mark in of_place]
    return _size(marks, getattr(cls, "hermetic_default_size", None))


def _size(marks: Sequence[AnyMark], own_default: Size | None) -> Size | None:
    if current_run.is_surveying:
        return Size.SMALL
    return next((mark.size for mark in marks if mark.size), own_default or current_run.settings.default_size)


def _mode_and_forbidden(settings: Settings) -> tuple[str, tuple[str, ...]]:
    mode = OBSERVE if current_run.is_observing else settings.mode
    return mode, OPT_IN if current_run.is_surveying else settings.forbid


@contextlib.contextmanager
def default_scope() -> Iterator[None]:
    """Enforce the default size, if there is one, on what runs between tests: imports, module and class fixtures."""
    settings = current_run.settings
    size = Size.SMALL if current_run.is_surveying else settings.default_size
    if size is None or (settings.mode == OFF and not current_run.is_observing):
        yield
        return
    mode, forbid = _mode_and_forbidden(settings)
    scope = scopes.Scope(None, Policy(size, mode=mode, forbid=forbid))
    scope.ended = True  # its violations belong to no running test, and are reported with the next result
    scopes.begin_scope_alone(scope)
    try:
        yield
    finally:
        scopes.end_scope(scope)

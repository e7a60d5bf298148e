"""Refuses marks that would have no effect, on fixtures and helper methods of a TestCase, when the class is defined.

A loader takes as tests the methods whose names begin with ``test``, or with the ``testMethodPrefix`` of a loader, and
``runTest``. A method that has such a name besides its own is a test, too. In a module that builds suites itself, any
method may be one.

A class method or a static method is not called with a test. A mark applies to it as to a function, so only marks on
fixtures are refused there.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
import unittest

from .._base import real
from .._base.errors import DecorationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_FIXTURES = frozenset(
    {"setUp", "tearDown", "asyncSetUp", "asyncTearDown", "setUpClass", "tearDownClass", "setUpTestData"}  # Django's
)
_MODULE_FIXTURES = frozenset({"setUpModule", "tearDownModule", "load_tests"})

# A module with one of these names chooses its tests itself.
_SUITE_BUILDERS = frozenset(
    {"load_tests", "TestSuite", "TestLoader", "defaultTestLoader", "makeSuite", "testMethodPrefix"}
)

_CACHED = type(functools.lru_cache(len))


def refuse_in_class(cls: type) -> None:
    """Refuse marks that have no effect in a TestCase class and its mixins.

    Raises:
        DecorationError: there is one; the text names it.
    """
    for base in cls.__mro__:
        if base is cls or not issubclass(base, unittest.TestCase):
            for name, value in list(vars(base).items()):
                if type(value) is types.FunctionType and name.startswith("test"):
                    continue
                function = _function_of(value)
                if type(function) is types.FunctionType and "__hermetic__" in vars(function):
                    _refuse_if_misplaced(cls, base, name, value)


def refuse_on_function(function: Any, mark: object) -> None:
    """Refuse to isolate a fixture of a module, because its effects would be lost with the worker."""
    if function.__qualname__ in _MODULE_FIXTURES:
        raise DecorationError(
            f"{mark!r} on {function.__module__}.{function.__qualname__}: a module fixture runs in the process of its"
            " tests; write __hermetic__ = hermetic.isolated in the module instead"
        )


def _refuse_if_misplaced(cls: type, base: type, name: str, value: Any) -> None:
    where = f"{base.__module__}.{base.__qualname__}.{name}"
    mark = _function_of(value).__hermetic__[0]
    if name in _FIXTURES:
        instead = "mark the class or its tests"
        what = "a fixture uses the size and the exceptions of its test or class"
    elif type(value) in (staticmethod, classmethod) or _may_be_test(cls, name, value):
        return
    else:
        instead = "mark the tests that call it, mark the class, or rename it to begin with 'test'"
        what = "test loaders do not run it as a test"
    if mark.size is None and mark.isolation is None:
        instead += "; or write 'with hermetic.allow(...):' in its body"
    raise DecorationError(f"{mark!r} has no effect on {where}: {what}; {instead}")


def _function_of(value: Any) -> Any:
    """Return the function behind a descriptor of the standard library; any other value as it is."""
    kind = type(value)
    if kind in (staticmethod, classmethod):
        return value.__func__
    if kind is property:
        return value.fget
    if kind is _CACHED:
        return value.__wrapped__
    return value.func if kind in (functools.cached_property, functools.partialmethod) else value


def _may_be_test(cls: type, name: str, value: Any) -> bool:
    """Whether a loader may take a marked method as a test, by its name or by another one."""
    if type(value) is not types.FunctionType:
        return False
    if _is_test_name(name) or _builds_suites(cls.__module__):
        return True
    return any(
        _is_test_name(other) and inspect.unwrap(found, stop=lambda step: step is value) is value
        for base in cls.__mro__
        for other, found in vars(base).items()
        if type(found) is types.FunctionType
    )


def _is_test_name(name: str) -> bool:
    return name == "runTest" or any(name.startswith(prefix) for prefix in _prefixes())


def _prefixes() -> Iterator[Any]:
    """Yield the prefixes of test names: unittest's, its default loader's, and that of every class of loaders."""
    yield "test"
    yield unittest.defaultTestLoader.testMethodPrefix
    loaders: list[type] = [unittest.TestLoader]
    for loader in loaders:
        yield getattr(loader, "testMethodPrefix", "test")
        loaders += loader.__subclasses__()


def _builds_suites(module: str) -> bool:
    """Whether a module builds suites itself, even in code that its import has not reached yet."""
    frame: types.FrameType | None = real.get_frame(1)
    while frame is not None and not (frame.f_code.co_name == "<module>" and frame.f_globals["__name__"] == module):
        frame = frame.f_back
    if frame is None:  # the class is made after the import
        return "load_tests" in real.names_in(sys.modules.get(module))
    return not _SUITE_BUILDERS.isdisjoint(_names_in_code(frame.f_code))


def _names_in_code(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in_code(constant)

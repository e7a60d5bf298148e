"""Runs isolated functions that are no methods of a TestCase: a worker runs each call as a test."""

from __future__ import annotations

import inspect
import sys
import unittest

from .._base.errors import IsolationError
from .._rules import groups
from .._workers import addressing, isolation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True

# pytest calls these where it runs, and that is not where the test would be.
_CLASS_FIXTURES = ("setup_class", "teardown_class", "setup_method", "teardown_method")
_MODULE_FIXTURES = ("setup_module", "teardown_module", "setup_function", "teardown_function")


def call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Call a function in a worker, and raise what it raises.

    Args:
        function: the function that is marked.
        args: nothing, or the object that it is a method of.
        kwargs: nothing.

    Raises:
        IsolationError: the function cannot be called elsewhere.
        BaseException: what the function raises there.
    """
    __tracebackhide__ = True
    what = f"{function.__module__}.{function.__qualname__}"
    inner = inspect.unwrap(function)
    cls = type(args[0]) if args and hasattr(type(args[0]), function.__name__) else None
    if kwargs or len(args) > (cls is not None):
        names = ", ".join(kwargs) or f"{len(args)} arguments"
        raise IsolationError(
            f"[H007] {what} cannot be isolated: it takes fixtures or parameters ({names}), which exist only in this"
            " process; make it a method of a unittest.TestCase that sets up what it needs"
        )
    if inspect.iscoroutinefunction(inner) or inspect.isgeneratorfunction(inner):
        raise IsolationError(
            f"[H007] {what} cannot be isolated: it is not a plain function; make it a method of a"
            " unittest.IsolatedAsyncioTestCase"
        )
    used = [f"its class's {name}" for name in _CLASS_FIXTURES if cls is not None and hasattr(cls, name)]
    used += [f"its module's {name}" for name in _MODULE_FIXTURES if name in inner.__globals__]
    if used:
        raise IsolationError(
            f"[H007] {what} cannot be isolated: {used[0]} runs in this process; make the test a method of a"
            " unittest.TestCase, with setUp, setUpClass and setUpModule"
        )
    test = _Call(what, inner)
    result = _CallResult()
    address = {"function": addressing.address_of_object(cls or function), "method": function.__name__ if cls else None}
    isolation.of_process().run(test, result, groups.of_function(function, cls), address)
    result.conclude()


class _Call(unittest.TestCase):
    """The call as a test.

    Attributes:
        function: what is called.
    """

    def __init__(self, name: str, function: Any) -> None:
        super().__init__("__call__")
        self._name = name
        self.function = function

    def id(self) -> str:
        return self._name


class _CallResult:
    """A result that raises the one thing that happened."""

    def __init__(self) -> None:
        self._error: BaseException | None = None

    def conclude(self) -> None:
        """Raise what happened, if anything did."""
        __tracebackhide__ = True
        if self._error is not None:
            raise self._error

    def startTest(self, _test: Any) -> None:
        """Nothing to be done."""

    def stopTest(self, _test: Any) -> None:
        """The same."""

    def addSuccess(self, _test: Any) -> None:
        """The same."""

    def addSkip(self, _test: Any, reason: str) -> None:
        self._error = self._error or unittest.SkipTest(reason)

    def addError(self, _test: Any, err: Any) -> None:
        self._error = self._error or _of_pytest(err[1])

    def addFailure(self, test: Any, err: Any) -> None:
        self.addError(test, err)


def _of_pytest(error: BaseException) -> BaseException:
    """An outcome of pytest's as pytest knows it: ``pytest.skip()`` raises an exception."""
    outcome = {"Skipped": "skip", "XFailed": "xfail", "Failed": "fail"}.get(type(error).__name__)
    pytest = sys.modules.get("pytest")
    if outcome is None or pytest is None:
        return error
    found: BaseException = getattr(pytest, outcome).Exception(str(error))
    return found.with_traceback(error.__traceback__)

"""Reports violations to results of other runners, through a proxy, and finds out what such a result lacks."""

from __future__ import annotations

import unittest

from .._verdicts import scopes
from .guarded_result import GuardedResult, exc_info

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True


def report_outside(result: Any, subject: Any, error: BaseException) -> None:
    """Report what was raised outside of tests, as unittest reports it: as a skip or as an error.

    Args:
        subject: what stands for the fixture, or for whatever else raised it.
    """
    if isinstance(error, unittest.SkipTest) and hasattr(result, "addSkip"):
        result.addSkip(subject, str(error))
    else:
        result.addError(subject, exc_info(error))


_OWN_NAMES = frozenset(vars(GuardedResult))


class _Forward:
    """Hands everything on to another object."""

    def __init__(self, result: Any) -> None:
        object.__setattr__(self, "_result", result)

    def __getattr__(self, name: str) -> Any:
        # Not self._result: a copy that is being unpickled has none yet, and would ask here for ever.
        return getattr(object.__getattribute__(self, "_result"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN_NAMES:
            object.__setattr__(self, name, value)
        else:
            setattr(self._result, name, value)


def _forwarded(name: str) -> Any:
    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        with scopes.unjudged():  # a result that posts what it is told to a server is no part of the test
            return getattr(self._result, name)(*args, **kwargs)

    forward.__name__ = name
    return forward


for _name in [name for name in _OWN_NAMES if name.startswith(("add", "start", "stop"))]:
    setattr(_Forward, _name, _forwarded(_name))


class ResultProxy(GuardedResult, _Forward):
    """Somebody else's result, made to know of violations for the time of one test."""

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is None or shows_subtests(self._result):
            super().addSubTest(test, subtest, err)
        elif issubclass(err[0], test.failureException):
            self.addFailure(test, err)
        else:
            self.addError(test, err)


def shows_subtests(result: Any) -> bool:
    """Whether a result shows the subtests that are reported to it.

    One that has an ``addError`` of its own, and ``addSubTest`` as ``unittest.TestResult`` has it, may keep the errors
    of subtests to itself: a worker of trial's sends home those of tests alone.
    """
    cls = type(result)
    if isinstance(result, unittest.TextTestResult) or not isinstance(result, unittest.TestResult):
        return hasattr(result, "addSubTest")
    is_inherited = cls.addSubTest is unittest.TestResult.addSubTest
    return not is_inherited or cls.addError is unittest.TestResult.addError


class _Lacking:
    """Makes an object seem to lack a method."""

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        raise AttributeError


def lacking_methods(result: Any) -> dict[str, Any]:
    """The methods that a result may lack, and does: unittest asks for them with hasattr."""
    optional = ("addSubTest", "addSkip", "addExpectedFailure", "addUnexpectedSuccess")
    return {name: _Lacking() for name in optional if not hasattr(result, name)}


def proxy_of(result: Any) -> ResultProxy:
    """A proxy that has the methods that a result has, and no others."""
    lacking = lacking_methods(result)
    cls = type("ResultProxy", (ResultProxy,), lacking) if lacking else ResultProxy
    proxy: ResultProxy = cls(result)
    return proxy

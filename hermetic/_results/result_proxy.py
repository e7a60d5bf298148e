"""Reports violations to results of other runners, through a proxy."""

from __future__ import annotations

import unittest

from .._base import real
from .._settings.current_run import current_run
from .._verdicts import scopes
from .guarded_result import GuardedResult, exc_info, lacking_methods

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True

_set_block, _reset_block, _free = scopes.block_scope.set, scopes.block_scope.reset, scopes.free  # looked up once


def report_outside(result: Any, subject: Any, error: BaseException) -> None:
    """Report what was raised outside of tests, as unittest reports it: as a skip or as an error.

    Args:
        subject: what stands for the fixture, or for whatever else raised it.
    """
    if isinstance(error, unittest.SkipTest) and hasattr(result, "addSkip"):
        result.addSkip(subject, str(error))
    else:
        result.addError(subject, exc_info(error))


_OWN_NAMES = frozenset((*vars(GuardedResult), "_thread"))


class _Forward:
    """Hands everything on to another object.

    A result that posts what it is told to a server is no part of the test, so what it does is not judged.
    """

    def __init__(self, result: Any) -> None:
        object.__setattr__(self, "_result", result)

    def __getattr__(self, name: str) -> Any:
        # Not self._result: a copy that is being unpickled has none yet, and would ask here for ever.
        return getattr(object.__getattribute__(self, "_result"), name)

    @property
    def addDuration(self) -> Any:
        return self._result.addDuration

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN_NAMES:
            object.__setattr__(self, name, value)
        else:
            setattr(self._result, name, value)

    # Every test calls these, so they do not share the code below.

    def startTest(self, test: Any) -> None:
        token = _set_block(_free)
        try:
            self._result.startTest(test)
        finally:
            _reset_block(token)

    def stopTest(self, test: Any) -> None:
        token = _set_block(_free)
        try:
            self._result.stopTest(test)
        finally:
            _reset_block(token)

    def addSuccess(self, test: Any, details: Any = None) -> None:
        token = _set_block(_free)
        try:
            if details is None:
                self._result.addSuccess(test)
            else:
                self._result.addSuccess(test, details=details)
        finally:
            _reset_block(token)


def _forwarded(name: str) -> Any:
    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        token = _set_block(_free)
        try:
            return getattr(self._result, name)(*args, **kwargs)
        finally:
            _reset_block(token)

    forward.__name__ = name
    return forward


for _name in _OWN_NAMES:
    if _name.startswith(("add", "start", "stop")) and _name not in vars(_Forward):
        setattr(_Forward, _name, _forwarded(_name))


class ResultProxy(GuardedResult, _Forward):
    """Somebody else's result, made to know of violations, for the tests that one thread runs one after another."""

    def __init__(self, result: Any) -> None:
        super().__init__(result)
        self._thread = real.get_thread_id()

    def is_free_for(self, result: Any) -> bool:
        """Whether the next test of a result can use this proxy."""
        return self._result is result and self.current_test is None and self._thread == real.get_thread_id()

    def is_followed_by(self, test: Any, result: Any) -> bool:
        """Whether a test takes over the scope of the test before it, because both have the same class and marks.

        Most tests do, if nothing else is in force, and need no other look at what applies to them.
        """
        return (
            type(test) is self._scope_class
            and self._scope is not None
            and self.is_free_for(result)
            and self._fits(test)
            and scopes.active() is None
        )

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


def proxy_of(result: Any) -> ResultProxy:
    """A proxy that has the methods that a result has, and no others; the one that its last test had, if possible."""
    kept: ResultProxy | None = current_run.last_proxy
    if kept is not None and kept.is_free_for(result):
        return kept
    lacking = lacking_methods(result)
    cls = type("ResultProxy", (ResultProxy,), lacking) if lacking else ResultProxy
    proxy: ResultProxy = cls(result)
    current_run.last_proxy = proxy
    return proxy

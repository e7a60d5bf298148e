"""Defines HermeticTestCase, a TestCase whose tests are small unless a mark says otherwise."""

from __future__ import annotations

import functools
import unittest

from .._base.errors import ViolationError
from .._base.sizes import Size
from .._policy.decision import Policy
from .._stdlib import unittest_internals
from .._verdicts import reported_exceptions, scopes
from .._verdicts.blocks import PolicyBlock
from .class_protection import protect_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from .._doubles.subprocess_mock import SubprocessMock

__unittest = True


class _DoubleOfTest(functools.cached_property["SubprocessMock"]):
    def __get__(self, instance: object, owner: type[Any] | None = None) -> SubprocessMock:  # type: ignore[override]
        if instance is None:
            return self  # type: ignore[return-value]  # runners look through all that a class has
        return super().__get__(instance, owner)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"a class has no 'subprocess' (.{name}): only its tests do; for a whole class, enter"
            " hermetic.SubprocessMock() in setUpClass, and exit it in a cleanup"
        )


class HermeticTestCase(unittest.TestCase):
    """A test case whose tests are small, unless a mark on the method, the class or the module gives another size.

    It works under every runner. For async tests, inherit this class first and ``IsolatedAsyncioTestCase`` second.
    """

    hermetic_default_size = Size.SMALL

    @_DoubleOfTest
    def subprocess(self) -> SubprocessMock:
        """A ``SubprocessMock``, active from its first use until the end of the test.

        The end of the test verifies it. An unused scripted command counts only if the test has not failed.
        """
        from .._doubles.subprocess_mock import SubprocessMock  # saves 12 ms in tests without a double

        double = SubprocessMock()
        double.name = "self.subprocess"
        double.__enter__()
        self.addCleanup(self._end_double, double)
        return double

    def doCleanups(self) -> Any:
        self._hermetic_failed = unittest_internals.test_has_failed(self)  # the cleanups themselves cannot see it
        for error in unittest_internals.unreported_errors(self):
            reported_exceptions.strike_refusals(error)
        return super().doCleanups()

    def _end_double(self, double: SubprocessMock) -> None:
        del self.subprocess  # a test may run once more
        double.stop()
        double.verify(failed=getattr(self, "_hermetic_failed", False))

    def assertViolation(self, expected: type[ViolationError] = ViolationError) -> ExpectedViolation:
        """Assert that the block does something that the test's size forbids.

        The operation is refused as usual, but does not count against the test.

        Args:
            expected: ``ViolationError`` or a subclass, such as ``NetworkViolationError``.

        Returns:
            A context manager. After the block, its ``error`` is the first such violation.

        Raises:
            AssertionError: the block ends without such a violation.
            TypeError: ``expected`` is not a class of violations.
        """
        return ExpectedViolation(self, expected)


class ExpectedViolation:
    """What ``assertViolation`` returns.

    Attributes:
        error: the violation; missing until the block has ended.
    """

    error: ViolationError

    def __init__(self, test: unittest.TestCase, expected: Any) -> None:
        if not (isinstance(expected, type) and issubclass(expected, ViolationError)):
            message = f"assertViolation() takes ViolationError or a subclass, not {expected!r}"
            raise TypeError(message)
        self._test = test
        self._expected = expected
        self._block: PolicyBlock | None = None

    def __enter__(self) -> ExpectedViolation:
        outer = scopes.active()
        policy = None
        if outer is not None:
            policy, outer.touched = outer.policy, True
        if policy is None:
            policy = Policy(Size.SMALL)  # in mode off, the block alone is judged
        self._block = PolicyBlock(
            scopes.Scope(self._test, Policy(policy.size, policy.allowance, forbid=policy.forbid)).within(outer)
        )
        self._block.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        assert self._block is not None
        self._block.__exit__()
        ledger = self._block.scope.ledger
        expected = [error for error in ledger if isinstance(error, self._expected)]
        for error in expected:
            ledger.remove(error)
        self._block.conclude(exception)
        if not expected:
            if exception is None:
                raise self._test.failureException(f"expected {self._expected.__name__}, but hermetic refused nothing")
            return False
        self.error = expected[0]
        return isinstance(exception, self._expected)


protect_class(HermeticTestCase)

"""Defines the protocol of listeners: the result of a run tells them each event after it has shown it.

Recording, the history, durations, the live line, the summary, the distribution of sizes and the watchdog are listeners.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TextIO

    from .._base.errors import ViolationError
    from .._base.records import Violation
    from .._reports.test_records import TestRecord


class Listener:
    """Hears what happens in a run; a subclass overrides the events that it wants to hear.

    Events named as methods of ``unittest.TestResult`` have the same arguments, and come after the result has shown
    them. A test with violations is an error: ``addSuccess`` reports only tests without violations.
    """

    def startTest(self, test: Any) -> None:
        """A test has started."""

    def addTiming(self, test: Any, started: float, seconds: float) -> None:
        """A test has ended that was not interrupted by Ctrl-C.

        Args:
            started: when, by ``perf_counter``, which is one clock for all processes of a machine.
            seconds: how long it took in the process that ran it.
        """

    def stopTest(self, test: Any) -> None:
        """A test has ended, and all that it did is reported; its output is still captured."""

    def addSuccess(self, test: Any) -> None:
        """A test has passed."""

    def addError(self, test: Any, err: Any) -> None:
        """A test, a fixture or another thing has raised an exception, or has violations to answer for."""

    def addFailure(self, test: Any, err: Any) -> None:
        """A test has failed."""

    def addSkip(self, test: Any, reason: str) -> None:
        """A test, a subtest or a fixture was skipped."""

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        """A test has failed as expected."""

    def addUnexpectedSuccess(self, test: Any) -> None:
        """A test was expected to fail, and has passed."""

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        """A subtest has ended; ``err`` is None if it passed."""

    def addViolations(self, test: Any, errors: Sequence[ViolationError]) -> None:
        """Violations are about to be reported by the next error or failure of this test, fixture or other thing."""

    def addRetries(self, test: Any, attempts: Sequence[TestRecord], diagnosis: str) -> None:
        """A failed test was retried until it passed or its retries were used up.

        The verdict follows: that of the first attempt, or a success. A flaky test is one whose last attempt has passed.

        Args:
            attempts: a record of each, the first included; they have started by ``perf_counter``.
            diagnosis: why the attempts may differ, for people; empty if that is not known.
        """

    def addAllowed(self, violations: Sequence[Violation]) -> None:
        """Violations were allowed since the last such event: in mode warn, in a survey, or by the baseline."""

    def addOutput(self, stdout: str, stderr: str) -> None:
        """The current test has written this in a worker, and the result does not capture it."""

    def addLeaks(self, test: Any, what: str, changes: Sequence[str]) -> None:
        """A test, or the group that ended with it, leaked state.

        Args:
            what: the test or the group, for people.
        """

    def addWorker(self, worker: int, group: str) -> None:
        """The current test runs in a worker.

        Args:
            group: the isolation group; empty for a test that is not isolated.
        """

    def startAhead(self, name: str) -> None:
        """A worker has begun a test, which the result may hear of later."""

    def stopAhead(self, name: str, has_failed: bool) -> None:  # noqa: FBT001 - events have no keywords
        """A worker is done with a test, if it has begun it."""

    def startReporting(self) -> None:
        """The result begins to take something in about the current test, which may still be running."""

    def stopReporting(self) -> None:
        """The result has taken it in."""

    def stopTestRun(self, result: Any) -> None:
        """The run has ended."""

    def wasSuccessful(self) -> bool:
        """Whether nothing that the listener knows of makes the run fail."""
        return True

    def summary_lines(self, result: Any, stream: TextIO) -> Sequence[str]:
        """The lines to be written to the stream after the errors of the run."""
        return ()


EVENTS = [name for name in vars(Listener) if not name.startswith("_")]


class Listeners(dict[str, tuple["Callable[..., Any]", ...]]):
    """The listeners of a result: for each event, the methods that hear it, in the order in which they were added."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(EVENTS, ()))

    def add(self, listener: Listener) -> None:
        """Have one more listener hear the events from now on."""
        for event in EVENTS:
            if getattr(type(listener), event) is not getattr(Listener, event):
                self[event] += (getattr(listener, event),)

    def tell(self, event: str, *args: Any) -> None:
        """Tell all listeners of an event."""
        for hear in self[event]:
            hear(*args)


NO_LISTENERS = Listeners()


def of_result(result: Any) -> Listeners:
    """The listeners of a result of any class; those of other runners have none."""
    found: Any = getattr(result, "hermetic_listeners", NO_LISTENERS)
    return found  # type: ignore[no-any-return]

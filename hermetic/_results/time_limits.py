"""Limits the time of tests: reports those that exceed the limit of their size, and interrupts those that hang.

a test passes, but has taken longer than its size allows        -> report_overrun(): a warning, or an error (H006)
a test in this process has used up its time                     -> it is interrupted, and the run goes on
its result takes something in, or the process is stopped        -> this time does not count
the test does not end after the interrupt                       -> the run is summed up, and ends
C code does not let other threads run, so nothing can be done   -> faulthandler ends the process, and shows the stacks

The time of a test is that of its mark ``@timeout``, or else of the setting ``test_timeout``.
"""

from __future__ import annotations

import contextlib
import faulthandler
import math
import os
import signal

from .._base import clock, features, real
from .._base.errors import HermeticWarning, TestInterrupted
from .._base.records import CallSite, Operation, Violation
from .._base.sizes import OBSERVE, STRICT, TIME
from .._operations import callsite
from .._policy import messages
from .._rules import groups, timeouts
from .._settings.current_run import current_run
from .._stdlib import interpreter_internals, unittest_internals
from .._verdicts import allowed, baseline, scopes, violation_data
from .._verdicts.scopes import owner_name
from . import isolation_errors
from .listeners import Listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .._base.errors import ViolationError

__unittest = True

_GRACE = 5.0  # seconds that a test that was interrupted has for its cleanups
_TICK = 0.25  # seconds between two looks at the clock
_MAX_DELAY = 1.0  # seconds that a look may be late before the process counts as stopped
_FOREVER = 1e6  # seconds; the longest time-out that faulthandler accepts, which each look sets again
_STDERR = 2  # the file descriptor: a test may have replaced the stream
_SIGNAL: int = signal.Signals["SIGBREAK" if features.WINDOWS else "SIGALRM"]


def report_overrun(test: Any, scope: scopes.Scope) -> None:
    """Warn of a test that has exceeded the limit of its size, or record an error, as the settings have it.

    Time in which the process was stopped does not count.
    """
    policy = scope.policy
    taken = real.perf_counter() - clock.counted_from(scope.started)
    if policy is None or taken <= scope.time_limit:
        return
    error = _error(Operation(TIME, "overrun", f"{taken:.2f} s", "", family=""), test, policy.size.value)
    is_error = current_run.settings.time_limits == STRICT
    if policy.mode == OBSERVE or baseline.is_known(scope, error.violation):
        if is_error or policy.mode != OBSERVE:  # what is warned of needs no entry
            allowed.note_allowed(error.violation, silently=True)
        return
    if is_error and policy.mode == STRICT:
        scopes.record(scope, error)
        return
    try:
        allowed.note_allowed(error.violation, silently=False)
    except HermeticWarning:  # the filters make errors of warnings
        scopes.record(scope, error)


def _error(operation: Operation, test: Any, size: str = "", stacks: str = "") -> ViolationError:
    filename, name, line = isolation_errors.place_of(test)
    site = CallSite(callsite.shown_path(filename), line, name, type(test).__module__, "", "")
    violation = Violation("H006", size, owner_name(test), operation, site)
    return violation_data.ERRORS[TIME](violation, messages.violation_text(violation) + stacks)


def _have_process_ended(left: float) -> None:
    """Have the process end unless this is called again within some seconds, and the time that a test needs to end."""
    faulthandler.dump_traceback_later(min(left, _FOREVER) + 2 * _GRACE, exit=True, file=_STDERR)


class Watchdog(Listener):
    """Interrupts tests of this process that take too long.

    It is a thread that sleeps; the thread of faulthandler watches over it.

    Args:
        seconds: the seconds that a test may take; None for as long as the run may.
        ends_at: when the run has to come to its end, by ``perf_counter``; None for never.
        end_run: called with the reason and an error, to sum the run up.

    Attributes:
        thread: the thread of the tests.
    """

    def __init__(
        self, seconds: float | None, ends_at: float | None, result: Any, end_run: Callable[[str, BaseException], None]
    ) -> None:
        self._ends_at = math.inf if ends_at is None else ends_at
        self._seconds = max(self._ends_at - real.perf_counter(), 0.0) if seconds is None else seconds
        self._result = result
        self._end_run = end_run
        self._deadline = math.inf
        self._allowed = 0.0  # seconds, of the current test
        self._reason = ""  # the mark that gives it its time
        self._interrupted: Any = None  # the test that was told to end
        self._stopped_for = 0.0  # seconds that the process was stopped, as by Ctrl-Z
        self._looked = real.perf_counter(), real.process_time()
        self._reporting = 0  # how many methods of the result are taking something in, one within the other
        self._reporting_since = 0.0
        self._stacks = ""
        self.thread = real.get_thread_id()
        self._stopping = real.new_lock()  # held during the block of ``armed``

    def startTest(self, test: Any) -> None:
        if not groups.is_handed_over(test):
            self.begin(timeouts.of_test(test))

    def begin(self, timeout: timeouts.Timeout | None, *, left: float | None = None) -> None:
        """Watch a test that begins now, for the seconds of its mark or of the setting; arguments as for ``watched``."""
        now = self._clock()
        seconds, self._reason = (self._seconds, "") if timeout is None else timeout
        used = 0.0 if left is None else seconds - left
        self._deadline = min(now + seconds - used, self._ends_at - self._stopped_for)
        self._allowed = max(self._deadline - now + used, 0.0)
        if timeout is not None:
            _have_process_ended(self._deadline - now)

    def stopTest(self, test: Any) -> None:
        self._deadline = math.inf

    def startReporting(self) -> None:
        self._reporting += 1
        if self._reporting == 1:
            self._reporting_since = self._clock()

    def stopReporting(self) -> None:
        if self._reporting == 1:
            self._deadline += self._clock() - self._reporting_since
        self._reporting -= 1

    def _clock(self) -> float:
        """Return ``perf_counter`` without the time that the process was stopped."""
        return real.perf_counter() - self._stopped_for

    @contextlib.contextmanager
    def on_guard(self) -> Iterator[None]:
        """Watch the tests of a block."""
        self._result.add_listener(self)
        with self.armed():
            yield

    @contextlib.contextmanager
    def armed(self) -> Iterator[None]:
        """Install the signal handler that interrupts tests, for a block."""
        handler: Any = signal.getsignal(_SIGNAL)
        is_free = handler == signal.SIG_DFL or _watchdog_of(handler) is not None
        handler = None
        if is_free and scopes.is_main_thread():
            handler = real.set_signal_handler(_SIGNAL, self._interrupt)
        self._stopping.acquire()
        _have_process_ended(self._seconds)
        real.start_thread(self._watch, ())
        try:
            yield
        finally:
            self._stopping.release()
            faulthandler.cancel_dump_traceback_later()
            if handler is not None:
                real.set_signal_handler(_SIGNAL, handler)

    def _watch(self) -> None:
        with scopes.unjudged():
            waited = 0.0
            while True:
                left = self._deadline - self._look(waited)
                left = self._seconds if left == math.inf else left
                if left <= 0 and not self._reporting:
                    self._act()
                    left = _GRACE
                _have_process_ended(max(left, 0.0))
                if not self._stopping.locked():  # the block has ended meanwhile, and nobody else would cancel this
                    faulthandler.cancel_dump_traceback_later()
                waited = min(max(left, 0.01), _TICK)
                if self._stopping.acquire(timeout=waited):
                    return

    def _look(self, waited: float) -> float:
        """Note whether the process was stopped since the last look, and return the time as of ``_clock``.

        Args:
            waited: the seconds that should lie between the two looks.
        """
        (before, used_before), (now, used) = self._looked, (real.perf_counter(), real.process_time())
        self._looked = now, used
        delay = now - before - waited - (used - used_before)  # what uses the processor meanwhile is the test
        if delay > _MAX_DELAY:
            self._stopped_for += delay
        return now - self._stopped_for

    def _act(self) -> None:
        """Interrupt a test that has used up its time, or end the run if it was interrupted before."""
        test = self._result.current_test
        if test is None or self._deadline == math.inf:
            return
        handler = signal.getsignal(_SIGNAL)
        other = _watchdog_of(handler)
        if other is not None and other is not self and other.thread == self.thread:
            self._deadline += _GRACE  # a run within the test has a shorter limit
            return
        self._stacks = interpreter_internals.stacks(besides=real.get_thread_id())
        if handler == self._interrupt and test is not self._interrupted:
            self._interrupted, self._deadline = test, self._clock() + _GRACE
            interpreter_internals.interrupt_main_thread(self.thread, _SIGNAL)
            return
        self._end_run(f"{test} could not be interrupted after {round(self._allowed, 2):g} s", self._error(test))
        real.exit_process(1)

    def _interrupt(self, _: int, frame: Any) -> None:
        """End the test that the main thread runs; the signal handler calls this there."""
        test = self._result.current_test
        if test is None or test is not self._interrupted or self._deadline == math.inf:
            return  # it has ended meanwhile
        if self._reporting or not unittest_internals.runs_test_code(test, frame):
            self._interrupted, self._deadline = None, self._clock()  # once it goes on, if it does
            return
        error = self._error(test)
        self._result.begin_scope(test)
        scope = scopes.active()
        if scope is not None:
            scopes.record(scope, error)  # even if the test swallows the exception
        if real.perf_counter() >= self._ends_at:
            self._result.run_out_of_time()
        unittest_internals.cancel_what_it_awaits(test)
        raise TestInterrupted(str(error))

    def _error(self, test: Any) -> ViolationError:
        stacks = f"\n\nAll threads at that time:\n{self._stacks}"
        hang = Operation(TIME, "hang", f"{round(self._allowed, 2):g} s", self._reason, family="")
        return _error(hang, test, stacks=stacks)


def _watchdog_of(handler: Any) -> Watchdog | None:
    """The watchdog whose signal handler this is; None if it is that of nobody or somebody else."""
    found = getattr(handler, "__self__", None)
    return found if isinstance(found, Watchdog) else None


class MarkedTests(Listener):
    """Watches the tests with a mark ``@timeout`` if no ``Watchdog`` watches all tests; it takes the same arguments.

    Args:
        other: the time-out of tests without such a mark; None for none.
    """

    def __init__(
        self, result: Any, end_run: Callable[[str, BaseException], None], other: timeouts.Timeout | None = None
    ) -> None:
        self._other = other
        self._result = result
        self._end_run = end_run
        self._watchdog: Watchdog | None = None
        self._thread = 0  # that runs the test
        self._until_stopped = contextlib.ExitStack()

    def startTest(self, test: Any) -> None:
        timeout = timeouts.of_test(test) or self._other
        if timeout is not None and not groups.is_handed_over(test):
            self._watchdog = Watchdog(timeout.seconds, None, self._result, self._end_run)
            self._thread = real.get_thread_id()
            self._until_stopped.enter_context(self._watchdog.armed())
            self._watchdog.begin(timeout)

    def stopTest(self, test: Any) -> None:
        if self._watchdog is not None:
            self._watchdog.stopTest(test)
            if real.get_thread_id() == self._thread:  # else the watchdog ends the run
                self._watchdog = None
                self._until_stopped.close()

    def startReporting(self) -> None:
        if self._watchdog is not None:
            self._watchdog.startReporting()

    def stopReporting(self) -> None:
        if self._watchdog is not None:
            self._watchdog.stopReporting()


def watch_marked(result: Any, other: timeouts.Timeout | None) -> None:
    """Have a proxy watch the tests with a mark ``@timeout``; arguments as above.

    The result behind it may know how to sum the run up: ``sum_up``.
    """
    if not result.hermetic_listeners["startTest"]:
        result.add_listener(MarkedTests(result, getattr(result, "sum_up", None) or _end_process, other))


@contextlib.contextmanager
def watched(test: Any, timeout: timeouts.Timeout, result: Any, *, left: float | None = None) -> Iterator[None]:
    """Interrupt a test in a block, under another runner.

    Args:
        result: a result whose ``current_test`` is the test, and whose ``begin_scope`` begins its scope if it has none.
        left: the remaining seconds of the time-out; None for all of them.
    """
    watchdog = Watchdog(timeout.seconds, None, result, _end_process)
    with watchdog.armed():
        watchdog.begin(timeout, left=left)
        try:
            yield
        finally:
            watchdog.stopTest(test)


def _end_process(reason: str, error: BaseException) -> None:
    """Write the reason why the process ends to standard error."""
    os.write(_STDERR, f"The run ended early: {reason}\n{error}\n".encode(errors="backslashreplace"))

"""The time that a test may take: the limit of its size is told of, the hard limit interrupts.

a test that has passed has taken longer than its size may   -> report_overrun(): a warning, or an error (H006)
a test that runs here has taken ``test_timeout`` seconds    -> it is interrupted, and the run goes on
its result is told something, or the process is stopped     -> that is no time of the test's
it does not end even so                                     -> the run is summed up, and ends
and not even that is possible: C code keeps all threads out -> faulthandler ends the process, with the stacks
"""

from __future__ import annotations

import contextlib
import faulthandler
import math
import signal

from .._base import clock, real
from .._base.errors import HermeticWarning, TestInterrupted
from .._base.records import CallSite, Operation, Violation
from .._base.sizes import OBSERVE, STRICT, TIME
from .._policy import messages
from .._rules import groups
from .._settings.current_run import current_run
from .._stdlib import thread_internals, unittest_internals
from .._verdicts import allowed, baseline, scopes, violation_data
from .._verdicts.owner_names import owner_name
from . import test_locations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .._base.errors import ViolationError

__unittest = True

_GRACE = 5.0  # seconds that a test that was interrupted has for its cleanups
_TICK = 0.25  # seconds between two looks at the clock
_MAX_DELAY = 1.0  # seconds that a look may be late without the process having been stopped
_STDERR = 2  # the file descriptor: a test may have replaced the stream
_SIGNAL = getattr(signal, "SIGALRM", None)  # none on Windows, where nothing interrupts the main thread for sure


def report_overrun(test: Any, scope: scopes.Scope) -> None:
    """Warn of a test that has passed too late, or record the error that it is, as the settings have it.

    The time in which the process was stopped does not count.

    Args:
        test: the test.
        scope: its own.
    """
    policy = scope.policy
    taken = real.perf_counter() - clock.counted_from(scope.started)
    if policy is None or taken <= scope.time_limit:
        return
    error = _error("overrun", test, policy.size.value, f"{taken:.2f} s")
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


def _error(action: str, test: Any, size: str, target: str, stacks: str = "") -> ViolationError:
    filename, name, line = test_locations.place_of(test)
    site = CallSite(filename, line, name, type(test).__module__, "", "")
    operation = Operation(TIME, action, target, "", family="")
    violation = Violation("H006", size, owner_name(test), operation, site)
    return violation_data.ERRORS[TIME](violation, messages.violation_text(violation) + stacks)


def _have_process_ended(left: float) -> None:
    """Have the process end unless we come back within some seconds, and the time that we need for a test's end."""
    faulthandler.dump_traceback_later(left + 2 * _GRACE, exit=True, file=_STDERR)


# What results are told while a test is running.
_TELLING = (
    "addSuccess", "addError", "addFailure", "addSkip", "addExpectedFailure", "addUnexpectedSuccess", "addSubTest",
    "addDuration",
)  # fmt: skip


class Watchdog:
    """Sees to it that no test that runs in this process goes on for ever.

    It is a thread, which sleeps; that of faulthandler watches over it.

    Args:
        seconds: that a test may take; None for as long as the run may.
        ends_at: when the run has to come to its end, by ``perf_counter``; None for never.
        result: of the run; its ``watchdog`` is told when a test starts and ends.
        end_run: called with the reason and an error, to sum the run up.
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
        self._interrupted: Any = None  # the test that was told to end
        self._stopped_for = 0.0  # seconds that the process was stopped, as by Ctrl-Z
        self._looked = real.perf_counter(), real.process_time()
        self._is_told = False  # whether the result is being told something
        self._stacks = ""
        self._main = real.get_thread_id()
        self._stopping = real.new_lock()

    def start(self, test: Any) -> None:
        """A test starts."""
        if not groups.is_handed_over(test):
            now = self._clock()
            self._deadline = min(now + self._seconds, self._ends_at - self._stopped_for)
            self._allowed = max(self._deadline - now, 0.0)

    def stop(self) -> None:
        """It has ended."""
        self._deadline = math.inf

    def untimed(self, tell: Callable[..., Any]) -> Callable[..., Any]:
        """A method of the result, made one that interrupts no test and takes none of its time."""

        def told(*args: Any, **kwargs: Any) -> Any:
            if self._is_told:
                return tell(*args, **kwargs)
            self._is_told, began = True, self._clock()
            try:
                return tell(*args, **kwargs)
            finally:
                self._deadline += self._clock() - began
                self._is_told = False

        return told

    def _clock(self) -> float:
        """``perf_counter``, which goes on while the process is stopped, without that."""
        return real.perf_counter() - self._stopped_for

    @contextlib.contextmanager
    def on_guard(self) -> Iterator[None]:
        """Watch for a block."""
        handler: Any = None
        if _SIGNAL is not None and signal.getsignal(_SIGNAL) == signal.SIG_DFL and scopes.is_main_thread():
            handler = real.set_signal_handler(_SIGNAL, self._interrupt)
        self._stopping.acquire()
        _have_process_ended(self._seconds)
        real.start_thread(self._watch, ())
        self._result.watchdog = self
        methods = [name for name in _TELLING if hasattr(self._result, name)]
        for name in methods:
            setattr(self._result, name, self.untimed(getattr(self._result, name)))
        try:
            yield
        finally:
            self._result.watchdog = None
            for name in methods:
                delattr(self._result, name)
            self._stopping.release()
            faulthandler.cancel_dump_traceback_later()
            if handler is not None and _SIGNAL is not None:
                real.set_signal_handler(_SIGNAL, handler)

    def _watch(self) -> None:
        with scopes.unjudged():
            waited = 0.0
            while True:
                left = min(self._deadline - self._look(waited), self._seconds)
                if left <= 0 and not self._is_told:
                    self._act()
                    left = _GRACE
                _have_process_ended(max(left, 0.0))
                waited = min(max(left, 0.01), _TICK)
                if self._stopping.acquire(timeout=waited):
                    return

    def _look(self, waited: float) -> float:
        """The time by ``clock``, once it is known whether the process was stopped since the last look.

        Args:
            waited: the seconds that there should be between the two.
        """
        (before, used_before), (now, used) = self._looked, (real.perf_counter(), real.process_time())
        self._looked = now, used
        delay = now - before - waited - (used - used_before)  # what uses the processor meanwhile is the test
        if delay > _MAX_DELAY:
            self._stopped_for += delay
        return now - self._stopped_for

    def _act(self) -> None:
        """A test has used up its time."""
        test = self._result.current_test
        if test is None or self._deadline == math.inf:
            return
        self._stacks = thread_internals.stacks(besides=real.get_thread_id())
        can_interrupt = _SIGNAL is not None and signal.getsignal(_SIGNAL) == self._interrupt
        if can_interrupt and test is not self._interrupted and _SIGNAL is not None:
            self._interrupted, self._deadline = test, self._clock() + _GRACE
            signal.pthread_kill(self._main, _SIGNAL)  # type: ignore[attr-defined,unused-ignore]  # not on Windows
            return
        self._end_run(f"{test} could not be interrupted after {round(self._allowed, 2):g} s", self._error(test))
        real.exit_process(1)

    def _interrupt(self, _: int, frame: Any) -> None:
        """In the main thread: end the test that it runs."""
        test = self._result.current_test
        if test is None or test is not self._interrupted or self._deadline == math.inf:
            return  # it has ended meanwhile
        if self._is_told or not unittest_internals.runs_test_code(test, frame):
            self._interrupted, self._deadline = None, self._clock()  # once it goes on, if it does
            return
        error = self._error(test)
        self._result.begin_scope(test)
        scope = scopes.active()
        if scope is not None:
            scopes.record(scope, error)  # whatever becomes of the exception
        if real.perf_counter() >= self._ends_at:
            self._result.run_out_of_time()
        raise TestInterrupted(str(error))

    def _error(self, test: Any) -> ViolationError:
        stacks = f"\n\nAll threads at that time:\n{self._stacks}"
        return _error("hang", test, "", f"{round(self._allowed, 2):g} s", stacks)

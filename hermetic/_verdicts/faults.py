"""Turns an error inside hermetic into an error of the test that runs, so that hermetic fails closed.

The code under test may swallow any exception, including hermetic's own. Therefore each function of hermetic that the
code under test calls unknowingly is ``shielded`` (listeners of the audit hook, code that runs after a fork) or an
``entrance`` (the patches). If such a function fails, its exception is first kept in ``scopes.running.faults``, which
results report, and then a ``GuardError`` is raised, so that the operation does not happen. A child process sends its
faults to the run. No other function stands between the code under test and these two.
"""

from __future__ import annotations

import contextlib
import functools
import sys

from .._base import real
from .._base.errors import DecorationError, GuardError, HermeticWarning, ViolationError, internal_error_text
from . import findings, log_writing, reported_exceptions, scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .scopes import Scope


class RefusedQuietly(FileNotFoundError):  # noqa: N818 - no error for users
    """Tells a library that probes the machine that there is nothing, so that it falls back."""


# The exceptions that a shielded function raises on purpose, after it has recorded what has to be recorded. Marks that
# are wrong are an error of each test that has them.
VERDICTS: tuple[type[BaseException], ...] = (
    ViolationError,
    GuardError,
    HermeticWarning,
    RefusedQuietly,
    DecorationError,
)

_telling: set[int] = set()  # the threads that put a fault into words


def shielded(function: Callable[..., Any], *verdicts: type[BaseException], ends_process: bool = False) -> Any:
    """Make the failure of a function an error of the test that runs.

    Failures at interpreter shutdown are dropped: Python clears the modules of hermetic then. The closure keeps what is
    needed there.

    Args:
        *verdicts: the exceptions that it raises on purpose, besides ``VERDICTS``.
        ends_process: whether to end this process at a failure, because an exception would not stop the operation.

    Raises:
        GuardError: by the shielded function, if it fails.
    """
    is_finalizing, passed_on = sys.is_finalizing, VERDICTS + verdicts

    @functools.wraps(function)
    def judge_or_refuse(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except passed_on:
            raise
        except Exception as error:  # noqa: BLE001 - anything may go wrong, and nothing may get lost
            if is_finalizing():
                return None
            scopes.running.faults.append(error)  # first: a nearly full stack has no room for more
            fault = _recorded(error)
        if ends_process:
            real.exit_process(log_writing.END_STATUS)
        raise fault

    return judge_or_refuse


DECISION = "hermetic.decision"  # the audit event with which an entrance asks for a decision


def answer(args: tuple[Any, ...]) -> None:
    """Answer an entrance, in the audit hook.

    Args:
        args: the arguments of the event ``DECISION``: a list for the answer, and the function that decides.
    """
    answers, decide = args
    answers.append(decide())


def entrance(
    original: Callable[..., Any],
    decide: Callable[..., Callable[[], Any] | None],
    *verdicts: type[BaseException],
    is_traced: bool = False,
) -> Any:
    """Make the replacement of a function, which first decides what a call does.

    The decision is made in the audit hook, where CPython calls no trace or profile functions: those of a test see only
    the frame of the entrance.

    Args:
        decide: gets the arguments of the call, and returns the function to call instead; None for the original.
        *verdicts: the exceptions that ``decide`` raises on purpose, besides ``VERDICTS``.
        is_traced: whether ``decide`` waits or calls the user's code, and has to be traced therefore.
    """
    is_finalizing, passed_on, announce = sys.is_finalizing, VERDICTS + verdicts, real.audit

    @functools.wraps(original)
    def decide_and_call(*args: Any, **kwargs: Any) -> Any:
        fault = instead = None
        decision, answers = functools.partial(decide, *args, **kwargs), []  # type: ignore[var-annotated]
        try:
            if not is_traced:
                announce(DECISION, answers, decision)
            instead = answers[0] if answers else decision()  # without an answer, there is no hook, or it was removed
        except passed_on:
            raise
        except Exception as error:  # noqa: BLE001 - anything may go wrong, and nothing may get lost
            if not is_finalizing():
                scopes.running.faults.append(error)
                fault = _recorded(error)
        if fault is not None:
            raise fault
        return original(*args, **kwargs) if instead is None else instead()

    decide_and_call.__hermetic_guard__ = True  # type: ignore[attr-defined]
    return decide_and_call


def _recorded(error: Exception) -> GuardError:
    """Replace a fault that was just kept by its full message; a child process sends it to the run instead.

    The message shows lines of source files, and it may be the opening of a file that cannot be judged.
    """
    thread, scope = real.get_thread_id(), _scope()
    what = "hermetic failed" if scope is None else f"hermetic failed in test {scope.name}"
    if thread in _telling:  # the first fault is the one to report
        with contextlib.suppress(ValueError):
            scopes.running.faults.remove(error)
        return GuardError(what)
    _telling.add(thread)
    try:
        with scopes.unjudged():
            fault = GuardError(internal_error_text(error, what))
    finally:
        _telling.discard(thread)
    kept = [fault]
    if scope is not None and scope.home != real.get_pid():
        log_writing.send_fault(scope, str(fault))
        kept = []  # the run reports it
    with contextlib.suppress(ValueError):  # another thread has taken the fault, and reports it
        scopes.running.faults.remove(error)
        scopes.running.faults += kept
    return fault


def _scope() -> Scope | None:
    try:
        return scopes.active()
    except Exception:  # noqa: BLE001 - this may be what failed
        return scopes.running.process


def take() -> list[GuardError]:
    """Return the faults that no result has reported yet, and drop them."""
    found = findings.take_all(scopes.running.faults)
    return [fault if isinstance(fault, GuardError) else GuardError(internal_error_text(fault)) for fault in found]


def strike(exception: BaseException | None) -> None:
    """Drop the faults that a reported exception shows."""
    shown = {id(found) for found in reported_exceptions.chain(exception)} if exception is not None else set()
    findings.take_where(scopes.running.faults, lambda fault: id(fault) in shown)

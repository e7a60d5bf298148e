"""Fail closed: an error inside hermetic, while a test is judged, is an error of that test.

The code under test may swallow any exception, hermetic's own included. So each function of hermetic that the code
under test calls without knowing it is ``shielded`` (listeners of the audit hook, what runs after a fork), or is an
``entrance`` (the patches). When such a function fails, its exception is first kept in ``scopes.running.faults``, which
results report, and a ``GuardError`` is then raised, so that the operation does not happen. A child process sends its
faults to the run instead. No other function stands between the code under test and these two.
"""

from __future__ import annotations

import functools
import sys

from .._base import real
from .._base.errors import GuardError, HermeticWarning, ViolationError, internal_error_text
from . import child_reports, reported_exceptions, scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .scopes import Scope


class RefusedQuietly(FileNotFoundError):  # noqa: N818 - nobody is to see it as an error
    """Tells a library that probes its surroundings that there is nothing to be found, so that it falls back."""


# What a shielded function raises on purpose, once it has recorded what there is to record.
VERDICTS: tuple[type[BaseException], ...] = (ViolationError, GuardError, HermeticWarning, RefusedQuietly)


def shielded(function: Callable[..., Any], *verdicts: type[BaseException], ends_process: bool = False) -> Any:
    """Make the failure of a function an error of the test that runs.

    While the interpreter shuts down, failures are dropped: late in it the modules of hermetic are emptied. What is
    needed then is held by the closure.

    Args:
        function: is called from the code under test.
        *verdicts: what it raises on purpose, besides ``VERDICTS``.
        ends_process: whether a failure ends this process, because nothing that the function raises refuses anything.

    Raises:
        GuardError: from the shielded function, when it fails.
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
            scopes.running.faults.append(error)  # first of all: a stack that is nearly full has room for no more
            fault = _recorded(error)
        if ends_process:
            real.exit_process(child_reports.END_STATUS)
        raise fault

    return judge_or_refuse


DECISION = "hermetic.decision"  # an event of our own: a call is to be decided


def answer(args: tuple[Any, ...]) -> None:
    """Decide a call, in the audit hook.

    Args:
        args: of the event ``DECISION``: a list for the answer, and the function that gives it.
    """
    answers, decide = args
    answers.append(decide())


def entrance(
    original: Callable[..., Any],
    decide: Callable[..., Callable[[], Any] | None],
    *verdicts: type[BaseException],
    is_traced: bool = False,
) -> Any:
    """A function to stand in the place of another one: it first decides what the call is to do.

    It decides in the audit hook, because CPython calls no trace or profile function there: those of a test see no more
    than the frame of the entrance.

    Args:
        original: the function whose place it takes.
        decide: is called with the arguments of the call, and returns what to call instead of the original; None to
            call the original.
        *verdicts: what ``decide`` raises on purpose, besides ``VERDICTS``.
        is_traced: whether ``decide`` waits or calls code of the user's, so that it has to be traced.
    """
    is_finalizing, passed_on, announce = sys.is_finalizing, VERDICTS + verdicts, real.audit

    @functools.wraps(original)
    def decide_and_call(*args: Any, **kwargs: Any) -> Any:
        fault = instead = None
        decision, answers = functools.partial(decide, *args, **kwargs), []  # type: ignore[var-annotated]
        try:
            if not is_traced:
                announce(DECISION, answers, decision)
            instead = answers[0] if answers else decision()  # without an answer, the hook is not there, or not any more
        except passed_on:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            if not is_finalizing():
                scopes.running.faults.append(error)
                fault = _recorded(error)
        if fault is not None:
            raise fault
        return original(*args, **kwargs) if instead is None else instead()

    decide_and_call.__hermetic_guard__ = True  # type: ignore[attr-defined]
    return decide_and_call


def _recorded(error: Exception) -> GuardError:
    """Put the full message in the place of a fault that was just kept, and send it to the run from a child."""
    scope = _scope()
    fault = GuardError(
        internal_error_text(error, "hermetic failed" if scope is None else f"hermetic failed in test {scope.name}")
    )
    others = [found for found in scopes.running.faults if found is not error]
    if scope is not None and scope.home != real.get_pid():
        child_reports.send_fault(scope, str(fault))
        scopes.running.faults[:] = others  # the run reports it
    else:
        scopes.running.faults[:] = [*others, fault]
    return fault


def _scope() -> Scope | None:
    try:
        return scopes.active()
    except Exception:  # noqa: BLE001 - it may be what is broken
        return scopes.running.process


def take() -> list[GuardError]:
    """The faults that no result has reported yet; handed out once."""
    found, scopes.running.faults = scopes.running.faults, []
    return [fault if isinstance(fault, GuardError) else GuardError(internal_error_text(fault)) for fault in found]


def strike(exception: BaseException | None) -> None:
    """Strike out of the faults what a reported exception shows."""
    shown = {id(found) for found in reported_exceptions.chain(exception)} if exception is not None else set()
    scopes.running.faults[:] = [fault for fault in scopes.running.faults if id(fault) not in shown]

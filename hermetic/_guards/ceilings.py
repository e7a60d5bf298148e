"""Limits the processes of a test, for processes that start each other without end, and makes the errors H008.

    depth       each process knows how many generations lie between the run and itself
    starts      each process counts those that it starts in a test
    processes   each Python process adds a byte to a file when it is born; beyond the ceiling it ends there and then

A process that is about to start one too many gets an error instead.
"""

from __future__ import annotations

import math
import os
from collections import namedtuple

from .._base import real, shared_files
from .._base.records import Operation, Violation
from .._base.sizes import MULTIPROCESSING
from .._operations import callsite
from .._policy import messages
from .._settings.current_run import current_run
from .._verdicts import faults, findings, log_writing, scopes, violation_data, violation_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base.errors import ViolationError
    from .._base.records import CallSite
    from .._verdicts.scopes import Scope

_GRACE = 0.5  # seconds for a process that has met a ceiling to report it
_PAUSE = 0.01  # seconds between looking for that


def process_error(
    action: str, owner: str, target: str, *, scope: Scope | None = None, site: CallSite | None = None
) -> ViolationError:
    """The error of what goes wrong with processes, for the caller to raise; it is recorded in the scope.

    Args:
        action: what kind of finding it is (``Operation``).
        scope: where it is recorded; None for what happens outside of tests, which is reported late if nobody does.
        site: where in the user's code; by default, the caller's.
    """
    size = scope.policy.size.value if scope is not None and scope.policy is not None else ""
    operation = Operation(MULTIPROCESSING, action, target, "multiprocessing.Process.start", family="")
    site = site or callsite.find_call_site(operation.api)
    violation = Violation("H008", size, owner, operation, site)
    found = violation_data.ERRORS[MULTIPROCESSING](violation, messages.violation_text(violation))
    if scope is None:
        scopes.running.late.append((None, found))
    elif not log_writing.send_violation(scope, violation, warned=False):
        scopes.record(scope, found)
    return found


class Ceilings(namedtuple("Ceilings", ("depth", "starts", "processes"))):  # noqa: PYI024 - as Policy
    """How many there may be: generations of processes, starts per process and test, Python processes per test."""

    __slots__ = ()
    depth: int
    starts: int
    processes: int


def in_force() -> Ceilings:
    """The ceilings that the parent process has sent, or else those of the settings."""
    inherited: Ceilings | None = scopes.running.ceilings
    if inherited is not None:
        return inherited
    settings = current_run.settings
    return Ceilings(settings.max_process_depth, settings.max_process_starts, settings.max_processes)


def inherit(sent: Sequence[int]) -> None:
    """Apply the ceilings of the parent process, which has sent them."""
    scopes.running.ceilings = Ceilings(*sent)


def count_start(scope: Scope) -> None:
    """Count a process that is about to be started, and make sure that it can report.

    Raises:
        MultiprocessingViolationError: it would be one too many.
    """
    violation_log.prepare_log(scope)
    started = scope.count_start()
    ceilings = in_force()
    if scopes.running.depth >= ceilings.depth:
        _refuse(scope, f"max_process_depth = {ceilings.depth}")
    if started > ceilings.starts:
        _refuse(scope, f"max_process_starts = {ceilings.starts}")
    if _births(scope) >= ceilings.processes:
        _refuse(scope, f"max_processes = {ceilings.processes}")


def _refuse(scope: Scope, ceiling: str) -> None:
    """End a process of the test, or make the test itself fail. The first process that does it reports why."""
    try:  # from now on, whatever is born in the scope ends at once
        real.unlink(log_writing.births_path(scope))
    except OSError:
        error = None
    else:
        error = process_error("ceiling", scope.name, ceiling, scope=scope)
    if scope.home != real.get_pid():
        real.exit_process(log_writing.END_STATUS)  # were it only refused, what called it would go on, and try again
    error = error or _reported_by_child(scope) or process_error("ceiling", scope.name, ceiling, scope=scope)
    answering = scope.charged_to or scope
    answering.met_ceiling = True
    findings.take_where(
        answering.ledger, lambda found: found is not error and found.violation.code == error.violation.code
    )
    raise error


def _reported_by_child(scope: Scope) -> ViolationError | None:
    """What the process has to say that was the first to meet a ceiling; it may just be about to."""
    deadline = real.perf_counter() + _GRACE
    while real.perf_counter() < deadline:
        violation_log.collect_entries()
        for found in (scope.charged_to or scope).ledger:
            if found.violation.operation.action == "ceiling":
                return found
        real.sleep(_PAUSE)
    return None


def _births(scope: Scope) -> float:
    try:
        return real.stat(log_writing.births_path(scope)).st_size
    except FileNotFoundError:
        return math.inf  # a ceiling was met, or the run is over
    except OSError:
        return 0  # this process may not look: it has another user


def be_born(scope: Scope) -> None:
    """Count this process, which was started in a scope; end it if that is over, or has too many."""
    if scope.log_path is None:
        return
    try:
        born = shared_files.append(log_writing.births_path(scope), b".")
    except FileNotFoundError:
        real.exit_process(log_writing.END_STATUS)
    except OSError:
        return  # there is no room, or this process has another user: the other ceilings hold
    if born > in_force().processes:
        real.exit_process(log_writing.END_STATUS)


def collect_from(scope: Scope) -> None:
    """Collect what the processes of a test have reported, unless this is a forked copy of the test, which ends."""
    end_if_forked(scope)
    violation_log.collect_entries()


def end_if_forked(scope: Scope) -> None:
    """End a forked copy of a test that has come back to its runner."""
    if scope.home not in (0, real.get_pid()):
        if _births(scope) < math.inf:  # else it is one of many, and a ceiling was met
            process_error("stray", scope.name, "a forked child", scope=scope)
        real.exit_process(log_writing.END_STATUS)


def _after_fork() -> None:
    scopes.running.depth += 1
    scope = scopes.active()
    if scope is not None:
        be_born(scope)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=faults.shielded(_after_fork, ends_process=True))

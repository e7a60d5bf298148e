"""Installs the guard, once per process: the judge of audit events, and the patches that ask the judge.

The modules of the guard are loaded when it is installed, so that suites without a size do not pay for them.
"""

from __future__ import annotations

import atexit
import contextlib
import sys

from .._base import real
from .._base.errors import GuardError
from .._stdlib import exit_handlers
from .._verdicts import scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._policy.decision import Policy

installed = False  # whether all of the guard is in place in this process
failure: GuardError | None = None  # why it could not be installed


def install(opt_in: Sequence[str] = ()) -> None:
    """Install the guard, unless it is there already. It stays until the process ends.

    Args:
        opt_in: the columns of the size table that are to be watched besides (``sizes.OPT_IN``).

    Raises:
        GuardError: it could not be installed, now or earlier.
    """
    global failure  # noqa: PLW0603 - one per process, as the guard
    if failure is None:
        try:
            _install(opt_in)
        except Exception as error:  # noqa: BLE001 - part of a guard is none
            failure = _failure_of(error)
    if failure is not None:
        raise GuardError(*failure.args)


def prepare(opt_in: Sequence[str] = ()) -> None:
    """Install the guard if that is possible; otherwise each test with a size reports why it is not.

    Args:
        opt_in: as of ``install``.
    """
    with contextlib.suppress(GuardError):
        install(opt_in)


def _install(opt_in: Sequence[str]) -> None:
    global installed  # noqa: PLW0603 - once per process is what it stands for
    if not installed:
        from .._guards import audit
        from . import process_creation, sockets

        process_creation.install()
        audit.install(sockets.on_new_socket)
        report_at_exit(is_first=False)
        installed = True
    if not _watched.issuperset(opt_in):
        from . import opt_ins  # loaded where somebody asks for it

        opt_ins.watch([column for column in opt_in if column not in _watched])
        _watched.update(opt_in)


_watched: set[str] = set()  # of the opt-in columns


def _failure_of(error: Exception) -> GuardError:
    if isinstance(error, GuardError):
        return error
    from .._verdicts import faults  # it is loaded by now, or is what failed

    rule = "Tests with a size cannot be guarded in this process."
    return GuardError(faults.text_of(error, "the guard could not be installed", rule))


def patch_sockets() -> None:
    """Patch sockets before the first one is made, if anybody could make one by now."""
    from . import sockets  # loaded with the guard

    sockets.patch_if_loaded()


def hold_until_exit(policy: Policy) -> None:
    """Put what runs while the process exits under a policy: destructors, atexit handlers, threads."""
    from .._operations import events
    from . import sockets

    if "_socket" in sys.modules or "subprocess" in sys.modules:
        events.records()  # at shutdown nothing can be imported any more
        sockets.patch_if_loaded()
    scope = scopes.Scope("interpreter shutdown", policy)
    scope.ended = True  # there is no result any more: report_late does
    scopes.begin(scope)


def report_at_exit(*, is_first: bool) -> None:
    """At the exit, show what no result was there to report, and exit with status 1 if there is anything.

    Violations in threads, exit handlers and children may come to light after the last test. Further calls change
    nothing.

    Args:
        is_first: whether no exit handler was registered before, so that this one is the last to be called.
    """
    global _reports_at_exit  # noqa: PLW0603 - once per process is what it stands for
    if not _reports_at_exit:
        _reports_at_exit = True
        atexit.register(report_late, real.get_pid(), is_last=is_first)


_reports_at_exit = False


def report_late(pid: int, *, is_last: bool) -> None:
    """Show what no result was there to report, and end the process with status 1 if there is anything.

    Args:
        pid: of the process that does.
        is_last: whether no exit handler is left to be called. If some may be, all are called: those that were called
            already for a second time, because Python does not tell them apart.
    """
    if real.get_pid() != pid or not installed:
        return
    from .._verdicts import child_reports, faults

    try:
        child_reports.close()
    except Exception as error:  # noqa: BLE001 - Python would show it, and exit as if nothing had been
        scopes.running.faults.append(error)
    late = [*(error for _, error in scopes.take_late()), *faults.take()]
    for found in late:
        sys.stderr.write(f"after the last test: {found}\n")
    if late:  # the runner has its verdict: the exit status is all that is left to say otherwise
        if not is_last:
            exit_handlers.run_exit_handlers()
        sys.stdout.flush()
        sys.stderr.flush()
        real.exit_process(1)

"""Installs the guard, once per process: the judge of audit events, and the patches that ask the judge.

The parts of the guard are loaded when it is installed, so that suites without a size do not pay for them.
"""

from __future__ import annotations

import atexit
import contextlib
import sys

from .._base import real
from .._base.errors import GuardError, internal_error_text
from .._verdicts import scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from .._policy.decision import Policy


class InstalledGuard:
    """What is installed in this process. One instance, in this module.

    Attributes:
        failure: why it could not be installed; None if that has not been tried, or has worked.
        columns: the opt-in columns of the size table that are watched.
        reports_at_exit: whether an exit handler shows what no result was there to report.
    """

    def __init__(self) -> None:
        self.is_complete = False
        self.failure: GuardError | None = None
        self.columns: set[str] = set()
        self.reports_at_exit = False


installed = InstalledGuard()


def install(opt_in: Sequence[str] = ()) -> None:
    """Install the guard, unless that is done. It stays until the process ends.

    Args:
        opt_in: the columns of the size table to watch in addition (some of ``sizes.OPT_IN``).

    Raises:
        GuardError: the guard could not be installed, now or earlier.
    """
    if installed.failure is None and not _is_in_place(opt_in):
        with scopes.running.lock:
            try:
                _install(opt_in)
            except Exception as error:  # noqa: BLE001 - with a part missing, the guard is not installed
                installed.failure = _failure_of(error)
    if installed.failure is not None:
        raise GuardError(*installed.failure.args)


def _is_in_place(opt_in: Sequence[str]) -> bool:
    return installed.is_complete and installed.columns.issuperset(opt_in)


def install_if_possible() -> None:
    """Install the guard if that is possible; otherwise each test with a size reports why it is not."""
    with contextlib.suppress(GuardError):
        install()


def _install(opt_in: Sequence[str]) -> None:
    if not installed.is_complete:
        parts().install_parts()
        report_at_exit(is_first=False)
        installed.is_complete = True
    if not installed.columns.issuperset(opt_in):
        from . import opt_ins  # saves 9 ms in runs without the setting

        opt_ins.watch_columns([column for column in opt_in if column not in installed.columns])
        installed.columns.update(opt_in)


def parts() -> ModuleType:
    """Load all parts of the guard, without installing them."""
    from . import guard_parts  # saves 6 ms in runs without a size

    return guard_parts


def _failure_of(error: Exception) -> GuardError:
    if isinstance(error, GuardError):
        return error
    rule = "Tests with a size cannot be guarded in this process."
    return GuardError(internal_error_text(error, "the guard could not be installed", rule))


def patch_sockets() -> None:
    """Patch sockets before the first one is made, if any code can make one by now."""
    parts().patch_sockets()


def hold_until_exit(policy: Policy) -> None:
    """Put destructors, atexit handlers and threads that run while the process exits under a policy."""
    if "_socket" in sys.modules or "subprocess" in sys.modules:
        parts().patch_sockets()  # nothing can be imported at the exit
    scope = scopes.Scope("interpreter shutdown", policy)
    scope.ended = True  # no result is left to report to: report_late does it
    scopes.begin_scope(scope)


def report_at_exit(*, is_first: bool) -> None:
    """At the exit, show what no result was there to report, and exit with status 1 if there is anything.

    Violations in threads, exit handlers and children may be found after the last test. Further calls change nothing.

    Args:
        is_first: whether no exit handler was registered before, so that this one is the last to be called.
    """
    if not installed.reports_at_exit:
        installed.reports_at_exit = True
        atexit.register(report_late, real.get_pid(), is_last=is_first)


def report_late(pid: int, *, is_last: bool) -> None:
    """Show what no result was there to report, and end the process with status 1 if there is anything.

    Args:
        pid: the process that does it; in others, nothing happens.
        is_last: whether no exit handler is left to be called. If some may be, all are called, some of them for a second
            time, because Python does not tell which have been called.
    """
    if real.get_pid() != pid or not installed.is_complete:
        return
    late = parts().take_late_findings()
    for found in late:
        sys.stderr.write(f"after the last test: {found}\n")
    if late:  # the runner has its verdict: the exit status is all that is left to say otherwise
        if not is_last:
            parts().interpreter_internals.run_exit_handlers()
        sys.stdout.flush()
        sys.stderr.flush()
        real.exit_process(1)


def close_log() -> None:
    """Remove the violation log of this process, which is about to end without its exit handlers."""
    if installed.is_complete:
        parts().close_log()

"""The guard: one audit hook and a few patches, installed once per process, judging by the scope in force.

Its modules are loaded when it is installed: a legacy suite, which is not guarded, pays nothing for it.
"""

from __future__ import annotations

import atexit
import sys

from .. import _real
from . import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._policy import Policy

installed = False  # whether anything is guarded in this process


def install(opt_in: Sequence[str] = ()) -> None:
    """Install the guard, unless it is there already. It stays until the process ends.

    Args:
        opt_in: the columns of the size table that are to be watched besides (``_sizes.OPT_IN``).
    """
    global installed  # noqa: PLW0603 - once per process is what it stands for
    if not installed:
        from . import audit, patches

        installed = True
        patches.install()
        audit.install(patches.on_new_socket)
        report_at_exit(fail=False)
    if not _watched.issuperset(opt_in):
        from . import opt_ins  # loaded where somebody asks for it

        opt_ins.watch([column for column in opt_in if column not in _watched])
        _watched.update(opt_in)


_watched: set[str] = set()  # of the opt-in columns


def hold_until_exit(policy: Policy) -> None:
    """Put what runs while the process exits under a policy: destructors, atexit handlers, threads."""
    from . import events, patches

    if "_socket" in sys.modules or "subprocess" in sys.modules:
        events.records()  # at shutdown nothing can be imported any more
        patches.patch_loaded_sockets()
    scope = state.Scope("interpreter shutdown", policy)
    scope.ended = True  # there is no result any more: _report_late does
    state.begin(scope)


def report_at_exit(*, fail: bool) -> None:
    """Show at the exit what no result was there to report: violations in threads, exit handlers and children.

    Args:
        fail: whether the process is ours to fail for it. Exit handlers that were registered before are then lost,
            so whoever owns the process calls this first of all; further calls change nothing.
    """
    global _reports_at_exit  # noqa: PLW0603 - once per process is what it stands for
    if not _reports_at_exit:
        _reports_at_exit = True
        atexit.register(_report_late, _real.get_pid(), fail)


_reports_at_exit = False


def _report_late(pid: int, fail: bool) -> None:  # noqa: FBT001 - atexit passes what it was given
    if _real.get_pid() != pid or not installed:
        return
    from . import children

    children.close()
    late = state.take_late()
    for _, error in late:
        sys.stderr.write(f"after the last test: {error}\n")
    if late and fail:
        sys.stdout.flush()
        sys.stderr.flush()
        _real.exit_process(1)

"""Ends forked copies of a run that come back to what loads or runs tests; the parent reports them."""

from __future__ import annotations

from .._base import real
from .._operations import callsite
from .._verdicts import faults, log_writing, scopes, violation_log
from . import ceilings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Fork:
    """The last fork of a run. Its copy finds it in its memory, and reports it."""

    def __init__(self, current_test: Callable[[], Any]) -> None:
        self.site = callsite.find_call_site("os.fork")
        active = scopes.active()
        if active is not None and active.policy is not None and active.owner is not None:
            self.scope = active
            return
        test = current_test()
        self.scope = scopes.Scope(test if test is not None else callsite.find_outside_of_tests()[0], None)
        self.scope.ended = True  # nothing is judged in it
        violation_log.expect_entries(self.scope)


new_fork = faults.shielded(Fork)
collect_entries = violation_log.collect_entries


def end_copy(fork: Fork | None) -> None:
    """End this process, which is a forked copy that has come back."""
    try:
        if fork is not None:
            if fork.scope.policy is not None:
                ceilings.end_if_forked(fork.scope)
            ceilings.process_error("stray", fork.scope.name, "a forked child", scope=fork.scope, site=fork.site)
    finally:
        real.exit_process(log_writing.END_STATUS)

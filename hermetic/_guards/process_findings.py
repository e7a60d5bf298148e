"""Makes the errors H008: what goes wrong with processes, whatever the size of the test."""

from __future__ import annotations

from .._base.records import Operation, Violation
from .._base.sizes import MULTIPROCESSING
from .._operations import callsite
from .._policy import messages
from .._verdicts import log_writing, scopes, violation_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._base.errors import ViolationError
    from .._base.records import CallSite
    from .._verdicts.scopes import Scope


def error(
    action: str, owner: str, target: str, *, scope: Scope | None = None, site: CallSite | None = None
) -> ViolationError:
    """The error of a finding, for the caller to raise; it is recorded in the scope.

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

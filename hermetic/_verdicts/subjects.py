"""Finds who answers for an operation: a scope or, outside of tests, the fixture or module on the call stack."""

from __future__ import annotations

from .._operations import callsite
from .._settings.current_run import current_run
from . import scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._policy.decision import Policy
    from .scopes import Scope


def scope_in_force() -> Scope | None:
    """Return the scope that an operation belongs to, in a test or outside; None if there is none."""
    return scopes.active() or _scope_of_marked_module()


def _scope_of_marked_module() -> Scope | None:
    """Return the scope of a module with `__hermetic__` whose import or fixture runs."""
    module = callsite.marked_module()
    if module is None:
        return None
    known = scopes.running.module_scopes
    if module not in known:
        scope = scopes.Scope(None, current_run.policy_of(module))
        scope.ended = True  # its violations are late: the next result reports them
        return known.setdefault(module, scope)
    return known[module]


def answering(scope: Scope) -> tuple[str, Policy | None]:
    """Return the name of the test, fixture or import that answers for a scope, and its policy."""
    return outside(scope) if scope.owner is None else (scope.name, scope.policy)


def outside(scope: Scope) -> tuple[str, Policy | None]:
    """Return the name of what runs outside of tests, and its policy within a scope without an owner."""
    name, subject = callsite.find_outside_of_tests()
    own = current_run.policy_of(subject) if subject is not None else None
    if own is None or scope.policy is None:
        return name, scope.policy
    return name, own.allowing(scope.policy.allowance)  # an allow block holds here, too

"""Who answers for an operation: a scope, and outside of tests a fixture or a module, which the call stack tells."""

from __future__ import annotations

from .._operations import callsite
from .._settings.current_run import current_run
from . import scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._policy.decision import Policy
    from .scopes import Scope


def scope_in_force() -> Scope | None:
    """The scope that an operation belongs to, in a test or outside; None for none."""
    return scopes.active() or _scope_of_marked_module()


_module_scopes: dict[str, Scope] = {}


def _scope_of_marked_module() -> Scope | None:
    """The scope of a module with `__hermetic__` that is being imported or whose fixture runs."""
    module = callsite.marked_module()
    if module is None:
        return None
    if module not in _module_scopes:
        scope = scopes.Scope(None, current_run.policy_of(module))
        scope.ended = True  # what it records is reported with the next result that we see
        _module_scopes[module] = scope
    return _module_scopes[module]


def answering(scope: Scope) -> tuple[str, Policy | None]:
    """Who answers for what happens in a scope: the name of the test, the fixture or the import, and its policy."""
    return outside(scope) if scope.owner is None else (scope.name, scope.policy)


def outside(scope: Scope) -> tuple[str, Policy | None]:
    """As ``answering``, for a scope without an owner: that of what runs outside of tests."""
    name, subject = callsite.outside_of_tests()
    own = current_run.policy_of(subject) if subject is not None else None
    if own is None or scope.policy is None:
        return name, scope.policy
    return name, own.allowing(scope.policy.allowance)  # what a block allows, it allows here, too

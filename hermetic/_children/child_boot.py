"""Puts a child process that was not forked, or an interpreter, into the scope that it was started in."""

from __future__ import annotations

from .._guards import ceilings
from .._patches.installation import install
from .._settings import reading as _reading  # noqa: F401 - what is imported later may no longer find us
from .._verdicts import scopes, violation_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def boot(payload: dict[str, Any] | None) -> None:
    """Enter the scope that the parent has described, or leave it for None. Called in the child by ``boot_code``."""
    if payload is None:
        scopes.running.process = None
        return
    if scopes.running.process is not None and scopes.running.process.serial == payload["serial"]:
        return  # an interpreter that is used again in the same test
    policy = violation_data.policy_of(payload["policy"])
    if policy is not None:
        install(policy.forbid)
    scope = scopes.Scope(payload["test"], policy)
    scope.serial, scope.births_of = payload["serial"], payload["births_of"]
    scope.home, scope.log_path = 0, payload["report"]
    scopes.running.process = scope
    scopes.running.depth, scopes.running.sandboxed_by_parent = payload["depth"], payload["sandboxed"]
    ceilings.inherit(payload["ceilings"])
    ceilings.be_born(scope)

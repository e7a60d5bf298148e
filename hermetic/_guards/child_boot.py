"""Puts a child process that was not forked, or an interpreter, into the scope that it was started in."""

from __future__ import annotations

from . import ceilings, children, events, install, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def boot(payload: dict[str, Any] | None) -> None:
    """Enter the scope of the parent, or leave it for None; called by ``inheritance.boot_code`` in the child."""
    if payload is None:
        state.running.process = None
        return
    if state.running.process is not None and state.running.process.serial == payload["serial"]:
        return  # an interpreter that is used again in the same test
    policy = children.policy_of(payload["policy"])
    if policy is not None:
        install(policy.forbid)
        events.records()  # what is imported later may no longer find us
    scope = state.Scope(payload["test"], policy)
    scope.serial, scope.births_of = payload["serial"], payload["births_of"]
    scope.home, scope.report_path = 0, payload["report"]
    state.running.process = scope
    state.running.depth, state.running.sandboxed_by_parent = payload["depth"], payload["sandboxed"]
    ceilings.inherit(payload["ceilings"])
    ceilings.be_born(scope)

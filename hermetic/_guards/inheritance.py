"""What children inherit that are not forked: the scope that they were started in.

It is sent as source text of builtins only, which runs before the child has its ``sys.path``.
"""

from __future__ import annotations

import os

from . import ceilings, children, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .state import Scope


def described(scope: Scope) -> dict[str, Any]:
    """A scope as plain data, for a child that is about to be started in it."""
    children.prepare(scope)
    return {
        "serial": scope.serial,
        "test": scope.name,
        "report": scope.report_path,
        "depth": state.running.depth + 1,
        "ceilings": tuple(ceilings.in_force()),
        "policy": children.policy_fields(scope.policy),
    }


def boot_code(module: str, payload: dict[str, Any]) -> str:
    """Source text that has a fresh interpreter of this Python call ``boot`` of one of our modules.

    Args:
        module: the module's name, below the package.
        payload: what ``boot`` is called with; literals only.
    """
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    # The package itself would import unittest: its parts are imported below a stand-in that is gone afterwards.
    return (
        "import sys, types\n"
        "_known = 'hermetic' in sys.modules\n"
        "_package = sys.modules.setdefault('hermetic', types.ModuleType('hermetic'))\n"
        f"_package.__path__ = [{os.path.join(folder, 'hermetic')!r}]\n"
        "import importlib\n"
        f"importlib.import_module('hermetic.{module}').boot({payload!r})\n"
        "_known or sys.modules.pop('hermetic')\n"
    )


def boot(payload: dict[str, Any]) -> None:
    """Enter the scope of the parent; called by ``boot_code`` in the child."""
    if state.running.process is not None and state.running.process.serial == payload["serial"]:
        return  # an interpreter that is used again in the same test
    policy = children.policy_of(payload["policy"])
    if policy is not None:
        _guard(policy.forbid)
    scope = state.Scope(payload["test"], policy)
    scope.serial = payload["serial"]
    scope.home, scope.report_path = 0, payload["report"]
    state.running.process = scope
    state.running.depth = payload["depth"]
    ceilings.inherit(payload["ceilings"])
    ceilings.be_born(scope)


def _guard(opt_in: tuple[str, ...]) -> None:
    from . import events, install

    install(opt_in)
    events.records()  # what is imported later may no longer find us

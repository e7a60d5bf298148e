"""A spawned child: put under what its parent has told it, before anything of the user's runs."""

from __future__ import annotations

from .._patches.multiprocessing import main_guard, start_method, watching
from .._patches.multiprocessing import pools as _pools  # noqa: F401 - what is imported later may no longer find us

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def boot(payload: dict[str, Any]) -> None:
    """Be the child that was told this; called by the code in its preparation data.

    Args:
        payload: see ``preparation``.
    """
    if payload["scope"] is not None:
        from . import child_boot

        child_boot.boot(payload["scope"])
    start_method.set_default(payload["start_method"])
    watching.watch()  # its own children are told as well
    if payload["reimports_main"]:
        main_guard.watch(payload["main_at"])

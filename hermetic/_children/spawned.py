"""Prepares a spawned child as its parent has asked, before any code of the user's runs."""

from __future__ import annotations

from .._patches.multiprocessing import main_guard, multiprocessing_patches, start_method
from .._patches.multiprocessing import pools as _pools  # noqa: F401 - what is imported later may no longer find us

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def boot(payload: dict[str, Any]) -> None:
    """Enter the scope of the parent, patch multiprocessing, and watch the import of main."""
    if payload["scope"] is not None:
        from . import child_boot  # saves 5 ms in children of tests without a size

        child_boot.boot(payload["scope"])
    start_method.set_default(payload["start_method"])
    multiprocessing_patches.patch_multiprocessing()  # its own children get their policy, too
    if payload["reimports_main"]:
        main_guard.guard_main(payload["main_at"])

"""What the fork server imports, so that its children need not: each of them is put under its own test's policy."""

from __future__ import annotations

from .._guards import audit, child_boot, events, patches
from . import child

__all__ = ["audit", "child", "child_boot", "patches"]

events.records()

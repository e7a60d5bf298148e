"""What the fork server imports, so that its children need not: each of them is put under its own test's policy."""

from __future__ import annotations

from .._guards import audit
from .._operations import events
from .._patches import process_creation
from . import child_boot, spawned

__all__ = ["audit", "child_boot", "process_creation", "spawned"]

events.records()

"""The imports of the fork server, which its children need not repeat. Each child gets its own test's policy."""

from __future__ import annotations

from .._patches import guard_parts
from . import child_boot, spawned

__all__ = ["child_boot", "guard_parts", "spawned"]

"""What the fork server imports, so that its children need not: each of them is put under its own test's policy."""

from __future__ import annotations

from .._guards import audit, events, inheritance, patches
from . import child

__all__ = ["audit", "child", "inheritance", "patches"]

events.records()

"""Loads what a run needs only on a terminal, in parallel, or with some options: most runs do without."""

from __future__ import annotations

from .._isolation import processors
from .._results import optional_listeners, size_distribution
from .._suites import pace
from .._verdicts import known_violations
from . import live_listeners

__all__ = ["known_violations", "live_listeners", "optional_listeners", "pace", "processors", "size_distribution"]

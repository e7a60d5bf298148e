"""Loads what a run needs only on a terminal, in parallel, or with some options: most runs do without."""

from __future__ import annotations

from .._isolation import processors
from .._results import optional_listeners
from .._suites import pace
from . import live_listeners

__all__ = ["live_listeners", "optional_listeners", "pace", "processors"]

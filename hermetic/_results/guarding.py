"""Loads what the results of tests with a size need: parts of the guard, and what judges the end of a test."""

from __future__ import annotations

from .._isolation import process_tree
from .._patches.guard_parts import ceilings, faults, violation_log
from .._rules import groups
from .._verdicts import several_violations
from . import leftovers, optional_listeners, time_limits

__all__ = [
    "ceilings",
    "faults",
    "groups",
    "leftovers",
    "optional_listeners",
    "process_tree",
    "several_violations",
    "time_limits",
    "violation_log",
]

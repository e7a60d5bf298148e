"""Runs tests: protects classes, watches runs, and starts to do so when hermetic is imported."""

from __future__ import annotations

from .._patches import unittest_classes
from .._patches.multiprocessing import multiprocessing_patches
from .._settings.current_run import current_run
from . import definitions


def watch() -> None:
    """Start to protect marked TestCase classes as they are defined, and to judge the import of marked modules."""
    unittest_classes.watch_definitions(definitions.look_at_new)
    multiprocessing_patches.patch_multiprocessing()
    current_run.policy_of = definitions.policy_outside
    current_run.living_children = definitions.children_of_process

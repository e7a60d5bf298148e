"""Runs tests: protects classes, watches runs, and starts to do so when hermetic is imported."""

from __future__ import annotations

from .._patches import unittest_classes
from .._patches.multiprocessing import multiprocessing_patches
from .._results.guarded_result import guarding
from .._rules import policies
from .._settings.current_run import current_run
from . import class_protection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def watch() -> None:
    """Start to protect marked TestCase classes as they are defined, and to judge the import of marked modules."""
    unittest_classes.watch_definitions(class_protection.look_at)
    multiprocessing_patches.patch_multiprocessing()
    current_run.policy_of = policies.outside_of_tests
    current_run.living_children = _living_children


def _living_children() -> Iterable[int]:
    found: Iterable[int] = guarding().process_tree.living_children()
    return found

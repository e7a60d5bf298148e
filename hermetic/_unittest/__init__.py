"""hermetic's side of unittest: marks, protected classes, result, runner and program."""

from __future__ import annotations

from .. import _multiprocessing
from .._guards import state
from . import policies, protect


def watch() -> None:
    """From now on, protect marked TestCase classes as they are defined, and judge the import of marked modules."""
    protect.watch_class_definitions()
    _multiprocessing.watch()
    state.running.policy_of = policies.outside_of_tests

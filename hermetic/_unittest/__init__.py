"""hermetic's side of unittest: marks, protected classes, result, runner and program."""

from __future__ import annotations

from .. import _multiprocessing
from .._guards import state
from . import policies, protect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def watch() -> None:
    """From now on, protect marked TestCase classes as they are defined, and judge the import of marked modules."""
    protect.watch_class_definitions()
    _multiprocessing.watch()
    state.running.policy_of = policies.outside_of_tests
    state.running.children = _living_children


def _living_children() -> Iterable[int]:
    from .._isolation import processes  # loaded with the first process that is started

    return processes.living_children()

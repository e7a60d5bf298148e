"""hermetic's side of unittest: marks, protected classes, result, runner and program."""

from __future__ import annotations

from .._patches.multiprocessing import multiprocessing_patches
from .._rules import policies
from .._settings.current_run import current_run
from . import class_protection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def watch() -> None:
    """From now on, protect marked TestCase classes as they are defined, and judge the import of marked modules."""
    class_protection.watch_class_definitions()
    multiprocessing_patches.patch_multiprocessing()
    current_run.policy_of = policies.outside_of_tests
    current_run.living_children = _living_children


def _living_children() -> Iterable[int]:
    from .._isolation import process_tree  # loaded with the first process that is started

    return process_tree.living_children()

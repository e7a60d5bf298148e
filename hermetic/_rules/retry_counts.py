"""Finds the number of retries of a test: that of its nearest mark, or else of the setting ``retries``."""

from __future__ import annotations

from .._base.errors import DecorationError
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from . import marking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def are_possible() -> bool:
    """Whether a test of this process may be retried.

    The run retries the tests of a worker, and pytest has plugins for retries. Surveys, baselines, ``--vary`` and pdb
    need the first attempt. Without isolation, no other process may run the test.
    """
    if current_run.in_worker or current_run.host_isolates or current_run.is_observing or current_run.debugs:
        return False
    if current_run.settings.no_isolation or not (current_run.varied is None or current_run.varied.is_ordinary):
        return False
    return current_run.retries_are_marked or bool(_by_setting())


def of_test(test: Any) -> int:
    """Return the number of retries of a test; 0 for a test with wrong marks, which are reported elsewhere."""
    own, name = marking.own_method(test), unittest_internals.test_method_name(test)
    if own is not None:
        return _find(type(test), name, own)
    return marking.found_once(_find, type(test), name)


def _find(cls: type, name: str, own: Any = None) -> int:
    if not current_run.retries_are_marked:
        return _by_setting()
    try:
        marks = [mark for _, found in marking.marks_of(cls, name, own) for mark in found]
    except DecorationError:
        return 0
    return next((mark.retries for mark in marks if mark.retries is not None), _by_setting())


def _by_setting() -> int:
    """The setting applies to hermetic's own program only: other runners may retry tests themselves."""
    return current_run.settings.retries if current_run.is_program else 0

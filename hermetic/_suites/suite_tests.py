"""Finds the tests of a suite, and their names, and says what the shortest time is that counts."""

from __future__ import annotations

import unittest

from .._verdicts.scopes import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

MIN_SECONDS = 0.001  # the history does not record tests that take less, and plans count them as this
_FAILED_TO_LOAD = "unittest.loader._FailedTest."  # the start of the id of a module that could not be loaded


def tests_in(suite: Any) -> Iterator[Any]:
    """The tests of a suite and of its nested suites."""
    if isinstance(suite, unittest.TestCase) or not hasattr(suite, "__iter__"):
        yield suite
    else:
        for test in suite:
            yield from tests_in(test)


def name_of(test: Any) -> str:
    """The id of a test; for a module that could not be loaded, the module's name."""
    return owner_name(test).removeprefix(_FAILED_TO_LOAD)


def failed_to_load(test: Any) -> bool:
    """Whether a test stands for a module that could not be loaded."""
    return owner_name(test).startswith(_FAILED_TO_LOAD)

"""Variations of which tests run before which."""

from __future__ import annotations

import unittest

from .._base import features, system
from .._suites import order, suite_blocks
from .._verdicts import scopes
from .variation import Variation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SEED = "1"


def _reversed(suite: Any) -> Any:
    return unittest.TestSuite([block.test for block in order.reversed_blocks([*suite_blocks.blocks_in(suite)])])


def _shuffled(suite: Any) -> Any:
    return unittest.TestSuite([block.test for block in order.shuffled_blocks([*suite_blocks.blocks_in(suite)], _SEED)])


def _twice(suite: Any) -> Any:
    blocks = [block.test for block in suite_blocks.blocks_in(suite)]
    return unittest.TestSuite([*blocks, *blocks])


def _alone(suite: Any) -> Any:
    """Run each test in a fork of this process, and go on in each fork with that test; then without any."""
    for block in suite_blocks.blocks_in(suite):
        with scopes.unjudged():
            pid = system.fork()
        if pid == 0:
            return unittest.TestSuite([block.test])
        system.waitpid(pid, 0)
    return unittest.TestSuite()


def _cannot_fork() -> str:
    return "" if features.LINUX else "fork is not safe on this system"


VARIATIONS = (
    Variation("order", "reversed", "the last module, class and test first", within=_reversed),
    Variation("order", "shuffled", f"the order of --shuffle {_SEED}", within=_shuffled),
    Variation("order", "twice", "all tests run twice in a process; the second time counts", within=_twice, slows=2.0),
    Variation(
        "order", "alone", "each test runs alone, in a fork from before the first test", within=_alone, slows=10.0,
        reason=_cannot_fork,
    ),
)  # fmt: skip

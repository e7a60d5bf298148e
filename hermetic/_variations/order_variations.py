"""Variations of which tests run before which."""

from __future__ import annotations

import unittest

from .._suites import order, suite_blocks
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


VARIATIONS = (
    Variation("order", "reversed", "the last module, class and test first", within=_reversed),
    Variation("order", "shuffled", f"the order of --shuffle {_SEED}", within=_shuffled),
    Variation("order", "twice", "all tests run twice in a process; the second time counts", within=_twice, slows=2.0),
    Variation(
        "order", "alone", "each test runs in a process of its own (--isolated)",
        settings={"isolated": True, "no_isolation": False, "leaks": "off"}, slows=10.0,
    ),
)  # fmt: skip

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


VARIATIONS = (
    Variation("order", "reversed", "the last module, class and test first", within=_reversed),
    Variation("order", "shuffled", f"the order of --shuffle {_SEED}", within=_shuffled),
)

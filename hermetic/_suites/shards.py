"""Divides the tests of a suite into shards, so that several machines can each find and run their own part.

Tests that must stay together do (``suite_blocks.unit_of``). The longest units are assigned first, each to the shard
with the least recorded time so far. The result depends only on the names of the tests, their recorded durations and the
number of shards, so machines with the same data agree, whatever the order of the tests.
"""

from __future__ import annotations

import heapq
from collections import namedtuple

from .._base.errors import ConfigurationError
from . import suite_blocks
from .history_file import MIN_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .suite_blocks import SuiteBlock


class Shard(namedtuple("Shard", ("index", "count"))):  # noqa: PYI024 - as Policy
    """One of several parts of a suite.

    Attributes:
        index: the number of this part, from 1.
        count: the number of parts.
    """

    __slots__ = ()
    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def parse_shard(text: str, option: str) -> Shard:
    """Parse a shard written as ``K/N``.

    Args:
        text: the value.
        option: the option that it is the value of, for the error message.

    Raises:
        ConfigurationError: the text is not a valid shard.
    """
    index, slash, count = text.partition("/")
    if slash and all(part.isascii() and part.isdigit() for part in (index, count)):
        shard = Shard(int(index), int(count))
        if 1 <= shard.index <= shard.count:
            return shard
    raise ConfigurationError(f"{option} {text!r} is not a shard; write K/N, such as 1/4 for the first of four parts")


def parts_of(blocks: Iterable[SuiteBlock], count: int, durations: Mapping[str, float]) -> dict[str, int]:
    """The shard of each unit, from 1, by the name of the unit.

    Args:
        blocks: the blocks of all tests.
        count: the number of shards.
        durations: the seconds of tests, by id; tests without an entry count as ``history_file.MIN_SECONDS``.
    """
    members = suite_blocks.grouped(blocks, suite_blocks.unit_of)
    tests = {
        name: [test for block in group for test in suite_blocks.tests_in(block.test)] for name, group in members.items()
    }
    weights = {
        unit: sum(sorted(max(durations.get(suite_blocks.name_of(test), 0.0), MIN_SECONDS) for test in of_unit))
        for unit, of_unit in tests.items()
    }
    loads = [(0.0, index) for index in range(1, count + 1)]
    parts = {}
    for unit in sorted(weights, key=lambda name: (-weights[name], name)):
        load, index = loads[0]
        parts[unit] = index
        heapq.heapreplace(loads, (load + weights[unit], index))
    return parts

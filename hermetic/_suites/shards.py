"""Shards: the tests of a suite in parts, for as many machines, each of which finds its own part by itself.

What must not be parted stays together (``units.unit_of``). The longest units are dealt first, each to the shard that
has the least so far, as recorded durations have it. The outcome depends on nothing but the names of the tests, those
durations and the number of shards: processes that know the same make the same parts, whatever their order.
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

    from .suite_blocks import Block

__unittest = True


class Shard(namedtuple("Shard", ("index", "count"))):  # noqa: PYI024 - as Policy
    """One of several parts of a suite.

    Attributes:
        index: which, from 1.
        count: of how many.
    """

    __slots__ = ()
    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def parse(text: str, option: str) -> Shard:
    """The shard that is written as ``K/N``.

    Args:
        text: what is written.
        option: where; for the error.

    Raises:
        ConfigurationError: it is no shard.
    """
    index, slash, count = text.partition("/")
    if slash and all(part.isascii() and part.isdigit() for part in (index, count)):
        shard = Shard(int(index), int(count))
        if 1 <= shard.index <= shard.count:
            return shard
    raise ConfigurationError(f"{option} {text!r} is no shard; write K/N, such as 1/4 for the first of four parts")


def parts_of(blocks: Iterable[Block], count: int, durations: Mapping[str, float]) -> dict[str, int]:
    """Which shard each unit is in, from 1, by its name.

    Args:
        blocks: those of all tests.
        count: how many shards there are.
        durations: seconds by the ids of tests; others count as ``history_file.MIN_SECONDS``.
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

"""Selects and orders the tests of a run: conditions, shards, failed tests only, shuffling, failed tests first.

The tests of a class stay together, and so do the classes of a module, so that their fixtures run once. Each step works
on the blocks (``suite_blocks``) that the step before has left.

Several machines can each find and run their own shard. The longest units of tests that must stay together are assigned
first, each to the shard with the least recorded time so far. The result depends only on the names of the tests, their
recorded durations and the number of shards, so machines with the same data agree, whatever the order of the tests.
"""

from __future__ import annotations

import heapq
import operator
import unittest
from collections import namedtuple

from .._base import real
from .._base.errors import ConfigurationError
from . import suite_blocks, suite_tests
from .history_file import owners_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from .._settings.values import Settings
    from .history import RunHistory
    from .selection import Selection
    from .suite_blocks import SuiteBlock

    Key = Callable[[str, list[SuiteBlock]], Any]

_LEVELS = ("module", "class", "test")
_PLACES = (operator.attrgetter("module"), operator.attrgetter("class_name"), operator.attrgetter("name"))


class Shard(namedtuple("Shard", ("index", "count"))):  # noqa: PYI024 - as Policy
    """One of several parts of a suite.

    Attributes:
        index: the number of this part, from 1.
    """

    __slots__ = ()
    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def parse_shard(text: str, option: str) -> Shard:
    """Parse a shard written as ``K/N``.

    Args:
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
        durations: the seconds of tests, by id; tests without an entry count as ``suite_tests.MIN_SECONDS``.
    """
    members = suite_blocks.grouped(blocks, suite_blocks.unit_of)
    tests = {
        name: [test for block in group for test in suite_tests.tests_in(block.test)] for name, group in members.items()
    }
    weights = {
        unit: sum(
            sorted(max(durations.get(suite_tests.name_of(test), 0.0), suite_tests.MIN_SECONDS) for test in of_unit)
        )
        for unit, of_unit in tests.items()
    }
    loads = [(0.0, index) for index in range(1, count + 1)]
    parts = {}
    for unit in sorted(weights, key=lambda name: (-weights[name], name)):
        load, index = loads[0]
        parts[unit] = index
        heapq.heapreplace(loads, (load + weights[unit], index))
    return parts


class Order:
    """Selects and orders the tests of a program.

    Args:
        shard: the part of the tests to run; None for all tests.
        selection: what is asked of each test.

    Attributes:
        selection: as given.
        seed: the seed of the shuffled order, in digits; or ``off``.
        has_left_all_out: whether some run had tests, and none of them was in the shard, or chosen by Bazel.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        shard: Shard | None,
        last_failed: bool,
        selection: Selection,
        history: RunHistory | None,
    ) -> None:
        self._shard = shard
        self._last_failed = last_failed
        self.selection = selection
        self._failed_first = settings.failed_first
        self._history = history
        self.seed = settings.shuffle
        if self.seed == "random":
            self.seed = str(int.from_bytes(real.random_bytes(4), "big"))
        self._level = settings.shuffle_level
        self.has_left_all_out = False

    def arranged(self, suite: Any, tell: Callable[[str], Any]) -> Any:
        """The tests of a suite that are to run, in order.

        Args:
            tell: called with each line that explains the selection or the order to the user.

        Raises:
            ConfigurationError: the selection names a test that is not there.
        """
        blocks = loaded = [*suite_blocks.blocks_in(suite)]
        blocks = self.selection.chosen(blocks)
        self.has_left_all_out |= self.selection.may_be_empty and bool(loaded) and not blocks
        if self._shard is not None and blocks:
            blocks = self._in_shard(blocks, self._shard, tell)
            self.has_left_all_out |= not blocks
        if self._last_failed:
            blocks = self._that_failed(blocks, tell)
        if self.seed_line is not None:
            tell(self.seed_line)
            blocks = shuffled_blocks(blocks, self.seed, self._level)
        if self._failed_first:
            blocks = self._with_failed_first(blocks)
        return unittest.TestSuite([block.test for block in blocks])

    def _in_shard(self, blocks: list[SuiteBlock], shard: Shard, tell: Callable[[str], Any]) -> list[SuiteBlock]:
        parts = parts_of(blocks, shard.count, self._history.durations if self._history else {})
        chosen = [block for block in blocks if parts[suite_blocks.unit_of(block)] == shard.index]
        tell(
            f"Shard {shard}: {_count(chosen)} of {_count(blocks)} tests, plan {_digest(str(sorted(parts.items())))[:8]}"
        )
        return chosen

    def _that_failed(self, blocks: list[SuiteBlock], tell: Callable[[str], Any]) -> list[SuiteBlock]:
        has_failed = self._failures()
        chosen = [block for block in blocks if has_failed(block)]
        if chosen:
            tell(f"Only tests that failed last: {_count(chosen)} of {_count(blocks)}")
        elif self._history is not None and self._history.failed:
            tell(f"None of the {len(self._history.failed)} recorded failures is among these tests: running all tests")
        else:
            tell("No failed tests are recorded: running all tests")
        return chosen or blocks

    def _with_failed_first(self, blocks: list[SuiteBlock]) -> list[SuiteBlock]:
        has_failed = self._failures()
        if not any(map(has_failed, blocks)):
            return blocks
        return _sorted(blocks, [lambda _, group: not any(map(has_failed, group))] * len(_LEVELS))

    def _failures(self) -> Callable[[SuiteBlock], bool]:
        """A function that tells whether a block, or a part or owner of it, failed in its last run."""
        failed = self._history.failed if self._history else {}
        within = {name for one in failed for name in owners_of(one)}  # modules and classes that contain a failure

        def has_failed(block: SuiteBlock) -> bool:
            return any(
                name in failed
                or any(owner in failed for owner in owners_of(name))
                or (name in within and suite_tests.failed_to_load(block.test))
                for name in suite_blocks.names_in_block(block)
            )

        return has_failed

    @property
    def seed_line(self) -> str | None:
        """The line that tells the user how to repeat this order; None without shuffling."""
        level = "" if self._level == "test" else f" --shuffle-level {self._level}"
        return None if self.seed == "off" else f"Shuffled: --shuffle {self.seed}{level} repeats this order"


def reversed_blocks(blocks: list[SuiteBlock]) -> list[SuiteBlock]:
    """The blocks with the last module first, in it the last class, and in that the last test."""
    return _sorted(blocks, [_backwards(blocks, place) for place in _PLACES])


def _backwards(blocks: list[SuiteBlock], place: Callable[[SuiteBlock], str]) -> Key:
    places = {place(block): number for number, block in enumerate(blocks)}
    return lambda name, _: -places[name]


def shuffled_blocks(blocks: list[SuiteBlock], seed: str, level: str = "test") -> list[SuiteBlock]:
    """The blocks in the order of a seed."""
    # Sorted by digests, so that leaving out tests does not change the order of the others.
    return _sorted(blocks, [_by_digest(f"{seed} ")] * (_LEVELS.index(level) + 1))


def _sorted(blocks: list[SuiteBlock], keys: Sequence[Key]) -> list[SuiteBlock]:
    """The blocks with their modules, classes and tests sorted by the first, second and third key.

    Args:
        blocks: the blocks; a level without a key keeps its order.
        keys: each is called with a name and its blocks.
    """
    return _sorted_below(blocks, 0, keys)


def _sorted_below(blocks: list[SuiteBlock], level: int, keys: Sequence[Key]) -> list[SuiteBlock]:
    if level == len(_LEVELS):
        return blocks
    groups = suite_blocks.grouped(blocks, _PLACES[level])
    names = sorted(groups, key=lambda name: keys[level](name, groups[name])) if level < len(keys) else groups
    return [block for name in names for block in _sorted_below(groups[name], level + 1, keys)]


def _by_digest(salt: str) -> Key:
    return lambda name, _: _digest(salt + name)


def _digest(text: str) -> str:
    import hashlib  # not worth its start-up time in other runs

    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _count(blocks: list[SuiteBlock]) -> int:
    return sum(int(block.test.countTestCases()) for block in blocks)

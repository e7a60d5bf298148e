"""Which tests of a run come in which order: shards, the choice of tests, shuffling, failed ones first.

The tests of a class stay together, as do the classes of a module, so that their fixtures run once; what cannot be
taken apart is moved as it is (``units``). Each step takes the blocks as the one before has left them.
"""

from __future__ import annotations

import operator
import unittest

from .._base import real
from . import shards, suite_blocks
from .history_file import owners_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .._settings.table import Settings
    from .history import RunHistory
    from .shards import Shard
    from .suite_blocks import Block

__unittest = True

_LEVELS = ("module", "class", "test")
_PLACES = (operator.attrgetter("module"), operator.attrgetter("class_name"), operator.attrgetter("name"))


class Order:
    """How a program chooses and orders its tests.

    Args:
        settings: those in force.
        shard: the part of the tests that is to run; None for all.
        last_failed: whether only those are to run that failed last.
        chooses: whether a test is to run, by its id; None for all.
        history: what is known of earlier runs; None for nothing.

    Attributes:
        seed: that the tests are shuffled by, in digits; or ``off``.
        has_left_all_out: whether there was a run with tests of which none is in the shard, or is chosen.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        shard: Shard | None,
        last_failed: bool,
        chooses: Callable[[str], bool] | None,
        history: RunHistory | None,
    ) -> None:
        self._shard = shard
        self._last_failed = last_failed
        self._chooses = chooses
        self._failed_first = settings.failed_first
        self._history = history
        self.seed = settings.shuffle
        if self.seed == "random":
            self.seed = str(int.from_bytes(real.random_bytes(4), "big"))
        self._level = settings.shuffle_level
        self.has_left_all_out = False

    def arranged(self, suite: Any, tell: Callable[[str], Any]) -> Any:
        """The tests of a suite that are to run, in the order in which they are.

        Args:
            suite: as it was loaded.
            tell: called with each line that says what was done, for people.
        """
        blocks = loaded = [*suite_blocks.blocks_in(suite)]
        if self._chooses is not None:
            blocks = [block for block in blocks if suite_blocks.failed_to_load(block.test) or self._is_chosen(block)]
        if self._shard is not None:
            blocks = self._in_shard(blocks, self._shard, tell)
        self.has_left_all_out |= bool(loaded) and not blocks
        if self._last_failed:
            blocks = self._that_failed(blocks, tell)
        if self.seed_line is not None:
            tell(self.seed_line)
            blocks = self._shuffled(blocks)
        if self._failed_first:
            blocks = self._with_failed_first(blocks)
        return unittest.TestSuite([block.test for block in blocks])

    def _is_chosen(self, block: Block) -> bool:
        return self._chooses is None or any(map(self._chooses, suite_blocks.names_in(block)))

    def _in_shard(self, blocks: list[Block], shard: Shard, tell: Callable[[str], Any]) -> list[Block]:
        parts = shards.parts_of(blocks, shard.count, self._history.durations if self._history else {})
        chosen = [block for block in blocks if parts[suite_blocks.unit_of(block)] == shard.index]
        tell(
            f"Shard {shard}: {_count(chosen)} of {_count(blocks)} tests, plan {_digest(str(sorted(parts.items())))[:8]}"
        )
        return chosen

    def _that_failed(self, blocks: list[Block], tell: Callable[[str], Any]) -> list[Block]:
        has_failed = self._failures()
        chosen = [block for block in blocks if has_failed(block)]
        if chosen:
            tell(f"Only what failed last: {_count(chosen)} of {_count(blocks)} tests")
        elif self._history is not None and self._history.failed:
            tell(f"None of these tests is among the {len(self._history.failed)} that failed last: all are run")
        else:
            tell("No test is known to have failed last: all are run")
        return chosen or blocks

    def _with_failed_first(self, blocks: list[Block]) -> list[Block]:
        has_failed = self._failures()
        if not any(map(has_failed, blocks)):
            return blocks
        return _sorted(blocks, [lambda _, group: not any(map(has_failed, group))] * len(_LEVELS))

    def _failures(self) -> Callable[[Block], bool]:
        """Whether something of a block failed last."""
        failed = self._history.failed if self._history else {}
        within = {name for one in failed for name in owners_of(one)}  # what holds something that failed

        def has_failed(block: Block) -> bool:
            return any(
                name in failed
                or any(owner in failed for owner in owners_of(name))
                or (name in within and suite_blocks.failed_to_load(block.test))
                for name in suite_blocks.names_in(block)
            )

        return has_failed

    def _shuffled(self, blocks: list[Block]) -> list[Block]:
        # By a digest, not by a generator: tests that are left out do not change the order of the others.
        by_seed = _by_digest(f"{self.seed} ")
        return _sorted(blocks, [by_seed] * (_LEVELS.index(self._level) + 1))

    @property
    def seed_line(self) -> str | None:
        """How to have this order again, for people; None without shuffling."""
        level = "" if self._level == "test" else f" --shuffle-level {self._level}"
        return None if self.seed == "off" else f"Shuffled: --shuffle {self.seed}{level} gives this order again"


def _sorted(blocks: list[Block], keys: Sequence[Callable[[str, list[Block]], Any]]) -> list[Block]:
    """The blocks by module, then by class, then by test, each sorted by its key, as far as there are keys.

    Args:
        blocks: in the order that they keep otherwise.
        keys: called with a name and its blocks, the first with modules.
    """
    return _sorted_below(blocks, 0, keys)


def _sorted_below(blocks: list[Block], level: int, keys: Sequence[Callable[[str, list[Block]], Any]]) -> list[Block]:
    if level == len(_LEVELS):
        return blocks
    groups = suite_blocks.grouped(blocks, _PLACES[level])
    names = sorted(groups, key=lambda name: keys[level](name, groups[name])) if level < len(keys) else groups
    return [block for name in names for block in _sorted_below(groups[name], level + 1, keys)]


def _by_digest(salt: str) -> Callable[[str, list[Block]], str]:
    return lambda name, _: _digest(salt + name)


def _digest(text: str) -> str:
    import hashlib  # not worth its start-up time in other runs

    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _count(blocks: list[Block]) -> int:
    return sum(int(block.test.countTestCases()) for block in blocks)

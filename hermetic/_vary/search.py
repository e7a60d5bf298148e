"""Finds the variations that each test depends on, in few runs: the searches of all tests share them.

    causes()      for each test that changed under a batch, the smallest set of variations that changes it
    confirmed()   how often pairs of runs, without and with that set, show the change

Neither starts processes: the caller passes a function that does the runs.
"""

from __future__ import annotations

from collections import Counter

from .._studies import bisection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from typing import TypeVar

    Test = TypeVar("Test", bound=Hashable)
    Set = tuple[str, ...]  # names of variations, in the order of the catalogue
    # Called with the tests to run under each set; returns for each set the tests whose verdict it changes.
    TryAll = Callable[[Mapping[Set, Sequence[Test]]], Mapping[Set, Iterable[Test]]]

_TRIALS = 9  # for each halving of a batch: a search for a set of four takes them all
PAIRS = 6  # with two plain runs, they keep the accusation of a test that fails at random below 0.1 %


def causes(candidates: Mapping[Test, Set], try_all: TryAll[Test]) -> dict[Test, Set]:
    """The smallest set of variations that each test depends on.

    A test whose verdicts contradict each other gets some set, or none: its search ends after a number of trials.

    Args:
        candidates: by each test, the variations that change its verdict if all of them are in force.
    """
    found: dict[Test, Set] = {}
    trials: Counter[Test] = Counter()
    searches = {test: bisection.steps(len(names)) for test, names in candidates.items()}
    answers: dict[Test, bool | None] = dict.fromkeys(candidates)
    while answers:
        asked: dict[Test, Set] = {}
        for test, answer in answers.items():
            names = candidates[test]
            trials[test] += 1
            if trials[test] > _TRIALS * max(1, (len(names) - 1).bit_length()):
                continue
            try:
                part = next(searches[test]) if answer is None else searches[test].send(answer)
                asked[test] = tuple(names[place] for place in part)
            except StopIteration as end:
                found[test] = tuple(names[place] for place in end.value)
        answers = {**changes_under(asked, try_all)}
    return {test: found[test] for test in candidates if test in found}


def changes_under(sets: Mapping[Test, Set], try_all: TryAll[Test]) -> dict[Test, bool]:
    """Whether the verdict of each test changes under its set; tests with the same set share a run."""
    if not sets:
        return {}
    by_set: dict[Set, list[Test]] = {}
    for test, names in sets.items():
        by_set.setdefault(names, []).append(test)
    changed = try_all(by_set)
    return {test: test in changed[names] for test, names in sets.items()}


class Confirmation:
    """How a set of variations and a test did in pairs of runs.

    Attributes:
        shown: in how many runs with the set the verdict changed.
        runs: the number of pairs so far.
        is_random: whether the verdict changed in a run without the set.
    """

    def __init__(self) -> None:
        self.shown = self.runs = 0
        self.is_random = False

    @property
    def is_steady(self) -> bool:
        """Whether the verdict changed with the set, and only with it, so far."""
        return self.shown == self.runs and not self.is_random


def confirmed(
    sets: Mapping[Test, Set], try_all: TryAll[Test], join: Callable[[Set, Set], Set | None]
) -> dict[Test, Confirmation]:
    """Do pairs of runs, without and with the set of each test, until one contradicts the set.

    Sets that fit together share the runs first, as in ``confirmed_together``. A test for which these are no proof gets
    pairs with its set alone: another set may have hidden the effect.

    Args:
        sets: by their tests.
        join: returns the union of two sets; None if they exclude each other.
    """
    together = _parted_pairs(sets.values(), join)
    found = _in_pairs({test: together[names] for test, names in sets.items()}, try_all)
    alone = {test: [((), names)] * PAIRS for test, names in sets.items() if not found[test].is_steady}
    hidden = {test: pairs for test, pairs in alone.items() if pairs != together[sets[test]]}
    return {**found, **_in_pairs(hidden, try_all)}


def confirmed_together(
    sets: Mapping[Test, Set], try_all: TryAll[Test], join: Callable[[Set, Set], Set | None]
) -> dict[Test, Confirmation]:
    """Do the pairs of runs that sets share, until one contradicts the set: another set may have done that."""
    pairs = _parted_pairs(sets.values(), join)
    return _in_pairs({test: pairs[names] for test, names in sets.items()}, try_all)


def _parted_pairs(sets: Iterable[Set], join: Callable[[Set, Set], Set | None]) -> dict[Set, list[tuple[Set, Set]]]:
    """Pairs of runs without and with each set, in which sets that fit together are parted in halves.

    Each pair parts them in another way, and any two of them are in different halves of some pair. So a test that always
    changes with one half, and never with the other, owes that to its own set.
    """
    pairs: dict[Set, list[tuple[Set, Set]]] = {}
    for group in _groups(sets, join):
        for bit in range(PAIRS):
            halves: list[Set] = [(), ()]
            for place, names in enumerate(group):
                half = place >> bit & 1
                halves[half] = (join(halves[half], names) or names) if halves[half] else names
            for place, names in enumerate(group):
                half = place >> bit & 1
                pairs.setdefault(names, []).append((halves[1 - half], halves[half]))
    return pairs


def _groups(sets: Iterable[Set], join: Callable[[Set, Set], Set | None]) -> list[list[Set]]:
    """Sets that fit together and share nothing; no more in a group than the pairs can part."""
    groups: list[list[Set]] = []
    unions: list[Set] = []
    for names in dict.fromkeys(sets):
        for place, union in enumerate(unions):
            joined = join(union, names)
            if joined is not None and len(joined) == len(union) + len(names) and len(groups[place]) < 2**PAIRS:
                groups[place].append(names)
                unions[place] = joined
                break
        else:
            groups.append([names])
            unions.append(names)
    return groups


def _in_pairs(pairs: Mapping[Test, Sequence[tuple[Set, Set]]], try_all: TryAll[Test]) -> dict[Test, Confirmation]:
    """Do the runs of the pairs of each test, which are without and with its set."""
    found = {test: Confirmation() for test in pairs}
    for number in range(PAIRS):
        left = {test: those[number] for test, those in pairs.items() if found[test].is_steady}
        changed_without, changed_with = _changes_in_pair(left, try_all)
        for test in left:
            found[test].runs += 1
            found[test].shown += changed_with[test]
            found[test].is_random = changed_without[test]
    return found


def _changes_in_pair(
    pairs: Mapping[Test, tuple[Set, Set]], try_all: TryAll[Test]
) -> tuple[dict[Test, bool], dict[Test, bool]]:
    """Whether each test changes without and with its set; a run without the sets of some is one with others' sets."""
    by_set: dict[Set, list[Test]] = {}
    for place in (0, 1):
        for test, pair in pairs.items():
            by_set.setdefault(pair[place], []).append(test)
    changed = try_all(by_set) if by_set else {}
    without = {test: test in changed[pair[0]] for test, pair in pairs.items()}
    return without, {test: test in changed[pair[1]] for test, pair in pairs.items()}

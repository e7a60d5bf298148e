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
PAIRS = 5  # with two plain runs, they keep the accusation of a test that fails at random below 0.1 %


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
    sets: Mapping[Test, Set], try_all: TryAll[Test], join: Callable[[Set, Set], Set | None], *, pairs: int = PAIRS
) -> dict[Test, Confirmation]:
    """Do pairs of runs, without and with the set of each test, until one contradicts the set.

    Sets that fit together share the runs with them, as each has already shown alone what it does. A test that does not
    change there gets pairs with its set alone: another set may have hidden the effect.

    Args:
        sets: by their tests.
        join: returns the union of two sets; None if they exclude each other.
    """
    joint = _joined(sets, join)
    found = _in_pairs(joint, try_all, pairs)
    hidden = {
        test: names
        for test, names in sets.items()
        if joint[test] != names and not (found[test].is_steady or found[test].is_random)
    }
    return {**found, **_in_pairs(hidden, try_all, pairs)}


def _joined(sets: Mapping[Test, Set], join: Callable[[Set, Set], Set | None]) -> dict[Test, Set]:
    """For each test, a set that contains its own; as few as fit together."""
    unions: list[Set] = []
    place_of: dict[Set, int] = {}
    for names in dict.fromkeys(sets.values()):
        for place, union in enumerate(unions):
            joined = join(union, names)
            if joined is not None:
                unions[place], place_of[names] = joined, place
                break
        else:
            place_of[names] = len(unions)
            unions.append(names)
    return {test: unions[place_of[names]] for test, names in sets.items()}


def _in_pairs(sets: Mapping[Test, Set], try_all: TryAll[Test], pairs: int) -> dict[Test, Confirmation]:
    found = {test: Confirmation() for test in sets}
    for _ in range(pairs):
        left = {test: names for test, names in sets.items() if found[test].is_steady}
        changed_without = changes_under(dict.fromkeys(left, ()), try_all)
        changed_with = changes_under(left, try_all)
        for test in left:
            found[test].runs += 1
            found[test].shown += changed_with[test]
            found[test].is_random = changed_without[test]
    return found

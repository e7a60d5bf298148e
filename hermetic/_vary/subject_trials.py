"""Runs subjects under sets of variations, each together with the tests that it needs for its verdict to change."""

from __future__ import annotations

import functools

from .._variations import catalogue
from . import search
from .runs import Asked, Runs
from .study_findings import ALL_TESTS, ALONE, ITS_CLASS
from .verdicts import FIXTURE, MODULE, TEST, Subject, Verdict, Verdicts, differs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .._variations.variation import Variation
    from .search import Set

_APART = "order=alone"


class SubjectTrials:
    """Runs subjects under sets, and compares their verdicts with those of a plain run.

    Attributes:
        company: by each subject, the tests that must run with it: ``ALONE``, ``ITS_CLASS`` or ``ALL_TESTS``.
        needing_others: the subjects whose verdict changes alone, without any variation.
        varied: the verdicts that changed, by sets and subjects.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._plain = Verdicts()
        self._classes: dict[str, list[Subject]] = {}
        self.company: dict[Subject, int] = {}
        self.needing_others: set[Subject] = set()
        self.varied: dict[tuple[Set, Subject], Verdict] = {}

    def begin(self, plain: Verdicts) -> None:
        """Compare with the verdicts of a plain run from now on."""
        self._plain = plain
        for subject in plain:
            if subject.kind == TEST:
                self._classes.setdefault(_class_of(subject.name), []).append(subject)

    def choose_company(self, remaining: Mapping[Subject, Set]) -> list[Subject]:
        """Find how many other tests must run for a test to change under a set, and not to change without it.

        Return the subjects that do not change again, with all tests either.
        """
        left = {subject: names for subject, names in remaining.items() if subject not in self.company}
        for company in (ALONE, ITS_CLASS):
            self.company.update(dict.fromkeys(left, company))
            without = search.changes_under(dict.fromkeys(left, ()), self.try_all)
            under = search.changes_under(left, self.try_all)
            if company == ALONE:
                self.needing_others.update(subject for subject in left if without[subject])
            left = {subject: names for subject, names in left.items() if without[subject] or not under[subject]}
        self.company.update(dict.fromkeys(left, ALL_TESTS))
        return [subject for subject, changes in search.changes_under(left, self.try_all).items() if not changes]

    def _settle_company(self, sets: Mapping[Subject, Set]) -> None:
        """Have each subject change under its set in a process without the others that change, as in a user's hands.

        In the search they share processes, where one can spoil the surroundings of the next.
        """
        left = [subject for subject, is_shown in self._shown_apart(sets).items() if not is_shown]
        while left:
            asked = [(subject, names) for subject in left for names in ((), sets[subject])]
            done = self._runs.each([Asked(variations_of(names), self._tests_for([one])) for one, names in asked])
            found = [self.changes(subject, verdicts) for (subject, _), verdicts in zip(asked, done, strict=True)]
            shown = dict(zip(left, zip(found[::2], found[1::2], strict=True), strict=True))
            self.needing_others.update(one for one in left if shown[one][0] and self.company.get(one, ALONE) == ALONE)
            left = [one for one in left if shown[one] != (False, True) and self.company.get(one) != ALL_TESTS]
            for subject in left:
                self.company[subject] = self.company.get(subject, ALONE) + 1

    def _shown_apart(self, sets: Mapping[Subject, Set]) -> dict[Subject, bool]:
        """Whether each subject changes under its set, and only there, in a fork of a process that it shares."""
        apart = self._can_be_apart(sets)
        without = search.changes_under(dict.fromkeys(apart, ()), self._try_apart)
        under = search.changes_under(apart, self._try_apart)
        return {subject: subject in apart and under[subject] and not without[subject] for subject in sets}

    def confirmed(self, sets: Mapping[Subject, Set]) -> dict[Subject, search.Confirmation]:
        """Do pairs of runs without and with the set of each subject; no other run disturbs them.

        Most tests change apart from each other, in forks of processes that they share. Each of the others gets its
        company first.
        """
        try_apart = functools.partial(self._try_apart, in_turn=True)
        apart = search.confirmed_together(self._can_be_apart(sets), try_apart, catalogue.joined)
        others = {
            subject: names for subject, names in sets.items() if subject not in apart or not apart[subject].is_steady
        }
        self._settle_company(others)
        try_all = functools.partial(self.try_all, in_turn=True)
        found = search.confirmed(others, try_all, catalogue.joined)
        for subject, one in apart.items():
            is_lost = subject not in found or not (found[subject].shown or found[subject].is_random)
            if is_lost and not one.is_random:  # it has shown apart, if not each time
                found[subject] = one
        return found

    def _can_be_apart(self, sets: Mapping[Subject, Set]) -> dict[Subject, Set]:
        return {
            subject: names
            for subject, names in sets.items()
            if self.company.get(subject, ALONE) == ALONE and catalogue.can_join(variations_of((*names, _APART)))
        }

    def _try_apart(self, asked: Mapping[Set, Sequence[Subject]], *, in_turn: bool = False) -> dict[Set, list[Subject]]:
        joined = {(*names, _APART): subjects for names, subjects in asked.items()}
        return {names[:-1]: found for names, found in self.try_all(joined, in_turn=in_turn).items()}

    def changes(self, subject: Subject, verdicts: Verdicts) -> bool:
        """Whether the verdict of a subject differs from that of the plain run."""
        return differs(self._plain.of(subject), verdicts.of(subject))

    def _tests_for(self, subjects: Sequence[Subject]) -> tuple[Subject, ...] | None:
        """The tests that run for some subjects; None for all."""
        if any(self.company.get(subject) == ALL_TESTS for subject in subjects):
            return None
        return tuple(dict.fromkeys(test for subject in subjects for test in self._tests_with(subject)))

    def _tests_with(self, subject: Subject) -> Iterable[Subject]:
        """The tests that run together with a subject, and it with them."""
        if subject.kind == TEST:
            return [subject] if self.company[subject] == ALONE else self._classes[_class_of(subject.name)]
        owner = subject.name.partition(" (")[2].removesuffix(")") if subject.kind == FIXTURE else subject.name
        found = [test for test in self._plain if test.kind == TEST and test.name.startswith(f"{owner}.")]
        return found[:1] if subject.kind == MODULE or self.company[subject] == ALONE else found

    def run_each(
        self, asked: Mapping[Set, Sequence[Subject]], *, in_turn: bool = False
    ) -> Iterator[tuple[Set, Sequence[Subject], Verdicts]]:
        """Run subjects under sets, and return each set, its subjects, and the verdicts."""
        runs = [Asked(variations_of(names), self._tests_for(subjects)) for names, subjects in asked.items()]
        for (names, subjects), verdicts in zip(asked.items(), self._runs.each(runs, in_turn=in_turn), strict=True):
            yield names, subjects, verdicts

    def try_all(self, asked: Mapping[Set, Sequence[Subject]], *, in_turn: bool = False) -> dict[Set, list[Subject]]:
        """Run subjects under sets, and return those whose verdicts change."""
        found = {}
        for names, subjects, verdicts in self.run_each(asked, in_turn=in_turn):
            found[names] = [subject for subject in subjects if self.changes(subject, verdicts)]
            for subject in found[names]:
                self.varied[names, subject] = verdicts.of(subject)
        return found


def variations_of(names: Iterable[str]) -> tuple[Variation, ...]:
    """The variations with these names."""
    return tuple(catalogue.BY_NAME[name] for name in names)


def _class_of(name: str) -> str:
    return name.rpartition(".")[0]

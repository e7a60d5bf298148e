"""The study of a suite: plain runs, batches of variations, the search for causes, and pairs of runs that confirm them.

plain twice     tests whose verdicts differ there are unstable, and set apart
each batch      all variations that fit together at once; a test whose verdict changes is a candidate
the search      halves the variations for each candidate, until the smallest set is left
pairs           runs without and with that set; only what shows in each of them is reported as a dependence
"""

from __future__ import annotations

import re

from .._base import real
from .._base.errors import ConfigurationError
from .._variations import catalogue
from . import search
from .runs import Asked, OutOfBudgetError, Runs
from .study_findings import ALL_TESTS, ALONE, ITS_CLASS, Finding, StudyFindings
from .verdicts import (
    FAILS,
    FIXTURE,
    IS_SKIPPED,
    MODULE,
    TEST,
    THE_PROGRAM,
    Subject,
    Verdict,
    Verdicts,
    changed,
    differs,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .._variations.variation import Variation
    from .search import Set


_APART = "order=alone"


class Study:
    """A study of a suite.

    Args:
        runs: does the runs.
        tell: called with each line that tells the user how the study goes on.
    """

    def __init__(self, runs: Runs, variations: Sequence[Variation], tell: Callable[[str], None]) -> None:
        self._runs = runs
        self._tell = tell
        self._variations = variations
        self._plain = Verdicts()
        self._classes: dict[str, list[Subject]] = {}
        self._company: dict[Subject, int] = {}
        self._searched: list[Subject] = []  # the tests that changed under the batch that is being studied
        self._varied: dict[tuple[Set, Subject], Verdict] = {}  # verdicts that changed under sets
        self.findings = StudyFindings()

    def go(self) -> StudyFindings:
        """Do the study, and return what it found, also if Ctrl-C or the budget ends it.

        Raises:
            ConfigurationError: a plain run has no tests.
        """
        usable = [variation for variation in self._variations if self._is_usable(variation)]
        batches = catalogue.batches(usable)
        try:
            self._run_plain(len(usable), len(batches))
            while batches:
                self._study([variation.name for variation in batches[0]])
                del batches[0]
        except (OutOfBudgetError, KeyboardInterrupt) as end:
            self.findings.was_stopped = isinstance(end, KeyboardInterrupt)
            self.findings.not_tried = [variation.name for batch in batches for variation in batch]
            self.findings.unexplained += [subject for subject in self._searched if not self._is_concluded(subject)]
        self.findings.unexplained = [one for one in self.findings.unexplained if one not in self.findings.unstable]
        return self.findings

    def _is_concluded(self, subject: Subject) -> bool:
        return any(subject == finding.subject for finding in (*self.findings.steady, *self.findings.unsteady))

    def _is_usable(self, variation: Variation) -> bool:
        reason = variation.why_not()
        if reason:
            self.findings.left_out[variation.name] = reason
        return not reason

    def _run_plain(self, variations: int, batches: int) -> None:
        started = real.perf_counter()
        (first,) = self._runs.each([Asked((), None)])
        seconds = real.perf_counter() - started
        self._plain = self.findings.plain = first
        self._runs.limit(first, seconds)
        tests = [subject for subject in first if subject.kind == TEST]
        if not tests:
            raise ConfigurationError(
                f"--vary: a plain run has no tests: {first.of(THE_PROGRAM).text or 'none was found'}"
            )
        for subject in tests:
            self._classes.setdefault(_class_of(subject.name), []).append(subject)
        failing = sum(first[subject].outcome == FAILS for subject in tests)
        self._tell(
            f"{_count(len(tests), 'test')}{f' ({failing} failing)' if failing else ''}, {seconds:.1f} s in a plain run."
            f" To try: {_count(variations, 'variation')},"
            f" in {_count(batches, 'run')} of all tests: about {(batches + 1) * seconds:.0f} s, and more for each test"
            " that changes"
        )
        (second,) = self._runs.each([Asked((), None)])
        self.findings.unstable = changed(first, second)

    def _study(self, batch: list[str]) -> None:
        """Find what depends on the variations of a batch."""
        self._tell(f"{self._runs.processes} runs, {self._runs.seconds:.0f} s so far. Under {_listed(batch)}")
        names: Set = tuple(batch)
        tests: tuple[Subject, ...] | None = None
        while names:
            (verdicts,) = self._runs.each([Asked(_variations(names), tests)])
            self._note_skips(verdicts, names)
            candidates = [subject for subject in changed(self._plain, verdicts) if self._is_candidate(subject)]
            for subject in candidates:
                self._varied[names, subject] = verdicts.of(subject)
            self._find(candidates, names)
            # What keeps tests from running hides what these depend on: they run again without it.
            blocking = {
                name
                for finding in self.findings.steady
                if finding.subject in candidates and finding.subject.kind != TEST
                for name in finding.names
            }
            asked = tests or tuple(test for test in self._plain if test.kind == TEST)
            tests = tuple(test for test in asked if test not in verdicts)
            if tests and not blocking:
                self.findings.not_run.update(dict.fromkeys(tests, _listed(names)))
            names = tuple(name for name in names if name not in blocking) if blocking and tests else ()

    def _is_candidate(self, subject: Subject) -> bool:
        return subject not in self.findings.unstable

    def _note_skips(self, verdicts: Verdicts, names: Set) -> None:
        """Find the variations under which tests run that plain runs skip."""
        run_now = [subject for subject in verdicts if self._is_unskipped(subject, verdicts.of(subject))]
        self._company.update(dict.fromkeys(run_now, ALONE))
        new = {subject: names for subject in run_now if subject not in self.findings.unskipped}
        for subject, those in search.causes(new, self._run_skipped).items():
            self.findings.unskipped[subject] = _listed(those)

    def _is_unskipped(self, subject: Subject, verdict: Verdict) -> bool:
        return self._plain.of(subject).outcome == IS_SKIPPED and verdict.is_known

    def _find(self, candidates: list[Subject], names: Set) -> None:
        """Find the causes of candidates that changed under a batch."""
        self._searched = candidates
        remaining = {subject: self._unknown_to(subject, names) for subject in candidates}
        known = {subject: left for subject, left in remaining.items() if left != names}
        for subject, still_changes in search.changes_under(known, self._try_all).items():
            if not still_changes:
                del remaining[subject]
                self._note_more(subject, names)
        self._choose_company({subject: those for subject, those in remaining.items() if subject not in known})
        while remaining:
            sets = search.causes(remaining, self._try_all)
            self._settle_company(sets)
            confirmations = search.confirmed(sets, self._try_all, catalogue.joined)
            for subject, those in sets.items():
                self._conclude(subject, those, confirmations[subject])
            remaining = self._with_other_causes(sets, remaining)
        self._searched = []

    def _unknown_to(self, subject: Subject, names: Set) -> Set:
        """The variations but for those of a kind that the subject is known to depend on."""
        known = {
            catalogue.BY_NAME[finding.names[0]].exclusive_group
            for finding in self.findings.steady
            if finding.subject == subject and len(finding.names) == 1
        }
        return tuple(name for name in names if catalogue.BY_NAME[name].exclusive_group not in known)

    def _note_more(self, subject: Subject, names: Set) -> None:
        """Note variations of a kind that a subject is known to depend on, as the rest of a batch changes nothing."""
        for finding in self.findings.steady:
            if finding.subject == subject:
                group = catalogue.BY_NAME[finding.names[0]].exclusive_group
                finding.also += [name for name in names if catalogue.BY_NAME[name].exclusive_group == group]

    def _with_other_causes(self, sets: Mapping[Subject, Set], candidates: Mapping[Subject, Set]) -> dict[Subject, Set]:
        """The subjects that still change without what was found, and the variations that are left for them.

        All share a run without all that was found, but for those that fail otherwise under their own set than before.
        """
        found = {name for those in sets.values() for name in those}
        others = {}
        for subject, those in sets.items():
            fails_otherwise = self._text(candidates[subject], subject) != self._text(those, subject)
            known = those if fails_otherwise else found
            others[subject] = tuple(name for name in candidates[subject] if name not in known)
        others = {subject: those for subject, those in others.items() if those}
        still_change = search.changes_under(others, self._try_all)
        return {subject: those for subject, those in others.items() if still_change[subject]}

    def _text(self, names: Set, subject: Subject) -> str:
        """The first line of a failure, without numbers and paths, which differ in each run."""
        return re.sub(r"\S*hermetic-vary-\S*|\d+", "", self._varied[names, subject].text)

    def _conclude(self, subject: Subject, names: Set, confirmation: search.Confirmation) -> None:
        if confirmation.is_random:
            self.findings.unstable.append(subject)
            return
        if not confirmation.shown:
            if subject not in self.findings.unexplained:
                self.findings.unexplained.append(subject)
            return
        finding = Finding(
            subject, names, self._plain.of(subject), self._varied[names, subject], confirmation.shown,
            confirmation.runs, self._company.get(subject, ALONE),
        )  # fmt: skip
        (self.findings.steady if finding.is_steady else self.findings.unsteady).append(finding)

    # --- runs ---

    def _choose_company(self, remaining: Mapping[Subject, Set]) -> None:
        """Find how many other tests must run for a test to change under a set, and not to change without it."""
        left = {subject: names for subject, names in remaining.items() if subject not in self._company}
        for company in (ALONE, ITS_CLASS):
            self._company.update(dict.fromkeys(left, company))
            without = search.changes_under(dict.fromkeys(left, ()), self._try_all)
            under = search.changes_under(left, self._try_all)
            left = {subject: names for subject, names in left.items() if without[subject] or not under[subject]}
        self._company.update(dict.fromkeys(left, ALL_TESTS))

    def _settle_company(self, sets: Mapping[Subject, Set]) -> None:
        """Have each subject change under its set in a process without the others that change, as in a user's hands.

        In the search they share processes, where one can spoil the surroundings of the next.
        """
        left = [subject for subject, is_shown in self._shown_apart(sets).items() if not is_shown]
        while left:
            asked = [(subject, names) for subject in left for names in ((), sets[subject])]
            done = self._runs.each([Asked(_variations(names), self._tests_for([one])) for one, names in asked])
            found = [self._changes(subject, verdicts) for (subject, _), verdicts in zip(asked, done, strict=True)]
            shown = dict(zip(left, zip(found[::2], found[1::2], strict=True), strict=True))
            left = [one for one in left if shown[one] != (False, True) and self._company.get(one) != ALL_TESTS]
            for subject in left:
                self._company[subject] = self._company.get(subject, ALONE) + 1

    def _shown_apart(self, sets: Mapping[Subject, Set]) -> dict[Subject, bool]:
        """Whether each subject changes under its set, and only there, in a fork of a process that it shares."""
        apart = {
            subject: names
            for subject, names in sets.items()
            if self._company.get(subject, ALONE) == ALONE and catalogue.can_join(_variations((*names, _APART)))
        }
        without = search.changes_under(dict.fromkeys(apart, ()), self._try_apart)
        under = search.changes_under(apart, self._try_apart)
        return {subject: subject in apart and under[subject] and not without[subject] for subject in sets}

    def _try_apart(self, asked: Mapping[Set, Sequence[Subject]]) -> dict[Set, list[Subject]]:
        joined = {(*names, _APART): subjects for names, subjects in asked.items()}
        return {names[:-1]: found for names, found in self._try_all(joined).items()}

    def _changes(self, subject: Subject, verdicts: Verdicts) -> bool:
        return differs(self._plain.of(subject), verdicts.of(subject))

    def _tests_for(self, subjects: Sequence[Subject]) -> tuple[Subject, ...] | None:
        """The tests that run for some subjects; None for all."""
        if any(self._company.get(subject) == ALL_TESTS for subject in subjects):
            return None
        return tuple(dict.fromkeys(test for subject in subjects for test in self._tests_with(subject)))

    def _tests_with(self, subject: Subject) -> Iterable[Subject]:
        """The tests that run together with a subject, and it with them."""
        if subject.kind == TEST:
            return [subject] if self._company[subject] == ALONE else self._classes[_class_of(subject.name)]
        owner = subject.name.partition(" (")[2].removesuffix(")") if subject.kind == FIXTURE else subject.name
        found = [test for test in self._plain if test.kind == TEST and test.name.startswith(f"{owner}.")]
        return found[:1] if subject.kind == MODULE or self._company[subject] == ALONE else found

    def _run_each(self, asked: Mapping[Set, Sequence[Subject]]) -> Iterator[tuple[Set, Sequence[Subject], Verdicts]]:
        """Run subjects under sets, and return each set, its subjects, and the verdicts."""
        runs = [Asked(_variations(names), self._tests_for(subjects)) for names, subjects in asked.items()]
        for (names, subjects), verdicts in zip(asked.items(), self._runs.each(runs), strict=True):
            yield names, subjects, verdicts

    def _run_skipped(self, asked: Mapping[Set, Sequence[Subject]]) -> dict[Set, list[Subject]]:
        """Run subjects that plain runs skip under sets, and return those that run there."""
        return {
            names: [subject for subject in subjects if self._is_unskipped(subject, verdicts.of(subject))]
            for names, subjects, verdicts in self._run_each(asked)
        }

    def _try_all(self, asked: Mapping[Set, Sequence[Subject]]) -> dict[Set, list[Subject]]:
        """Run subjects under sets, and return those whose verdicts change."""
        found = {}
        for names, subjects, verdicts in self._run_each(asked):
            found[names] = [subject for subject in subjects if self._changes(subject, verdicts)]
            for subject in found[names]:
                self._varied[names, subject] = verdicts.of(subject)
        return found


def _variations(names: Iterable[str]) -> tuple[Variation, ...]:
    return tuple(catalogue.BY_NAME[name] for name in names)


def _class_of(name: str) -> str:
    return name.rpartition(".")[0]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"

"""The study of a suite: plain runs, batches of variations, the search for causes, and pairs of runs that confirm them.

plain twice     tests whose verdicts differ there are unstable, and set apart
each batch      all variations that fit together at once; a test whose verdict changes is a candidate
the search      halves the variations for each candidate, until the smallest set is left
pairs           runs without and with that set; only what shows in each of them is reported as a dependence
"""

from __future__ import annotations

import re
from collections import Counter

from .._base import real
from .._base.errors import ConfigurationError
from .._base.spelling import counted
from .._variations import catalogue
from . import search
from .runs import Asked, OutOfBudgetError, Runs, slowdown
from .study_findings import ALL_TESTS, ALONE, Finding, StudyFindings
from .subject_trials import SubjectTrials, variations_of
from .verdicts import (
    FAILS,
    IS_SKIPPED,
    MOST_TESTS,
    PASSES,
    SILENT_PASS,
    TEST,
    THE_PROGRAM,
    Subject,
    Verdict,
    Verdicts,
    changed,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from .._variations.variation import Variation
    from .search import Set


_SAMPLE = 5  # tests that are studied where most tests change
_FEW_TESTS = 20  # so many are findings of their own, even if they are most tests of a small suite

# Why no cause was found.
_NO_TIME = "the time was spent during its search"
_NOT_AGAIN = "it changed in a run of all tests, and did not in another"
_CONTRADICTORY = "its runs contradict each other, or it needs many variations together"
_NOT_SHOWN = "it did not change under the variations that its search led to"


class Study:
    """A study of a suite.

    Args:
        runs: does the runs.
        tell: called with each line that tells the user how the study goes on.
    """

    def __init__(self, runs: Runs, variations: Sequence[Variation], tell: Callable[[str], None]) -> None:
        self._runs = runs
        self._trials = SubjectTrials(runs)
        self._tell = tell
        self._variations = variations
        self._searched: list[Subject] = []  # the tests that changed under the batch that is being studied
        self.findings = StudyFindings()

    def go(self) -> StudyFindings:
        """Do the study, and return what it found, also if Ctrl-C or the budget ends it.

        Raises:
            ConfigurationError: a plain run has no tests.
        """
        usable = [variation for variation in self._variations if self._is_usable(variation)]
        batches = catalogue.batches(usable)
        try:
            self._run_plain(batches)
            while batches:
                self._study([variation.name for variation in batches[0]])
                del batches[0]
        except (OutOfBudgetError, KeyboardInterrupt) as end:
            self.findings.was_stopped = isinstance(end, KeyboardInterrupt)
            self.findings.not_tried = [variation.name for batch in batches for variation in batch]
            self._give_up((one for one in self._searched if not self._is_concluded(one)), _NO_TIME)
        for subject in self.findings.unstable:
            self.findings.unexplained.pop(subject, None)
        return self.findings

    def _is_concluded(self, subject: Subject) -> bool:
        return any(subject == finding.subject for finding in (*self.findings.steady, *self.findings.unsteady))

    def _is_usable(self, variation: Variation) -> bool:
        reason = variation.why_not()
        if reason:
            self.findings.left_out[variation.name] = reason
        return not reason

    def _run_plain(self, batches: list[list[Variation]]) -> None:
        started = real.perf_counter()
        (first,) = self._runs.each([Asked((), None)])
        seconds = real.perf_counter() - started
        self._trials.begin(first)
        self.findings.plain = first
        self._runs.limit(first, seconds)
        tests = [subject for subject in first if subject.kind == TEST]
        if not tests:
            failed = [f"{subject}: {verdict.text}" for subject, verdict in first.items() if verdict.outcome == FAILS]
            why = first.of(THE_PROGRAM).text or "; ".join(failed) or "none was found"
            raise ConfigurationError(f"--vary: a plain run has no tests: {why}")
        factors = sum(slowdown(batch) for batch in batches)
        failing = sum(first[subject].outcome == FAILS for subject in tests)
        self._tell(
            f"{counted(len(tests), 'test')}{f' ({failing} failing)' if failing else ''}, {seconds:.1f} s in a plain"
            f" run. To try: {counted(sum(map(len, batches)), 'variation')},"
            f" in {counted(len(batches), 'run')} of all tests: about {seconds * (1 + factors):.0f} s, and more for each"
            " test that changes"
        )
        self._run_plain_again(first)

    def _run_plain_again(self, first: Verdicts) -> None:
        """Find the tests that differ in a second plain run, and whether tests disturb each other in runs at a time."""
        if self._runs.jobs > 1:
            if not any(changed(first, other) for other in self._runs.each([Asked((), None)] * self._runs.jobs)):
                return
            self._tell(f"Verdicts change in {self._runs.jobs} runs at a time, so there is one at a time from here on")
            self._runs.jobs = 1
        (second,) = self._runs.each([Asked((), None)])
        self.findings.unstable = changed(first, second)

    def _study(self, batch: list[str]) -> None:
        """Find what depends on the variations of a batch."""
        self._tell(f"{counted(self._runs.processes, 'run')}, {self._runs.seconds:.0f} s so far. Under {_listed(batch)}")
        names: Set = tuple(batch)
        tests: tuple[Subject, ...] | None = None
        while names:
            (verdicts,) = self._runs.each([Asked(variations_of(names), tests)])
            self._note_skips(verdicts, names)
            candidates = [subject for subject in changed(self.findings.plain, verdicts) if self._is_candidate(subject)]
            for subject in candidates:
                self._trials.varied[names, subject] = verdicts.of(subject)
            # What keeps tests from running, or changes most of them, hides what else these depend on.
            blocking = {*self._find_what_changes_most(candidates, names)}
            hidden = {*candidates} if blocking else set()
            if not blocking:
                self._find(candidates, names)
                blocking = {
                    name
                    for finding in self.findings.steady
                    if finding.subject in candidates and finding.subject.kind != TEST
                    for name in finding.names
                }
            asked = tests or tuple(test for test in self.findings.plain if test.kind == TEST)
            tests = tuple(test for test in asked if test not in verdicts or test in hidden)
            if tests and not blocking:
                self.findings.not_run.update(dict.fromkeys(tests, _listed(names)))
            names = tuple(name for name in names if name not in blocking) if blocking and tests else ()

    def _find_what_changes_most(self, candidates: list[Subject], names: Set) -> Set:
        """Find the variations that change more than half of the tests, and note them once; empty if there are none.

        The search and the pairs are for some of the tests. One run of all tests shows which change.
        """
        tests_among = (subject for subject in candidates if subject.kind == TEST)
        changing = [subject for subject in tests_among if self.findings.plain.of(subject).outcome == PASSES]
        if not self._are_most(changing):
            return ()
        self._searched = candidates
        sample = dict.fromkeys(changing[:: -(-len(changing) // _SAMPLE)], names)
        self._trials.choose_company(sample)
        sets = search.causes(sample, self._trials.try_all)
        if not sets:
            return ()
        ((found, _),) = Counter(sets.values()).most_common(1)
        (verdicts,) = self._runs.each([Asked(variations_of(found), None)])
        tests = {subject: verdicts[subject] for subject in changing if self._trials.changes(subject, verdicts)}
        if not self._are_most(tests):
            return ()
        if self._is_known_of_most(found):
            return found
        agreeing = {subject: names for subject, names in sets.items() if names == found}
        confirmations = [*self._trials.confirmed(agreeing).values()]
        if not all(confirmation.is_steady for confirmation in confirmations):
            return ()
        varied = Verdict(FAILS, f"{len(tests):,} of {self._passing():,} passing tests change", (), 0.0)
        shown, runs = confirmations[0].shown, confirmations[0].runs
        finding = Finding(MOST_TESTS, found, SILENT_PASS, varied, shown, runs, ALL_TESTS, tests=tests)
        self.findings.steady.append(finding)
        return found

    def _is_known_of_most(self, names: Set) -> bool:
        """Note another value of what changes most tests; return whether it is one."""
        for finding in self.findings.steady:
            if finding.subject == MOST_TESTS and _group_of(finding.names) == _group_of(names) is not None:
                finding.also += names
                return True
        return False

    def _are_most(self, tests: Collection[Subject]) -> bool:
        """Whether tests are more than half of those that pass, and too many to be listed."""
        return len(tests) > max(self._passing() / 2, _FEW_TESTS)

    def _passing(self) -> int:
        return sum(verdict.outcome == PASSES for verdict in self.findings.plain.values())

    def _is_candidate(self, subject: Subject) -> bool:
        return subject not in self.findings.unstable

    def _note_skips(self, verdicts: Verdicts, names: Set) -> None:
        """Find the variations under which tests run that plain runs skip."""
        run_now = [subject for subject in verdicts if self._is_unskipped(subject, verdicts.of(subject))]
        self._trials.company.update(dict.fromkeys(run_now, ALONE))
        new = {subject: names for subject in run_now if subject not in self.findings.unskipped}
        sets = search.causes(new, self._run_skipped)
        self.findings.unskipped.update({subject: _listed(sets.get(subject, names)) for subject in new})

    def _is_unskipped(self, subject: Subject, verdict: Verdict) -> bool:
        return self.findings.plain.of(subject).outcome == IS_SKIPPED and verdict.is_known

    def _find(self, candidates: list[Subject], names: Set) -> None:
        """Find the causes of candidates that changed under a batch."""
        self._searched = candidates
        remaining = {subject: self._unknown_to(subject, names) for subject in candidates}
        known = {subject: left for subject, left in remaining.items() if left != names}
        for subject, still_changes in search.changes_under(known, self._trials.try_all).items():
            if not still_changes:
                del remaining[subject]
                self._note_more(subject, names)
        unsure = {subject: those for subject, those in remaining.items() if subject not in known}
        for subject in self._trials.choose_company(unsure):
            del remaining[subject]
            self._give_up([subject], _NOT_AGAIN)
        while remaining:
            sets = search.causes(remaining, self._trials.try_all)
            self._give_up((subject for subject in remaining if subject not in sets), _CONTRADICTORY)
            confirmations = self._trials.confirmed(sets)
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
        still_change = search.changes_under(others, self._trials.try_all)
        return {subject: those for subject, those in others.items() if still_change[subject]}

    def _text(self, names: Set, subject: Subject) -> str:
        """The first line of a failure, without numbers and paths, which differ in each run."""
        return re.sub(r"\S*hermetic-vary-\S*|\d+", "", self._trials.varied[names, subject].text)

    def _conclude(self, subject: Subject, names: Set, confirmation: search.Confirmation) -> None:
        if confirmation.is_random:
            self.findings.unstable.append(subject)
            return
        if not confirmation.shown:
            self._give_up([subject], _NOT_SHOWN)
            return
        finding = Finding(
            subject, names, self.findings.plain.of(subject), self._trials.varied[names, subject], confirmation.shown,
            confirmation.runs, self._trials.company.get(subject, ALONE), subject in self._trials.needing_others,
        )  # fmt: skip
        (self.findings.steady if finding.is_steady else self.findings.unsteady).append(finding)

    def _give_up(self, subjects: Iterable[Subject], reason: str) -> None:
        for subject in subjects:
            self.findings.unexplained.setdefault(subject, reason)

    def _run_skipped(self, asked: Mapping[Set, Sequence[Subject]]) -> dict[Set, list[Subject]]:
        """Run subjects that plain runs skip under sets, and return those that run there."""
        return {
            names: [subject for subject in subjects if self._is_unskipped(subject, verdicts.of(subject))]
            for names, subjects, verdicts in self._trials.run_each(asked)
        }


def _group_of(names: Set) -> str | None:
    """The group of a variation that is alone in its set; None for a larger set."""
    return catalogue.BY_NAME[names[0]].exclusive_group if len(names) == 1 else None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)

"""What a study has found, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from .verdicts import FAILS, MODULE, PROGRAM, TEST, Verdicts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .verdicts import Subject, Verdict


ALONE, ITS_CLASS, ALL_TESTS = 0, 1, 2  # the company of a test


@dataclass
class Finding:
    """A test that depends on its surroundings.

    Attributes:
        names: the variations that change its verdict together.
        plain: its verdict without them.
        varied: its verdict with them.
        shown: the number of runs with them in which its verdict changed.
        runs: the number of runs with them in which it was checked.
        company: the tests that must run together: ``ALONE``, ``ITS_CLASS`` or ``ALL_TESTS``.
        needs_others: whether its verdict changes without the variations, too, if no other test runs before it.
        also: other variations of the same kind that change its verdict.
        reason: the reason in the setting ``vary_known``; empty if the dependence is not accepted.
        tests: of a finding on most tests, those that change, with their verdicts in one run of all tests.
    """

    subject: Subject
    names: tuple[str, ...]
    plain: Verdict
    varied: Verdict
    shown: int = 0
    runs: int = 0
    company: int = ALONE
    needs_others: bool = False
    also: list[str] = field(default_factory=list)
    reason: str = ""
    tests: dict[Subject, Verdict] = field(default_factory=dict)

    @property
    def is_steady(self) -> bool:
        """Whether the verdict changed each time."""
        return self.shown == self.runs > 0


@dataclass
class StudyFindings:
    """Everything that a study has found.

    Attributes:
        steady: the dependences that showed each time and are not accepted: these are accusations.
        known: the dependences that are accepted.
        gone: the entries of ``vary_known`` that accept nothing, although their tests ran under their variations.
        unsteady: the dependences that did not show each time.
        unstable: the tests whose verdicts differ between plain runs.
        unexplained: the tests that changed under a batch, and for which no set of variations was found, with the
            reason.
        unskipped: the tests that are skipped in plain runs, and run under some variation.
        not_run: the tests that did not run under some variations, so that nothing is known about them, with these.
        left_out: the variations that this machine cannot do, with the reason.
        not_tried: the variations for which no time was left.
        was_stopped: whether Ctrl-C has ended the study.
        plain: the verdicts of the first plain run.
    """

    steady: list[Finding] = field(default_factory=list)
    known: list[Finding] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    unsteady: list[Finding] = field(default_factory=list)
    unstable: list[Subject] = field(default_factory=list)
    unexplained: dict[Subject, str] = field(default_factory=dict)
    unskipped: dict[Subject, str] = field(default_factory=dict)
    not_run: dict[Subject, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    not_tried: list[str] = field(default_factory=list)
    was_stopped: bool = False
    plain: Verdicts = field(default_factory=Verdicts)

    @property
    def not_loaded(self) -> list[Subject]:
        """What kept tests from being studied: imports that fail in plain runs, or the program as a whole."""
        return [subject for subject in self.plain if subject.kind in (MODULE, PROGRAM) and self._fails(subject)]

    def _fails(self, subject: Subject) -> bool:
        return self.plain[subject].outcome == FAILS

    @property
    def tests(self) -> int:
        """The number of tests that were compared."""
        return sum(subject.kind == TEST for subject in self.plain)

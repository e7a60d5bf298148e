"""The plain data that reports are made from: a record for each test of a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .._base.records import PastRun, Violation

# The outcomes of a test, the worst first.
OUTCOMES = (
    "error",
    "failure",
    "unexpected_success",
    "interrupted",
    "expected_failure",
    "skip",
    "success",
)
COMPLETE = ("success", "expected_failure")  # the outcomes of tests that ran to their end
BAD_OUTCOMES = frozenset(OUTCOMES[:4])


@dataclass(frozen=True)
class Entry:
    """One outcome that the result has recorded for a test; a test may have several, and a success has no entry.

    Attributes:
        outcome: ``error``, ``failure``, ``unexpected_success``, ``expected_failure`` or ``skip``.
        subtest: the parameters of the subtest, such as ``(i=1)``; empty for the test itself.
        type: the dotted name of the exception's class; empty without an exception.
        message: the message of the exception, or the reason of a skip.
        text: the text that unittest shows: the traceback, and the output that ``-b`` has captured.
        file: the file of the line that the entry came from; empty if it is not known.
        line: the number of that line, from 1; 0 if it is not known.
        source: the lines of source around it; empty if they are not known.
        source_line: the number of the first of them.
    """

    outcome: str
    subtest: str = ""
    type: str = ""
    message: str = ""
    text: str = ""
    file: str = ""
    line: int = 0
    source: str = ""
    source_line: int = 0


@dataclass(frozen=True)
class CaughtWarning:
    """A warning that was shown while a test ran.

    Attributes:
        category: the dotted name of its class.
        file: the file that it points at.
        line: the number of the line that it points at.
    """

    category: str
    message: str
    file: str
    line: int


class TestRecord:
    """Everything that is known of a test, or of a fixture that failed or was skipped.

    Attributes:
        id: the id that unittest gives; ids may repeat. A fixture's id is such as ``setUpClass (module.Class)``.
        kind: ``test`` or ``fixture``.
        module: the module's dotted name; empty if there is none.
        class_name: the class within its module; empty if there is none.
        name: the rest of the id.
        file: the file that defines the test; empty if it is not known.
        line: the number of the line that defines the test, from 1.
        size: the size of the test; None for a test without a size.
        started: the start, in seconds since the run started.
        duration: the seconds of the test with its set-up and cleanups, measured in the process that ran it.
        worker: the process that ran the test: ``main``, or such as ``worker 3``, numbered in order of first use.
        group: the isolation group as it is marked; empty for a test that is not isolated.
        entries: the recorded outcomes, in order; empty for a plain success.
        passed: whether the test succeeded, or some of its subtests were skipped and none failed.
        all_skipped: whether every subtest was skipped, and there is no other outcome.
        violations: the violations that are errors.
        warned: the violations that were only warned about.
        warnings: the warnings, in the order in which they were shown.
        leaks: what the test changed in its process, or left behind.
        stdout: the captured standard output, with ``-b`` or of an isolated test.
        stderr: the captured standard error, with ``-b`` or of an isolated test.
        attempts: what each attempt of a retried test has done, the first attempt included; empty for other tests. If no
            attempt has passed, the record itself is that of the first.
        phases: the seconds of set-up, method, tear-down and cleanups, by name; None where they were not measured.
        diagnosis: why the attempts may differ, in sentences for people; empty if there is nothing to say.
    """

    __test__ = False  # pytest: not a test class, in spite of its name

    id: str
    kind: str = "test"
    module: str = ""
    class_name: str = ""
    name: str = ""
    file: str = ""
    line: int = 0
    size: str | None = None
    started: float = 0.0
    duration: float = 0.0
    worker: str = "main"
    group: str = ""
    entries: Sequence[Entry] = ()
    passed: bool = False
    subtests: int = 0
    all_skipped: bool = False
    violations: Sequence[Violation] = ()
    warned: Sequence[Violation] = ()
    warnings: Sequence[CaughtWarning] = ()
    leaks: Sequence[str] = ()
    stdout: str = ""
    stderr: str = ""
    attempts: Sequence[TestRecord] = ()
    phases: Mapping[str, float] | None = None
    diagnosis: str = ""

    def __init__(self, id: str, kind: str = "test", **given: Any) -> None:  # noqa: A002 - a field
        # Defaults stay with the class: most records, which are many, have few fields of their own.
        self.id = id
        self.kind = kind
        for name, value in given.items():
            getattr(self, name)  # fails for a name that is no field
            setattr(self, name, value)

    def noted(self, name: str) -> list[Any]:
        """Return one of the sequences as a list to add to. Most records never need a list, so they begin without."""
        if not getattr(self, name):
            setattr(self, name, [])
        found: list[Any] = getattr(self, name)
        return found

    def conclude(self) -> None:
        """Conclude a test that has ended without a verdict, because its subtests were skipped."""
        if self.entries and self.outcome == "interrupted":
            self.all_skipped = len(self.skipped_subtests) == self.subtests
            self.passed = not self.all_skipped

    @property
    def outcome(self) -> str:
        """The worst recorded outcome; ``interrupted`` for a test that ended without one."""
        if self.passed and not self.entries and not self.all_skipped:
            return "success"  # most tests: reports ask several times
        told = {entry.outcome for entry in self.entries if not (entry.subtest and entry.outcome == "skip")}
        told |= {"success"} if self.passed else set()
        told |= {"skip"} if self.all_skipped else set()
        return next((outcome for outcome in OUTCOMES if outcome in told), "interrupted")

    @property
    def is_plain(self) -> bool:
        """Whether it is a test that passed, without details except when and where it ran."""
        if not self.passed or self.entries or self.all_skipped or self.subtests or self.kind != "test":
            return False
        found = self.violations or self.warned or self.warnings or self.leaks or self.attempts
        return not (found or self.stdout or self.stderr or self.diagnosis)

    @property
    def is_bad(self) -> bool:
        """Whether the test makes the run fail."""
        if self.passed and not self.entries:
            return False  # most tests, as above
        return self.outcome in BAD_OUTCOMES

    @property
    def is_success(self) -> bool:
        """Whether the test ran to its end and did what was expected."""
        return self.outcome in COMPLETE

    @property
    def is_flaky(self) -> bool:
        """Whether the test failed, and passed when it was retried."""
        return bool(self.attempts) and self.attempts[-1].is_success

    @property
    def failed_attempts(self) -> Sequence[TestRecord]:
        """The attempts that the record does not show itself: those before a success, or those after the first."""
        return self.attempts[:-1] if self.is_flaky else self.attempts[1:]

    @property
    def reason(self) -> str:
        """Why the test or each of its subtests was skipped; empty if it was not skipped."""
        if not self.entries:
            return ""
        skips = [entry for entry in self.entries if entry.outcome == "skip"]
        own = [entry.message for entry in skips if not entry.subtest]
        return own[0] if own else "; ".join(dict.fromkeys(entry.message for entry in skips if self.all_skipped))

    @property
    def skipped_subtests(self) -> list[Entry]:
        """The entries of skipped subtests."""
        return [entry for entry in self.entries if entry.subtest and entry.outcome == "skip"]

    @property
    def history_name(self) -> str:
        """The name in the history: the id of a test, or the class or module of a fixture."""
        return self.id if self.kind == "test" else self.qualified_class

    @property
    def qualified_class(self) -> str:
        """The module and the class, joined by a dot, as far as they are known."""
        return ".".join(part for part in (self.module, self.class_name) if part)


@dataclass(frozen=True)
class FlakyTest:
    """A test with different outcomes in runs of the same code, or in attempts of the same run.

    Attributes:
        failed: the number of runs that it failed.
        passed: the number of runs that it passed, as far as they are known.
        retried: the number of runs that it passed after a retry.
        runs_ago: how many runs ago it did not pass at once; 0 for this run.
    """

    id: str
    failed: int
    passed: int
    retried: int
    runs_ago: int


@dataclass(frozen=True)
class Trends:
    """What differs from earlier runs.

    Attributes:
        runs: the earlier runs, the last of them last.
        now: this run.
        changes: ``new_failure``, ``fixed`` or ``slower``, by the name of the test.
        flaky: the flaky tests of all these runs, the latest first.
    """

    runs: Sequence[PastRun]
    now: PastRun
    changes: Mapping[str, str]
    flaky: Sequence[FlakyTest]

    def outcomes(self, name: str) -> str:
        """One letter for each run that knows of a test: ``F`` failed, ``R`` passed after a retry, ``p`` passed."""
        return "".join(next((letter for letter, names in run if name in names), "") for run in self._names)

    @cached_property
    def _names(self) -> list[list[tuple[str, frozenset[str]]]]:
        kinds = (("F", "failed"), ("R", "flaky"), ("p", "passed"))
        return [[(letter, frozenset(getattr(run, kind))) for letter, kind in kinds] for run in (*self.runs, self.now)]


@dataclass
class RunRecord:
    """A whole run.

    Attributes:
        command: the command line, as a list.
        platform: the platform, such as ``linux``.
        started: the start, in seconds since the epoch.
        duration: the duration in seconds.
        loaded: the number of tests to run.
        ended_early: what ended the run before its last test; None for a complete run.
        tests: the records, in the order in which the result received them.
        warnings: the warnings that were shown outside of tests.
        code: the digest of the project's modules that the tests had imported; empty if it is not known.
        trends: the comparison with earlier runs; None without a history.
    """

    command: list[str]
    hermetic: str
    python: str
    platform: str
    started: float
    duration: float = 0.0
    loaded: int = 0
    ended_early: str | None = None
    successful: bool = True
    tests: list[TestRecord] = field(default_factory=list)
    warnings: list[CaughtWarning] = field(default_factory=list)
    code: str = ""
    trends: Trends | None = None

    def totals(self) -> dict[str, int]:
        """The numbers of tests, fixtures, tests that did not run, records with each outcome, and flaky tests."""
        others = [record for record in self.tests if not record.is_plain]
        plain = len(self.tests) - len(others)
        kinds = Counter(record.kind for record in others) + Counter(test=plain)
        outcomes = Counter(record.outcome for record in others) + Counter(success=plain)
        return {
            "tests": kinds["test"],
            "fixtures": kinds["fixture"],
            "not_run": max(self.loaded - kinds["test"], 0),
            **{outcome: outcomes[outcome] for outcome in OUTCOMES},
            "flaky": sum(record.is_flaky for record in others),
            "violations": sum(len(record.violations) for record in others),
        }

"""What reports are made from: plain data on each test of a run, as its result was told of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._base.records import Violation

# What may become of a test, the worst first. All but the last two are entries, too.
OUTCOMES = (
    "error",
    "failure",
    "unexpected_success",
    "interrupted",
    "expected_failure",
    "skip",
    "success",
)
TELLING = ("success", "expected_failure")  # of tests that came to their end
BAD_OUTCOMES = frozenset(OUTCOMES[:4])


@dataclass(frozen=True)
class Entry:
    """One thing that the result was told of a test; a test may have several, and one that passed has none.

    Attributes:
        outcome: ``error``, ``failure``, ``unexpected_success``, ``expected_failure`` or ``skip``.
        subtest: how the subtest is told apart, such as ``(i=1)``; empty for the test itself.
        type: the dotted name of the exception's class; empty without one.
        message: that of the exception, or the reason of a skip.
        text: as unittest shows it: the traceback, and what ``-b`` has captured.
        file: of the line that it came from; empty if that is not known.
        line: that line, from 1; 0 if it is not known.
    """

    outcome: str
    subtest: str = ""
    type: str = ""
    message: str = ""
    text: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class CaughtWarning:
    """A warning that was shown while a test ran.

    Attributes:
        category: the dotted name of its class.
        message: its text.
        file: that it points at.
        line: the line there.
    """

    category: str
    message: str
    file: str
    line: int


@dataclass
class TestRecord:
    """All that is known of one test; or of a fixture that failed or skipped, or another thing that is no test.

    Attributes:
        id: as unittest has it; ids may repeat. Of a fixture, such as ``setUpClass (module.Class)``.
        kind: ``test`` or ``fixture``.
        module: the module's dotted name; empty if there is none.
        class_name: the class within its module; empty if there is none.
        name: the rest of the id.
        file: where the test is defined; empty if that is not known.
        line: the line there, from 1.
        size: the size that it was held to; None for a test that was left alone.
        started: when, in seconds since the run started.
        duration: seconds, set-up and cleanups included, measured in the process that ran it.
        worker: the process that ran it: ``main``, or ``worker 3``, numbered as they were first used.
        group: the isolation group as it is marked; empty for a test that is not isolated.
        entries: what the result was told, in that order; empty for a plain success.
        passed: whether it was told of a success, or that some of the subtests were skipped and none failed.
        subtests: how many subtests there were, those that passed included.
        all_skipped: whether it ended with every subtest skipped, and nothing else was told of it.
        violations: those that are errors.
        warned: the violations that were let happen.
        warnings: in the order in which they were shown.
        leaks: what it changed in its process, or left behind.
        stdout: what was captured of it; with ``-b``, or of an isolated test.
        stderr: the same.
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
    entries: list[Entry] = field(default_factory=list)
    passed: bool = False
    subtests: int = 0
    all_skipped: bool = False
    violations: list[Violation] = field(default_factory=list)
    warned: list[Violation] = field(default_factory=list)
    warnings: list[CaughtWarning] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    stdout: str = ""
    stderr: str = ""

    @property
    def outcome(self) -> str:
        """The worst of what it was told; ``interrupted`` for a test that nothing was told of before it ended."""
        told = {entry.outcome for entry in self.entries if not (entry.subtest and entry.outcome == "skip")}
        told |= {"success"} if self.passed else set()
        told |= {"skip"} if self.all_skipped else set()
        return next((outcome for outcome in OUTCOMES if outcome in told), "interrupted")

    @property
    def is_bad(self) -> bool:
        """Whether it makes the run fail."""
        return self.outcome in BAD_OUTCOMES

    @property
    def reason(self) -> str:
        """Why it was skipped, or each of its subtests was; empty if it was not skipped."""
        skips = [entry for entry in self.entries if entry.outcome == "skip"]
        own = [entry.message for entry in skips if not entry.subtest]
        return own[0] if own else "; ".join(dict.fromkeys(entry.message for entry in skips if self.all_skipped))

    @property
    def skipped_subtests(self) -> list[Entry]:
        """The entries of the subtests that were skipped."""
        return [entry for entry in self.entries if entry.subtest and entry.outcome == "skip"]

    @property
    def qualified_class(self) -> str:
        """The class with its module; of what has none, as much as there is."""
        return ".".join(part for part in (self.module, self.class_name) if part)


@dataclass
class RunRecord:
    """A whole run.

    Attributes:
        command: the command line, as a list.
        hermetic: our version.
        python: the version of Python.
        platform: such as ``linux``.
        started: when, in seconds since the epoch.
        duration: in seconds.
        loaded: how many tests there were to be run.
        ended_early: what ended the run before its last test; None if nothing did.
        successful: whether the run was.
        tests: in the order in which they were told of.
        warnings: those that were shown outside of tests.
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

    def totals(self) -> dict[str, int]:
        """How many tests and fixtures there are, how many tests were not run, and how many of all had each outcome."""
        kinds = Counter(record.kind for record in self.tests)
        outcomes = Counter(record.outcome for record in self.tests)
        return {
            "tests": kinds["test"],
            "fixtures": kinds["fixture"],
            "not_run": max(self.loaded - kinds["test"], 0),
            **{outcome: outcomes[outcome] for outcome in OUTCOMES},
            "violations": sum(len(record.violations) for record in self.tests),
        }

"""The verdicts of tests that are compared: the class of their outcome and their violations, never texts."""

from __future__ import annotations

from collections import namedtuple

from .._reports.test_records import BAD_OUTCOMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._reports.test_records import Entry, TestRecord

PASSES, FAILS, IS_SKIPPED, IS_MISSING = "passes", "fails", "is skipped", "does not run"
_FAILED_TO_IMPORT = "Failed to import test module"
_MAX_TEXT = 200
TEST, FIXTURE, MODULE, PROGRAM = "test", "fixture", "module", "program"


class Subject(namedtuple("Subject", ("kind", "name", "number"))):  # noqa: PYI024 - as Policy
    """What has a verdict: a test, a fixture, the import of a module, or the program as a whole.

    Attributes:
        kind: ``TEST``, ``FIXTURE``, ``MODULE`` or ``PROGRAM``.
        name: the id of the test, the name of the module, or unittest's name of the fixture.
        number: the place among the tests with the same id, from 0.
    """

    __slots__ = ()
    kind: str
    name: str
    number: int

    def __str__(self) -> str:
        number = f" (number {self.number + 1} of this name)" if self.number else ""
        return f"{'the import of ' if self.kind == MODULE else ''}{self.name}{number}"


_CLASSES = {"success": PASSES, "expected_failure": PASSES, "skip": IS_SKIPPED}
THE_PROGRAM = Subject(PROGRAM, "the test program", 0)
MOST_TESTS = Subject(PROGRAM, "most of the tests", 0)  # a variation that changes more than half of them is one finding


_NO = ("", "", "", "", 0)  # place


class Verdict(namedtuple("Verdict", ("outcome", "text", "codes", "seconds", "place"), defaults=(_NO,))):  # noqa: PYI024
    """The outcome of a subject in a run.

    Attributes:
        outcome: ``PASSES``, ``FAILS``, ``IS_SKIPPED`` or ``IS_MISSING``.
        text: the first line of the failure, or the reason of the skip; empty for a pass.
        codes: the codes of its violations, sorted.
        seconds: how long it took.
        place: the module, the class, the name in it, the file, and the line, as in ``TestRecord``.
    """

    __slots__ = ()
    outcome: str
    text: str
    codes: tuple[str, ...]
    seconds: float
    place: tuple[str, str, str, str, int]

    @property
    def is_known(self) -> bool:
        """Whether the test ran to a result: a skipped or missing test says nothing about what it depends on."""
        return self.outcome in (PASSES, FAILS)


MISSING = Verdict(IS_MISSING, "", (), 0.0)
SILENT_PASS = Verdict(PASSES, "", (), 0.0)  # of fixtures and imports, which runs report only if they fail


class Verdicts(dict[Subject, Verdict]):
    """The verdicts of a run, by their subjects."""

    def of(self, subject: Subject) -> Verdict:
        """The verdict of a subject."""
        return self.get(subject) or (MISSING if subject.kind == TEST else SILENT_PASS)


def differs(verdict: Verdict, other: Verdict) -> bool:
    """Whether two verdicts on the same subject differ; False unless both ran to a result."""
    if not (verdict.is_known and other.is_known):
        return False
    return (verdict.outcome, verdict.codes) != (other.outcome, other.codes)


def changed(before: Verdicts, after: Verdicts) -> list[Subject]:
    """The subjects whose verdicts differ between two runs, in the order of the second."""
    return [subject for subject in {**after, **before} if differs(before.of(subject), after.of(subject))]


def verdict_of(record: TestRecord) -> Verdict:
    """The verdict that a record of a run contains."""
    outcome, entries = record.outcome, record.entries
    codes = tuple(sorted({violation.code for violation in (*record.violations, *record.warned)}))
    if outcome in BAD_OUTCOMES:
        bad = next((entry for entry in entries if entry.outcome == outcome), None)
        text = ("" if bad is None else _first_line(bad)) or outcome.replace("_", " ")
    else:
        text = _cut(record.reason) if outcome == "skip" else ""
    place = record.module, record.class_name, record.name, record.file, record.line
    return Verdict(_CLASSES.get(outcome, FAILS), text, codes, record.duration, place)


def _first_line(entry: Entry) -> str:
    """The exception of an entry in one line."""
    lines = [line for line in entry.message.strip().splitlines() if line] or [""]
    if lines[0].startswith(_FAILED_TO_IMPORT):
        return _cut(lines[-1])  # of the traceback that unittest has put into the message
    return _cut(": ".join(filter(None, (entry.type, lines[0]))))


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."

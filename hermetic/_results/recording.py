"""Records a run for its reports: one record for each test, and for each fixture that failed, skipped or violated."""

from __future__ import annotations

import sys
import unittest
import weakref
from contextlib import contextmanager

from .._base import features, real
from .._base.errors import DecorationError
from .._patches import shown_warnings
from .._protocol import portable_errors
from .._reports import trends
from .._reports.report_writer import ReportWriter
from .._reports.test_records import CaughtWarning, Entry, RunRecord, TestRecord
from .._rules import policies
from .._settings.current_run import current_run
from .._verdicts import scopes
from .._verdicts.scopes import owner_name
from .._version import __version__
from . import isolation_errors
from .listeners import Listener
from .record_entries import MAX_MESSAGE, class_name, error_entry, skip_entry, split, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, TextIO

    from .._base.errors import ViolationError
    from .._base.records import Violation


class Recorder(Listener):
    """Records the runs of a program, and has them reported.

    Args:
        annotations: the CI system to write annotations for; None for none.
        observer: the survey, or another observer of what tests use; None for no observer.

    Attributes:
        run: the records so far.
    """

    def __init__(self, paths: Mapping[str, str], annotations: str | None = None, observer: Any = None) -> None:
        self.observer = observer
        self._pid = real.get_pid()
        is_strict = current_run.settings.junit_schema == "strict"
        self._reports = ReportWriter(paths, annotations, is_strict_junit=is_strict)
        self._begun = real.perf_counter()
        self.run = RunRecord([*sys.argv], __version__, features.PYTHON_VERSION, features.PLATFORM, real.wall_clock())
        self._by_id: dict[str, TestRecord] = {}  # the last of each
        self._early: dict[str, TestRecord] = {}  # of those that have not been reported, and were warned
        self._by_test: dict[int, tuple[weakref.ref[Any], TestRecord]] = {}  # by id(): tests may share their ids
        self._current: TestRecord | None = None
        self._current_test: Any = None
        self._measured = False
        self._annotated = 0  # how many records have been looked at for annotations
        self._troubles: list[str] = []  # with the reports
        self._result: Any = None  # the result of the run
        self._unfinished: Any = None  # the result of a run that has ended, until its runner says so
        self._workers: dict[int, str] = {}  # their names by their numbers, in the order in which the report names them

    # --- events ---

    def startTest(self, test: Any) -> None:
        self._current_test, self._current = test, self._new_record(test)
        self._measured = False

    def addTiming(self, test: Any, started: float, seconds: float) -> None:
        if self._current is not None:
            self._measured = True
            self._current.started, self._current.duration = started - self._begun, seconds

    def stopTest(self, test: Any) -> None:
        record = self._current
        if record is None:
            return  # 3.12.1 stops a skipped test that it has not started
        if getattr(self._result, "buffer", False):
            self.addOutput(_buffered(sys.stdout), _buffered(sys.stderr))
        self._result.report_allowed()
        self._current = self._current_test = None
        record.conclude()
        self._measure(record)

    def addSuccess(self, test: Any) -> None:
        self._record_of(test).passed = True

    def addError(self, test: Any, err: Any, *_: Any, **__: Any) -> None:
        self._add_error("error", test, test, err)

    def addFailure(self, test: Any, err: Any, *_: Any, **__: Any) -> None:
        self._add_error("failure", test, test, err)

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self._add_error("expected_failure", test, test, err)

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._record_of(test).noted("entries").append(Entry("unexpected_success"))

    def addSkip(self, test: Any, reason: str) -> None:
        of_test, subtest = split(test)
        record = self._record_of(of_test)
        record.subtests += bool(subtest)
        record.noted("entries").append(skip_entry(subtest, reason))

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        self._record_of(test).subtests += 1
        if err is not None:
            outcome = "failure" if issubclass(err[0], test.failureException) else "error"
            self._add_error(outcome, test, subtest, err)

    def _add_error(self, outcome: str, test: Any, subtest: Any, err: Any) -> None:
        self._record_of(test).noted("entries").append(error_entry(outcome, err, subtest, self._result))

    def addViolations(self, test: Any, errors: Sequence[ViolationError]) -> None:
        record = self._record_of(test)
        for violation in (error.violation for error in errors):
            is_own = violation.test == record.id  # what setUpClass has done is reported by tearDownClass
            (record if is_own else self._by_id.get(violation.test, record)).noted("violations").append(violation)

    def addAllowed(self, violations: Sequence[Violation]) -> None:
        for violation in violations:
            self._owner_of(violation).noted("warned").append(violation)

    def addRetries(self, test: Any, attempts: Sequence[TestRecord], diagnosis: str) -> None:
        record = self._record_of(test)
        record.attempts, record.diagnosis = [*attempts], diagnosis
        for attempt in attempts:
            attempt.started -= self._begun
            attempt.worker = self._name_of(int(attempt.worker)) if attempt.worker else record.worker

    def addOutput(self, stdout: str, stderr: str) -> None:
        if self._current is not None:
            self._current.stdout += stdout
            self._current.stderr += stderr

    def addLeaks(self, test: Any, what: str, changes: Sequence[str]) -> None:
        self._record_of(test).noted("leaks").extend(changes)

    def addWorker(self, worker: int, group: str) -> None:
        if self._current is not None:
            self._current.worker, self._current.group = self._name_of(worker), group

    def _name_of(self, worker: int) -> str:
        return self._workers.setdefault(worker, f"worker {len(self._workers) + 1}")

    def stopTestRun(self, result: Any) -> None:
        self._troubles = self.finish(successful=result.wasSuccessful(), ended_early=result.ended_early)

    def wasSuccessful(self) -> bool:
        return not self._troubles

    def summary_lines(self, result: Any, stream: TextIO) -> list[str]:
        return [*self._troubles, *self.annotations()]

    # --- the run ---

    @contextmanager
    def recording(self, result: Any, loaded: int) -> Iterator[None]:
        """Record a run for a block, with the warnings that are shown meanwhile."""
        self._result = result
        result.add_listener(self)
        self._by_id.clear()  # of another run: ids come again
        self._early.clear()
        self._by_test.clear()
        self.run.loaded += loaded
        try:
            with shown_warnings.warnings_shown_by(self._show_warning):
                yield
        except BaseException as error:
            self.run.ended_early = f"{class_name(type(error))}: {text_of(error)}"
            raise
        finally:
            self._unfinished = result

    def finish(self, *, successful: bool, ended_early: str | None) -> list[str]:
        """Write the reports at the end of a run; a program with several runs writes them anew after each run.

        Args:
            ended_early: what ended the run before its last test; None if nothing did.

        Returns:
            What went wrong with the reports, for people.
        """
        if real.get_pid() != self._pid:
            return []  # a forked copy of the test run: it would write over the original's
        self._unfinished = None
        if self._result is not None:
            self._result.report_allowed()
        if self._current is not None:  # Ctrl-C has ended the wait for its worker
            self._measure(self._current)
        self.run.duration = real.perf_counter() - self._begun
        self.run.ended_early = ended_early or self.run.ended_early
        self.run.successful = self.run.successful and successful and self.run.ended_early is None
        history = current_run.history
        if history is not None and self._reports.has_reports:
            self.run.code = history.code
            self.run.trends = trends.compare(self.run, history.runs, history.durations, history.failed)
        with scopes.unjudged():
            return self._reports.write(self.run)

    def close(self) -> None:
        """Report a run whose runner has not called ``stopTestRun`` by the end of the program."""
        result = self._unfinished
        if result is not None:
            for trouble in self.finish(successful=bool(result.wasSuccessful()), ended_early=result.ended_early):
                sys.stderr.write(f"{trouble}\n")

    def annotations(self) -> list[str]:
        """Return the lines of annotations for CI on the tests that were recorded since the last call."""
        new, self._annotated = self.run.tests[self._annotated :], len(self.run.tests)
        return [] if real.get_pid() != self._pid else self._reports.annotations(new)

    # --- records ---

    def _measure(self, record: TestRecord) -> None:
        if not self._measured:
            record.duration = real.perf_counter() - self._begun - record.started

    def _record_of(self, test: Any) -> TestRecord:
        if self._current is not None and test is self._current_test:
            return self._current  # the usual case
        if isinstance(test, unittest.TestCase):
            known, record = self._by_test.get(id(test), (None, None))
            return record if known is not None and known() is test and record else self._new_record(test)
        name = owner_name(test)
        if self._current is not None and self._current.id == name:
            return self._current
        return self._by_id.get(name) or self._new_record(test)

    def _new_record(self, test: Any) -> TestRecord:
        record = TestRecord(owner_name(test))
        record.started = real.perf_counter() - self._begun
        if isinstance(test, unittest.TestCase):
            _describe_test(record, test)
            self._by_test[id(test)] = weakref.ref(test), record
        else:
            record.kind = "fixture" if _count(test) == 0 else "test"
            _describe_other(record)
        self._by_id[record.id] = record
        early = self._early.pop(record.id, None)
        if early is None:
            self.run.tests.append(record)
        else:
            record.warned = early.warned
            self.run.tests[self.run.tests.index(early)] = record
        return record

    def _owner_of(self, violation: Violation) -> TestRecord:
        record = self._by_id.get(violation.test)
        if record is None:  # of a fixture that has passed, or of a test in another thread that is reported later
            record = self._new_record(violation.test)
            record.passed = True
            self._early[record.id] = record
        return record

    def _show_warning(self, warning: Any, show: Callable[[Any], None]) -> None:
        name = class_name(warning.category or type(warning.message))
        text = portable_errors.cut(text_of(warning.message), MAX_MESSAGE)
        caught = CaughtWarning(name, text, str(warning.filename), int(warning.lineno))
        warnings = self.run.warnings if self._current is None else self._current.noted("warnings")
        warnings.append(caught)
        show(warning)


def _buffered(stream: Any) -> str:
    return str(stream.getvalue()) if hasattr(stream, "getvalue") else ""


def _describe_test(record: TestRecord, test: unittest.TestCase) -> None:
    cls = type(test)
    record.module, record.class_name = cls.__module__, cls.__qualname__
    prefix = f"{cls.__module__}.{cls.__qualname__}."
    record.name = record.id.removeprefix(prefix)
    if cls.__module__ != "unittest.loader":  # whose tests stand for those that could not be loaded
        record.file, _, record.line = isolation_errors.place_of(test)
    try:
        policy = policies.of_test(test)
    except DecorationError:
        return  # the test reports it
    record.size = None if policy is None else policy.size.value


def _describe_other(record: TestRecord) -> None:
    """Split the name that unittest gives a fixture: ``setUpClass (module.Class)``."""
    name, opening, owner = record.id.partition(" (")
    owner = owner.removesuffix(")") if opening else ""
    record.name = name
    parts = owner.split(".") if owner else []
    for end in range(len(parts), 0, -1):
        if ".".join(parts[:end]) in sys.modules:
            break
    else:
        end = len(parts)
    record.module, record.class_name = ".".join(parts[:end]), ".".join(parts[end:])


def _count(test: Any) -> int:
    try:
        return int(test.countTestCases())
    except Exception:  # noqa: BLE001 - what others hand to results may be anything
        return 0

"""The records that reports are made from: one of each test, and of each fixture that has something to say.

It is loaded only for a run that is to be reported.
"""

from __future__ import annotations

import sys
import unittest
import weakref
from contextlib import contextmanager

from .._base import features, real
from .._base.errors import DecorationError
from .._patches import shown_warnings
from .._protocol import portable_errors
from .._reports.test_records import CaughtWarning, RunRecord, TestRecord
from .._rules import policies
from .._verdicts import scopes
from .._verdicts.owner_names import owner_name
from .._version import __version__
from . import test_locations
from .recording_result import MAX_MESSAGE, class_name, error_entry, make_recorded, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from .._base.errors import ViolationError
    from .._base.records import Violation
    from .._reports.report_writer import ReportWriter
    from .._reports.test_records import Entry

__unittest = True


class Recorder:
    """Records the runs of a program, and has them reported.

    Args:
        reports: what is to be made of the records.
        observer: who wants to know what tests have used; None for nobody.

    Attributes:
        observer: the same.
        run: the records so far.
    """

    def __init__(self, reports: ReportWriter, observer: Any = None) -> None:
        self.observer = observer
        self._pid = real.get_pid()
        self._reports = reports
        self._begun = real.perf_counter()
        self.run = RunRecord([*sys.argv], __version__, features.PYTHON_VERSION, features.PLATFORM, real.wall_clock())
        self._by_id: dict[str, TestRecord] = {}  # the last of each
        self._by_test: dict[int, tuple[weakref.ref[Any], TestRecord]] = {}  # by id(): tests may share their ids
        self._current: TestRecord | None = None
        self._current_began = 0.0
        self._measured = False
        self._warned_before = 0
        self._annotated = 0  # how many of the records
        self._unplaced: list[Violation] = []
        self._unfinished: Any = None  # the result of a run that has ended, until its runner says so
        self._workers: dict[int, str] = {}  # their names by their numbers, in the order in which the report names them

    # --- what a result tells ---

    def start(self, test: Any) -> None:
        """A test has started."""
        record = self._current = self._new_record(test)
        self._measured = False
        self._current_began = real.perf_counter()
        record.started = self._since_start()

    def stop(self, test: Any) -> None:
        """A test has ended, and nothing of it is left to be told."""
        record, self._current = self._current, None
        if record is None:
            return  # 3.12.1 stops a skipped test that it has not started
        if record.entries and record.outcome == "interrupted":
            # Subtests were skipped, and no result is told of a verdict then.
            record.all_skipped = len(record.skipped_subtests) == record.subtests
            record.passed = not record.all_skipped
        self._measure(record)
        self._take_warned()

    def add(self, test: Any, entry: Entry) -> None:
        """The result was told this of a test or of a fixture."""
        record = self._record_of(test)
        record.entries.append(entry)
        for violation in self._unplaced:  # what setUpClass has done is reported by tearDownClass
            self._by_id.get(violation.test, record).violations.append(violation)
        self._unplaced.clear()

    def add_error(self, holder: Any, error: BaseException, text: str) -> None:
        """This error is listed, as one of no test."""
        self.add(holder, error_entry(error, text))

    def add_success(self, test: Any) -> None:
        """The result was told of a success."""
        self._record_of(test).passed = True

    def add_subtest(self, test: Any) -> None:
        """A subtest has ended."""
        self._record_of(test).subtests += 1

    def add_violations(self, errors: Sequence[ViolationError]) -> None:
        """These are reported, as errors of their tests."""
        for error in errors:
            record = self._current
            if record is not None and record.id == error.violation.test:
                record.violations.append(error.violation)
            else:
                self._unplaced.append(error.violation)  # the error that reports it comes next

    def add_output(self, stdout: str, stderr: str) -> None:
        """The test that is running has written this, and it was captured."""
        if self._current is not None:
            self._current.stdout += stdout
            self._current.stderr += stderr

    def add_leaks(self, test: Any, leaks: Sequence[str]) -> None:
        """A test, or the group that it was the last of, has changed this in its process, or left it behind."""
        self._record_of(test).leaks += leaks

    def measured_in_worker(self, started: float, duration: float) -> None:
        """The worker has timed the current test.

        Args:
            started: when, by ``perf_counter``, which is one clock for all processes of a machine.
            duration: seconds.
        """
        if self._current is not None:
            self._measured = True
            self._current.started, self._current.duration = started - self._begun, duration

    def runs_in(self, worker: int, group: str) -> None:
        """Record the worker of the current test, by its number, and the group that it works for."""
        if self._current is not None:
            name = self._workers.setdefault(worker, f"worker {len(self._workers) + 1}")
            self._current.worker, self._current.group = name, group

    # --- the run ---

    @contextmanager
    def recording(self, result: Any, loaded: int) -> Iterator[None]:
        """For a run, have its result feed this recorder, and note the warnings that are shown.

        Args:
            result: guarded.
            loaded: how many tests the run has.
        """
        make_recorded(result)
        result.hermetic_recorder = self
        self._by_id.clear()  # of another run: ids come again
        self._by_test.clear()
        self.run.loaded += loaded
        self._warned_before = len(scopes.running.warned)
        try:
            with shown_warnings.warnings_shown_by(self._show_warning):
                yield
        except BaseException as error:
            self.run.ended_early = f"{class_name(type(error))}: {text_of(error)}"
            raise
        finally:
            self._unfinished = result

    def finish(self, *, successful: bool, ended_early: str | None) -> list[str]:
        """The run is over: write the reports; those of a program with several runs are written anew after each.

        Args:
            successful: whether it was.
            ended_early: what ended it before its last test, if anything did.

        Returns:
            What went wrong with that, for people.
        """
        if real.get_pid() != self._pid:
            return []  # a forked copy of the test run: it would write over the original's
        self._unfinished = None
        if self._current is not None:  # Ctrl-C has ended the wait for its worker
            self._measure(self._current)
        self._take_warned()
        self.run.duration = real.perf_counter() - self._begun
        self.run.ended_early = ended_early or self.run.ended_early
        self.run.successful = self.run.successful and successful and self.run.ended_early is None
        with scopes.unjudged():
            return self._reports.write(self.run)

    def close(self) -> None:
        """The program ends: report a run whose runner has not called ``stopTestRun``."""
        result = self._unfinished
        if result is not None:
            for trouble in self.finish(successful=bool(result.wasSuccessful()), ended_early=result.ended_early):
                sys.stderr.write(f"{trouble}\n")

    def annotations(self) -> list[str]:
        """The lines of annotations for CI, of what they were not asked for before."""
        new, self._annotated = self.run.tests[self._annotated :], len(self.run.tests)
        return [] if real.get_pid() != self._pid else self._reports.annotations(new)

    # --- records ---

    def _measure(self, record: TestRecord) -> None:
        if not self._measured:
            record.duration = real.perf_counter() - self._current_began

    def _since_start(self) -> float:
        return real.perf_counter() - self._begun

    def _record_of(self, test: Any) -> TestRecord:
        if isinstance(test, unittest.TestCase):
            known, record = self._by_test.get(id(test), (None, None))
            return record if known is not None and known() is test and record else self._new_record(test)
        name = owner_name(test)
        if self._current is not None and self._current.id == name:
            return self._current
        return self._by_id.get(name) or self._new_record(test)

    def _new_record(self, test: Any) -> TestRecord:
        record = TestRecord(owner_name(test), started=self._since_start())
        if isinstance(test, unittest.TestCase):
            _describe_test(record, test)
            self._by_test[id(test)] = weakref.ref(test), record
        else:
            record.kind = "fixture" if _count(test) == 0 else "test"
            _describe_other(record)
        self._by_id[record.id] = record
        self.run.tests.append(record)
        return record

    def _take_warned(self) -> None:
        """Give the violations that were let happen to the tests that they are of."""
        warned = scopes.running.warned
        new, self._warned_before = warned[self._warned_before :], len(warned)
        for violation in new:
            self._owner_of(violation).warned.append(violation)

    def _owner_of(self, violation: Violation) -> TestRecord:
        record = self._by_id.get(violation.test)
        if record is None:  # of a fixture that has passed
            record = self._new_record(violation.test)
            record.passed = True
        return record

    def _show_warning(self, warning: Any, show: Callable[[Any], None]) -> None:
        name = class_name(warning.category or type(warning.message))
        text = portable_errors.cut(text_of(warning.message), MAX_MESSAGE)
        caught = CaughtWarning(name, text, str(warning.filename), int(warning.lineno))
        (self._current or self.run).warnings.append(caught)
        show(warning)


def _describe_test(record: TestRecord, test: unittest.TestCase) -> None:
    cls = type(test)
    record.module, record.class_name = cls.__module__, cls.__qualname__
    prefix = f"{cls.__module__}.{cls.__qualname__}."
    record.name = record.id.removeprefix(prefix)
    if cls.__module__ != "unittest.loader":  # whose tests stand for those that could not be loaded
        record.file, _, record.line = test_locations.place_of(test)
    try:
        policy = policies.of_test(test)
    except DecorationError:
        return  # the test says so itself
    record.size = None if policy is None else policy.size.value


def _describe_other(record: TestRecord) -> None:
    """Split what unittest calls a fixture: ``setUpClass (module.Class)``."""
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

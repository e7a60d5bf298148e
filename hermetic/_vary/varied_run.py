"""In the process of the tests: takes a request, and reports the verdict of each test as soon as there is one.

The request is a file, named by an environment variable that is removed before anything of the user's is loaded.
"""

from __future__ import annotations

import contextlib
import json
import os
import unittest
from collections import Counter

from .._base import real, system
from .._isolation import worker_process
from .._results.recording import Recorder
from .._suites import suite_blocks, suite_tests
from .._variations import catalogue
from .verdicts import FIXTURE, MODULE, TEST, Subject, verdict_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .._reports.test_records import TestRecord
    from .._settings.values import Settings

VARIABLE = "HERMETIC_VARIED_RUN"  # the path of the request


def taken_request() -> VariedRun | None:
    """Take the request of this process; None for an ordinary run."""
    path = os.environ.pop(VARIABLE, None)
    if path is None:
        return None
    with real.open_file(path, encoding="utf-8") as file:
        return VariedRun(json.load(file))


class VariedRun:
    """A run of chosen tests under variations.

    Args:
        request: ``tests``, the kind, name and number of each subject, or None for all; ``within``, the names of the
            variations to be set in this process; ``answer``, the path of the file to be written, or None for a run
            with the usual reports.
    """

    def __init__(self, request: dict[str, Any]) -> None:
        tests = request["tests"]
        self._wanted = None if tests is None else {tuple(test) for test in tests}
        self._within = [catalogue.BY_NAME[name] for name in request["within"]]
        self._answer: str | None = request["answer"]
        self._numbers: Counter[str] = Counter()
        self._is_set = False
        self.subjects: dict[int, Subject] = {}  # by the id() of their tests

    @property
    def is_ordinary(self) -> bool:
        """Whether the run has the usual reports, because a user asked for it."""
        return self._answer is None

    def recorder(self) -> VerdictRecorder:
        """The recorder that reports the verdicts."""
        assert self._answer is not None
        return VerdictRecorder(self._answer, self.subjects)

    def settings(self, settings: Settings) -> Settings:
        """The settings of the run: the given ones, except for what the variations set."""
        for variation in self._within:
            settings = settings.replaced(**variation.settings)
        return settings

    def arranged(self, suite: Any) -> Any:
        """Choose the tests, and set the variations of this process."""
        blocks = [block for block in suite_blocks.blocks_in(suite) if self._is_wanted(block.test)]
        found: Any = unittest.TestSuite([block.test for block in blocks])
        for variation in self._within:
            if variation.within is not None and (not self._is_set or variation.subject == "order"):
                found = variation.within(found) or found
        self._is_set = True
        return found

    def _is_wanted(self, block: Any) -> bool:
        is_wanted = self._wanted is None
        for test in suite_tests.tests_in(block):
            subject = self._subject_of(test)
            self.subjects[id(test)] = subject
            is_wanted = is_wanted or subject in (self._wanted or ()) or subject.kind == MODULE
        return is_wanted

    def _subject_of(self, test: Any) -> Subject:
        name = suite_tests.name_of(test)
        if suite_tests.failed_to_load(test):
            return Subject(MODULE, name, 0)
        number = self._numbers[name]
        self._numbers[name] += 1
        return Subject(TEST, name, number)


class VerdictRecorder(Recorder):
    """Writes each beginning and each verdict as a line of JSON; a verdict that changes later is written again."""

    def __init__(self, path: str, subjects: dict[int, Subject]) -> None:
        super().__init__({})
        self._subjects = subjects
        self._file = worker_process.moved_away(system.open_fd(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        self._of_records: dict[int, Subject] = {}
        self._written: dict[int, list[Any]] = {}  # what was last written of each record

    @contextlib.contextmanager
    def recording(self, result: Any, loaded: int) -> Iterator[None]:
        self._write(["loaded"])
        with super().recording(result, loaded):
            yield

    def startTest(self, test: Any) -> None:
        super().startTest(test)
        subject = self._subjects.get(id(test))
        if subject is not None and self._current is not None:
            self._of_records[id(self._current)] = subject
            self._write(["begin", *subject])

    def stopTest(self, test: Any) -> None:
        record = self._current
        super().stopTest(test)
        if record is not None:
            self._write_verdict(record)

    def finish(self, *, successful: bool, ended_early: str | None) -> list[str]:
        troubles = super().finish(successful=successful, ended_early=ended_early)
        if real.get_pid() == self._pid:
            for record in self.run.tests:
                self._write_verdict(record)
            self._write(["end", ended_early or ""])
        return troubles

    def _write_verdict(self, record: TestRecord) -> None:
        subject = self._of_records.get(id(record)) or _subject_of(record)
        line = ["verdict", *subject, *verdict_of(record)]
        if self._written.get(id(record)) != line:
            self._written[id(record)] = line
            self._write(line)

    def _write(self, line: list[Any]) -> None:
        data = json.dumps(line).encode() + b"\n"
        while data:
            data = data[system.write(self._file, data) :]


def _subject_of(record: TestRecord) -> Subject:
    """The subject of a record that no test of the suite began."""
    if record.module == "unittest.loader":
        return Subject(MODULE, record.name, 0)
    return Subject(FIXTURE if record.kind == "fixture" else TEST, record.id, 0)

"""Records how long each test took and which tests failed, for later runs, and the latest runs, for reports.

The history is one file, ``.hermetic_cache/history.json`` beside the configuration by default. It is safe to delete.
Runs that happen at the same time may share it: each adds its outcome under a lock, and replaces the file in one step.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import unittest

from .._base import command, real
from .._results.listeners import Listener
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from .._terminal import colours
from .._verdicts import scopes
from . import code_digest, suite_tests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType
    from typing import Any, TextIO

    from .._base.records import PastRun
    from .._reports.test_records import TestRecord
    from .._settings.values import Settings
    from .history_file import History, HistoryFile

_FIXTURES = {"setUpClass", "tearDownClass", "setUpModule", "tearDownModule"}


def history_path(settings: Settings) -> str | None:
    """The path of the history; None if the settings turn it off.

    By default there is no history under Bazel, which discards everything that a test writes.
    """
    if settings.history == "off" or (settings.history == "auto" and "TEST_SRCDIR" in real.environ):
        return None
    if settings.history == "auto":
        return os.path.join(os.path.abspath(settings.root), ".hermetic_cache", "history.json")
    return os.path.realpath(settings.history)


class RunHistory(Listener):
    """The history, as a run reads it and adds to it.

    Args:
        is_own: whether hermetic creates the file and its folder. If it cannot, the run goes on in silence.
        is_kept: whether to leave the file as it is.
        root: the folder of the project.
        started: the start of the run, in seconds since the epoch.

    Attributes:
        seconds: the seconds that the tests of this run have taken in all.
    """

    def __init__(
        self, path: str, *, is_own: bool, is_kept: bool = False, root: str = os.curdir, started: float = 0.0
    ) -> None:
        self._path = path
        self._is_own = is_own
        self._is_kept = is_kept
        self._pid = real.get_pid()
        self._ran: dict[str, float] = {}
        self._methods: set[str] = set()  # the methods of the tests in `_ran` and in the history
        self._once_failed: set[str] = set()  # in the runs of the history
        self._paces: dict[str, dict[str, float]] = {}
        self.seconds = 0.0
        self._root = os.path.abspath(root)
        self._files: list[str] = []  # of the project's modules that the tests have imported
        self._started, self._began = round(started, 6), real.perf_counter()
        self._tests = 0
        self._recovered: dict[str, None] = {}  # what has failed in a run of the history, and not in this one
        self._flaky: dict[str, None] = {}
        self._has_failed_before = False  # anything, in its last run
        self._has_failures = False
        self._saved: tuple[dict[str, None], dict[str, float], int] = {}, {}, 0

    @functools.cached_property
    def _file(self) -> HistoryFile:
        found: HistoryFile = _history_file().HistoryFile(self._path, is_own=self._is_own)
        return found

    @functools.cached_property
    def _known(self) -> History | None:
        return self._read()

    def _read(self) -> History | None:
        """The contents of the file; None if there is no file."""
        try:
            real.stat(self._path)
        except FileNotFoundError:
            return None
        except OSError:
            pass  # why it cannot be read is what reading it says
        return self._file.read()

    @property
    def durations(self) -> dict[str, float]:
        """How long tests took in earlier runs, as in ``History``."""
        return {} if self._known is None else self._known.durations

    @property
    def failed(self) -> dict[str, None]:
        """What failed in its last run, as in ``History``."""
        return {} if self._known is None else self._known.failed

    @property
    def paces(self) -> dict[str, dict[str, float]]:
        """How long suites took under ``-j``, as in ``History``."""
        return {} if self._known is None else self._known.paces

    @property
    def runs(self) -> tuple[PastRun, ...]:
        """The runs before this one, as in ``History``."""
        return () if self._known is None else self._known.runs

    @functools.cached_property
    def code(self) -> str:
        """The digest of the code that this run tests."""
        return code_digest.digest(self._root, self._files)

    def note_pace(self, suite: str, seconds: dict[str, float]) -> None:
        """Record how long a suite took under ``-j``, by the number of processes."""
        self._paces[suite] = seconds

    @contextlib.contextmanager
    def noting(self, result: Any) -> Iterator[None]:
        """Record the outcome of a run, and add it to the file."""
        self._known = self._read()
        self._files = code_digest.loaded_files(self._root)
        if self._is_kept:
            yield
            return
        self._has_failed_before = bool(self.failed)
        self._once_failed = {name for run in self.runs for name in run.failed}
        self._methods = {name.rpartition(".")[2] for name in {*self.durations, *self._once_failed}}
        result.add_listener(self)
        try:
            yield
        finally:
            self.save(result)

    def addTiming(self, test: Any, started: float, seconds: float) -> None:
        ran = self._ran
        self.seconds += seconds
        # Fast tests of suites without failures are not recorded, and must cost next to nothing here.
        is_recorded = seconds >= suite_tests.MIN_SECONDS or self._has_failed_before
        if is_recorded or unittest_internals.test_method_name(test) in self._methods or not _has_usual_id(test):
            name = suite_tests.name_of(test)
            if name in self._once_failed:
                self._recovered[name] = None
            if is_recorded or name in self.durations or name in ran:
                ran[name] = round(seconds, 4)
                self._methods.add(name.rpartition(".")[2])

    def stopTest(self, test: Any) -> None:
        self._tests += 1  # testsRun depends on the version: 3.12.1 leaves out skipped tests

    def addRetries(self, test: Any, attempts: Sequence[TestRecord], diagnosis: str) -> None:
        if attempts[-1].is_success:
            self._flaky[suite_tests.name_of(test)] = None

    def stopTestRun(self, result: Any) -> None:
        self.save(result)

    def save(self, result: Any) -> None:
        """Add to the file what a result has recorded since the last call."""
        (ran, self._ran), (paces, self._paces) = (self._ran, {}), (self._paces, {})
        failed, skipped = _failed_in(result), _skipped_in(result)
        state = failed, skipped, self._tests
        if real.get_pid() != self._pid or (not (ran or paces) and state == self._saved):
            return  # a forked copy of the run; or nothing is new
        self._saved = state
        ran = {**skipped, **ran}
        try:
            with scopes.unjudged():
                bad = {**failed, **self._flaky} if current_run.settings.flaky == "error" else failed
                if self._flaky or self._is_news(ran, bad, paces):
                    self._file.add(ran, bad, paces, self._as_run(failed, skipped))
            self._has_failures = bool(bad)
        except OSError as error:
            if not self._is_own:
                reason = error.strerror or error
                sys.stderr.write(f"hermetic: the history {self._path} could not be written: {reason}\n")

    def _is_news(self, ran: dict[str, float], bad: dict[str, None], paces: dict[str, dict[str, float]]) -> bool:
        """Whether the file would change; with the latest runs in it, it always does."""
        if self._known is None:
            return bool(bad or paces) or any(seconds >= suite_tests.MIN_SECONDS for seconds in ran.values())
        return bool(self._known.runs) or self._known.merged(ran, bad, paces) != self._known

    def _as_run(self, failed: dict[str, None], skipped: dict[str, float]) -> PastRun:
        recovered = tuple(name for name in self._recovered if name not in failed and name not in skipped)
        seconds = round(real.perf_counter() - self._began, 3)
        # The digest is needed only to compare failures with other outcomes of the same code.
        code = self.code if failed or recovered or self._flaky else ""
        run: PastRun = _history_file().PastRun(
            self._started, seconds, self._tests, len(failed), code, tuple(failed), recovered, tuple(self._flaky)
        )
        return run

    def summary_lines(self, result: Any, stream: TextIO) -> list[str]:
        """Show the command that reruns the failed tests, if the summary lists them."""
        lists_failures = current_run.settings.show_failures == "now" or colours.is_terminal(stream)
        if not self._has_failures or not lists_failures:
            return []
        line = command.rerun("--last-failed")
        return [] if line is None else [f"to rerun the failed tests: {line}"]


def _history_file() -> ModuleType:
    """Load what reads and writes the file."""
    from . import history_file  # saves 3 ms in runs without a history, or with nothing to write

    return history_file


def _has_usual_id(test: Any) -> bool:
    """Whether the id of a test ends in the name of its method."""
    return getattr(type(test), "id", None) is unittest.TestCase.id


def _failed_in(result: Any) -> dict[str, None]:
    """The names of what a result reports as failed."""
    bad = [entry[0] for kind in ("failures", "errors") for entry in getattr(result, kind, ())]
    bad += getattr(result, "unexpectedSuccesses", ())
    return {name: None for test in bad if (name := _name_of(test))}


def _skipped_in(result: Any) -> dict[str, float]:
    """The names of what a result reports as skipped; none of it took time."""
    return {name: 0.0 for entry in getattr(result, "skipped", ()) if (name := _name_of(entry[0]))}


def _name_of(test: Any) -> str:
    """The name of a test, or of the class or module whose fixture this is; empty for anything else."""
    test = getattr(test, "test_case", test)
    name = suite_tests.name_of(test)
    if " (" in name and not isinstance(test, unittest.TestCase):  # the name of a test may hold anything
        return owner_of_fixture(name)
    return name


def owner_of_fixture(name: str) -> str:
    """The class or module of a fixture, such as ``setUpClass (module.Class)``; empty for anything else."""
    fixture, _, owner = name.partition(" (")
    return owner.removesuffix(")") if fixture in _FIXTURES else ""

"""Trials: a test is run after chosen earlier tests, in a worker in which no other test has run.

The worker is forked from this process, which has loaded every test, or, where fork is not safe, a fresh interpreter
that imports all of their modules first. So all imports come before each trial, and trials differ in their tests alone.
"""

from __future__ import annotations

import functools
import math
import sys
import unittest
from collections import namedtuple

from .._base import real
from .._base.errors import IsolationError
from .._protocol.frames import FrameHandler
from .._rules import groups
from .._settings.current_run import current_run
from .._suites import suite_blocks, suite_tests
from .._workers import addressing
from .._workers.worker_result import FAILURES, run_options
from .._workers.worker_supply import WorkerSupply, context_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .._isolation.worker_link import Worker
    from .._suites.suite_blocks import SuiteBlock

THE_RUN = ("run", "")  # the process of the run, in place of the key of a group
PASSES, FAILS, IS_SKIPPED, IS_NOT_REACHED = "passes", "fails", "is skipped", "is not reached"
_LEAST_SECONDS, _TIMES_AS_LONG = 10.0, 3.0  # limit of a trial, once the trial of all tests was timed
_ASKED_AT_ONCE = 500  # tests: a worker searches its requests after each test
_OPTIONS = run_options(None, compare=False)


class Outcome(namedtuple("Outcome", ("verdict", "text", "seconds", "ended_at", "unfound"))):  # noqa: PYI024 - as Policy
    """The outcome of a trial.

    Attributes:
        verdict: ``PASSES``, ``FAILS``, ``IS_SKIPPED``, or ``IS_NOT_REACHED`` if an earlier test ended the process.
        text: the error that the test failed with, or how the process ended.
        seconds: how long the whole trial took.
        ended_at: the index of the earlier test that ended the process; None if none did.
        unfound: the indexes of the earlier tests that the process could not load.
    """

    __slots__ = ()
    verdict: str
    text: str
    seconds: float
    ended_at: int | None
    unfound: tuple[int, ...]

    @property
    def is_failure(self) -> bool:
        """Whether the test fails."""
        return self.verdict == FAILS


class Trials:
    """Runs chosen tests of a suite in new processes."""

    def __init__(self, suite: Any) -> None:
        self._supply = WorkerSupply()
        # When the process is forked, only the suite may hold its tests, so that a worker can free each when it is over.
        is_plain = all(isinstance(block.test, unittest.TestCase) for block in suite_blocks.blocks_in(suite))
        self._supply.fork((block.test for block in suite_blocks.blocks_in(suite)), suite if is_plain else None)
        self.blocks = [*suite_blocks.blocks_in(suite)]
        self._limit: float | None = None

    def close(self) -> None:
        """End all workers."""
        self._supply.close()

    def limit(self, seconds: float) -> None:
        """End later trials that take much longer than one that took so many seconds."""
        self._limit = _LEAST_SECONDS + _TIMES_AS_LONG * seconds

    def can_run(self, block: SuiteBlock) -> bool:
        """Whether a worker could find the tests of a block."""
        return self._supply.address_of(block.test) is not None or self.can_import(block)

    def can_import(self, block: SuiteBlock) -> bool:
        """Whether a fresh interpreter could find the tests of a block."""
        if not isinstance(block.test, unittest.TestCase) or _is_of_stdlib(type(block.test).__module__):
            return False
        try:
            addressing.address_of(block.test)
        except IsolationError:
            return False
        return True

    def run(self, earlier: Sequence[SuiteBlock], last: SuiteBlock, name: str) -> Outcome:
        """Run blocks in a new process, and return the outcome of a test."""
        addresses = [*map(self._address_of, (*earlier, last))]
        return self._perform(self._shared(self._new_worker(), last), addresses, name)

    def run_after_imports(self, modules: Sequence[str], block: SuiteBlock, name: str) -> Outcome:
        """Run a test in a fresh interpreter that has imported its own module and these test modules."""
        nursery, _ = self._supply.for_pool()
        own = type(block.test).__module__
        imports = [entry for module, entry in self._imports.items() if module in modules or module == own]
        worker = self._asked_to_import(imports, nursery.new_worker(fresh=True))
        return self._perform(self._shared(worker, block), [addressing.address_of(block.test)], name)

    def _address_of(self, block: SuiteBlock) -> dict[str, Any]:
        return self._supply.address_of(block.test) or addressing.address_of(block.test)

    def _new_worker(self) -> Worker:
        nursery, fresh = self._supply.for_pool()
        worker: Worker = nursery.new_worker(fresh=fresh)
        return self._asked_to_import([*self._imports.values()], worker) if fresh else worker

    @staticmethod
    def _asked_to_import(imports: list[Any], worker: Worker) -> Worker:
        worker.send(["context", {**context_of(""), "modules": imports}])
        return worker

    @functools.cached_property
    def _imports(self) -> dict[str, Any]:
        """The entries of a context that have an interpreter import the modules of the tests, by the modules' names."""
        tests = (test for block in self.blocks for test in suite_tests.tests_in(block.test))
        names = dict.fromkeys(type(test).__module__ for test in tests)
        return {name: context_of(name)["modules"][0] for name in names}

    def modules_besides(self, block: SuiteBlock) -> list[str]:
        """The names of the test modules, without that of a block, in the order in which they were loaded."""
        own = type(block.test).__module__
        return [name for name in self._imports if name != own and not _is_of_stdlib(name)]

    @staticmethod
    def _shared(worker: Worker, block: SuiteBlock) -> Worker:
        if process_of(block) == THE_RUN:
            worker.send(["shared"])
        return worker

    def _perform(self, worker: Worker, addresses: list[dict[str, Any]], name: str) -> Outcome:
        requests: list[list[Any]] = [*(["run", address, _OPTIONS] for address in addresses), ["finish"]]
        settings = current_run.settings
        each = settings.test_timeout or (settings.isolated_timeout if self._limit is None else None)
        timeout = each or self._limit or math.inf
        started = real.perf_counter()
        last = LastTest(len(addresses) - 1, name)
        try:
            while requests and not worker.has_ended:
                asked, requests = requests[:_ASKED_AT_ONCE], requests[_ASKED_AT_ONCE:]
                for frame in worker.perform(asked, timeout=timeout, what="it", each=each is not None):
                    last.take(frame)
        finally:
            worker.end()
        return last.outcome(real.perf_counter() - started)


def process_of(block: SuiteBlock) -> tuple[str, str] | None:
    """The key of the group that a block runs in, or ``THE_RUN``; None for a process of its own."""
    test = next(suite_tests.tests_in(block.test), None)
    if not isinstance(test, unittest.TestCase):
        return THE_RUN
    group = groups.of_test_if_right(test)
    return THE_RUN if group is None else group.key


def _is_of_stdlib(module: str) -> bool:
    """Whether a test's class is unittest's own, made for a function or a module that could not be loaded."""
    return module.partition(".")[0] in sys.stdlib_module_names


class LastTest(FrameHandler):
    """Takes the frames of a trial, and finds the outcome of its last test."""

    def __init__(self, before: int, name: str) -> None:
        self._before = before
        self._name = name
        self._done = 0
        self._current = ""
        self._verdicts: list[str] = []
        self._text = ""
        self._ended_at: int | None = None
        self._has_begun = False  # the test that the worker is asked for
        self._unfound: list[int] = []

    def take(self, frame: Sequence[Any]) -> None:
        """Take a frame; those of the earlier tests count only if the worker cannot load one, or ends with one."""
        self._has_begun = self._has_begun or frame[0] == "begin"
        if self._done < self._before and not self._has_begun and frame[:2] == ["outcome", "error"]:
            self._unfound.append(self._done)
        if self._done >= self._before or frame[0] in ("ready", "died", "broken"):
            super().take(frame)

    def outcome(self, seconds: float) -> Outcome:
        """The outcome of the last test."""
        found = self._verdicts
        verdict = FAILS if "error" in found else PASSES if "success" in found or not found else IS_SKIPPED
        if self._ended_at is not None:
            verdict = IS_NOT_REACHED
        return Outcome(verdict, self._text, seconds, self._ended_at, (*self._unfound,))

    def on_ready(self, changes: list[str], number: int) -> None:
        self._done += 1
        self._has_begun = False

    def on_died(self, text: str, started: float, duration: float) -> None:
        self._ended_by(text.partition("\n")[0])

    def on_broken(self, details: dict[str, Any]) -> None:
        self._ended_by(_described(details))

    def _ended_by(self, text: str) -> None:
        if self._done > self._before or self._ended_at is not None:
            return
        if self._done == self._before:
            self._note("error", text)
        else:
            self._text, self._ended_at = text, self._done

    def on_begin(self, name: str, started: float) -> None:
        self._current = _as_in_the_run(name)

    def on_outcome(self, verdict: str, details: Any) -> None:
        if self._current not in ("", self._name):  # of another test in the same block
            return
        if verdict == "subtest":
            verdict, details, *_ = details
        self._note(verdict, details)

    def on_fixture(self, name: str, verdict: str, details: Any) -> None:
        if _as_in_the_run(name) == self._name or name.startswith("setUp"):  # else it is of the class or module before
            self._note(verdict, details)

    def on_unbegun(self, name: str, verdict: str, details: Any) -> None:
        self._note(verdict, details)

    def on_copy(self, name: str, what: str) -> None:
        if _as_in_the_run(name) == self._name:
            self._note("error", "a child that it forked returned to the runner")

    def _note(self, verdict: str, details: Any) -> None:
        verdict = "error" if verdict in FAILURES else "success" if verdict == "expected_failure" else verdict
        if verdict == "error" and not self._text:
            self._text = _described(details) if isinstance(details, dict) else details or "unexpected success"
        self._verdicts.append(verdict)


def _as_in_the_run(name: str) -> str:
    """The id of a test in the run: a fresh interpreter imports a script under another name."""
    return name.replace("__mp_main__.", "__main__.", 1)


def _described(details: dict[str, Any]) -> str:
    """An exception in one line."""
    error = details["exceptions"][0]
    text = str(error["text"]).strip().partition("\n")[0]
    name = error["type"][1]
    return f"{name}: {text}" if text else str(name)

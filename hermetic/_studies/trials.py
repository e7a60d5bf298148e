"""What becomes of a test after others: each trial is a worker of its own, in which no test has run before.

    where fork is safe   it is forked from this process, which has loaded every test
    elsewhere            a fresh interpreter, which imports all of their modules first

So what an import does is done before every trial: trials differ in the tests that run, and in nothing else.
"""

from __future__ import annotations

import functools
import math
import sys
import unittest
from collections import namedtuple

from .._base import real
from .._base.errors import IsolationError
from .._rules import groups
from .._settings.current_run import current_run
from .._suites import suite_blocks
from .._workers import addressing
from .._workers.worker_result import FAILURES
from .._workers.worker_sources import Workers, context_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .._isolation.worker_link import Worker
    from .._suites.suite_blocks import Block

__unittest = True

THE_RUN = ("run", "")  # stands for the process of the run, where others have the keys of groups
PASSES, FAILS, IS_SKIPPED, IS_NOT_REACHED = "passes", "fails", "is skipped", "is not reached"
_LEAST_SECONDS, _TIMES_AS_LONG = 10.0, 3.0  # what a trial may take, when it is known what that of all tests took
_ASKED_AT_ONCE = 500  # tests: a worker looks through what it is asked for each time
_OPTIONS = {"locals": False, "failfast": False, "buffer": False, "compare": False}


class Outcome(namedtuple("Outcome", ("verdict", "text", "seconds", "ended_at"))):  # noqa: PYI024 - as Policy
    """What became of a test.

    Attributes:
        verdict: ``PASSES``, ``FAILS``, ``IS_SKIPPED``, or ``IS_NOT_REACHED`` if an earlier test ended the process.
        text: what it failed with, or how the process ended.
        seconds: that the whole trial took.
        ended_at: the place among the earlier tests of the one that ended the process; None for none.
    """

    __slots__ = ()
    verdict: str
    text: str
    seconds: float
    ended_at: int | None

    @property
    def is_failure(self) -> bool:
        """Whether the test fails."""
        return self.verdict == FAILS


class Trials:
    """Runs tests of a suite, each time as if no other had run.

    Args:
        suite: of the run.

    Attributes:
        blocks: of the suite, in its order.
    """

    def __init__(self, suite: Any) -> None:
        groups.note_surroundings()
        self._workers = Workers()
        # Nothing but the suite holds its tests when the process is forked: a worker drops each when it is over.
        is_plain = all(isinstance(block.test, unittest.TestCase) for block in suite_blocks.blocks_in(suite))
        self._workers.fork((block.test for block in suite_blocks.blocks_in(suite)), suite if is_plain else None)
        self.blocks = [*suite_blocks.blocks_in(suite)]
        self._limit: float | None = None

    def close(self) -> None:
        """End what is still at work."""
        self._workers.close()

    def limit(self, seconds: float) -> None:
        """Have the trials to come end if they take much longer than this one did."""
        self._limit = _LEAST_SECONDS + _TIMES_AS_LONG * seconds

    def can_run(self, block: Block) -> bool:
        """Whether a worker could find the tests of a block."""
        return self._workers.address_of(block.test) is not None or self.can_import(block)

    def can_import(self, block: Block) -> bool:
        """Whether an interpreter could find the tests of a block that has loaded none of them."""
        if not isinstance(block.test, unittest.TestCase) or _is_of_stdlib(type(block.test).__module__):
            return False
        try:
            addressing.of_test(block.test)
        except IsolationError:
            return False
        return True

    def run(self, earlier: Sequence[Block], last: Block, name: str) -> Outcome:
        """Run blocks in a new process, and tell what became of a test.

        Args:
            earlier: come first.
            last: has the test.
            name: the id of the test.
        """
        addresses = [*map(self._address_of, (*earlier, last))]
        return self._perform(self._shared(self._new_worker(), last), addresses, name)

    def run_after_imports(self, modules: Sequence[str], block: Block, name: str) -> Outcome:
        """Run a test in a fresh interpreter that has imported its own module, and no other test modules but these.

        Args:
            modules: the names of the others.
            block: has the test, alone.
            name: the id of the test.
        """
        nursery, _ = self._workers.for_pool()
        own = type(block.test).__module__
        imports = [entry for module, entry in self._imports.items() if module in modules or module == own]
        worker = self._asked_to_import(imports, nursery.new_worker(fresh=True))
        return self._perform(self._shared(worker, block), [addressing.of_test(block.test)], name)

    def _address_of(self, block: Block) -> dict[str, Any]:
        return self._workers.address_of(block.test) or addressing.of_test(block.test)

    def _new_worker(self) -> Worker:
        nursery, fresh = self._workers.for_pool()
        worker: Worker = nursery.new_worker(fresh=fresh)
        return self._asked_to_import([*self._imports.values()], worker) if fresh else worker

    @staticmethod
    def _asked_to_import(imports: list[Any], worker: Worker) -> Worker:
        worker.send(["context", {**context_of(""), "modules": imports}])
        return worker

    @functools.cached_property
    def _imports(self) -> dict[str, Any]:
        """What an interpreter is told in order to import the modules of the tests, by their names."""
        tests = (test for block in self.blocks for test in suite_blocks.tests_in(block.test))
        names = dict.fromkeys(type(test).__module__ for test in tests)
        return {name: context_of(name)["modules"][0] for name in names}

    def modules_besides(self, block: Block) -> list[str]:
        """The names of the modules with tests but for that of a block, in the order in which they were loaded."""
        own = type(block.test).__module__
        return [name for name in self._imports if name != own and not _is_of_stdlib(name)]

    @staticmethod
    def _shared(worker: Worker, block: Block) -> Worker:
        if process_of(block) == THE_RUN:
            worker.send(["shared"])
        return worker

    def _perform(self, worker: Worker, addresses: list[dict[str, Any]], name: str) -> Outcome:
        requests: list[list[Any]] = [*(["run", address, _OPTIONS] for address in addresses), ["finish"]]
        settings = current_run.settings
        each = settings.test_timeout or (settings.isolated_timeout if self._limit is None else None)
        timeout = each or self._limit or math.inf
        started = real.perf_counter()
        reading = _Reading(len(addresses) - 1, name)
        try:
            while requests and not worker.has_ended:
                asked, requests = requests[:_ASKED_AT_ONCE], requests[_ASKED_AT_ONCE:]
                for frame in worker.perform(asked, timeout=timeout, what="it", each=each is not None):
                    reading.take(frame)
        finally:
            worker.end()
        return reading.outcome(real.perf_counter() - started)


def process_of(block: Block) -> tuple[str, str] | None:
    """What a block shares its process with: ``THE_RUN``, or the key of a group; None for a process of its own."""
    test = next(suite_blocks.tests_in(block.test), None)
    if not isinstance(test, unittest.TestCase):
        return THE_RUN
    group = groups.of_test_if_right(test)
    return THE_RUN if group is None else group.key


def _is_of_stdlib(module: str) -> bool:
    """Whether a test of a module stands for something else: a function, or a module that could not be loaded."""
    return module.partition(".")[0] in sys.stdlib_module_names


class _Reading:
    """What the frames of a trial say of its last test.

    Args:
        before: how many tests come before it.
        name: its id.
    """

    def __init__(self, before: int, name: str) -> None:
        self._before = before
        self._name = name
        self._done = 0
        self._current = ""
        self._verdicts: list[str] = []
        self._text = ""
        self._ended_at: int | None = None

    def take(self, frame: list[Any]) -> None:
        """Take a frame."""
        kind, *details = frame
        if kind == "ready":
            self._done += 1
        elif kind in ("died", "broken") and self._done <= self._before and self._ended_at is None:
            self._ended_by(details[0])
        elif self._done >= self._before:
            getattr(self, f"_take_{kind}", _ignore)(*details)

    def outcome(self, seconds: float) -> Outcome:
        """All that they say."""
        found = self._verdicts
        verdict = FAILS if "error" in found else PASSES if "success" in found or not found else IS_SKIPPED
        if self._ended_at is not None:
            verdict = IS_NOT_REACHED
        return Outcome(verdict, self._text, seconds, self._ended_at)

    def _ended_by(self, details: Any) -> None:
        text = _described(details) if isinstance(details, dict) else details.partition("\n")[0]
        if self._done == self._before:
            self._note("error", text)
        else:
            self._text, self._ended_at = text, self._done

    def _take_begin(self, name: str, _: float) -> None:
        self._current = name

    def _take_outcome(self, verdict: str, details: Any = None) -> None:
        if self._current not in ("", self._name):  # of another test in the same block
            return
        if verdict == "subtest":
            verdict, details, *_ = details
        self._note(verdict, details)

    def _take_fixture(self, name: str, verdict: str, details: Any = None) -> None:
        if name == self._name or name.startswith("setUp"):  # else it is of the class or module before
            self._note(verdict, details)

    def _take_unbegun(self, _: str, verdict: str, details: Any = None) -> None:
        self._note(verdict, details)

    def _take_copy(self, name: str, _: str) -> None:
        if name == self._name:
            self._note("error", "a forked copy of it came back to the runner")

    def _note(self, verdict: str, details: Any) -> None:
        verdict = "error" if verdict in FAILURES else "success" if verdict == "expected_failure" else verdict
        if verdict == "error" and not self._text:
            self._text = _described(details) if isinstance(details, dict) else details or "unexpected success"
        self._verdicts.append(verdict)


def _ignore(*_: Any) -> None:
    """A frame that says nothing of verdicts."""


def _described(details: dict[str, Any]) -> str:
    """An exception in one line."""
    error = details["exceptions"][0]
    text = str(error["text"]).strip().partition("\n")[0]
    name = error["type"][1]
    return f"{name}: {text}" if text else str(name)

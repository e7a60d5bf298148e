"""A worker: it runs the tests that it is asked for, one by one, and sends home what happens.

    forked by a zygote   work()          everything is loaded
    a fresh interpreter  work(), too     the first request tells it where it is

The requests (kind, then its arguments):

    context     what an interpreter needs to know
    shared                           the tests to come are not isolated: they share the process for the sake of speed
    run         address, options     run a test, with the fixtures of its class and module where they are due
    end_class                        tear the class down that the last test was of
    end_module                       the same, and its module
    emptied                          the files with output are: the answer to ``full``
    stop                             run none of the tests that are asked for already; it is not answered
    finish                           tear down what is left, and exit
    all         requests             these, in their order
"""

from __future__ import annotations

import contextlib
import os
import traceback
import unittest

from .._base import clock, real
from .._isolation import leak_snapshot, worker_process
from .._operations import events
from .._patches import installation, shown_warnings
from .._protocol import framing, portable_errors
from .._rules import policies
from .._settings.current_run import current_run
from .._stdlib import unittest_internals, warnings_internals
from .._verdicts import scopes
from . import addressing, context
from .worker_result import WorkerResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from .._isolation.interpreters import WorkerPlace

__unittest = True


def work(
    place: WorkerPlace, tests: dict[int, Any] | None = None, suite: Any = None, *, is_fresh: bool = False
) -> NoReturn:
    """Be a worker until there is nothing left to do; never returns.

    Args:
        place: where it runs.
        tests: those that are loaded already, by the number that they are asked for with.
        suite: that holds them as well.
        is_fresh: whether the interpreter was started for this worker.
    """
    status = 1
    try:
        channel = worker_process.set_up(place)
        clock.note_stops()
        if is_fresh:
            channel.send(["started"])
        scopes.forget()
        current_run.in_worker = True
        status = _Worker(channel, tests or {}, suite, place.sandbox).work()
    except BaseException:  # noqa: BLE001 - a worker that cannot work says why before it goes
        traceback.print_exc()
    real.exit_process(status)


def warm_up() -> None:
    """Do once, in the process that workers are forked from, what each of them would do for itself."""
    current_run.in_worker = True
    if installation.installed.is_complete:
        installation.patch_sockets()
    events.records()
    worker_process.make_streams()
    for _ in range(_WARM_UPS):
        rehearsal = _Worker(_Rehearsal(), {0: unittest.FunctionTestCase(_nothing)})  # type: ignore[arg-type]
        rehearsal.run(leave=False)
    policies.forget(unittest.FunctionTestCase)
    scopes.forget()
    _baseline.append(leak_snapshot.Snapshot())


_baseline: list[leak_snapshot.Snapshot] = []  # of the process that workers are forked from, if they are
_WARM_UPS = 4  # runs after which Python has adapted most of the code to what it meets


def _nothing() -> None:
    """The test of a rehearsal."""


_NO_OPTIONS = {"locals": False, "compare": False, "failfast": False, "buffer": False}


class _Rehearsal:
    """Stands for a channel, for a worker that is to run one test."""

    def __init__(self) -> None:
        self._requests: list[list[Any]] = [["run", {"number": 0}, _NO_OPTIONS], ["finish"]]

    def receive(self) -> list[Any]:
        return self._requests.pop(0)

    def send(self, frame: list[Any], *, hold: bool = False) -> None:
        framing.pack(b"", frame)


class _Worker:
    def __init__(
        self, channel: framing.WorkerEnd, tests: dict[int, Any], suite: Any = None, sandbox: int | None = None
    ) -> None:
        self._channel = channel
        self._sandbox = sandbox  # the way to the one who answers for it, until it is entered
        self._tests = tests
        self._suite = suite
        self._result = WorkerResult(channel)
        self._class: type | None = None
        self._stopped = False
        self._snapshot: leak_snapshot.Snapshot | None = None

    def work(self) -> int:
        """Do what is requested, and return the status to exit with."""
        shown_warnings.put_back()
        try:
            with shown_warnings.warnings_shown_by(self._result.relay_warning):
                self.run()
        except MemoryError:
            return framing.OUT_OF_MEMORY
        except (OSError, EOFError, framing.ProtocolError):
            return framing.CHANNEL_LOST
        return 0

    def run(self, *, leave: bool = True) -> None:
        """Do what is requested.

        Args:
            leave: whether the process is going to end after it.
        """
        result = self._result
        scopes.running.start_listeners[:] = [result.note_start]
        with contextlib.ExitStack() as between:
            between.enter_context(policies.default_scope())
            suite = _RequestedTests(self._requested(result, between))
            try:
                suite.run(result)
            except KeyboardInterrupt as error:  # a test raised it: the real one is not for workers
                result.broken(error)
                return
            except SystemExit as error:  # out of a fixture
                result.broken(error)
                return
        worker_process.let_leftovers_end()
        changes = [] if current_run.in_shared_worker else leak_snapshot.changes_since(self._snapshot)
        if leave:
            widest = policies.widest()
            if widest is not None:
                installation.hold_until_exit(widest)
            worker_process.leave()
            result.report_late()
        result.send("finished", {"changes": changes, **result.warned()})

    def _requested(self, result: WorkerResult, between: contextlib.ExitStack) -> Iterator[Any]:
        """The tests that are asked for, as they are."""
        while True:
            kind, *arguments = self._channel.receive()
            if kind == "context":
                context.enter(arguments[0])
                between.enter_context(policies.default_scope())  # the settings are known only now
                continue
            if kind == "shared":
                current_run.in_shared_worker = True
                os.environ.pop("HERMETIC_ISOLATED", None)
                unittest_internals.drop_tests(self._suite)  # what a test holds goes with it, as soon as it is over
                continue
            if self._snapshot is None:
                self._snapshot = _first_snapshot()
            if kind == "finish":
                return
            if kind == "run":
                yield from self._run(result, *arguments)
            elif kind not in ("stop", "emptied"):
                if self._class is not None:
                    yield _boundary_after(self._class, ends_module=kind == "end_module")
                if kind == "end_module":
                    self._stopped = result.has_failed = False
                result.done([])

    def _run(self, result: WorkerResult, address: dict[str, Any], options: dict[str, Any]) -> Iterator[Any]:
        changes: list[str] = []
        is_ahead = options.get("ahead", False)  # of the suite, which has not come to this test yet
        self._stopped = self._stopped or (is_ahead and self._channel.is_told_to_stop())
        test = None if self._stopped else self._find(result, address, options)
        if test is not None and not (is_ahead and result.failfast and result.has_failed):
            self._class = type(test)
            with scopes.unjudged():
                worker_process.restore_temporary_folder()  # a test of another worker may have removed it, too
            self._enter_sandbox()
            with _filters(options.get("filters")):
                yield test
            result.tell_the_rest()
            changes = result.take_changes()  # not at stopTest: an event loop is closed after that
            del test
        result.done(changes)

    def _enter_sandbox(self) -> None:
        """Be held by the kernel from the first test on: sockets that imports have connected are found then."""
        if self._sandbox is not None:
            from .._sandbox.sandboxed import Sandbox  # loaded by whoever has a sandbox

            with scopes.unjudged():
                scopes.running.sandbox = Sandbox.enter(self._sandbox)
            self._sandbox = None
            scopes.running.sandbox.scope_changed(scopes.running.process)

    def _find(self, result: WorkerResult, address: dict[str, Any], options: dict[str, Any]) -> Any:
        result.with_locals, result.compare_each = options["locals"], options["compare"]
        result.failfast, result.tells_of_buffering = options["failfast"], options["buffer"]
        try:
            if "number" in address:  # a test that is over is dropped where many come after it, as a suite drops it
                return (self._tests.pop if current_run.in_shared_worker else self._tests.__getitem__)(address["number"])
            return addressing.load(address)
        except Exception as error:  # noqa: BLE001 - the import of a test module may raise anything
            result.send("outcome", "error", portable_errors.describe(error))
            return None


@contextlib.contextmanager
def _filters(described: list[list[Any]] | None) -> Iterator[None]:
    """Have the filters of warnings that the test's runner has for it, if they are told."""
    if described is None:
        yield
        return
    filters = warnings_internals.warning_filters()
    before = [*filters]
    context.use_filters(described)
    set_here = [*filters]
    yield
    if warnings_internals.warning_filters() is filters and filters == set_here:  # else the test has changed them
        filters[:] = before


def _first_snapshot() -> leak_snapshot.Snapshot:
    if not _baseline:
        return leak_snapshot.Snapshot()
    _baseline[0].renew()
    return _baseline[0]


class _RequestedTests(unittest.TestSuite):
    """A suite whose tests are made while it runs."""

    _cleanup = False

    def __init__(self, tests: Iterator[Any]) -> None:
        super().__init__()
        self._requested = tests

    def __iter__(self) -> Iterator[Any]:
        return self._requested

    def __repr__(self) -> str:
        return "<the tests that are asked for>"  # unittest's own asks for all of them: --locals shows suites, too


def _boundary_after(cls: type, *, ends_module: bool) -> Any:
    """What makes a suite tear a class down, and its module if asked for: a test of another one that does nothing."""
    module = "" if ends_module else cls.__module__
    return type("Boundary", (), {"__module__": module, "__call__": lambda self, result: result})()

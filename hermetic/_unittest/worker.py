"""A worker: it runs the tests that it is asked for, one by one, and sends home what happens.

    forked by a zygote   work()          everything is loaded
    a fresh interpreter  work(), too     the first request tells it where it is

The requests (kind, then its arguments):

    context     what an interpreter needs to know
    run         address, options     run a test, with the fixtures of its class and module where they are due
    end_class                        tear the class down that the last test was of
    finish                           tear down what is left, and exit
"""

from __future__ import annotations

import faulthandler
import importlib
import io
import os
import signal
import sys
import threading
import traceback
import unittest
import warnings

from .. import _env, _guards, _real
from .._guards import children, events, state
from .._isolation import hygiene, output, portable, processes, protocol
from . import addressing, context, policies
from .result import GuardedResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from .._isolation.interpreters import WorkerPlace

__unittest = True

fcntl: Any = None if _env.WINDOWS else importlib.import_module("fcntl")

_LEAST_FILE_DESCRIPTOR = 300  # for our own: tests that meddle with others begin with the low ones
_GRACE = 1.0  # seconds that threads and processes which a test left have to end by themselves


def work(place: WorkerPlace, tests: dict[int, Any] | None = None) -> NoReturn:
    """Be a worker until there is nothing left to do; never returns.

    Args:
        place: where it runs.
        tests: those that are loaded already, by the number that they are asked for with.
    """
    try:
        channel = _set_up_process(place)
        policies.in_worker = True
        _Worker(channel, tests or {}).run()
        status = 0
    except MemoryError:
        status = protocol.OUT_OF_MEMORY
    except (OSError, EOFError, protocol.ProtocolError):
        status = protocol.CHANNEL_LOST
    except BaseException:  # noqa: BLE001 - a worker that cannot work says why before it goes
        traceback.print_exc()
        status = 1
    _real.exit_process(status)


def warm_up() -> None:
    """Do once, in the process that workers are forked from, what each of them would do for itself."""
    policies.in_worker = True
    events.records()
    _make_streams()
    for _ in range(_WARM_UPS):
        rehearsal = _Worker(_Rehearsal(), {0: unittest.FunctionTestCase(_nothing)})  # type: ignore[arg-type]
        rehearsal.run(leave=False)
    state.forget()
    _baseline.append(hygiene.Snapshot())


_baseline: list[hygiene.Snapshot] = []  # of the process that workers are forked from, if they are
_WARM_UPS = 4  # runs after which Python has adapted most of the code to what it meets


def _nothing() -> None:
    """The test of a rehearsal."""


class _Rehearsal:
    """Stands for a channel, for a worker that is to run one test."""

    def __init__(self) -> None:
        self._requests: list[list[Any]] = [["run", {"number": 0}, {"locals": False, "compare": False}], ["finish"]]

    def receive(self) -> list[Any]:
        return self._requests.pop(0)

    def send(self, frame: list[Any]) -> None:
        protocol.pack(b"", frame)


def _set_up_process(place: WorkerPlace) -> protocol.WorkerEnd:
    """Give the process its own standard files, its channel, its temporary folder; clear what was the parent's."""
    reading = _moved(place.reading)
    writing = reading if place.writing == place.reading else _moved(place.writing)
    streams = output.take_over(place.folder)
    stacks = _moved(streams["stacks"])
    null = os.open(os.devnull, os.O_RDONLY)
    for fd, source in ((0, null), (1, streams["out"]), (2, streams["err"])):
        if fd != source:
            os.dup2(source, fd)
    for fd in (null, streams["out"], streams["err"]):
        if fd > 2:  # noqa: PLR2004 - the standard ones
            os.close(fd)
    if sys.stdout is not _streams.get("stdout"):  # nobody has warmed up
        _make_streams()
    faulthandler.enable(file=stacks, all_threads=True)
    temporary = os.path.join(place.folder, "tmp")
    for name in ("TEMP", "TMP") if _env.WINDOWS else ("TMPDIR",):
        os.environ[name] = temporary
    tempfile: Any = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile.tempdir = temporary
    _real.use_temporary_folder(place.folder)
    state.forget()
    return protocol.WorkerEnd(reading, writing, place.nonce)


_streams: dict[str, Any] = {}


def _make_streams() -> None:
    """Python's own standard files, unbuffered: what was printed before a crash is to be seen."""
    os.environ["HERMETIC_ISOLATED"] = "1"
    for name, fd in (("stdout", 1), ("stderr", 2)):
        stream = io.TextIOWrapper(
            io.FileIO(fd, "w", closefd=False), encoding="utf-8", errors="backslashreplace", write_through=True
        )
        _streams[name] = stream
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115


def _moved(fd: int) -> int:
    """A descriptor out of the tests' way, not inherited by their processes; the given one is closed."""
    if _env.WINDOWS:
        moved = os.dup(fd)
    else:
        try:
            moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _LEAST_FILE_DESCRIPTOR)
        except OSError:  # the limit is lower
            moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(fd)
    return moved


class _Worker:
    def __init__(self, channel: protocol.WorkerEnd, tests: dict[int, Any]) -> None:
        self._channel = channel
        self._tests = tests
        self._result = WorkerResult(channel)
        self._class: type | None = None
        self._snapshot: hygiene.Snapshot | None = None

    def run(self, *, leave: bool = True) -> None:
        """Do what is requested.

        Args:
            leave: whether the process is going to end after it.
        """
        result = self._result
        warnings.showwarning = result.relay_warning
        with policies.default_scope():
            suite = _RequestedTests(self._requested(result))
            try:
                suite.run(result)
            except KeyboardInterrupt as error:  # a test raised it: the real one is not for workers
                result.broken(error)
                return
            except SystemExit as error:  # out of a fixture
                result.broken(error)
                return
        _let_leftovers_end()
        changes = self._snapshot.changes() if self._snapshot is not None else []
        if leave:
            _leave(result)
        result.send("finished", {"changes": changes, **result.warned()})

    def _requested(self, result: WorkerResult) -> Iterator[Any]:
        """The tests that are asked for, as they are."""
        while True:
            kind, *arguments = self._channel.receive()
            if kind == "context":
                context.enter(arguments[0])
                continue
            if self._snapshot is None:
                self._snapshot = _first_snapshot()
            if kind == "finish":
                return
            changes: list[str] = []
            if kind == "end_class":
                if self._class is not None:
                    yield _boundary_after(self._class)
            else:
                test = self._find(result, *arguments)
                if test is not None:
                    self._class = type(test)
                    yield test
                    changes = result.take_changes()  # not at stopTest: an event loop is closed after that
                    del test
            result.send("ready", changes)

    def _find(self, result: WorkerResult, address: dict[str, Any], options: dict[str, Any]) -> Any:
        result.with_locals, result.compare_each = options["locals"], options["compare"]
        try:
            if "number" in address:
                return self._tests[address["number"]]
            return addressing.load(address)
        except Exception as error:  # noqa: BLE001 - the import of a test module may raise anything
            result.send("outcome", "error", portable.describe(error))
            return None


def _first_snapshot() -> hygiene.Snapshot:
    if not _baseline:
        return hygiene.Snapshot()
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


def _boundary_after(cls: type) -> Any:
    """What makes a suite tear a class down, but not its module: a test of another class that does nothing."""
    names = {"__module__": cls.__module__, "__call__": lambda self, result: result}
    return type("Boundary", (), names)()


class _SendingResult(unittest.TestResult):
    """A result that sends what it is told."""

    def __init__(self, channel: protocol.WorkerEnd) -> None:
        super().__init__()
        self._channel = channel
        self._pid = _real.get_pid()
        self._current: Any = None
        self.with_locals = False
        self.compare_each = False
        self._started = 0.0
        self._snapshot: hygiene.Snapshot | None = None

    def send(self, *frame: Any) -> None:
        """Send a frame; a forked copy of the test that comes by here ends instead, and says so."""
        if _real.get_pid() != self._pid:
            self._channel.send(["copy", state.owner_name(self._current), portable.cut(str(frame[1:2] or ""), 200)])
            _real.exit_process(1)
        self._channel.send([*frame])

    def startTest(self, test: Any) -> None:
        super().startTest(test)
        self._current = test
        self.send("begin", state.owner_name(test))
        self._snapshot = hygiene.Snapshot() if self.compare_each else None
        self._started = _real.perf_counter()

    def stopTest(self, test: Any) -> None:
        duration = _real.perf_counter() - self._started
        super().stopTest(test)
        self.send("end", {"duration": duration, **self.warned()})
        self._current = None

    def addDuration(self, test: Any, elapsed: float) -> None:
        """Not kept: it was sent."""

    def take_changes(self) -> list[str]:
        """What the test that has just run changed and left, if that is to be told."""
        snapshot, self._snapshot = self._snapshot, None
        return [] if snapshot is None else snapshot.changes()

    def warned(self) -> dict[str, Any]:
        """The violations that were let happen, handed out once."""
        found, state.running.warned = state.running.warned, []
        return {"warned": [children.violation_fields(violation) for violation in found]}

    def broken(self, error: BaseException) -> None:
        """A test or a fixture ended the worker by an exception that ends programs."""
        self.send("broken", self._described((type(error), error, error.__traceback__)))

    def relay_warning(  # noqa: PLR0913, PLR0917 - the signature of what it stands for
        self, message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        """In the place of ``warnings.showwarning``."""
        names = [category.__module__, category.__qualname__]
        if _real.get_pid() == self._pid:
            self.send("warning", portable.cut(str(message)), names, str(filename), int(lineno))

    def addSuccess(self, test: Any) -> None:
        self._tell(test, "success")

    def addError(self, test: Any, err: Any) -> None:
        self._tell(test, "error", self._described(err))

    def addFailure(self, test: Any, err: Any) -> None:
        self._tell(test, "failure", self._described(err))

    def addSkip(self, test: Any, reason: str) -> None:
        self._tell(test, "skip", portable.cut(str(reason)))

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self._tell(test, "expected_failure", self._described(err))

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._tell(test, "unexpected_success")

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        failed = err is not None
        kind = "success" if not failed else "failure" if issubclass(err[0], test.failureException) else "error"
        self._tell(subtest, kind, self._described(err) if failed else None)

    def _tell(self, test: Any, verdict: str, details: Any = None) -> None:
        parts = _real.sub_test_parts(test)
        if parts is not None:
            message, params = parts
            shown = None if message is None else portable.cut(str(message))
            self.send("outcome", "subtest", [verdict, details, shown, _shown_params(params)])
        elif test is self._current:
            self.send("outcome", verdict, details)
        else:  # a fixture, or what a test did after it had ended
            self.send("fixture", state.owner_name(test), verdict, details)

    def _described(self, err: Any) -> dict[str, Any]:
        error = err[1] if isinstance(err, tuple) else getattr(err, "value", err)
        return portable.describe(error, with_locals=self.with_locals)


def _shown_params(params: dict[str, Any]) -> dict[str, str]:
    shown = {}
    for name, value in params.items():
        try:
            shown[str(name)] = portable.cut(repr(value), 2000)
        except Exception:  # noqa: BLE001 - the user's __repr__ may do anything
            shown[str(name)] = "<repr() failed>"
    return shown


class WorkerResult(GuardedResult, _SendingResult):
    """The same, made to know of violations."""


def _let_leftovers_end() -> None:
    """Give threads and processes a moment; executors and queues are told as the interpreter tells them at its end."""
    deadline = _real.perf_counter() + _GRACE
    main = threading.main_thread()
    threads = [thread for thread in _real.enumerate_threads(threading) if thread is not main]
    if threads:
        teller = threading.Thread(target=_real.run_threading_exit_handlers, args=(threading,), daemon=True)
        teller.start()
        for thread in (teller, *(thread for thread in threads if not thread.daemon)):
            try:
                thread.join(max(deadline - _real.perf_counter(), 0))
            except RuntimeError:  # not started yet
                continue
    while processes.living_children() and _real.perf_counter() < deadline:
        _real.sleep(0.01)


def _leave(result: WorkerResult) -> None:
    """Do what an interpreter does at its end; what a test left running is not waited for."""
    for pid in processes.living_children():
        processes.send(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    widest = policies.widest()
    if widest is not None:
        _guards.hold_until_exit(widest)
    _real.run_exit_handlers()
    result.report_late()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # the test has closed or replaced it

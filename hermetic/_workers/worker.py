"""A worker: it runs the tests that it is asked for, one by one, and sends frames that say what happens.

A worker is a fork of a zygote, which has loaded everything, or a fresh interpreter, which the first request tells what
to import. The requests (kind, then arguments) are

    host        module, description  serve the tests of a host, by a module of hermetic's (a fresh interpreter only)
    context     description          become like the process of the run, and import test modules
    shared                           the tests to come are not isolated: they share this process to save time
    run         address, options     run a test, with the fixtures of class and module that are due before it
    end_class                        tear down the class of the last test
    end_module                       tear down the class of the last test, and its module
    emptied                          the output files have been emptied: the answer to ``full``
    stop                             run no more of the tests that were asked for; has no answer
    finish                           tear down what is left, and exit
    all         requests             these requests, in their order
"""

from __future__ import annotations

import contextlib
import functools
import os
import traceback
import unittest

from .._base import clock, own_sockets, real
from .._guards import audit_hook
from .._isolation import leak_snapshot, worker_process
from .._patches import forked_runs, installation, shown_warnings
from .._protocol import framing, portable_errors
from .._rules import policies
from .._settings.current_run import current_run
from .._stdlib import global_state, unittest_internals
from .._verdicts import scopes
from . import addressing, context, hosts
from .worker_result import WorkerResult, run_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn

    from .._isolation.interpreters import WorkerArguments

__unittest = True


def work(
    given: WorkerArguments,
    serve: Callable[[framing.WorkerEnd, WorkerArguments], None],
    *,
    is_fresh: bool = False,
    keeps_files: bool = False,
) -> NoReturn:
    """Be a worker until it is asked to finish, and exit.

    Args:
        serve: does what is requested, up to the request to finish.
        is_fresh: whether the interpreter was started for this worker.
        keeps_files: as for ``worker_process.set_up``.
    """
    status = 1
    try:
        channel = worker_process.set_up(given, is_fresh=is_fresh, keeps_files=keeps_files)
        clock.note_stops()
        scopes.reset()
        current_run.in_worker = True
        status = _status_after(serve, channel, given)
    except BaseException:  # noqa: BLE001 - a worker that cannot work says why before it exits
        traceback.print_exc()
    real.exit_process(status)


def _status_after(serve: Callable[..., None], channel: framing.WorkerEnd, given: WorkerArguments) -> int:
    try:
        serve(channel, given)
    except MemoryError:
        return framing.OUT_OF_MEMORY
    except (OSError, EOFError, framing.ProtocolError):
        return framing.CHANNEL_LOST
    return 0


def serve_tests(
    channel: framing.WorkerEnd,
    given: WorkerArguments,
    tests: dict[int, Any] | None = None,
    suite: Any = None,
    snapshot: leak_snapshot.Snapshot | None = None,
) -> None:
    """Run tests of unittest, as requested.

    Args:
        tests: the tests that are loaded already, by their numbers in requests.
        suite: the suite, if its tests share workers.
        snapshot: of the zygote; None in a fresh interpreter.
    """
    loop = _RequestLoop(channel, tests or {}, suite, snapshot, given)
    shown_warnings.put_back()
    with shown_warnings.warnings_shown_by(loop.result.relay_warning):
        loop.run()


def warm_up(tests: dict[int, Any] | None = None, suite: Any = None) -> Callable[[WorkerArguments], NoReturn]:
    """Do in the zygote, once, what each forked worker would do for itself, and let Python adapt its code.

    Returns:
        The function to call in forked workers.
    """
    current_run.in_worker = True
    forked_runs.leave_blocks()
    if installation.installed.is_complete:
        installation.patch_sockets()
    audit_hook.hook_listeners()
    worker_process.make_streams()
    for _ in range(_WARM_UPS):
        _rehearse()
    policies.forget(unittest.FunctionTestCase)
    _prepare_policies(tests or {})
    scopes.reset()
    serve = functools.partial(serve_tests, tests=tests, suite=suite, snapshot=leak_snapshot.Snapshot())
    return functools.partial(work, serve=serve)


def _prepare_policies(tests: dict[int, Any]) -> None:
    for test in tests.values():
        with contextlib.suppress(Exception):  # the worker that runs the test reports it
            policies.prepare_for_forks(test)


_WARM_UPS = 4  # runs after which Python has adapted most of the code


def _rehearse() -> None:
    """Run a test as a worker does, with a channel and output files of its own."""
    nonce = framing.new_nonce()
    ours, theirs = own_sockets.pair()
    with contextlib.closing(ours), contextlib.closing(theirs), real.open_file(os.devnull, "wb") as output:
        run = ["run", {"number": 0}, run_options(None, compare=False)]
        ours.sendall(framing.pack(nonce, ["all", [run, ["finish"]]]))
        streams = (output.fileno(), output.fileno())
        channel = framing.WorkerEnd(theirs.fileno(), theirs.fileno(), nonce, streams)
        loop = _RequestLoop(channel, {0: unittest.FunctionTestCase(_rehearsed)}, snapshot=leak_snapshot.Snapshot())
        loop.run(leave=False)


def _rehearsed() -> None:
    """The test of a rehearsal."""


class _RequestLoop:
    """Takes requests, and does them."""

    def __init__(
        self,
        channel: framing.WorkerEnd,
        tests: dict[int, Any],
        suite: Any = None,
        snapshot: leak_snapshot.Snapshot | None = None,
        given: WorkerArguments | None = None,
    ) -> None:
        self._channel = channel
        self._folder = "" if given is None else given.folder
        self._sandbox = None if given is None else given.sandbox  # None once it is entered
        self._tests = tests
        self._suite = suite
        self.result = WorkerResult(channel)
        self._class: type | None = None
        self._stopped = False
        self._inherited = snapshot
        self._snapshot: leak_snapshot.Snapshot | None = None  # once there is something to be done

    def run(self, *, leave: bool = True) -> None:
        """Do what is requested."""
        result = self.result
        scopes.running.start_listeners[:] = [result.note_start]
        with contextlib.ExitStack() as between:
            between.enter_context(policies.default_scope())
            suite = _RequestedTests(self._requested(result, between))
            try:
                suite.run(result)
            except KeyboardInterrupt as error:  # raised by a test: Ctrl-C does not reach workers
                result.broken(error)
                return
            except SystemExit as error:  # raised by a fixture
                result.broken(error)
                return
        with scopes.unjudged():
            for host in hosts.in_use():
                host.before_end()
        worker_process.let_leftovers_end()
        changes = [] if current_run.in_shared_worker else leak_snapshot.changes_since(self._snapshot)
        if leave:
            widest = policies.widest()
            if widest is not None:
                installation.hold_until_exit(widest)
            worker_process.wind_up()
            result.report_late()
        result.send("finished", {"changes": changes, **result.warned()})

    def _requested(self, result: WorkerResult, between: contextlib.ExitStack) -> Iterator[Any]:
        """Yield the tests that are asked for, when they are asked for; do all other requests."""
        while True:
            kind, *arguments = self._channel.receive()
            if kind == "context":
                context.take_on(arguments[0])
                between.enter_context(policies.default_scope())  # the context has brought the settings
                continue
            if kind == "shared":
                current_run.in_shared_worker = True
                os.environ.pop("HERMETIC_ISOLATED", None)
                unittest_internals.drop_tests(self._suite)  # each test is freed when it is over
                continue
            if self._snapshot is None:
                self._snapshot = self._first_snapshot()
            if kind == "finish":
                return
            if kind == "run":
                yield from self._run(result, *arguments)
            elif kind not in ("stop", "emptied"):
                if self._class is not None:
                    yield _boundary_after(self._class, ends_module=kind == "end_module")
                if kind == "end_module":
                    result.has_failed = False
                    self._stopped = self._stopped and self._channel.has_requests
                result.done([])

    def _first_snapshot(self) -> leak_snapshot.Snapshot:
        if self._inherited is None:
            return leak_snapshot.Snapshot()
        self._inherited.renew()
        return self._inherited

    def _run(self, result: WorkerResult, address: dict[str, Any], options: dict[str, Any]) -> Iterator[Any]:
        changes: list[str] = []
        is_ahead = options.get("ahead", False)  # before the suite of the run has come to this test
        self._stopped = self._stopped or (is_ahead and self._channel.is_told_to_stop())
        test = None if self._stopped else self._find(result, address, options)
        if test is not None and not (is_ahead and result.failfast and result.has_failed):
            self._class = type(test)
            if self._folder:
                with scopes.unjudged():
                    worker_process.restore_temporary_folder(self._folder)
            self._enter_sandbox()
            if options.keys() & _AROUND:
                with _around(test, result, options):
                    yield test
            else:
                yield test
            result.tell_the_rest()
            changes = result.take_changes()  # after stopTest, because an event loop is closed later
            del test
        result.done(changes)

    def _enter_sandbox(self) -> None:
        """Enter the sandbox before the first test, when imports have connected their sockets."""
        if self._sandbox is not None:
            enter_sandbox(self._sandbox)
            self._sandbox = None

    def _find(self, result: WorkerResult, address: dict[str, Any], options: dict[str, Any]) -> Any:
        result.with_locals, result.compare_each = options["locals"], options["compare"]
        result.failfast, result.tells_of_buffering = options["failfast"], options["buffer"]
        try:
            test = self._load(address)
            for host in hosts.in_use():
                with scopes.unjudged():
                    host.before_test(test)
        except Exception as error:  # noqa: BLE001 - an imported test module may raise anything
            result.send("outcome", "error", portable_errors.describe_error(error))
            return None
        return test

    def _load(self, address: dict[str, Any]) -> Any:
        if "number" not in address:
            return addressing.load_test(address)
        # In a shared worker, a test is freed when it is over, as by a suite.
        return (self._tests.pop if current_run.in_shared_worker else self._tests.__getitem__)(address["number"])


def enter_sandbox(descriptor: int) -> None:
    """Enter the sandbox that a file descriptor leads to."""
    from .._sandbox.sandboxed import Sandbox  # saves 30 ms where there is no sandbox

    with scopes.unjudged():
        scopes.running.sandbox = Sandbox.enter(descriptor)
    scopes.running.sandbox.scope_changed(scopes.running.process)


_AROUND = frozenset({"filters", "phases"})  # options of few requests


@contextlib.contextmanager
def _around(test: Any, result: WorkerResult, options: dict[str, Any]) -> Iterator[None]:
    """Run a test with the filters of its request, and measure its phases, if the request asks for that."""
    with contextlib.ExitStack() as around:
        if "filters" in options:
            around.enter_context(_filters(options["filters"]))
        if options.get("phases"):
            result.phases = around.enter_context(unittest_internals.phases_timed(test))
        yield


@contextlib.contextmanager
def _filters(described: list[list[Any]]) -> Iterator[None]:
    """Use the given filters of warnings for a test."""
    filters = global_state.warning_filters()
    before = [*filters]
    context.use_filters(described)
    set_here = [*filters]
    yield
    if global_state.warning_filters() is filters and filters == set_here:  # else the test has changed them
        filters[:] = before


class _RequestedTests(unittest.TestSuite):
    """A suite whose tests are made while it runs."""

    _cleanup = False

    def __init__(self, tests: Iterator[Any]) -> None:
        super().__init__()
        self._requested = tests

    def __iter__(self) -> Iterator[Any]:
        return self._requested

    def __repr__(self) -> str:
        return "<the tests that are asked for>"  # unittest's __repr__ iterates, and --locals shows suites


def _boundary_after(cls: type, *, ends_module: bool) -> Any:
    """A test of another class that does nothing, so that the suite tears down the class before it, or its module."""
    return _boundary_class("" if ends_module else cls.__module__)()


@functools.cache
def _boundary_class(module: str) -> type:
    return type("Boundary", (), {"__module__": module, "__call__": lambda self, result: result})

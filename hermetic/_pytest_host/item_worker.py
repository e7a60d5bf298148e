"""A worker that runs items of pytest: a fork of the session, as it was before its first item, or a repeated session.

It runs the whole protocol of an item, as the session would, and sends each report and warning to it. Requests name an
item by its address. Frames of the kind ``host`` carry (kind, then data)

    report      a report
    warning     what ``pytest_warning_recorded`` was told
    text        what pytest has written to the terminal
    stop        why the session is to end after this item: kind, text, exit status
    unmatched   why the worker cannot run the item
    late        what went wrong after the last item
    junit       what a fixture gave pytest's own JUnit report: method, name and value
"""

from __future__ import annotations

import collections
import functools
import importlib
import io
import os
import sys

from .._base import real
from .._isolation import leak_snapshot, worker_process
from .._patches import installation
from .._protocol import portable_errors
from .._rules import policies
from .._settings.current_run import current_run
from .._verdicts import faults, scopes, violation_data
from .._workers import worker
from . import item_databases, plain_reports
from .worker_terminal import WorkerTerminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, NoReturn

    from .._isolation.interpreters import WorkerArguments
    from .._policy.decision import Policy
    from .._protocol.framing import WorkerEnd

    Address = tuple[str, int, int]

pytest: Any = importlib.import_module("pytest")

_SESSION_PLUGINS = ("WorkerInteractor",)  # it would send on the channel of pytest-xdist, too
# What the session tells plugins about the items of workers; plugins that keep or write it would have it twice.
_REPLAYED = (
    "pytest_runtest_logstart", "pytest_runtest_logreport", "pytest_runtest_logfinish", "pytest_warning_recorded",
)  # fmt: skip


def addresses_of(items: Sequence[Any]) -> list[Address]:
    """The addresses of items: their id, the number among the items with this id, and how many these are."""
    totals = collections.Counter(item.nodeid for item in items)
    seen: collections.Counter[str] = collections.Counter()
    found = []
    for item in items:
        found.append((item.nodeid, seen[item.nodeid], totals[item.nodeid]))
        seen[item.nodeid] += 1
    return found


# --- forked workers --------------------------------------------------------------------------------------------------


def prepare(session: Any) -> Callable[[WorkerArguments], NoReturn]:
    """Do in the zygote what each forked worker would do for itself.

    Args:
        session: the session of pytest, which has collected its items.

    Returns:
        The function to call in forked workers.
    """
    current_run.in_worker = True
    if installation.installed.is_complete:
        installation.patch_sockets()
    manager = session.config.pluginmanager
    for plugin in [found for found in manager.get_plugins() if type(found).__name__ in _SESSION_PLUGINS]:
        manager.unregister(plugin)
    silence(session.config)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # with -s, or a test that crashes would take its output with it
    worker_of_items = ItemWorker(session)
    serve = functools.partial(_serve, items=worker_of_items, snapshot=new_snapshot())
    return functools.partial(worker.work, serve=serve, keeps_files=True)


def silence(config: Any) -> None:
    """Have the terminal show nothing that the session shows, too; plugins may go on to use it."""
    manager = config.pluginmanager
    reporter = manager.getplugin("terminalreporter")
    if reporter is not None:
        config.get_terminal_writer()._file = io.StringIO()  # noqa: SLF001 - there is no other way
        manager.unregister(reporter)
        manager.register(_WithoutHooks(reporter), "terminalreporter")


class _WithoutHooks:
    """A plugin that pytest calls no more, for others that use it.

    Args:
        plugin: the plugin.
    """

    def __init__(self, plugin: Any) -> None:
        self._plugin = plugin

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plugin, name)


def _serve(channel: WorkerEnd, given: WorkerArguments, items: ItemWorker, snapshot: leak_snapshot.Snapshot) -> None:
    snapshot.renew()
    items.serve(channel, given)
    items.end(snapshot)
    items.leave()


# --- all workers -----------------------------------------------------------------------------------------------------


class ItemWorker:
    """Runs items as requested, and sends what becomes of them.

    Args:
        session: the session of pytest, which has collected its items.
        errors: those of the collection.
    """

    def __init__(self, session: Any, errors: Sequence[str] = ()) -> None:
        self._session = session
        self._errors = errors
        self._items = dict(zip(addresses_of(session.items), session.items, strict=True))
        self._sender = _Sender(session.config)
        self._changes: list[str] = []
        self._widest: Policy | None = None
        self._databases = item_databases.patch_django(session.config)
        os.environ.pop("PYTEST_CURRENT_TEST", None)  # of a test that runs this session; pytest removes it after an item
        _tell_pytest_alone(session.config.pluginmanager)
        session.config.pluginmanager.register(self._sender)  # pytest tells it all warnings so far, which it ignores
        if session.config.pluginmanager.hasplugin("terminalreporter"):
            terminal = WorkerTerminal(self._sender.send)
            session.config.get_terminal_writer()._file = terminal  # noqa: SLF001 - as in silence()
            session.config.pluginmanager.register(terminal)
        _relay_junit(session.config, self._sender)

    def serve(self, channel: WorkerEnd, given: WorkerArguments) -> None:
        """Run items until there are no more to run."""
        self._sender.channel = channel
        if given.sandbox is not None:
            worker.enter_sandbox(given.sandbox)
        for number, (address, following, slot) in enumerate(requests(channel), 1):
            if number > 1:  # an earlier item may have removed it
                with scopes.unjudged():
                    worker_process.restore_temporary_folder(given.folder)
            if self._databases is not None:
                self._databases.number = slot
            item = self._items.get((*address,))
            if item is None:
                self._sender.send("host", "unmatched", self._why_not(*address))
            else:
                self._run(item, None if following is None else self._items.get((*following,)))
            self._sender.send("ready", [], number)

    def _why_not(self, nodeid: str, _: int, total: int) -> str:
        """Why an item cannot be run: this process has collected other items than the session."""
        here = sum(nodeid == other for other, *_ in self._items)
        text = f"a new interpreter collected {here} tests with this id, but the session collected {total}"
        if self._errors:
            return "\n".join([f"{text}:", *self._errors])
        return (
            f"{text}. The ids of parametrized tests must be the same in each run: give them ids=, and sort values that"
            " come from a set"
        )

    def _run(self, item: Any, nextitem: Any) -> None:
        """Run an item, as the session would."""
        sender = self._sender
        sender.item = item
        started = real.perf_counter()
        sender.send("begin", item.nodeid, started)
        before = self._session.shouldstop
        try:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=nextitem)
        except pytest.exit.Exception as error:
            sender.send("host", "stop", ["exit", str(error.msg), error.returncode])
        except KeyboardInterrupt as error:
            sender.send("host", "stop", ["interrupt", str(error), None])
        sender.end_copies()
        if self._session.shouldstop and self._session.shouldstop != before:
            sender.send("host", "stop", ["stop", str(self._session.shouldstop), None])
        facts = {"started": started, "duration": real.perf_counter() - started, "methods": [], "warned": []}
        sender.send("end", facts, hold=True)  # until "ready"

    def end(self, snapshot: leak_snapshot.Snapshot) -> None:
        """Tear down what is left, and find what the items have changed."""
        try:
            self._session._setupstate.teardown_exact(None)  # noqa: SLF001 - of fixtures that items not run needed
        except BaseException as error:  # noqa: BLE001 - a fixture may raise anything
            self._sender.send("host", "late", f"{type(error).__name__}: {portable_errors.cut(str(error))}")
        worker_process.let_leftovers_end()
        os.environ.pop("PYTEST_CURRENT_TEST", None)  # pytest leaves it where a tear-down fails
        self._changes = leak_snapshot.changes_since(snapshot)
        self._widest = policies.widest()

    def leave(self) -> None:
        """Exit, and say what the process has changed."""
        if self._widest is not None:
            installation.hold_until_exit(self._widest)
        worker_process.wind_up()
        _save_coverage()
        if installation.installed.is_complete:
            installation.parts().violation_log.collect_entries()
        for found in [*(error for _, error in scopes.take_late()), *faults.take()]:
            self._sender.send("host", "late", f"{type(found).__name__}: {found}")
        warned = [violation_data.violation_fields(violation) for violation in scopes.running.warned]
        self._sender.send("finished", {"changes": self._changes, "warned": warned})


def _tell_pytest_alone(manager: Any) -> None:
    """Have pytest's own plugins alone hear in this process what the session will tell all."""
    for name in _REPLAYED:
        hook = getattr(manager.hook, name)
        for found in hook.get_hookimpls():
            if not _is_of_pytest(found.plugin):
                hook._remove_plugin(found.plugin)  # noqa: SLF001 - other hooks of the plugin have their work here


def _is_of_pytest(plugin: Any) -> bool:
    module = getattr(plugin, "__name__", "") or type(plugin).__module__
    return str(module).partition(".")[0] in ("_pytest", "pytest")


def _save_coverage() -> None:
    """Save what coverage.py has measured in a fork of a session that it measures, as pytest-cov has it do."""
    coverage = sys.modules.get("coverage")
    measuring = None if coverage is None else coverage.Coverage.current()
    if measuring is not None:
        with scopes.unjudged():
            measuring.save()


def new_snapshot() -> leak_snapshot.Snapshot:
    """Return a snapshot of this process, in which Django's test databases are nobody's files."""
    return leak_snapshot.Snapshot(item_databases.file_names())


def requests(channel: WorkerEnd) -> Iterator[tuple[list[Any], list[Any] | None, int]]:
    """Yield the addresses of the items to run.

    Each comes with that of the next item that needs the same fixtures, and with the number of the worker among those
    that are alive.
    """
    while True:
        kind, *arguments = channel.receive()
        if kind == "finish":
            return
        address, following, slot, _ = arguments
        yield address, following, slot


class _Sender:
    """The plugin that sends reports and warnings.

    Attributes:
        channel: the channel to the session; None in the zygote, where nothing is sent.
        item: the item that runs.
    """

    def __init__(self, config: Any) -> None:
        self._config = config
        self.channel: Any = None
        self.item: Any = None
        self._pid = 0

    def send(self, *frame: Any, hold: bool = False) -> None:
        """Send a frame, or hold it until the next one."""
        self._pid = self._pid or real.get_pid()
        with scopes.unjudged():
            self.channel.send([*frame], hold=hold)

    def is_at_work(self) -> bool:
        """Whether this process is the worker, and has begun an item."""
        return self.channel is not None and real.get_pid() == self._pid

    def end_copies(self) -> None:
        """End this process, if it is a copy that a test has forked, and that has come back to pytest."""
        if real.get_pid() != self._pid:
            self.channel.send(["copy", self.item.nodeid, ""])
            real.exit_process(1)

    @pytest.hookimpl(trylast=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Send a report, once all plugins have had their say."""
        self.end_copies()
        self._config.hook.pytest_report_teststatus(report=report, config=self._config)  # counts failed subtests
        data = plain_reports.encoded_report(self._config, report)
        self.send("host", "report", data, hold=report.when == "teardown")

    def pytest_warning_recorded(self, warning_message: Any, when: str, nodeid: str, location: Any) -> None:
        """Send a warning; those from before the fork are the session's."""
        if self.is_at_work():
            data = plain_reports.encoded_warning(warning_message, when, nodeid, location)
            self.send("host", "warning", data)


def _relay_junit(config: Any, sender: _Sender) -> None:
    """Replace pytest's JUnit report, if there is one."""
    key = plain_reports.junit_key(config)
    report = config.stash.get(key, None)
    if report is not None:
        config.pluginmanager.unregister(report)
        config.stash[key] = relay = _JUnitRelay(report.family, sender)
        config.pluginmanager.register(relay)  # pytest unregisters it


class _JUnitRelay:
    """Stands for pytest's JUnit report, and for the part of an item: what fixtures give to them goes to the session.

    Attributes:
        family: the format of the report.
    """

    def __init__(self, family: str, sender: _Sender) -> None:
        self.family = family
        self._sender = sender

    def node_reporter(self, _: Any) -> _JUnitRelay:
        """Return the part of an item."""
        return self

    def add_attribute(self, name: str, value: object) -> None:
        """Send an attribute of the item."""
        self._sender.send("host", "junit", ["add_attribute", str(name), str(value)], hold=True)

    def add_global_property(self, name: str, value: object) -> None:
        """Send a property of the report."""
        self._sender.send("host", "junit", ["add_global_property", str(name), str(value)], hold=True)

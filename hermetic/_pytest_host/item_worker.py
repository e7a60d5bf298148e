"""A worker that runs items of pytest: a fork of the session, as it was before its first item.

It runs the whole protocol of an item, as the session would, and sends each report and warning to it. Frames of the kind
``host`` carry (kind, then data)

    report      a report
    warning     what ``pytest_warning_recorded`` was told
    text        what pytest has written to the terminal
    stop        why the session is to end after this item: kind, text, exit status
    late        what went wrong after the last item
"""

from __future__ import annotations

import functools
import importlib
import io
import os
import sys
import traceback

from .._base import clock, real
from .._isolation import leak_snapshot, worker_process
from .._patches import installation
from .._protocol import framing, portable_errors
from .._rules import policies
from .._settings.current_run import current_run
from .._verdicts import faults, scopes, violation_data
from .._workers import worker
from . import item_databases, plain_reports
from .item_rules import ItemOwner
from .worker_terminal import WorkerTerminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .._isolation.interpreters import WorkerArguments

pytest: Any = importlib.import_module("pytest")

_SESSION_PLUGINS = ("WorkerInteractor",)  # it would send on the channel of pytest-xdist, too


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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # with -s, or a test that crashes would take its output with it
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # of a test that runs this session; pytest removes it after an item
    sender = _Sender(session.config)
    if manager.hasplugin("terminalreporter"):
        terminal = WorkerTerminal(sender.send)
        session.config.get_terminal_writer()._file = terminal  # noqa: SLF001 - the session shows the reports
        manager.register(terminal)
    manager.register(sender)  # pytest tells it of all warnings so far, which it ignores
    sender.databases = item_databases.patch_django(session.config)
    return functools.partial(_work, session, sender, leak_snapshot.Snapshot(item_databases.file_names()))


def _work(session: Any, sender: _Sender, snapshot: leak_snapshot.Snapshot, given: WorkerArguments) -> NoReturn:
    status = 1
    try:
        channel = sender.channel = worker_process.set_up(given, is_fresh=False, keeps_files=True)
        clock.note_stops()
        scopes.reset()
        snapshot.renew()
        status = _serve(session, sender, channel, given, snapshot)
    except BaseException:  # noqa: BLE001 - a worker that cannot work says why before it exits
        traceback.print_exc()
    real.exit_process(status)


def _serve(
    session: Any, sender: _Sender, channel: Any, given: WorkerArguments, snapshot: leak_snapshot.Snapshot
) -> int:
    """Do what is requested, and return the exit status."""
    try:
        if given.sandbox is not None:
            worker.enter_sandbox(given.sandbox)
        number = 0
        while True:
            kind, *arguments = channel.receive()
            if kind == "finish":
                break
            with scopes.unjudged():
                worker_process.restore_temporary_folder(given.folder)
            _run(session, sender, *arguments)
            number += 1
            sender.send("ready", [], number)
        _finish(session, sender, snapshot)
    except MemoryError:
        return framing.OUT_OF_MEMORY
    except (OSError, EOFError, framing.ProtocolError):
        return framing.CHANNEL_LOST
    return 0


def _run(session: Any, sender: _Sender, index: int, following: int | None, slot: int) -> None:
    """Run an item, as the session would."""
    if sender.databases is not None:
        sender.databases.number = slot
    item = session.items[index]
    nextitem = None if following is None else session.items[following]
    sender.item = item
    started = real.perf_counter()
    sender.send("begin", ItemOwner(item).id(), started)
    before = session.shouldstop
    try:
        item.ihook.pytest_runtest_protocol(item=item, nextitem=nextitem)
    except pytest.exit.Exception as error:
        sender.send("host", "stop", ["exit", str(error.msg), error.returncode])
    except KeyboardInterrupt as error:
        sender.send("host", "stop", ["interrupt", str(error), None])
    sender.end_copies()
    if session.shouldstop and session.shouldstop != before:
        sender.send("host", "stop", ["stop", str(session.shouldstop), None])
    sender.send("end", {"started": started, "duration": real.perf_counter() - started, "methods": [], "warned": []})


def _finish(session: Any, sender: _Sender, snapshot: leak_snapshot.Snapshot) -> None:
    """Tear down what is left, exit, and say what the process has changed."""
    try:
        session._setupstate.teardown_exact(None)  # noqa: SLF001 - of fixtures that items not run would have needed
    except BaseException as error:  # noqa: BLE001 - a fixture may raise anything
        sender.send("host", "late", f"{type(error).__name__}: {portable_errors.cut(str(error))}")
    worker_process.let_leftovers_end()
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # pytest leaves it where a tear-down fails
    changes = leak_snapshot.changes_since(snapshot)
    widest = policies.widest()
    if widest is not None:
        installation.hold_until_exit(widest)
    worker_process.wind_up()
    if installation.installed.is_complete:
        installation.parts().violation_log.collect_entries()
    for found in [*(error for _, error in scopes.take_late()), *faults.take()]:
        sender.send("host", "late", f"{type(found).__name__}: {found}")
    warned = [violation_data.violation_fields(violation) for violation in scopes.running.warned]
    sender.send("finished", {"changes": changes, "warned": warned})


class _Sender:
    """The plugin that sends reports and warnings.

    Attributes:
        channel: the channel to the session; None in the zygote, where nothing is sent.
        item: the item that runs.
        databases: those of Django that the worker may use; None without Django.
    """

    def __init__(self, config: Any) -> None:
        self._config = config
        self.channel: Any = None
        self.item: Any = None
        self.databases: item_databases.WorkerDatabases | None = None
        self._pid = 0

    def send(self, *frame: Any) -> None:
        """Send a frame."""
        self._pid = self._pid or real.get_pid()
        with scopes.unjudged():
            self.channel.send([*frame])

    def end_copies(self) -> None:
        """End this process, if it is a copy that a test has forked, and that has come back to pytest."""
        if real.get_pid() != self._pid:
            self.channel.send(["copy", ItemOwner(self.item).id(), ""])
            real.exit_process(1)

    @pytest.hookimpl(trylast=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Send a report, once all plugins have had their say."""
        self.end_copies()
        self.send("host", "report", plain_reports.encoded_report(self._config, report))

    def pytest_warning_recorded(self, warning_message: Any, when: str, nodeid: str, location: Any) -> None:
        """Send a warning; those from before the fork are the session's."""
        if self.channel is not None and real.get_pid() == self._pid:
            data = plain_reports.encoded_warning(warning_message, when, nodeid, location)
            self.send("host", "warning", data)

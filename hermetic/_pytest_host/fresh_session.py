"""Repeats a session of pytest in new interpreters, for isolated items where workers are not forked from the session.

FreshSessions    in the session: starts the interpreters, and describes the session to them
serve()          in a new interpreter: runs pytest with the same arguments, options, plugins and environment on the
files that are needed, and runs the items that are asked for in the place of all
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pathlib

from .._base import own_files, system
from .._isolation.output import remove_folder
from .._settings.current_run import current_run
from .._workers import context
from .._workers.worker_supply import WorkerSupply
from . import item_worker, plain_reports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from .._isolation.interpreters import WorkerArguments
    from .._isolation.worker_link import Worker
    from .._protocol.framing import WorkerEnd

pytest: Any = importlib.import_module("pytest")

# Options of the session that would have a worker overwrite what the session writes.
_OF_THE_SESSION = {
    **dict.fromkeys(("basetemp", "htmlpath", "report_log")),
    "cacheclear": False,
    "json_report": False,
    "log_file_mode": "a",
}
_WRITES_CACHE = ("lfplugin", "nfplugin", "stepwiseplugin")  # the plugins that would write what a part of the run knows
_STREAMS = ("stdout", "stderr")


# --- in the session --------------------------------------------------------------------------------------------------


class FreshSessions:
    """Starts interpreters that repeat the session.

    Args:
        session: the session, which has collected its items.
    """

    def __init__(self, session: Any) -> None:
        self._supply = WorkerSupply()
        self._folder = own_files.new_folder("hermetic-")  # for what workers capture: it outlives a crash
        self._description = _description(session.config)

    def new_worker(self, files: list[str], *, sandboxed: bool) -> Worker:
        """Start a worker for the items of some files."""
        nursery, is_fresh = self._supply.for_pool()
        worker = nursery.new_worker(fresh=is_fresh, sandboxed=sandboxed)
        description = {**self._description, "files": files, "captured": self._captured_files(worker)}
        worker.send(["host", __name__, description])
        return worker

    def captured_by(self, worker: Worker) -> Iterator[tuple[str, str]]:
        """Yield what pytest has captured in a worker, and not reported: pairs of stream and text."""
        for name, path in zip(_STREAMS, self._captured_files(worker), strict=True):
            with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
                yield name, file.read()

    def _captured_files(self, worker: Worker) -> list[str]:
        return [os.path.join(self._folder, f"{worker.number}.{name}") for name in _STREAMS]

    def close(self) -> None:
        """End all interpreters."""
        self._supply.close()
        remove_folder(self._folder)


def _description(config: Any) -> dict[str, Any]:
    """Describe a session, for ``serve``."""
    given = config.invocation_params
    options = {name: value for name, value in vars(config.option).items() if _is_plain(value)}
    return {
        "surroundings": current_run.surroundings,
        "args": [*map(os.fspath, given.args), *(["--cov-append"] if config.pluginmanager.hasplugin("_cov") else ())],
        "plugins": [plugin for plugin in given.plugins or () if isinstance(plugin, str)],
        "options": plain_reports.to_plain({**options, **_OF_THE_SESSION}),
        "workerinput": plain_reports.to_plain(getattr(config, "workerinput", None)),
        "basetemp": os.fspath(config._tmp_path_factory.getbasetemp()),  # noqa: SLF001 - or each would make its own
    }


def _is_plain(value: Any) -> bool:
    return bool(plain_reports.from_plain(plain_reports.to_plain(value)) == value)


# --- in a new interpreter --------------------------------------------------------------------------------------------


def serve(channel: WorkerEnd, given: WorkerArguments, description: dict[str, Any]) -> None:
    """Repeat a session, and run the items that are asked for.

    Args:
        description: of the session.
    """
    context.take_on_surroundings(description["surroundings"])
    repeated = _RepeatedSession(channel, given, description)
    arguments, options = description["args"], plain_reports.from_plain(description["options"])
    workerinput = plain_reports.from_plain(description["workerinput"])
    if workerinput is None:
        pytest.main(arguments, [*description["plugins"], repeated])
    else:  # the arguments of a worker of pytest-xdist are not all: the controller has sent it the options
        config = pytest.Config.fromdictargs(options, arguments)
        config.workerinput = workerinput
        config.pluginmanager.register(repeated)
        config.hook.pytest_cmdline_main(config=config)
    repeated.leave()


class _RepeatedSession:
    """The plugin that makes a session of pytest a worker."""

    def __init__(self, channel: WorkerEnd, given: WorkerArguments, description: dict[str, Any]) -> None:
        self._channel = channel
        self._given = given
        self._description = description
        self._errors: list[str] = []  # of the collection
        self._items: item_worker.ItemWorker | None = None  # once it has collected

    @pytest.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_cmdline_main(self, config: Any) -> None:
        """Take on the options, as the plugins of the session have set them, and collect only what is needed."""
        vars(config.option).update(plain_reports.from_plain(self._description["options"]))
        config.args = self._description["files"]
        config.pluginmanager.unregister(name="faulthandler")  # the stacks of a crash belong to hermetic's report

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_sessionstart(self, session: Any) -> Generator[None, Any, Any]:
        """Have pytest use the temporary folder of the session, and write nothing to the terminal."""
        session.config._tmp_path_factory._basetemp = pathlib.Path(self._description["basetemp"])  # noqa: SLF001
        item_worker.silence(session.config)
        return (yield)

    def pytest_collectreport(self, report: Any) -> None:
        """Note what could not be collected."""
        if report.failed:
            self._errors.append(report.longreprtext)

    @pytest.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_runtestloop(self, session: Any) -> bool:
        """Run the items that are asked for."""
        for name in _WRITES_CACHE:
            session.config.pluginmanager.unregister(name=name)
        self._share_captured(session.config)
        self._items = item_worker.ItemWorker(session, self._errors)
        snapshot = item_worker.new_snapshot()
        self._channel.send(["started"])
        self._items.serve(self._channel, self._given)
        self._items.end(snapshot)
        return True

    def _share_captured(self, config: Any) -> None:
        """Have pytest capture to files that the session can read."""
        manager = config.pluginmanager.getplugin("capturemanager")
        if manager is None or config.option.capture != "fd":
            return
        capturing = manager._global_capturing  # noqa: SLF001 - there is no other way to its files
        for capture, path in zip((capturing.out, capturing.err), self._description["captured"], strict=True):
            fd = system.open_fd(path, os.O_RDWR | os.O_CREAT, 0o600)
            os.dup2(fd, capture.tmpfile.fileno(), inheritable=False)
            system.close(fd)

    def leave(self) -> None:
        """Exit, or say why pytest did not come to the first item."""
        if self._items is not None:
            self._items.leave()
            return
        self._channel.send(["started"])
        for number, _ in enumerate(item_worker.requests(self._channel), 1):
            self._channel.send(["host", "unmatched", "pytest ended in a new interpreter before it ran a test"])
            self._channel.send(["ready", [], number])
        self._channel.send(["finished", {"changes": [], "warned": []}])

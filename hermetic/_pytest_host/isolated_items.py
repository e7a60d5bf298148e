"""Hands isolated items of pytest to workers, and replays their reports as if the items had run in the session."""

from __future__ import annotations

import contextlib
import functools
import importlib
import itertools
import warnings

from .._base import features
from .._base.errors import IsolationError
from .._isolation.nursery import NoNursery, Nursery
from .._rules import sandbox_choice, timeouts
from .._settings.current_run import current_run
from .._verdicts import scopes
from .._workers.isolation import GroupRun
from . import item_worker
from .fresh_session import FreshSessions
from .item_replay import ItemReplay
from .item_rules import rule_of

if features.LINUX:
    from .._isolation.zygote_nursery import ZygoteNursery

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from typing import Any

    from .._isolation.worker_link import Worker
    from .._rules.groups import Group
    from .item_worker import Address

pytest: Any = importlib.import_module("pytest")


class IsolatedItems:
    """The hooks that run isolated items in workers.

    Args:
        session: the session.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._workers: _Forks | FreshSessions | None = None  # while there are items to run
        self._runs: dict[tuple[str, str], GroupRun] = {}
        self._addresses: dict[int, Address] = {}  # of the items, by id()
        self._members: dict[tuple[str, str], list[Any]] = {}  # the items of groups, by their keys
        self._late: list[str] = []
        self._slots: dict[GroupRun, int] = {}  # a number for each worker that is alive

    @pytest.hookimpl(wrapper=True, trylast=True)  # type: ignore[untyped-decorator]
    def pytest_runtestloop(self, session: Any) -> Generator[None, Any, Any]:
        """Fork the zygote before the first item, when other plugins are ready for items: pytest's logging is."""
        if session.config.option.collectonly:
            return (yield)
        addresses = item_worker.addresses_of(session.items)
        self._addresses = {id(item): address for item, address in zip(session.items, addresses, strict=True)}
        for item in session.items:
            group = rule_of(item).group
            if group is not None:
                _ = item.location  # it is kept: each worker would look for it
            if group is not None and group.key is not None:
                self._members.setdefault(group.key, []).append(item)
        session.config._tmp_path_factory.getbasetemp()  # noqa: SLF001 - or each worker would make a folder of its own
        self._workers = _Forks(session) if _can_fork() else FreshSessions(session)
        try:
            return (yield)
        finally:
            self._close()

    @pytest.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> bool | None:
        """Run an isolated item in the worker of its group."""
        group = rule_of(item).group
        if group is None or self._workers is None:
            return None
        _stop_timer(item)
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        replay = ItemReplay(item, group)
        with scopes.unjudged():
            replay.run(self._frames_of(item, group, replay))
        replay.show()
        self._tear_down(item, nextitem)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        replay.stop()
        return True

    def _frames_of(self, item: Any, group: Group, replay: ItemReplay) -> Iterable[list[Any]]:
        assert self._workers is not None
        members = [item] if group.key is None else self._members[group.key]
        run = GroupRun(group) if group.key is None else self._runs.setdefault(group.key, GroupRun(group))
        if not run.at_work:
            files = [*dict.fromkeys(str(member.path) for member in members)]
            self._slots[run] = self._free_slot()
            run.use(self._workers.new_worker(files, sandboxed=sandbox_choice.is_wanted(group.sandbox)))
        assert run.worker is not None
        replay.captured = functools.partial(self._workers.captured_by, run.worker)
        following = next(iter(members[members.index(item) + 1 :]), None)
        address, *others = (None if each is None else self._addresses[id(each)] for each in (item, following))
        option = timeouts.as_option(rule_of(item).timeout)
        requests: list[list[Any]] = [["run", address, *others, self._slots[run], option]]
        if following is None:
            requests.append(["finish"])
        yield from run.perform(requests)

    def _free_slot(self) -> int:
        """Return the lowest number that no living worker has."""
        self._slots = {run: slot for run, slot in self._slots.items() if run.at_work}
        return next(slot for slot in itertools.count(1) if slot not in self._slots.values())

    def _tear_down(self, item: Any, nextitem: Any) -> None:
        """Tear down here what only items before this one have needed."""
        stack = self._session._setupstate.stack  # noqa: SLF001 - as pytest does after an item of its own
        needed = [] if nextitem is None else nextitem.listchain()
        if all(node in needed for node in stack):
            return
        tear_down = functools.partial(self._session._setupstate.teardown_exact, nextitem)  # noqa: SLF001 - as above
        with _capturing(item.config, "teardown") as sections:
            call = pytest.CallInfo.from_call(tear_down, when="teardown")
        if call.excinfo is not None:
            report = item.ihook.pytest_runtest_makereport(item=item, call=call)
            report.sections += sections
            item.ihook.pytest_runtest_logreport(report=report)

    def _close(self) -> None:
        """End the workers of groups whose last items were not run."""
        with scopes.unjudged():
            for run in self._runs.values():
                if run.at_work:
                    texts = [_late_text(frame) for frame in run.perform([["finish"]])]
                    self._late += [f"the process of {run.group.description}: {text}" for text in texts if text]
            if self._workers is not None:
                self._workers.close()
                self._workers = None

    def pytest_sessionfinish(self, session: Any) -> None:
        """Fail a run with errors that no report was left for."""
        scopes.running.faults += [IsolationError(f"[H007] {text}") for text in self._late]


def _stop_timer(item: Any) -> None:
    """Stop the timer of pytest-timeout, which would interrupt the session: the worker has a timer of its own."""
    cancel = getattr(item.ihook, "pytest_timeout_cancel_timer", None)
    if cancel is not None:
        cancel(item=item)


def _can_fork() -> bool:
    return features.LINUX and current_run.settings.isolated_start != "fresh"


class _Forks:
    """Forks workers from the session as it is now.

    Args:
        session: the session, which has collected its items.
    """

    def __init__(self, session: Any) -> None:
        self._config = session.config
        self._nursery = _forked(session)

    def new_worker(self, _: list[str], *, sandboxed: bool) -> Worker:
        """Start a worker for the items of some files."""
        return self._nursery.new_worker(fresh=False, sandboxed=sandboxed)

    def captured_by(self, _: Worker) -> Iterator[tuple[str, str]]:
        """Yield what pytest has captured in a worker, and not reported: it shares the files of the session."""
        yield from _captured(self._config)

    def close(self) -> None:
        """End all workers."""
        self._nursery.close()


def _forked(session: Any) -> Nursery:
    """A nursery whose workers are copies of this process as it is now."""
    with scopes.unjudged(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which pytest-xdist has
        try:
            return ZygoteNursery.fork(functools.partial(item_worker.prepare, session))
        except OSError as error:
            return NoNursery(error)


def _late_text(frame: list[Any]) -> str:
    """What a frame says that went wrong at the end of a worker; empty if nothing did."""
    if frame[0] == "died":
        return str(frame[1])
    return str(frame[2]) if frame[:2] == ["host", "late"] else ""


@contextlib.contextmanager
def _capturing(config: Any, phase: str) -> Generator[list[tuple[str, str]]]:
    """Capture output as pytest does in a phase of an item, and yield the sections of its report."""
    sections: list[tuple[str, str]] = []
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is not None:
        manager.resume_global_capture()
    try:
        yield sections
    finally:
        if manager is not None:
            manager.suspend_global_capture(in_=False)
            sections += [(f"Captured {name} {phase}", text) for name, text in _captured(config) if text]


def _captured(config: Any) -> Iterator[tuple[str, str]]:
    """Yield what pytest has captured here: pairs of stream and text."""
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is not None and manager.is_globally_capturing():
        yield from zip(("stdout", "stderr"), manager.read_global_capture(), strict=True)

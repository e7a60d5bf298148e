"""Hands isolated items of pytest to workers, and replays their reports as if the items had run in the session."""

from __future__ import annotations

import contextlib
import functools
import importlib
import itertools
import os
import warnings

from .._base.errors import IsolationError
from .._isolation.nursery import NoNursery, Nursery
from .._isolation.zygote_nursery import ZygoteNursery
from .._protocol import frames
from .._results import isolation_errors
from .._results.guarded_result import exc_info
from .._rules import sandbox_choice
from .._verdicts import scopes, violation_data
from .._workers.isolation import GroupRun
from . import item_worker, plain_reports
from .item_rules import ItemOwner, rule_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from typing import Any

    from .._rules.groups import Group

pytest: Any = importlib.import_module("pytest")


class IsolatedItems:
    """The hooks that run isolated items in workers.

    Args:
        session: the session.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._nursery: Nursery | None = None  # while there are items to run
        self._runs: dict[tuple[str, str], GroupRun] = {}
        self._indexes: dict[int, int] = {}  # of the items, by id()
        self._following: dict[int, int] = {}  # the index of the group's next item, by index
        self._late: list[str] = []
        self._slots: dict[GroupRun, int] = {}  # a number for each worker that is alive

    @pytest.hookimpl(wrapper=True, trylast=True)  # type: ignore[untyped-decorator]
    def pytest_runtestloop(self, session: Any) -> Generator[None, Any, Any]:
        """Fork the zygote before the first item, when other plugins are ready for items: pytest's logging is."""
        if session.config.option.collectonly:
            return (yield)
        latest: dict[Any, int] = {}
        for index, item in enumerate(session.items):
            self._indexes[id(item)] = index
            group = rule_of(item).group
            if group is not None and group.key is not None:
                if group.key in latest:
                    self._following[latest[group.key]] = index
                latest[group.key] = index
        session.config._tmp_path_factory.getbasetemp()  # noqa: SLF001 - or each worker would make a folder of its own
        self._nursery = _forked(session)
        try:
            return (yield)
        finally:
            self._close()

    @pytest.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> bool | None:
        """Run an isolated item in the worker of its group."""
        group = rule_of(item).group
        if group is None or self._nursery is None:
            return None
        _stop_timer(item)
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        replay = ItemReplay(item, group)
        with scopes.unjudged():
            replay.run(self._frames_of(item, group))
        replay.show()
        self._tear_down(item, nextitem)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        replay.stop()
        return True

    def _frames_of(self, item: Any, group: Group) -> Iterable[list[Any]]:
        index = self._indexes[id(item)]
        run = GroupRun(group) if group.key is None else self._runs.setdefault(group.key, GroupRun(group))
        if not run.at_work:
            assert self._nursery is not None
            sandboxed = sandbox_choice.is_wanted(group.sandbox)
            self._slots[run] = self._free_slot()
            run.use(self._nursery.new_worker(fresh=False, sandboxed=sandboxed))
        following = self._following.get(index)
        requests: list[list[Any]] = [["run", index, following, self._slots[run]]]
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
            if self._nursery is not None:
                self._nursery.close()
                self._nursery = None

    def pytest_sessionfinish(self, session: Any) -> None:
        """Fail a run with errors that no report was left for."""
        scopes.running.faults += [IsolationError(f"[H007] {text}") for text in self._late]


def _stop_timer(item: Any) -> None:
    """Stop the timer of pytest-timeout, which would interrupt the session: the worker has a timer of its own."""
    cancel = getattr(item.ihook, "pytest_timeout_cancel_timer", None)
    if cancel is not None:
        cancel(item=item)


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


class ItemReplay(frames.FrameHandler):
    """Takes what a worker sends of an item, and shows it when nothing can change it any more.

    Args:
        item: the item.
        group: its group.
    """

    def __init__(self, item: Any, group: Group) -> None:
        self._item = item
        self._owner = ItemOwner(item)
        self._name = f"isolated test {self._owner.id()}"
        self._process = self._name if group.key is None else f"the process of {group.description}"
        self._duration = 0.0  # seconds, of a phase that did not end
        self._reports: list[Any] = []
        self._errors: list[str] = []
        self._changes: list[str] = []
        self._stop: list[Any] | None = None
        self._leaks: list[str] = []
        self._texts: dict[int, str] = {}  # for the terminal, by the number of reports before them

    def run(self, found: Iterable[list[Any]]) -> None:
        """Take the frames of the item."""
        try:
            for frame in found:
                self.take(frame)
        except IsolationError as error:
            self._errors.append(str(error).removeprefix("[H007] "))

    def on_host(self, kind: str, data: Any) -> None:
        """Take a report, a warning, text for the terminal, or what ends the session."""
        try:
            if kind == "report":
                self._reports.append(plain_reports.decoded_report(self._item.config, data, self._item.nodeid))
            elif kind == "warning":
                recorded = plain_reports.decoded_warning(data)
                self._item.config.hook.pytest_warning_recorded.call_historic(kwargs=recorded)
            elif kind == "text":
                self._take_text(str(data))
            elif kind == "stop":
                self._stop = data
            elif kind == "late":
                self._errors.append(f"after its end: {data}")
        except ValueError as error:
            self._errors.append(f"its process sent something else than pytest's reports: {error}")

    def _take_text(self, text: str) -> None:
        """Write a text at once, or after the report that pytest would show before it."""
        if all(report.when == "setup" and report.passed for report in self._reports):
            self._write(text)
        else:
            number = len(self._reports)
            self._texts[number] = self._texts.get(number, "") + text

    def _write(self, text: str) -> None:
        if text:
            self._item.config.get_terminal_writer().write(text, flush=True)

    def on_copy(self, name: str, what: str) -> None:
        """Note that a forked copy came back."""
        self._errors.append("a child that it forked returned to the runner; end a forked child with os._exit()")

    def on_died(self, text: str, started: float, duration: float) -> None:
        """Note why the worker has ended, without the frames of pytest in its stacks."""
        lines = [line for line in text.splitlines() if not any(part in line for part in _FRAMES_OF_PYTEST)]
        self._errors.append("\n".join(lines))
        self._duration = duration

    def on_ready(self, changes: list[str], number: int) -> None:
        """Note what the item changed."""
        self._changes += changes

    def on_finished(self, facts: dict[str, Any]) -> None:
        """Note what the process changed, and what was allowed to it."""
        self._changes += facts["changes"]
        scopes.running.warned += map(violation_data.violation_of, facts["warned"])

    def on_exited(self, left: list[str]) -> None:
        """Note what the process left behind."""
        self._changes += left

    def note_leaks(self, _: Any, what: str, changes: list[str]) -> None:
        """Note a leak for the summary."""
        self._leaks.append(f"{what}: {'; '.join(changes)}")

    def show(self) -> None:
        """Have pytest show the reports, with what went wrong in the process."""
        over = plain_reports.phases(self._reports)
        if not self._errors and not {"setup", "teardown"} <= over and self._stop is None:
            self._errors.append("its process did not report it to the end")
        errors = [isolation_errors.isolation_error(f"{self._name}: {text}", self._owner) for text in self._errors]
        if self._changes:
            found = isolation_errors.report_changes(self._process, self._changes, self._owner, self)
            errors += [found] if found is not None else []
        if errors:
            self._add(errors, over)
        elif self._leaks:
            self._note(self._reports[-1], is_error=False)
        for number, report in enumerate(self._reports, start=1):
            self._item.ihook.pytest_runtest_logreport(report=report)
            self._write(self._texts.get(number, ""))

    def _add(self, errors: list[Any], over: set[str]) -> None:
        """Make errors the report of the phase that was running, or of the tear-down."""
        phase = next((name for name in ("setup", "call", "teardown") if name not in over), "teardown")
        if phase == "call" and any(report.when == "setup" and not report.passed for report in self._reports):
            phase = "teardown"
        earlier = [report for report in self._reports if report.when == "teardown" and phase == "teardown"]
        if earlier and not earlier[-1].passed:
            earlier[-1].sections += [("hermetic", f"{type(error).__name__}: {error}") for error in errors]
            return
        self._reports = [report for report in self._reports if report not in earlier]
        sections = [section for known in [*self._reports, *earlier][-1:] for section in known.sections]
        sections += _captured(self._item.config, phase)
        report = self._made(phase, errors[0])
        report.sections += sections
        report.sections += [("hermetic", f"{type(error).__name__}: {error}") for error in errors[1:]]
        self._note(report, is_error=True)
        self._reports.append(report)
        if phase != "teardown":
            ended = self._made("teardown", None)
            ended.sections += sections  # JUnit reports take the output of an item from its last report
            self._reports.append(ended)

    def _made(self, phase: str, error: Any) -> Any:
        found = None if error is None else pytest.ExceptionInfo.from_exc_info(exc_info(error))
        call = pytest.CallInfo.from_call(lambda: None, when=phase)
        call.excinfo = found
        call.duration = self._duration if error is not None else 0.0
        return pytest.TestReport.from_item_and_call(self._item, call)

    def _note(self, report: Any, *, is_error: bool) -> None:
        report.hermetic_findings = {"is_error": is_error, "violations": [], "allowed": [], "leaks": self._leaks}

    def stop(self) -> None:
        """End the session, if the item has asked for that."""
        if self._stop is None:
            return
        kind, text, status = self._stop
        if kind == "exit":
            pytest.exit(str(text), returncode=status if isinstance(status, int) else None)
        if kind == "interrupt":
            raise KeyboardInterrupt(text)
        self._item.session.shouldstop = str(text)


_FRAMES_OF_PYTEST = [f"{os.sep}{package}{os.sep}" for package in ("_pytest", "pluggy")]


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
            sections += _captured(config, phase)


def _captured(config: Any, phase: str) -> Generator[tuple[str, str]]:
    """What a worker that died has printed: it shares the files that pytest captures output with."""
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is not None and manager.is_globally_capturing():
        for name, text in zip(("stdout", "stderr"), manager.read_global_capture(), strict=True):
            if text:
                yield f"Captured {name} {phase}", text

"""Takes what a worker sends of an item of pytest, and shows it as if the item had run in the session."""

from __future__ import annotations

import importlib
import os
import sys

from .._base.errors import IsolationError
from .._protocol import frames
from .._results import isolation_errors
from .._results.guarded_result import exc_info
from .._verdicts import scopes, violation_data
from . import plain_reports
from .item_rules import ItemOwner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .._rules.groups import Group

pytest: Any = importlib.import_module("pytest")


class ItemReplay(frames.FrameHandler):
    """Takes what a worker sends of an item, and shows it when nothing can change it any more.

    Args:
        item: the item.
        group: its group.

    Attributes:
        captured: finds what pytest has captured in the worker, and not reported: pairs of stream and text.
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
        self._has_begun = False
        self._before: list[str] = []  # what the worker wrote before the item began, while it repeated the session
        self.captured: Callable[[], Iterable[tuple[str, str]]] = tuple

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
            elif kind == "junit":
                self._add_to_junit(*data)
            elif kind == "stop":
                self._stop = data
            elif kind == "unmatched":
                self._errors.append("\n".join([str(data), *self._before]))
            elif kind == "late":
                self._errors.append(f"after its end: {data}")
        except (ValueError, TypeError) as error:
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

    def _add_to_junit(self, method: str, name: str, value: str) -> None:
        """Give pytest's JUnit report, if there is one, what a fixture has given to that of the worker.

        Raises:
            ValueError: the report has no such method.
        """
        report = self._item.config.stash.get(plain_reports.junit_key(self._item.config), None)
        if method not in ("add_attribute", "add_global_property"):
            raise ValueError(f"no method {method}")
        if report is not None:
            part = report.node_reporter(self._item.nodeid) if method == "add_attribute" else report
            getattr(part, method)(str(name), str(value))

    def on_begin(self, _: str, _started: float) -> None:
        """Note that the item has begun."""
        self._has_begun = True

    def on_output(self, stream: str, text: str) -> None:
        """Write what a new interpreter has written past pytest's capture; a forked worker writes there itself."""
        if not self._has_begun:
            self._before.append(text)
            return
        out = sys.stdout if stream == "out" else sys.stderr
        out.write(text)
        out.flush()

    def on_copy(self, name: str, what: str) -> None:
        """Note that a forked copy came back."""
        self._errors.append("a child that it forked returned to the runner; end a forked child with os._exit()")

    def on_died(self, text: str, started: float, duration: float) -> None:
        """Note why the worker has ended, without the frames of pytest in its stacks."""
        lines = [line for line in text.splitlines() if not any(part in line for part in _FRAMES_OF_PYTEST)]
        self._errors.append("\n".join([*lines, *(() if self._has_begun else self._before)]))
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
        sections += [(f"Captured {name} {phase}", text) for name, text in self.captured() if text]
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

"""Sums up what hermetic found in a run of pytest, in pytest's terminal summary."""

from __future__ import annotations

import importlib

from .._patches import installation
from .._policy import messages
from .._settings.current_run import current_run
from .._verdicts import faults, scopes, violation_data
from .._verdicts.known_violations import KnownViolations
from .item_rules import ItemOwner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._base.records import Violation

pytest: Any = importlib.import_module("pytest")

_LATE = "hermetic_late"  # what an xdist worker sends of what came after its last test


class TerminalFindings:
    """Collects the findings of all reports, those of pytest-xdist's workers included.

    Args:
        tests: the ids of the tests of the run, as far as this process knows them.
    """

    def __init__(self, tests: list[str]) -> None:
        self._tests = tests
        self._violations: list[Violation] = []
        self._allowed: list[Violation] = []
        self._leaks: list[str] = []
        self._late: list[str] = []
        self._unsure: list[tuple[str, str]] = []  # the ids of items that did not pass, in unittest's form

    @pytest.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Collect the findings of a report."""
        found = getattr(report, "hermetic_findings", None)
        if found is not None:
            self._violations += map(violation_data.violation_of, found["violations"])
            self._allowed += map(violation_data.violation_of, found["allowed"])
            self._leaks += found["leaks"]

    @pytest.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """Show a violation as an error, not as a failure."""
        found = getattr(report, "hermetic_findings", None)
        return ("error", "E", "ERROR") if found is not None and found["is_error"] else None

    @pytest.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """Note the items that did not run to their end: what the baseline knows of them may still occur."""
        if call.excinfo is not None or getattr(item, "_excinfo", None):
            self._unsure.append((ItemOwner(item).id(), ""))

    @pytest.hookimpl(wrapper=True, trylast=True)  # type: ignore[untyped-decorator]
    def pytest_sessionfinish(self, session: Any) -> Any:
        """Fail a run with findings that no report was left for."""
        result = yield
        self._late += _late_findings()
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_LATE] = self._late
        elif self._late and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return result

    @pytest.hookimpl(optionalhook=True)  # type: ignore[untyped-decorator]
    def pytest_testnodedown(self, node: Any) -> None:
        """Take the late findings of a worker of pytest-xdist."""
        self._late += getattr(node, "workeroutput", {}).get(_LATE, ())

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write the summary."""
        allowed, known = self._allowed, list[str]()
        if current_run.settings.baseline:
            allowed, known = KnownViolations(self._tests, is_whole=False).told_apart(allowed, self)
        bad = messages.summary_lines(self._violations, "violations")
        odd = [*messages.summary_lines(allowed, "warnings"), *messages.leak_lines(self._leaks), *known]
        if bad or odd or self._late:
            terminalreporter.section("hermetic")
            for lines, colour in ((bad, "red"), (odd, "yellow")):
                for line in lines:
                    is_heading = not line.startswith(" ")
                    terminalreporter.write_line(line, **({colour: True} if is_heading else {}))
            for text in self._late:
                terminalreporter.write_line(f"after the last test: {text}", red=True)

    # What KnownViolations asks of the result of a run.
    ended_early = None
    failures = skipped = ()

    @property
    def errors(self) -> list[tuple[str, str]]:
        """The tests that did not pass."""
        return self._unsure


def _late_findings() -> list[str]:
    if not installation.installed.is_complete:
        return []
    installation.parts().violation_log.collect_entries()
    found = [*(error for _, error in scopes.take_late()), *faults.take()]
    return [f"{type(error).__name__}: {error}" for error in found]

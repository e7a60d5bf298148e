"""Adds the JSON reports of a run to the history: those of its shards, which do not update it themselves."""

from __future__ import annotations

from .._base import real
from .._base.errors import ConfigurationError
from .._base.records import PastRun
from .._base.spelling import counted
from .history import history_path, owner_of_fixture
from .history_file import HistoryFile, read_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .._settings.values import Settings

_FORMAT, _VERSION = "hermetic-report", 1
_FAILED = ("error", "failure", "unexpected_success", "interrupted")
_OTHERS = ("expected_failure", "skip", "success")


def merge(paths: Sequence[str], settings: Settings) -> str:
    """Add the reports of one run to the history, as one run.

    Returns:
        A sentence about the added run, for people.

    Raises:
        ConfigurationError: there is no history, or it cannot be written; or a file is no report of hermetic's.
    """
    path = history_path(settings)
    if path is None:
        raise ConfigurationError("--history-merge needs a history, but history = off")
    found = [_report(name) for name in paths]
    reports = [report for at, report in enumerate(found) if report not in found[:at]]  # one may be named twice
    tests = [test for report in reports for test in report["tests"]]
    failed = {name: None for test in tests if test["outcome"] in _FAILED and (name := _name_of(test))}
    ran = {test["id"]: 0.0 if test["outcome"] == "skip" else test["duration"] for test in tests if _is_test(test)}
    file = HistoryFile(path, is_own=settings.history == "auto")
    once_failed = {name for run in file.read().runs for name in run.failed}
    passed = (test["id"] for test in tests if test["outcome"] != "skip" and test["id"] in once_failed)
    codes = {report.get("code", "") for report in reports}
    run = PastRun(
        min(report["started"] for report in reports),
        round(max(report["duration"] for report in reports), 3),
        sum(map(_is_test, tests)),
        len(failed),
        codes.pop() if len(codes) == 1 else "",
        tuple(failed),
        tuple(dict.fromkeys(name for name in passed if name not in failed)),
        tuple(dict.fromkeys(test["id"] for test in tests if test.get("flaky"))),
    )
    try:
        file.add(ran, failed, {}, run)
    except OSError as error:
        raise ConfigurationError(f"the history {path} could not be written: {error.strerror or error}") from None
    shown, were = counted(len(reports), "report"), counted(run.tests, "test")
    return f"Added a run of {were} ({run.failures} failed) from {shown} to {real.relative_path(path)}."


def _is_test(test: dict[str, Any]) -> bool:
    return bool(test["kind"] == "test")


def _name_of(test: dict[str, Any]) -> str:
    return str(test["id"]) if _is_test(test) else owner_of_fixture(test["id"])


def _report(path: str) -> dict[str, Any]:
    """The contents of a report.

    Raises:
        ConfigurationError: the file cannot be read, or is no report.
    """
    try:
        found = read_plain(path)
    except OSError as error:
        raise ConfigurationError(f"--history-merge {path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"--history-merge {path}: it is not JSON: {error}") from None
    fault = _fault_in(found)
    if fault:
        raise ConfigurationError(f"--history-merge {path}: {fault}")
    assert isinstance(found, dict)
    return found


def _fault_in(found: Any) -> str:
    """Why plain data is not a report; empty for a report."""
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        return "it is not a JSON report of hermetic, which --json writes"
    if found.get("version") != _VERSION:
        return f"its version is {found.get('version')!r}, and this hermetic reads version {_VERSION}"
    if not (_is_number(found.get("started")) and _is_number(found.get("duration"))):
        return "its start and its duration are not numbers of seconds"
    if not isinstance(found.get("tests"), list) or not all(map(_is_right, found["tests"])):
        return "its tests are not as hermetic writes them"
    return "" if isinstance(found.get("code", ""), str) else "its code is not a text"


def _is_right(test: Any) -> bool:
    return (
        isinstance(test, dict)
        and isinstance(test.get("id"), str)
        and test.get("kind") in ("test", "fixture")
        and test.get("outcome") in (*_FAILED, *_OTHERS)
        and _is_number(test.get("duration"))
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0 <= value < float("inf")

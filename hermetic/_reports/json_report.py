"""Makes the JSON report, whose documented schema (docs/reference/json-schema.md) must not change."""

from __future__ import annotations

import json
from dataclasses import asdict

from .plain_text import without_surrogates
from .test_records import TestRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._base.records import Violation
    from .test_records import RunRecord, Trends

VERSION = 1
_encode = json.JSONEncoder().encode
_quoted = json.encoder.encode_basestring_ascii
_OF_RUNS = ("started", "seconds", "tests", "failures", "code")  # the fields of ``PastRun`` that are shown
_OF_ATTEMPTS = ("outcome", "started", "duration", "worker", "entries", "violations", "warnings", "stdout", "stderr")
_SURROGATE = r"\ud"  # what the JSON of a surrogate, lone or not, begins with


def text(run: RunRecord) -> str:
    """The report of a run."""
    document = {
        "format": "hermetic-report",
        "version": VERSION,
        "hermetic": run.hermetic,
        "python": run.python,
        "platform": run.platform,
        "command": run.command,
        "started": round(run.started, 6),
        "duration": round(run.duration, 6),
        "successful": run.successful,
        "ended_early": run.ended_early,
        "totals": run.totals(),
        "warnings": [asdict(warning) for warning in run.warnings],
        "code": run.code,
        "history": None if run.trends is None else _history(run.trends),
    }
    head = json.dumps(_readable(document), indent=1).removesuffix("\n}")
    lines = ",\n  ".join(map(_line, run.tests))
    return f'{head},\n "tests": [\n  {lines}\n ]\n}}\n'


def _history(trends: Trends) -> dict[str, Any]:
    return {
        "runs": [{name: getattr(entry, name) for name in _OF_RUNS} for entry in trends.runs],
        "changes": trends.changes,
        "flaky": [asdict(test) for test in trends.flaky],
    }


def _line(record: TestRecord) -> str:
    """The line of a record."""
    found = _line_of_success(record) if record.is_plain else _encode(_test(record))
    return _encode(_readable(_test(record))) if _SURROGATE in found else found


def _line_of_success(record: TestRecord) -> str:
    """The line of a test that passed without further details, made in a third of the encoder's time."""
    return _SUCCESS % (
        _quoted(record.id),
        _quoted(record.module),
        _quoted(record.class_name),
        _quoted(record.name),
        _quoted(record.file),
        record.line,
        _quoted(record.size) if record.size else "null",
        round(record.started, 6),
        round(record.duration, 6),
        _quoted(record.worker),
        _quoted(record.group),
    )


def _test(record: TestRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "kind": record.kind,
        "module": record.module,
        "class": record.class_name,
        "name": record.name,
        "file": record.file,
        "line": record.line,
        "size": record.size,
        "outcome": record.outcome,
        "reason": record.reason,
        "started": round(record.started, 6),
        "duration": round(record.duration, 6),
        "worker": record.worker,
        "group": record.group,
        "subtests": record.subtests,
        "entries": [asdict(entry) for entry in record.entries],
        "violations": [
            *(_violation(violation, "error") for violation in record.violations),
            *(_violation(violation, "warning") for violation in record.warned),
        ],
        "warnings": [asdict(warning) for warning in record.warnings],
        "leaks": record.leaks,
        "stdout": record.stdout,
        "stderr": record.stderr,
        "flaky": record.is_flaky,
        "attempts": [_attempt(attempt) for attempt in record.attempts],
        "diagnosis": record.diagnosis,
    }


def _attempt(record: TestRecord) -> dict[str, Any]:
    whole = _test(record)
    phases = {name: round(seconds, 6) for name, seconds in (record.phases or {}).items()}
    return {**{name: whole[name] for name in _OF_ATTEMPTS}, "phases": phases}


def _violation(violation: Violation, reported_as: str) -> dict[str, Any]:
    operation, site = violation.operation, violation.site
    return {
        "code": violation.code,
        "reported_as": reported_as,
        "size": violation.size,
        "kind": operation.kind,
        "action": operation.action,
        "target": operation.target,
        "api": operation.api,
        "program": operation.program,
        "process": operation.pid,
        "file": site.filename,
        "line": site.line,
        "function": site.function,
        "source": site.source,
    }


def _readable(value: Any) -> Any:
    """A value whose texts every JSON parser accepts: many refuse lone surrogates."""
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, dict):
        return {key: _readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return value


_OF_SUCCESSES = ("id", "module", "class", "name", "file", "line", "size", "started", "duration", "worker", "group")
_SUCCESS = ", ".join(
    f"{_quoted(name)}: {'%s' if name in _OF_SUCCESSES else _encode(value)}"
    for name, value in _test(TestRecord("", passed=True)).items()
).join("{}")

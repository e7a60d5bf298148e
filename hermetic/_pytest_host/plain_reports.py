"""Turns reports and warnings of pytest into plain data and back, for the way from a worker to its run.

Nothing that a worker sends is unpickled. Tuples, bytes, paths and sets keep their types; other objects become their
``repr()``.
"""

from __future__ import annotations

import importlib
import os
import pathlib
import warnings

from .._protocol import portable_errors, stand_in_classes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

pytest: Any = importlib.import_module("pytest")

_PLAIN = (type(None), bool, int, float, str)
_COLLECTIONS = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
_MAX_DEPTH = 100
_RERUN = "rerun"  # the outcome of a phase that pytest-rerunfailures repeats


def to_plain(value: Any, depth: int = 0) -> Any:
    """Return a value as plain data, in which every object that JSON does not know is a list with its kind."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if depth > _MAX_DEPTH:
        return ["repr", "..."]
    if kind.__name__ in _COLLECTIONS and _COLLECTIONS[kind.__name__] is kind:
        return [kind.__name__, [to_plain(member, depth + 1) for member in value]]
    if kind is dict:
        return ["dict", [[to_plain(key, depth + 1), to_plain(member, depth + 1)] for key, member in value.items()]]
    if kind is bytes or isinstance(value, pathlib.PurePath):
        return ["bytes", value.hex()] if kind is bytes else ["path", os.fspath(value)]
    return ["repr", portable_errors.repr_of(value, "<repr() failed>")]


def from_plain(data: Any) -> Any:
    """Return the value that was encoded.

    Raises:
        ValueError: the data encodes nothing.
    """
    if type(data) in _PLAIN:
        return data
    try:
        kind, content = data
        if kind in _COLLECTIONS:
            return _COLLECTIONS[kind](from_plain(member) for member in content)
        if kind == "dict":
            return {from_plain(key): from_plain(member) for key, member in content}
        make: Any = {"bytes": bytes.fromhex, "path": pathlib.Path, "repr": str}[kind]
        return make(content)
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"it is no encoded value: {error}") from error


def encoded_report(config: Any, report: Any) -> Any:
    """Return a report as plain data."""
    return to_plain(config.hook.pytest_report_to_serializable(config=config, report=report))


def decoded_report(config: Any, data: Any, nodeid: str) -> Any:
    """Return the report that was encoded.

    Args:
        config: the configuration of pytest.
        data: the plain data.
        nodeid: the id of the item that the report is of.

    Raises:
        ValueError: it is no report of the item.
    """
    fields = from_plain(data)
    try:
        parameters = {**fields.get("_subtest.context", {}).get("kwargs", {})}
        report = config.hook.pytest_report_from_serializable(config=config, data=fields)
        is_right = report.nodeid == nodeid and report.when in ("setup", "call", "teardown")
    except Exception as error:
        raise ValueError(f"it is no report: {type(error).__name__}: {error}") from error
    if not is_right or report.outcome not in ("passed", "failed", "skipped", _RERUN):
        raise ValueError("it is no report of this item")
    if parameters:  # of a subtest, which takes the repr() of what was one already
        report.context.kwargs.update(parameters)
    return report


def encoded_warning(message: Any, when: str, nodeid: str, location: Any) -> Any:
    """Return a warning, with what pytest knows of it, as plain data."""
    category = message.category
    return to_plain(
        {
            "text": portable_errors.cut(str(message.message)),
            "category": (category.__module__, category.__qualname__),
            "place": (str(message.filename), int(message.lineno), None if message.line is None else str(message.line)),
            "when": when,
            "nodeid": nodeid,
            "location": location,
        }
    )


def decoded_warning(data: Any) -> dict[str, Any]:
    """Return the arguments for ``pytest_warning_recorded``.

    Raises:
        ValueError: the data is no warning.
    """
    fields = from_plain(data)
    try:
        (module, name), (filename, line, source) = fields["category"], fields["place"]
        category = _category(str(module), str(name))
        message = Warning.__new__(category, fields["text"])
        message.args = (fields["text"],)
        shown = warnings.WarningMessage(message, category, str(filename), int(line), line=source)
        rest = {name: fields[name] for name in ("when", "nodeid", "location")}
    except (TypeError, KeyError) as error:
        raise ValueError(f"it is no warning: {error}") from error
    return {"warning_message": shown, **rest}


def _category(module: str, name: str) -> Any:
    found: Any = stand_in_classes.known_class(module, name, Warning)
    return found or type(stand_in_classes.plain_name(name), (Warning,), {"__module__": module})


def junit_key(config: Any) -> Any:
    """Return the key of pytest's JUnit report in the stash of a configuration, in which it may be missing."""
    junit = config.pluginmanager.getplugin("junitxml")
    return pytest.StashKey() if junit is None else junit.xml_key


def phases(reports: Iterable[Any]) -> set[str]:
    """Return the phases that are over, by their reports; a subtest has reports of its own, and so has a rerun."""
    return {report.when for report in reports if type(report) is pytest.TestReport and report.outcome != _RERUN}

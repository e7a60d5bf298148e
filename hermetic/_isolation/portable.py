"""Exceptions that cross from a worker to its supervisor as plain data, and are shown there as they were raised.

    worker       describe()  the class, the text, the frames, causes and contexts: no object of the user's
    supervisor   rebuild()   an exception of the same name and text, with a traceback of the same frames

Whatever runner reports it formats it as it would have formatted the original.
"""

from __future__ import annotations

import builtins
import itertools
import sys
import traceback
import types

from .. import _env, _real
from .._errors import ViolationError
from .._guards import children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_TEXT = 200_000  # characters of a message; more than anybody reads, less than anybody waits for
_MAX_FRAMES = 1_000  # at either end of a traceback: as many as Python's own recursion limit
_MAX_CHAIN = 20
_MAX_LOCAL = 2_000  # characters of a local variable

# Bound now: the code under test may replace or remove any of it.
_walk_tb = traceback.walk_tb
_traceback_exception = traceback.TracebackException
_islice = itertools.islice


def cut(text: str, limit: int = _MAX_TEXT) -> str:
    """A text with its middle left out where it is longer than the limit, in characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


# --- in the worker ---------------------------------------------------------------------------------------------------


def describe(
    error: BaseException, tb: Any = None, *, with_locals: bool = False, _depth: int = 0, _seen: Any = ()
) -> dict[str, Any]:
    """An exception as plain data.

    Args:
        error: the exception; nothing of it is trusted.
        tb: where it was raised, if that is another place than it knows of: doctest makes such.
        with_locals: whether to take the local variables of its frames along.
    """
    cls = type(error)
    described: dict[str, Any] = {
        "type": [str(cls.__module__), str(cls.__qualname__)],
        "base": next(base.__name__ for base in cls.__mro__ if base.__module__ == "builtins"),
        "text": cut(_text(error)),
        "frames": _frames(tb or error.__traceback__, with_locals=with_locals),
        "notes": _notes(error),
    }
    if isinstance(error, ViolationError):
        described["violation"] = children.violation_fields(error.violation)
    if isinstance(error, SyntaxError):
        described["syntax"] = {name: getattr(error, name, None) for name in _SYNTAX_FIELDS}
        described["syntax"] = {name: value for name, value in described["syntax"].items() if _is_plain(value)}
    seen = {*_seen, id(error)}
    if _depth < _MAX_CHAIN:
        for name in ("__cause__", "__context__"):
            linked = getattr(error, name)
            if linked is not None and id(linked) not in seen:
                described[name] = describe(linked, with_locals=with_locals, _depth=_depth + 1, _seen=seen)
        members = _members(error)
        if members:
            described["members"] = [
                describe(member, with_locals=with_locals, _depth=_depth + 1, _seen=seen)
                for member in members
                if id(member) not in seen
            ]
    described["suppress"] = bool(error.__suppress_context__)
    return described


_SYNTAX_FIELDS = ("msg", "filename", "lineno", "offset", "text", "end_lineno", "end_offset")


def _is_plain(value: object) -> bool:
    return value is None or type(value) in (str, int)


def _text(error: BaseException) -> str:
    try:
        if isinstance(error, (NameError, AttributeError, ImportError)):
            # "Did you mean ...?" is found out when it is shown, with the help of objects that stay here.
            only = "".join(_traceback_exception(type(error), error, error.__traceback__).format_exception_only())
            head, found, text = only.partition(": ")
            if found and " " not in head and not getattr(error, "__notes__", None):
                return text.removesuffix("\n")
        return str(error)
    except BaseException:  # noqa: BLE001 - the user's __str__ may do anything
        return _env.UNPRINTABLE_EXCEPTION.format(type(error).__name__)


def _notes(error: BaseException) -> list[str]:
    """The notes as a traceback shows them, which takes whatever stands there."""
    notes = getattr(error, "__notes__", None)
    if notes is None:
        return []
    is_list = isinstance(notes, (list, tuple))
    try:
        return [cut(note if isinstance(note, str) else str(note)) for note in notes] if is_list else [cut(repr(notes))]
    except BaseException:  # noqa: BLE001 - as of __str__
        return ["<notes: str() failed>"]


def _members(error: BaseException) -> list[BaseException]:
    if not _env.HAS_EXCEPTION_GROUPS or not isinstance(error, BaseExceptionGroup):  # type: ignore[name-defined,unused-ignore]  # noqa: F821 - from 3.11 on
        return []
    return list(error.exceptions)


def _frames(tb: types.TracebackType | None, *, with_locals: bool) -> list[list[Any]]:
    frames = []
    while tb is not None:
        code, names = tb.tb_frame.f_code, tb.tb_frame.f_globals
        frames.append(
            [
                code.co_filename,
                code.co_name,
                getattr(code, "co_qualname", code.co_name),
                getattr(code, "co_firstlineno", 1),
                tb.tb_lineno or 0,
                _positions(code, tb.tb_lasti),
                str(names.get("__name__", "")),
                "__unittest" in names,
                _locals(tb.tb_frame) if with_locals else {},
            ]
        )
        tb = tb.tb_next
    return frames if len(frames) <= 2 * _MAX_FRAMES else frames[:_MAX_FRAMES] + frames[-_MAX_FRAMES:]


def _positions(code: types.CodeType, lasti: int) -> list[int | None]:
    """The first and last line and column of the instruction that a frame is at, where Python knows them."""
    if not _env.CODE_HAS_POSITIONS or lasti < 0:
        return []
    return list(next(_islice(code.co_positions(), lasti // 2, None), ()))  # type: ignore[attr-defined,unused-ignore]


def _locals(frame: types.FrameType) -> dict[str, str]:
    shown = {}
    for name, value in list(getattr(frame, "f_locals", {}).items()):
        try:
            shown[name] = cut(repr(value), _MAX_LOCAL)
        except BaseException:  # noqa: BLE001 - the user's __repr__ may do anything
            shown[name] = "<local repr() failed>"
    return shown


# --- in the supervisor -----------------------------------------------------------------------------------------------


def rebuild(described: dict[str, Any]) -> BaseException:
    """An exception that is shown as the described one would be.

    Args:
        described: what ``describe`` returned.
    """
    error = _instance(described)
    for name in ("__cause__", "__context__"):
        if name in described:
            setattr(error, name, rebuild(described[name]))
    error.__suppress_context__ = described["suppress"]
    if described["notes"]:
        error.__notes__ = described["notes"]  # type: ignore[attr-defined,unused-ignore]
    return error.with_traceback(_traceback(described["frames"]))


def _instance(described: dict[str, Any]) -> BaseException:
    if "violation" in described:
        return children.violation_error(described["violation"])
    text, (module, qualname) = described["text"], described["type"]
    base = getattr(builtins, described["base"], Exception)
    if not (isinstance(base, type) and issubclass(base, BaseException)):
        base = Exception
    if (module, qualname) == ("builtins", base.__name__) and base in _SHOWN_BY_TEXT:
        error: BaseException = base(text)
        return error
    cls = _class(module, qualname, base)
    if described.get("members"):
        error = cls.__new__(cls, text, [rebuild(member) for member in described["members"]])
    else:
        error = cls.__new__(cls)
    error.args = (text,)
    for name, value in described.get("syntax", {}).items():
        setattr(error, name, value)
    return error


# Of these, str() is the one argument. The others are stood for by a subclass that says so.
_SHOWN_BY_TEXT = (AssertionError, ValueError, TypeError, RuntimeError, NotImplementedError, IndexError, Exception)


def _class(module: str, qualname: str, base: type[BaseException]) -> type[BaseException]:
    if module == "unittest.case" and qualname == "SkipTest":
        import unittest

        return unittest.SkipTest
    names = {"__module__": module, "__qualname__": qualname}
    if not issubclass(base, SyntaxError):
        names["__str__"] = _first_argument  # type: ignore[assignment]
    return type(qualname.rpartition(".")[2], (base,), names)


def _first_argument(self: BaseException) -> str:
    return str(self.args[0])


class Shown:
    """Stands for an object of the worker's: shows what that showed."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _traceback(frames: list[list[Any]]) -> types.TracebackType | None:
    found: types.TracebackType | None = None
    for filename, name, qualname, first_line, line, positions, module, is_unittest, shown_locals in reversed(frames):
        code = _code(filename, name, qualname, first_line, positions)
        frame = _frame(code, module, shown_locals, is_unittest=is_unittest)
        found = types.TracebackType(found, frame, 0, line)
    return found


def standing_at(filename: str, name: str, line: int) -> types.TracebackType | None:
    """A traceback of one frame: of an error that nothing has raised.

    Args:
        filename: the file.
        name: of the function.
        line: in the file, from 1.
    """
    return _traceback([[filename, name, name, line, line, [], "", False, {}]])


_TEMPLATE = compile("_keep(_get_frame())", "<frame>", "exec")


def _code(filename: str, name: str, qualname: str, first_line: int, positions: list[int | None]) -> types.CodeType:
    replaced: dict[str, Any] = {"co_filename": filename, "co_name": name, "co_firstlineno": first_line}
    if _env.CODE_HAS_POSITIONS:
        replaced["co_qualname"] = qualname
        replaced["co_linetable"] = _line_table(first_line, positions, len(_TEMPLATE.co_code) // 2)
    return _TEMPLATE.replace(**replaced)


def _frame(code: types.CodeType, module: str, shown_locals: dict[str, str], *, is_unittest: bool) -> types.FrameType:
    kept: list[types.FrameType] = []
    known = vars(sys.modules.get(module, sys))  # where the source is, if that is not a file
    names: dict[str, Any] = {name: known[name] for name in ("__loader__", "__spec__") if name in known}
    names |= {"__name__": module, "_keep": kept.append, "_get_frame": _real.get_frame}
    if is_unittest:
        names["__unittest"] = True
    variables = {variable: Shown(text) for variable, text in shown_locals.items()}
    exec(code, names, variables)  # noqa: S102 - our own template, under another name
    return kept[0]


# Entries of a code object's table of locations: Objects/locations.md (before 3.14, locations.md) of CPython.
_LONG_FORM, _NO_LOCATION = 14, 15
_MAX_UNITS = 8  # that one entry covers


def _line_table(first_line: int, positions: list[int | None], units: int) -> bytes:
    """A table that gives each instruction the same location."""
    known = [position for position in positions if position is not None]
    table = bytearray()
    line_before = first_line
    while units > 0:
        covered = min(units, _MAX_UNITS)
        units -= covered
        if len(known) == 4:  # noqa: PLR2004 - first and last line, first and last column
            line, end_line, column, end_column = known
            table.append(0x80 | _LONG_FORM << 3 | covered - 1)
            delta = line - line_before
            table += _varint(delta << 1 if delta >= 0 else (-delta << 1) | 1)
            table += _varint(end_line - line) + _varint(column + 1) + _varint(end_column + 1)
            line_before = line
        else:
            table.append(0x80 | _NO_LOCATION << 3 | covered - 1)
    return bytes(table)


def _varint(value: int) -> bytes:
    """A number in groups of six bits, the least significant first; bit 6 says that another group follows."""
    encoded = bytearray()
    while value >= 64:  # noqa: PLR2004 - six bits
        encoded.append(0x40 | value & 0x3F)
        value >>= 6
    encoded.append(value)
    return bytes(encoded)

"""Exceptions as plain data: a worker describes them, and its supervisor rebuilds exceptions that look the same.

    worker       describe_error()  the class, the text, the frames, causes and contexts: no object of the user's
    supervisor   rebuild()         an exception of the same name and text, with a traceback of the same frames

So a runner formats the rebuilt exception as it would have formatted the original.
"""

from __future__ import annotations

import builtins
import contextlib
import itertools
import traceback

from .._base import features, real
from .._base.errors import ViolationError
from .._verdicts import violation_data
from . import stand_in_classes, tracebacks

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types
    from typing import Any

_MAX_TEXT = 200_000  # characters of a message
MAX_FRAMES = 1_000  # at either end of a traceback: as many as Python's own recursion limit
MAX_EXCEPTIONS = 200  # causes, contexts and members of groups
MAX_COLUMN = 10_000_000  # of a line or column of a syntax error: so many characters may be printed below it
_MAX_NOTES = 100
_MAX_CHARACTERS = 2_000_000  # of all of these together, so that one frame holds them
_LEAST_TEXT, _LEAST_FRAMES = 200, 10  # of each exception, however long the others are
_FRAME_CHARACTERS = 200  # of a frame of a traceback, about
_MAX_LOCAL = 2_000  # characters of a local variable

# Bound now, because tests may replace or remove any of these.
_traceback_exception = traceback.TracebackException
_islice = itertools.islice


def cut(text: str, limit: int = _MAX_TEXT) -> str:
    """Leave out the middle of a text that has more characters than the limit."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


def repr_of(value: object, otherwise: str) -> str:
    """The repr of a value, or another text if the user's ``__repr__`` fails."""
    try:
        return str.__str__(repr(value))
    except BaseException:  # noqa: BLE001 - anything
        return otherwise


# --- in the worker ---------------------------------------------------------------------------------------------------


def describe_error(error: BaseException, tb: Any = None, *, with_locals: bool = False) -> dict[str, Any]:
    """Describe an exception and those that it is linked to as a list, in which they name each other by their indices.

    Args:
        error: the exception; no method of it is trusted.
        tb: its traceback, if it is not the exception's own, as for doctest.
    """
    try:
        return _describe(error, tb, with_locals=with_locals)
    except MemoryError:
        raise
    except BaseException as trouble:  # noqa: BLE001 - attributes of the user's class may do anything
        return _describe(Exception(f"<an exception that cannot be looked at: {type(trouble).__name__}>"), tb)


def _describe(error: BaseException, tb: Any, *, with_locals: bool = False) -> dict[str, Any]:
    room = _Room()
    found = [error]
    indices = {id(error): 0}

    def index_of(linked: BaseException | None) -> int | None:
        if linked is not None and id(linked) not in indices and len(found) < MAX_EXCEPTIONS:
            indices[id(linked)] = len(found)
            found.append(linked)
        return indices.get(id(linked))

    described = []
    for current in found:  # the loop adds to it
        # A group that occurs several times is shown once: else the text could double with each level of groups.
        members = [
            index_of(member) for member in _members(current) if id(member) not in indices or not _members(member)
        ]
        links = {
            "cause": index_of(current.__cause__),
            "context": index_of(current.__context__),
            "members": [index for index in members if index is not None],
        }
        at = tb if current is error and tb is not None else current.__traceback__
        described.append({**_describe_alone(current, at, room, with_locals=with_locals), **links})
    return {"exceptions": described}


class _Room:
    """The number of characters that are left for an exception and all that is shown with it."""

    def __init__(self) -> None:
        self.left = _MAX_CHARACTERS

    def cut(self, text: str, limit: int = _MAX_TEXT) -> str:
        """Cut a text to what is left."""
        shown = cut(text, max(min(limit, self.left), _LEAST_TEXT))
        self.left -= len(shown)
        return shown


def _describe_alone(error: BaseException, tb: Any, room: _Room, *, with_locals: bool) -> dict[str, Any]:
    cls = type(error)
    described: dict[str, Any] = {
        "type": [cls.__module__ if isinstance(cls.__module__, str) else None, str(cls.__qualname__)],
        "base": next(base.__name__ for base in cls.__mro__ if base.__module__ == "builtins"),
        "text": room.cut(_text(error)),
        "frames": _frames(tb, room, with_locals=with_locals),
        "notes": _notes(error, room),
        "suppress": bool(error.__suppress_context__),
    }
    if isinstance(error, ViolationError):
        described["violation"] = violation_data.violation_fields(error.violation)
    if isinstance(error, SyntaxError):
        fields = {name: getattr(error, name, None) for name in real.SYNTAX_ERROR_FIELDS}
        described["syntax"] = {
            name: value
            for name, value in fields.items()
            if value is None or (type(value) is real.SYNTAX_ERROR_FIELDS[name] and _is_plain(value))
        }
    return described


def _is_plain(value: object) -> bool:
    """Whether a value can be sent as it is: a source text may be too long for that, and a number too large."""
    if type(value) is tuple:
        return all(type(item) is not tuple and _is_plain(item) for item in value)
    return (
        value is None
        or (type(value) is int and abs(value) <= MAX_COLUMN)
        or (type(value) is str and len(value) <= _MAX_TEXT)
    )


def _text(error: BaseException) -> str:
    try:
        if isinstance(error, (NameError, AttributeError, ImportError)):
            with contextlib.suppress(Exception):  # see traceback_text
                # "Did you mean ...?" is computed when the error is shown, from objects that this process alone has.
                shown = next(_traceback_exception(type(error), error, error.__traceback__).format_exception_only())
                head, found, text = shown.partition(": ")
                if found and " " not in head:
                    return text.removesuffix("\n")
        return str.__str__(str(error))  # the plain text of a subclass of str
    except BaseException:  # noqa: BLE001 - the user's __str__ may do anything
        return str(_traceback_exception(type(error), error, None))  # traceback has a text for such errors


def _notes(error: BaseException, room: _Room) -> Any:
    """The notes, as a list of texts; the repr of anything else, in a dictionary."""
    try:
        notes = getattr(error, "__notes__", None)
        if notes is None or isinstance(notes, str):
            return notes
        if isinstance(notes, (list, tuple)):
            return [room.cut(_note(note)) for note in notes[:_MAX_NOTES]]
        return {"shown": room.cut(repr(notes))}
    except BaseException as failure:  # noqa: BLE001 - the user's objects may do anything
        return [f"Ignored error getting __notes__: {_note(failure, repr)}"]


def _note(note: Any, show: Any = str) -> str:
    try:
        text: str = show(note)
    except BaseException:  # noqa: BLE001 - the user's __str__ may do anything
        return "<note str() failed>"
    return text


def _members(error: BaseException) -> list[BaseException]:
    if not features.HAS_EXCEPTION_GROUPS or not isinstance(error, BaseExceptionGroup):  # type: ignore[name-defined,unused-ignore]  # noqa: F821 - from 3.11 on
        return []
    return list(error.exceptions)


def _frames(tb: types.TracebackType | None, room: _Room, *, with_locals: bool) -> list[list[Any]]:
    entries = []
    while tb is not None:
        entries.append(tb)
        tb = tb.tb_next
    most = max(min(MAX_FRAMES, room.left // 2 // _FRAME_CHARACTERS), _LEAST_FRAMES)
    shown = entries if len(entries) <= 2 * most else entries[:most] + entries[-most:]
    room.left -= len(shown) * _FRAME_CHARACTERS
    # The innermost frames first: their variables are the most useful.
    return [_frame_fields(entry, room, with_locals=with_locals) for entry in reversed(shown)][::-1]


def _frame_fields(tb: types.TracebackType, room: _Room, *, with_locals: bool) -> list[Any]:
    code, names = tb.tb_frame.f_code, tb.tb_frame.f_globals
    return [
        code.co_filename,
        code.co_name,
        getattr(code, "co_qualname", code.co_name),
        getattr(code, "co_firstlineno", 1),
        tb.tb_lineno or 0,
        _positions(code, tb.tb_lasti),
        str(names.get("__name__", "")),
        "__unittest" in names,
        _locals(tb.tb_frame, room) if with_locals else {},
        getattr(tb.tb_frame, "f_locals", {}).get("__tracebackhide__") is True,  # pytest hides such frames
    ]


def _positions(code: types.CodeType, lasti: int) -> list[int | None]:
    """The first and last line and column of a frame's current instruction, if Python knows them."""
    if not features.CODE_HAS_POSITIONS or lasti < 0:
        return []
    return list(next(_islice(code.co_positions(), lasti // 2, None), ()))  # type: ignore[attr-defined,unused-ignore]


def _locals(frame: types.FrameType, room: _Room) -> dict[str, str]:
    shown = {}
    for name, value in list(getattr(frame, "f_locals", {}).items()) if room.left > 0 else ():
        shown[name] = room.cut(repr_of(value, "<local repr() failed>"), _MAX_LOCAL)
    return shown


# --- in the supervisor -----------------------------------------------------------------------------------------------


def rebuild(described: dict[str, Any]) -> BaseException:
    """Make an exception that looks like the described one."""
    alone = described["exceptions"]
    made: dict[int, BaseException] = {}

    def at(index: int) -> BaseException:
        if index not in made:
            made[index] = _instance(alone[index], [at(member) for member in alone[index]["members"]])
        return made[index]

    for index, fields in enumerate(alone):
        error = at(index)
        for name in ("cause", "context"):
            if fields[name] is not None:
                _set(error, f"__{name}__", at(fields[name]))
        _set(error, "__suppress_context__", fields["suppress"])
        notes = fields["notes"]
        if notes is not None:
            _set(error, "__notes__", tracebacks.Shown(notes["shown"]) if isinstance(notes, dict) else notes)
        _set(error, "__traceback__", tracebacks.traceback_of(fields["frames"]))
        if isinstance(type(error), stand_in_classes.StandIn):
            alone_again = {**fields, "cause": None, "context": None, "members": []}
            _set(error, "pickled_as", (rebuild, ({"exceptions": [alone_again]},)))
    return at(0)


def _set(error: BaseException, name: str, value: Any) -> None:
    """Set an attribute without the help of the user's class, which may be frozen."""
    own = vars(BaseException).get(name)
    if own is None and isinstance(error, SyntaxError):
        own = vars(SyntaxError).get(name)
    if own is None:
        vars(error)[name] = value
    else:
        own.__set__(error, value)


def _instance(described: dict[str, Any], members: list[BaseException]) -> BaseException:
    if "violation" in described:
        return violation_data.violation_error(violation_data.violation_of(described["violation"]), described["text"])
    text, (module, qualname) = described["text"], described["type"]
    base = getattr(builtins, described["base"], Exception)
    is_group = features.HAS_EXCEPTION_GROUPS and isinstance(base, type) and issubclass(base, BaseExceptionGroup)  # type: ignore[name-defined,unused-ignore]  # noqa: F821 - from 3.11 on
    if not (isinstance(base, type) and issubclass(base, BaseException)) or (is_group and not members):
        base = Exception
    if (module, qualname) == ("builtins", base.__name__) and base.__str__ is BaseException.__str__:
        error = base.__new__(base)
        error.args = (text,)
        return error
    cls = stand_in_classes.new_class(module, qualname, base)
    arguments = (text, members) if members else ()
    try:
        error = base.__new__(cls, *arguments)
    except TypeError:  # a class defined in C, whose own __new__ may ask for anything
        cls = stand_in_classes.new_class(None, qualname, base)
        cls.__module__ = str(module)
        error = base.__new__(cls, *arguments)
    _set(error, "args", (text,))
    for name, value in described.get("syntax", {}).items():
        _set(error, name, tuple(value) if isinstance(value, list) else value)
    return error

"""The kinds of frames that a worker sends, each with a check of its arguments."""

from __future__ import annotations

from .._base import real
from .._verdicts import violation_data
from . import portable_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Check = Callable[[Any], bool]

_INT = 2**31  # line numbers are below it, in C
_NUMBER = 1e15  # seconds are below it; NaN is below nothing


def _nothing(value: Any) -> bool:
    return value is None


def _text(value: Any) -> bool:
    return type(value) is str


def _flag(value: Any) -> bool:
    return type(value) is bool


def _int(value: Any) -> bool:
    return type(value) is int and -_INT <= value < _INT


def _whole(value: Any) -> bool:
    return type(value) is int


def _size(value: Any) -> bool:
    return type(value) is int and value >= 0


def _column(value: Any) -> bool:
    return type(value) is int and abs(value) <= portable_errors.MAX_COLUMN


def _number(value: Any) -> bool:
    return type(value) in (int, float) and -_NUMBER < value < _NUMBER


def _either(*checks: Check) -> Check:
    return lambda value: any(check(value) for check in checks)


def _list_of(check: Check, most: float = float("inf")) -> Check:
    return lambda value: type(value) is list and len(value) <= most and all(map(check, value))


def _texts_by_name(value: Any) -> bool:
    return type(value) is dict and all(map(_text, value.values()))


def _numbers_by_name(value: Any) -> bool:
    return type(value) is dict and all(map(_number, value.values()))


def _array(*checks: Check) -> Check:
    def check_array(value: Any) -> bool:
        if type(value) is not list or len(value) != len(checks):
            return False
        for check, item in zip(checks, value, strict=True):  # noqa: SIM110 - a generator takes twice the time
            if not check(item):
                return False
        return True

    return check_array


def _record(_optional: dict[str, Check] | None = None, /, **checks: Check) -> Check:
    known = {**checks, **(_optional or {})}

    def check_record(value: Any) -> bool:
        if type(value) is not dict or not checks.keys() <= value.keys():
            return False
        for name, item in value.items():  # noqa: SIM110 - a generator takes twice the time
            if name not in known or not known[name](item):
                return False
        return True

    return check_record


def _violation(value: Any) -> bool:
    try:
        violation_data.violation_of(value)
    except ValueError:
        return False
    return True


def _syntax(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= real.SYNTAX_ERROR_FIELDS.keys()
        and all(item is None or _SYNTAX_FIELDS[real.SYNTAX_ERROR_FIELDS[name]](item) for name, item in value.items())
    )


_texts = _list_of(_text)
_SYNTAX_FIELDS: dict[type, Check] = {
    str: _text,
    int: _column,
    tuple: _list_of(_either(_nothing, _text, _column)),
}
_index = _either(_nothing, _size)

# What portable_errors._frame_fields returns.
_traceback_frame = _array(
    _text, _text, _text, _int, _int, _list_of(_either(_nothing, _int), 4), _text, _flag, _texts_by_name, _flag
)

# What portable_errors._describe_alone returns.
_one_exception = _record(
    {"violation": _violation, "syntax": _syntax},
    type=_array(_either(_nothing, _text), _text),
    base=_text,
    text=_text,
    frames=_list_of(_traceback_frame, 2 * portable_errors.MAX_FRAMES),
    notes=_either(_nothing, _text, _texts, _record(shown=_text)),
    suppress=_flag,
    cause=_index,
    context=_index,
    members=_list_of(_size),
)
_exceptions = _record(exceptions=_list_of(_one_exception, portable_errors.MAX_EXCEPTIONS))


def _exception(value: Any) -> bool:
    """Whether a value is what ``portable_errors.describe_error`` returns, with no group that is a member of itself."""
    if not (_exceptions(value) and value["exceptions"]):
        return False
    alone = value["exceptions"]
    return all(
        max((*(each[name] or 0 for name in ("cause", "context")), *each["members"])) < len(alone)
        and all(member > index or not alone[member]["members"] for member in each["members"])
        and index not in each["members"]
        for index, each in enumerate(alone)
    )


_VERDICTS: dict[Any, Check] = {
    "success": _nothing,
    "unexpected_success": _nothing,
    "skip": _text,
    **dict.fromkeys(("error", "failure", "expected_failure"), _exception),
}


def _verdict(verdict: Any, details: Any) -> bool:
    return type(verdict) is str and verdict in _VERDICTS and _VERDICTS[verdict](details)


def _outcome(value: Any) -> bool:
    if type(value) is not list or len(value) != 2:  # noqa: PLR2004 - verdict and details
        return False
    verdict, details = value
    if verdict != "subtest":
        return _verdict(verdict, details)
    return _subtest(details) and _verdict(*details[:2])


def _anything(_: Any) -> bool:
    return True


_subtest = _array(_text, _anything, _either(_nothing, _text), _texts_by_name)


def _of_fixture(value: Any) -> bool:
    return type(value) is list and len(value) == 3 and _text(value[0]) and _verdict(*value[1:])  # noqa: PLR2004 - name, verdict and details


_violations = _list_of(_violation)

KINDS: dict[str, Check] = {
    "started": _array(),
    "begin": _array(_text, _number),
    "outcome": _outcome,
    "fixture": _of_fixture,
    "unbegun": _of_fixture,
    "broken": _array(_exception),
    "warning": _array(_text, _array(_text, _text), _text, _whole, _either(_nothing, _text)),
    "copy": _array(_text, _text),
    "leaks": _array(_text, _texts),
    "host": _array(_text, _anything),
    "buffer": _array(),
    "release": _array(),
    "written": _array(_size, _size),
    "full": _array(),
    "end": _array(
        _record({"phases": _numbers_by_name}, started=_number, duration=_number, methods=_texts, warned=_violations)
    ),
    "ready": _array(_texts, _size),
    "finished": _array(_record(changes=_texts, warned=_violations)),
}

"""What a worker may tell: the kinds of frames, what each looks like, and when it may come.

All that comes from a worker is checked here, once, where it enters the process of the run. Whatever takes a frame
afterwards relies on it. The code under test runs in the worker, and may write there whatever it likes.

    started                                  a fresh interpreter is ready to take its first request
    begin        id, started                 a test has started, at this time by perf_counter
    outcome      verdict, details            what a result would be told: success, failure, error, skip, ...
    fixture      name, verdict, details      of a class or module fixture, or of a test that has ended
    unbegun      name, verdict, details      the test did not run, because that fixture failed or skipped before
    broken       details                     an exception that ends programs came out of a test or a fixture
    warning      text, category, file, line, shown by the warnings module, with this text instead of its line of source
                 source
    copy         id, what                    a forked copy of a test came back to the runner
    leaks        what, changes               what a test that is not isolated has changed and left
    buffer                                   a fixture begins, and its output is to be buffered
    release                                  it is over
    written      sizes                       of the files with its output: what comes next was written after it
    full                                     there is much in these files: they are to be emptied before it goes on
    end          facts                       a test has ended: started, duration, methods, warned
    ready        changes, number             the request is done, and with it so many; what the test changed
    finished     facts                       the worker is about to exit: changes, warned

The supervisor adds

    output       stream, text                what the worker wrote
    died         text, started, duration     it has ended, or was ended, before it was done; what it was at has taken
                                             so many seconds since then
    exited       left                        it has ended as it should; the processes and files that it left behind

The pool adds

    worker       number                      that the frames of this answer are from
"""

from __future__ import annotations

from .._base import real
from .._verdicts import child_reports
from . import portable_errors
from .framing import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Check = Callable[[Any], bool]

MAX_ANSWER_BYTES = 256_000_000  # more than anybody reads of one test, less than the process of the run may not have
_INT = 2**31  # what numbers of lines are below, in C
_NUMBER = 1e15  # what seconds are below; and what is not a number is below nothing


# --- what there is in frames -----------------------------------------------------------------------------------------


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
        for name, item in value.items():  # noqa: SIM110 - as above
            if name not in known or not known[name](item):
                return False
        return True

    return check_record


def _violation(value: Any) -> bool:
    try:
        child_reports.violation_of(value)
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
_place = _either(_nothing, _size)

# As of portable._frame_fields.
_traceback_frame = _array(
    _text, _text, _text, _int, _int, _list_of(_either(_nothing, _int), 4), _text, _flag, _texts_by_name, _flag
)

# As of portable._describe.
_one_exception = _record(
    {"violation": _violation, "syntax": _syntax},
    type=_array(_either(_nothing, _text), _text),
    base=_text,
    text=_text,
    frames=_list_of(_traceback_frame, 2 * portable_errors.MAX_FRAMES),
    notes=_either(_nothing, _text, _texts, _record(shown=_text)),
    suppress=_flag,
    cause=_place,
    context=_place,
    members=_list_of(_size),
)
_exceptions = _record(exceptions=_list_of(_one_exception, portable_errors.MAX_EXCEPTIONS))


def _exception(value: Any) -> bool:
    """Whether it is what ``portable.describe`` returns, with no group that is a member of itself."""
    if not (_exceptions(value) and value["exceptions"]):
        return False
    alone = value["exceptions"]
    return all(
        max((*(each[name] or 0 for name in ("cause", "context")), *each["members"])) < len(alone)
        and all(member > place or not alone[member]["members"] for member in each["members"])
        and place not in each["members"]
        for place, each in enumerate(alone)
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
    return type(value) is list and len(value) == 3 and _text(value[0]) and _verdict(*value[1:])  # noqa: PLR2004 - as above


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
    "buffer": _array(),
    "release": _array(),
    "written": _array(_size, _size),
    "full": _array(),
    "end": _array(_record(started=_number, duration=_number, methods=_texts, warned=_violations)),
    "ready": _array(_texts, _size),
    "finished": _array(_record(changes=_texts, warned=_violations)),
}


# --- when they come --------------------------------------------------------------------------------------------------


class Conversation:
    """What a worker has been asked for, and how much of it is answered.

    Attributes:
        asked: how many requests are to be answered, from the first on.
        done: how many are.
        is_finishing: whether it has been asked to finish.
        is_finished: whether it has said that it is about to exit.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.done = 0
        self.is_finishing = self.is_finished = False
        self._is_testing = False
        self._bytes = 0

    @property
    def is_answered(self) -> bool:
        """Whether every request is answered but for that to finish."""
        return self.done == self.asked

    def ask(self, requests: Sequence[Sequence[Any]]) -> None:
        """The worker is being asked for this."""
        self.asked += sum(request[0] != "finish" for request in requests)
        self.is_finishing = requests[-1][0] == "finish"

    def count(self, received: int) -> None:
        """So many bytes have come.

        Raises:
            ProtocolError: there are more of them than an answer has.
        """
        self._bytes += received
        if self._bytes > MAX_ANSWER_BYTES:
            raise ProtocolError(f"more than {MAX_ANSWER_BYTES} bytes came of one test")

    def check(self, frame: list[Any]) -> None:
        """Make sure that this is a frame, and that it may come now.

        Raises:
            ProtocolError: it is not, or may not.
        """
        kind = frame[0]
        if kind not in KINDS:
            raise ProtocolError(f"it holds a frame of a kind that no worker sends: {portable_errors.cut(kind, 50)!r}")
        if not KINDS[kind](frame[1:]):
            raise ProtocolError(f"it holds a frame of kind {kind!r} with arguments that such frames do not have")
        if self.is_finished or not self._may_come(kind, frame):
            raise ProtocolError(f"it holds a frame of kind {kind!r} that comes too early, or twice")

    def _may_come(self, kind: str, frame: list[Any]) -> bool:
        if kind == "begin":
            self._is_testing = True  # it may begin twice: what a class's own run() tells is told
        elif kind == "end":
            was_testing, self._is_testing = self._is_testing, False
            return was_testing
        elif kind == "ready":
            self.done += 1
            self._bytes = 0
            return self.done == frame[2] <= self.asked and not self._is_testing
        elif kind == "finished":
            self.is_finished = True
            return self.is_finishing and self.is_answered and not self._is_testing
        return True

"""Holds the expectations of a double, one for each ``mock_run``, and finds the one that answers a call."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from .patterns import ANYTHING, CommandPattern, check_status, differences, is_like, shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .command_calls import CommandCall
    from .program_child import ChildProcess


class Expectation:
    """One scripted command; what ``mock_run`` returns.

    Attributes:
        wanted: the fields that are compared: the command, and those of input, cwd, env and shell that were given.
        times: how often it answers; None for any number of times.
        place: ``file:line`` of the ``mock_run``.
    """

    def __init__(
        self, answer: Answer, wanted: dict[str, Any], times: int | None, place: str, *, required: bool
    ) -> None:
        self.answer = answer
        self.wanted = wanted
        self.times = times
        self.required = required
        self.place = place
        self.used: list[CommandCall] = []

    @property
    def calls(self) -> list[Any]:
        """The calls that it has answered, as ``mock.call`` objects."""
        return [as_mock_call(call) for call in self.used]

    @property
    def call_count(self) -> int:
        """How many calls it has answered."""
        return len(self.used)

    @property
    def is_exhausted(self) -> bool:
        """Whether it answers no further call."""
        return self.times is not None and len(self.used) >= self.times

    @property
    def is_outstanding(self) -> bool:
        """Whether it must still be used."""
        return self.required and self.times is not None and not self.is_exhausted

    def differences(self, call: CommandCall) -> list[str]:
        """In what a call is not the one that is expected, line by line."""
        wanted = {name: value for name, value in self.wanted.items() if name != "input"}
        lines = differences(wanted, {"command": call.command, "cwd": call.cwd, "env": call.env, "shell": call.shell})
        if self.wanted.get("input") and not call.has_stdin:
            lines.append(f"input: expected {shortened(self.wanted['input'])}, got none")
        return lines

    def accepts_input(self, call: CommandCall) -> bool:
        """Whether a child was sent the expected input. Text is compared as its bytes, None as no input."""
        wanted = self.wanted.get("input", ANYTHING)
        if isinstance(wanted, str) and call.is_text:  # whose line ends are those of the system in its bytes
            return wanted == call.text_of(call.sent)
        if wanted is None or isinstance(wanted, (str, bytes)):
            return call.encoded(wanted or b"") == call.sent
        return is_like(wanted, call.text_of(call.sent))


class Answer:
    """What a scripted child does.

    Raises:
        TypeError, ValueError: an argument of ``mock_run`` is not what it can be.
    """

    program: Callable[[ChildProcess], int | None] | None = None

    def __init__(
        self,
        returncode: int,
        *,
        output: tuple[str | bytes, str | bytes],
        raises: type[BaseException] | BaseException | None,
        duration: float,
        side_effect: Any,
    ) -> None:
        self.returncode = returncode
        self.stdout, self.stderr = output
        self.raises = raises
        self.duration = duration
        check_status(self.returncode)
        _check_output("stdout", self.stdout)
        _check_output("stderr", self.stderr)
        self._take_side_effect(side_effect)
        if self.raises is not None and not _is_exception(self.raises):
            raise TypeError(f"mock_run(): raises must be an exception or an exception class, not {self.raises!r}")
        if self.program is not None and (self.stdout or self.stderr):
            raise TypeError(
                "mock_run(): side_effect is a function, which writes its own output; remove stdout and stderr"
            )
        if not isinstance(self.duration, (int, float)) or not self.duration >= 0:
            raise ValueError(f"mock_run(): duration must be from 0 to math.inf seconds, not {self.duration!r}")

    def _take_side_effect(self, side_effect: Any) -> None:
        if _is_exception(side_effect):
            if self.raises is not None:
                raise TypeError("mock_run(): raises and side_effect both name an exception; remove one of them")
            self.raises = side_effect
        elif side_effect is not None:
            if not callable(side_effect):
                accepted = "a function that acts as the child, or an exception"
                raise TypeError(f"mock_run(): side_effect must be {accepted}, not {side_effect!r}")
            self.program = side_effect


def _check_output(name: str, value: Any) -> None:
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"mock_run(): {name} must be str or bytes, not {value!r}")


def _is_exception(value: Any) -> bool:
    return isinstance(value, BaseException) or (isinstance(value, type) and issubclass(value, BaseException))


def wanted_fields(command: Any, **fields: Any) -> dict[str, Any]:
    """The fields that ``mock_run`` is to compare."""
    wanted = {name: value for name, value in fields.items() if value is not ANYTHING}
    for name, known, kind in (
        ("input", (str, bytes), "str or bytes"),
        ("cwd", (str, bytes, os.PathLike), "a path"),
        ("env", (Mapping,), "a mapping"),
    ):
        value = wanted.get(name)
        if isinstance(value, (int, float, str, bytes, Sequence, Mapping)) and not isinstance(value, known):
            raise TypeError(f"mock_run(): {name} must be {kind}, a pattern, a predicate or None, not {value!r}")
    return {"command": CommandPattern(command, "mock_run()"), **wanted}


def checked_times(times: Any) -> int | None:
    """The argument ``times`` of ``mock_run``."""
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise ValueError(f"mock_run(): times must be a whole number above 0, or None for any number, not {times!r}")
    return times


class Queue:
    """Expectations in the order in which they must be met."""

    def __init__(self, *, any_order: bool) -> None:
        self.any_order = any_order
        self.expectations: list[Expectation] = []
        self._next = 0  # those before it were used up, or passed by

    def find(self, call: CommandCall) -> Expectation | None:
        """The expectation that answers a call; None for none. What is optional, and in the way, is passed by."""
        for expectation in self.expectations[0 if self.any_order else self._next :]:
            if not expectation.is_exhausted and not expectation.differences(call):
                return expectation
            if expectation.is_outstanding and not self.any_order:
                return None
        return None

    def use(self, expectation: Expectation, call: CommandCall) -> None:
        """Have an expectation that was found answer a call."""
        expectation.used.append(call)
        self._next = max(self._next, self.expectations.index(expectation))

    @property
    def next(self) -> Expectation | None:
        """The expectation whose turn it is; None for none."""
        left = [found for found in self.expectations[self._next :] if not found.is_exhausted]
        return next((found for found in left if found.is_outstanding), left[0] if left else None)

    @property
    def outstanding(self) -> list[Expectation]:
        """Those that must still be used."""
        return [expectation for expectation in self.expectations if expectation.is_outstanding]


def as_mock_call(call: CommandCall) -> Any:
    """A call as ``mock.call(command, ...)``, with those of cwd, env, input and shell that it gave."""
    from unittest import mock  # imports asyncio: not worth its start-up time before somebody asks

    given = {"cwd": call.cwd, "env": call.env, "input": call.input, "shell": call.shell or None}
    return mock.call(call.command, **{name: value for name, value in given.items() if value is not None})

"""Checks what a test has written, and compares commands with it: exact values, patterns or predicates."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping

from .._base import features
from .._base.command import words_of
from .._policy import messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ANYTHING: Any = ...  # what a field that is not compared is given as

_MAX_CHARACTERS, _END_CHARACTERS = 400, 180  # of a value in a message
_MAX_LINES = 10  # about the arguments of a command


class CommandPattern:
    """A command, or what it must be like.

    Args:
        command: a string, for a command that is given as one; else a list or tuple whose elements are strings, bytes,
            paths, compiled patterns (they must match all of an argument), predicates, or ``mock.ANY``; a final ``...``
            matches any further arguments; ``...`` alone matches any command.
        place: what it is an argument of, for messages.

    Raises:
        TypeError, ValueError: it is none of these.
    """

    def __init__(self, command: Any, place: str) -> None:
        self.is_open = False
        self.elements: list[Any] | str | None = None  # None: any command
        if command is ANYTHING:
            return
        if isinstance(command, (str, bytes, os.PathLike)):
            self.elements = _text(command)
            return
        if not isinstance(command, (list, tuple)):
            raise TypeError(f"{place}: the command must be a list of strings or one string, not {command!r}")
        elements = list(command)
        if elements and elements[-1] is ANYTHING:
            self.is_open = bool(elements.pop() is ANYTHING)
        if not elements:
            raise ValueError(f"{place}: the command is empty; write ... instead of the list to match any command")
        self.elements = [_element(element, index, place) for index, element in enumerate(elements)]

    def matches(self, command: str | list[str], *, shell: bool) -> bool:
        """Whether a command is this one, or like this one."""
        return not self.differences(command, shell=shell)

    def differences(self, command: str | list[str], *, shell: bool) -> list[str]:
        """In what a command is another one, line by line, for people.

        Args:
            shell: whether a shell runs it: then it may also be written as the arguments of that, and those as it;
                without one, a string is a list of one, or on Windows the command line that a list makes.
        """
        wanted = self.elements
        words = _words(command, shell=shell) if isinstance(command, str) else command
        argv = [*features.SHELL, *words] if shell else words
        if wanted is None:
            return []
        if isinstance(wanted, str):
            is_same = wanted == command or argv == [*features.SHELL, wanted]
            is_same = is_same or (features.WINDOWS and argv == _words(wanted, shell=shell))
            kind = shortened(wanted) if isinstance(command, str) else "one string"
            return [] if is_same else [f"command: expected {kind}, got {shortened(command)}"]
        if not self._unlike(argv):
            return []
        if shell and isinstance(command, str):
            return [f"command: expected a list of arguments, got {shortened(command)}"]
        return self._unlike(words)

    def _unlike(self, words: list[str]) -> list[str]:
        wanted: Any = self.elements
        lines = [
            _argument(index, shortened(element), shortened(word))
            for index, (element, word) in enumerate(zip(wanted, words, strict=False))
            if not is_like(element, word)
        ]
        if len(words) < len(wanted):
            lines.append(_argument(len(words), shortened(wanted[len(words)]), "no more arguments"))
        if len(words) > len(wanted) and not self.is_open:
            lines.append(_argument(len(wanted), "no more arguments", shortened(words[len(wanted)])))
        return lines[:_MAX_LINES] + ([f"and {len(lines) - _MAX_LINES} more"] if len(lines) > _MAX_LINES else [])

    def __repr__(self) -> str:
        if self.elements is None:
            return "..."
        if isinstance(self.elements, str):
            return as_written(self.elements)
        return as_written([*self.elements, *([ANYTHING] if self.is_open else [])])


def _words(line: str, *, shell: bool) -> list[str]:
    """A string as a list: the one argument of a shell, the name of a program, or on Windows a command line."""
    return words_of(line) if features.WINDOWS and not shell else [line]


def _element(element: Any, index: int, place: str) -> Any:
    if isinstance(element, (str, bytes, os.PathLike)):
        return _text(element)
    if isinstance(element, re.Pattern) or callable(element):
        return element
    if element is None or isinstance(element, (int, float, list, tuple)) or element is ANYTHING:
        hint = "can only be the last element" if element is ANYTHING else f"is not a string; write {str(element)!r}"
        raise TypeError(f"{place}: element {index} of the command, {as_written(element)}, {hint}")
    return element  # mock.ANY, or anything else that can tell what it equals


def is_like(wanted: Any, value: Any) -> bool:
    """Whether a value is what was wanted: by equality, by pattern, or by predicate; ``...`` wants anything."""
    if wanted is ANYTHING:
        return True
    if isinstance(wanted, re.Pattern):
        return isinstance(value, type(wanted.pattern)) and wanted.fullmatch(value) is not None
    if callable(wanted):
        return bool(wanted(value))
    return bool(wanted == value)


def _text(value: Any) -> str:
    return os.fsdecode(os.fsencode(value))


def as_written(value: Any) -> str:
    """A value as one would write it in a test: strings in double quotes, as far as that is readable."""
    if isinstance(value, str):
        return messages.as_source(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(as_written(item) for item in value)}]"
    if value is ANYTHING:
        return "..."
    if isinstance(value, re.Pattern):
        return f"re.compile({as_written(value.pattern)})"
    return getattr(value, "__qualname__", None) or repr(value)


def shortened(value: Any) -> str:
    """The same, without its middle if it is long."""
    text = as_written(value)
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_END_CHARACTERS]} ... {text[-_END_CHARACTERS:]}"


def _argument(index: int, expected: str, got: str) -> str:
    return f"argument {index}: expected {expected}, got {got}"


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What differs, field by field, of the fields that are wanted.

    Args:
        wanted: name to value, pattern, predicate or ``...``.
    """
    lines = []
    for name, value in wanted.items():
        if isinstance(value, CommandPattern):
            lines += value.differences(found[name], shell=found["shell"])
        elif name == "env" and isinstance(value, Mapping):
            lines += _missing(value, os.environ if found[name] is None else found[name])
        elif not is_like(_text(value) if isinstance(value, os.PathLike) else value, found[name]):
            lines.append(f"{name}: expected {shortened(value)}, got {shortened(found[name])}")
    return lines


def _missing(wanted: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """The variables that an environment has not; it may have others: a real one has a hundred."""
    lines = []
    for name, value in wanted.items():
        found = environment.get(name)
        if found is None or not is_like(value, found):
            got = "none" if found is None else shortened(found)
            lines.append(f"env[{as_written(name)}]: expected {shortened(value)}, got {got}")
    return lines


def check_status(returncode: Any, name: str = "mock_run(): returncode") -> None:
    """Fail if something is no exit status, as ``Popen.returncode`` has it."""
    if isinstance(returncode, bool) or not isinstance(returncode, int):
        raise TypeError(f"{name} must be a whole number, not {returncode!r}")
    if not (-signal.NSIG if features.HAS_SIGNALS else -1) < returncode <= features.MAX_EXIT_STATUS:
        signals = ", or a negative signal number" if features.HAS_SIGNALS else " on Windows"
        raise ValueError(f"{name} must be 0 to {features.MAX_EXIT_STATUS}{signals}, not {returncode}")

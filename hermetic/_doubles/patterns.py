"""Commands and their parts as a test writes them down: exactly, or by what they must be like."""

from __future__ import annotations

import os
import re

from .. import _messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ANYTHING: Any = ...  # what a field that is not compared is given as


class CommandPattern:
    """A command, or what it must be like.

    Args:
        command: a string, for a command that is given as one; else a list or tuple whose elements are strings, bytes,
            paths, compiled patterns (they must match all of an argument), predicates, or ``mock.ANY``; a final ``...``
            stands for any further arguments; ``...`` alone for any command.
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
            raise TypeError(f"{place}: a command is a list of strings, or one string, not {command!r}")
        elements = list(command)
        if elements and elements[-1] is ANYTHING:
            self.is_open = bool(elements.pop() is ANYTHING)
        if not elements:
            raise ValueError(f"{place}: the command is empty; write ... alone for any command")
        self.elements = [_element(element, index, place) for index, element in enumerate(elements)]

    def difference(self, command: str | list[str], *, shell: bool) -> str:
        """The first thing in which a command is another one, for people; empty if there is none.

        Args:
            command: the command.
            shell: whether a shell runs it; without one, a string is a list of one.
        """
        wanted = self.elements
        if isinstance(wanted, list) and isinstance(command, str) and not shell:
            command = [command]
        if wanted is None:
            return ""
        if isinstance(wanted, str) or isinstance(command, str):
            return "" if wanted == command else self._kinds(command)
        for index, (element, argument) in enumerate(zip(wanted, command, strict=False)):
            if not is_like(element, argument):
                return f"argument {index}: expected {literal(element)}, got {literal(argument)}"
        if len(command) < len(wanted):
            return f"argument {len(command)}: expected {literal(wanted[len(command)])}, got no more arguments"
        if len(command) > len(wanted) and not self.is_open:
            return f"argument {len(wanted)}: expected no more arguments, got {literal(command[len(wanted)])}"
        return ""

    def _kinds(self, command: str | list[str]) -> str:
        if isinstance(self.elements, str) and isinstance(command, str):
            return f"command: expected {literal(self.elements)}, got {literal(command)}"
        expected = "one string" if isinstance(self.elements, str) else "a list of arguments"
        return f"command: expected {expected}, got {literal(command)}"

    def __str__(self) -> str:
        if self.elements is None:
            return "..."
        if isinstance(self.elements, str):
            return literal(self.elements)
        return literal([*self.elements, *([ANYTHING] if self.is_open else [])])


def _element(element: Any, index: int, place: str) -> Any:
    if isinstance(element, (str, bytes, os.PathLike)):
        return _text(element)
    if isinstance(element, re.Pattern) or callable(element):
        return element
    if element is None or isinstance(element, (int, float, list, tuple)) or element is ANYTHING:
        hint = "stands at the end alone" if element is ANYTHING else f"is no argument; write {str(element)!r}"
        raise TypeError(f"{place}: element {index} of the command, {literal(element)}, {hint}")
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


def literal(value: Any) -> str:
    """A value as one would write it in a test: strings in double quotes, as far as that is readable."""
    if isinstance(value, str):
        return _messages.literal(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(literal(item) for item in value)}]"
    if value is ANYTHING:
        return "..."
    if isinstance(value, re.Pattern):
        return f"re.compile({literal(value.pattern)})"
    return getattr(value, "__qualname__", None) or repr(value)


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What differs, field by field, of the fields that are wanted.

    Args:
        wanted: name to value, pattern, predicate or ``...``.
        found: name to value.
    """
    lines = []
    for name, value in wanted.items():
        if isinstance(value, CommandPattern):
            lines += [line for line in (value.difference(found[name], shell=found["shell"]),) if line]
        elif not _agrees(name, value, found[name]):
            lines.append(f"{name}: expected {literal(value)}, got {literal(found[name])}")
    return lines


def _agrees(name: str, wanted: Any, value: Any) -> bool:
    if name == "env" and isinstance(wanted, dict):  # contained: a real environment has a hundred variables
        return value is not None and all(key in value and is_like(item, value[key]) for key, item in wanted.items())
    if name == "cwd" and isinstance(wanted, (bytes, os.PathLike)):
        wanted = _text(wanted)
    return is_like(wanted, value)

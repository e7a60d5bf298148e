"""Shows two values that should be equal as a coloured difference."""

from __future__ import annotations

import re

from .html_text import escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_LINES = 2000
_MIN_VALUE = 8  # characters: shorter values need no difference
_PART = re.compile(r"\w+|\W")
_HINT = re.compile(r"\? [ ^+-]*[\^+-] *").fullmatch  # a line of difflib below the line whose changes it marks
_LOOKS = {"- ": "del", "+ ": "ins"}


def difference(kind: str, message: str) -> str:
    """A message as HTML, with two values that should be equal below each other, and with what differs marked.

    unittest shows the difference of texts, lists and dictionaries line by line, and that of other values not at all.

    Args:
        kind: what comes before the message.
    """
    lines = message.split("\n")
    if len(lines) <= _MAX_LINES and {"- ", "+ "} <= {line[:2] for line in lines}:
        return escaped(kind) + _of_lines(lines)
    first, sign, second = message.partition(" != ")
    is_pair = sign and " != " not in second and " : " not in second and len(lines) == 1
    if not is_pair or min(len(first), len(second)) < _MIN_VALUE:
        return escaped(kind + message)
    return f"{escaped(kind + message)}\n{_of_values(first, second)}"


def _of_values(first: str, second: str) -> str:
    """Two values in a line each, with the part marked in which they differ."""
    parts = [_PART.findall(value) for value in (first, second)]
    start = _alike(*parts)
    end = _alike(*(part[start:][::-1] for part in parts))
    found = []
    for sign, part in zip("-+", parts, strict=True):
        stop = len(part) - end
        begin, middle, last = (escaped("".join(piece)) for piece in (part[:start], part[start:stop], part[stop:]))
        found.append(f"{sign} {begin}{middle and f'<b>{middle}</b>'}{last}\n")
    return f"<del>{found[0]}</del><ins>{found[1]}</ins>"


def _alike(first: Sequence[str], second: Sequence[str]) -> int:
    """How many parts two values have in common from their beginning."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(first), len(second)))


def _of_lines(lines: list[str]) -> str:
    """The lines of a difference, coloured, and in them what has changed."""
    found, hint = [], False  # whether the line before is a hint, which unittest follows with an empty line
    for index, line in enumerate(lines):
        after_hint, hint = hint, bool(_HINT(line)) and lines[index - 1][:2] in _LOOKS
        look = _LOOKS.get(line[:2])
        if look is not None:
            below = lines[index + 1] if index + 1 < len(lines) else ""
            found.append(f"<{look}>{_marked(line, below if _HINT(below) else '')}\n</{look}>")
        elif not hint and not (after_hint and not line):
            found.append(escaped(line) + "\n")
    return "".join(found).rstrip("\n")


def _marked(line: str, hint: str) -> str:
    """A line of a difference, with what its hint points at marked."""
    if not hint:
        return escaped(line)
    parts, start = [], 0
    for run in re.finditer(r"[\^+-]+", hint[2:]):
        begin, end = run.start() + 2, run.end() + 2
        parts += [escaped(line[start:begin]), f"<b>{escaped(line[begin:end])}</b>"]
        start = end
    return "".join(parts) + escaped(line[start:])

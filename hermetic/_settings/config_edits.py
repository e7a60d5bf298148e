"""The known violations put into a configuration file; what else is in it stays as it is.

Each function takes the text of a file and returns it with the entries, or without any. The text is parsed before and
after: but for the entries, it means the same.
"""

from __future__ import annotations

import configparser
import re

from .._base import features
from .._base.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_KEY = "baseline"
_TOML_HEADER = re.compile(r"""^\s*\[\s*["']?tool["']?\s*\.\s*["']?hermetic["']?\s*\]\s*(#.*)?$""")
_CFG_HEADER = re.compile(r"^\[tool:hermetic\]\s*([#;].*)?$")
_ANY_HEADER = re.compile(r"^\s*\[")


def with_toml_baseline(text: str, entries: Sequence[str]) -> str:
    """The text of a pyproject.toml with the entries in ``[tool.hermetic]``.

    Raises:
        ConfigurationError: the table is written in a way that is not understood; the text has what to write.
    """
    new = [f"{_KEY} = [", *(f"    {_toml_string(entry)}," for entry in entries), "]"] if entries else []
    edited = _edited(text, new, _TOML_HEADER, "[tool.hermetic]", _length_of_toml_value)
    if not features.HAS_TOMLLIB:
        raise ConfigurationError("pyproject.toml cannot be read on Python 3.10; write [tool:hermetic] to setup.cfg")
    import tomllib

    expected = tomllib.loads(text)
    table = expected.setdefault("tool", {}).setdefault("hermetic", {})
    _set(table, [*entries])
    try:
        found = tomllib.loads(edited)
    except tomllib.TOMLDecodeError:
        found = {}
    if not _are_alike(found, expected):
        raise _not_understood("[tool.hermetic]", new)
    return edited


def with_cfg_baseline(text: str, entries: Sequence[str]) -> str:
    """The text of a setup.cfg with the entries in ``[tool:hermetic]``.

    Raises:
        ConfigurationError: as ``with_toml_baseline``.
    """
    new = [f"{_KEY} =", *(f"    {entry}" for entry in entries)] if entries else []
    edited = _edited(text, new, _CFG_HEADER, "[tool:hermetic]", _length_of_cfg_value)
    expected = _cfg_table(text)
    _set(expected.setdefault("tool:hermetic", {}), "\n".join(["", *entries]) if entries else "")
    if not _are_alike(_cfg_table(edited), expected):
        raise _not_understood("[tool:hermetic]", new)
    return edited


def _set(table: dict[str, Any], value: Any) -> None:
    if value:
        table[_KEY] = value
    else:
        table.pop(_KEY, None)


def _are_alike(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether two files say the same; to say nothing in a table is to have none."""
    return _without_empty(found) == _without_empty(expected)


def _without_empty(table: dict[str, Any]) -> dict[str, Any]:
    parts = {key: _without_empty(value) if isinstance(value, dict) else value for key, value in table.items()}
    return {key: value for key, value in parts.items() if value != {}}


def _not_understood(header: str, new: Sequence[str]) -> ConfigurationError:
    lines = "\n".join(new or [f"(no {_KEY})"])
    return ConfigurationError(f"{header} is written in a way that cannot be edited; write it yourself:\n{lines}")


def _edited(text: str, new: Sequence[str], header: re.Pattern[str], name: str, length_of: Any) -> str:
    """The text with other lines for the key.

    Args:
        text: as it is.
        new: the lines of the key; none for no key.
        header: what the header of its table looks like.
        name: that header.
        length_of: how many lines a value has that begins with the first of some.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True) if "\r" not in text.replace("\r\n", "") else [text]
    own = [f"{line}{end}" for line in new]
    starts = [number for number, line in enumerate(lines) if header.match(line.rstrip("\r\n"))]
    if not starts:
        gap = [] if not text else [end] if text.endswith("\n") else [end, end]
        return text + "".join([*gap, f"{name}{end}", *own]) if new else text
    first = starts[0] + 1
    last = next((n for n in range(first, len(lines)) if _ANY_HEADER.match(lines[n])), len(lines))
    for number in range(first, last):
        if re.match(rf"\s*{_KEY}\s*[=:]", lines[number]):
            return "".join([*lines[:number], *own, *lines[number + length_of(lines[number:]) :]])
    while last > first and not lines[last - 1].strip():
        last -= 1
    if not lines[last - 1].endswith("\n"):
        lines[last - 1] += end
    return "".join([*lines[:last], *own, *lines[last:]])


def _length_of_toml_value(lines: Sequence[str]) -> int:
    import tomllib

    for length in range(1, len(lines) + 1):
        try:
            tomllib.loads("".join(lines[:length]))
        except tomllib.TOMLDecodeError:
            continue
        return length
    return 1


def _length_of_cfg_value(lines: Sequence[str]) -> int:
    length = 1
    for number, line in enumerate(lines[1:], 2):
        if line.strip() and not line[0].isspace():
            break
        if line.strip():
            length = number
    return length


def _toml_string(value: str) -> str:
    escaped = "".join(
        f"\\{character}" if character in '"\\' else character if character.isprintable() else f"\\U{ord(character):08X}"
        for character in value
    )
    return f'"{escaped}"'


def _cfg_table(text: str) -> dict[str, Any]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ConfigurationError(f"setup.cfg cannot be read: {error}") from error
    return {name: dict(parser[name]) for name in parser.sections()}

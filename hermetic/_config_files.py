"""The two files that settings may be in: where they are, the tables in them, and sections that are nearly ours."""

from __future__ import annotations

import os
import re

from . import _env, _real, _spelling
from ._errors import ConfigurationError
from ._settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

IN_FILES = ("allow", "baseline")  # what may stand in files alone

_TABLE, _SECTION = "[tool.hermetic]", "tool:hermetic"


def find_root(folder: str) -> str:
    """The folder of the files: the given one, or the nearest above it that has either; the given one if none has.

    Raises:
        ConfigurationError: one of them is a folder, or a link that leads nowhere.
    """
    start = folder = os.path.abspath(folder)
    while True:
        paths = [path for path in _paths_in(folder) if os.path.lexists(path)]
        for path in paths:
            if not os.path.isfile(path):
                kind = "a folder" if os.path.isdir(path) else "no file that can be read"
                raise ConfigurationError(f"{path} is {kind}, and the settings are looked for there; rename it")
        if paths:
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return start
        folder = parent


def _paths_in(folder: str) -> list[str]:
    return [os.path.join(folder, name) for name in ("pyproject.toml", "setup.cfg")]


def tables(root: str) -> list[tuple[str, dict[str, Any]]]:
    """The table of settings of each file in a folder that has one, with the path of the file.

    Raises:
        ConfigurationError: a file cannot be read, or has a section that was meant to be ours.
    """
    found = []
    for path, read in zip(_paths_in(root), (_pyproject_table, _setup_cfg_table), strict=True):
        try:
            with _real.open_file(path, encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}") from error
        if _may_concern(text):  # most projects' files say nothing about us: spare them the parser
            found.append((path, read(text, path)))
    return found


def _may_concern(text: str) -> bool:
    return "hermetic" in text or any(_spelling.is_near(word, "hermetic") for word in {*re.findall("[A-Za-z]+", text)})


def _is_meant_to_be_ours(name: str, keys: Iterable[str]) -> bool:
    """Whether a section has our name with a slip, and settings of ours, and is not that of another tool."""
    if name.lower() == "hermetic":
        return True
    known = [*SETTINGS, *IN_FILES]
    return _spelling.is_near(name, "hermetic") and any(_spelling.nearest(key, known) for key in keys)


# Where TOML cannot be read: a table header or a dotted key, [tool.hermetic] or hermetic.mode = below [tool].
_TOML_TABLE = (
    r"""(?m)^\s*\[?\s*tool\s*\.\s*["']?hermetic["']?\s*[\].=]"""
    r"""|^\s*\[\s*tool\s*\][^\[]*?^\s*["']?hermetic["']?\s*[.=]"""
)


def _pyproject_table(text: str, path: str) -> dict[str, Any]:
    if not _env.HAS_TOMLLIB:
        if re.search(_TOML_TABLE, text):
            message = (
                f"{path}: {_TABLE} cannot be read on Python 3.10, which has no TOML parser;"
                f" write the settings to setup.cfg, section [{_SECTION}]"
            )
            raise ConfigurationError(message)
        return {}
    import tomllib

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from error
    _refuse_near_tables(document, path)
    table = document
    for key in ("tool", "hermetic"):
        table = table.get(key, {})
        if not isinstance(table, dict):
            raise ConfigurationError(f"{path}: {key} = {table!r} is not a table")
    settings: dict[str, Any] = table
    return settings


def _refuse_near_tables(document: dict[str, Any], path: str) -> None:
    places: list[tuple[tuple[str, ...], Any]] = [((name,), table) for name, table in document.items()]
    for name, tools in document.items():
        if isinstance(tools, dict) and _spelling.is_near(name, "tool"):
            places += [((name, tool), table) for tool, table in tools.items()]
    for names, table in places:
        is_ours = names == ("tool", "hermetic")
        if not is_ours and isinstance(table, dict) and _is_meant_to_be_ours(names[-1], table):
            raise ConfigurationError(f"{path}: [{'.'.join(names)}] has no effect; write {_TABLE}")


def _setup_cfg_table(text: str, path: str) -> dict[str, Any]:
    import configparser

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text, path)
    except configparser.Error as error:
        if f"[{_SECTION}" not in text:
            return {}  # somebody else's section in a file that says nothing to us
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    table: dict[str, Any] = dict(parser[_SECTION]) if parser.has_section(_SECTION) else {}
    patterns: dict[str, Any] = {}
    for section in parser.sections():
        if section.startswith(_SECTION + ":"):
            patterns[_pattern_of(section, path)] = {key: _words(value) for key, value in parser[section].items()}
        elif section != _SECTION:
            _refuse_near_section(section, parser[section], path)
    if patterns and "allow" in table:
        raise ConfigurationError(
            f"{path}: allow in [{_SECTION}]: write a section [{_SECTION}:allow:PATTERN] for each pattern"
        )
    if patterns:
        table["allow"] = patterns
    return table


def _words(value: str) -> list[str]:
    return [word for word in re.split(r"[,\s]+", value) if word]


def _pattern_of(section: str, path: str) -> str:
    kind, _, pattern = section.removeprefix(_SECTION + ":").partition(":")
    if kind != "allow" or not pattern:
        raise ConfigurationError(
            f"{path}: unknown section [{section}]; known are [{_SECTION}] and [{_SECTION}:allow:PATTERN]"
        )
    return pattern


def _refuse_near_section(section: str, keys: Iterable[str], path: str) -> None:
    names = [name for name in re.split(r"[:.\s]+", section) if name]
    if len(names) > 1 and _spelling.is_near(names[0], "tool"):
        del names[0]
    allows = any(_spelling.is_near(name, "allow") for name in names[1:2])
    if names and (_is_meant_to_be_ours(names[0], keys) or (allows and _spelling.is_near(names[0], "hermetic"))):
        right = f"[{_SECTION}:allow:PATTERN]" if allows else f"[{_SECTION}]"
        raise ConfigurationError(f"{path}: [{section}] has no effect; write {right}")

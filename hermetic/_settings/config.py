"""Reads the settings: command line over environment over ``setup.cfg`` over ``pyproject.toml``.

    pyproject.toml  [tool.hermetic]   mode = "warn";   [tool.hermetic.allow."tests/db/*"]   (3.11+)
    setup.cfg       [tool:hermetic]   mode = warn;     [tool:hermetic:allow:tests/db/*]
    environment     HERMETIC_MODE=warn
    command line    --mode warn

The search for both files begins in the current folder and goes up to the first folder where either has a table.
"""

from __future__ import annotations

import os
import re

from .._base import real, spelling
from .._base.errors import ConfigurationError
from .values import BASELINE_FILE, DEFAULTS, INTERNAL_VARIABLES, Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType
    from typing import Any

_FILES = ("pyproject.toml", "setup.cfg")


def load(command_line: Mapping[str, Any] | None = None, folder: str | None = None, *, options: str = "--") -> Settings:
    """Read the settings from all four places.

    Args:
        command_line: options by name; None for an option that was not given.
        folder: where the search for files begins; by default the current folder.
        options: what the names of the options begin with, for error messages.

    Raises:
        ConfigurationError: a key, value, or type is wrong; the text names the place and what is accepted.
    """
    try:
        root, tables = _find(folder or os.getcwd())
    except FileNotFoundError:
        raise ConfigurationError("the current folder was removed; change to an existing folder") from None
    given = {name: value for name, value in (command_line or {}).items() if value is not None}
    has_baseline = os.path.lexists(os.path.join(root, BASELINE_FILE))
    if not (tables or given or has_baseline or any(map(_is_read, real.environ))):
        return Settings(root=root)
    found: Settings = reading().read_settings(root, tables, given, options)
    return found


def reading() -> ModuleType:
    """Load what reads values, and checks them."""
    from . import reading as found  # saves 2 ms in runs without settings

    return found


def _is_read(variable: str) -> bool:
    """Whether a variable of the environment is a setting, also one of Bazel, or may have been meant to be one."""
    prefix, _, name = variable.partition("_")
    if prefix == "HERMETIC":
        return variable not in INTERNAL_VARIABLES
    is_meant = name.lower() in DEFAULTS and spelling.is_near(prefix, "hermetic")
    return is_meant or variable in ("XML_OUTPUT_FILE", "TEST_SIZE")


def refuse_together(option: str, given: object, others: Iterable[str]) -> None:
    """Refuse options that cannot be combined with another one.

    Args:
        option: the other one, as messages show it.
        given: has the value of each option as an attribute, which is false for an option that was not given.
        others: the names of these attributes.

    Raises:
        ConfigurationError: one of the options was given.
    """
    for name in others:
        if getattr(given, name):
            other = f"--{name.replace('_', '-')}"
            raise ConfigurationError(f"{option} and {other} cannot be used together; leave one of them out")


def refuse_names_of_input(option: str, given: Any) -> None:
    """Refuse ``--tests-from -`` with an option that starts several runs: the first one would read all names.

    Args:
        given: the values of all options, as attributes.

    Raises:
        ConfigurationError: the names of tests come from standard input.
    """
    if given.tests_from == "-":
        raise ConfigurationError(f"{option} and --tests-from - cannot be used together; write the names to a file")


def _find(folder: str) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
    """Find the folder of the settings: the given one, or the nearest above it with a file that has a table of ours.

    Returns:
        The folder, and the table of each of its files that has one, with the path of the file. Without any table, it is
        the nearest folder with either file, or else the given one.

    Raises:
        ConfigurationError: a file is none, cannot be read, or has a section that was meant to be ours.
    """
    start = folder = os.path.abspath(folder)
    nearest = None
    while True:
        paths = _files_in(folder)
        found = [(path, table) for path in paths if (table := _table_of(path)) is not None]
        if found:
            return folder, found
        nearest = nearest or (folder if paths else None)
        parent = os.path.dirname(folder)
        if parent == folder:
            return nearest or start, []
        folder = parent


def _files_in(folder: str) -> list[str]:
    found = [path for name in _FILES if os.path.lexists(path := os.path.join(folder, name))]
    for path in found:
        if not os.path.isfile(path):
            kind = "a folder" if os.path.isdir(path) else "not a readable file"
            raise ConfigurationError(f"{path} is {kind}, but hermetic reads settings from it; rename it")
    return found


def _table_of(path: str) -> dict[str, Any] | None:
    """The settings in a file; None if it has no table of ours."""
    try:
        with real.open_file(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    if not _may_concern(text):  # most projects' files say nothing about us: spare them the parser
        return None
    table: dict[str, Any] | None = reading().READERS[os.path.basename(path)](text, path)
    return table


def _may_concern(text: str) -> bool:
    return "hermetic" in text or any(spelling.is_near(word, "hermetic") for word in {*re.findall("[A-Za-z]+", text)})

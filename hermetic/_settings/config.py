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

from .._base import features, real, spelling
from .._base.errors import ConfigurationError
from . import allow_tables, baseline_file
from .kinds import File, listed
from .table import SETTINGS, Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from .._policy.decision import Allowance

_IN_FILES = ("allow", "baseline")  # accepted in files only
_TABLE, _SECTION = "[tool.hermetic]", "tool:hermetic"

# Variables that hermetic sets in the environment of processes that it starts; the others are set by users.
_INTERNAL_VARIABLES = frozenset({"HERMETIC_ISOLATED", "HERMETIC_CHILD"})

_BAZEL_SIZES = {"small": "small", "medium": "medium", "large": "large", "enormous": "xlarge"}


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
    reading = _Reading(options)
    for origin, table in tables:
        reading.take_extras(table, origin)
        reading.take(table, origin, root)
    reading.take(_environment_table(real.environ), "environment")
    if bazel_report := real.environ.get("XML_OUTPUT_FILE"):
        reading.take({"junit_xml": bazel_report}, "environment XML_OUTPUT_FILE")
    given = {name: value for name, value in (command_line or {}).items() if value is not None}
    reading.take(given, "command line")
    bazel_size = _BAZEL_SIZES.get(real.environ.get("TEST_SIZE", ""))
    if bazel_size and "default_size" not in reading.values:
        reading.take({"default_size": bazel_size}, "environment TEST_SIZE")
    return reading.settings(root)


class _Reading:
    """The values that were read so far. A value that is read later takes precedence."""

    def __init__(self, options: str) -> None:
        self._options = options
        self.values: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.allow: dict[str, Allowance] = {}
        self.old_baselines: dict[str, frozenset[str]] = {}

    def take_extras(self, table: dict[str, Any], origin: str) -> None:
        """Remove what only files can have from a file's table, and check it."""
        allowed = allow_tables.read_table(table.pop("allow", {}), origin)
        self.allow.update(allowed)
        self.origins.update({f"allow {pattern}": origin for pattern in allowed})
        if "baseline" in table:
            self.old_baselines[origin] = baseline_file.from_setting(table.pop("baseline"), origin)

    def take(self, found: Mapping[str, Any], origin: str, folder: str = os.curdir) -> None:
        """Check and add the values of one place, with paths that start from a folder."""
        for name, value in found.items():
            if name not in SETTINGS:
                known = [*SETTINGS, *_IN_FILES]
                hint = spelling.hint(name, known)
                raise ConfigurationError(f"{origin}: unknown setting {name!r}{hint}; write one of {listed(known)}")
            kind = SETTINGS[name].kind
            parsed = kind.parse(value)
            if parsed is None:
                where = self._as_written(name, origin)
                raise ConfigurationError(f"{where} {value!r} is not {kind.accepted}{kind.hint(value)}")
            if isinstance(kind, File) and parsed not in kind.words:
                parsed = os.path.abspath(os.path.join(folder, parsed))
            self.values[name], self.origins[name] = parsed, origin

    def _as_written(self, name: str, origin: str) -> str:
        """A setting as it is written in the place that it came from."""
        if origin == "command line":
            return f"{self._options}{name.replace('_', '-')}"
        return f"{origin}: {SETTINGS[name].variable if origin == 'environment' else name} ="

    def settings(self, root: str) -> Settings:
        """Return the settings that were read, with the baseline of a project."""
        return Settings(
            **self.values,
            allow=tuple(self.allow.items()),
            baseline=baseline_file.read_baseline(baseline_file.path_in(root)).union(*self.old_baselines.values()),
            old_baselines=self.old_baselines,
            root=root,
            origins=self.origins,
        )


def settings_lines(settings: Settings) -> str:
    """Return the settings as lines of ``name = value  (origin)``."""
    lines = [
        f"{name} = {setting.kind.shown(getattr(settings, name))}  ({settings.origins.get(name, 'default')})"
        for name, setting in SETTINGS.items()
    ]
    for pattern, allowance in settings.allow:
        origin = settings.origins[f"allow {pattern}"]
        lines.append(f"allow {pattern} = {allow_tables.shown(allowance)}  ({origin})")
    if settings.baseline:
        places = [baseline_file.path_in(settings.root), *settings.old_baselines]
        lines.append(f"baseline = {len(settings.baseline)} known violations  ({', '.join(places)})")
    return "\n".join(lines)


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


def _environment_table(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in the environment, by name."""
    table = {}
    known = {setting.variable: name for name, setting in SETTINGS.items()}
    for variable, value in environ.items():
        if variable in _INTERNAL_VARIABLES:
            continue
        if variable in known:
            table[known[variable]] = value
        elif variable.startswith("HERMETIC_"):
            names = [name for name in known if name not in _INTERNAL_VARIABLES]
            hint = spelling.hint(variable, names)
            raise ConfigurationError(f"environment: unknown variable {variable}{hint}; write one of {listed(names)}")
        else:
            prefix, _, name = variable.partition("_")
            if name.lower() in SETTINGS and spelling.is_near(prefix, "hermetic"):
                raise ConfigurationError(
                    f"environment: {variable} has no effect; write {SETTINGS[name.lower()].variable}"
                )
    return table


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
    found = [path for name in _READERS if os.path.lexists(path := os.path.join(folder, name))]
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
    return _READERS[os.path.basename(path)](text, path)


def _may_concern(text: str) -> bool:
    return "hermetic" in text or any(spelling.is_near(word, "hermetic") for word in {*re.findall("[A-Za-z]+", text)})


def _is_meant_to_be_ours(name: str, keys: Iterable[str]) -> bool:
    """Whether a section has our name with a slip, and settings of ours, and is not that of another tool."""
    if name.lower() == "hermetic":
        return True
    known = [*SETTINGS, *_IN_FILES]
    return spelling.is_near(name, "hermetic") and any(spelling.nearest(key, known) for key in keys)


# Where TOML cannot be read: a table header or a dotted key, [tool.hermetic] or hermetic.mode = below [tool].
_TOML_TABLE = (
    r"""(?m)^\s*\[?\s*tool\s*\.\s*["']?hermetic["']?\s*[\].=]"""
    r"""|^\s*\[\s*tool\s*\][^\[]*?^\s*["']?hermetic["']?\s*[.=]"""
)


def _pyproject_table(text: str, path: str) -> dict[str, Any] | None:
    if not features.HAS_TOMLLIB:
        if re.search(_TOML_TABLE, text):
            message = (
                f"{path}: {_TABLE} cannot be read on Python 3.10, which has no TOML parser;"
                f" write the settings to setup.cfg, section [{_SECTION}]"
            )
            raise ConfigurationError(message)
        return None
    import tomllib

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from error
    _refuse_near_tables(document, path)
    table: dict[str, Any] | None = document
    for key in ("tool", "hermetic"):
        table = None if table is None else table.get(key)
        if not (table is None or isinstance(table, dict)):
            raise ConfigurationError(f"{path}: {key} = {table!r} is not a table")
    return table


def _refuse_near_tables(document: dict[str, Any], path: str) -> None:
    places: list[tuple[tuple[str, ...], Any]] = [((name,), table) for name, table in document.items()]
    for name, tools in document.items():
        if isinstance(tools, dict) and spelling.is_near(name, "tool"):
            places += [((name, tool), table) for tool, table in tools.items()]
    for names, table in places:
        is_ours = names == ("tool", "hermetic")
        if not is_ours and isinstance(table, dict) and _is_meant_to_be_ours(names[-1], table):
            raise ConfigurationError(f"{path}: [{'.'.join(names)}] has no effect; write {_TABLE}")


def _setup_cfg_table(text: str, path: str) -> dict[str, Any] | None:
    import configparser

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text, path)
    except configparser.Error as error:
        if f"[{_SECTION}" not in text:
            for section in re.findall(r"(?m)^\ufeff?\[(.+?)\]", text):
                _refuse_near_section(section, SETTINGS, path)
            return None  # somebody else's section in a file that says nothing to us
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
    return table if patterns or parser.has_section(_SECTION) else None


_READERS = {"pyproject.toml": _pyproject_table, "setup.cfg": _setup_cfg_table}


def _words(value: str) -> list[str]:
    return [word for word in re.split(r"[,\s]+", value) if word]


def _pattern_of(section: str, path: str) -> str:
    kind, _, pattern = section.removeprefix(_SECTION + ":").partition(":")
    if kind != "allow" or not pattern:
        raise ConfigurationError(
            f"{path}: unknown section [{section}]; write one of [{_SECTION}] and [{_SECTION}:allow:PATTERN]"
        )
    return pattern


def _refuse_near_section(section: str, keys: Iterable[str], path: str) -> None:
    names = [name for name in re.split(r"[:.\s]+", section) if name]
    if len(names) > 1 and spelling.is_near(names[0], "tool"):
        del names[0]
    allows = any(spelling.is_near(name, "allow") for name in names[1:2])
    if names and (_is_meant_to_be_ours(names[0], keys) or (allows and spelling.is_near(names[0], "hermetic"))):
        right = f"[{_SECTION}:allow:PATTERN]" if allows else f"[{_SECTION}]"
        raise ConfigurationError(f"{path}: [{section}] has no effect; write {right}")

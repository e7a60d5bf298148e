"""Reads the values of settings, from the texts of files, the environment and options, and checks them."""

from __future__ import annotations

import os
import re

from .._base import features, real, spelling
from .._base.errors import ConfigurationError
from . import allow_tables, baseline_file
from .kinds import File, listed
from .table import SETTINGS
from .values import INTERNAL_VARIABLES, Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from .._policy.decision import Allowance

_IN_FILES = ("allow", "baseline")  # accepted in files only
_TABLE, _SECTION = "[tool.hermetic]", "tool:hermetic"
_BAZEL_SIZES = {"small": "small", "medium": "medium", "large": "large", "enormous": "xlarge"}


def read_settings(
    root: str, tables: Iterable[tuple[str, dict[str, Any]]], command_line: Mapping[str, Any], options: str
) -> Settings:
    """Return the settings of all four places.

    Args:
        root: the folder of the files.
        tables: the path of each file, with its table.
        command_line: the options that were given, by name.
        options: what the names of the options begin with, for error messages.

    Raises:
        ConfigurationError: as ``config.load``.
    """
    reading = _Reading(options)
    for origin, table in tables:
        reading.take_extras(table, origin)
        reading.take(table, origin, root)
    reading.take(_environment_table(real.environ), "environment")
    if bazel_report := real.environ.get("XML_OUTPUT_FILE"):
        reading.take({"junit_xml": bazel_report}, "environment XML_OUTPUT_FILE")
    reading.take(command_line, "command line")
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


def given_on_command_line(settings: Settings) -> dict[str, Any]:
    """Return the values that came from the command line, by name, as ``config.load`` takes them."""
    return {
        name: setting.kind.plain(getattr(settings, name))
        for name, setting in SETTINGS.items()
        if settings.origins.get(name) == "command line"
    }


def _environment_table(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in the environment, by name."""
    table = {}
    known = {setting.variable: name for name, setting in SETTINGS.items()}
    for variable, value in environ.items():
        if variable in INTERNAL_VARIABLES:
            continue
        if variable in known:
            table[known[variable]] = value
        elif variable.startswith("HERMETIC_"):
            names = [name for name in known if name not in INTERNAL_VARIABLES]
            hint = spelling.hint(variable, names)
            raise ConfigurationError(f"environment: unknown variable {variable}{hint}; write one of {listed(names)}")
        else:
            prefix, _, name = variable.partition("_")
            if name.lower() in SETTINGS and spelling.is_near(prefix, "hermetic"):
                raise ConfigurationError(
                    f"environment: {variable} has no effect; write {SETTINGS[name.lower()].variable}"
                )
    return table


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


READERS = {"pyproject.toml": _pyproject_table, "setup.cfg": _setup_cfg_table}


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

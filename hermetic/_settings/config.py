"""Where the settings come from: command line over environment over setup.cfg over pyproject.toml.

    pyproject.toml  [tool.hermetic]   mode = "warn";   [tool.hermetic.allow."tests/db/*"]   (3.11+)
    setup.cfg       [tool:hermetic]   mode = warn;     [tool:hermetic:allow:tests/db/*]
    environment     HERMETIC_MODE=warn
    command line    --mode warn

Both files are looked for in the current folder, or else in the nearest folder above it in which either has a table.
"""

from __future__ import annotations

import os

from .._base import real, spelling
from .._base.errors import ConfigurationError
from .._base.sizes import Size
from .._policy import allowances
from . import baseline_file, config_files
from .kinds import File, listed
from .table import SETTINGS, Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .._policy.decision import Allowance

_ALLOW_KEYS = ("hosts", "processes", "files", "databases")  # the fields of an Allowance

# What hermetic sets in the environment of processes that it starts, as opposed to what users set.
_INTERNAL_VARIABLES = frozenset({"HERMETIC_ISOLATED", "HERMETIC_CHILD"})

_BAZEL_SIZES = {"small": "small", "medium": "medium", "large": "large", "enormous": "xlarge"}


def load(command_line: Mapping[str, Any] | None = None, folder: str | None = None) -> Settings:
    """Read the settings from all four places.

    Args:
        command_line: options by name; None as a value stands for an option that was not given.
        folder: where the search for files begins; by default the current folder.

    Raises:
        ConfigurationError: for a wrong key, value or type; the text names the place and what is accepted.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    allow: dict[str, Allowance] = {}
    old_baselines: dict[str, frozenset[str]] = {}
    try:
        root, tables = config_files.find(folder or os.getcwd())
    except FileNotFoundError:
        raise ConfigurationError("the current folder was removed; change to one that is there") from None
    for origin, found in tables:
        for pattern, allowance in _take_allow(found, origin):
            allow[pattern] = allowance
            origins[f"allow {pattern}"] = origin
        if "baseline" in found:
            old_baselines[origin] = baseline_file.from_setting(found.pop("baseline"), origin)
        _take(found, origin, values, origins)
    _resolve_paths(values, root)
    _take(_environment_table(real.environ), "environment", values, origins)
    if real.environ.get("XML_OUTPUT_FILE"):  # of Bazel: as HERMETIC_JUNIT_XML, and before it
        values["junit_xml"], origins["junit_xml"] = real.environ["XML_OUTPUT_FILE"], "environment XML_OUTPUT_FILE"
    given = {key: value for key, value in (command_line or {}).items() if value is not None}
    _take(given, "command line", values, origins)
    bazel_size = _BAZEL_SIZES.get(real.environ.get("TEST_SIZE", ""))
    if "default_size" not in values and bazel_size:
        values["default_size"], origins["default_size"] = Size(bazel_size), "environment TEST_SIZE"
    _resolve_paths(values, os.curdir)
    values["baseline"] = baseline_file.read(baseline_file.path_in(root)).union(*old_baselines.values())
    return Settings(**values, allow=tuple(allow.items()), old_baselines=old_baselines, root=root, origins=origins)


def _resolve_paths(values: dict[str, Any], folder: str) -> None:
    """Make the paths among the values absolute, as seen from a folder."""
    for name, setting in SETTINGS.items():
        if isinstance(setting.kind, File) and name in values and values[name] not in setting.kind.words:
            values[name] = os.path.abspath(os.path.join(folder, values[name]))


def _take(found: Mapping[str, Any], origin: str, values: dict[str, Any], origins: dict[str, str]) -> None:
    """Add checked values; what is added later wins."""
    for key, value in found.items():
        if key not in SETTINGS:
            known = [*SETTINGS, *config_files.IN_FILES]
            raise ConfigurationError(
                f"{origin}: unknown setting {key!r}{spelling.hint(key, known)}; known are {listed(known)}"
            )
        kind = SETTINGS[key].kind
        parsed = kind.parse(value)
        if parsed is None:
            raise ConfigurationError(f"{origin}: {key} = {value!r} is not {kind.accepted}")
        values[key], origins[key] = parsed, origin


def _take_allow(found: dict[str, Any], origin: str) -> list[tuple[str, Allowance]]:
    """Remove the path patterns from a file's table and check them."""
    patterns = found.pop("allow", {})
    if not isinstance(patterns, dict):
        message = f'{origin}: allow = {patterns!r} is not a table; write one per path pattern, as allow."tests/db/*"'
        raise ConfigurationError(message)
    return [(pattern, _allowance(pattern, table, origin)) for pattern, table in patterns.items()]


def _allowance(pattern: str, table: Any, origin: str) -> Allowance:
    place = f"{origin}, allow {pattern!r}"
    trouble = allowances.path_pattern(pattern, os.path.dirname(origin))
    if trouble:
        raise ConfigurationError(f"{place}: {trouble}")
    if not isinstance(table, dict):
        raise ConfigurationError(f"{place}: {table!r} is not a table with {listed(_ALLOW_KEYS)}")
    for key, value in table.items():
        if key not in _ALLOW_KEYS:
            hint = spelling.hint(key, _ALLOW_KEYS)
            raise ConfigurationError(f"{place}: unknown key {key!r}{hint}; known are {listed(_ALLOW_KEYS)}")
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigurationError(f"{place}: {key} = {value!r} is not a list of strings")
    try:
        return allowances.allowance(table)
    except ConfigurationError as error:
        raise ConfigurationError(f"{place}: {error}") from None


def _environment_table(environ: Mapping[str, str]) -> dict[str, str]:
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
            raise ConfigurationError(f"environment: unknown variable {variable}{hint}; known are {listed(names)}")
        else:
            prefix, _, name = variable.partition("_")
            if name.lower() in SETTINGS and spelling.is_near(prefix, "hermetic"):
                raise ConfigurationError(f"environment: {variable} has no effect; write HERMETIC_{name.upper()}")
    return table


def describe(settings: Settings) -> str:
    """The settings as lines of ``key = value  (origin)``."""
    lines = [
        f"{name} = {setting.kind.shown(getattr(settings, name))}  ({settings.origins.get(name, 'default')})"
        for name, setting in SETTINGS.items()
    ]
    for pattern, allowance in settings.allow:
        parts = [f"{key}={list(entries)}" for key, entries in zip(_ALLOW_KEYS, allowance, strict=True) if entries]
        lines.append(f"allow {pattern} = {' '.join(parts)}  ({settings.origins[f'allow {pattern}']})")
    if settings.baseline:
        places = [baseline_file.path_in(settings.root), *settings.old_baselines]
        lines.append(f"baseline = {len(settings.baseline)} known violations  ({', '.join(places)})")
    return "\n".join(lines)


def given_on_command_line(settings: Settings) -> dict[str, Any]:
    """Those of the settings that came from the command line, by name, as ``load`` takes them."""
    return {
        name: setting.kind.plain(getattr(settings, name))
        for name, setting in SETTINGS.items()
        if settings.origins.get(name) == "command line"
    }

"""The settings: command line over environment over setup.cfg over pyproject.toml, as one frozen record.

    pyproject.toml  [tool.hermetic]   mode = "warn";   [tool.hermetic.allow."tests/db/*"]   (3.11+)
    setup.cfg       [tool:hermetic]   mode = warn;     [tool:hermetic:allow:tests/db/*]
    environment     HERMETIC_MODE=warn
    command line    --mode warn

Both files are looked for in the current folder, or else in the nearest folder above it that has either.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections import namedtuple

from . import _env, _real
from ._errors import ConfigurationError
from ._setting_kinds import Choice, Count, File, Jobs, Percentages, Seconds, Seed, Switch, Words, listed
from ._sizes import MODES, OPT_IN, SIZE_NAMES, STRICT, WARN, Size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ._policy import Allowance

SANDBOXES = ("off", "auto", "kernel")
START_METHODS = ("spawn", "forkserver", "fork", "platform", "all")


# What each setting may be. Every one can be given in all four places.
SETTINGS: dict[str, Choice | Words | Percentages | Switch | Seconds | Count | Jobs | File | Seed] = {
    "mode": Choice(*MODES),
    "default_size": Choice(*SIZE_NAMES),
    "forbid": Words(*OPT_IN),
    "size_distribution": Choice("off", "warn", "error"),
    "size_targets": Percentages("small", "medium", "larger"),
    "start_method": Choice(*START_METHODS),
    "isolated": Switch(),
    "no_isolation": Switch(),
    "isolated_timeout": Seconds(),
    "isolated_start": Choice("auto", "fresh"),
    "detect_leaks": Switch(),
    "leaks": Choice("warn", "error", "off"),
    "jobs": Jobs(),
    "time_limits": Choice(*MODES),
    "test_timeout": Seconds(),
    "processes_at_import": Choice("error", "allow"),
    "max_process_depth": Count(),
    "max_process_starts": Count(),
    "max_processes": Count(),
    "junit_xml": File(),
    "json": File(),
    "html": File(),
    "annotations": Choice("auto", "github", "azure", "off"),
    "shuffle": Seed(),
    "shuffle_level": Choice("module", "class", "test"),
    "failed_first": Switch(),
    "history": File("auto", "off"),
    "progress": Choice("auto", "off"),
    "sandbox": Choice(*SANDBOXES),
}
_ALLOW_KEYS = ("hosts", "processes", "files", "databases")  # the fields of an Allowance

_IN_FILES = ("allow", "baseline")  # what may stand in files alone

# What hermetic sets in the environment of processes that it starts, as opposed to what users set.
_INTERNAL_VARIABLES = frozenset({"HERMETIC_ISOLATED", "HERMETIC_CHILD"})

_BAZEL_SIZES = {"small": "small", "medium": "medium", "large": "large", "enormous": "xlarge"}


class Settings(
    namedtuple(  # noqa: PYI024 - as Policy
        "Settings",
        (
            "mode",
            "default_size",
            "forbid",
            "size_distribution",
            "size_targets",
            "start_method",
            "isolated",
            "no_isolation",
            "isolated_timeout",
            "isolated_start",
            "detect_leaks",
            "leaks",
            "jobs",
            "time_limits",
            "test_timeout",
            "processes_at_import",
            "max_process_depth",
            "max_process_starts",
            "max_processes",
            "junit_xml",
            "json",
            "html",
            "annotations",
            "shuffle",
            "shuffle_level",
            "failed_first",
            "history",
            "progress",
            "sandbox",
            "allow",
            "baseline",
            "root",
            "origins",
        ),
        defaults=(
            STRICT,
            None,
            (),
            "off",
            (80, 15, 5),
            "spawn",
            False,
            False,
            300.0,
            "auto",
            False,
            "warn",
            1,
            WARN,
            None,
            "error",
            8,
            5000,
            1000,
            None,
            None,
            None,
            "auto",
            "off",
            "test",
            False,
            "auto",
            "auto",
            "off",
            (),
            frozenset(),
            ".",
            {},
        ),
    )
):
    """The effective settings.

    Attributes:
        mode: ``strict``, ``warn`` or ``off``.
        default_size: the size of tests that say none; None to leave them alone.
        forbid: which of ``filesystem``, ``database`` and ``sleep`` small tests may not use.
        size_distribution: what it is when a whole run has too few small tests: ``off``, ``warn`` or ``error``.
        size_targets: the least percentage of small tests, and the largest of medium and of larger ones.
        start_method: the multiprocessing start method, ``platform`` for the interpreter's own, or ``all``.
        isolated: whether every test is isolated, marked or not.
        no_isolation: whether no test is, marked or not.
        isolated_timeout: the seconds that an isolated group may take, where its mark says none.
        isolated_start: ``fresh`` for workers that are fresh interpreters even where forks would do, or ``auto``.
        detect_leaks: whether to look for what tests change and leave that are not isolated.
        leaks: what that is: ``warn``, ``error`` or ``off``.
        jobs: how many processes the tests are shared out to, or ``auto``; 1 to run them here.
        time_limits: what a test is that takes longer than its size may: ``warn``, ``strict`` or ``off``.
        test_timeout: the seconds after which a test that is not isolated is interrupted; None for never.
        processes_at_import: what a process is that multiprocessing starts during an import: ``error`` or ``allow``.
        max_process_depth: how many generations of processes a test may start.
        max_process_starts: how often each process of a test may start another.
        max_processes: how many Python processes a test may have started in all, children of children included.
        junit_xml: the absolute path of the JUnit XML report; None for none.
        json: that of the JSON report.
        html: that of the HTML report.
        annotations: for which CI failures are written as annotations; ``auto`` for that which is found, or ``off``.
        shuffle: the seed that tests are shuffled by, in digits; ``random`` for a new one in each run, or ``off``.
        shuffle_level: what is shuffled: ``module``, ``class`` (modules, and the classes in them), or ``test`` (also the
            tests in those).
        failed_first: whether the tests that failed last come first.
        history: the absolute path of the file that remembers durations and failures; ``auto`` for that in the root, or
            ``off``.
        progress: whether a live line on a terminal says how far the run is: ``auto``, or ``off``.
        sandbox: whether the kernel holds workers to the sizes of their tests: ``kernel``, ``auto`` (where it can) or
            ``off``.
        baseline: the known violations (``_guards.baseline``).
        allow: path pattern with what it allows, in the order of the file.
        root: the folder that path patterns start from.
        origins: for each setting (and each pattern, as ``allow PATTERN``), where its value came from.
    """

    __slots__ = ()
    mode: str
    default_size: Size | None
    forbid: tuple[str, ...]
    size_distribution: str
    size_targets: tuple[int, int, int]
    start_method: str
    isolated: bool
    no_isolation: bool
    isolated_timeout: float
    isolated_start: str
    detect_leaks: bool
    leaks: str
    jobs: int | str
    time_limits: str
    test_timeout: float | None
    processes_at_import: str
    max_process_depth: int
    max_process_starts: int
    max_processes: int
    junit_xml: str | None
    json: str | None
    html: str | None
    annotations: str
    shuffle: str
    shuffle_level: str
    failed_first: bool
    history: str
    progress: str
    sandbox: str
    allow: tuple[tuple[str, Allowance], ...]
    baseline: frozenset[str]
    root: str
    origins: Mapping[str, str]

    def allowance_for(self, path: str) -> Allowance:
        """What the path patterns allow to the tests of a file.

        Args:
            path: the test module's file.
        """
        from ._policy import NO_ALLOWANCE

        if not self.allow:
            return NO_ALLOWANCE
        relative = os.path.relpath(path, self.root).replace(os.sep, "/")
        allowance = NO_ALLOWANCE
        for pattern, allowed in self.allow:
            if fnmatch.fnmatchcase(relative, pattern):
                allowance |= allowed
        return allowance


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
    baseline: set[str] = set()
    root = _find_root(folder or os.getcwd())
    for origin, found in _file_tables(root):
        for pattern, allowance in _take_allow(found, origin):
            allow[pattern] = allowance
            origins[f"allow {pattern}"] = origin
        baseline |= _take_baseline(found, origin, origins)
        _take(found, origin, values, origins)
    _resolve_paths(values, root)
    _take(_environment_table(_real.environ), "environment", values, origins)
    if _real.environ.get("XML_OUTPUT_FILE"):  # of Bazel: as HERMETIC_JUNIT_XML, and before it
        values["junit_xml"], origins["junit_xml"] = _real.environ["XML_OUTPUT_FILE"], "environment XML_OUTPUT_FILE"
    _take(
        {key: value for key, value in (command_line or {}).items() if value is not None},
        "command line",
        values,
        origins,
    )
    bazel_size = _BAZEL_SIZES.get(_real.environ.get("TEST_SIZE", ""))
    if "default_size" not in values and bazel_size:
        values["default_size"], origins["default_size"] = bazel_size, "environment TEST_SIZE"
    if "default_size" in values:
        values["default_size"] = Size(values["default_size"])
    _resolve_paths(values, os.curdir)
    return Settings(**values, allow=tuple(allow.items()), baseline=frozenset(baseline), root=root, origins=origins)


def _resolve_paths(values: dict[str, Any], folder: str) -> None:
    """Make the paths among the values absolute, as seen from a folder."""
    for name, kind in SETTINGS.items():
        if isinstance(kind, File) and name in values and values[name] not in kind.words:
            values[name] = os.path.abspath(os.path.join(folder, values[name]))


def _find_root(folder: str) -> str:
    start = folder = os.path.abspath(folder)
    while True:
        if any(os.path.isfile(os.path.join(folder, name)) for name in ("pyproject.toml", "setup.cfg")):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return start
        folder = parent


def _take(found: Mapping[str, Any], origin: str, values: dict[str, Any], origins: dict[str, str]) -> None:
    """Add checked values; what is added later wins."""
    for key, value in found.items():
        if key not in SETTINGS:
            raise ConfigurationError(f"{origin}: unknown setting {key!r}; known are {listed([*SETTINGS, *_IN_FILES])}")
        parsed = SETTINGS[key].parse(value)
        if parsed is None:
            raise ConfigurationError(f"{origin}: {key} = {value!r} is not {SETTINGS[key].accepted}")
        values[key], origins[key] = parsed, origin


def _take_allow(found: dict[str, Any], origin: str) -> list[tuple[str, Allowance]]:
    """Remove the path patterns from a file's table and check them."""
    patterns = found.pop("allow", {})
    if not isinstance(patterns, dict):
        message = f'{origin}: allow = {patterns!r} is not a table; write one per path pattern, as allow."tests/db/*"'
        raise ConfigurationError(message)
    return [(pattern, _allowance(table, f"{origin}, allow {pattern!r}")) for pattern, table in patterns.items()]


def _take_baseline(found: dict[str, Any], origin: str, origins: dict[str, str]) -> set[str]:
    """Remove the known violations from a file's table and check them."""
    entries = found.pop("baseline", [])
    if isinstance(entries, str):  # of setup.cfg, one in a line
        entries = [line.strip() for line in entries.splitlines() if line.strip()]
    if not isinstance(entries, list):
        raise ConfigurationError(f"{origin}: baseline = {entries!r} is not a list of violations; see --write-baseline")
    for entry in entries:
        if not isinstance(entry, str) or not re.match(r"H00[1-6] \S", entry):
            raise ConfigurationError(
                f"{origin}: baseline: {entry!r} is no violation; write the code, the test and what it uses, such as"
                " 'H003 tests.test_release.ReleaseTest.test_tag git', or have it written by --write-baseline"
            )
    if entries:
        origins["baseline"] = origin
    return set(entries)


def _allowance(table: Any, place: str) -> Allowance:
    from ._policy import Allowance, split_host  # not worth its start-up time where no file has any

    if not isinstance(table, dict):
        raise ConfigurationError(f"{place}: {table!r} is not a table with {listed(_ALLOW_KEYS)}")
    for key, value in table.items():
        if key not in _ALLOW_KEYS:
            raise ConfigurationError(f"{place}: unknown key {key!r}; known are {listed(_ALLOW_KEYS)}")
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigurationError(f"{place}: {key} = {value!r} is not a list of strings")
    for host in table.get("hosts", ()):
        try:
            split_host(host)
        except ConfigurationError as error:
            raise ConfigurationError(f"{place}: hosts: {error}") from None
    return Allowance(*(tuple(table.get(key, ())) for key in _ALLOW_KEYS))


def _file_tables(root: str) -> list[tuple[str, dict[str, Any]]]:
    tables = []
    for name, read in (("pyproject.toml", _pyproject_table), ("setup.cfg", _setup_cfg_table)):
        path = os.path.join(root, name)
        try:
            with _real.open_file(path, encoding="utf-8") as file:
                text = file.read()
        except (FileNotFoundError, IsADirectoryError):
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}") from error
        if "hermetic" in text:  # most projects' files say nothing about us: spare them the parser
            tables.append((path, read(text, path)))
    return tables


# Where TOML cannot be read: a table header or a dotted key, [tool.hermetic] or hermetic.mode = below [tool].
_TOML_TABLE = (
    r"""(?m)^\s*\[?\s*tool\s*\.\s*["']?hermetic["']?\s*[\].=]"""
    r"""|^\s*\[\s*tool\s*\][^\[]*?^\s*["']?hermetic["']?\s*[.=]"""
)


def _pyproject_table(text: str, path: str) -> dict[str, Any]:
    if not _env.HAS_TOMLLIB:
        if re.search(_TOML_TABLE, text):
            message = (
                f"{path}: [tool.hermetic] cannot be read on Python 3.10, which has no TOML parser;"
                " write the settings to setup.cfg, section [tool:hermetic]"
            )
            raise ConfigurationError(message)
        return {}
    import tomllib

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from error
    table = document
    for key in ("tool", "hermetic"):
        table = table.get(key, {})
        if not isinstance(table, dict):
            raise ConfigurationError(f"{path}: {key} = {table!r} is not a table")
    settings: dict[str, Any] = table
    return settings


_SECTION = "tool:hermetic"


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
            kind, _, pattern = section.removeprefix(_SECTION + ":").partition(":")
            if kind != "allow" or not pattern:
                message = f"{path}: unknown section [{section}]; known are [{_SECTION}] and [{_SECTION}:allow:PATTERN]"
                raise ConfigurationError(message)
            lists = {
                key: [word for word in re.split(r"[,\s]+", value) if word] for key, value in parser[section].items()
            }
            patterns[pattern] = lists
    if patterns and "allow" in table:
        raise ConfigurationError(
            f"{path}: allow in [{_SECTION}]: write a section [{_SECTION}:allow:PATTERN] for each pattern"
        )
    if patterns:
        table["allow"] = patterns
    return table


def _environment_table(environ: Mapping[str, str]) -> dict[str, str]:
    table = {}
    for variable, value in environ.items():
        if variable.startswith("HERMETIC_") and variable not in _INTERNAL_VARIABLES:
            key = variable.removeprefix("HERMETIC_").lower()
            if key not in SETTINGS:
                known = listed([f"HERMETIC_{name.upper()}" for name in SETTINGS if name != "isolated"])
                raise ConfigurationError(f"environment: unknown variable {variable}; known are {known}")
            table[key] = value
    return table


def describe(settings: Settings) -> str:
    """The settings as lines of ``key = value  (origin)``."""
    shown = {key: _shown(getattr(settings, key)) for key in SETTINGS}
    lines = [f"{key} = {value}  ({settings.origins.get(key, 'default')})" for key, value in shown.items()]
    for pattern, allowance in settings.allow:
        parts = [f"{key}={list(entries)}" for key, entries in zip(_ALLOW_KEYS, allowance, strict=True) if entries]
        lines.append(f"allow {pattern} = {' '.join(parts)}  ({settings.origins[f'allow {pattern}']})")
    if settings.baseline:
        lines.append(f"baseline = {len(settings.baseline)} known violations  ({settings.origins['baseline']})")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, Size):
        return str(value.value)
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


class _InForce:
    """The settings of this process. Strictly private; read and written through the two functions below."""

    settings: Settings | None = None


def in_force() -> Settings:
    """The settings of this process; read from the files and the environment when first asked for.

    Raises:
        ConfigurationError: as ``load``.
    """
    if _InForce.settings is None:
        _InForce.settings = load()
    return _InForce.settings


def put_in_force(settings: Settings | None) -> Settings | None:
    """Set the settings of this process (None to have them read again), and return those before."""
    before, _InForce.settings = _InForce.settings, settings
    return before


def given_on_command_line() -> dict[str, Any]:
    """The settings in force that came from the command line: they hold for a program that a script starts, too."""
    settings = _InForce.settings or Settings()
    size = settings.default_size
    values = {key: getattr(settings, key) for key in SETTINGS} | {"default_size": size.value if size else None}
    return {key: value for key, value in values.items() if settings.origins.get(key) == "command line"}

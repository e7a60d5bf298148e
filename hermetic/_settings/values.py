"""Defines the settings: the type and the default of each. How they are written is in ``table``."""

from __future__ import annotations

import fnmatch
import os
import re

from .._base import real
from .._base.sizes import STRICT, WARN
from .._policy.decision import NO_ALLOWANCE, Allowance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from .._base.sizes import Size

SANDBOXES = ("off", "auto", "kernel")
BASELINE_FILE = "hermetic-baseline.txt"  # in the folder of the settings

# Variables that hermetic sets in the environment of processes that it starts; the others are set by users.
INTERNAL_VARIABLES = frozenset({"HERMETIC_ISOLATED", "HERMETIC_CHILD"})
_MOST_FILES = 20_000  # that the search for a path pattern looks at


class Settings:
    """The values of all settings: a record. The class has the defaults.

    Attributes:
        allow: path patterns with what they allow, in the order of the files.
        baseline: the known violations (``_verdicts.baseline``).
        old_baselines: the known violations in configuration files, by the path of the file.
        root: the folder that path patterns start from.
        origins: where each value came from, by the name of its setting, or as ``allow PATTERN``.
    """

    allow: tuple[tuple[str, Allowance], ...]
    baseline: frozenset[str]
    old_baselines: Mapping[str, frozenset[str]]
    root: str
    origins: Mapping[str, str]

    mode: str = STRICT
    default_size: Size | None = None
    forbid: tuple[str, ...] = ()
    size_distribution: str = "off"
    size_targets: tuple[int, int, int] = (80, 15, 5)
    start_method: str = "spawn"
    isolated: bool = False
    no_isolation: bool = False
    isolated_timeout: float = 300.0
    isolated_start: str = "auto"
    detect_leaks: bool = False
    leaks: str = "warn"
    jobs: int | str = 1
    time_limits: str = WARN
    retries: int = 0
    flaky: str = "warn"
    maxfail: int | None = None
    test_timeout: float | None = None
    processes_at_import: str = "error"
    max_process_depth: int = 8
    max_process_starts: int = 5000
    max_processes: int = 1000
    junit_xml: str | None = None
    json: str | None = None
    html: str | None = None
    annotations: str = "auto"
    junit_schema: str = "extended"
    shuffle: str = "off"
    shuffle_level: str = "test"
    failed_first: bool = False
    history: str = "auto"
    vary_known: tuple[str, ...] = ()
    progress: str = "auto"
    show_failures: str = "auto"
    sandbox: str = "off"

    def __init__(
        self,
        *,
        allow: tuple[tuple[str, Allowance], ...] = (),
        baseline: frozenset[str] = frozenset(),
        old_baselines: Mapping[str, frozenset[str]] | None = None,
        root: str = os.curdir,
        origins: Mapping[str, str] | None = None,
        **values: Any,
    ) -> None:
        if unknown := values.keys() - DEFAULTS.keys():
            raise TypeError(f"there is no setting {', '.join(unknown)}")
        vars(self).update({**DEFAULTS, **values}, allow=allow, baseline=baseline, old_baselines=old_baselines or {})
        vars(self).update(root=root, origins=origins or {})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name}: settings cannot be changed; use replaced() to make a changed copy")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # a record of values

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    def replaced(self, **values: Any) -> Settings:
        """Return the same settings but for these values."""
        return Settings(**{**vars(self), **values})

    def allowance_for(self, path: str) -> Allowance:
        """Return what the path patterns allow to the tests of a file.

        Args:
            path: the test module's file.
        """
        if not self.allow:
            return NO_ALLOWANCE
        relative = real.relative_path(path, self.root).replace(os.sep, "/")
        allowance = NO_ALLOWANCE
        for pattern, allowed in self.allow:
            if fnmatch.fnmatchcase(relative, pattern):
                allowance |= allowed
        return allowance


DEFAULTS: dict[str, Any] = {name: value for name, value in vars(Settings).items() if name in Settings.__annotations__}


def without_files(patterns: Iterable[str], root: str) -> list[str]:
    """Return the path patterns that match no file below a folder, and so allow nothing."""
    return [pattern for pattern in patterns if not _matches_a_file(pattern, root)]


def _matches_a_file(pattern: str, root: str) -> bool:
    start = os.path.dirname(re.split(r"[*?[]", pattern, maxsplit=1)[0])
    looked_at = 0
    for folder, folders, files in os.walk(os.path.join(root, start)):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/") for name in files)
        if any(fnmatch.fnmatchcase(path, pattern) for path in paths):
            return True
        looked_at += len(files)
        if looked_at > _MOST_FILES:
            return True  # nobody waits for a longer search
    return False

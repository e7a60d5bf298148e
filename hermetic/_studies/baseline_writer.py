"""``--write-baseline``: what the tests of a run do beyond their sizes becomes what the configuration knows of."""

from __future__ import annotations

import os
import sys

from .._base import features, file_replacement, real
from .._base.errors import ConfigurationError
from .._reports.test_records import COMPLETE
from .._settings import config_edits
from .._settings.current_run import current_run
from .._verdicts import baseline, scopes
from .._verdicts.owner_names import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .._reports.test_records import RunRecord

__unittest = True


class BaselineWriter:
    """What a run is observed for. Entries of tests that this run says nothing of are kept."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._is_whole = True
        self._present: set[str] = set()

    def add_tests(self, tests: Iterable[Any], *, is_whole: bool) -> None:
        """Note the tests of a run that is about to start, and what their imports have done.

        Args:
            tests: all of them.
            is_whole: whether they are the whole suite.
        """
        self._ids.update(map(owner_name, tests))
        self._is_whole &= is_whole
        self._present.update(map(baseline.entry_of, scopes.running.warned))

    def conclude(self, run: RunRecord) -> None:
        """Write the entries, and say what has changed."""
        with scopes.unjudged():
            before = current_run.settings.baseline
            self._present.update(baseline.entry_of(violation) for record in run.tests for violation in record.warned)
            told = {record.id for record in run.tests if record.kind == "test" and record.outcome in COMPLETE}
            kept = {entry for entry in before if not self._is_judged(entry, told, run)}
            entries = sorted((self._present | kept) - {""})
            new, gone = len({*entries} - before), len(before.difference(entries))
            counts = f"{len(entries)} known violations, {new} new, {gone} gone"
            try:
                path = write(entries) if new or gone else _path()
            except (ConfigurationError, OSError) as error:
                sys.stderr.write(f"The baseline was not written: {error}\n")
            else:
                sys.stdout.write(f"baseline in {path}: {counts}\n")

    def _is_judged(self, entry: str, told: set[str], run: RunRecord) -> bool:
        """Whether this run knows if what an entry says still occurs."""
        name = entry.split(" ")[1]
        if name in self._ids:
            return name in told
        return self._is_whole and run.ended_early is None


def write(entries: list[str]) -> str:
    """Write the known violations into the file that has the settings, and return its path.

    Raises:
        ConfigurationError: it cannot be edited.
        OSError: it cannot be written.
    """
    path = _path()
    try:
        with real.open_file(path, "rb") as file:
            text = file.read().decode()
    except FileNotFoundError:
        text = ""
    edit = config_edits.with_toml_baseline if path.endswith(".toml") else config_edits.with_cfg_baseline
    file_replacement.replace_file(os.path.realpath(path), edit(text, entries).encode())
    return path


def _path() -> str:
    """The file that has the known violations; else that which has settings; else one that is there and can be read."""
    settings = current_run.settings
    cfg, toml = (os.path.join(settings.root, name) for name in ("setup.cfg", "pyproject.toml"))
    for origin in (settings.origins.get("baseline"), *settings.origins.values()):
        if origin in (cfg, toml):
            return str(origin)
    return toml if features.HAS_TOMLLIB and os.path.exists(toml) else cfg

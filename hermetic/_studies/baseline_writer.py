"""Implements ``--write-baseline``: the violations of a run become the known violations of the project."""

from __future__ import annotations

import os
import sys

from .._base import file_replacement
from .._base.errors import ConfigurationError
from .._reports.test_records import COMPLETE
from .._settings import baseline_file
from .._settings.current_run import current_run
from .._verdicts import baseline, scopes
from .._verdicts.scopes import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .._reports.test_records import RunRecord


class BaselineWriter:
    """Observes a run, and writes the baseline file. Entries of tests that the run did not judge are kept."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._is_whole = True
        self._present: set[str] = set()

    def add_tests(self, tests: Iterable[Any], *, is_whole: bool) -> None:
        """Note the tests of a run that is about to start, and the violations of their imports."""
        self._ids.update(map(owner_name, tests))
        self._is_whole &= is_whole
        self._present.update(map(baseline.entry_of, scopes.running.warned))

    def conclude(self, run: RunRecord) -> None:
        """Write the entries, and print what has changed."""
        with scopes.unjudged():
            settings = current_run.settings
            before, path = settings.baseline, baseline_file.path_in(settings.root)
            self._present.update(baseline.entry_of(violation) for record in run.tests for violation in record.warned)
            told = {record.id for record in run.tests if record.kind == "test" and record.outcome in COMPLETE}
            kept = {entry for entry in before if not self._is_judged(entry, told, run)}
            entries = sorted((self._present | kept) - {""})
            new, gone = len({*entries} - before), len(before.difference(entries))
            counts = f"{len(entries)} known violations, {new} new, {gone} gone"
            try:
                if new or gone or settings.old_baselines:
                    _write(path, entries)
                sys.stdout.write(f"baseline in {path}: {counts}\n")
                for old_path, moved in settings.old_baselines.items():
                    lines = baseline_file.lines_of_setting(old_path, moved)
                    sys.stdout.write(f"baseline: delete {lines} of {old_path}: its entries are in {path} now\n")
            except (ConfigurationError, OSError) as error:
                sys.stderr.write(f"The baseline was not written: {error}\n")

    def _is_judged(self, entry: str, told: set[str], run: RunRecord) -> bool:
        """Whether this run shows if the violation of an entry still occurs."""
        name = entry.split(" ")[1]
        if name in self._ids:
            return name in told
        return self._is_whole and run.ended_early is None


def _write(path: str, entries: list[str]) -> None:
    """Replace the baseline file in one step.

    Raises:
        ConfigurationError: the file that is there cannot be read.
        OSError: the file cannot be written.
    """
    text = baseline_file.rewritten(baseline_file.read_text(path), entries)
    file_replacement.replace_file(os.path.realpath(path), text.encode())

"""Implements ``--watch``: runs the tests of a command, waits for changes, and reruns the tests that they affect.

Each run is a new process, which imports all modules anew. The watching process loads no module of the project.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json
import os
import sys

from .._base import command, features, own_files, real
from .._base.errors import ConfigurationError
from .._base.spelling import counted
from .._running import foreground
from .._settings import config
from . import source_files, watched_tests
from .import_graph import ImportGraph

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from .source_files import Signature

_NOT_TO_BE_WATCHED = (  # options that ask for something else than one run
    *("bisect", "history_merge", "list", "repeat", "show_config", "survey", "survey_apply", "until_failure", "vary"),
    *("vary_only", "write_baseline"),
)
_TICK = 0.5  # seconds between two looks, or more if looks take long
_SHARE = 0.05  # the part of the time that looks may take
_SETTLING = 0.1  # seconds without a change after which all files are written
_MAX_NAMED = 3  # changed files


def keep_watching(ours: argparse.Namespace) -> int:
    """Run the tests of this program's command after each change; return the exit status after Ctrl-C.

    Raises:
        ConfigurationError: the options ask for something else than runs, or no command repeats this program.
    """
    config.refuse_together("--watch", ours, _NOT_TO_BE_WATCHED)
    config.refuse_names_of_input("--watch", ours)
    given = command.own_words() or []
    words = _without_option(given)
    if words == given:  # otherwise each run would watch, too
        raise ConfigurationError("--watch is for the command line, but this program has made its own arguments")
    with foreground.ended_by_signals(), _request_file() as path:
        try:
            _Watch(words, path).go_on()
        except KeyboardInterrupt:
            return features.INTERRUPTED_EXIT_STATUS


def _without_option(words: list[str]) -> list[str]:
    ends = [at for at, word in enumerate(words) if word == "--" or word.partition("=")[0] == "--script"]
    end = ends[0] if ends else len(words)
    return [*(word for word in words[:end] if word != "--watch"), *words[end:]]


@contextlib.contextmanager
def _request_file() -> Iterator[str]:
    path = own_files.new_file("hermetic-")
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):
            real.unlink(path)


class _Watch:
    """The runs of a command.

    Args:
        words: the command.
        path: the path of the file for requests and reports.
    """

    def __init__(self, words: list[str], path: str) -> None:
        self._words = words
        self._path = path
        self._here = os.path.realpath(os.getcwd())
        self._report: dict[str, Any] = {}  # of the last run that made one
        self._is_known = False  # whether the last run reported its tests
        self._graph = ImportGraph()
        self._files: dict[str, Signature] = {}
        self._files_before: dict[str, Signature] = {}  # those before the last change
        self._closures: dict[str, frozenset[str]] = {}  # what the tests of each file need

    def go_on(self) -> NoReturn:
        """Run and wait, until Ctrl-C or a signal ends the process."""
        affected: set[str] | None = None
        self._files = self._look()
        while True:
            self._run(affected)
            foreground.tell(f"watching {counted(len(self._files), 'file')}; Ctrl-C ends")
            changed: set[str] = set()
            affected = set()
            while affected is not None and not affected:
                changed = self._wait()
                affected = self._affected(changed)
                foreground.tell(f"changed: {self._shown(changed)}; {self._what_runs(affected)}")

    def _what_runs(self, affected: set[str] | None) -> str:
        """Say which files with tests run, of those that are known, and new ones."""
        if affected is not None and not affected:
            return "no test needs it"
        total = counted(len(self._closures.keys() | (affected or set())), "file")
        return f"running {'all' if affected is None else f'{len(affected)} of'} {total} with tests"

    def _run(self, files: set[str] | None) -> None:
        """Run the tests of some files, or all tests, and take the report."""
        with open(self._path, "w", encoding="utf-8") as file:
            json.dump({"files": None if files is None else sorted(files)}, file)
        environ = {**os.environ, watched_tests.VARIABLE: self._path}
        status, was_interrupted = foreground.run_command([sys.executable, *self._words[1:]], environ)
        if was_interrupted or status == features.INTERRUPTED_EXIT_STATUS:
            raise KeyboardInterrupt
        self._take_report()

    def _take_report(self) -> None:
        try:
            with open(self._path, encoding="utf-8") as file:
                found = json.load(file)
        except (OSError, ValueError):
            found = {}
        self._is_known = "tests" in found
        if self._is_known:
            known, self._report = self._folders(), found
            new = [folder for folder in self._folders() if folder not in known]
            self._files.update(source_files.files_in(new))  # the next look finds what has changed in the others
        self._update(self._files)

    def _update(self, files: dict[str, Signature]) -> None:
        """Find out what the tests of each file need."""
        self._graph.update(files, self._report.get("path", [self._here]))
        failed = [self._graph.files_of(name) for name in self._report.get("failed", ())]
        self._is_known = self._is_known and all(failed)
        tests = {*self._report.get("tests", ()), *(file for found in failed for file in found)}
        self._closures = {file: self._graph.closure(file) for file in tests if file in files}

    def _folders(self) -> list[str]:
        """The folders that modules of the project are imported from, without folders inside of these."""
        ours = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
        given = [self._report.get("root", self._here), *self._report.get("path", ())]
        folders = [self._here]
        for folder in given:
            is_own = not (
                folder == ours or "site-packages" in folder or folder.startswith(features.STDLIB_DIRECTORY[:-1])
            )
            is_inside = any(f"{folder}{os.sep}".startswith(f"{known.rstrip(os.sep)}{os.sep}") for known in folders)
            if is_own and not is_inside and os.path.isdir(folder):
                folders.append(folder)
        return folders

    def _look(self) -> dict[str, Signature]:
        return source_files.files_in(self._folders())

    def _wait(self) -> set[str]:
        """Wait for changes, until nothing changes any more, and return the changed files."""
        while True:
            began = real.perf_counter()
            now = self._look()
            if now != self._files:
                while (later := self._after(_SETTLING)) != now:
                    now = later
                changed = source_files.changes(self._files, now)
                if changed:
                    self._files_before, self._files = self._files, now
                    return changed
            real.sleep(max(_TICK, (real.perf_counter() - began) / _SHARE))

    def _after(self, seconds: float) -> dict[str, Signature]:
        real.sleep(seconds)
        return self._look()

    def _affected(self, changed: set[str]) -> set[str] | None:
        """Return the files whose tests need a changed file; None if all tests may need it."""
        before = dict(self._closures)
        self._update(self._files)
        needed = {file: before.get(file, frozenset()) | needs for file, needs in self._closures.items()}
        loose = {*self._report.get("loaded", ())}.difference(*needed.values(), *before.values())
        is_configuration = any(os.path.basename(file) in source_files.CONFIGURATION for file in changed)
        if is_configuration or changed & loose or not self._is_known:
            return None
        new = {file for file in changed & self._files.keys() if self._is_new_test(file)}
        return {file for file, needs in needed.items() if changed & needs} | new

    def _is_new_test(self, file: str) -> bool:
        return file not in self._files_before and fnmatch.fnmatch(os.path.basename(file), self._pattern())

    def _pattern(self) -> str:
        """The pattern of the files that a discovery loads."""
        for word, following in zip(self._words, [*self._words[1:], ""], strict=True):
            name, _, value = word.partition("=")
            if name in ("-p", "--pattern"):
                return value or following
        return "test*.py"

    def _shown(self, files: set[str]) -> str:
        names = [os.path.relpath(file, self._here) for file in sorted(files)]
        more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
        return ", ".join(names[:_MAX_NAMED]) + more

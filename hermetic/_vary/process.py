"""Starts a process that runs tests under variations, limits its time, reads its answer, and cleans up after it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

from .._base import features, real
from .._isolation import output, process_tree, windows_processes
from .._running import foreground
from .._variations import catalogue
from .._variations.path_variations import NOT_COPIED
from .._variations.variation import START_FOLDER, environment_of
from . import varied_run
from .verdicts import FAILS, THE_PROGRAM, Subject, Verdict, Verdicts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .._variations.variation import Variation

_AT_START = os.path.join(os.path.dirname(os.path.abspath(catalogue.__file__)), "at_start.py")
_FOLDERS = "hermetic-vary-"  # the beginning of the names of processes' folders
_PLAIN_HASH_SEED = "0"
_TEMPORARY = ("TEMP", "TMP") if features.WINDOWS else ("TMPDIR",)
_SWEEPS = 50  # searches for remaining processes, with a pause after each
_PAUSE = 0.02  # seconds
_SHOWN_BYTES = 4000  # of the standard error of a program


class Surroundings:
    """What a process needs to run under variations.

    Args:
        folder: a new folder for all files of the process.
        tests: the subjects to run; None for all tests.
        answer: the path of the answer; None for the usual reports.

    Attributes:
        command: the command.
        environ: its environment.
        folder: its current folder.
    """

    def __init__(
        self, variations: Sequence[Variation], folder: str, tests: Sequence[Subject] | None, answer: str | None
    ) -> None:
        for name in ("t", *(name for variation in variations for name in variation.folders)):
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        if any(variation.at_start for variation in variations):
            os.mkdir(os.path.join(folder, START_FOLDER))
            shutil.copyfile(_AT_START, os.path.join(folder, START_FOLDER, "sitecustomize.py"))
        request = os.path.join(folder, "request")
        within = [variation.name for variation in variations if variation.is_set_within()]
        with open(request, "w", encoding="utf-8") as file:
            json.dump(
                {"tests": None if tests is None else [*map(list, tests)], "within": within, "answer": answer}, file
            )
        temporary = dict.fromkeys(_TEMPORARY, os.path.join(folder, "t"))
        environ = environment_of(variations, {**plain_environment(), **temporary}, folder)
        self.environ = {**environ, varied_run.VARIABLE: request}
        self.command = _command(variations)
        self.folder = os.getcwd()
        for variation in variations:
            if variation.tree:
                self._move_to(os.path.join(folder, "tree", variation.tree))

    def _move_to(self, copy: str) -> None:
        """Copy the current folder, and use the copy wherever it is named."""
        shutil.copytree(self.folder, copy, symlinks=True, ignore=_not_copied)
        self.command = [_moved(word, self.folder, copy) for word in self.command]
        path = self.environ.get("PYTHONPATH", "")
        if path:
            entries = [_moved(entry, self.folder, copy) for entry in path.split(os.pathsep)]
            self.environ["PYTHONPATH"] = os.pathsep.join(entries)
        self.environ["PWD"] = self.folder = copy


def _not_copied(folder: str, names: list[str]) -> set[str]:
    """The names in a folder that are not copied: pipes, sockets, and the folders of studies, among others."""
    ignored = shutil.ignore_patterns(*NOT_COPIED, f"{_FOLDERS}*")(folder, names)
    modes = {name: os.lstat(os.path.join(folder, name)).st_mode for name in names}
    known = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
    return ignored | {name for name, mode in modes.items() if not any(is_so(mode) for is_so in known)}


def _moved(path: str, folder: str, copy: str) -> str:
    """A path in a folder as one in its copy; any other text as it is."""
    return copy + path[len(folder) :] if path == folder or path.startswith(folder + os.sep) else path


def _command(variations: Sequence[Variation]) -> list[str]:
    """This program's command under variations, with all of its arguments."""
    prefix = [word for variation in variations for word in variation.words_before()]
    options = [word for variation in variations for word in variation.options]
    program = next((variation.program for variation in variations if variation.program), sys.executable)
    return [*prefix, program, *options, *sys.orig_argv[1:]]


def plain_environment() -> dict[str, str]:
    """The environment of a plain run: that of this process, with a fixed hash seed unless there is one."""
    return {"PYTHONHASHSEED": _PLAIN_HASH_SEED, **os.environ}


def run_in_surroundings(variations: Sequence[Variation]) -> int:
    """Run this program once under variations, with its usual output and reports, and return its exit code."""
    with foreground.ended_by_signals():
        folder = tempfile.mkdtemp(prefix=_FOLDERS)
        try:
            around = Surroundings(variations, folder, None, None)
            status, _ = foreground.run_command(around.command, around.environ, around.folder)
        finally:
            output.remove_folder(folder)
    return status


class ProcessLimits:
    """How long a process may take.

    Attributes:
        total: the seconds for all of it.
        silence: the seconds without a new verdict.
    """

    def __init__(self, total: float, silence: float) -> None:
        self.total = total
        self.silence = silence

    def times(self, factor: float) -> ProcessLimits:
        """ProcessLimits that are longer by a factor."""
        return ProcessLimits(self.total * factor, self.silence * factor)


class VariedProcess:
    """A process that runs tests under variations.

    Args:
        variations: what is varied.
        tests: the subjects to run; None for all tests.
    """

    def __init__(self, variations: Sequence[Variation], tests: Sequence[Subject] | None, limits: ProcessLimits) -> None:
        self._limits = limits
        self.folder = tempfile.mkdtemp(prefix=_FOLDERS)
        self._answer = os.path.join(self.folder, "answer")
        try:
            self._start(Surroundings(variations, self.folder, tests, self._answer))
        except BaseException:
            output.remove_folder(self.folder)
            raise

    def _start(self, around: Surroundings) -> None:
        self._started = self._heard = real.perf_counter()
        self._size = 0
        self._ended_by = ""  # the reason why the study has ended the process
        self._errors = os.path.join(self.folder, "stderr")
        with open(self._errors, "wb") as errors:
            self._process = subprocess.Popen(
                around.command,
                env=around.environ,
                cwd=around.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
                preexec_fn=_die_with_parent if features.LINUX else None,  # noqa: PLW1509 - there are no threads
            )
        if features.WINDOWS:
            try:
                self._job = windows_processes.Job(self._process.pid)
            except OSError:
                self._process.kill()
                self._process.wait()  # it holds files of its folder
                raise

    def has_ended(self) -> bool:
        """Whether the process has ended; one that takes too long is ended."""
        if self._process.poll() is not None:
            return True
        now = real.perf_counter()
        size = os.path.getsize(self._answer) if os.path.exists(self._answer) else 0
        if size != self._size:
            self._size, self._heard = size, now
        if now - self._started > self._limits.total:
            self._ended_by = f"the run did not end within {self._limits.total:.0f} s"
        elif now - self._heard > self._limits.silence:
            self._ended_by = f"it did not end within {self._limits.silence:.0f} s"
        if self._ended_by:
            self._kill()
        return False

    def _kill(self) -> None:
        if features.WINDOWS:
            self._job.end()
        else:
            process_tree.send_group(self._process.pid, signal.SIGKILL)

    @property
    def seconds(self) -> float:
        """How long the process has been running."""
        return real.perf_counter() - self._started

    def answer(self) -> ProcessAnswer:
        """What the process has reported; it must have ended."""
        lines = []
        with contextlib.suppress(FileNotFoundError), open(self._answer, "rb") as file:
            lines = [json.loads(line) for line in file if line.endswith(b"\n")]
        return ProcessAnswer(lines, self._ended_by or process_tree.status_text(self._process.returncode), self._said())

    def _said(self) -> str:
        """The last line that the program wrote to standard error."""
        with open(self._errors, "rb") as file:
            file.seek(max(0, os.path.getsize(self._errors) - _SHOWN_BYTES))
            lines = file.read().decode(errors="backslashreplace").strip().splitlines()
        return lines[-1] if lines else ""

    def close(self) -> None:
        """End the process and all that it started, and remove its folder."""
        if self._process.poll() is None:
            self._kill()
            self._process.wait()
        if features.WINDOWS:
            self._job.close()
        else:
            process_tree.send_group(self._process.pid, signal.SIGKILL)
            self._sweep()
        output.remove_folder(self.folder)

    def _sweep(self) -> None:
        """End the processes that outlive the process: on Linux, they have become children of this process."""
        for _ in range(_SWEEPS):
            left = [
                pid
                for pid in process_tree.children_of(real.get_pid())
                if process_tree.comes_from(pid, self._process.pid, self.folder) and not process_tree.reap(pid)
            ]
            if not left:
                return
            for pid in left:
                process_tree.send(pid, signal.SIGKILL)
            real.sleep(_PAUSE)


class ProcessAnswer:
    """What a process has reported.

    Attributes:
        verdicts: its verdicts, with that on the program if its tests were not loaded.
        is_whole: whether the process ran to its end; then tests without a verdict were not chosen.
        seconds: the sum of the durations of the tests.
    """

    def __init__(self, lines: list[list[Any]], ended_by: str, said: str) -> None:
        self.verdicts = Verdicts()
        begun: dict[Subject, None] = {}
        ends: list[str] = []
        for kind, *rest in lines:
            if kind == "begin":
                begun[Subject(*rest)] = None
            elif kind == "verdict":
                subject = Subject(*rest[:3])
                self._take(subject, Verdict(rest[3], rest[4], tuple(rest[5]), rest[6], tuple(rest[7])))
                begun.pop(subject, None)
            elif kind == "end":
                ends.append(rest[0])
        if ["loaded"] not in lines:
            self.verdicts[THE_PROGRAM] = Verdict(FAILS, said or ended_by, (), 0.0)
        for subject in begun:
            self.verdicts[subject] = Verdict(FAILS, f"{ended_by} while it ran", (), 0.0)
        self.is_whole = bool(ends) and not begun and not any(ends)

    def _take(self, subject: Subject, verdict: Verdict) -> None:
        """Take a verdict; if a subject has several, as a fixture that runs again, a failure takes precedence."""
        known = self.verdicts.get(subject)
        if known is None or known.outcome != FAILS or subject.kind == "test":
            self.verdicts[subject] = verdict


def _die_with_parent() -> None:
    process_tree.die_with_parent(signal.SIGKILL)

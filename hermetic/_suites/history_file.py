"""The file that keeps the history of earlier runs: its format, how it is read, and how runs share it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import namedtuple

from .._base import features, file_replacement, real, shared_files
from .._base.records import PastRun
from .._protocol import plain_data
from .._verdicts import scopes
from .suite_tests import MIN_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_VERSION = 1
_MAX_ENTRIES, _MAX_CHARACTERS = 100_000, 20_000_000  # the latest are kept; failures of the last run always are
_MAX_BYTES = 400_000_000
_MAX_SUITES = 100  # whose paces are kept
_MAX_RUNS = 50
_MAX_NAMES, _MAX_NAME_CHARACTERS = 500, 100_000  # of one kind in a run
_LOCK_SECONDS = 10.0
_FOLDER_FILES = {
    ".gitignore": "# Made by hermetic.\n*\n",
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n# Made by hermetic; safe to delete.\n",
}


class History(namedtuple("History", ("durations", "failed", "paces", "runs"))):  # noqa: PYI024 - as Policy
    """The contents of the file.

    Attributes:
        durations: the seconds of each test that took ``MIN_SECONDS`` or more, by its id. Where tests share an id, the
            last one counts. The latest are last.
        failed: the names of everything whose last run failed: tests, classes and modules with a failed fixture, and
            modules that could not be imported. The latest are last.
        paces: the seconds that suites took under ``-j``, by the names that ``Pace`` gives to them and by the number of
            processes. The latest are last.
        runs: the latest runs, the last one at the end.
    """

    __slots__ = ()
    durations: dict[str, float]
    failed: dict[str, None]
    paces: dict[str, dict[str, float]]
    runs: tuple[PastRun, ...]

    def merged(
        self,
        ran: dict[str, float],
        failed: dict[str, None],
        paces: dict[str, dict[str, float]],
        run: PastRun | None = None,
    ) -> History:
        """This history together with the outcome of a run.

        Args:
            ran: the seconds of the tests that ran or were skipped.
            paces: the new entries of ``paces``.
            run: the run, which replaces the entry that it already has; None to add no entry.
        """
        still_failed = self.failed
        if self.failed:
            ended_well = {*ran}.difference(failed)
            ended_well |= {owner for name in ended_well for owner in owners_of(name)}  # their fixtures have succeeded
            still_failed = {name: None for name in self.failed if name not in ended_well and name not in failed}
        older = {name: seconds for name, seconds in self.durations.items() if name not in ran}
        slow = {name: seconds for name, seconds in ran.items() if seconds >= MIN_SECONDS}
        known = {name: found for name, found in self.paces.items() if name not in paces}
        kept = dict([*known.items(), *paces.items()][-_MAX_SUITES:])
        runs = self.runs
        if run is not None:
            runs = (*(entry for entry in runs if entry.started != run.started), _bounded(run))[-_MAX_RUNS:]
        return History(_latest({**older, **slow}), {**_latest(still_failed), **failed}, kept, runs)


class HistoryFile:
    """Reads the history and adds to it."""

    def __init__(self, path: str, *, is_own: bool) -> None:
        self.path = path
        self._is_own = is_own
        self._has_complained = False

    def read(self) -> History:
        """The contents of the file; an empty history if the file is missing or damaged."""
        try:
            return _checked(read_plain(self.path))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, RecursionError) as error:
            if not self._has_complained:
                sys.stderr.write(f"hermetic: the history {self.path} is ignored: {error}\n")
            self._has_complained = True
        return History({}, {}, {}, ())

    def add(
        self,
        ran: dict[str, float],
        failed: dict[str, None],
        paces: dict[str, dict[str, float]],
        run: PastRun | None = None,
    ) -> None:
        """Merge the outcome of a run into the file; the arguments are those of ``History.merged``.

        Raises:
            OSError: the file cannot be written, or another run keeps it locked.
        """
        self._make_folder()
        with _locked(f"{self.path}.lock"):
            merged = self.read().merged(ran, failed, paces, run)
            content: dict[str, Any] = {"version": _VERSION, "failed": [*merged.failed], "durations": merged.durations}
            if merged.paces:
                content["paces"] = merged.paces
            if merged.runs:
                content["runs"] = [dict(zip(PastRun._fields, entry, strict=True)) for entry in merged.runs]
            file_replacement.replace_file(self.path, plain_data.to_bytes(content) + b"\n")

    def _make_folder(self) -> None:
        folder = os.path.dirname(self.path)
        if not self._is_own or os.path.isdir(folder):
            return
        try:
            os.mkdir(folder)
        except FileExistsError:
            return  # another run has made it meanwhile
        try:
            for name, text in _FOLDER_FILES.items():
                with real.open_file(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
        except OSError:
            # Without these files, it would look like the user's folder.
            real.import_module("shutil").rmtree(folder, ignore_errors=True)
            raise


def read_plain(path: str) -> Any:
    """The plain data in a file of JSON.

    Raises:
        OSError: the file cannot be read.
        ValueError, RecursionError: the file is not JSON, or is nested too deeply.
    """
    with scopes.unjudged(), shared_files.at_last(real.open_file, path, "rb") as file:
        if os.fstat(file.fileno()).st_size > _MAX_BYTES:
            raise ValueError("it is too large")
        content = file.read()
    return plain_data.from_bytes(content)


def _checked(found: Any) -> History:
    """The contents of a file, once each part of them is valid.

    Raises:
        ValueError: a part is not valid.
    """
    if not isinstance(found, dict) or found.get("version") != _VERSION:
        raise ValueError(f"its version is not {_VERSION}")
    durations, failed, paces = found.get("durations"), found.get("failed"), found.get("paces", {})
    if not _are_durations(durations):
        raise ValueError("its durations are not numbers of seconds")
    if not isinstance(failed, list) or not all(isinstance(name, str) for name in failed):
        raise ValueError("its failures are not a list of names")
    if not isinstance(paces, dict) or not all(map(_are_durations, paces.values())):
        raise ValueError("its paces are not numbers of seconds")
    runs = found.get("runs", [])
    if not isinstance(runs, list) or not all(map(_is_run, runs)):
        raise ValueError("its runs are not as they should be")
    past = (PastRun(*(entry[name] for name in PastRun._fields)) for entry in runs[-_MAX_RUNS:])
    return History(durations, dict.fromkeys(failed), paces, tuple(map(_bounded, past)))


def _is_run(found: Any) -> bool:
    if not isinstance(found, dict) or not {*PastRun._fields} <= found.keys() or not isinstance(found["code"], str):
        return False
    names = [found[name] for name in ("failed", "passed", "flaky")]
    return _are_durations({name: found[name] for name in ("started", "seconds", "tests", "failures")}) and all(
        isinstance(entry, list) and all(isinstance(name, str) for name in entry) for entry in names
    )


def _bounded(run: PastRun) -> PastRun:
    """A run without the names that exceed the limits of the file."""
    kept = {}
    for kind in ("failed", "passed", "flaky"):
        left, names = _MAX_NAME_CHARACTERS, []
        for name in getattr(run, kind)[:_MAX_NAMES]:
            left -= len(name)
            if left < 0:
                break
            names.append(name)
        kept[kind] = tuple(names)
    return run._replace(**kept)


def _are_durations(found: Any) -> bool:
    return isinstance(found, dict) and all(
        isinstance(seconds, (int, float)) and 0 <= seconds < float("inf") for seconds in found.values()
    )


def owners_of(name: str) -> list[str]:
    """The class, the module and the packages that contain a test, as far as the dots in its name show them."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _latest(entries: dict[str, Any]) -> dict[str, Any]:
    """As many of the latest entries as the file has room for."""
    left = _MAX_CHARACTERS
    kept: list[tuple[str, Any]] = []
    for name, value in [*entries.items()][: -_MAX_ENTRIES - 1 : -1]:
        left -= len(name)
        if left < 0:
            break
        kept.append((name, value))
    return dict(reversed(kept))


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    """Hold a lock file that no other process can hold at the same time, and remove it afterwards.

    Raises:
        OSError: another process holds it for too long, or it cannot be created.
    """
    until = real.monotonic() + _LOCK_SECONDS
    while True:
        file = shared_files.at_last(real.open_file, path, "ab")
        try:
            if shared_files.try_lock(file.fileno()) and _is_at(file, path):
                break
        except BaseException:
            file.close()
            raise
        file.close()
        if real.monotonic() > until:
            raise TimeoutError(f"another run is using {path}")
        real.sleep(0.01)
    try:
        yield
    finally:
        if features.WINDOWS:  # which removes no file that is open, in this process or another one
            file.close()
        with contextlib.suppress(OSError):
            real.unlink(path)
        file.close()


def _is_at(file: Any, path: str) -> bool:
    """Whether an open file is still the one at its path: the last process to lock it may have removed it since."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), real.stat(path))
    except FileNotFoundError:
        return False

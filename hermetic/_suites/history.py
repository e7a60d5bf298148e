"""What earlier runs have left for later ones: how long each test took, and which failed last.

It is one file, ``.hermetic_cache/history.json`` beside the configuration unless the settings say otherwise. It is safe
to delete: without it, nothing is known. Runs that go on at the same time may share it: each adds what it has found,
under a lock, and the file is replaced in one step.

    RunHistory(path)            for a program
    .durations, .failed         what is known
    .noting(result)             for a run: adds to the file what came of it
    .note(test, seconds)        in it, for a test that was timed elsewhere
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import unittest
from collections import namedtuple

from .._base import features, real
from .._results.durations import time_tests
from .._verdicts import scopes
from . import suite_blocks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .._settings.table import Settings

__unittest = True

_VERSION = 1
MIN_SECONDS = 0.001  # tests that take less are not recorded, and count as this
_MAX_ENTRIES, _MAX_CHARACTERS = 100_000, 20_000_000  # the latest are kept; failures of the last run always are
_MAX_BYTES = 400_000_000
_LOCK_SECONDS = 10.0
_FOLDER_FILES = {
    ".gitignore": "# Made by hermetic.\n*\n",
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n# Made by hermetic; safe to delete.\n",
}


class History(namedtuple("History", ("durations", "failed"))):  # noqa: PYI024 - as Policy
    """The contents of the file.

    Attributes:
        durations: seconds by the id of the test, if it took ``MIN_SECONDS`` or more; of those that share an id, that
            of the last. The latest are last.
        failed: the names of what failed when it ran last: tests, and classes and modules whose fixtures failed, or
            that could not be imported. The latest are last.
    """

    __slots__ = ()
    durations: dict[str, float]
    failed: dict[str, None]


def path_of(settings: Settings) -> str | None:
    """The file of the history; None where there is to be none.

    Under Bazel, nothing that a test writes is there for the next, so by default there is none.
    """
    if settings.history == "off" or (settings.history == "auto" and "TEST_SRCDIR" in real.environ):
        return None
    if settings.history == "auto":
        return os.path.join(os.path.abspath(settings.root), ".hermetic_cache", "history.json")
    return os.path.realpath(settings.history)


class RunHistory:
    """The history, as a program reads it and adds to it.

    Args:
        path: of the file.
        is_own: whether the file and its folder are ours: then it is made, and where it cannot be, nobody is told.
        is_kept: whether the file is left as it is.
    """

    def __init__(self, path: str, *, is_own: bool, is_kept: bool = False) -> None:
        self.path = path
        self._is_own = is_own
        self._is_kept = is_kept
        self._pid = real.get_pid()
        self._ran: dict[str, float] = {}
        self._has_told = False
        self._has_failures = False
        self._saved: tuple[dict[str, None], dict[str, float]] = {}, {}

    @functools.cached_property
    def _known(self) -> History:
        return self._read()

    @property
    def durations(self) -> dict[str, float]:
        """How long the tests took that were run before, as of ``History``."""
        return self._known.durations

    @property
    def failed(self) -> dict[str, None]:
        """What failed, as of ``History``."""
        return self._known.failed

    @contextlib.contextmanager
    def noting(self, result: Any) -> Iterator[None]:
        """For a run, note what its result is told, and add it to the file.

        Args:
            result: a ``RunResult``.
        """
        if self._is_kept:
            yield
            return
        self._known = self._read()
        result.hermetic_history = self
        time_tests(result, self.note)
        try:
            yield
        finally:
            self.save(result)

    def note(self, test: Any, seconds: float) -> None:
        """Note that a test has come to its end.

        Args:
            test: the test.
            seconds: that it took, as measured where it ran; of several calls, the last counts.
        """
        ran, known = self._ran, self._known
        # Most tests of most suites are of no interest: they are to cost next to nothing.
        if seconds >= MIN_SECONDS or ran or known.durations or known.failed:
            name = suite_blocks.name_of(test)
            if seconds >= MIN_SECONDS or known.failed or name in known.durations or name in ran:
                ran[name] = round(seconds, 4)

    def save(self, result: Any) -> None:
        """Add to the file what a result was told since this was last called."""
        ran, self._ran = self._ran, {}
        failed, skipped = _failed_in(result), _skipped_in(result)
        if real.get_pid() != self._pid or (not ran and (failed, skipped) == self._saved):
            return  # a forked copy of the run; or there is nothing new
        self._saved = failed, skipped
        ran = {**skipped, **ran}
        try:
            with scopes.unjudged():
                self._add(ran, failed)
            self._has_failures = bool(failed)
        except OSError as error:
            if not self._is_own:
                _tell(f"the history {self.path} could not be written: {error.strerror or error}")

    def rerun_lines(self) -> list[str]:
        """The command that runs what has failed again, for people; nothing if nothing has, or it is not known."""
        if not self._has_failures:
            return []
        from .._base import command  # not worth its start-up time in runs without a failure

        arguments, start = sys.argv[1:], command.start()
        if not start or [*start, *arguments] != sys.orig_argv:
            return []  # the program has made its arguments itself
        option = [] if "--last-failed" in arguments else ["--last-failed"]
        return [f"to run again what has failed: {command.quoted([*start, *option, *arguments])}"]

    def _add(self, ran: dict[str, float], failed: dict[str, None]) -> None:
        if _merged(self._known, ran, failed) == self._known:
            return
        from .._protocol import framing
        from .._reports import report_output

        self._make_folder()
        with _locked(f"{self.path}.lock"):
            merged = _merged(self._read(), ran, failed)
            content = {"version": _VERSION, "failed": [*merged.failed], "durations": merged.durations}
            report_output.replace(self.path, framing.dump(content) + b"\n")

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
            import shutil  # for where it fails

            shutil.rmtree(folder, ignore_errors=True)  # without them, it would be taken for the user's
            raise

    def _read(self) -> History:
        """The contents of the file; nothing is known without one, or from one that is damaged."""
        from .._protocol import framing  # not worth its start-up time in a program that needs no history

        try:
            with scopes.unjudged(), real.open_file(self.path, "rb") as file:
                content = file.read() if os.fstat(file.fileno()).st_size <= _MAX_BYTES else b""
            return _checked(framing.load(content))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, RecursionError) as error:
            if not self._has_told:
                _tell(f"the history {self.path} is ignored: {error}")
            self._has_told = True
        return History({}, {})


def _tell(what: str) -> None:
    sys.stderr.write(f"hermetic: {what}\n")


def _checked(found: Any) -> History:
    """The contents of a file, of which every part is as it should be.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(found, dict) or found.get("version") != _VERSION:
        raise ValueError(f"it is not of version {_VERSION}")
    durations, failed = found.get("durations"), found.get("failed")
    if not isinstance(durations, dict) or not all(
        isinstance(seconds, (int, float)) and 0 <= seconds < float("inf") for seconds in durations.values()
    ):
        raise ValueError("its durations are no numbers of seconds")
    if not isinstance(failed, list) or not all(isinstance(name, str) for name in failed):
        raise ValueError("what failed is no list of names")
    return History(durations, dict.fromkeys(failed))


def _merged(known: History, ran: dict[str, float], failed: dict[str, None]) -> History:
    """What is known, and what came of a run.

    Args:
        known: by earlier runs.
        ran: the seconds of the tests that have run, or were skipped.
        failed: the names of what failed.
    """
    still_failed = known.failed
    if known.failed:
        ended_well = {*ran}.difference(failed)
        ended_well |= {owner for name in ended_well for owner in owners_of(name)}  # that have been set up
        still_failed = {name: None for name in known.failed if name not in ended_well and name not in failed}
    older = {name: seconds for name, seconds in known.durations.items() if name not in ran}
    slow = {name: seconds for name, seconds in ran.items() if seconds >= MIN_SECONDS}
    return History(_latest({**older, **slow}), {**_latest(still_failed), **failed})


def owners_of(name: str) -> list[str]:
    """The class, the module and the packages that a name is in, as far as dots tell."""
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


# --- what a result is told -------------------------------------------------------------------------------------------


def _failed_in(result: Any) -> dict[str, None]:
    """The names of what a result was told has failed."""
    bad = [entry[0] for kind in ("failures", "errors") for entry in getattr(result, kind, ())]
    bad += getattr(result, "unexpectedSuccesses", ())
    return {name: None for test in bad if (name := _name_of(test))}


def _skipped_in(result: Any) -> dict[str, float]:
    """The names of what was skipped, which took no time."""
    return {name: 0.0 for entry in getattr(result, "skipped", ()) if (name := _name_of(entry[0]))}


def _name_of(test: Any) -> str:
    """The name of a test; of a fixture, the class's or the module's; nothing for what is neither."""
    test = getattr(test, "test_case", test)
    name = suite_blocks.name_of(test)
    fixture, opening, owner = name.partition(" (")
    if opening and not isinstance(test, unittest.TestCase):  # whose name may hold anything
        return owner.removesuffix(")") if fixture in _FIXTURES else ""
    return name


_FIXTURES = {"setUpClass", "tearDownClass", "setUpModule", "tearDownModule"}


# --- one at a time ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    """For a block, be the only process that has a lock file; it is gone afterwards.

    Raises:
        OSError: another one has it for too long, or there can be none.
    """
    until = real.monotonic() + _LOCK_SECONDS
    while True:
        file = real.open_file(path, "ab")
        try:
            if _lock(file) and _is_at(file, path):
                break
        except BaseException:
            file.close()
            raise
        file.close()
        if real.monotonic() > until:
            raise TimeoutError(f"another run keeps {path}")
        real.sleep(0.01)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows keeps a file that is open
            real.unlink(path)
        file.close()


def _lock(file: Any) -> bool:
    """Lock an open file, unless another process has it locked."""
    try:
        if features.WINDOWS:
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[attr-defined,unused-ignore]
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_at(file: Any, path: str) -> bool:
    """Whether an open file is still the one at its path: the last one to have it may have removed it since."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), real.stat(path))
    except FileNotFoundError:
        return False

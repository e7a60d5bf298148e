"""Bazel's test protocol: what it asks of a test program, by variables, before it starts it.

    TEST_TOTAL_SHARDS, TEST_SHARD_INDEX    run this part of the tests; TEST_SHARD_STATUS_FILE is to say that we can
    TESTBRIDGE_TEST_ONLY                   run the tests that --test_filter names
    TESTBRIDGE_TEST_RUNNER_FAIL_FAST       end at the first failure
    TEST_TIMEOUT                           the seconds after which the program is ended, with whatever it has to say
    TEST_PREMATURE_EXIT_FILE               a file that is to be there while the program runs
    TEST_WARNINGS_OUTPUT_FILE              where warnings are to be written
    XML_OUTPUT_FILE, TEST_SIZE             settings, from one more place: _settings
    TEST_TMPDIR                            a folder for temporary files, where there is no better one: _base.real

They are meant for the program that Bazel starts. It takes them out of its environment while it runs, but for
time-out, size and folder: a program that a test starts, and that is a test program as well, would run but a part of its
tests, and write over our report.
"""

from __future__ import annotations

import fnmatch
import os
import shlex

from .._base import real
from .._base.errors import ConfigurationError
from .._suites import shards

TYPE_CHECKING = False
if TYPE_CHECKING:
    import contextlib

    from .._suites.shards import Shard

__unittest = True

_TAKEN = (
    "TEST_TOTAL_SHARDS",
    "TEST_SHARD_INDEX",
    "TEST_SHARD_STATUS_FILE",
    "TESTBRIDGE_TEST_ONLY",
    "TESTBRIDGE_TEST_RUNNER_FAIL_FAST",
    "TEST_PREMATURE_EXIT_FILE",
    "TEST_WARNINGS_OUTPUT_FILE",
    "XML_OUTPUT_FILE",
)
_MARGIN, _MAX_MARGIN = 0.1, 15.0  # what is kept of the time to sum up: a share, but no more seconds than that


class Protocol:
    """What Bazel asks of this program.

    Args:
        while_running: what is to be undone when the program ends is added to it.

    Raises:
        ConfigurationError: it asks for what cannot be.

    Attributes:
        shard: the part of the tests that is to run; None for all.
        fails_fast: whether the first failure is to end the run.
        ends_at: when the run has to come to its end, by ``perf_counter``; None for never.
        warnings_file: where warnings are to be written; None for nowhere.
    """

    def __init__(self, while_running: contextlib.ExitStack) -> None:
        asked = {name: value for name in _TAKEN if (value := real.environ.get(name))}
        self.shard = _shard(asked)
        self.fails_fast = asked.get("TESTBRIDGE_TEST_RUNNER_FAIL_FAST") == "1"
        # Others have a variable of this name as well.
        self.ends_at = _end(real.environ.get("TEST_TIMEOUT")) if "TEST_SRCDIR" in real.environ else None
        self.warnings_file = asked.get("TEST_WARNINGS_OUTPUT_FILE")
        self._patterns = [word if "*" in word else f"*{word}*" for word in _words(asked.get("TESTBRIDGE_TEST_ONLY"))]
        for name in asked:
            while_running.callback(real.environ.__setitem__, name, real.environ.pop(name))
        if "TEST_SHARD_STATUS_FILE" in asked:
            _write(asked["TEST_SHARD_STATUS_FILE"], "TEST_SHARD_STATUS_FILE", "")
        if "TEST_PREMATURE_EXIT_FILE" in asked:
            _write(asked["TEST_PREMATURE_EXIT_FILE"], "TEST_PREMATURE_EXIT_FILE", "1")
            while_running.callback(_remove, os.path.abspath(asked["TEST_PREMATURE_EXIT_FILE"]), real.get_pid())

    @property
    def has_filter(self) -> bool:
        """Whether only some of the tests are to run."""
        return bool(self._patterns)

    def chooses(self, name: str) -> bool:
        """Whether a test is to run, by its id; the filter means what ``-k`` does."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self._patterns)


def _shard(asked: dict[str, str]) -> Shard | None:
    total = asked.get("TEST_TOTAL_SHARDS", "")
    if total in ("", "0"):
        return None
    index = asked.get("TEST_SHARD_INDEX", "")
    number = int(index) + 1 if index.isascii() and index.isdigit() else 0
    try:
        return shards.parse_shard(f"{number}/{total}", "")
    except ConfigurationError:
        message = f"TEST_SHARD_INDEX={index} and TEST_TOTAL_SHARDS={total} are no shard; the index counts from 0"
        raise ConfigurationError(message) from None


def _end(seconds: str | None) -> float | None:
    if not seconds:
        return None
    if not (seconds.isascii() and seconds.isdigit() and int(seconds)):
        raise ConfigurationError(f"TEST_TIMEOUT={seconds} is not a whole number of seconds above 0")
    limit = float(seconds)
    return real.perf_counter() + limit - min(_MARGIN * limit, _MAX_MARGIN)


def _words(text: str | None) -> list[str]:
    try:
        return shlex.split(text or "")
    except ValueError as error:
        raise ConfigurationError(f"TESTBRIDGE_TEST_ONLY={text}: {error}") from None


def _write(path: str, variable: str, text: str) -> None:
    try:
        with real.open_file(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigurationError(f"{variable}: {path} cannot be written: {error.strerror or error}") from None


def _remove(path: str, pid: int) -> None:
    if real.get_pid() == pid:  # not a forked copy of the program, which comes to its end as well
        try:
            real.unlink(path)
        except FileNotFoundError:
            pass  # removed by a test

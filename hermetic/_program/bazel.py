"""Reads Bazel's test protocol: what Bazel asks of a test program, in environment variables.

    TEST_TOTAL_SHARDS, TEST_SHARD_INDEX    run this part of the tests, and touch TEST_SHARD_STATUS_FILE
    TESTBRIDGE_TEST_ONLY                   run the tests that --test_filter names
    TESTBRIDGE_TEST_RUNNER_FAIL_FAST       end at the first failure
    TEST_TIMEOUT                           the seconds after which Bazel ends the program
    TEST_PREMATURE_EXIT_FILE               a file that exists while the program runs
    TEST_WARNINGS_OUTPUT_FILE              the file for warnings
    XML_OUTPUT_FILE, TEST_SIZE             settings (_settings.config)
    TEST_TMPDIR                            a folder for temporary files (_base.real)

The variables are meant for the program that Bazel starts. It removes most of them from its environment while it runs.
A test program that a test starts would otherwise run a part of its tests only, and overwrite our report.
"""

from __future__ import annotations

import fnmatch
import os

from .._base import real
from .._base.errors import ConfigurationError
from .._suites import order, suite_tests

TYPE_CHECKING = False
if TYPE_CHECKING:
    import contextlib
    from typing import Any

    from .._suites.order import Shard

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
_MARGIN, _MAX_MARGIN = 0.1, 15.0  # the time kept for the summary: a share of the limit, and a maximum in seconds


class Protocol:
    """What Bazel asks of this program.

    Args:
        while_running: gets what has to be undone when the program ends.

    Raises:
        ConfigurationError: a variable has a wrong value.

    Attributes:
        shard: the part of the tests to run; None for all.
        fails_fast: whether to end the run at the first failure.
        ends_at: when the run must end, by ``perf_counter``; None for no such time.
        warnings_file: the file for warnings; None for none.
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
        """Whether to run only some of the tests."""
        return bool(self._patterns)

    def chooses(self, test: Any) -> bool:
        """Whether to run a test; the filter works like ``-k``."""
        return any(fnmatch.fnmatchcase(suite_tests.name_of(test), pattern) for pattern in self._patterns)


def _shard(asked: dict[str, str]) -> Shard | None:
    total = asked.get("TEST_TOTAL_SHARDS", "")
    if total in ("", "0"):
        return None
    index = asked.get("TEST_SHARD_INDEX", "")
    number = int(index) + 1 if index.isascii() and index.isdigit() else 0
    try:
        return order.parse_shard(f"{number}/{total}", "")
    except ConfigurationError:
        message = f"TEST_SHARD_INDEX={index} and TEST_TOTAL_SHARDS={total} name no shard; the index starts at 0"
        raise ConfigurationError(message) from None


def _end(seconds: str | None) -> float | None:
    if not seconds:
        return None
    if not (seconds.isascii() and seconds.isdigit() and int(seconds)):
        raise ConfigurationError(f"TEST_TIMEOUT={seconds} is not a whole number of seconds above 0")
    limit = float(seconds)
    return real.perf_counter() + limit - min(_MARGIN * limit, _MAX_MARGIN)


def _words(text: str | None) -> list[str]:
    import shlex  # needed under Bazel alone

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

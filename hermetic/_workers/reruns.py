"""Retries failed tests, each time in a new worker that has run no other test."""

from __future__ import annotations

import functools
from collections import Counter

from .._base.errors import IsolationError
from .._reports.test_records import CaughtWarning
from .._rules import groups, retry_counts
from .._settings.current_run import current_run
from . import addressing, diagnosis, isolation
from .attempts import Attempt, AttemptResult
from .replay import Replay
from .worker_supply import hash_seed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True

_FIRST_WITH_OTHER_HASHES = 3  # attempt


class Reruns:
    """Begins the attempts of a run's tests."""

    def __init__(self) -> None:
        groups.note_surroundings()  # before a test changes them: new interpreters take them on
        self._ran: Counter[Any] = Counter()  # the tests that have begun, by what they share their process with

    def begin(self, test: Any) -> Attempt | None:
        """Begin the first attempt of a test; return None for a test without retries."""
        before = self._tests_before(test)
        retries = 0 if current_run.host_isolates else retry_counts.of_test(test)  # a process of the host's retries it
        if not retries or type(test).__module__ == "unittest.loader":  # a module that could not be loaded
            return None
        rerun = _Rerun(test, retries)
        diagnose = functools.partial(diagnosis.of_attempts, test, before, fails_again=rerun.fails_again)
        return Attempt(test, retries, rerun.run, diagnose)

    def _tests_before(self, test: Any) -> int:
        """The number of tests that have begun before this one in its process, if this process knows it."""
        may_be_elsewhere = current_run.planned or current_run.isolated_classes or current_run.settings.isolated
        group = groups.in_run(test) if may_be_elsewhere and current_run.hands_tests_over() else None
        if group is not None and group.key is None:
            return 0
        key = None if group is None else group.key
        self._ran[key] += 1
        return self._ran[key] - 1


class _Rerun:
    """Retries a test.

    The first retry is a fork of the run if possible: it has the modules and the hash seed of the run, so only the
    earlier tests are missing. Each further retry is a new interpreter with another hash seed. Where the first retry is
    a new interpreter, too, it has the hash seed of the run only if the environment sets one.

    Args:
        retries: the maximum number of retries.

    Attributes:
        fails_again: retries the test with the hash seed of the run, and returns whether it fails; None if no retry has
            another seed.
    """

    def __init__(self, test: Any, retries: int) -> None:
        self._test = test
        self._address: dict[str, Any] | None = None
        self._by_name: dict[str, Any] | None = None
        self._error: IsolationError | None = None
        try:  # before the test begins, because it may set attributes that cannot be sent
            self._address = isolation.of_process().address_of(test)
            if retries > 1 and ("number" in self._address or hash_seed()):
                self._by_name = addressing.address_of(test)
        except IsolationError as error:
            self._error = error
        self.fails_again = None if self._by_name is None else self._fails_again

    def run(self, number: int, result: AttemptResult) -> None:
        """Make the n-th attempt, from 2, and report it to a result."""
        player = _Collecting(self._test, result)
        other_hashes = number >= _FIRST_WITH_OTHER_HASHES and self._by_name is not None
        address = self._by_name if other_hashes else self._address
        if address is None:
            player.run(map(_raise, [self._error]))
            return
        isolation.of_process().run_again(self._test, player, address, result, other_hashes=other_hashes)

    def _fails_again(self) -> bool:
        result = AttemptResult(self._test)
        self.run(2, result)
        return not result.record.is_success


def _raise(error: IsolationError | None) -> list[Any]:
    assert error is not None
    raise error


class _Collecting(Replay):
    """A replay that keeps the output and the warnings of a retry for the reports."""

    def __init__(self, test: Any, result: AttemptResult) -> None:
        super().__init__(test, result, "")
        self._record = result.record

    def on_worker(self, number: int) -> None:
        self._record.worker = str(number)

    def on_warning(self, text: str, category: list[str], filename: str, line: int, source: str | None) -> None:
        self._record.noted("warnings").append(CaughtWarning(".".join(category), text, filename, line))

    def on_output(self, stream: str, text: str) -> None:
        if stream == "out":
            self._record.stdout += text
        else:
            self._record.stderr += text

"""Runs failed tests again, each time in a new worker that has run no other test."""

from __future__ import annotations

import functools
from collections import Counter

from .._base.errors import IsolationError
from .._reports.test_records import CaughtWarning
from .._rules import groups, retry_counts
from .._settings.current_run import current_run
from . import diagnosis, isolation
from .attempts import Attempt
from .replay import Replay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .attempts import AttemptResult

__unittest = True


class Reruns:
    """Begins the attempts of a run's tests."""

    def __init__(self) -> None:
        self._ran: Counter[Any] = Counter()  # the tests that have begun, by what they share their process with

    def begin(self, test: Any) -> Attempt | None:
        """Begin the first attempt of a test; return None if it is not to be retried."""
        before = self._tests_before(test)
        retries = retry_counts.of_test(test)
        if not retries:
            return None
        address: dict[str, Any] | IsolationError
        try:
            address = isolation.of_process().address_of(test)
        except IsolationError as error:
            address = error
        diagnose = functools.partial(diagnosis.of_attempts, test, before)
        return Attempt(test, retries, functools.partial(_run_again, test, address), diagnose)

    def _tests_before(self, test: Any) -> int:
        """The number of tests that have begun before it in its process, as far as this process knows."""
        group = groups.in_run(test) if current_run.hands_tests_over() else None
        if group is not None and group.key is None:
            return 0
        key = None if group is None else group.key
        self._ran[key] += 1
        return self._ran[key] - 1


def _run_again(test: Any, address: dict[str, Any] | IsolationError, result: AttemptResult) -> None:
    player = _Collecting(test, result)
    if isinstance(address, IsolationError):
        player.run(map(_raise, [address]))
    else:
        isolation.of_process().run_again(test, player, address, result)


def _raise(error: IsolationError) -> list[Any]:
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

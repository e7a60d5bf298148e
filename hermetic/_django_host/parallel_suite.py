"""``manage.py test --parallel``: each process of Django's pool watches, judges and isolates its own tests.

the process of the run    suite_class(): hands each process what is in force, and drops what killed processes leave
a process of the pool     PoolRunner: runs the tests of a class as a run of its own, and records what Django does not
"""

from __future__ import annotations

import functools
import unittest

from .._base import real
from .._patches import process_exits
from .._results.listeners import Listener
from .._rules import groups, policies
from .._running.watched_run import WatchedRun
from .._settings.current_run import current_run
from .._suites import suite_tests
from .._verdicts import scopes
from .._workers import hosts
from . import clones, run_settings, worker_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__unittest = True


def suite_class(inherited: Any) -> Any:
    """Return the class of suites whose tests a pool runs, made from that of a Django runner."""
    return type(inherited.__name__, (_ParallelSuite, inherited), {})


class _ParallelSuite:
    """Mixin over Django's ``ParallelTestSuite``."""

    processes: int
    runner_class: Any

    def run(self, result: Any) -> Any:
        """Run the tests in processes of a pool."""
        isolated = [test for test in suite_tests.tests_in(self) if groups.of_test_if_right(test) is not None]
        aliases = sorted({alias for test in isolated for alias in worker_host.databases_of(test)})
        given = current_run.given_on_command_line()
        self.runner_class = functools.partial(PoolRunner, self.runner_class, given, aliases)
        host_isolates, current_run.host_isolates = current_run.host_isolates, True
        methods = [*scopes.running.start_methods]
        try:
            with scopes.unjudged():  # the pool is Django's
                return super().run(result)  # type: ignore[misc]
        finally:
            current_run.host_isolates = host_isolates
            scopes.running.start_methods[:] = methods
            clones.drop_of_pool(aliases, self.processes)


class PoolRunner:
    """Runs tests in a process of the pool, in the place of Django's ``RemoteTestRunner``.

    Args:
        inner: the class of Django's runner.
        given: the settings from the command line.
        aliases: the connections that isolated tests use.
        options: those of Django's runner.
    """

    def __init__(self, inner: Any, given: dict[str, Any], aliases: list[str], **options: Any) -> None:
        self._inner = inner(**options)
        self._given, self._aliases = given, aliases

    def run(self, test: Any) -> Any:
        """Run tests, and return Django's result, whose events the process of the run replays."""
        host = hosts.host_of("django.test")
        if host.pool_process != real.get_pid():
            host.pool_process = real.get_pid()
            scopes.reset()
            process_exits.forget_blocks()
            current_run.begin_anew()
            run_settings.put_in_force(self._given, host.while_in_pool)
            host.keep_databases(self._aliases)
        with policies.default_scope():
            return self._inner.run(WatchedRun(_Recorded([test])))


class _Recorded(unittest.TestSuite):
    """Tests of a class, whose result gets the events that Django does not record."""

    def run(self, result: Any, debug: bool = False) -> Any:  # noqa: FBT001, FBT002 - unittest's signature
        result.add_listener(_Recording(result))
        result.failures, result.errors, result.skipped = [], [], []  # Django's stand-ins for them have no length
        super().run(result, debug)
        result.report_late()
        result.report_allowed()
        return result


class _Recording(Listener):
    """Adds to the events of Django's result what only listeners hear, as calls of the result of the run."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def addTiming(self, test: Any, started: float, seconds: float) -> None:
        self._add("note_timing", started, seconds)

    def addLeaks(self, test: Any, what: str, changes: Sequence[str]) -> None:
        self._add("note_leaks", what, [*changes])

    def addRetries(self, test: Any, attempts: Sequence[Any], diagnosis: str) -> None:
        self._add("note_retries", [*attempts], diagnosis)

    def addAllowed(self, violations: Sequence[Any]) -> None:
        self._add("note_allowed", [*violations])

    def _add(self, name: str, *arguments: Any) -> None:
        self._result.events.append((name, self._result.test_index, *arguments))

"""Isolated tests in the process that runs the suite: each is handed to a worker, and its report is replayed.

    a test's run()       -> run(): in a worker of its own, or in that of its group
    tearDownClass        -> end_class(): groups that end with the class end, and report what went wrong at their end
    tearDownModule       -> end_module(): the same for modules
    the end of the run   -> of_run(): the same for all other groups; under other runners, when the process exits

Every runner calls the first three, so isolation works under all of them.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import sys

from .._base import real
from .._isolation import output
from .._rules import groups, policies, retry_counts, sandbox_choice, timeouts
from .._rules.groups import Group
from .._settings.current_run import current_run
from .._stdlib import interpreter_internals
from .._verdicts import scopes
from . import addressing, context, hosts
from .replay import Replay
from .teardown_reports import Ending, raise_all
from .worker_result import run_options
from .worker_supply import WorkerSupply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from typing import Any

    from .._isolation.worker_link import Worker
    from .parallel_run import ParallelRun

__unittest = True


class GroupRun:
    """The tests of a group while a worker runs them; for a test with a process of its own, that test alone.

    Attributes:
        worker: the worker, which may have ended: then another one takes over; None before the first.
        test: the last test that was handed over.
        told: the changes that were reported of the worker's tests.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self.worker: Worker | None = None
        self.test: Any = None
        self.told: set[str] = set()

    @property
    def at_work(self) -> bool:
        """Whether there is a worker that has not ended."""
        return self.worker is not None and not self.worker.has_ended

    def use(self, worker: Worker) -> None:
        """Have a worker do what is left of the group, in the time that is left to it."""
        self.worker = worker if self.worker is None else self.worker.succeeded_by(worker, self.group.timeout)
        self.told.clear()

    def perform(self, requests: list[list[Any]], seconds: float = math.inf) -> Iterator[list[Any]]:
        """Send requests to the worker, and yield the frames that answer them.

        Args:
            seconds: that the run may still take.
        """
        assert self.worker is not None
        timeout = min(self.group.timeout, self.worker.used + seconds)
        what = "the test" if self.group.key is None else f"the group {self.group.description}"
        try:
            yield ["worker", self.worker.number]
            yield from self.worker.perform(requests, timeout=timeout, what=what)
        except BaseException:
            self.worker.end()
            raise


class Isolation:
    """The isolated tests of this process.

    Attributes:
        result: of the run, if it is one of hermetic's.
        parallel: the tests of that run that are run ahead of the suite, if there are any.
    """

    def __init__(self) -> None:
        self.result: Any = None
        self.parallel: ParallelRun | None = None
        self._lock = real.new_reentrant_lock()  # runners may run tests in threads: all that asks workers takes turns
        self._supply = WorkerSupply()
        self._runs: dict[tuple[str, str], GroupRun] = {}  # by the key of the group
        self._modules: dict[tuple[str, str], set[str]] = {}  # by group: the modules with tests in it that are not over
        self._classes_seen = 0
        self._ends_at = math.inf  # when the run has to come to its end, by perf_counter
        self._closes_at_exit = False

    # --- one test ---

    def run(self, test: Any, result: Any, group: Group, address: dict[str, Any] | None = None) -> None:
        """Run a test in the worker of its group, and tell the result what happened.

        Args:
            address: where a worker finds the function that the test stands for; None for other tests.
        """
        with self._lock, scopes.unjudged():
            player = Replay(test, result, group.description)
            if self.parallel is not None and id(test) in current_run.planned:
                told = self.parallel.unit_of(test).told
                frames = self.parallel.frames_of(test)
            else:
                found = GroupRun(group) if group.key is None else self._runs.setdefault(group.key, GroupRun(group))
                frames = self._frames_of(test, result, found, address)
                told = found.told
            with contextlib.closing(frames):
                told.update(player.run(frames))
            if real.perf_counter() >= self._ends_at:
                self.result.run_out_of_time()

    def _frames_of(
        self, test: Any, result: Any, found: GroupRun, address: dict[str, Any] | None
    ) -> Generator[list[Any]]:
        """Ask the worker of a group for a test, and yield the frames that answer."""
        is_function = address is not None
        address = self._supply.address_of(test) or address or addressing.address_of(test)
        found.test = test
        if not found.at_work:
            found.use(self._new_worker(test, found.group, address, is_function=is_function))
        options: dict[str, Any] = {**run_options(result, compare=found.group.key is not None)}
        requests = [self._request(test, address, options)]
        if found.group.key is None:
            requests.append(["finish"])
        yield from found.perform(requests, max(self._ends_at - real.perf_counter(), 0.0))

    def address_of(self, test: Any) -> dict[str, Any]:
        """The address of a test: its number, where a fork of this process has it.

        Raises:
            IsolationError: as ``addressing.address_of``.
        """
        return self._supply.address_of(test) or addressing.address_of(test)

    def run_again(
        self, test: Any, player: Replay, address: dict[str, Any], result: Any, *, other_hashes: bool = False
    ) -> None:
        """Run a test in a new worker, alone.

        Args:
            other_hashes: in an interpreter in which texts have other hashes.
        """
        own = groups.of_test_if_right(test)
        settings = current_run.settings
        seconds = settings.test_timeout or math.inf
        group = Group(None, "", seconds, settings.sandbox) if own is None else own._replace(key=None)
        frames = self._frames_again(test, group, address, result, other_hashes=other_hashes)
        with self._lock, scopes.unjudged(), contextlib.closing(frames):
            player.run(frames)

    def _frames_again(
        self, test: Any, group: Group, address: dict[str, Any], result: Any, *, other_hashes: bool
    ) -> Generator[list[Any]]:
        worker = self._new_worker(test, group, address, is_function=False, other_hashes=other_hashes)
        if not group.description:
            worker.send(["shared"])  # so that the test finds what it finds without isolation
        found = GroupRun(group)
        found.use(worker)
        request = self._request(test, address, {**run_options(result, compare=False, phases=True)})
        yield from found.perform([request, ["finish"]], max(self._ends_at - real.perf_counter(), 0.0))

    @staticmethod
    def _request(test: Any, address: dict[str, Any], options: dict[str, Any]) -> list[Any]:
        options.update(timeouts.as_option(timeouts.of_test(test)))
        if "number" not in address:  # other runners may use other filters for each test
            options["filters"] = context.described_filters()
        return ["run", address, options]

    def _new_worker(
        self, test: Any, group: Group, address: dict[str, Any], *, is_function: bool, other_hashes: bool = False
    ) -> Worker:
        """A worker for a test, and for the rest of its group."""
        if not self._closes_at_exit:
            self._closes_at_exit = True
            atexit.register(self._close_at_exit, real.get_pid())
        # Other tests of a group may have a size; the policy of a function is known in the worker alone.
        is_free = group.key is None and not is_function and not policies.is_held(test)
        sandboxed = not is_free and sandbox_choice.is_wanted(group.sandbox)
        module = "" if "number" in address else address.get("function", address)["module"]
        make = self._supply.new_with_other_hashes if other_hashes else self._supply.new
        return make(module, sandboxed=sandboxed)

    # --- the end of classes, modules and runs ---

    def end_class(self, cls: type) -> None:
        """End the group that is a class, and tear the class down in other groups.

        Raises:
            BaseException: what went wrong in its fixtures; the runner reports it as tearDownClass's.
        """
        with self._lock:
            errors: list[BaseException] = []
            for (kind, name), found in [*self._runs.items()]:
                if not found.at_work:
                    if kind == "class":
                        del self._runs[kind, name]
                elif type(found.test) is cls:
                    errors += self._end(found, "finish" if kind == "class" else "end_class")
            raise_all(errors + self._parallel_ends("class", cls))

    def end_module(self, name: str) -> None:
        """End the groups that have no tests in modules to come.

        Raises:
            BaseException: what went wrong in their fixtures; the runner reports it as tearDownModule's.
        """
        with self._lock:
            for cls in [*current_run.isolated_classes.values()][self._classes_seen :]:
                for key in groups.keys_of(cls):
                    self._modules.setdefault(key, set()).add(cls.__module__)
            self._classes_seen = len(current_run.isolated_classes)
            errors: list[BaseException] = []
            for key, modules in self._modules.items():
                modules.discard(name)
                if not modules and key in self._runs and self._runs[key].at_work:
                    errors += self._end(self._runs[key], "finish")
            raise_all(errors + self._parallel_ends("module", name))

    def _parallel_ends(self, kind: str, subject: Any) -> list[BaseException]:
        """End the class or module for the tests that are run ahead of the suite; return what went wrong."""
        errors: list[BaseException] = []
        if self.parallel is None:
            return errors
        with scopes.unjudged():
            for unit, is_over, frames in self.parallel.endings(kind, subject):
                ending = Ending(unit.description, unit.test, self.result, is_over=is_over and not unit.is_shared)
                errors += ending.run(frames, unit.told)
        return errors

    def _end(self, found: GroupRun, request: str) -> list[BaseException]:
        """Have a group's worker tear down; return what went wrong, as errors that no result has been told."""
        assert found.group.key is not None
        with scopes.unjudged():
            ending = Ending(found.group.description, found.test, self.result, is_over=request == "finish")
            errors = ending.run(found.perform([[request]]), found.told)
        if not found.at_work:
            del self._runs[found.group.key]
        return errors

    @contextlib.contextmanager
    def of_run(
        self,
        tests: Any,
        result: Any,
        *,
        ends_at: float,
        suite: Any = None,
        run_ahead: Callable[[WorkerSupply], ParallelRun] | None = None,
    ) -> Iterator[None]:
        """Isolate the tests of a whole run of hermetic's: fork its zygote before the first test.

        Args:
            result: to be told what goes wrong at the end of groups.
            ends_at: when the run has to come to its end, by ``perf_counter``.
            suite: the suite, if its tests share workers.
            run_ahead: begins to run them in parallel, if they do.
        """
        if self.result is not None:  # a run within a run: what it starts ends with the outer one
            yield
            return
        self.result, self._ends_at = result, ends_at
        try:
            with scopes.unjudged():
                self._supply.fork(_prepared([*tests], all_of_them=run_ahead is not None), suite)
                self.parallel = None if run_ahead is None else run_ahead(self._supply)
            yield
            for found in [*self._runs.values()]:
                if found.at_work:
                    self._end(found, "finish")  # the result is told
            if self.parallel is not None and not result.shouldStop:
                self._finish(self.parallel)
        finally:
            self.result, self._ends_at = None, math.inf
            self._close()

    def _finish(self, parallel: ParallelRun) -> None:
        """Have the shared workers exit; nobody looks for what they leave behind."""
        with scopes.unjudged():
            ending = Ending("the tests that shared a worker", parallel.last_test, self.result, is_over=True)
            ending.run((frame for frame in parallel.finish() if frame[0] != "exited"), set())  # the result is told

    def _close(self) -> None:
        """End all workers, and their nurseries."""
        with scopes.unjudged():
            if self.parallel is not None:
                self.parallel.close()
                self.parallel = None
            for found in self._runs.values():
                if found.worker is not None:
                    found.worker.end()
            self._runs.clear()
            supply, self._supply = self._supply, WorkerSupply()
            supply.close()
            for host in hosts.in_use():
                host.after_workers()

    def _close_at_exit(self, pid: int) -> None:
        """Under another runner, end the groups that are left, when there is no result any more to be told."""
        if real.get_pid() != pid:
            return
        failed = False
        for found in [*self._runs.values()]:
            for error in self._end(found, "finish") if found.at_work else ():
                sys.stderr.write(f"after the last test: {type(error).__name__}: {error}\n")
                failed = True
        self._close()
        if failed:  # the runner has its verdict: only the exit status can still say otherwise
            interpreter_internals.run_exit_handlers()
            output.flush_standard_streams()
            real.exit_process(1)


def _prepared(tests: list[Any], *, all_of_them: bool) -> Iterator[Any]:
    """Yield the tests of a run, after their hosts have prepared for those that workers will run.

    The list is not returned: in a fork, it would hold each test to the end.
    """
    for host in hosts.in_use():
        elsewhere = [test for test in tests if all_of_them or _may_run_elsewhere(test)]
        if elsewhere:
            host.before_workers(elsewhere)
    return iter(tests)


def _may_run_elsewhere(test: Any) -> bool:
    """Whether a worker may run a test: it is isolated, or it is retried if it fails."""
    is_retried = retry_counts.are_possible() and retry_counts.of_test(test) > 0
    return is_retried or groups.of_test_if_right(test) is not None


def of_process() -> Isolation:
    """The isolated tests of this process."""
    if current_run.isolation is None:
        current_run.isolation = Isolation()
    found: Isolation = current_run.isolation
    return found

"""``-j``: workers run tests ahead of the suite, and the suite replays the answer for each test when it comes to it.

    a test's run()   -> frames_of(): the frames of the test, as they come or have come
    tearDownClass    -> endings(): the frames of units that have torn the class down
    tearDownModule   -> endings(): the frames of units that have torn the module down
    the end          -> finish(): the frames of workers that exit

So the suite runs in its own order, and results appear in that order.
"""

from __future__ import annotations

from .._base.errors import IsolationError
from .._isolation.pool import Pool, Task
from .._results import listeners
from .._rules import retry_counts, sandbox_choice
from .._settings.current_run import current_run
from .._verdicts.scopes import owner_name
from . import addressing
from .parallel_plan import ParallelPlan
from .worker_result import FAILURES, run_options
from .worker_supply import context_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from typing import Any

    from .._isolation.worker_link import Worker
    from .parallel_plan import Unit
    from .worker_supply import WorkerSupply

__unittest = True

_REPORTS = frozenset({"begin", "outcome", "fixture", "unbegun", "broken", "died"})  # every test has one of these


def _is_failure(frame: list[Any]) -> bool:
    """Whether a frame reports a test, a fixture or a worker that has failed."""
    kind, *details = frame
    if kind == "outcome":
        return (details[1][0] if details[0] == "subtest" else details[0]) in FAILURES
    return kind in ("died", "broken", "copy") or (kind == "fixture" and details[1] in FAILURES)


class ParallelRun:
    """The tests of a run that workers run ahead of the suite.

    Args:
        supply: the supply of workers, forked already where that is safe.
        durations: the seconds that tests took before, by id.
        ends_at: when the run has to come to its end, by ``perf_counter``.
        protect: holds a class of tests to its policy.
    """

    def __init__(  # noqa: PLR0913 - one for each thing that a run knows
        self,
        supply: WorkerSupply,
        suite: Any,
        result: Any,
        *,
        durations: Mapping[str, float],
        ends_at: float,
        protect: Callable[[type], None],
        jobs: int,
    ) -> None:
        self._nursery, self._fresh = supply.for_pool()
        self._plan = ParallelPlan(
            suite,
            lambda test: supply.address_of(test) or addressing.address_of(test),
            run_options(result, ahead=True, **({} if self._ends_at_failures(result) else {"failfast": False})),
            durations,
        )
        self._announce_plan(protect)
        self._listeners = listeners.of_result(result)
        self._unit_by_task = {id(unit.task): unit for unit in self._plan.units}
        self._failing: set[int] = set()  # the ids of the tasks whose current test has failed
        self._begun: list[Unit] = []  # those that are replayed in part
        self.last_test: Any = None
        self._pool = self._new_pool(result, jobs)
        self._pool.ends_at = ends_at
        self._pool.go_on()

    def _new_pool(self, result: Any, jobs: int) -> Pool:
        pool = Pool(
            [unit.task for unit in self._plan.units],
            size=jobs,
            nursery=self._nursery,
            new_worker=self._new_worker,
            is_stopping=lambda: bool(getattr(result, "shouldStop", False)),
            ends_run=_is_failure if self._ends_at_failures(result) else None,
        )
        pool.hear = self._hear if self._listeners["startAhead"] else None
        return pool

    @staticmethod
    def _ends_at_failures(result: Any) -> bool:
        """Whether a failure ends the run before the suite comes to it: it may not be the last word on its test."""
        return bool(getattr(result, "failfast", False)) and not retry_counts.are_possible()

    def _announce_plan(self, protect: Callable[[type], None]) -> None:
        """Protect the classes, and have their tests and fixtures know that workers run them."""
        for cls in sorted(self._plan.classes.values(), key=lambda cls: -len(cls.__mro__)):  # bases come last
            protect(cls)
        current_run.shared_out.update(self._plan.classes, self._plan.modules)
        current_run.planned.update({test: unit.group for test, (unit, _) in self._plan.unit_of.items()})
        if sandbox_choice.is_in_force():
            sandbox_choice.tell_of_others(self._plan.kept)

    def unit_of(self, test: Any) -> Unit:
        """The unit that a test is in."""
        return self._plan.unit_of[id(test)][0]

    def frames_of(self, test: Any) -> Generator[list[Any]]:
        """Yield the frames of a test when they come.

        Raises:
            IsolationError: there is no time left, or no frame reports the test.
        """
        unit, step = self._plan.unit_of[id(test)]
        if unit not in self._begun:
            self._begun.append(unit)
        unit.next, unit.test = step + 1, test
        self.last_test = test
        kinds = set()
        try:
            for frame in self._pool.answer(unit.task, step):
                kinds.add(frame[0])
                yield frame
        except TimeoutError:
            raise IsolationError(f"[H007] test {owner_name(test)}: the run timed out before it finished") from None
        if unit.next == len(unit.steps):
            self._begun.remove(unit)
        if not kinds & _REPORTS and not self._pool.has_stopped:  # a run that stops leaves tests out
            raise IsolationError(f"[H007] test {owner_name(test)}: its worker ended without reporting it")

    def _hear(self, task: Task, frame: list[Any]) -> None:
        """Have the terminal show a test that a worker begins or ends, which may be ahead of the suite."""
        kind, test = self._unit_by_task[id(task)].steps[task.at] if id(task) in self._unit_by_task else ("", None)
        if kind != "test":
            return
        name = owner_name(test)
        if frame[0] == "begin":
            self._listeners.tell("startAhead", name)
        elif frame[0] == "outcome":
            self._failing |= {id(task)} if _is_failure(frame) else set()
        elif frame[0] in ("ready", "died"):
            has_failed = frame[0] == "died" or id(task) in self._failing
            self._failing.discard(id(task))
            self._listeners.tell("stopAhead", name, has_failed)

    def endings(self, kind: str, subject: Any) -> Iterator[tuple[Unit, bool, Iterator[list[Any]]]]:
        """Have units tear down a class (``class``) or a module (``module``, by its name).

        Yields:
            A unit, whether it is over with that, and the frames.
        """
        for unit in [*self._begun]:
            step = self._end_of(unit, kind, subject)
            if step is not None:
                unit.next = step + 1
                is_over = unit.next == len(unit.steps)
                if is_over:
                    self._begun.remove(unit)
                yield unit, is_over, self._pool.answer(unit.task, step)

    @staticmethod
    def _end_of(unit: Unit, kind: str, subject: Any) -> int | None:
        """The next step of a unit that is this end; the run has left out the tests before it."""
        for step in range(unit.next, len(unit.steps)):
            found, ended = unit.steps[step]
            if found != "test":  # by identity: different classes may compare equal
                return step if found == kind and (ended is subject or (kind == "module" and ended == subject)) else None
        return None

    def finish(self) -> Iterator[list[Any]]:
        """Have the workers exit, and yield the frames that come."""
        return self._pool.finish()

    def close(self) -> None:
        """End all workers that still run."""
        current_run.shared_out.clear()
        current_run.planned.clear()
        self._pool.close()

    def _new_worker(self, task: Task) -> Worker:
        worker: Worker = self._nursery.new_worker(fresh=self._fresh, sandboxed=task.sandboxed)
        if self._fresh:
            worker.send(["context", context_of("")])
        if not task.own_process:
            worker.send(["shared"])
        return worker

"""``-j``: the tests that are shared out are run ahead of the suite, which tells of each in its turn.

    a test's run()   -> replay(): its frames, as they come or have come
    tearDownClass    -> endings(): the frames of the units that have torn the class down
    tearDownModule   -> endings(): the same for the module
    the end          -> finish(): those of workers that exit

So whatever the suite does between tests, it does in its own order, and every result is told in that.
"""

from __future__ import annotations

from .._base.errors import IsolationError
from .._isolation.pool import Pool, Task
from .._rules import groups, sandbox_choice
from .._verdicts.owner_names import owner_name
from . import addressing
from .parallel_plan import Plan
from .worker_result import FAILURES
from .worker_sources import context_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from .._isolation.worker_link import Worker
    from .parallel_plan import Unit
    from .replay import Replay
    from .worker_sources import Workers

__unittest = True

_TELLING = frozenset({"begin", "outcome", "fixture", "unbegun", "broken", "died"})  # one of these comes of every test


def _is_failure(frame: list[Any]) -> bool:
    """Whether a frame tells of a test, a fixture or a worker that has failed."""
    kind, *details = frame
    if kind == "outcome":
        return (details[1][0] if details[0] == "subtest" else details[0]) in FAILURES
    return kind in ("died", "broken", "copy") or (kind == "fixture" and details[1] in FAILURES)


class Ahead:
    """The tests of a run that are shared out.

    Args:
        suite: of the run.
        result: of the run.
        workers: of the run, forked already where that is safe.
        durations: the seconds that tests took before, by id.
        ends_at: when the run has to come to its end, by ``perf_counter``.
        protect: holds a class of tests to its policy.
        jobs: how many workers run them.

    Attributes:
        last_test: that something was told of; None for none.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a run says once
        self,
        suite: Any,
        result: Any,
        workers: Workers,
        durations: Mapping[str, float],
        ends_at: float,
        protect: Callable[[type], None],
        jobs: int,
    ) -> None:
        groups.note_surroundings()
        self._nursery, self._fresh = workers.for_pool()
        options = {
            "locals": bool(getattr(result, "tb_locals", False)),
            "failfast": bool(getattr(result, "failfast", False)),
            "buffer": bool(getattr(result, "buffer", False)),
            "ahead": True,
        }
        fails_fast = options["failfast"]
        self._plan = Plan(suite, lambda test: workers.address_of(test) or addressing.of_test(test), options, durations)
        for cls in sorted(self._plan.classes.values(), key=lambda cls: -len(cls.__mro__)):  # their bases come after
            protect(cls)
        groups.shared_out.update(self._plan.classes, self._plan.modules)
        groups.planned.update({test: unit.group for test, (unit, _) in self._plan.unit_of.items()})
        if sandbox_choice.is_in_force():
            sandbox_choice.tell_of_others(self._plan.kept)
        self._progress: Any = getattr(result, "hermetic_progress", None)
        self._unit_of = {id(unit.task): unit for unit in self._plan.units}
        self._failing: set[int] = set()  # the tasks whose test, as far as it has come, has failed
        self._pool = Pool(
            [unit.task for unit in self._plan.units],
            size=jobs,
            nursery=self._nursery,
            new_worker=self._new_worker,
            is_stopping=lambda: bool(getattr(result, "shouldStop", False)),
            ends_run=lambda frame: fails_fast and _is_failure(frame),
        )
        self._pool.hear = None if self._progress is None else self._hear
        self._pool.ends_at = ends_at
        self._begun: list[Unit] = []  # of which something was told, and not all
        self.last_test: Any = None
        self._pool.go_on()

    def replay(self, test: Any, player: Replay) -> None:
        """Have the frames of a test replayed."""
        unit, step = self._plan.unit_of[id(test)]
        if unit not in self._begun:
            self._begun.append(unit)
        unit.next, unit.test = step + 1, test
        self.last_test = test
        kinds = set()
        try:
            for kind, *details in self._pool.answer(unit.task, step):
                kinds.add(kind)
                if kind == "worker":
                    player.comes_from(details[0], unit.group.description)
                else:
                    player.take([kind, *details])
        except TimeoutError:
            raise IsolationError(f"[H007] test {owner_name(test)}: timed out: so has the run") from None
        if unit.next == len(unit.places):
            self._begun.remove(unit)
        if not kinds & _TELLING and not self._pool.has_stopped:  # else it is one of those that are not run any more
            raise IsolationError(f"[H007] test {owner_name(test)}: its worker has said nothing of it")

    def _hear(self, task: Task, frame: list[Any]) -> None:
        """A worker tells of a test, which may be before its turn."""
        kind, test = self._unit_of[id(task)].places[task.at] if id(task) in self._unit_of else ("", None)
        if kind != "test" or self._progress is None:
            return
        name = owner_name(test)
        if frame[0] == "begin":
            self._progress.start_ahead(name)
        elif frame[0] == "outcome":
            self._failing |= {id(task)} if _is_failure(frame) else set()
        elif frame[0] in ("ready", "died"):
            has_failed = frame[0] == "died" or id(task) in self._failing
            self._failing.discard(id(task))
            self._progress.stop_ahead(name, has_failed=has_failed)

    def note_told(self, test: Any, changes: set[str]) -> None:
        """These changes of the process of a test were reported."""
        if id(test) in self._plan.unit_of:
            self._plan.unit_of[id(test)][0].told |= changes

    def endings(self, kind: str, subject: Any) -> Iterator[tuple[Unit, bool, Iterator[list[Any]]]]:
        """What came of the end of a class (``class``) or a module (``module``, by its name).

        Yields:
            A unit, whether it is over with this, and the frames.
        """
        for unit in [*self._begun]:
            step = self._end_of(unit, kind, subject)
            if step is not None:
                unit.next = step + 1
                is_over = unit.next == len(unit.places)
                if is_over:
                    self._begun.remove(unit)
                yield unit, is_over, self._pool.answer(unit.task, step)

    @staticmethod
    def _end_of(unit: Unit, kind: str, subject: Any) -> int | None:
        """The step of a unit that belongs to this end; the tests before it are those that the run has left out."""
        for step in range(unit.next, len(unit.places)):
            found, place = unit.places[step]
            if found != "test":  # classes may compare equal, and names are compared
                return step if found == kind and (place is subject or (kind == "module" and place == subject)) else None
        return None

    def finish(self) -> Iterator[list[Any]]:
        """Have the workers exit; the frames that come of it."""
        return self._pool.finish()

    def close(self) -> None:
        """End all that is still at work."""
        groups.shared_out.clear()
        groups.planned.clear()
        self._pool.close()

    def _new_worker(self, task: Task) -> Worker:
        worker: Worker = self._nursery.new_worker(fresh=self._fresh, sandboxed=task.sandboxed)
        if self._fresh:
            worker.send(["context", context_of("")])
        if not task.own_process:
            worker.send(["shared"])
        return worker

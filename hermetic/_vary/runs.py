"""Runs tests under sets of variations until each test has a verdict, with a few processes at a time."""

from __future__ import annotations

import math
from collections import namedtuple

from .._base import real
from .process import ProcessLimits, VariedProcess
from .verdicts import THE_PROGRAM, Verdicts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._variations.variation import Variation
    from .verdicts import Subject

_LONGEST_SILENCE = 3600.0  # seconds in a plain run, because the durations of its tests are not known yet
_LEAST_SECONDS, _TIMES_AS_LONG = 10.0, 5.0  # the limits of a run, from the duration of a plain run
_MAX_RESTARTS = 20  # new processes for the remaining tests, after a test that ended its process
_LOOK_SECONDS = 0.005  # between two looks at processes


class OutOfBudgetError(Exception):
    """The budget of the study is used up."""


class Asked(namedtuple("Asked", ("variations", "tests"))):  # noqa: PYI024 - as Policy
    """A request for one run.

    Attributes:
        variations: what is varied, in the order of the catalogue.
        tests: the subjects to run; None for all.
    """

    __slots__ = ()
    variations: tuple[Variation, ...]
    tests: tuple[Subject, ...] | None


def slowdown(variations: Sequence[Variation]) -> float:
    """How many times as long as a plain run a run under variations may take."""
    return math.prod(variation.slows for variation in variations)


class Runs:
    """Runs tests in separate processes.

    Args:
        jobs: how many processes may run at a time.
        ends_at: when no further process is started, by ``perf_counter``.
        tell: called with the number of processes so far, whenever it changes.

    Attributes:
        jobs: as given.
        processes: how many processes have run.
        tests: how many verdicts they have given.
    """

    def __init__(self, jobs: int, ends_at: float, tell: Callable[[int], None]) -> None:
        self.jobs = jobs
        self._ends_at = ends_at
        self._tell = tell
        self._limits = ProcessLimits(_LONGEST_SILENCE * 24, _LONGEST_SILENCE)
        self._all: tuple[Subject, ...] = ()
        self._started = real.perf_counter()
        self.processes = 0
        self.tests = 0

    @property
    def seconds(self) -> float:
        """How long the study has taken so far."""
        return real.perf_counter() - self._started

    def limit(self, verdicts: Verdicts, seconds: float) -> None:
        """Limit the time of later runs by the verdicts and the seconds of a plain run."""
        longest = max((verdict.seconds for verdict in verdicts.values()), default=0.0)
        start = max(0.0, seconds - sum(verdict.seconds for verdict in verdicts.values()))
        silence = _LEAST_SECONDS + _TIMES_AS_LONG * (longest + start)
        self._limits = ProcessLimits(max(silence, _LEAST_SECONDS + _TIMES_AS_LONG * seconds), silence)
        self._all = tuple(subject for subject in verdicts if subject.kind == "test")

    def each(self, asked: Sequence[Asked], *, in_turn: bool = False) -> list[Verdicts]:
        """Do several runs, and return the verdicts of each.

        Args:
            in_turn: whether each run has the machine to itself.

        Raises:
            OutOfBudgetError: the time is spent.
        """
        found = [Verdicts() for _ in asked]
        waiting = [_Task(place, run.variations, run.tests) for place, run in enumerate(asked)]
        running: list[tuple[_Task, VariedProcess]] = []
        most = 1 if in_turn else self.jobs
        try:
            while waiting or running:
                while waiting and len(running) < most:
                    running.append(self._start(waiting.pop(0)))
                ended = [pair for pair in running if pair[1].has_ended()]
                for task, process in ended:
                    running.remove((task, process))
                    rest = self._take(task, process, found[task.place])
                    waiting += [rest] if rest is not None else []
                if not ended:
                    real.sleep(_LOOK_SECONDS)
        finally:
            for _, process in running:
                process.close()
        return found

    def _start(self, task: _Task) -> tuple[_Task, VariedProcess]:
        if real.perf_counter() > self._ends_at:
            raise OutOfBudgetError
        self.processes += 1
        self._tell(self.processes)
        return task, VariedProcess(task.variations, task.tests, self._limits.times(slowdown(task.variations)))

    def _take(self, task: _Task, process: VariedProcess, found: Verdicts) -> _Task | None:
        """Take the answer of a process, and return the rest of its task if it died early."""
        try:
            answer = process.answer()
        finally:
            process.close()
        self.tests += len(answer.verdicts)
        known = len(found)
        found.update({subject: verdict for subject, verdict in answer.verdicts.items() if subject not in found})
        if answer.is_whole or THE_PROGRAM in answer.verdicts or len(found) == known or task.restarts >= _MAX_RESTARTS:
            return None
        rest = tuple(test for test in (task.tests or self._all) if test.kind == "test" and test not in found)
        return _Task(task.place, task.variations, rest, task.restarts + 1) if rest else None


class _Task(namedtuple("_Task", ("place", "variations", "tests", "restarts"), defaults=(0,))):  # noqa: PYI024
    """A run, or the rest of one."""

    __slots__ = ()
    place: int
    variations: tuple[Variation, ...]
    tests: tuple[Subject, ...] | None
    restarts: int

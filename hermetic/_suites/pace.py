"""Whether a suite is quicker in one process or in the workers of ``-j``, as its earlier runs have shown."""

from __future__ import annotations

from .._base import real
from .._rules import groups
from .._settings.current_run import current_run
from .._verdicts.scopes import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .history import RunHistory

# Of the seconds that tests take in workers, the part that they are likely to take alone: workers slow each other down.
_ALONE = 0.7


def of_tests(tests: Iterable[Any], jobs: int, history: RunHistory) -> Pace | None:
    """The pace of a suite; None if any of its tests is isolated, so that it needs workers.

    Args:
        tests: the tests of the suite.
        jobs: the number of workers that it may have, two or more.
    """
    found = [*tests]
    is_isolated = current_run.may_isolate() and any(map(groups.of_test_if_right, found))
    return None if is_isolated else Pace(found, jobs, history)


class Pace:
    """The seconds that a suite takes in one process and in several: read from the history, and noted there.

    Args:
        tests, jobs: as in ``of_tests``.

    Attributes:
        is_alone: whether the suite is to run in one process, because workers would take longer.
    """

    def __init__(self, tests: Sequence[Any], jobs: int, history: RunHistory) -> None:
        ends = [owner_name(test) for test in (*tests[:1], *tests[-1:])]
        self._name = " ".join([str(len(tests)), *ends])
        self._classes = {id(type(test)): type(test) for test in tests}
        self._jobs = str(jobs)
        self._history = history
        self._began = real.perf_counter()
        self._known = history.paces.get(self._name, {})
        self.is_alone = self._is_quicker_alone(self._known)

    def _is_quicker_alone(self, seconds: dict[str, float]) -> bool:
        return self._jobs in seconds and seconds.get("1", float("inf")) <= seconds[self._jobs]

    def note(self) -> None:
        """Note how long the suite took, which has run to its end, if that changes how it is to run next time."""
        found = {"1" if self.is_alone else self._jobs: real.perf_counter() - self._began}
        if "1" not in {**self._known, **found} and not self._has_fixtures():
            found["1"] = self._history.seconds * _ALONE
        now = {**self._known, **{processes: round(seconds, 3) for processes, seconds in found.items()}}
        if now.keys() != self._known.keys() or self._is_quicker_alone(now) != self.is_alone:
            self._history.note_pace(self._name, now)

    def _has_fixtures(self) -> bool:
        """Whether the tests share fixtures, whose time in workers is not measured."""
        classes = self._classes.values()
        return any(groups.has_class_fixtures(cls) or groups.has_module_fixtures(cls.__module__) for cls in classes)

"""Holds what is in force in the current run: its settings, and how this process takes part in it."""

from __future__ import annotations

import contextlib
import sys
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import ModuleType
    from typing import Any

    from .._policy.decision import Policy
    from .values import Settings


TEXT, JSON = "text", "json"  # the forms of the list of tests

# What outlives a program: marks stay in force, and workers are closed by the isolation.
_KEPT = (
    *("mark_types", "functions_are_marked", "retries_are_marked", "timeouts_are_marked"),
    *("isolation", "workers_started"),
)


class CurrentRun:
    """What is in force in this process. There is one instance, in this module.

    Attributes:
        settings: the settings in force; read from the files and the environment when they are first used.
        is_program: whether hermetic's program runs the tests, and not another runner. The settings that are about a
            whole run (``jobs``, ``sandbox``, ``detect_leaks``) apply in a program only.
        in_run: whether a run is going on.
        has_begun: whether any run has begun.
        watches_processes: whether tests may be isolated, retried or run in parallel, or are checked for leaks.
        host_isolates: whether the host hands isolated tests to workers itself, fixtures included.
        in_worker: whether this process is a worker.
        in_shared_worker: whether it is a worker that runs tests in parallel, which are not isolated.
        is_observing: whether violations are recorded and not reported, for a survey or a baseline.
        is_surveying: whether every test is observed as if it were small, with all of ``forbid`` forbidden.
        imports_are_kept_apart: whether workers import test modules themselves, because an import in this process may
            have filled a cache.
        mark_types: the classes of marks; empty until marks are loaded.
        functions_are_marked: whether any function has a mark. Most suites mark classes or modules only.
        retries_are_marked: whether any mark sets the number of retries.
        timeouts_are_marked: whether any mark gives a time-out.
        isolated_classes: the classes that may have isolated tests, by id, in the order of their definition.
        surroundings: the environment, the current folder, the path of imports and the arguments of this process, at
            the time when the first of them was defined, when the host loaded its plugin, or when the run began.
        shared_out: the classes (by id) and the modules whose fixtures run in workers because all of their tests run in
            parallel.
        planned: the isolation groups of the tests that run in parallel, by the tests' ids.
        isolation: the ``Isolation`` of this process; None before the first isolated test.
        hosts: what the tests of frameworks need in workers, by framework (``_workers.hosts``).
        workers_started: the number of workers that this process has started.
        recorder: the ``Recorder`` of the program's reports; None without reports.
        history: the ``RunHistory`` that the program's runs use and extend; None without one.
        order: the ``Order`` that the program's tests are chosen and sorted by; None for the order of loading.
        watched: the ``WatchedTests`` that ``--watch`` wants of this process; None in other runs.
        varied: the ``VariedRun`` that this process was started for by ``--vary``; None in other runs.
        lists: the form in which the program lists its tests instead of running them; None to run them.
        debugs: whether pdb opens where a test of the program fails.
        fails_fast: whether the first failure ends the program's runs; None if their runners decide.
        ends_at: when the program's runs must end, by ``perf_counter``; None for no such time.
        given_any_port: the sockets that were bound to port 0, for which the system draws a port.
        drawn_ports: the ports that the system has drawn for servers.
        last_proxy: the ``ResultProxy`` of the last result of another runner, which is kept for the next test.
        policy_of: finds the policy of a class, or of a module by its name, outside of its tests.
        mark_of_host: turns a mark into one of the host's own; raises AttributeError where the host has none.
        living_children: finds the process ids of this process's children that have not ended.
    """

    isolation: Any  # its class is in a higher room, as are those of the next four
    recorder: Any
    history: Any
    order: Any
    varied: Any
    watched: Any

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self.is_program = False
        self.in_run = False
        self.has_begun = False
        self.watches_processes = False
        self.host_isolates = False
        self.in_worker = self.in_shared_worker = False
        self.is_observing = False
        self.is_surveying = False
        self.imports_are_kept_apart = False
        self.mark_types: tuple[type, ...] = ()
        self.functions_are_marked = self.retries_are_marked = self.timeouts_are_marked = False
        self.isolated_classes: dict[int, type] = {}
        self.surroundings: dict[str, Any] = {}
        self.shared_out: set[int | str] = set()
        self.planned: dict[int, Any] = {}
        self.isolation = self.recorder = self.history = self.order = self.varied = self.watched = None
        self.hosts: dict[str, Any] = {}
        self.workers_started = 0
        self.fails_fast: bool | None = None
        self.lists: str | None = None
        self.debugs = False
        self.ends_at: float | None = None
        self.given_any_port: weakref.WeakSet[Any] = weakref.WeakSet()
        self.drawn_ports: set[int] = set()
        self.last_proxy: Any = None
        self.policy_of: Callable[[type | str], Policy | None] = lambda _: None
        self.mark_of_host: Callable[[Any], Any] = _no_mark
        self.living_children: Callable[[], Iterable[int]] = tuple

    @property
    def settings(self) -> Settings:
        """The settings in force.

        Raises:
            ConfigurationError: as ``config.load``.
        """
        if self._settings is None:
            self._settings = _config().load()
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._settings = settings

    def given_on_command_line(self) -> dict[str, Any]:
        """The settings in force that came from the command line: they apply to a program that a script starts, too."""
        if self._settings is None or "command line" not in self._settings.origins.values():
            return {}
        found: dict[str, Any] = _config().reading().given_on_command_line(self._settings)
        return found

    def begin_anew(self) -> None:
        """Forget the run that this process was forked from, as a process that runs tests by itself."""
        self.in_run = self.has_begun = self.host_isolates = False
        self.isolation = self.recorder = self.history = self.order = None

    def hands_tests_over(self) -> bool:
        """Whether this process hands isolated tests, if there are any, to workers."""
        return self.watches_processes and not (self.in_worker or self.host_isolates)

    def may_isolate(self) -> bool:
        """Whether any test may be isolated: by a mark, whose module is loaded then, or by the setting ``isolated``."""
        return _has_isolated_mark() or self.settings.isolated

    def detects_leaks(self) -> bool:
        """Whether tests that run in this process are checked for leaks, too: the setting ``detect_leaks``."""
        return self.is_program and self.settings.detect_leaks

    @contextlib.contextmanager
    def restored(self) -> Iterator[None]:
        """Restore everything after a block, except the effects of marks and the isolation, which outlive a program."""
        before = {**vars(self)}
        try:
            yield
        finally:
            kept = {name: vars(self)[name] for name in _KEPT}
            vars(self).update(before)
            vars(self).update(kept)
            self.watches_processes |= self.retries_are_marked or _has_isolated_mark()


def _has_isolated_mark() -> bool:
    return "hermetic._marks.isolated" in sys.modules


def _config() -> ModuleType:
    """Load what looks for settings."""
    from . import config  # saves 2 ms in processes that run no tests

    return config


def _no_mark(_: Any) -> Any:
    raise AttributeError("mark")


current_run = CurrentRun()

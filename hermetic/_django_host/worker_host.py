"""Gives Django's tests in workers the environment of the run, and databases of their own.

before_workers()   in the run: connections are closed, and each database is cloned once, as it is before the first test
before_test()      in a worker: the connections lead to a clone of that clone
after_workers()    in the run: the clones are dropped
"""

from __future__ import annotations

import contextlib
import importlib
import threading
import types
import unittest

from .._base import features
from .._base.errors import IsolationError
from .._patches import unittest_classes
from .._rules import groups
from .._settings.current_run import current_run
from .._verdicts.scopes import owner_name
from .._workers import hosts
from . import clones

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

django: Any = importlib.import_module("django")
django_apps: Any = importlib.import_module("django.apps")
django_conf: Any = importlib.import_module("django.conf")
django_db: Any = importlib.import_module("django.db")
django_test: Any = importlib.import_module("django.test")

__unittest = True


class WorkerHost(hosts.Host):
    """The host of Django's tests.

    Attributes:
        pool_process: the id of this process, once it has run tests in a pool of Django's.
        while_in_pool: what such a process puts in force until it ends.
    """

    def __init__(self) -> None:
        unittest_classes.replace_methods(django_test.SimpleTestCase, {"__call__": _call})
        self._databases: clones.Databases | None = None  # None in a run whose workers use none
        self.pool_process = 0
        self.while_in_pool = contextlib.ExitStack()
        self._are_kept = False
        self._rolls_back = True  # whether each test of this worker has rolled back what it did

    def before_workers(self, tests: Sequence[Any]) -> None:
        clones.close_connections()  # a fork would share them
        if self._are_kept:
            return
        aliases = {alias for test in tests for alias in databases_of(test)}
        if aliases:
            self._databases = clones.Databases(aliases)
            self._databases.prepare()

    def keep_databases(self, aliases: Sequence[str]) -> None:
        """Clone the databases for all workers to come until this process ends."""
        if aliases:
            self._databases = clones.Databases(aliases)
            self._databases.prepare()
            self._are_kept = True

    def after_workers(self) -> None:
        if self._are_kept:
            return
        found, self._databases = self._databases, None
        if found is not None:
            found.drop()

    def describe(self) -> Any:
        if not django_apps.apps.ready:
            return None
        state = importlib.import_module("django.test.utils")._TestState  # noqa: SLF001 - whether it is set up
        if not hasattr(state, "saved_data"):
            return {"debug": None, "names": {}}
        names = {alias: str(settings["NAME"]) for alias, settings in django_db.connections.settings.items()}
        return {"debug": _debug(), "names": names}

    def take_on(self, described: Any) -> None:
        django.setup()
        if described["debug"] is not None:
            importlib.import_module("django.test.utils").setup_test_environment(debug=described["debug"])
        for alias, name in described["names"].items():  # never those for production
            django_db.connections.settings[alias]["NAME"] = name

    def refuse(self, test: Any) -> None:
        if not databases_of(test):
            return
        what = f"[H007] {owner_name(test)} cannot be isolated"
        if self._databases is None:
            raise IsolationError(
                f"{what}: its test database belongs to this process, and another process would use the real database;"
                ' set TEST_RUNNER = "hermetic.django.TestRunner", whose workers have databases of their own, make it a'
                " SimpleTestCase, or remove the mark"
            )
        raise IsolationError(
            f"{what}: workers with databases of their own are forked from this process, and {_why_not_forked()}"
        )

    def before_test(self, test: Any) -> None:
        if self._databases is None or not databases_of(test):
            return
        self._databases.use(databases_of(test))
        rolls_back = isinstance(test, django_test.TestCase) and not groups.has_module_fixtures(type(test).__module__)
        self._rolls_back = self._rolls_back and rolls_back

    def before_end(self) -> None:
        if self._databases is not None:
            self._databases.leave(unchanged=self._rolls_back)


def databases_of(test: Any) -> set[str]:
    """The names of the connections that a test may use; names that there are not are for Django to refuse."""
    found, known = getattr(test, "databases", None) or (), {*django_db.connections}
    return known if found == "__all__" else known.intersection(found)


def _call(_: Any, inherited: Callable[..., Any]) -> Callable[..., Any]:
    """Make ``__call__`` of Django's tests, which prepares the database before ``run``, and cleans it up after that."""

    def __call__(self: Any, result: Any = None) -> Any:  # noqa: N807 - takes the place of one
        if current_run.hands_tests_over() and groups.of_test_if_right(self) is not None:
            return unittest.TestCase.__call__(self, result)  # the worker does that
        with _connected(self) if current_run.in_worker else contextlib.nullcontext():
            return inherited(self, result)

    return __call__


@contextlib.contextmanager
def _connected(test: Any) -> Iterator[None]:
    """Have the connections of a test in a group open before and after it, or it would seem to open or close files."""
    group = groups.of_test_if_right(test)
    aliases = databases_of(test) if group is not None and group.key is not None else ()
    for alias in aliases:
        django_db.connections[alias].ensure_connection()
    yield
    for alias in aliases:
        with contextlib.suppress(Exception):  # the test may have ended what it leads to
            django_db.connections[alias].ensure_connection()


def _debug() -> bool:
    """The DEBUG of the run's environment, below what ``override_settings`` has put over it."""
    settings = django_conf.settings._wrapped  # noqa: SLF001 - no other way leads below overridden settings
    while not isinstance(getattr(settings, "default_settings", types), types.ModuleType):
        settings = settings.default_settings
    return bool(settings.DEBUG)


def _why_not_forked() -> str:
    if not features.LINUX:
        return "hermetic forks on Linux only; run these tests without isolation here (--hermetic-no-isolation)"
    if current_run.settings.isolated_start == "fresh":
        return "isolated_start = fresh forbids that; write isolated_start = auto"
    others = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    return f"that is not safe while it has other threads ({', '.join(others) or 'of native code'}); start them later"

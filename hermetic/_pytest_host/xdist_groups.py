"""Has pytest-xdist run the tests of an isolated group in one worker, whatever its ``--dist``.

The workers of pytest-xdist collect the tests and know their marks. The controller decides which worker runs which test,
but knows only the ids. So each worker writes the groups of its tests to a file, and the controller reads these files
before it distributes the tests.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import tempfile

from .item_rules import may_have_rules, rule_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

pytest: Any = importlib.import_module("pytest")

_FOLDER = "hermetic_folder"  # the key of the folder that workers write to


def plugins_for(config: Any) -> list[Any]:
    """The plugins that this process needs, in runs that pytest-xdist distributes."""
    if hasattr(config, "workerinput"):
        if _FOLDER not in config.workerinput:
            return []
        return [_WorkerPlugin(_path(config.workerinput[_FOLDER], config.workerinput["workerid"]))]
    return [_ControllerPlugin()] if config.pluginmanager.hasplugin("xdist") else []  # pytest rejects unknown hooks


def _path(folder: str, worker: str) -> str:
    return os.path.join(folder, f"{worker}.json")


class _WorkerPlugin:
    """Writes the groups of the tests that this process has collected to a file.

    Args:
        path: the path of the file.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    @pytest.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_collection_finish(self, session: Any) -> None:
        """Write the groups before the controller learns what was collected."""
        groups = [_group_of(item) for item in session.items]
        if any(groups):
            with open(self._path, "w", encoding="ascii") as file:
                json.dump(groups, file)


def _group_of(item: Any) -> str:
    """The name of the group whose process runs a test; empty for a test without a group."""
    group = rule_of(item).group if may_have_rules(item) else None
    return " ".join(group.key) if group is not None and group.key is not None else ""


class _ControllerPlugin:
    """Sends the tests of a group to one worker."""

    def __init__(self) -> None:
        self._folder = ""

    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker which folder to write to."""
        self._folder = self._folder or tempfile.mkdtemp(prefix="hermetic-")
        node.workerinput[_FOLDER] = self._folder

    @pytest.hookimpl(hookwrapper=True)  # type: ignore[untyped-decorator]
    def pytest_xdist_make_scheduler(self, config: Any, log: Any) -> Iterator[None]:
        """Wrap the scheduler that the options choose."""
        outcome: Any = yield
        chosen = outcome.get_result()
        if chosen is not None:
            outcome.force_result(_Scheduling(chosen, lambda: _by_tests(config, log), self._groups_in))

    def _groups_in(self, node: Any, collection: Sequence[str]) -> dict[str, str]:
        """The groups that a worker has written, by test id; empty for a worker on another machine."""
        try:
            with open(_path(self._folder, node.gateway.id), encoding="ascii") as file:
                groups = json.load(file)
        except FileNotFoundError:
            return {}
        return {name: group for name, group in zip(collection, groups, strict=True) if group}

    def pytest_unconfigure(self) -> None:
        """Remove what the workers wrote."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def _by_tests(config: Any, log: Any) -> Any:
    """A scheduler that distributes single tests, and can keep some of them together."""
    scheduler = importlib.import_module("xdist.scheduler").LoadScopeScheduling(config, log)
    scheduler._split_scope = str  # noqa: SLF001 - returns the scope of a test; each test is its own scope
    return scheduler


class _Scheduling:
    """A scheduler of pytest-xdist that keeps groups together, if there are any.

    Args:
        chosen: the scheduler that the options choose.
        by_tests: makes the scheduler that replaces a chosen one without scopes.
        groups_in: called with the first worker and the ids of its tests; returns their groups.
    """

    def __init__(
        self, chosen: Any, by_tests: Callable[[], Any], groups_in: Callable[[Any, Sequence[str]], dict[str, str]]
    ) -> None:
        self._chosen = chosen
        self._by_tests = by_tests
        self._groups_in = groups_in
        self._has_decided = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chosen, name)

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        """Take the tests that a worker has collected; those of the first worker decide whether there are groups."""
        if not self._has_decided:
            self._has_decided = True
            groups = self._groups_in(node, collection)
            if groups:
                self._keep_together(groups, has_duplicates=len(set(collection)) < len(collection))
        self._chosen.add_node_collection(node, collection)

    def _keep_together(self, groups: dict[str, str], *, has_duplicates: bool) -> None:
        # A scheduler by scopes would run only one of two tests with the same id.
        if type(self._chosen).__name__ in ("LoadScheduling", "WorkStealingScheduling") and not has_duplicates:
            replaced, self._chosen = self._chosen, self._by_tests()
            for node in replaced.nodes:
                self._chosen.add_node(node)
        if hasattr(self._chosen, "_split_scope"):
            split = self._chosen._split_scope  # noqa: SLF001 - as above
            self._chosen._split_scope = lambda name: groups.get(name) or split(name)  # noqa: SLF001 - as above

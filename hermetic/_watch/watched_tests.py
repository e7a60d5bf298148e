"""In the process of the tests: chooses the tests that a change affects, and reports the modules that they have loaded.

The request is a file, whose name is in an environment variable. The variable is removed before any code of the user is
loaded, and the report replaces the request.
"""

from __future__ import annotations

import json
import os
import sys

from .._base import real
from .._operations import callsite
from .._settings.current_run import current_run
from .._suites import suite_tests
from .._verdicts import scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VARIABLE = "HERMETIC_WATCHED_RUN"  # the path of the request


def take_watch_request() -> WatchedTests:
    """Take the request from the environment; there must be one."""
    path = os.environ.pop(VARIABLE)
    with real.open_file(path, encoding="utf-8") as file:
        return WatchedTests(path, json.load(file)["files"])


class WatchedTests:
    """The tests of a run that ``--watch`` has started.

    Args:
        path: the path of the report.
        files: the files whose tests are to run; None for all.
    """

    def __init__(self, path: str, files: list[str] | None) -> None:
        self._path = path
        self._wanted = None if files is None else {*files}
        self._pid = real.get_pid()
        self._root: str | None = None  # until the tests are loaded
        self._tests: set[str] = set()
        self._failed: set[str] = set()  # the names of modules that could not be loaded

    def is_wanted(self, test: Any) -> bool:
        """Whether a change affects a test."""
        return self._wanted is None or _file_of(type(test).__module__) in self._wanted

    def note_tests(self, suite: Any) -> None:
        """Note all tests of a run before some are chosen, and report them: the run may end its process."""
        self._root = os.path.realpath(current_run.settings.root)
        for test in suite_tests.tests_in(suite):
            if suite_tests.failed_to_load(test):
                self._failed.add(suite_tests.name_of(test))
            else:
                self._tests.add(_file_of(type(test).__module__))
        self.report()

    def report(self) -> None:
        """Write the report, once the tests are loaded."""
        if self._root is None or real.get_pid() != self._pid:
            return
        loaded = {_file_of(name) for name in [*sys.modules]}
        found = {
            "tests": sorted(self._tests - {""}),
            "failed": sorted(self._failed),
            "loaded": sorted(file for file in loaded if file and callsite.is_users(file)),
            "path": [os.path.realpath(folder) for folder in sys.path if isinstance(folder, str)],
            "root": self._root,
        }
        try:
            with scopes.unjudged(), real.open_file(self._path, "w", encoding="utf-8") as file:
                json.dump(found, file)
        except OSError:
            pass  # without a report, the next change affects all tests


def _file_of(module: str) -> str:
    """The file of a module; empty if it has none."""
    file = real.names_in(sys.modules.get(module)).get("__file__")  # an attribute access would load a lazy module
    return os.path.realpath(file) if isinstance(file, str) else ""

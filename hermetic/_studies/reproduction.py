"""Makes the command that runs chosen tests of a run and no others, in the same order and after the same imports.

The command is that of the run with ``-k`` for each test. If ``-k`` cannot select them, because ``load_tests`` makes
tests or because tests were named, it contains the names of the tests. Each command is checked to load these tests.
"""

from __future__ import annotations

import glob
import os

from .._base import command
from .._settings.current_run import current_run
from .._settings.table import SETTINGS
from .._suites import suite_blocks, suite_tests

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any


# Settings that do not change the outcome of tests, or that the command states in another way.
_LEFT_OUT = frozenset(
    {
        "junit_xml",
        "json",
        "html",
        "annotations",
        "progress",
        "show_failures",
        "jobs",
        "failed_first",
        "flaky",
        "history",
        "retries",
        "shuffle",
    }
)


class Reproduction:
    """Makes commands that run chosen tests."""

    def __init__(self, program: Any, ours: argparse.Namespace) -> None:
        self._program: Any = program
        self._ours = ours
        self._discovers = hasattr(program, "start")
        self._given = None if self._discovers else getattr(program, "testNames", None)
        self._names = [suite_tests.name_of(test) for test in suite_tests.tests_in(program.test)]

    def command(self, names: Sequence[str]) -> str | None:
        """The command that runs the tests with these ids; None if there is no such command."""
        for patterns in ([*map(self._pattern, names)], [*map(_exactly, names)]):
            if self._loads(names, patterns, self._given):
                chosen = (word for pattern in patterns for word in ("-k", pattern))
                return command.quoted([*command.start(), *self._where(), *chosen, *self._options()])
        module = getattr(self._program.module, "__name__", None)  # names are relative to it
        given = [name.removeprefix(f"{module}.") for name in names]
        if self._takes_names() and self._loads(names, None, given):
            return command.quoted([*command.start(), *given, *self._options()])
        return None

    def _pattern(self, name: str) -> str:
        """A pattern that selects this test alone: its name, unless another name in the run contains it."""
        return _exactly(name) if any(name in other != name for other in self._names) else glob.escape(name)

    def _takes_names(self) -> bool:
        """Whether the program can load tests by name, because it finds their modules from the current folder."""
        top = self._program.top or self._program.start if self._discovers else None
        return bool(self._given) or (top is not None and os.path.abspath(top) == os.getcwd())

    def _where(self) -> list[str]:
        """The arguments that tell the program where to find the tests."""
        program = self._program
        if not self._discovers:
            return [*(self._given or ())]
        options = (("-s", program.start, "."), ("-p", program.pattern, "test*.py"), ("-t", program.top, None))
        return ["discover", *(word for name, value, default in options if value != default for word in (name, value))]

    def _options(self) -> list[str]:
        """The options of the run that can change the outcome of its tests."""
        found = ["-b"] if self._program.buffer else []
        for name, setting in SETTINGS.items():
            value = getattr(self._ours, name)
            if value is not None and name not in _LEFT_OUT:
                found += [setting.options[-1], *([] if value is True else [str(value)])]
        found += ["--vary-only", self._ours.vary_only] if self._ours.vary_only else []
        if current_run.order is not None and current_run.order.seed != "off":
            found += ["--shuffle", current_run.order.seed]
        origins = current_run.settings.origins
        found += ["-j", "1"] if "jobs" in origins else []
        found += ["--retries", "0"] if "retries" in origins else []  # a retry runs alone, and would pass
        return found + (["--history", "off"] if "failed_first" in origins else [])

    def _loads(self, names: Sequence[str], patterns: list[str] | None, given: Any) -> bool:
        """Whether the program loads exactly these tests with some patterns and names."""
        program, loader = self._program, self._program.testLoader
        before = program.test, program.testNamePatterns, loader.testNamePatterns
        converted = patterns and [pattern if "*" in pattern else f"*{pattern}*" for pattern in patterns]
        program.testNames, program.testNamePatterns, loader.testNamePatterns = given, converted, converted
        try:
            program.createTests(from_discovery=self._discovers and given is None)
            blocks = [
                block for block in suite_blocks.blocks_in(program.test) if not suite_tests.failed_to_load(block.test)
            ]
        finally:
            program.test, program.testNamePatterns, loader.testNamePatterns = before
            program.testNames = self._given
        return sorted(
            suite_tests.name_of(test) for block in blocks for test in suite_tests.tests_in(block.test)
        ) == sorted(names)


def _exactly(name: str) -> str:
    """A pattern that matches exactly this name: the star stops unittest from matching parts of names."""
    return f"[{name[0]}*]{glob.escape(name[1:])}"

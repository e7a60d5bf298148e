"""Runs a legacy runner script (``--script``), and watches and guards the runs that it starts."""

from __future__ import annotations

import functools
import os
import sys

from .._base import features, real
from .._patches import forked_runs, load_errors, process_exits, unittest_classes
from .._rules import policies
from .._running.watched_run import WatchedRun
from .._settings.current_run import current_run
from . import run_setup, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__unittest = True


def run_script(path: str, arguments: list[str], program: str) -> None:
    """Run a legacy runner script as ``python FILE`` would, and watch and guard the runs that it starts.

    Args:
        path: the script.
        arguments: its arguments.
        program: the name of our program, for messages.
    """
    import runpy

    if not os.path.isfile(path):
        usage.fail(program, f"--script {path}: no such file; write the path of a Python script")
    sys.argv[:] = [path, *arguments]
    if not getattr(sys.flags, "safe_path", False):  # -P, from 3.11 on: there the first entry is none of the script's
        sys.path[0] = os.path.dirname(os.path.abspath(path))
    ended_early: list[str] = []
    status: Any = None
    with (
        process_exits.replaced(),
        forked_runs.loads_watched(),
        load_errors.failing_alone_in_programs(),
        policies.default_scope(),
        unittest_classes.runs_replaced(functools.partial(_watching, ended_early)),
    ):
        try:
            runpy.run_path(path, run_name="__main__")
        except KeyboardInterrupt:
            process_exits.exit_program(features.INTERRUPTED_EXIT_STATUS)
        except real.system_exit as error:
            status = None if _found_all_left_out(error.code) else error.code
    with usage.configuration_errors(program):
        if current_run.order is not None:
            current_run.order.selection.check_names()
    if status or ended_early:
        process_exits.exit_program(status or 1)


def _found_all_left_out(code: Any) -> bool:
    """Whether a script ends as unittest does without a test, because none was to run."""
    return run_setup.has_left_all_out() and code is not None and code == features.NO_TESTS_EXIT_STATUS != 0


def _watching(ended_early: list[str], run: Callable[..., Any]) -> Callable[..., Any]:
    """``TextTestRunner.run`` with every run watched.

    Args:
        ended_early: gets what ended each run early, because a script may not look at its result.
        run: the original.
    """

    def watched_run(self: Any, test: Any) -> Any:
        watched = test if isinstance(test, WatchedRun) else WatchedRun(run_setup.arranged(test))
        watched.stream = watched.stream or self.stream
        nested, leave = current_run.in_run, sys.exit
        try:
            result: Any = run(self, watched)
        finally:
            if not nested:
                sys.exit = leave  # a test may have left a mock of it, and the script says by it that the run failed
        if getattr(result, "ended_early", None) is not None and not nested:
            ended_early.append(result.ended_early)
        if test is not watched and getattr(result, "interrupted", False):
            raise KeyboardInterrupt
        return result

    return watched_run

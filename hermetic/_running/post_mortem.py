"""Opens pdb where a test of this process has failed: the option ``--pdb``."""

from __future__ import annotations

import contextlib
import sys
import types

from .._base import command, real
from .._base.errors import ViolationError
from .._verdicts import scopes
from .._verdicts.scopes import owner_name
from .failures import FailureListener, shown_frames, users_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class PostMortem(FailureListener):
    """Opens pdb at each failure; ``q`` ends the run, and every other way out of pdb continues it.

    Args:
        result: of the run.
        total: the number of tests in the run.
    """

    def __init__(self, result: Any, total: int) -> None:
        self._result = result
        self._total = total
        self._worker_runs: Any = None  # the test that a worker runs
        self._has_advised = self._has_quit = False
        self._seen: set[int] = set()  # the exceptions of this test, by id(): a violation may be reported once more

    def addWorker(self, worker: int, group: str) -> None:
        self._worker_runs = self._result.current_test

    def startTest(self, test: Any) -> None:
        self._worker_runs = None
        self._seen.clear()

    def on_failure(self, test: Any, error: BaseException | None) -> None:
        if error is None or id(error) in self._seen or self._has_quit:
            return
        self._seen.add(id(error))
        name, frames = owner_name(test), shown_frames(error)
        if isinstance(error, ViolationError):  # what has the operation refused lies below the line that asked for it
            frames = frames[: frames.index(users_frame(frames)) + 1] if frames else []
        if self._is_elsewhere(frames):
            self._say(f"--pdb: {name} failed in another process, where pdb has no terminal{self._advice()}")
        elif not frames:
            self._say(f"--pdb: {name} has no frames to look at")
        else:
            self._stop_at(name, frames)

    def _is_elsewhere(self, frames: list[types.TracebackType]) -> bool:
        """Whether a worker has raised the exception: this process knows the places of its frames, and no variables."""
        current = self._result.current_test
        return (current is not None and current is self._worker_runs) or (
            bool(frames) and all("_get_frame" in entry.tb_frame.f_globals for entry in frames)
        )

    def _advice(self) -> str:
        """The command that runs the tests in this process, once in a run."""
        if self._has_advised:
            return ""
        self._has_advised = True
        return f"\n  to run all tests in one process: {command.rerun('--no-isolation') or 'add --no-isolation'}"

    def _say(self, line: str) -> None:
        self._result.summary_stream.write(f"{line}\n")
        self._result.summary_stream.flush()

    def _stop_at(self, name: str, frames: list[types.TracebackType]) -> None:
        """Open pdb at the last of some entries of a traceback."""
        traceback: types.TracebackType | None = None
        for entry in reversed(frames):
            traceback = types.TracebackType(traceback, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
        began, tracer = real.perf_counter(), sys.gettrace()
        debugger = _debugger()
        with (
            scopes.unjudged(),
            contextlib.redirect_stdout(sys.__stdout__),
            contextlib.redirect_stderr(sys.__stderr__),
        ):
            debugger.message(f"\npdb: {name} failed here; c continues the run, q ends it")
            debugger.reset()
            debugger.interaction(None, traceback)
        sys.settrace(tracer)  # pdb has replaced the trace function, such as coverage's
        self._result.leave_out(real.perf_counter() - began)
        if debugger.has_quit:
            self._has_quit = True
            self._result.stop()
            self._result.end_early(f"q in pdb, after {self._result.testsRun} of {self._total} tests")


def _debugger() -> Any:
    """A pdb on the terminal that says whether it was quit."""
    pdb: Any = real.import_module("pdb")  # slow to import, and needed in few runs

    class Debugger(pdb.Pdb):  # type: ignore[misc]
        has_quit = False

        def do_quit(self, arg: str) -> Any:
            """End the run, with its summary."""
            self.has_quit = True
            self.set_quit()
            return True

        do_q = do_exit = do_EOF = do_quit  # noqa: N815 - pdb's names

    debugger = Debugger(stdin=sys.__stdin__, stdout=sys.__stdout__, nosigint=True)
    debugger.use_rawinput = sys.stdin is sys.__stdin__  # readline works on the terminal only
    return debugger

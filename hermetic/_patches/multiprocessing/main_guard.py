"""Patches runpy and what runs tests: a child that imports main again does not run main's suite again.

    main of the parent     ... defines work() ... unittest.main()  <- is here, and a test starts a process
    main of the child      ... defines work() ... unittest.main()  <- is stopped here, and work() can be unpickled

The child runs main once more through ``runpy``, and what ``runpy`` returns becomes ``__main__``. A run of tests that
starts meanwhile raises ``StopMain``, and ``runpy`` returns what main has defined by then. The rest of main, such as
``sys.exit``, is not reached, so the child lives. A run that the parent has completed is skipped instead: it returns
without running a test, and main goes on below it.
"""

from __future__ import annotations

import contextlib
import functools
import runpy
import sys

from ..._base import real
from ..on_import import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType, TracebackType
    from typing import Any

_MAIN = "__mp_main__"  # what main is called while a child imports it


class StopMain(BaseException):
    """Ends the import of main where the parent's main is; not for the user's ``except Exception`` to catch."""


class _Reimported:
    """How this process got its main. One instance, in this module.

    Attributes:
        was: whether main was imported again, rather than run.
        up_to: the instruction that the parent's main was at; None if it had ended.
        is_going_on: whether that is happening now.
        stopped: whether main was told to stop.
    """

    was = False
    up_to: int | None = None
    is_going_on = False
    stopped = False


reimported = _Reimported()


def guard_main(up_to: int | None) -> None:
    """In a child, make sure that no suite runs when main is imported again.

    Args:
        up_to: the instruction that the parent's main is at; None if it has ended.
    """
    reimported.was, reimported.up_to = True, up_to
    originals = {name: getattr(runpy, name) for name in ("run_path", "run_module")}
    for name, original in originals.items():
        setattr(runpy, name, _guarded(original, originals))


def stop() -> None:
    """Stop main if it is being imported again and starts a process: it has no guard of the user's."""
    if reimported.is_going_on:
        reimported.stopped = True
        raise StopMain


def _guarded(original: Callable[..., Any], originals: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    @functools.wraps(original)
    def run_main(*args: Any, **kwargs: Any) -> dict[str, Any]:
        if kwargs.get("run_name") != _MAIN:
            result: dict[str, Any] = original(*args, **kwargs)
            return result
        vars(runpy).update(originals)
        with _no_suite_is_run(), _start_method_may_be_set():
            try:
                return dict(original(*args, **kwargs))
            except BaseException as error:
                names = _names_of_main(error.__traceback__)
                if names is None or not (reimported.stopped or isinstance(error, SystemExit)):
                    raise
                return names

    return run_main


@contextlib.contextmanager
def _start_method_may_be_set() -> Iterator[None]:
    """While main runs, let it set the start method, although the parent has. Restore the parent's method afterwards."""
    default = sys.modules["multiprocessing.context"]._default_context
    before, default._actual_context = default._actual_context, None
    try:
        yield
    finally:
        default._actual_context = before


def _names_of_main(traceback: TracebackType | None) -> dict[str, Any] | None:
    """What main had defined when an exception ended it; None if it had not begun."""
    while traceback is not None:
        frame = traceback.tb_frame
        if is_main(frame.f_globals, frame.f_code):
            return dict(frame.f_globals)
        traceback = traceback.tb_next
    return None


def is_main(names: dict[str, Any], code: CodeType) -> bool:
    """Whether a frame is that of main being imported again."""
    return names.get("__name__") == _MAIN and code.co_name == "<module>"


@contextlib.contextmanager
def _no_suite_is_run() -> Iterator[None]:
    """While main runs, replace what runs tests by functions that stop main, or return without a test."""
    undo: list[Callable[[], Any]] = []
    reimported.is_going_on = True
    try:
        for module, runs in _RUNS.items():
            undo.append(when_imported(module, functools.partial(_replace, runs, undo)))
        yield
    finally:
        reimported.is_going_on = False
        for restore in reversed(undo):
            restore()


def _replace(runs: dict[str, Callable[..., Any]], undo: list[Callable[[], Any]], module: Any) -> None:
    for path, stepped_over in runs.items():
        owner, name = module, path
        if "." in path:
            class_name, _, name = path.partition(".")
            owner = getattr(module, class_name)
        original = vars(owner)[name]
        setattr(owner, name, _stopping(original, stepped_over))
        undo.append(functools.partial(setattr, owner, name, original))


def _stopping(original: Callable[..., Any], stepped_over: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def run(*args: Any, **kwargs: Any) -> Any:
        if not reimported.is_going_on:  # somebody has kept it: a runner in a child is the user's own business
            return original(*args, **kwargs)
        main = _frame_of_main()
        if main is None or main.f_lasti == reimported.up_to:
            stop()
        return stepped_over(*args, **kwargs)

    return run


def _frame_of_main() -> FrameType | None:
    frame: FrameType | None = real.get_frame(1)
    while frame is not None and not is_main(frame.f_globals, frame.f_code):
        frame = frame.f_back
    return frame


# --- what comes back from a run that is stepped over: nothing was run, and nothing failed ----------------------------


def _no_program(program: Any, *_: Any, **kwargs: Any) -> None:
    program.result = _no_tests()
    if kwargs.get("exit", True):
        raise SystemExit(0)  # the parent has caught it


def _no_tests(*_: Any, **__: Any) -> Any:
    return sys.modules["unittest"].TestResult()


def _no_test(_: Any, result: Any = None, *__: Any, **___: Any) -> Any:
    return result if result is not None else _no_tests()


def _nothing(*_: Any, **__: Any) -> None:
    """The replacement of ``debug``, which returns nothing."""


def _no_examples(*_: Any, **__: Any) -> Any:
    return sys.modules["doctest"].TestResults(0, 0)


# Whatever runs tests: module, and name in it.
_RUNS: dict[str, dict[str, Callable[..., Any]]] = {
    "unittest.case": {"TestCase.run": _no_test, "TestCase.debug": _nothing},
    "unittest.suite": {"TestSuite.run": _no_test, "TestSuite.debug": _nothing},
    "unittest.runner": {"TextTestRunner.run": _no_tests},
    "unittest.main": {"TestProgram.__init__": _no_program},
    "doctest": {"testmod": _no_examples, "testfile": _no_examples},
    "_pytest.config": {"main": lambda *_, **__: 0},
}

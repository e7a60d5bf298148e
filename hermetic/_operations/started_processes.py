"""Describes a process that multiprocessing starts as the code has it, and not as the programs that are run for it."""

from __future__ import annotations

from .._stdlib import subprocess_internals
from . import callsite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._base.records import Operation

# Whose processes they are, by the end of the name of the module of what they run; loky may be a part of joblib.
_KEEPERS = {
    "multiprocessing.pool": "multiprocessing.Pool()",
    "multiprocessing.managers": "multiprocessing.Manager()",
    "concurrent.futures.process": "concurrent.futures.ProcessPoolExecutor()",
    "loky.process_executor": "loky.ProcessPoolExecutor()",
}
_KNOWN = "_hermetic_known"  # an attribute of each process whose start was a violation that was let happen


def as_started(operation: Operation) -> Operation:
    """Name the process that multiprocessing is starting as the target of an operation; else return it as it is."""
    process = _starting_process()
    if process is None:
        return operation
    return operation._replace(action="process", target=_description(process), script="")


def is_let_happen() -> bool:
    """Whether the start of a process is in progress that was let happen already: it takes several programs."""
    process = _starting_process()
    return process is not None and _KNOWN in vars(process)


def note_let_happen() -> None:
    """Note that the start in progress, if there is one, was let happen."""
    process = _starting_process()
    if process is not None:
        vars(process)[_KNOWN] = True


def _starting_process() -> Any:
    """Return the process whose start is in progress; None for none, and in a forked child, which runs within it."""
    frame = callsite.frame_inside("multiprocessing.process", depth=20)
    return frame.f_locals.get("self") if frame is not None and frame.f_code.co_name == "start" else None


def _description(process: Any) -> str:
    target = subprocess_internals.process_target(process)
    module = str(getattr(target, "__module__", ""))
    for keeper, description in _KEEPERS.items():
        if module.endswith(keeper):
            return description
    cls = type(process)
    if not cls.__module__.startswith("multiprocessing."):
        return f"{cls.__module__}.{cls.__qualname__}()"  # with a run() of its own
    name = getattr(target, "__qualname__", type(target).__name__)
    return "multiprocessing.Process()" if target is None else f"multiprocessing.Process(target={name})"

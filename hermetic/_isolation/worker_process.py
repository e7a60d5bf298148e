"""The process of a worker: it gets its own files before the first test, and ends what the tests left running."""

from __future__ import annotations

import faulthandler
import functools
import importlib
import io
import itertools
import os
import signal
import sys

from .._base import features, own_files, real, system
from .._guards import audit_hook
from .._protocol import framing
from .._stdlib import interpreter_internals
from .._verdicts import scopes
from . import output, process_tree, windows_processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .interpreters import WorkerArguments

fcntl: Any = None if features.WINDOWS else importlib.import_module("fcntl")

_OWN_FILES = 16  # that a worker may have
_MOST_FILES: int = 512 if features.WINDOWS else os.sysconf("SC_OPEN_MAX")  # type: ignore[attr-defined,unused-ignore]
_LEAST_FILE_DESCRIPTOR = min(300, max(3, _MOST_FILES - _OWN_FILES))  # of the worker's own; macOS allows 256 files
_USED_BY = ("tempfile.mkstemp", "tempfile.mkdtemp")  # audit events
_is_folder = functools.partial(os.path.isdir)  # wrapped for libraries that fake the file system, as in own_files
_GRACE = 1.0  # seconds for the threads and processes that tests left to end by themselves


def set_up(given: WorkerArguments, *, is_fresh: bool, keeps_files: bool = False) -> framing.WorkerEnd:
    """Give this process its own standard files, channel and temporary folder.

    Args:
        is_fresh: whether the interpreter was started for it, and has no streams of ``make_streams`` yet.
        keeps_files: whether it keeps its standard files, because its host captures what is written to them.

    Returns:
        The worker's end of the channel.
    """
    # Everything is moved before the standard files are replaced: the channel may have come as one of them.
    opened = {name: moved_away(fd) for name, fd in output.take_over(given.folder, given.files).items()}
    reading = moved_away(given.reading)
    writing = reading if given.writing == given.reading else moved_away(given.writing)
    if given.sandbox is not None:
        given.sandbox = moved_away(given.sandbox)
    stacks = opened.pop("stacks")
    if not keeps_files:
        os.dup2(opened["out"], 1)
        os.dup2(opened["err"], 2)
    if is_fresh:
        make_streams()
        os.environ["HERMETIC_ISOLATED"] = "1"  # the zygote of other workers has set it
    faulthandler.enable(file=stacks, all_threads=True)
    if features.WINDOWS:
        windows_processes.StackRequest(given.folder).answer(stacks, process_tree.ABORTED)
    for event in _USED_BY:
        audit_hook.add_listener(event, functools.partial(_restore_before_use, given.folder))
    temporary = _temporary_folder(given.folder)
    for name in ("TEMP", "TMP") if features.WINDOWS else ("TMPDIR",):
        os.environ[name] = temporary
    tempfile: Any = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile.tempdir = temporary
    own_files.use_temporary_folder(given.folder)
    return framing.WorkerEnd(reading, writing, given.nonce, (opened["out"], opened["err"]))


def _temporary_folder(folder: str) -> str:
    """The folder for temporary files, in that of a worker."""
    return os.path.join(folder, "tmp")


def restore_temporary_folder(folder: str) -> None:
    """Make the folder for temporary files of a worker again, if a test has removed it."""
    own_files.restore_private_folder(_temporary_folder(folder))


def _restore_before_use(folder: str, _: tuple[Any, ...]) -> None:
    """Make the folder again if a test of another worker has removed that of this worker, with all that was in it."""
    if not _is_folder(folder):
        with scopes.unjudged():
            restore_temporary_folder(folder)


def make_streams() -> None:
    """Make Python's standard streams unbuffered, so that a crash loses no output, and its standard input empty."""
    null = system.open_fd(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    system.close(null)
    for name, fd in (("stdout", 1), ("stderr", 2)):
        stream = io.TextIOWrapper(
            io.FileIO(fd, "w", closefd=False), encoding="utf-8", errors="backslashreplace", write_through=True
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115


def moved_away(fd: int) -> int:
    """Move a file descriptor to a high number that programs do not inherit; tests meddle with the low ones."""
    if features.WINDOWS:
        moved = os.dup2(fd, _free_number(), inheritable=False)
    else:
        try:
            moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _LEAST_FILE_DESCRIPTOR)
        except OSError:  # what is left of the numbers is taken
            moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    if fd > 2:  # noqa: PLR2004 - a standard one is replaced, not closed: the next file would get its number
        system.close(fd)
    return moved


def _free_number() -> int:
    """The lowest number for the worker's own files that is free, where the system cannot find it."""

    def is_free(number: int) -> bool:
        try:
            os.fstat(number)
        except OSError:
            return True
        return False

    return next(filter(is_free, itertools.count(_LEAST_FILE_DESCRIPTOR)))


def let_leftovers_end() -> None:
    """Tell executors and queues that the interpreter ends, and give threads and processes a moment to end."""
    deadline = real.perf_counter() + _GRACE
    threading: Any = sys.modules.get("threading")
    main = threading and threading.main_thread()
    threads = [thread for thread in interpreter_internals.enumerate_threads(threading) if thread is not main]
    if threads:
        teller = threading.Thread(
            target=interpreter_internals.run_threading_exit_handlers, args=(threading,), daemon=True
        )
        teller.start()
        for thread in (teller, *(thread for thread in threads if not thread.daemon)):
            try:
                thread.join(max(deadline - real.perf_counter(), 0))
            except RuntimeError:  # not started yet
                continue
    while process_tree.living_children() and real.perf_counter() < deadline:
        real.sleep(0.01)


def _multiprocessing_children() -> tuple[set[int], set[int]]:
    """The process ids of multiprocessing's children: those that its exit handler ends, and those that it waits for.

    The former, those of pools, may hold locks that the handler needs. The latter may be children of a fork server.
    """
    multiprocessing = sys.modules.get("multiprocessing")
    found = [] if multiprocessing is None else multiprocessing.active_children()
    return {child.pid for child in found if child.daemon}, {child.pid for child in found if not child.daemon}


def wind_up() -> None:
    """Run the exit handlers, as the interpreter does at its end, without waiting for processes that tests left."""
    daemons, others = _multiprocessing_children()
    for pid in {*process_tree.living_children(), *others} - daemons:
        process_tree.send(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    interpreter_internals.run_exit_handlers()
    output.flush_standard_streams()

"""The process of a worker: its files at the beginning, what its tests left at the end."""

from __future__ import annotations

import faulthandler
import functools
import importlib
import io
import os
import signal
import sys
import threading

from .._base import features, own_files, real, system
from .._guards import audit_hook
from .._protocol import framing
from .._stdlib import exit_handlers, thread_internals
from .._verdicts import scopes
from . import output, process_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .interpreters import WorkerPlace

fcntl: Any = None if features.WINDOWS else importlib.import_module("fcntl")

_LEAST_FILE_DESCRIPTOR = 300  # for our own: tests that meddle with others begin with the low ones
_USED_BY = ("tempfile.mkstemp", "tempfile.mkdtemp")  # audit events
_is_folder = functools.partial(os.path.isdir)  # wrapped for libraries that fake the file system, as in own_files
_GRACE = 1.0  # seconds that threads and processes which a test left have to end by themselves


def set_up(place: WorkerPlace) -> framing.WorkerEnd:
    """Give the process its own standard files, its channel, its temporary folder; clear what was the parent's."""
    # Everything is moved before the first is put in its place: the channel may come in by the standard files.
    opened = {name: _moved(fd) for name, fd in output.take_over(place.folder, place.files).items()}
    reading = _moved(place.reading)
    writing = reading if place.writing == place.reading else _moved(place.writing)
    if place.sandbox is not None:
        place.sandbox = _moved(place.sandbox)
    stacks = opened.pop("stacks")
    for fd, name in enumerate(("null", "out", "err")):
        os.dup2(opened[name], fd)
    system.close(opened["null"])
    if sys.stdout is not _streams.get("stdout"):  # nobody has warmed up
        make_streams()
    faulthandler.enable(file=stacks, all_threads=True)
    for event in _USED_BY:
        audit_hook.register(event, _restore_before_use)
    temporary = _temporary.path = os.path.join(place.folder, "tmp")
    for name in ("TEMP", "TMP") if features.WINDOWS else ("TMPDIR",):
        os.environ[name] = temporary
    tempfile: Any = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile.tempdir = temporary
    own_files.use_temporary_folder(place.folder)
    return framing.WorkerEnd(reading, writing, place.nonce, (opened["out"], opened["err"]))


class _Temporary:
    """The folder for temporary files of this process. One instance, in this module."""

    path = ""


_temporary = _Temporary()


def restore_temporary_folder() -> None:
    """Have the folder for temporary files there for the next test, whatever other tests have done to it."""
    if _temporary.path:
        own_files.restore_private_folder(_temporary.path)


def _restore_before_use(_: tuple[Any, ...]) -> None:
    """Restore the folder if a test of another worker has removed it. What this test does to it otherwise stays."""
    if not _is_folder(os.path.dirname(_temporary.path)):
        with scopes.unjudged():
            restore_temporary_folder()


_streams: dict[str, Any] = {}


def make_streams() -> None:
    """Python's own standard files, unbuffered: what was printed before a crash is to be seen."""
    os.environ["HERMETIC_ISOLATED"] = "1"
    for name, fd in (("stdout", 1), ("stderr", 2)):
        stream = io.TextIOWrapper(
            io.FileIO(fd, "w", closefd=False), encoding="utf-8", errors="backslashreplace", write_through=True
        )
        _streams[name] = stream
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115


def _moved(fd: int) -> int:
    """A descriptor out of the tests' way, not inherited by their processes; the given one is closed, or taken soon."""
    if features.WINDOWS:
        moved = os.dup(fd)
    else:
        try:
            moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _LEAST_FILE_DESCRIPTOR)
        except OSError:  # the limit is lower
            moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    if fd > 2:  # noqa: PLR2004 - a free standard one would be given to the next file
        system.close(fd)
    return moved


def let_leftovers_end() -> None:
    """Give threads and processes a moment; executors and queues are told as the interpreter tells them at its end."""
    deadline = real.perf_counter() + _GRACE
    main = threading.main_thread()
    threads = [thread for thread in thread_internals.enumerate_threads(threading) if thread is not main]
    if threads:
        teller = threading.Thread(target=exit_handlers.run_threading_exit_handlers, args=(threading,), daemon=True)
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

    The first, which a pool has, may hold locks that the handler needs; the second may be a fork server's children.
    """
    multiprocessing = sys.modules.get("multiprocessing")
    found = [] if multiprocessing is None else multiprocessing.active_children()
    return {child.pid for child in found if child.daemon}, {child.pid for child in found if not child.daemon}


def leave() -> None:
    """Do what an interpreter does at its end; what a test left running is not waited for."""
    daemons, others = _multiprocessing_children()
    for pid in {*process_tree.living_children(), *others} - daemons:
        process_tree.send(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    exit_handlers.run_exit_handlers()
    output.flush_standard_streams()

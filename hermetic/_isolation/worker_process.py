"""The process of a worker: its files at the beginning, what its tests left at the end."""

from __future__ import annotations

import faulthandler
import importlib
import io
import os
import signal
import sys
import threading

from .. import _env, _real
from . import output, processes, protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .interpreters import WorkerPlace

fcntl: Any = None if _env.WINDOWS else importlib.import_module("fcntl")

_LEAST_FILE_DESCRIPTOR = 300  # for our own: tests that meddle with others begin with the low ones
_GRACE = 1.0  # seconds that threads and processes which a test left have to end by themselves


def set_up(place: WorkerPlace) -> protocol.WorkerEnd:
    """Give the process its own standard files, its channel, its temporary folder; clear what was the parent's."""
    reading = _moved(place.reading)
    writing = reading if place.writing == place.reading else _moved(place.writing)
    streams = output.take_over(place.folder)
    stacks = _moved(streams["stacks"])
    null = os.open(os.devnull, os.O_RDONLY)
    for fd, source in ((0, null), (1, streams["out"]), (2, streams["err"])):
        if fd != source:
            os.dup2(source, fd)
    if null > 2:  # noqa: PLR2004 - the standard ones
        os.close(null)
    written = tuple(_moved(fd) if fd > 2 else fd for fd in (streams["out"], streams["err"]))  # noqa: PLR2004 - as above
    if sys.stdout is not _streams.get("stdout"):  # nobody has warmed up
        make_streams()
    faulthandler.enable(file=stacks, all_threads=True)
    temporary = os.path.join(place.folder, "tmp")
    for name in ("TEMP", "TMP") if _env.WINDOWS else ("TMPDIR",):
        os.environ[name] = temporary
    tempfile: Any = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile.tempdir = temporary
    _real.use_temporary_folder(place.folder)
    return protocol.WorkerEnd(reading, writing, place.nonce, written)


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
    """A descriptor out of the tests' way, not inherited by their processes; the given one is closed."""
    if _env.WINDOWS:
        moved = os.dup(fd)
    else:
        try:
            moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _LEAST_FILE_DESCRIPTOR)
        except OSError:  # the limit is lower
            moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(fd)
    return moved


def let_leftovers_end() -> None:
    """Give threads and processes a moment; executors and queues are told as the interpreter tells them at its end."""
    deadline = _real.perf_counter() + _GRACE
    main = threading.main_thread()
    threads = [thread for thread in _real.enumerate_threads(threading) if thread is not main]
    if threads:
        teller = threading.Thread(target=_real.run_threading_exit_handlers, args=(threading,), daemon=True)
        teller.start()
        for thread in (teller, *(thread for thread in threads if not thread.daemon)):
            try:
                thread.join(max(deadline - _real.perf_counter(), 0))
            except RuntimeError:  # not started yet
                continue
    while processes.living_children() and _real.perf_counter() < deadline:
        _real.sleep(0.01)


def leave() -> None:
    """Do what an interpreter does at its end; what a test left running is not waited for."""
    for pid in processes.living_children():
        processes.send(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    _real.run_exit_handlers()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # the test has closed or replaced it

"""The nursery on other systems than Linux: each worker is a fresh interpreter, connected by its standard files.

The worker moves these files away before its first test. A thread waits for what the worker sends, because Windows
cannot wait for several pipes. The thread of the run reads it, so it knows when there is nothing more to read: what the
worker has printed by then belongs to the tests that it knows of.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess

from .._base import features, real, system
from .._protocol import framing
from .._stdlib import windows_files
from .._verdicts import scopes
from . import process_tree, windows_processes
from .interpreters import WorkerArguments, fresh_command
from .nursery import Nursery

_LAST_SECONDS = 1.0  # for the processes of a worker that has ended to end
_READ_BYTES = 1_000_000  # at a time
_POLL_SECONDS = 0.01  # between two looks at a worker that is about to end
_LOOK_SECONDS = 0.002  # between two looks at a pipe of Windows

_SIGKILL, _SIGCONT = (getattr(signal, name, signal.SIGTERM) for name in ("SIGKILL", "SIGCONT"))  # not on Windows

_ADOPTER = 1  # launchd, or init: the parent of processes whose parents have ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .output import WorkerFolder


class PipeNursery(Nursery):
    """Starts workers as children of this process.

    Args:
        hash_seed: the value of ``PYTHONHASHSEED`` for them; empty for that of this process.
    """

    def __init__(self, hash_seed: str = "") -> None:
        self._hash_seed = hash_seed
        self._news = _Signal()

    def _start(self, folder: WorkerFolder, nonce: bytes, *, fresh: bool, sandboxed: bool) -> _PipeLink:
        assert fresh
        assert not sandboxed
        session: dict[str, Any] = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if features.WINDOWS else {"start_new_session": True}  # type: ignore[attr-defined,unused-ignore]
        )
        make_tree = _JobTree if features.WINDOWS else _GroupTree
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        files = folder.output.descriptors()
        command = fresh_command(WorkerArguments(nonce, folder.path, 0, 1, files))
        environ = {**os.environ, "PYTHONHASHSEED": self._hash_seed} if self._hash_seed else None
        start = system.original("subprocess", "Popen")
        process = start(command, bufsize=0, pass_fds=files, env=environ, **pipes, **session)
        try:
            tree = make_tree(process, folder.path)  # the worker has not been asked for anything yet
        except OSError:
            process.kill()
            raise
        return _PipeLink(process, tree, nonce, self._news)

    def wait(self, links: list[_PipeLink], timeout: float) -> list[_PipeLink]:
        """Wait so many seconds for any of the workers to send something or to end, and return the links to those."""
        self._news.take(0 if any(link.has_news() for link in links) else timeout)
        return [link for link in links if link.has_news()]


def _pipe_has_news(file: int) -> bool:
    """Whether a pipe can be read at once: it holds something, or is at its end."""
    return windows_files.is_ready(file) if features.WINDOWS else bool(_poll(file, 0))


def _wait_for_pipe(file: int) -> None:
    """Wait until a pipe can be read."""
    if not features.WINDOWS:
        _poll(file, None)
        return
    while not windows_files.is_ready(file):  # a read that waits would lock the pipe for the other thread, too
        system.sleep(_LOOK_SECONDS)


def _poll(file: int, milliseconds: int | None) -> list[tuple[int, int]]:
    poll = system.original("select", "poll")()
    poll.register(file, select.POLLIN)  # type: ignore[attr-defined,unused-ignore]  # not on Windows
    found: list[tuple[int, int]] = poll.poll(milliseconds)
    return found


class _Signal:
    """Wakes a thread that waits. It is a lock, because a framework may have replaced the events of ``threading``."""

    def __init__(self) -> None:
        self._lock = real.new_lock()
        self._lock.acquire()

    @property
    def is_given(self) -> bool:
        """Whether it was given and not yet taken."""
        return not self._lock.locked()

    def give(self) -> None:
        """Wake the waiting thread, or the next one that waits."""
        with contextlib.suppress(RuntimeError):  # it was given already
            self._lock.release()

    def wait(self) -> None:
        """Wait until it is given."""
        self._lock.acquire()

    def take(self, timeout: float) -> bool:
        """Wait until it is given, at most for some seconds, and return whether it was."""
        return bool(self._lock.acquire(timeout=max(timeout, 0)))


class _PipeLink:
    """The connection to a worker: pipes to its standard input and from its standard output.

    What a test sends waits in the pipe until ``receive`` reads it: a test that floods its pipe must not fill the memory
    of the run.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], tree: _GroupTree | _JobTree, nonce: bytes, news: _Signal
    ) -> None:
        self._process = process
        self._tree = tree
        self._news = news
        self._nonce = nonce
        self._arrived, self._taken = _Signal(), _Signal()
        self._at_end = False
        real.start_thread(self._watch, ())

    def _watch(self) -> None:
        """In the thread: signal that the pipe can be read, each time that all was read before."""
        assert self._process.stdout is not None
        with scopes.unjudged():
            while not self._at_end:
                try:
                    _wait_for_pipe(self._process.stdout.fileno())
                except (OSError, ValueError):
                    return  # the link was closed
                self._arrived.give()
                self._news.give()
                self._taken.wait()

    def has_news(self) -> bool:
        """Whether something has come, or nothing can come any more."""
        return self._at_end or self._arrived.is_given

    def send(self, request: list[Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(framing.pack(self._nonce, request))

    def receive(self, timeout: float) -> bytes:
        if self._at_end:
            self._wait_for_exit(timeout)
            return b""
        is_signalled = self._arrived.take(timeout)
        try:
            return self._read()
        finally:
            if is_signalled:
                self._taken.give()

    def _read(self) -> bytes:
        """Read what is in the pipe, even if the thread has not signalled it yet, as on a busy machine."""
        assert self._process.stdout is not None
        file = self._process.stdout.fileno()
        has_ended = self._process.poll() is not None
        if not _pipe_has_news(file):
            # A process that the test left may hold the pipe of a worker that has ended: then its end never comes.
            self._at_end = has_ended
            return b""
        try:
            data: bytes = system.read(file, _READ_BYTES)
        except OSError:
            data = b""
        self._at_end = not data
        return data

    def _wait_for_exit(self, timeout: float) -> None:
        """Wait until the worker has ended, at most for some seconds; a framework may have replaced ``Popen.wait``."""
        deadline = real.monotonic() + timeout
        while self._process.poll() is None and real.monotonic() < deadline:
            system.sleep(_POLL_SECONDS)

    def ended(self) -> tuple[int | None, list[str]] | None:
        status = self._process.poll()
        if status is None or not self._at_end:
            return None
        left = self._tree.left()
        return None if left is None else (status, left)

    def signal(self, name: str) -> None:
        self._tree.signal(name)

    def close(self) -> None:
        self._tree.close()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:
                pass  # the worker does not read what was written last
        self._taken.give()  # the thread ends at the closed pipe


class _Tree:
    """What a worker has started, by what the system tells of processes."""

    def __init__(self) -> None:
        self._may_last_until: float | None = None

    def _pids(self) -> list[int]:
        """Return the processes that run although the worker has ended."""
        raise NotImplementedError

    def _end(self, pids: Iterable[int]) -> None:
        """End these processes, and all that belongs to the worker."""
        raise NotImplementedError

    def left(self) -> list[str] | None:
        """End what a worker that has ended left running, and name it; None while it may still end by itself."""
        commands = {pid: command for pid in self._pids() if (command := process_tree.command_of(pid)) is not None}
        if self._may_last_until is None:
            self._may_last_until = real.perf_counter() + _LAST_SECONDS
        if commands and real.perf_counter() < self._may_last_until:
            return None
        self._end(commands)
        return [command for command in commands.values() if not process_tree.is_helper(command)]


class _GroupTree(_Tree):
    """What a worker has started, on POSIX systems: its process group, and what else the system tells of."""

    def __init__(self, process: subprocess.Popen[bytes], folder: str) -> None:
        super().__init__()
        self._process = process
        self._folder = folder

    def _pids(self) -> list[int]:
        return [pid for pid in process_tree.children_of(_ADOPTER) if self._is_own(pid)]

    def _is_own(self, pid: int) -> bool:
        return process_tree.comes_from(pid, self._process.pid, self._folder)

    def _end(self, pids: Iterable[int]) -> None:
        for pid in [descendant for root in pids for descendant in (root, *process_tree.descendants_of(root))]:
            process_tree.send(pid, _SIGKILL)
        process_tree.send_group(self._process.pid, _SIGKILL)

    def signal(self, name: str) -> None:
        if name == "KILL":
            self._end([self._process.pid])
        self._process.send_signal(getattr(signal, f"SIG{name}"))
        self._process.send_signal(_SIGCONT)  # last: its handler would end a wait in C, and with it the test

    def close(self) -> None:
        pass


class _JobTree(_Tree):
    """What a worker has started, on Windows: its job object."""

    def __init__(self, process: subprocess.Popen[bytes], folder: str) -> None:
        super().__init__()
        self._job = windows_processes.Job(process.pid)
        self._stack_request = windows_processes.StackRequest(folder)

    def _pids(self) -> list[int]:
        return self._job.pids()

    def _end(self, pids: Iterable[int]) -> None:
        self._job.end()

    def signal(self, name: str) -> None:
        if name == "KILL":
            self._job.end()
        else:
            self._stack_request.send()

    def close(self) -> None:
        self._job.close()
        self._stack_request.close()

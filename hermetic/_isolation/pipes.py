"""Where workers come from elsewhere than on Linux: each is a fresh interpreter, asked through its standard files.

The worker moves those out of its tests' way before the first test. A thread reads what it sends, because not every
system can wait for pipes.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading

from .._base import features
from .._protocol import framing
from .._verdicts import scopes
from . import process_tree
from .interpreters import WorkerPlace, fresh_command
from .worker_link import Place, Unstarted, Worker

_MAX_WAITING = 50  # readings of a pipe: a test that floods its own must not fill the memory of the run

_SIGKILL, _SIGCONT = (getattr(signal, name, signal.SIGTERM) for name in ("SIGKILL", "SIGCONT"))  # not on Windows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class PipeNursery:
    """Workers that are fresh interpreters, children of this process."""

    is_usable = True

    def __init__(self) -> None:
        self._news = threading.Event()

    def new_worker(self, *, fresh: bool, sandboxed: bool = False) -> Worker:
        """A worker that is starting; always a fresh interpreter, and never sandboxed."""
        assert fresh
        assert not sandboxed
        nonce = framing.new_nonce()
        session: dict[str, Any] = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if features.WINDOWS else {"start_new_session": True}  # type: ignore[attr-defined,unused-ignore]
        )
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        place = None
        try:
            place = Place()
            files = place.output.descriptors()
            command = fresh_command(WorkerPlace(nonce, place.folder, 0, 1, files))
            process = subprocess.Popen(command, bufsize=0, pass_fds=files, **pipes, **session)
        except OSError as error:
            if place is not None:
                place.remove()
            return Unstarted(error)
        return Worker(_PipeLink(process, nonce, self._news), place, nonce, says_started=True)

    def wait(self, links: list[_PipeLink], timeout: float) -> list[_PipeLink]:
        """Those of the links to its workers that have something to tell, once any has, or the seconds pass."""
        if not any(link.has_news() for link in links):
            self._news.wait(timeout)
        self._news.clear()
        return [link for link in links if link.has_news()]

    def close(self) -> None:
        """Nothing is left to be ended: each worker was."""


class _PipeLink:
    """The way to a worker through its standard input and output, which it moves out of its tests' way."""

    def __init__(self, process: subprocess.Popen[bytes], nonce: bytes, news: threading.Event) -> None:
        self._process = process
        self._news = news
        self._nonce = nonce
        self._received: queue.Queue[bytes] = queue.Queue(_MAX_WAITING)
        self._at_end = False
        threading.Thread(target=self._read, name="hermetic-worker-reader", daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with scopes.unjudged():
            while True:
                try:
                    data = os.read(self._process.stdout.fileno(), 1_000_000)
                except (OSError, ValueError):
                    data = b""
                self._received.put(data)
                self._news.set()
                if not data:
                    return

    def has_news(self) -> bool:
        """Whether something has come, or there is nothing to come any more."""
        return self._at_end or not self._received.empty()

    def send(self, request: list[Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(framing.pack(self._nonce, request))

    def receive(self, timeout: float) -> bytes:
        if self._at_end:
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                pass
            return b""
        try:
            data = self._received.get(timeout=timeout)
        except queue.Empty:
            # A process that the test left may hold the pipe: then there is no end of it to wait for.
            self._at_end = self._process.poll() is not None and self._received.empty()
            return b""
        self._at_end = not data
        return data

    def ended(self) -> tuple[int | None, list[str]] | None:
        status = self._process.poll()
        if status is None or not self._at_end:
            return None
        if not features.WINDOWS:
            process_tree.send_group(self._process.pid, _SIGKILL)
        return status, []

    def signal(self, name: str) -> None:
        if features.WINDOWS:
            if name == "KILL":
                # Windows's own program ends the tree, as far as its processes have not been orphaned.
                command = ["taskkill", "/F", "/T", "/PID", str(self._process.pid)]
                subprocess.run(command, check=False, capture_output=True)
            return
        if name == "KILL":
            process_tree.send_group(self._process.pid, _SIGKILL)
        self._process.send_signal(getattr(signal, f"SIG{name}"))
        self._process.send_signal(_SIGCONT)  # last: its handler would end a wait in C, and with it the test

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:
                pass  # what was written to it last finds no reader
        try:
            while True:
                self._received.get_nowait()  # the thread that reads may wait for a place
        except queue.Empty:
            pass

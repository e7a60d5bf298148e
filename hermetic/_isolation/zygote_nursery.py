"""The nursery on Linux: a zygote forks workers, or starts fresh interpreters, and ends what they leave behind."""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import sys

from .._base import own_sockets, real, system
from .._protocol import framing, plain_data
from .._stdlib import interpreter_internals
from .._verdicts import scopes
from . import output, process_tree, zygote
from .interpreters import python_command
from .nursery import Nursery

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn

    from .interpreters import WorkerArguments
    from .output import WorkerFolder
    from .worker_link import Worker

# Seconds and microseconds that a worker may leave a request unread: it may be importing a module, or its test may have
# sent a forged end and sleep.
_SEND_TIMEOUT = struct.pack("ll", 300, 0)
_KEPT_FOLDERS = 2  # with 6 open files each
_END_SECONDS = 15.0  # for a zygote to end its workers

_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)  # a program begins with their defaults
_MAX_RECEIVED_BYTES = 500_000  # at once: the time limit is checked between two readings


class ZygoteNursery(Nursery):
    """Workers that a zygote starts."""

    def __init__(self, control: socket.socket, pid: int) -> None:
        self._pid = pid
        self._control = control
        self._home = real.get_pid()
        self._ended: dict[int, tuple[int | None, list[str]]] = {}
        self._lost = False
        self._started = 0  # how many workers: the last of their tokens
        self._folders: list[WorkerFolder] = []  # to be used again
        self._ready: Worker | None = None  # the next one

    @classmethod
    def fork(cls, warm_up: Callable[[], Callable[[WorkerArguments], NoReturn]]) -> ZygoteNursery:
        """A nursery whose zygote is a copy of this process as it is now.

        Args:
            warm_up: called in the zygote; returns the function to call in each worker, which does not return.

        Raises:
            OSError: the system refuses.
        """
        with _new_control() as (ours, theirs):
            output.flush_standard_streams()  # or the copy would have the text, too
            pid = system.fork()
            if pid == 0:
                try:
                    ours.close()
                    scopes.reset()
                    interpreter_internals.forget_exit_handlers()
                    zygote.Zygote(theirs, warm_up()).serve()
                finally:
                    real.exit_process(1)
            return cls(ours, pid)

    @classmethod
    def start(cls, hash_seed: str = "") -> ZygoteNursery:
        """A nursery whose zygote is an interpreter of its own; ``ask`` it to import what the workers need.

        Args:
            hash_seed: the value of ``PYTHONHASHSEED`` for it; empty for that of this process.
        """
        spawn = system.original(os.name, "posix_spawn")
        with _new_control() as (ours, theirs):
            command = python_command(f"be_zygote({theirs.fileno()})")
            os.set_inheritable(theirs.fileno(), True)  # noqa: FBT003 - the standard library's signature
            silent = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]  # type: ignore[attr-defined,unused-ignore]
            options = {"file_actions": silent, "setsid": True, "setsigdef": _IGNORED_BY_PYTHON}
            environ = {**os.environ, "PYTHONHASHSEED": hash_seed} if hash_seed else os.environ
            return cls(ours, spawn(sys.executable, command, environ, **options))

    def ask(self, message: list[Any], timeout: float) -> list[Any] | None:
        """Send a message to the zygote, and return its answer; None if it has none.

        Args:
            timeout: seconds.
        """
        try:
            self._control.send(plain_data.to_bytes(message))
            self._control.settimeout(timeout)
            data = self._control.recv(zygote.MAX_MESSAGE_BYTES)
        except OSError:
            data = b""
        finally:
            self._control.settimeout(None)
        self._lost = self._lost or not data
        return plain_data.from_bytes(data) if data else None

    def new_worker(self, *, fresh: bool, sandboxed: bool = False) -> Worker:
        """Start a worker. From the second on, the next one is started as well: it gets ready while this one works."""
        if fresh or sandboxed:
            return super().new_worker(fresh=fresh, sandboxed=sandboxed)
        worker, self._ready = self._ready, None
        if worker is not None:
            self.take_messages()
            if worker.link.ended() is not None:  # a test has killed it
                worker.end()
                worker = None
        is_first = self._started == 0
        worker = worker or super().new_worker(fresh=False)
        if not is_first:
            self._ready = super().new_worker(fresh=False)
        return worker

    def _start(self, folder: WorkerFolder, nonce: bytes, *, fresh: bool, sandboxed: bool) -> _ZygoteLink:
        ours, theirs = own_sockets.pair()
        self._started = token = self._started + 1
        ours.setsockopt(own_sockets.SOL_SOCKET, own_sockets.SO_SNDTIMEO, _SEND_TIMEOUT)
        try:
            message = ["start", token, nonce.hex(), folder.path, fresh, sandboxed]
            files = folder.output.descriptors()
            own_sockets.send_descriptors(self._control, plain_data.to_bytes(message), theirs.fileno(), *files)
        except OSError:
            self._lost = True  # the worker's end says so
        finally:
            theirs.close()
        return _ZygoteLink(self, token, ours, nonce)

    def _new_folder(self) -> WorkerFolder:
        return self._folders.pop() if self._folders else super()._new_folder()

    def _take_back(self, folder: WorkerFolder) -> None:
        """Keep the folder for the next worker: the zygote has ended all that could still write there."""
        if len(self._folders) < _KEPT_FOLDERS:
            self._folders.append(folder)
        else:
            folder.remove()

    def wait(self, links: list[_ZygoteLink], timeout: float) -> list[_ZygoteLink]:
        """Wait so many seconds for any of the workers to send something or to end, and return the links to those."""
        poll = system.poll()
        poll.register(self._control.fileno(), system.POLLIN)
        for link in links:
            if not link.at_end:
                poll.register(link.fileno(), system.POLLIN)
        if any(link.ended() is not None for link in links):  # the zygote said so while another worker was waited for
            timeout = 0
        ready = {fd for fd, _ in poll.poll(timeout * 1000)}
        if not ready and timeout:
            self.wake()
        self.take_messages()
        return [link for link in links if link.ended() is not None or (not link.at_end and link.fileno() in ready)]

    def take_messages(self) -> None:
        """Take the messages that the zygote has sent, without waiting."""
        while not self._lost:
            try:
                data = self._control.recv(zygote.MAX_MESSAGE_BYTES, own_sockets.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._lost = True
                return
            _, token, status, left = plain_data.from_bytes(data)
            self._ended[token] = status, left

    def ended(self, token: int) -> tuple[int | None, list[str]] | None:
        """The exit status of a worker and what it left behind; None while it runs."""
        if token not in self._ended and self._lost:
            return None, []
        return self._ended.get(token)

    def forget(self, token: int) -> None:
        """Forget a worker that has ended."""
        self._ended.pop(token, None)

    def signal(self, token: int, number: int) -> None:
        """Have the zygote send a signal to a worker."""
        if self._home != real.get_pid():
            return
        self.wake()
        try:
            self._control.send(plain_data.to_bytes(["signal", token, number]))
        except OSError:
            self._lost = True

    def wake(self) -> None:
        """Continue the zygote, in case that a test has stopped it."""
        process_tree.send(self._pid, signal.SIGCONT)

    def fileno(self) -> int:
        """The file descriptor that becomes readable when the zygote sends a message."""
        return self._control.fileno()

    @property
    def is_usable(self) -> bool:
        """Whether the zygote is there, and is a child of this process."""
        return not self._lost and self._home == real.get_pid()

    def close(self) -> None:
        """End the zygote, with all of its workers."""
        at_home = self._home == real.get_pid()
        if at_home:
            try:
                # Not by closing alone: a process that a test has forked and left may hold the socket, too.
                self._control.shutdown(own_sockets.SHUT_RDWR)
            except OSError:
                pass  # it has gone already
        self._control.close()
        if not at_home:
            return
        if self._ready is not None:
            self._ready.end()
        for folder in self._folders:
            folder.remove()
        self.wake()
        deadline = real.perf_counter() + _END_SECONDS
        while not self._has_ended():
            if real.perf_counter() > deadline:
                process_tree.send(self._pid, signal.SIGKILL)
            real.sleep(0.001)

    def _has_ended(self) -> bool:
        try:
            return system.waitpid(self._pid, os.WNOHANG)[0] != 0
        except ChildProcessError:
            return True  # a test has waited for all children of this process


@contextlib.contextmanager
def _new_control() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Make the socket to a new zygote; its end is closed in this process after the block."""
    process_tree.occupy_standard_files()
    ours, theirs = own_sockets.pair(own_sockets.SOCK_SEQPACKET)
    with contextlib.closing(theirs):
        try:
            yield ours, theirs
        except OSError:
            ours.close()
            raise


class _ZygoteLink:
    """The connection to a worker of a zygote: a socket. The zygote says when the worker has ended."""

    def __init__(self, nursery: ZygoteNursery, token: int, channel: socket.socket, nonce: bytes) -> None:
        self._nursery = nursery
        self._token = token
        self._channel = channel
        self._nonce = nonce
        self.at_end = False
        self._poll = system.poll()
        self._poll.register(nursery.fileno(), system.POLLIN)
        self._poll.register(channel.fileno(), system.POLLIN)

    def fileno(self) -> int:
        """The file descriptor that becomes readable when the worker sends something."""
        return self._channel.fileno()

    def send(self, request: list[Any]) -> None:
        self._channel.sendall(framing.pack(self._nonce, request))

    def receive(self, timeout: float) -> bytes:
        ready = [fd for fd, _ in self._poll.poll(timeout * 1000)]
        if not ready and timeout:
            self._nursery.wake()
        if self._nursery.fileno() in ready:
            self._nursery.take_messages()
        if self.at_end or self._channel.fileno() not in ready:
            return b""
        try:
            data = self._channel.recv(_MAX_RECEIVED_BYTES, own_sockets.MSG_DONTWAIT)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.at_end = True
            self._poll.unregister(self._channel.fileno())
        return data

    def ended(self) -> tuple[int | None, list[str]] | None:
        return self._nursery.ended(self._token)

    def signal(self, name: str) -> None:
        self._nursery.signal(self._token, getattr(signal, f"SIG{name}"))

    def close(self) -> None:
        self._channel.close()
        self._nursery.forget(self._token)

"""Where workers come from on Linux: a zygote forks them, or starts fresh interpreters, and sweeps up after them."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import struct
import sys

from .._base import own_sockets, real, system
from .._protocol import framing
from .._stdlib import exit_handlers
from .._verdicts import scopes
from . import output, process_tree, zygote
from .interpreters import WorkerPlace, python_command
from .worker_link import Place, Unstarted, Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn

# Seconds and microseconds that a worker may leave a request unread: it may be importing, or its test may have the run
# believe that it has ended, and sleep.
_SEND_TIMEOUT = struct.pack("ll", 300, 0)
_END_SECONDS = 15.0  # for a zygote to end what there still is

_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)  # a program begins with their defaults
_MAX_RECEIVED_BYTES = 500_000  # at once: between them, the time is looked at

_tokens = itertools.count(1).__next__


class ZygoteNursery:
    """Workers that a zygote starts.

    Args:
        control: the socket to the zygote.
        pid: of the zygote.
    """

    def __init__(self, control: socket.socket, pid: int) -> None:
        self._pid = pid
        self._control = control
        self._home = real.get_pid()
        self._ended: dict[int, tuple[int | None, list[str]]] = {}
        self._lost = False
        self._places: list[Place] = []  # that workers have left as they were

    @classmethod
    def fork(cls, work: Callable[[WorkerPlace], NoReturn], warm_up: Callable[[], None]) -> ZygoteNursery:
        """A nursery whose zygote is a copy of this process as it is now.

        Args:
            work: called in each worker; does not return.
            warm_up: called in the zygote, before the first of them.

        Raises:
            OSError: the system refuses.
        """
        with _new_control() as (ours, theirs):
            output.flush_standard_streams()  # or the copy would have the text, too
            pid = system.fork()
            if pid == 0:
                try:
                    ours.close()
                    scopes.forget()
                    exit_handlers.forget_exit_handlers()
                    warm_up()
                    zygote.Zygote(theirs, work).serve()
                finally:
                    real.exit_process(1)
            return cls(ours, pid)

    @classmethod
    def start(cls) -> ZygoteNursery:
        """A nursery whose zygote is an interpreter of its own; ``ask`` it to import what the workers need.

        Raises:
            OSError: the system refuses, or there is no interpreter.
        """
        spawn = system.original(os.name, "posix_spawn")
        with _new_control() as (ours, theirs):
            command = python_command(f"be_zygote({theirs.fileno()})")
            os.set_inheritable(theirs.fileno(), True)  # noqa: FBT003 - the standard library's signature
            silent = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]  # type: ignore[attr-defined,unused-ignore]
            options = {"file_actions": silent, "setsid": True, "setsigdef": _IGNORED_BY_PYTHON}
            return cls(ours, spawn(sys.executable, command, os.environ, **options))

    def ask(self, message: list[Any], timeout: float) -> list[Any] | None:
        """Send a message to the zygote, and return its answer; None if it has none.

        Args:
            message: plain data.
            timeout: seconds.
        """
        try:
            self._control.send(json.dumps(message).encode())
            self._control.settimeout(timeout)
            data = self._control.recv(zygote.MAX_MESSAGE_BYTES)
        except OSError:
            data = b""
        finally:
            self._control.settimeout(None)
        self._lost = self._lost or not data
        return json.loads(data) if data else None

    def new_worker(self, *, fresh: bool, sandboxed: bool = False) -> Worker:
        """A worker that is starting.

        Args:
            fresh: whether it is to be a fresh interpreter instead of a fork of the zygote.
            sandboxed: whether the kernel is to hold it to the sizes of its tests.
        """
        try:
            if not self._places:
                self._places.append(Place())
            ours, theirs = own_sockets.pair()
        except OSError as error:
            return Unstarted(error)
        place = self._places.pop()
        nonce = framing.new_nonce()
        token = _tokens()
        ours.setsockopt(own_sockets.SOL_SOCKET, own_sockets.SO_SNDTIMEO, _SEND_TIMEOUT)
        try:
            message = ["start", token, nonce.hex(), place.folder, fresh, sandboxed]
            files = place.output.descriptors()
            own_sockets.send_descriptors(self._control, json.dumps(message).encode(), theirs.fileno(), *files)
        except OSError:
            self._lost = True
        finally:
            theirs.close()
        return Worker(_ZygoteLink(self, token, ours, nonce), place, nonce, self._places.append, says_started=fresh)

    def wait(self, links: list[_ZygoteLink], timeout: float) -> list[_ZygoteLink]:
        """Those of the links to its workers that have something to tell, once any has, or the seconds pass."""
        poll = system.poll()
        poll.register(self._control.fileno(), system.POLLIN)
        for link in links:
            if not link.at_end:
                poll.register(link.fileno(), system.POLLIN)
        if any(link.ended() is not None for link in links):  # told of while another one was listened to
            timeout = 0
        ready = {fd for fd, _ in poll.poll(timeout * 1000)}
        if not ready and timeout:
            self.wake()
        self.take_messages()
        return [link for link in links if link.ended() is not None or (not link.at_end and link.fileno() in ready)]

    def take_messages(self) -> None:
        """Take what the zygote has told, without waiting."""
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
            _, token, status, left = json.loads(data)
            self._ended[token] = status, left

    def ended(self, token: int) -> tuple[int | None, list[str]] | None:
        """How a worker ended and what it left; None while it runs."""
        if token not in self._ended and self._lost:
            return None, []
        return self._ended.get(token)

    def forget(self, token: int) -> None:
        """Forget a worker that has ended."""
        self._ended.pop(token, None)

    def signal(self, token: int, number: int) -> None:
        """Have a worker signalled."""
        if self._home != real.get_pid():
            return
        self.wake()
        try:
            self._control.send(json.dumps(["signal", token, number]).encode())
        except OSError:
            self._lost = True

    def wake(self) -> None:
        """Have the zygote go on: a test may have stopped it."""
        process_tree.send(self._pid, signal.SIGCONT)

    def fileno(self) -> int:
        """The file descriptor that becomes readable when the zygote tells something."""
        return self._control.fileno()

    @property
    def is_usable(self) -> bool:
        """Whether the zygote is there, and is this process's own."""
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
        for place in self._places:
            place.remove()
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
    """For a block, both ends of the socket to a zygote that is about to be; its own end is closed here afterwards."""
    process_tree.occupy_standard_files()
    ours, theirs = own_sockets.pair(own_sockets.SOCK_SEQPACKET)
    with contextlib.closing(theirs):
        try:
            yield ours, theirs
        except OSError:
            ours.close()
            raise


class _ZygoteLink:
    """The way to a zygote's worker: a socket; its end is told by the zygote."""

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
        """The file descriptor that becomes readable when the worker tells something."""
        return self._channel.fileno()

    def send(self, request: list[Any]) -> None:
        self._channel.sendall(framing.pack(self._nonce, request))

    def receive(self, timeout: float) -> bytes:
        if not self._poll.poll(timeout * 1000) and timeout:
            self._nursery.wake()
        self._nursery.take_messages()
        if self.at_end:
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

"""Judges the system calls of sandboxed workers by the policy of the test that each worker runs.

    zygote      new()       before it forks a worker: makes the channel between them
    worker      messages    entered   the listener, and the sockets that the worker already had
                            scope     the test that is running, its policy, and its violation log
                            pass      one operation of one thread, which the guard in the worker allows
                replies     to the first two: the errors here since the last reply
    kernel      questions   on the listener, while the caller waits

A refused call is written to the violation log of the test, as for child processes, before the caller goes on. An error
here refuses the call and is sent with the next reply. If a message cannot be read, or no worker is left to send one,
the listener is closed; the kernel then refuses every call that it would ask about.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat

from .._base import own_sockets, real, system
from .._base.errors import GuardError, internal_error_text
from .._base.records import Operation
from . import allowed_names, seccomp
from .judge import Judge

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any

    from .seccomp import SystemCall

MAX_MESSAGE_BYTES = 100_000  # a larger message is sent as the descriptor of a file
_MAX_FILE_BYTES = 100_000_000
IN_A_FILE = b"file"  # announces such a message
_MAX_FAULTS, _MAX_FAULT, _MAX_NAME = 3, 5000, 200  # errors in a reply, characters of an error and of a test's name
BROKEN = -1  # the number of the last reply, after a failure here


class Supervisor:
    """Supervises all workers of a zygote, without waiting for any of them.

    Args:
        poll: the polling object of the zygote (``system.poll()``), with which descriptors are registered.
    """

    def __init__(self, poll: Any) -> None:
        self._poll = poll
        self._handlers: dict[int, tuple[Supervised, Callable[[], None]]] = {}  # by descriptor
        self._workers: list[Supervised] = []
        allowed_names.forget_addresses()

    def new(self) -> tuple[int, Supervised]:
        """The descriptor for a worker that is about to be forked, and the worker's counterpart here."""
        ours, theirs = own_sockets.pair(own_sockets.SOCK_SEQPACKET)
        ours.setblocking(False)  # noqa: FBT003 - the standard library's signature
        worker = Supervised(ours, self._watch)
        self._workers.append(worker)
        self._watch(ours.fileno(), (worker, worker.take_messages))
        return theirs.detach(), worker

    def _watch(self, fd: int, handler: tuple[Supervised, Callable[[], None]] | None) -> None:
        if handler is None:
            if self._handlers.pop(fd, None) is not None:
                self._poll.unregister(fd)
        else:
            self._handlers[fd] = handler
            self._poll.register(fd, system.POLLIN)

    def handle(self, fd: int) -> None:
        """Handle a descriptor that has become ready."""
        worker, handler = self._handlers.get(fd, (None, None))
        if worker is None or handler is None:
            return  # an earlier descriptor of the same round has closed it
        try:
            handler()
        except Exception as error:  # noqa: BLE001 - other workers go on, and every call of this one is refused
            worker.fail(error)

    def answer_for(self, seconds: float) -> None:
        """Wait for some seconds, and answer questions meanwhile."""
        deadline = real.perf_counter() + seconds
        poll = system.poll()
        for fd in self._handlers:
            poll.register(fd, system.POLLIN)
        while (left := deadline - real.perf_counter()) > 0:
            for fd, _ in poll.poll(left * 1000):
                if fd not in self._handlers:
                    poll.unregister(fd)
                self.handle(fd)

    def forget(self, worker: Supervised) -> None:
        """Drop a worker that has ended together with everything that it has started."""
        worker.close()
        self._workers.remove(worker)

    def close(self) -> None:
        """Close everything, in a forked copy of the zygote."""
        for worker in self._workers:
            worker.close()
        self._workers.clear()


class Supervised:
    """A worker, seen from the process that judges its system calls.

    Args:
        channel: this process's end of the channel to the worker.
        watch: registers a handler for a descriptor, or with None removes it.
    """

    def __init__(self, channel: socket.socket, watch: Callable[[int, Any], None]) -> None:
        self._channel: socket.socket | None = channel
        self._watch = watch
        self._listener: int | None = None
        self._questions = system.poll()
        self._names = {number: name for name, number in seccomp.known_machine().numbers.items()}
        self._judge = Judge()
        self._faults: list[str] = []  # errors that have not been sent to the worker yet

    def take_messages(self) -> None:
        """Read the messages of the worker, without waiting."""
        while self._channel is not None:
            try:
                data, fds = own_sockets.receive_descriptors(self._channel, MAX_MESSAGE_BYTES, 2)
            except BlockingIOError:
                return None
            except OSError:
                data, fds = b"", []
            if not data:  # the worker has ended; processes that it started may live on
                return self.close()
            try:
                self._take(data, fds)
            except Exception as error:  # noqa: BLE001 - the message is unknown, so nothing is allowed
                return self.fail(error)
            finally:
                for fd in fds:
                    system.close(fd)
        return None

    def _take(self, data: bytes, fds: list[int]) -> None:
        kind, number, *details = json.loads(data if data != IN_A_FILE else _read_file(fds[0]))
        if kind == "pass":
            self._judge.let_pass(number, *details)
            return
        if kind == "scope":
            self._judge.enter(*details)
        elif kind == "entered" and self._listener is None:
            self._judge.worker = details[0]
            self._judge.held = {fd: (identity, Operation(**fields)) for fd, identity, fields in details[1]}
            self._listener = os.dup(fds[-1])  # first, because every later failure closes it
            self._watch_listener(self._listener)
        else:
            raise ValueError(f"a message of an unknown kind: {kind!r:.50}")
        self._reply(number)

    def _watch_listener(self, listener: int) -> None:
        seccomp.wake_together(listener)
        self._questions.register(listener, system.POLLIN)
        self._watch(listener, (self, self._asked))

    def _reply(self, number: int) -> None:
        assert self._channel is not None
        told, self._faults = self._faults, []
        self._channel.send(json.dumps([number, told]).encode())

    def fail(self, error: Exception) -> None:
        """Refuse every call from now on, because of an error here, and tell the worker why."""
        self._note(error)
        if self._channel is not None:
            with contextlib.suppress(OSError):  # the end of the channel tells the worker anyway
                self._reply(BROKEN)
        self.close()

    def _note(self, error: Exception) -> None:
        """Keep an error for the next reply to the worker."""
        text = str(error) if isinstance(error, GuardError) else internal_error_text(error, self._judge.test[:_MAX_NAME])
        if len(self._faults) < _MAX_FAULTS:
            self._faults.append(text[:_MAX_FAULT])

    def _asked(self) -> None:
        assert self._listener is not None
        # Poll again: the event that led here may belong to an older listener with the same number, and receiving
        # without a question would block.
        events = self._questions.poll(0)
        if events and events[0][1] & system.POLLIN:
            call = seccomp.receive(self._listener)
            if call is not None:
                self.take_messages()  # the worker sent its messages before the call
                self._answer(call)
        elif events:  # the last process of the sandbox has ended
            self._close_listener()

    def _answer(self, call: SystemCall) -> None:
        listener = self._listener
        if listener is None:
            return None  # it has just been closed, which refuses the call
        name = self._names[call.number]
        if seccomp.is_alarm(name, call):
            return self.close()
        try:
            error = self._judge.judge(name, call, lambda: seccomp.is_waiting(listener, call))
        except Exception as found:  # noqa: BLE001 - the caller must not wait for ever, whatever goes wrong
            self._note(found)
            error = errno.EPERM
        if error:
            seccomp.refuse(listener, call, error)
        else:
            seccomp.let_through(listener, call)
        return None

    def _close_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            system.close(listener)
            self._watch(listener, None)

    def close(self) -> None:
        """Close the channel and the listener; judged calls of remaining processes fail."""
        self._close_listener()
        if self._channel is not None:
            self._watch(self._channel.fileno(), None)
            self._channel.close()
            self._channel = None


def _read_file(fd: int) -> bytes:
    """The contents of a file.

    Raises:
        ValueError: it is not a regular file, or too large to read while other workers wait.
    """
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_FILE_BYTES:
        raise ValueError(f"a message of {status.st_size} bytes")
    found: bytes = os.pread(fd, status.st_size, 0)
    return found

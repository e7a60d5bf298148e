"""The one who is asked: it judges the calls of sandboxed workers by the policy of the test that each of them runs.

    zygote      new()       before a worker is forked: the two ends of a way between them
    worker      messages    entered   the listener, with what the worker held before
                            scope     the test that is running now, its policy, where its violations are reported
                            pass      one operation of one thread, which the guard in the worker lets happen
                replies     to the first two: the errors here since the last reply
    kernel      questions   on the listener, while the caller waits

What is refused is written to the report file of the test, where children report to, before the caller goes on.
An error here refuses the call and is told with the next reply. If a message cannot be taken, or nobody is left to send
one, the listener is closed: the kernel then refuses all that it would ask about.
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
from . import seccomp
from .judge import Judge

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any

    from .seccomp import Call

MAX_MESSAGE_BYTES = 100_000  # a larger message is a file, whose descriptor is sent
_MAX_FILE_BYTES = 100_000_000
IN_A_FILE = b"file"  # stands for such a message
_MAX_FAULTS, _MAX_FAULT, _MAX_NAME = 3, 5000, 200  # that one reply has room for, and characters
BROKEN = -1  # the number of a reply after which there are no more


class Supervisor:
    """Answers for all workers of a zygote; nothing in it waits for any of them.

    Args:
        poll: what the zygote waits with (``system.poll()``): descriptors are registered with it.
    """

    def __init__(self, poll: Any) -> None:
        self._poll = poll
        self._handlers: dict[int, tuple[Supervised, Callable[[], None]]] = {}  # by descriptor
        self._workers: list[Supervised] = []

    def new(self) -> tuple[int, Supervised]:
        """The descriptor for a worker that is about to be forked, and what stands for it here."""
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
        """Do what is to be done for a descriptor that has become ready.

        Args:
            fd: the descriptor.
        """
        worker, handler = self._handlers.get(fd, (None, None))
        if worker is None or handler is None:
            return  # one that came before it in the same round has closed it
        try:
            handler()
        except Exception as error:  # noqa: BLE001 - other workers must go on, and this one be refused everything
            worker.fail(error)

    def answer_for(self, seconds: float) -> None:
        """Wait, but answer what is asked meanwhile."""
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
        """A worker has ended, and all that it has left."""
        worker.close()
        self._workers.remove(worker)

    def close(self) -> None:
        """Let go of everything: in a copy of the zygote's process, which is none."""
        for worker in self._workers:
            worker.close()
        self._workers.clear()


class Supervised:
    """A worker, as the one sees it who answers for it.

    Args:
        channel: the way to it.
        watch: has a descriptor waited for, with what is to be called when it is ready, or None for no more.
    """

    def __init__(self, channel: socket.socket, watch: Callable[[int, Any], None]) -> None:
        self._channel: socket.socket | None = channel
        self._watch = watch
        self._listener: int | None = None
        self._questions = system.poll()
        self._names = {number: name for name, number in seccomp.known_machine().numbers.items()}
        self._judge = Judge()
        self._faults: list[str] = []  # the messages of errors that the worker has not been told yet

    def take_messages(self) -> None:
        """Take what the worker has told, without waiting."""
        while self._channel is not None:
            try:
                data, fds = own_sockets.receive_descriptors(self._channel, MAX_MESSAGE_BYTES, 2)
            except BlockingIOError:
                return None
            except OSError:
                data, fds = b"", []
            if not data:  # the worker has ended; what it started may live on
                return self.close()
            try:
                self._take(data, fds)
            except Exception as error:  # noqa: BLE001 - what the worker said is not known: nothing is allowed
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
            self._listener = os.dup(fds[-1])  # first of all: what goes wrong from here on closes it
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
        """Refuse everything from now on, because something went wrong here, and tell the worker why.

        Args:
            error: what went wrong.
        """
        self._note(error)
        if self._channel is not None:
            with contextlib.suppress(OSError):  # it is told by the end of the channel alone
                self._reply(BROKEN)
        self.close()

    def _note(self, error: Exception) -> None:
        """Keep an error to be told to the worker."""
        text = str(error) if isinstance(error, GuardError) else internal_error_text(error, self._judge.test[:_MAX_NAME])
        if len(self._faults) < _MAX_FAULTS:
            self._faults.append(text[:_MAX_FAULT])

    def _asked(self) -> None:
        assert self._listener is not None
        # The event is looked for here: that which was told may be of an older listener that had this number, and to
        # receive where nobody has asked would be to wait.
        events = self._questions.poll(0)
        if events and events[0][1] & system.POLLIN:
            call = seccomp.receive(self._listener)
            if call is not None:
                self.take_messages()  # what the worker said before it called was said first
                self._answer(call)
        elif events:  # the last process of the sandbox has ended
            self._close_listener()

    def _answer(self, call: Call) -> None:
        listener = self._listener
        if listener is None:
            return None  # it was closed just now, which refuses the call
        name = self._names[call.number]
        if seccomp.is_alarm(name, call):
            return self.close()
        try:
            error = self._judge.judge(name, call, lambda: seccomp.is_waiting(listener, call))
        except Exception as found:  # noqa: BLE001 - whatever goes wrong here, the caller must not wait for ever
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
        """Let go of it: calls of what is left of it fail."""
        self._close_listener()
        if self._channel is not None:
            self._watch(self._channel.fileno(), None)
            self._channel.close()
            self._channel = None


def _read_file(fd: int) -> bytes:
    """The contents of a file.

    Raises:
        ValueError: it is no file, or one too large to be read while others wait.
    """
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_FILE_BYTES:
        raise ValueError(f"a message of {status.st_size} bytes")
    found: bytes = os.pread(fd, status.st_size, 0)
    return found

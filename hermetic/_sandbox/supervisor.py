"""The one who is asked: it judges the calls of sandboxed workers by the policy of the test that each of them runs.

    zygote      new()       before a worker is forked: the two ends of a way between them
    worker      messages    the listener with what the worker held before; then, whenever it changes:
                            scope     the test that is running now, its policy, where its violations are reported
                            pass      what the guard in the worker has judged already, for one thread
    kernel      questions   on the listener, while the caller waits

What is refused is written to the report file of the test, where children report to, before the caller goes on.
"""

from __future__ import annotations

import errno
import json
import os
import select
import socket

from .. import _real
from .._records import Operation
from . import seccomp
from .judge import Judge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .seccomp import Call

MAX_MESSAGE_BYTES = 200_000


class Supervisor:
    """Answers for all workers of a zygote; nothing in it waits for any of them.

    Args:
        poll: what the zygote waits with (``select.poll()``): descriptors are registered with it.
    """

    def __init__(self, poll: Any) -> None:
        self._poll = poll
        self._handlers: dict[int, Callable[[int], None]] = {}  # by descriptor
        self._workers: list[Supervised] = []

    def new(self) -> tuple[int, Supervised]:
        """The descriptor for a worker that is about to be forked, and what stands for it here."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)  # noqa: FBT003 - the standard library's signature
        worker = Supervised(ours, self._watch)
        self._workers.append(worker)
        self._watch(ours.fileno(), worker.take_messages)
        return theirs.detach(), worker

    def _watch(self, fd: int, handler: Callable[[int], None] | None) -> None:
        if handler is None:
            self._poll.unregister(fd)
            del self._handlers[fd]
        else:
            self._handlers[fd] = handler
            self._poll.register(fd, select.POLLIN)

    def handle(self, fd: int, event: int) -> None:
        """Do what is to be done for a descriptor that has become ready.

        Args:
            fd: the descriptor.
            event: as poll tells.
        """
        handler = self._handlers.get(fd)  # one that came before it in the same round may have closed it
        if handler is not None:
            handler(event)

    def answer_for(self, seconds: float) -> None:
        """Wait, but answer what is asked meanwhile."""
        deadline = _real.perf_counter() + seconds
        poll = select.poll()
        for fd in self._handlers:
            poll.register(fd, select.POLLIN)
        while (left := deadline - _real.perf_counter()) > 0:
            for fd, event in poll.poll(left * 1000):
                if fd not in self._handlers:
                    poll.unregister(fd)
                self.handle(fd, event)

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

    def __init__(self, channel: socket.socket, watch: Callable[[int, Callable[[int], None] | None], None]) -> None:
        self._channel: socket.socket | None = channel
        self._watch = watch
        self._listener: int | None = None
        self._questions = select.poll()
        self._names = {number: name for name, number in _machine().numbers.items()}
        self._judge = Judge()

    def take_messages(self, _: int = 0) -> None:
        """Take what the worker has told, without waiting."""
        while self._channel is not None:
            try:
                data, fds, _, _ = socket.recv_fds(self._channel, MAX_MESSAGE_BYTES, 1)
            except BlockingIOError:
                return
            except OSError:
                data, fds = b"", []
            if not data:  # the worker has ended; what it started may live on
                self._watch(self._channel.fileno(), None)
                self._channel.close()
                self._channel = None
                return
            try:
                self._take(json.loads(data), fds)
            except Exception:  # noqa: BLE001, S112 - the test has written into it, whatever it liked
                continue

    def _take(self, message: list[Any], fds: list[int]) -> None:
        kind, *details = message
        if kind == "entered" and self._listener is None:
            self._listener, self._judge.worker = fds[0], details[0]
            self._judge.held = {fd: (identity, Operation(**fields)) for fd, identity, fields in details[1]}
            seccomp.wake_together(self._listener)
            self._questions.register(self._listener, select.POLLIN)
            self._watch(self._listener, self._asked)
        elif kind == "scope":
            self._judge.enter(*details)
        elif kind == "pass":
            self._judge.let_pass(*details)

    def _asked(self, _: int) -> None:
        assert self._listener is not None
        # The event is looked for here: that which was told may be of an older listener that had this number, and to
        # receive where nobody has asked would be to wait.
        events = self._questions.poll(0)
        if events and events[0][1] & select.POLLIN:
            call = seccomp.receive(self._listener)
            if call is not None:
                self.take_messages()  # what the worker said before it called was said first
                self._answer(self._listener, call)
        elif events:  # the last process of the sandbox has ended
            self._close_listener()

    def _answer(self, listener: int, call: Call) -> None:
        try:
            error = self._judge.judge(self._names[call.number], call, lambda: seccomp.is_waiting(listener, call))
        except Exception:  # noqa: BLE001 - whatever goes wrong here, the caller must not wait for ever
            error = errno.EPERM
        if error:
            seccomp.refuse(listener, call, error)
        else:
            seccomp.let_through(listener, call)

    def _close_listener(self) -> None:
        if self._listener is not None:
            self._watch(self._listener, None)
            os.close(self._listener)
            self._listener = None

    def close(self) -> None:
        """Let go of it: calls of what is left of it fail."""
        self._close_listener()
        if self._channel is not None:
            self._watch(self._channel.fileno(), None)
            self._channel.close()
            self._channel = None


def _machine() -> Any:
    machine = seccomp.this_machine()
    assert machine is not None  # else nothing is sandboxed
    return machine

"""Puts a worker into the sandbox, and tells the supervisor which test the worker runs.

``scopes.running.sandbox`` holds the one instance. The guard calls it when a scope comes into force, and when it allows
an operation that the policy of the test alone would refuse.
"""

from __future__ import annotations

import contextlib
import json
import os
from threading import get_native_id

from .._base import own_sockets, real, system
from .._base.errors import GuardError
from .._base.sizes import ANYWHERE, LIMITS
from .._operations import events
from .._policy.decision import KERNEL
from .._verdicts import scopes, violation_data, violation_log
from . import filters, passes, seccomp, system_calls
from .supervisor import BROKEN, IN_A_FILE, MAX_MESSAGE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .._base.records import Operation
    from .._policy.decision import Policy
    from .._verdicts.scopes import Scope

_FDS = "/proc/self/fd"
_MAX_REPLY_BYTES = 1_000_000
_fstat, _dumps, _loads = os.fstat, json.dumps, json.loads  # a test may replace them

_LOST = """\
[H009] kernel sandbox lost: the process that judges system calls cannot be told which test is running{reason}
  All system calls that it would judge are refused from now on, and each further test of this worker is an error.
  Find what closes descriptors that it has not opened, such as os.closerange(), or writes to them."""


def preload() -> None:
    """Load the C library, in the process that sandboxed workers are forked from."""
    seccomp.c_library()


class Sandbox:
    """The sandbox that this process is in."""

    def __init__(self, channel: int) -> None:
        self._channel = own_sockets.from_descriptor(channel)
        self._identity = _inode(channel)
        self._machine = seccomp.known_machine()
        self._pid = real.get_pid()
        self._passed: set[int] = set()  # threads with a pass
        self.holds_test = False  # whether the kernel enforces the policy of the scope in force
        self._number = 0  # of the last message that needed a reply
        self._is_lost = False

    @classmethod
    def enter(cls, channel: int) -> Sandbox:
        """Put this process, and everything that it will start, under the filter for good."""
        sandbox = cls(channel)
        held = _held(besides=channel)
        program = filters.program(sandbox._machine, channel=channel, held=[fd for fd, _, _ in held])
        listener = seccomp.enter_filter(program, sandbox._machine)
        sandbox._ask("entered", sandbox._pid, held, handed=listener)
        return sandbox

    def scope_changed(self, scope: Scope | None) -> None:
        """Tell the supervisor which scope is in force for this process."""
        if self._pid != real.get_pid():
            return  # a forked child belongs to the test
        if self._is_lost:
            if scope is not None and scope.owner is not None:
                self._lose()
            return
        policy = None if scope is None else scope.policy
        is_held = policy is not None and LIMITS[policy.size].network != ANYWHERE
        self._passed.clear()
        if is_held:
            assert scope is not None
            violation_log.expect_entries(scope)
            fields = violation_data.policy_fields(policy)
            name = "code outside of any test" if scope.owner is None else scope.name
            self._ask("scope", scope.serial, name, fields, scope.log_path)
        elif self.holds_test:
            self._ask("scope", 0, "", None, "")
        self.holds_test = is_held

    def let_pass(self, operation: Operation, policy: Policy | None, *, is_free: bool) -> None:
        """Let the kernel allow one operation of this thread, which the guard has allowed.

        Args:
            policy: the policy of a program that the operation starts; None for no policy.
            is_free: whether that program may start any other program.
        """
        if self.holds_test and not self._is_lost:
            thread = get_native_id()
            self._passed.add(thread)
            self._tell("pass", thread, *passes.pass_fields(operation, policy, is_free=is_free))

    def let_pass_no_more(self) -> None:
        """End the pass of this thread, whether it was used or not."""
        if self._passed and not self._is_lost:
            thread = get_native_id()
            if thread in self._passed:
                self._passed.discard(thread)
                self._tell("pass", thread)

    def _ask(self, kind: str, *details: Any, handed: int | None = None) -> None:
        """Send a message, and wait for the reply; a descriptor that is handed over is closed here."""
        self._number += 1
        try:
            try:
                self._send([kind, self._number, *details], handed)
            finally:
                if handed is not None:  # as long as it is open here, callers wait for ever if the supervisor ends
                    system.close(handed)
            self._take_reply()
        except (OSError, ValueError) as error:
            self._lose(error)

    def _take_reply(self) -> None:
        number = 0
        while number != self._number:
            data = self._channel.recv(_MAX_REPLY_BYTES)
            if not data:
                raise ValueError("the supervisor has closed the channel")
            number, told = _loads(data)
            scopes.running.faults += map(GuardError, told)
            if number == BROKEN:
                self._is_lost = True
                return

    def _tell(self, *message: Any) -> None:
        try:
            self._send([*message], None)
        except (OSError, ValueError) as error:
            if self._pid == real.get_pid():  # a forked child may close its copy, and is judged as the test
                self._lose(error)

    def _send(self, message: list[Any], handed: int | None) -> None:
        if _inode(self._channel.fileno()) != self._identity:
            raise ValueError("its descriptor belongs to another file")
        data = _dumps(message).encode()
        with contextlib.ExitStack() as stack:
            fds = [handed] if handed is not None else []
            if len(data) > MAX_MESSAGE_BYTES:
                fds.insert(0, stack.enter_context(_file_of(data)))
                data = IN_A_FILE
            if fds:
                own_sockets.send_descriptors(self._channel, data, *fds)
            else:
                self._channel.send(data)

    def _lose(self, error: Exception | None = None) -> None:
        """Have every judged call refused and report an error: the supervisor no longer knows which test runs."""
        if not self._is_lost:
            self._is_lost = True
            seccomp.alarm(self._machine)
        reason = ": see the earlier error" if error is None else f": {error}"
        scopes.running.faults.append(GuardError(_LOST.format(reason=reason)))


@contextlib.contextmanager
def _file_of(data: bytes) -> Iterator[int]:
    """The descriptor of a file in memory that holds some data."""
    fd = os.memfd_create("hermetic")
    try:
        while data:
            data = data[os.write(fd, data) :]
        yield fd
    finally:
        system.close(fd)


def _inode(fd: int) -> tuple[int, int]:
    """The device and inode of an open file, which identify it."""
    status = _fstat(fd)
    return status.st_dev, status.st_ino


def _held(besides: int) -> list[tuple[int, str, dict[str, Any]]]:
    """The connected and listening sockets of this process: descriptor, identity, and the operation of using it.

    Socket pairs without names are left out, because they reach no other process.
    """
    found = []
    for fd in map(int, os.listdir(_FDS)):
        identity = system_calls.socket_identity(real.get_pid(), fd)
        if fd != besides and identity.startswith("socket:"):
            use = _use_of(fd)
            if use is not None:
                found.append((fd, identity, use._asdict()))
    return found


def _use_of(fd: int) -> Operation | None:
    _socket = real.socket_module()
    sock = _socket.socket(fileno=os.dup(fd))
    try:
        try:
            listens = bool(sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ACCEPTCONN))
            address = sock.getsockname() if listens else sock.getpeername()
        except OSError:
            return None  # not connected
        if sock.family == _socket.AF_UNIX:
            address = address or sock.getsockname()
            return events.socket_operation("listen" if listens else "use", sock, address) if address else None
        operation = events.socket_operation("listen" if listens else "use", sock, address)
        return operation if operation.family != KERNEL else None
    finally:
        sock.close()

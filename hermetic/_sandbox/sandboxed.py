"""The worker's side: it enters the sandbox, and from then on tells what it runs.

One instance, in ``state.running.sandbox``: the guard calls it where a scope comes into force, and where it lets one
operation happen that the policy of the test alone would not.
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
from .._verdicts import child_reports, scopes
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
[H009] kernel layer lost: the process that judges system calls cannot be told which test is running{reason}
  All system calls that it would judge are refused from here on, and each further test of this worker is an error.
  Find what closes descriptors that it has not opened, such as os.closerange(), or writes to them.
  docs: hermetic/docs/reference/messages.md#h009"""


def prepare() -> None:
    """Load what is needed, in the process that sandboxed ones are forked from."""
    seccomp.c_library()


class Sandbox:
    """The sandbox that this process is in.

    Args:
        channel: the descriptor of the way to the one who answers.
    """

    def __init__(self, channel: int) -> None:
        self._channel = own_sockets.from_descriptor(channel)
        self._identity = _inode(channel)
        self._machine = seccomp.known_machine()
        self._pid = real.get_pid()
        self._passed: set[int] = set()  # threads with an exception
        self.holds_test = False  # whether the scope in force has anything to be held to
        self._number = 0  # of the last message that was replied to
        self._is_lost = False

    @classmethod
    def enter(cls, channel: int) -> Sandbox:
        """Put this process, and all that it will start, under the filter; there is no way back.

        Args:
            channel: as above.

        Raises:
            OSError: the system refuses.
        """
        sandbox = cls(channel)
        held = _held(besides=channel)
        program = filters.program(sandbox._machine, channel=channel, held=[fd for fd, _, _ in held])
        listener = seccomp.enter(program, sandbox._machine)
        sandbox._ask("entered", sandbox._pid, held, handed=listener)
        return sandbox

    def scope_changed(self, scope: Scope | None) -> None:
        """Another scope is in force for this process.

        Args:
            scope: None for none.
        """
        if self._pid != real.get_pid():
            return  # a forked child of the test is the test
        if self._is_lost:
            if scope is not None and scope.owner is not None:
                self._lose()
            return
        policy = None if scope is None else scope.policy
        is_held = policy is not None and LIMITS[policy.size].network != ANYWHERE
        self._passed.clear()
        if is_held:
            assert scope is not None
            child_reports.expect_reports(scope)
            fields = child_reports.policy_fields(policy)
            name = "code outside of any test" if scope.owner is None else scope.name
            self._ask("scope", scope.serial, name, fields, scope.report_path)
        elif self.holds_test:
            self._ask("scope", 0, "", None, "")
        self.holds_test = is_held

    def let_pass(self, operation: Operation, policy: Policy | None, *, is_free: bool) -> None:
        """This thread does something next that the guard lets happen; the kernel is to let happen this alone.

        Args:
            operation: what it does.
            policy: what a program that it starts is held to; None for nothing.
            is_free: whether what the program starts is its own business.
        """
        if self.holds_test and not self._is_lost:
            thread = get_native_id()
            self._passed.add(thread)
            self._tell("pass", thread, *passes.described(operation, policy, is_free=is_free))

    def let_pass_no_more(self) -> None:
        """End the exception for this thread, whether it was used or not."""
        if self._passed and not self._is_lost:
            thread = get_native_id()
            if thread in self._passed:
                self._passed.discard(thread)
                self._tell("pass", thread)

    def _ask(self, kind: str, *details: Any, handed: int | None = None) -> None:
        """Tell something, and wait until it holds; a descriptor that is handed over is closed here."""
        self._number += 1
        try:
            try:
                self._send([kind, self._number, *details], handed)
            finally:
                if handed is not None:  # as long as it is open here, who waits for an answer waits for ever
                    system.close(handed)
            self._take_reply()
        except (OSError, ValueError) as error:
            self._lose(error)

    def _take_reply(self) -> None:
        number = 0
        while number != self._number:
            data = self._channel.recv(_MAX_REPLY_BYTES)
            if not data:
                raise ValueError("nobody answers any more")
            number, told = _loads(data)
            scopes.running.faults += map(GuardError, told)
            if number == BROKEN:
                self._is_lost = True
                return

    def _tell(self, *message: Any) -> None:
        try:
            self._send([*message], None)
        except (OSError, ValueError) as error:
            if self._pid == real.get_pid():  # else a forked child has closed its copy, and is judged as the test is
                self._lose(error)

    def _send(self, message: list[Any], handed: int | None) -> None:
        if _inode(self._channel.fileno()) != self._identity:
            raise ValueError("its descriptor is another file's")
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
        """Nobody knows any more what is running here: see to it that all is refused, and make it an error."""
        if not self._is_lost:
            self._is_lost = True
            seccomp.alarm(self._machine)
        reason = ": an earlier error says why" if error is None else f": {error}"
        scopes.running.faults.append(GuardError(_LOST.format(reason=reason)))


@contextlib.contextmanager
def _file_of(data: bytes) -> Iterator[int]:
    """A file in memory with some data: its descriptor."""
    fd = os.memfd_create("hermetic")
    try:
        while data:
            data = data[os.write(fd, data) :]
        yield fd
    finally:
        system.close(fd)


def _inode(fd: int) -> tuple[int, int]:
    """What tells a file from all others."""
    status = _fstat(fd)
    return status.st_dev, status.st_ino


def _held(besides: int) -> list[tuple[int, str, dict[str, Any]]]:
    """The sockets of this process that are connected or listen: their descriptors, what tells them, what their use is.

    Pairs, whose ends have no names, reach nobody else.
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
            return None  # it is not connected
        if sock.family == _socket.AF_UNIX:
            address = address or sock.getsockname()
            return events.address_operation("listen" if listens else "use", sock, address) if address else None
        operation = events.address_operation("listen" if listens else "use", sock, address)
        return operation if operation.family != KERNEL else None
    finally:
        sock.close()

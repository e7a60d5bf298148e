"""The worker's side: it enters the sandbox, and from then on tells what it runs.

One instance, in ``state.running.sandbox``: the guard calls it where a scope comes into force, and where it has let
something happen that the policy of the test alone would not.
"""

from __future__ import annotations

import json
import os
import socket
from threading import get_native_id

from .. import _real
from .._guards import children, events
from .._policy import KERNEL
from .._sizes import ANYWHERE, LIMITS
from . import calls, filters, seccomp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._guards.state import Scope
    from .._policy import Policy
    from .._records import Operation

_FDS = "/proc/self/fd"


def prepare() -> None:
    """Load what is needed, in the process that sandboxed ones are forked from."""
    seccomp.c_library()


class Sandbox:
    """The sandbox that this process is in.

    Args:
        channel: the descriptor of the way to the one who answers.
    """

    def __init__(self, channel: int) -> None:
        self._channel = socket.socket(fileno=channel)
        self._pid = _real.get_pid()
        self._passed: set[int] = set()  # threads that were let pass
        self._is_held = False  # whether the scope in force has anything to be held to

    @classmethod
    def enter(cls, channel: int) -> Sandbox:
        """Put this process, and all that it will start, under the filter; there is no way back.

        Args:
            channel: as above.

        Raises:
            OSError: the system refuses.
        """
        sandbox = cls(channel)
        machine = seccomp.this_machine()
        assert machine is not None  # it was asked before
        held = _held(besides=channel)
        program = filters.program(machine, channel=channel, held=[fd for fd, _, _ in held])
        listener = seccomp.enter(program, machine)
        message = json.dumps(["entered", sandbox._pid, held]).encode()
        socket.send_fds(sandbox._channel, [message], [listener])
        os.close(listener)
        return sandbox

    def scope_changed(self, scope: Scope | None) -> None:
        """Another scope is in force for this process.

        Args:
            scope: None for none.
        """
        if self._pid != _real.get_pid():
            return  # a forked child of the test is the test
        policy = None if scope is None else scope.policy
        is_held = policy is not None and LIMITS[policy.size].network != ANYWHERE
        thread = get_native_id()
        self._passed.discard(thread)
        if is_held:
            assert scope is not None
            children.expect_reports(scope)
            fields = children.policy_fields(policy)
            name = "code outside of any test" if scope.owner is None else scope.name
            self._send(["scope", thread, scope.serial, name, fields, scope.report_path])
        elif self._is_held:
            self._send(["scope", thread, 0, "", None, ""])
        self._is_held = is_held

    def let_pass(self, policy: Policy | None) -> None:
        """What this thread does next was judged by another policy than that of the test.

        Args:
            policy: the policy; None for everything.
        """
        if self._is_held:
            thread = get_native_id()
            self._passed.add(thread)
            self._send(["pass", thread, [children.policy_fields(policy)]])

    def let_pass_no_more(self) -> None:
        """What this thread does next is judged as anything else is."""
        if self._passed:
            thread = get_native_id()
            if thread in self._passed:
                self._passed.discard(thread)
                self._send(["pass", thread, []])

    def _send(self, message: list[Any]) -> None:
        try:
            self._channel.send(json.dumps(message).encode())
        except OSError:
            pass  # the test has closed it: it is held to what was said last


def _held(besides: int) -> list[tuple[int, str, dict[str, Any]]]:
    """The sockets of this process that are connected or listen: their descriptors, what tells them, what their use is.

    Pairs, whose ends have no names, reach nobody else.
    """
    found = []
    for fd in map(int, os.listdir(_FDS)):
        identity = calls.socket_identity(_real.get_pid(), fd)
        if fd != besides and identity.startswith("socket:"):
            use = _use_of(fd)
            if use is not None:
                found.append((fd, identity, use._asdict()))
    return found


def _use_of(fd: int) -> Operation | None:
    _socket = _real.socket_module()
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

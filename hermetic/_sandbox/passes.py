"""Passes: each lets a thread do the one operation that the guard in the worker has already allowed.

The kernel asks about the system calls of the operation as about any others. A pass covers the calls that the operation
needs, and nothing else that the thread does.
"""

from __future__ import annotations

from collections import namedtuple

from .._base.records import Operation
from .._base.sizes import NETWORK, PROCESS
from .._policy.decision import INET, UNIX
from .._verdicts import violation_data
from . import allowed_names, system_calls
from .programs import Standing, parent_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._policy.decision import Policy
    from .seccomp import SystemCall

_SENDS = frozenset({"sendto", "sendmsg", "use"})


def pass_fields(operation: Operation, policy: Policy | None, *, is_free: bool) -> list[Any]:
    """A pass as plain data: the arguments of ``Pass``.

    Args:
        policy: the policy that a program is started under; None for none.
        is_free: whether the program may start any other program.
    """
    port = None if operation.port is None else int(operation.port)
    fields = [operation.kind, operation.action, operation.family, operation.host, port]
    return [fields, violation_data.policy_fields(policy), is_free]


class Pass:
    """Lets a thread do one operation, whatever the policy of the test says."""

    def __init__(self, fields: list[Any], policy: dict[str, Any] | None, is_free: bool) -> None:  # noqa: FBT001 - as pass_fields() has it
        kind, action, family, host, port = fields
        self._operation = Operation(kind, action, "", "", family, host, port)
        self.standing = Standing(violation_data.policy_of(policy), is_free)
        self._used_by: SystemCall | None = None
        self._tried: set[str] = set()  # the addresses of the looked-up name that were tried

    @property
    def is_look_up(self) -> bool:
        """Whether the operation looks up a name, which takes several calls."""
        return self._operation.action == "resolve"

    @property
    def starts_program(self) -> bool:
        """Whether a process that the thread begins may become another program."""
        return self._operation.kind == PROCESS and self._operation.action == "start"

    def covers(self, call: SystemCall, found: Operation) -> bool:
        """Whether a call belongs to the operation, and no other call has used the pass."""
        if self.is_look_up:
            is_datagram = system_calls.socket_kind(call.thread, call.arguments[0] & 0xFFFFFFFF).startswith("UDP")
            return allowed_names.are_asked_by(found, is_datagram=is_datagram) or (
                is_datagram and self._may_be_tried(found)
            )
        return self._may_be_used_by(call) and _is_same(self._operation, found)

    def use(self, call: SystemCall, found: Operation) -> None:
        """Use the pass for what a call is about to do."""
        self._used_by = call
        self._tried.add(found.host)

    def _may_be_tried(self, found: Operation) -> bool:
        is_new = found.action == "connect" and found.host not in self._tried
        return is_new and allowed_names.is_tried(self._operation.host, found.host)

    def _may_be_used_by(self, call: SystemCall) -> bool:
        before = self._used_by
        if before is None or before.id == call.id:
            return True
        # A send is repeated with the same buffers if there was no room.
        return self._operation.action in _SENDS and before[1:] == call[1:]


def _is_same(wanted: Operation, found: Operation) -> bool:
    """Whether a system call does what Python was about to do."""
    if wanted.kind == PROCESS:
        return found.kind == PROCESS and wanted.action in (found.action, "start")
    are_sends = {wanted.action, found.action} <= _SENDS
    if wanted.kind != NETWORK or wanted.family != found.family or not (are_sends or wanted.action == found.action):
        return False
    if wanted.action == "listen":  # only the kernel knows the address: it has replaced port 0
        return True
    if wanted.family == UNIX:
        return wanted.host == found.host
    return wanted.family != INET or (wanted.port == found.port and allowed_names.stands_for(wanted.host, found.host))


class Start(namedtuple("Start", ("parent", "standing"))):  # noqa: PYI024 - as Policy
    """A process that was forked by a pass and has not become its program yet."""

    __slots__ = ()
    parent: int
    standing: Standing


class Starts:
    """The program starts that passes allow."""

    def __init__(self) -> None:
        self._waiting: list[Start] = []
        self._begun: dict[int, tuple[tuple[int, ...], Standing]] = {}  # by process: the addresses of its arguments

    def add(self, parent: int, standing: Standing) -> None:
        """Note that a process is forked that may become another program once."""
        self._waiting.append(Start(parent, standing))

    def clear(self) -> None:
        """Forget the starts of an earlier test."""
        self._waiting.clear()
        self._begun.clear()

    def take(self, name: str, pid: int, call: SystemCall) -> Standing | None:
        """The standing of the program that a process becomes; None if no pass allows it.

        A search along PATH makes several calls, with the same arguments.
        """
        first = 1 if name == "execve" else 2
        arguments = call.arguments[first : first + 2]
        before, standing = self._begun.get(pid, (arguments, None))
        if standing is not None:
            return standing if before == arguments else None
        parent = parent_of(pid)
        for start in self._waiting:
            if start.parent == parent:
                self._waiting.remove(start)
                self._begun[pid] = arguments, start.standing
                return start.standing
        return None

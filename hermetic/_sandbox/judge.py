"""The judgement on a system call: by the policy of the test that is running, as the guard would in Python."""

from __future__ import annotations

import errno
import os

from .. import _policy, _real
from .._guards import baseline, children, state
from .._policy import UNIX
from .._records import CallSite, Violation
from .._sizes import LIMITS, OBSERVE, WARN
from . import calls, names
from .syscalls import USES_FIRST, USES_THIRD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._policy import Policy
    from .._records import Operation
    from .seccomp import Call

_NOWHERE = CallSite("", 0, "", "", "", "")

_PROCESS_CALLS = frozenset({"execve", "execveat", "fork", "vfork", "clone"})
_EXECS = frozenset({"execve", "execveat"})
_USES = frozenset({*USES_FIRST, *USES_THIRD, "sendto", "sendmsg", "sendmmsg"})
_DUPLICATING = (0, 1030)  # F_DUPFD, F_DUPFD_CLOEXEC: nothing else that fcntl(2) does sends anything

# Services that the C library asks on its own, for names and identifiers, or logs to: it does without. The first of them
# look names up elsewhere.
_LOOK_UPS = ("/run/nscd/", "/run/systemd/resolve/", "/var/lib/sss/pipes/")
_SERVICES = (*_LOOK_UPS, "/run/systemd/", "/run/uuidd/", "/dev/log")


class Judge:
    """What is known of one worker.

    Attributes:
        worker: its process id.
        held: the sockets that it was connected with before, by descriptor: what tells each from others, and what its
            use is.
    """

    def __init__(self) -> None:
        self.worker = 0
        self.held: dict[int, tuple[str, Operation]] = {}
        self._scope = state.Scope("", None)  # of the test that is running
        self._passes: dict[int, Policy | None] = {}  # by thread: what the guard has judged its next calls by
        # What processes of this test were begun under, besides its own policy; nobody says which of them is which.
        self._started_under: list[Policy | None] = []
        self._trusted: set[int] = set()  # processes that were allowed: what they start is their business
        self._bound: dict[str, Operation] = {}  # the addresses of sockets, which listen there later

    def enter(self, thread: int, serial: int, test: str, policy: dict[str, Any] | None, report_path: str) -> None:
        """The worker runs another test.

        Args:
            thread: that says so.
            serial: of its scope.
            test: its id.
            policy: as plain data; None where there is nothing to be held to.
            report_path: where violations are reported.
        """
        if serial != self._scope.serial:
            self._started_under.clear()
        self._scope = state.Scope(test, children.policy_of(policy))
        self._scope.serial, self._scope.home, self._scope.report_path = serial, 0, report_path
        self._passes.pop(thread, None)

    def let_pass(self, thread: int, policies: list[dict[str, Any] | None]) -> None:
        """What a thread calls next was judged in the worker.

        Args:
            thread: the thread.
            policies: by what, if not by that of the test; None for everything.
        """
        if policies:
            self._passes[thread] = children.policy_of(policies[0])
        else:
            self._passes.pop(thread, None)

    def judge(self, name: str, call: Call, is_waiting: Callable[[], bool]) -> int:
        """Judge a call, and report it if it is refused.

        Args:
            name: of the call.
            call: the call.
            is_waiting: whether its caller is still there, and what was read of it is its own.

        Returns:
            The error that it fails with; 0 to have it done.
        """
        policy = self._passes.get(call.thread, self._scope.policy)
        if self._scope.policy is None or (policy is None and name not in _PROCESS_CALLS):
            return 0
        if name in _PROCESS_CALLS:
            refused = self._refused_starts(name, call, policy)
        else:
            assert policy is not None
            operations = self._operations(name, call)
            if any(operation.family == UNIX and _is_service(operation, policy) for operation in operations):
                return errno.ENOENT
            refused = [operation for operation in operations if self._refuses(policy, operation, call.thread)]
            if name == "bind" and not refused:
                self._bound.update((self._identity(call), operation) for operation in operations)
        if not refused:
            return 0
        if not is_waiting():
            return errno.EPERM  # nobody hears it
        let_happen = [self._report(operation, call.thread) for operation in refused]
        return 0 if all(let_happen) else errno.EPERM

    def _operations(self, name: str, call: Call) -> list[Operation]:
        """What a call is about to do on the network."""
        uses = self._uses(name, call)
        if name in USES_FIRST or name in USES_THIRD:
            return uses
        operations = calls.operations(name, call.thread, call.arguments)
        if name == "listen" and operations:
            bound = self._bound.get(self._identity(call))
            return [bound._replace(action="listen", api="listen(2)")] if bound else operations
        return uses + operations

    def _uses(self, name: str, call: Call) -> list[Operation]:
        """What it means that a call uses a socket which was connected before."""
        fd = call.arguments[2 if name in USES_THIRD else 0] & 0xFFFFFFFF
        identity, use = self.held.get(fd, ("", None)) if name in _USES else ("", None)
        if use is None or identity != calls.socket_identity(call.thread, fd):
            return []
        if name == "fcntl" and call.arguments[1] not in _DUPLICATING:
            return []
        return [use._replace(api=f"{name}(2)")]

    def _identity(self, call: Call) -> str:
        return calls.socket_identity(call.thread, call.arguments[0] & 0xFFFFFFFF)

    def _refused_starts(self, name: str, call: Call, policy: Policy | None) -> list[Operation]:
        """A process that is begun, or becomes another program, as far as it may not."""
        may_start_any = policy is None or LIMITS[policy.size].processes
        if name not in _EXECS and (may_start_any or (policy and policy.allowance.processes)):
            if policy != self._scope.policy and policy not in self._started_under:
                self._started_under.append(policy)
            return []  # which program it is to be, it says later
        if may_start_any:
            return []
        pid = _real_process(call.thread)
        operations = calls.operations(name, call.thread, call.arguments)
        if pid != self.worker and self._is_trusted(pid):
            return []
        under = [policy] if pid == self.worker else [policy, *self._started_under]
        if name in _EXECS and any(found is None or not _policy.refuses(found, operations[0]) for found in under):
            self._trusted.add(pid)
            return []
        return operations

    def _refuses(self, policy: Policy, operation: Operation, thread: int) -> bool:
        """Whether neither the policy allows an operation nor, in another process, what that may have begun under."""
        if not _refuses(policy, operation):
            return False
        if not self._started_under or _real_process(thread) == self.worker:
            return True
        return all(found is not None and _refuses(found, operation) for found in self._started_under)

    def _is_trusted(self, pid: int) -> bool:
        """Whether a process descends from one that was allowed."""
        while pid > 1 and pid != self.worker:
            if pid in self._trusted:
                return True
            pid = _status(pid, "PPid")
        return False

    def _report(self, operation: Operation, thread: int) -> bool:
        """Report an operation that is refused; whether it is let happen all the same."""
        scope = self._scope
        assert scope.policy is not None
        assert scope.report_path is not None
        pid = _real_process(thread)
        operation = operation._replace(program=_program(pid), pid=pid)
        code = _policy.violation_code(operation)
        violation = Violation(code, scope.policy.size.value, scope.name, operation, _NOWHERE)
        is_noted = scope.policy.mode == OBSERVE or baseline.is_known(scope, violation)
        warned = is_noted or scope.policy.mode == WARN
        children.append(scope.report_path, scope.serial, violation, warned=warned, silently=is_noted)
        return warned


def _refuses(policy: Policy, operation: Operation) -> bool:
    return _policy.refuses(policy, operation) and not names.are_allowed_for(policy, operation)


def _is_service(operation: Operation, policy: Policy) -> bool:
    """Whether an operation asks a service of the system for what the policy does not let it have."""
    services = _SERVICES if _policy.refuses(policy, operation) else _LOOK_UPS
    path = operation.host.removeprefix("/var") if operation.host.startswith("/var/run/") else operation.host
    return path.startswith(services) and not names.of(policy)


def _real_process(thread: int) -> int:
    """The process id of a thread."""
    return _status(thread, "Tgid")


def _status(pid: int, field: str) -> int:
    """A number in /proc/PID/status; 0 for a process that has ended."""
    try:
        with _real.open_file(f"/proc/{pid}/status", "rb") as file:
            found: bytes = file.read().partition(f"\n{field}:".encode())[2]
    except OSError:
        return 0
    return int(found.split(maxsplit=1)[0]) if found else 0


def _program(pid: int) -> str:
    """The name of the program that a process runs."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)"))
    except OSError:
        return ""

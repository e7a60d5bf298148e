"""Judges a system call by the policy of the running test, as the guard judges Python code."""

from __future__ import annotations

import errno

from .._base.errors import GuardError
from .._base.records import CallSite, Violation
from .._base.sizes import LIMITS, OBSERVE, WARN
from .._operations import lasting
from .._policy import decision, messages
from .._policy.decision import UNIX
from .._verdicts import baseline, log_writing, scopes, violation_data
from . import allowed_names, system_calls
from .call_numbers import USES
from .passes import Pass, Starts
from .programs import Programs, Standing, program_name, real_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._base.records import Operation
    from .._policy.decision import Policy
    from .seccomp import SystemCall

_UNREPORTED = """\
[H009] unreported violation: the kernel sandbox refused a system call in test {test}, and could not report that: {error}
  The violation follows.
  Find what removes, fills or locks the folder for temporary files while the test runs.

{text}"""

_NOWHERE = CallSite("", 0, "", "", "", "")

_PROCESS_CALLS = frozenset({"execve", "execveat", "fork", "vfork", "clone"})
_EXECS = frozenset({"execve", "execveat"})
_DUPLICATING = (0, 1030)  # F_DUPFD, F_DUPFD_CLOEXEC: no other command of fcntl(2) leads to a send

# Services that the C library uses on its own, for names, identifiers and logs; it manages without them.
_SERVICES = (*allowed_names.LOOK_UP_SERVICES, "/run/systemd/", "/run/uuidd/", "/dev/log")


class Judge:
    """Judges the system calls of one worker and of everything that it starts.

    Attributes:
        held: the sockets that were connected before the sandbox, by descriptor: the identity of each, and the operation
            of using it.
    """

    def __init__(self) -> None:
        self.worker = 0
        self.held: dict[int, tuple[str, Operation]] = {}
        self._scope = scopes.Scope("", None)  # of the running test
        self._passes: dict[int, Pass] = {}  # by thread
        self._starts = Starts()
        self._programs = Programs()
        self._bound: dict[str, Operation] = {}  # by identity of the socket, which may listen there later

    @property
    def test(self) -> str:
        """The id of the test that is running."""
        return self._scope.name

    def enter(self, serial: int, test: str, policy: dict[str, Any] | None, log_path: str) -> None:
        """Note that the worker runs another test.

        Args:
            policy: the policy as plain data; None for no policy.
        """
        if serial != self._scope.serial:
            self._starts.clear()
        self._passes.clear()
        self._scope = scopes.Scope(test, violation_data.policy_of(policy))
        self._scope.serial, self._scope.home, self._scope.log_path = serial, 0, log_path

    def let_pass(self, thread: int, *details: Any) -> None:
        """Let a thread do one operation that the guard in the worker has allowed.

        Args:
            *details: the result of ``passes.pass_fields``; nothing to end the last pass, used or not.
        """
        self._passes.pop(thread, None)
        if details:
            self._passes[thread] = Pass(*details)

    def judge(self, name: str, call: SystemCall, is_waiting: Callable[[], bool]) -> int:
        """Judge a system call, and report it if it is refused.

        Args:
            is_waiting: whether its caller is still waiting, so that the memory that was read is the caller's.

        Returns:
            The error that the call fails with; 0 to carry it out.

        Raises:
            GuardError: the call was refused, and the refusal could not be reported.
        """
        if name in _PROCESS_CALLS:
            refused = self._refused_starts(name, call, is_waiting)
        elif self._scope.policy is None:
            return 0
        else:
            operations = self._operations(name, call)
            if any(self._is_service(operation, call) for operation in operations):
                return errno.ENOENT
            refused = [found for found in operations if self._refuses(found, call, is_waiting)]
            if name == "bind" and not refused:
                self._bound.update((self._identity(call), operation) for operation in operations)
        if not refused:
            return 0
        if not is_waiting():
            return errno.EPERM  # the caller has ended
        let_happen = [self._report(operation, call.thread) for operation in refused]
        return 0 if all(let_happen) else errno.EPERM

    def _operations(self, name: str, call: SystemCall) -> list[Operation]:
        """What a system call is about to do on the network."""
        uses = self._uses(name, call)
        if name in USES:
            return uses
        operations = system_calls.operations(name, call.thread, call.arguments)
        if name == "listen" and operations:
            bound = self._bound.get(self._identity(call))
            return [bound._replace(action="listen", api="listen(2)")] if bound else operations
        return uses + operations

    def _uses(self, name: str, call: SystemCall) -> list[Operation]:
        """The operations of a call on sockets that were connected before the sandbox."""
        if not self.held or (name == "fcntl" and call.arguments[1] not in _DUPLICATING):
            return []
        found = []
        for fd in system_calls.descriptors(name, call.thread, call.arguments):
            identity, use = self.held.get(fd, ("", None))
            if use is not None and identity == system_calls.socket_identity(call.thread, fd):
                found.append(use._replace(api=f"{name}(2)"))
        return found

    def _identity(self, call: SystemCall) -> str:
        return system_calls.socket_identity(call.thread, call.arguments[0] & 0xFFFFFFFF)

    def _is_service(self, operation: Operation, call: SystemCall) -> bool:
        """Whether an operation asks a system service for something that the policy does not allow."""
        policy, passed = self._scope.policy, self._passes.get(call.thread)
        if (
            operation.family != UNIX
            or policy is None
            or allowed_names.host_names(policy)
            or (passed and passed.is_look_up)
        ):
            return False
        services = _SERVICES if decision.refuses(policy, operation) else allowed_names.LOOK_UP_SERVICES
        return allowed_names.service_path(operation).startswith(services)

    def _refused_starts(self, name: str, call: SystemCall, is_waiting: Callable[[], bool]) -> list[Operation]:
        """The refused operations of a call that forks a process or starts a program."""
        pid = real_process(call.thread)
        standing = self._programs.standing_of(pid) if pid != self.worker else None
        if standing is None or not standing.is_free:
            operations = system_calls.operations(name, call.thread, call.arguments)
            if name not in _EXECS:
                return [] if self._may_fork(pid, call, operations[0], is_waiting) else operations
            standing = self._standing_after(name, pid, call, operations[0], is_waiting)
            if standing is None:
                return operations
        if name in _EXECS:
            self._programs.note_start(pid, standing)
        return []

    def _may_fork(self, pid: int, call: SystemCall, operation: Operation, is_waiting: Callable[[], bool]) -> bool:
        policy = self._scope.policy
        passed = self._passing(call, operation, is_waiting)
        if passed is not None and passed.starts_program:
            self._starts.add(pid, passed.standing)
        if passed is not None or policy is None or LIMITS[policy.size].processes:
            return True
        return bool(policy.allowance.processes)  # the start of the program is judged later

    def _standing_after(
        self, name: str, pid: int, call: SystemCall, operation: Operation, is_waiting: Callable[[], bool]
    ) -> Standing | None:
        """The standing of the program that a process is about to become; None if the start is refused."""
        policy = self._scope.policy
        passed = self._passing(call, operation, is_waiting)
        standing = self._starts.take(name, pid, call) if passed is None else passed.standing
        if standing is None and (policy is None or not decision.refuses(policy, operation)):
            return Standing(policy, True)  # noqa: FBT003 - a record
        return standing

    def _passing(self, call: SystemCall, operation: Operation, is_waiting: Callable[[], bool]) -> Pass | None:
        """The pass that a call belongs to, marked as used; None if there is no such pass."""
        passed = self._passes.get(call.thread)
        if passed is None or not passed.covers(call, operation) or not is_waiting():
            return None
        passed.use(call, operation)
        return passed

    def _refuses(self, operation: Operation, call: SystemCall, is_waiting: Callable[[], bool]) -> bool:
        """Whether nothing allows an operation: neither the test, nor a pass, nor the standing of the program."""
        policy = self._scope.policy
        if policy is None or not _refuses(policy, operation):
            return False
        if self._passing(call, operation, is_waiting) is not None:
            return False
        pid = real_process(call.thread)
        standing = self._programs.standing_of(pid) if pid != self.worker else None
        return standing is None or (standing.policy is not None and _refuses(standing.policy, operation))

    def _report(self, operation: Operation, thread: int) -> bool:
        """Report a refused operation; return whether the mode or the baseline lets it happen anyway."""
        scope = self._scope
        assert scope.policy is not None
        assert scope.log_path is not None
        pid = real_process(thread)
        operation = lasting.proposing(operation._replace(program=program_name(pid), pid=pid), None)
        code = decision.violation_code(operation)
        violation = Violation(code, scope.policy.size.value, scope.name, operation, _NOWHERE)
        is_noted = scope.policy.mode == OBSERVE or baseline.is_known(scope, violation)
        warned = is_noted or scope.policy.mode == WARN
        try:
            entry = log_writing.log_entry(scope.serial, violation, warned=warned, silently=is_noted)
            log_writing.write_entry(scope.log_path, entry)
        except OSError as error:
            text = messages.violation_text(violation)
            raise GuardError(_UNREPORTED.format(test=scope.name, error=error, text=text)) from error
        return warned


def _refuses(policy: Policy, operation: Operation) -> bool:
    return decision.refuses(policy, operation) and not allowed_names.are_allowed_for(policy, operation)

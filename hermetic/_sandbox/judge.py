"""The judgement on a system call: by the policy of the test that is running, as the guard would in Python."""

from __future__ import annotations

import errno

from .._base.errors import GuardError
from .._base.records import CallSite, Violation
from .._base.sizes import LIMITS, OBSERVE, WARN
from .._policy import decision, messages
from .._policy.decision import UNIX
from .._verdicts import baseline, child_reports, scopes
from . import allowed_names, system_calls
from .call_numbers import USES
from .passes import Pass, Starts
from .programs import Programs, Standing, name_of, real_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._base.records import Operation
    from .._policy.decision import Policy
    from .seccomp import Call

_UNREPORTED = """\
[H009] unreported violation: the kernel layer refused a system call in test {test}, and could not report that: {error}
  The violation follows.
  Find what removes, fills or locks the folder for temporary files while the test runs.
  docs: hermetic/docs/reference/messages.md#h009

{text}"""

_NOWHERE = CallSite("", 0, "", "", "", "")

_PROCESS_CALLS = frozenset({"execve", "execveat", "fork", "vfork", "clone"})
_EXECS = frozenset({"execve", "execveat"})
_DUPLICATING = (0, 1030)  # F_DUPFD, F_DUPFD_CLOEXEC: nothing else that fcntl(2) does sends anything

# Services that the C library asks on its own, for names and identifiers, or logs to: it does without.
_SERVICES = (*allowed_names.LOOK_UP_SERVICES, "/run/systemd/", "/run/uuidd/", "/dev/log")


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
        self._scope = scopes.Scope("", None)  # of the test that is running
        self._passes: dict[int, Pass] = {}  # by thread: what the guard lets happen next
        self._starts = Starts()
        self._programs = Programs()
        self._bound: dict[str, Operation] = {}  # the addresses of sockets, which listen there later

    @property
    def test(self) -> str:
        """The id of the test that is running."""
        return self._scope.name

    def enter(self, serial: int, test: str, policy: dict[str, Any] | None, report_path: str) -> None:
        """The worker runs another test.

        Args:
            serial: of its scope.
            test: its id.
            policy: as plain data; None where there is nothing to be held to.
            report_path: where violations are reported.
        """
        if serial != self._scope.serial:
            self._starts.clear()
        self._passes.clear()
        self._scope = scopes.Scope(test, child_reports.policy_of(policy))
        self._scope.serial, self._scope.home, self._scope.report_path = serial, 0, report_path

    def let_pass(self, thread: int, *details: Any) -> None:
        """Have a thread do one thing that the guard has judged in the worker.

        Args:
            thread: the thread.
            *details: as of ``passes.described``; none to end the last exception, used or not.
        """
        self._passes.pop(thread, None)
        if details:
            self._passes[thread] = Pass(*details)

    def judge(self, name: str, call: Call, is_waiting: Callable[[], bool]) -> int:
        """Judge a call, and report it if it is refused.

        Args:
            name: of the call.
            call: the call.
            is_waiting: whether its caller is still there, and what was read of it is its own.

        Returns:
            The error that it fails with; 0 to have it done.

        Raises:
            GuardError: the call was refused, and that could not be reported.
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
            return errno.EPERM  # nobody hears it
        let_happen = [self._report(operation, call.thread) for operation in refused]
        return 0 if all(let_happen) else errno.EPERM

    def _operations(self, name: str, call: Call) -> list[Operation]:
        """What a call is about to do on the network."""
        uses = self._uses(name, call)
        if name in USES:
            return uses
        operations = system_calls.operations(name, call.thread, call.arguments)
        if name == "listen" and operations:
            bound = self._bound.get(self._identity(call))
            return [bound._replace(action="listen", api="listen(2)")] if bound else operations
        return uses + operations

    def _uses(self, name: str, call: Call) -> list[Operation]:
        """What it means that a call uses sockets which were connected before."""
        if not self.held or (name == "fcntl" and call.arguments[1] not in _DUPLICATING):
            return []
        found = []
        for fd in system_calls.descriptors(name, call.thread, call.arguments):
            identity, use = self.held.get(fd, ("", None))
            if use is not None and identity == system_calls.socket_identity(call.thread, fd):
                found.append(use._replace(api=f"{name}(2)"))
        return found

    def _identity(self, call: Call) -> str:
        return system_calls.socket_identity(call.thread, call.arguments[0] & 0xFFFFFFFF)

    def _is_service(self, operation: Operation, call: Call) -> bool:
        """Whether an operation asks a service of the system for what the policy does not let it have."""
        policy, passed = self._scope.policy, self._passes.get(call.thread)
        if operation.family != UNIX or policy is None or allowed_names.of(policy) or (passed and passed.is_look_up):
            return False
        services = _SERVICES if decision.refuses(policy, operation) else allowed_names.LOOK_UP_SERVICES
        return allowed_names.service_path(operation).startswith(services)

    def _refused_starts(self, name: str, call: Call, is_waiting: Callable[[], bool]) -> list[Operation]:
        """A process that is begun, or becomes another program, as far as it may not."""
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

    def _may_fork(self, pid: int, call: Call, operation: Operation, is_waiting: Callable[[], bool]) -> bool:
        policy = self._scope.policy
        passed = self._passing(call, operation, is_waiting)
        if passed is not None and passed.starts_program:
            self._starts.add(pid, passed.standing)
        if passed is not None or policy is None or LIMITS[policy.size].processes:
            return True
        return bool(policy.allowance.processes)  # which program it is to be, it says later

    def _standing_after(
        self, name: str, pid: int, call: Call, operation: Operation, is_waiting: Callable[[], bool]
    ) -> Standing | None:
        """The standing of the program that a process becomes; None if it may not."""
        policy = self._scope.policy
        passed = self._passing(call, operation, is_waiting)
        standing = self._starts.take(name, pid, call) if passed is None else passed.standing
        if standing is None and (policy is None or not decision.refuses(policy, operation)):
            return Standing(policy, True)  # noqa: FBT003 - a record
        return standing

    def _passing(self, call: Call, operation: Operation, is_waiting: Callable[[], bool]) -> Pass | None:
        """The exception that a call is the operation of, which is used up by that."""
        passed = self._passes.get(call.thread)
        if passed is None or not passed.covers(call, operation) or not is_waiting():
            return None
        passed.use(call, operation)
        return passed

    def _refuses(self, operation: Operation, call: Call, is_waiting: Callable[[], bool]) -> bool:
        """Whether nothing allows an operation: the test, an exception, or what the program was started under."""
        policy = self._scope.policy
        if policy is None or not _refuses(policy, operation):
            return False
        if self._passing(call, operation, is_waiting) is not None:
            return False
        pid = real_process(call.thread)
        standing = self._programs.standing_of(pid) if pid != self.worker else None
        return standing is None or (standing.policy is not None and _refuses(standing.policy, operation))

    def _report(self, operation: Operation, thread: int) -> bool:
        """Report an operation that is refused; whether it is let happen all the same."""
        scope = self._scope
        assert scope.policy is not None
        assert scope.report_path is not None
        pid = real_process(thread)
        operation = operation._replace(program=name_of(pid), pid=pid)
        code = decision.violation_code(operation)
        violation = Violation(code, scope.policy.size.value, scope.name, operation, _NOWHERE)
        is_noted = scope.policy.mode == OBSERVE or baseline.is_known(scope, violation)
        warned = is_noted or scope.policy.mode == WARN
        try:
            entry = child_reports.entry_of(scope.serial, violation, warned=warned, silently=is_noted)
            child_reports.write(scope.report_path, entry)
        except OSError as error:
            text = messages.violation_text(violation)
            raise GuardError(_UNREPORTED.format(test=scope.name, error=error, text=text)) from error
        return warned


def _refuses(policy: Policy, operation: Operation) -> bool:
    return decision.refuses(policy, operation) and not allowed_names.are_allowed_for(policy, operation)

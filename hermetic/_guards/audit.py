"""Judges operations: lets each of them happen, or records a violation and raises it."""

from __future__ import annotations

import functools

from .._base import features, real
from .._base.addresses import packed_address
from .._base.errors import GuardError, ViolationError
from .._base.records import Operation, Violation
from .._base.sizes import LIMITS, NETWORK, NOWHERE, OBSERVE, PROCESS, WARN
from .._operations import callsite, events, lasting, started_processes, windows_events
from .._policy import decision, messages
from .._stdlib import subprocess_internals
from .._verdicts import allowed, baseline, log_writing, scopes, subjects, violation_data
from .._verdicts.faults import DECISION, RefusedQuietly, answer, shielded
from .._verdicts.several_violations import merged
from . import audit_hook, ceilings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .._verdicts.scopes import Scope


# The events of the lower layers that subprocess.Popen goes through, after its own event.
_BELOW_POPEN = frozenset({"os.posix_spawn", "_posixsubprocess.fork_exec"})

_READERS = {**events.READERS, **windows_events.READERS}


def _judge_event(event: str, args: tuple[Any, ...]) -> None:
    scope = subjects.scope_in_force()
    is_unjudged = scope is None or scope.policy is None
    if (is_unjudged and scopes.running.sandbox is None) or (event in _BELOW_POPEN and is_announced_by_popen()):
        return
    operation = _READERS[event](*args)
    if operation is None:
        return
    try:
        judge(operation, scope)
    except ViolationError:
        # That of the socket module, and that of urllib3, close their socket after an OSError alone: left open, it would
        # be one more warning in the user's output, of a socket that nobody knows.
        if event == "socket.connect" and callsite.caller()[2] == "create_connection":
            args[0].close()
        raise
    if event == "subprocess.Popen":
        _note_announced()


def _tell_sandbox(operation: Operation, policy: decision.Policy | None, *, is_allowed: bool) -> None:
    """Tell the kernel sandbox, if it restricts this process, that this thread is about to do an operation.

    Args:
        policy: the policy that it was judged by; None if it was not judged.
        is_allowed: whether the policy allows it; otherwise it happens for another reason.
    """
    sandbox, process = scopes.running.sandbox, scopes.running.process
    if sandbox is None or process is None or operation.kind not in (NETWORK, PROCESS):
        return
    # Of a start that is an exception, the kernel sees a fork, and not of which program.
    is_exception = operation.kind == PROCESS and policy is not None and not LIMITS[policy.size].processes
    if policy != process.policy or is_exception or not is_allowed:
        sandbox.let_pass(operation, policy, is_free=is_allowed)
    else:
        sandbox.let_pass_no_more()


def watch_column(column: str, readers: dict[str, Callable[..., Operation | None]]) -> None:
    """Read events that are judged only by policies which forbid an opt-in column.

    Args:
        column: one of ``sizes.OPT_IN``.
        readers: as ``events.READERS``; they are called only under such a policy.
    """

    def judge_event(read: Callable[..., Operation | None], args: tuple[Any, ...]) -> None:
        scope = subjects.scope_in_force()
        if scope is None or scope.policy is None or column not in scope.policy.forbid:
            return
        operation = read(*args)
        if operation is not None:
            judge(operation, scope)

    for event, read in readers.items():
        audit_hook.add_listener(event, shielded(functools.partial(judge_event, read)))


_ANNOUNCED = "_hermetic_announced"  # an attribute of each Popen whose own event was judged


def _note_announced() -> None:
    """Note that the event of the Popen which is being started was seen: a mock of ``sys.audit`` hides it."""
    popen = _popen_that_starts()
    if popen is not None:
        vars(popen)[_ANNOUNCED] = True


def is_announced_by_popen() -> bool:
    """Whether the caller is a Popen whose own event was judged, directly or through a debugger's wrappers."""
    popen = _popen_that_starts()
    return popen is not None and _ANNOUNCED in vars(popen)


def _popen_that_starts() -> Any:
    """The Popen among the nearest callers that is starting its process; None for none."""
    frame = callsite.frame_inside("subprocess", function=subprocess_internals.POPEN_START, depth=16)
    return None if frame is None else frame.f_locals.get("self")


# What asks a program about the system of its own accord, and does without the answer: the module and the function, or
# "" for all of them. Only where the library itself falls back when the program is missing, as the comments say.
_PROBES = (
    ("platform", ""),  # uname, ver: what os.uname says, or nothing
    ("ctypes.util", ""),  # ldconfig, gcc, ld, objdump, of find_library: the library is not found
    ("uuid", "_get_command_stdout"),  # ifconfig, ip, arp, of getnode: a random node
    ("webbrowser", "register_standard_browsers"),  # xdg-settings: no default browser
    ("matplotlib.font_manager", "_get_fontconfig_fonts"),  # fc-list, at its first import: the usual font folders
    ("matplotlib.font_manager", "_get_macos_fonts"),  # system_profiler: as above
    ("joblib.externals.loky.backend.context", "_count_physical_cores"),  # lscpu, cat, sysctl: the logical cores
    ("loky.backend.context", "_count_physical_cores"),  # as above
    ("distro.distro", ""),  # lsb_release, uname: what /etc/os-release says
    ("pip._vendor.distro.distro", ""),  # as above
    ("pip._internal.network.session", "user_agent"),  # rustc: left out
    ("google.auth._cloud_sdk", "get_project_id"),  # gcloud: no default project
    ("sentry_sdk.utils", "get_git_revision"),  # git rev-parse, of init: no default release
    ("datadog.util.hostname", "_get_hostname_unix"),  # hostname -f, of initialize: socket.gethostname
)


# What asks for the name of this machine likewise, and uses the short one where there is no other.
_NAME_PROBES = (("django.core.mail.utils", "get_fqdn"), ("email.utils", "make_msgid"))  # for the Message-ID of a mail


def judge(operation: Operation, scope: Scope | None = None) -> None:
    """Let an operation happen, or record it and raise.

    Args:
        scope: the scope that it belongs to; by default, the one in force.

    Raises:
        ViolationError: the policy in force refuses it, and its mode is strict.
    """
    scope = scope or subjects.scope_in_force()
    if scope is not None and scope.home != real.get_pid():
        scope = log_writing.test_now(scope)
    if scope is None or scope.policy is None:
        _tell_sandbox(operation, None, is_allowed=True)
        return
    name, policy = subjects.outside(scope) if scope.owner is None else ("", scope.policy)
    assert policy is not None
    if not decision.refuses(policy, operation) or _is_judged_later(operation, policy):
        _let_happen(operation, scope, policy)
        return
    if operation.kind == PROCESS and _is_inside_any(_PROBES):
        raise RefusedQuietly(2, "small tests start no process", operation.command)
    if operation.action == "resolve" and _is_inside_any(_NAME_PROBES):
        raise RefusedQuietly(2, "the size of the test allows no lookup of names", operation.target)
    if _is_housekeeping(operation):
        _tell_sandbox(operation, policy, is_allowed=False)
        return
    _refuse(operation, scope, policy, name or scope.name)


def _is_inside_any(functions: Iterable[tuple[str, str]]) -> bool:
    return any(callsite.is_inside(module, function=name) for module, name in functions)


def _let_happen(operation: Operation, scope: Scope, policy: decision.Policy) -> None:
    if operation.kind == PROCESS:
        ceilings.count_start(scope)
    elif operation.action == "resolve" and policy.allowance.hosts:
        policy = _let_addresses_through(operation, scope, policy)
    _tell_sandbox(operation, policy, is_allowed=True)


def _is_judged_later(operation: Operation, policy: decision.Policy) -> bool:
    """Whether the kernel sandbox will see the address that a fetched C function is called with."""
    return (
        operation.action == "native" and scopes.running.is_held_by_kernel() and LIMITS[policy.size].network != NOWHERE
    )


def _is_housekeeping(operation: Operation) -> bool:
    """Whether the standard library does for itself what the test has not asked for."""
    if operation.kind == PROCESS:
        # A lock, in a ThreadPool for one, starts its resource tracker. The start of a process by the fork server was
        # judged before the server itself is started for it.
        return callsite.is_inside("multiprocessing.synchronize") or callsite.is_inside(
            "multiprocessing.forkserver", function="connect_to_new_process"
        )
    if callsite.is_inside("multiprocessing.managers", function="_decref"):
        return True  # a proxy of the runner's, collected whenever it pleases the garbage collector
    if any(callsite.is_inside("multiprocessing.forkserver", function=name) for name in _ASKING_FORK_SERVER):
        return True  # how a process is started: the start itself is judged
    return not features.SOCKETPAIR_IS_A_SYSTEM_CALL and any(
        callsite.is_inside(module, function=name) for module, name in _PAIRS
    )


# What Windows connects to itself, where other systems have a system call for a pair: sockets on loopback (from 3.13 on
# under another name), and named pipes.
_PAIRS = (
    ("socket", "socketpair"),
    ("socket", "_fallback_socketpair"),
    ("multiprocessing.connection", "Pipe"),
    ("asyncio.windows_utils", "pipe"),
)


# The functions of the module that listen for the fork server's sake, and connect to it.
_ASKING_FORK_SERVER = ("ensure_running", "connect_to_new_process")


def _refuse(operation: Operation, scope: Scope, policy: decision.Policy, owner: str) -> None:
    """Record a violation, and raise it unless the mode or the baseline allows it."""
    written = started_processes.as_started(operation)
    if not started_processes.is_let_happen() and (policy.mode != OBSERVE or scopes.running.is_new(owner, written)):
        _record(written, scope, policy, owner)
        started_processes.note_let_happen()
    if operation.kind == PROCESS:
        ceilings.count_start(scope)  # the start happens, and what the child does is judged, too
    _tell_sandbox(operation, policy, is_allowed=False)


def _record(operation: Operation, scope: Scope, policy: decision.Policy, owner: str) -> None:
    site = callsite.find_call_site(operation.api)
    is_child = scope.home != real.get_pid()
    if is_child and isinstance(scope.owner, str):  # started anew: it has no mocks of the test
        site, operation = site._replace(patch=""), operation._replace(script="")
    operation = lasting.proposing(operation, scope.owner, site.patch)
    violation = Violation(decision.violation_code(operation), policy.size.value, owner, operation, site)
    is_noted = policy.mode == OBSERVE or baseline.is_known(scope, violation)
    warn = is_noted or policy.mode == WARN
    if is_child:
        log_writing.send_violation(scope, violation, warned=warn, silently=is_noted)
    if warn:
        if not is_child:
            allowed.note_allowed(violation, silently=is_noted)
        return
    error = violation_data.ERRORS[operation.kind](violation, messages.violation_text(violation))
    if not is_child:
        scopes.record(scope, error)
        if scope.owner is None and owner.partition(" ")[0] in ("setUpModule", "tearDownModule"):
            import unittest  # not worth its start-up time in the children of tests

            unittest.addModuleCleanup(_raise_late_of_fixtures)
    raise error


def _raise_late_of_fixtures() -> None:
    """As the last module cleanup, raise what the module's fixtures swallowed: the runner reports it."""
    late = scopes.take_late()
    scopes.running.late += [entry for entry in late if entry[0] is not None]
    of_fixtures = [error for owner, error in late if owner is None]
    if of_fixtures:
        raise merged(of_fixtures)


def _let_addresses_through(operation: Operation, scope: Scope, policy: decision.Policy) -> decision.Policy:
    """Allow the addresses of a name that is allowed, because the connection will name only those."""
    _socket = real.socket_module()
    entries = [entry for entry in policy.allowance.hosts if decision.names_host(entry, operation.host)]
    if not entries or packed_address(operation.host) is not None:
        return policy
    try:
        with scopes.unjudged():
            found = _socket.getaddrinfo(operation.host, None)
    except OSError:
        return policy
    ports = {decision.split_host(entry)[1] for entry in entries}
    hosts = {decision.join_host(str(answer[4][0]), port) for answer in found for port in ports}
    new = tuple(sorted(hosts.difference(policy.allowance.hosts)))
    if new:
        found_hosts = decision.Allowance(hosts=new)
        policy = policy.allowing(found_hosts)
        with scopes.running.lock:
            assert scope.policy is not None
            scope.policy = scope.policy.allowing(found_hosts)
        if scopes.running.sandbox is not None and scope is scopes.running.process:
            scopes.running.sandbox.scope_changed(scope)
    return policy


def judge_events(on_new_socket: Callable[[tuple[Any, ...]], None]) -> None:
    """Have the audit hook ask the judge. That lasts until the process ends, so call this once.

    Args:
        on_new_socket: called with the arguments of each ``socket.__new__``, in a scope or not.

    Raises:
        GuardError: the hook does not see events.
    """
    for event in _READERS:
        audit_hook.add_listener(event, shielded(functools.partial(_judge_event, event)))
    audit_hook.add_listener("socket.__new__", shielded(on_new_socket))
    audit_hook.add_listener(DECISION, answer)  # an entrance shields what it decides
    _check_hook()


def _check_hook() -> None:
    """Raise an error unless the hook sees events: CPython says nothing when an earlier hook refuses a new one."""
    answers: list[bool] = []
    real.audit(DECISION, answers, bool)
    if not answers:
        raise GuardError(
            "[H009] guard not installed: an audit hook that was installed before refuses further hooks"
            " (sys.addaudithook)\n"
            "  Tests with a size cannot be guarded in this process.\n"
            "  Find what calls sys.addaudithook() before hermetic is imported, and make it accept further hooks."
        )

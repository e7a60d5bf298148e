"""Proposes what to do about a violation: each line helps when it is followed, in this run and in the next."""

from __future__ import annotations

from .._base import features
from .._base.sizes import DATABASE, FILESYSTEM, NETWORK, OPT_IN, SIZE_NAMES, Size
from .decision import Policy, refuses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._base.records import Operation, Violation


def remedies(violation: Violation) -> list[str]:
    """Return what to do about a violation, the best first."""
    operation = violation.operation
    if operation.action == "hang" and operation.api:
        return [_OF_THE_RUN["hang"][0], f"give the test more time: change {operation.api}"]
    if operation.action in _OF_THE_RUN:
        return _OF_THE_RUN[operation.action]
    if violation.code == "H006":
        return _of_time(violation)
    if operation.action == "native":
        return _of_native_code(violation)
    if operation.kind in OPT_IN:
        return _of_opt_in(violation)
    return _of_network(violation) if operation.kind == NETWORK else _of_processes(violation)


# Of H008, and of a test that hangs.
_OF_THE_RUN = {
    "import": [
        "start the process in a function, and call that in the test or in setUpModule",
        "allow it if it is intended:   processes_at_import = allow",
    ],
    "worker": [
        "raise an exception in the task instead of calling sys.exit() or os._exit()",
        "send functions that the worker can import: those at the top level of a module",
        "check the initializer, and what the worker wrote to stderr",
    ],
    "stray": ["end the child with os._exit(), in a finally block"],
    "ceiling": [
        "stop the recursion: guard scripts with if __name__ == '__main__'",
        "raise the limit if you need that many processes:   max_process_depth, max_process_starts, max_processes",
    ],
    "hang": [
        "set a timeout on the call that the stacks show",
        "raise the limit:   test_timeout, or the timeout of the Bazel target",
    ],
}


def _of_time(violation: Violation) -> list[str]:
    advice = ["remove the waiting: patch the clock, or inject the client and pass a fake"]
    larger = SIZE_NAMES[SIZE_NAMES.index(violation.size) + 1 :]
    if larger:
        advice.append(f"mark the test @{larger[0]} if it needs that much time")
    return [*advice, "turn time limits off:   time_limits = off"]


def _of_processes(violation: Violation) -> list[str]:
    operation = violation.operation
    advice = [*_script(operation.script), *_patch(violation), "inject the executor and pass a fake"]
    if operation.allowed_as and operation.action != "fork":
        advice.append(f"allow this one program:   @hermetic.allow(processes=[{operation.allowed_as!r}])")
    return [*advice, _larger_size(operation, "the process")]


def _script(script: str) -> list[str]:
    if "\n" not in script:
        return [f"script the command:   {script}"] if script else []
    return ["\n        ".join(["script the command:", *script.splitlines()])]


def _of_network(violation: Violation) -> list[str]:
    operation = violation.operation
    if _is_of_server(operation):
        advice = [
            "test the handler without a server, or connect both ends with socket.socketpair()",
            *_patch(violation),
        ]
    else:
        memory = "answer the request in memory:   responses, httpretty, respx or vcrpy"
        advice = [memory, *_patch(violation), "inject the client and pass a fake"]
    if operation.allowed_as:
        advice.append(f"allow this one host:   @hermetic.allow(hosts=[{operation.allowed_as!r}])")
    is_local = not refuses(Policy(Size.MEDIUM), operation)
    return [*advice, _larger_size(operation, "a service on localhost" if is_local else "the remote service")]


def _is_of_server(operation: Operation) -> bool:
    """Whether an operation is one of servers, such as the look-up of the name that a socket is to be bound to."""
    return operation.action in ("listen", "bind", "join") or operation.api == "socket.socket.bind"


def _of_opt_in(violation: Violation) -> list[str]:
    operation = violation.operation
    advice = [_FIRST_ADVICE[operation.action], *_patch(violation)]
    if operation.kind in _ALLOWED and operation.allowed_as:
        what, key = _ALLOWED[operation.kind]
        advice.append(f"allow this one {what}:   @hermetic.allow({key}=[{operation.allowed_as!r}])")
    return [*advice, _larger_size(operation, f"the {operation.kind if operation.kind != 'sleep' else 'waiting'}")]


_FIRST_ADVICE = {
    "read": "read it as data of a package (importlib.resources), or pass the text itself, or an io.StringIO",
    "list": "pass the names, or list a temporary folder that the test makes",
    **dict.fromkeys(("write", "remove", "move", "link", "change"), "do it in a tempfile.TemporaryDirectory()"),
    "open": "inject the object that queries the database, and pass a fake",
    "sleep": "inject the clock and pass a fake, or wait for the event with a timeout",
}
_ALLOWED = {FILESYSTEM: ("path", "files"), DATABASE: ("database", "databases")}


def _of_native_code(violation: Violation) -> list[str]:
    operation = violation.operation
    advice = ["call it through a function of your own, and patch that"]
    if operation.kind == NETWORK:
        advice.append(f"allow this one function, whatever it reaches:   @hermetic.allow(hosts=[{operation.host!r}])")
    if operation.kind == NETWORK and violation.size == "medium" and not features.WINDOWS:
        advice.append("have the kernel judge the address, on Linux:   --sandbox kernel")
    return [*advice, _larger_size(operation, "the native call")]


def _patch(violation: Violation) -> list[str]:
    target = violation.site.patch
    return [f'patch it where it is used:   mock.patch("{target}")'] if target else []


def _larger_size(operation: Operation, point: str) -> str:
    """Name the smallest size that may do it."""
    larger = (size for size in Size if size is not Size.SMALL)
    size = next(size for size in larger if not refuses(Policy(size, forbid=OPT_IN), operation))
    return f"mark the test @{size.value} if {point} is the point of it"

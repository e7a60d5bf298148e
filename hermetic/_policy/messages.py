"""Writes the text of a violation: what happened, where, why, and what to do instead."""

from __future__ import annotations

from collections import Counter

from .._base import features
from .._base.addresses import Locality, is_loopback_name, locality
from .._base.command import explained
from .._base.sizes import DATABASE, FILESYSTEM, LIMITS, NETWORK, OPT_IN, SIZE_NAMES, Size
from .decision import INET, UNIX, join_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base.records import CallSite, Operation, Violation

_TITLES = {
    "H001": "network violation",
    "H002": "filesystem violation",
    "H003": "subprocess violation",
    "H004": "database violation",
    "H005": "sleep violation",
    "H006": "time violation",
    "H008": "multiprocessing violation",
}

_ACTIONS = {
    "connect": "connected to",
    "sendto": "sent to",
    "sendmsg": "sent to",
    "bind": "opened a socket on",
    "listen": "listened on",
    "join": "joined the multicast group",
    "use": "used a connection from before the test, to",
    "resolve": "looked up",
    "native": "fetched",
    "start": "started",
    "fork": "started a process by",
    "exec": "replaced its process by",
    "interpreter": "started a",
    "read": "read",
    "write": "wrote to",
    "list": "listed",
    "remove": "removed",
    "move": "moved",
    "link": "linked",
    "change": "changed",
    "open": "opened the database",
    "sleep": "slept",
    "import": "started a process while it was being imported:",
    "worker": "has lost a worker of a Pool, and the tasks that it had:",
    "ceiling": "met a ceiling:",
    "stray": "came back to the runner in",
    "overrun": "took",
    "hang": "was interrupted after",
}
_QUOTED = frozenset({"start", "exec", "resolve"})


def violation_text(violation: Violation, repeated: int = 0) -> str:
    """Write the whole message of a violation.

    Args:
        repeated: how many more times the same line did the same.
    """
    lines = [headline(violation) + (f" ({repeated} more times)" if repeated else "")]
    if violation.site.filename:
        lines.append("  at " + site_text(violation.site))
    elif violation.operation.pid is not None:
        lines.append(f"  {_caller(violation.operation)}")
    lines.append(f"  {_rule(violation)} Either")
    lines += [f"    - {advice}" for advice in _advice(violation)]
    return explained("\n".join(lines))


def headline(violation: Violation) -> str:
    """Write the first line: code, size, test, what it did, and to what."""
    subject = f"{violation.size} test {violation.test}" if violation.size else violation.test
    return f"[{violation.code}] {_TITLES[violation.code]}: {subject} {_deed(violation)}"


def _deed(violation: Violation) -> str:
    operation = violation.operation
    target = f'"{operation.target}"' if operation.action in _QUOTED else operation.target
    return f"{_ACTIONS[operation.action]} {target}"


def _caller(operation: Operation) -> str:
    """Name the program that made a system call, whose line of code is unknown."""
    return f"by {operation.api} in {operation.program or 'a program'} (process {operation.pid}), as the kernel told"


def site_text(site: CallSite) -> str:
    """Write a place in the user's code: file, line, function, and the source line."""
    return f"{site.filename}:{site.line} in {site.function}" + (f": {site.source}" if site.source else "")


def _rule(violation: Violation) -> str:
    if violation.code == "H008":
        return _MULTIPROCESSING[violation.operation.action][0]
    if violation.code == "H006":
        return _time_rule(violation)
    if violation.code in _RULES:
        return _RULES[violation.code]
    if violation.size == "small":
        return "small tests use no network."
    if violation.operation.action == "native":
        return "medium tests reach localhost only, and what a C function is called with cannot be seen."
    return "medium tests reach localhost only."


# Of what only small tests may not do.
_RULES = {
    "H002": "small tests use no files but those of the program and temporary ones.",
    "H003": "small tests run in one process.",
    "H004": "small tests open no database.",
    "H005": "small tests do not wait for time to pass.",
}


def _advice(violation: Violation) -> list[str]:
    operation = violation.operation
    if violation.code == "H008":
        return _MULTIPROCESSING[operation.action][1]
    if violation.code == "H006":
        return _time_advice(violation)
    if operation.action == "native":
        return _native_advice(violation)
    if operation.kind in OPT_IN:
        return _opt_in_advice(violation)
    return _network_advice(violation) if operation.kind == NETWORK else _process_advice(violation)


# Of H008: the rule, and what to do, by action.
_MULTIPROCESSING = {
    "import": (
        "its children would import it again, and start theirs.",
        [
            "start the process in a function, and call that in the test or in setUpModule",
            "let it happen, if it is meant:   processes_at_import = allow",
        ],
    ),
    "worker": (
        "plain Python would wait for them for ever.",
        [
            "let the task raise an exception, and not sys.exit() or os._exit()",
            "send what can be unpickled there: functions of modules, which are there when the worker starts",
            "look at the initializer, and at what the worker has written to stderr",
        ],
    ),
    "stray": (
        "it would run the tests that follow once more; it was ended.",
        ["leave the child with os._exit(), in a finally"],
    ),
    "ceiling": (
        "it looks as if processes start each other without end.",
        [
            "stop the recursion: guard scripts with if __name__ == '__main__'",
            "raise the ceiling, if so many are meant:   max_process_depth, max_process_starts, max_processes",
        ],
    ),
}


def _time_rule(violation: Violation) -> str:
    if violation.operation.action == "hang":
        return "no test may take longer (test_timeout; under Bazel, what is left of TEST_TIMEOUT)."
    return f"{violation.size} tests take no more than {LIMITS[Size(violation.size)].time_limit:g} s."


def _time_advice(violation: Violation) -> list[str]:
    if violation.operation.action == "hang":
        return [
            "give what it waits for, as the stacks show, a time-out of its own",
            "raise the limit:   test_timeout, or the timeout of the Bazel target",
        ]
    advice = ["take the waiting out of it: patch the clock, inject the client and pass a fake"]
    larger = SIZE_NAMES[SIZE_NAMES.index(violation.size) + 1 :]
    if larger:
        advice.append(f"mark the test @{larger[0]} if it has that much to do")
    return [*advice, "tell of no test that takes its time:   time_limits = off"]


def _process_advice(violation: Violation) -> list[str]:
    site, operation = violation.site, violation.operation
    advice = []
    if operation.script:
        advice.append(f'script the command:   self.subprocess.mock_run({operation.script}, stdout="...")')
    if site.patch:
        advice.append(f'patch it where it is used:   mock.patch("{site.patch}")')
    advice.append("inject the executor and pass a fake")
    if operation.command and operation.action in ("start", "exec"):
        name = operation.command.replace("\\", "/").rpartition("/")[2]
        advice.append(f"allow this one program:   @hermetic.allow(processes=[{name!r}])")
    advice.append("mark the test @medium if the process is the point of it")
    return advice


def as_source(value: str | Sequence[str]) -> str:
    """Write a string, or a list of strings, as Python source, in double quotes where that is readable."""
    if not isinstance(value, str):
        return f"[{', '.join(as_source(item) for item in value)}]"
    is_plain = value.replace("\n", "").isprintable() and "\\" not in value and '"' not in value
    return '"' + value.replace("\n", "\\n") + '"' if is_plain else repr(value)


def _network_advice(violation: Violation) -> list[str]:
    site, operation = violation.site, violation.operation
    advice = []
    if operation.action in ("listen", "bind"):
        advice.append("test the handler without a server, or connect both ends with socket.socketpair()")
    else:
        advice.append("answer the request in memory:   responses, httpretty, respx or vcrpy")
    if site.patch:
        advice.append(f'patch it where it is used:   mock.patch("{site.patch}")')
    advice.append("inject the client and pass a fake")
    if operation.host:
        advice.append(f"allow this one host:   @hermetic.allow(hosts=[{_host_entry(operation)!r}])")
    advice.append(_size_advice(violation))
    return advice


def _size_advice(violation: Violation) -> str:
    if violation.size == "small" and _is_local(violation.operation):
        return "mark the test @medium if a service on localhost is the point of it"
    return "mark the test @large if the remote service is the point of it"


def _is_local(operation: Operation) -> bool:
    if operation.family != INET:
        return operation.family == UNIX
    where = locality(operation.host)
    return where in (Locality.LOOPBACK, Locality.UNSPECIFIED) or is_loopback_name(operation.host)


def _host_entry(operation: Operation) -> str:
    return operation.host if operation.family == UNIX else join_host(operation.host, operation.port)


def _opt_in_advice(violation: Violation) -> list[str]:
    kind, site, target = violation.operation.kind, violation.site, violation.operation.target
    advice = [_FIRST_ADVICE[violation.operation.action]] if violation.operation.action in _FIRST_ADVICE else []
    if site.patch:
        advice.append(f'patch it where it is used:   mock.patch("{site.patch}")')
    if kind in _ALLOWED:
        what, key = _ALLOWED[kind]
        advice.append(f"allow this one {what}:   @hermetic.allow({key}=[{target!r}])")
    return [*advice, f"mark the test @medium if the {kind if kind != 'sleep' else 'waiting'} is the point of it"]


_FIRST_ADVICE = {
    "read": "read it as data of a package (importlib.resources), or pass the text itself, or an io.StringIO",
    "list": "pass the names, or list a folder that the test has made in the temporary one",
    **dict.fromkeys(("write", "remove", "move", "link", "change"), "do it in a tempfile.TemporaryDirectory()"),
    "open": "inject what asks the database, and pass a fake",
    "sleep": "inject the clock and pass a fake, or wait for what is to happen with a time-out",
}
_ALLOWED = {FILESYSTEM: ("path", "files"), DATABASE: ("database", "databases")}


def _native_advice(violation: Violation) -> list[str]:
    operation = violation.operation
    advice = ["call it through a function of your own, and patch that"]
    if operation.kind == NETWORK:
        advice.append(f"allow this one function, whatever it reaches:   @hermetic.allow(hosts=[{operation.host!r}])")
    if operation.kind == NETWORK and violation.size == "medium" and not features.WINDOWS:
        advice.append("have the kernel judge the address, on Linux:   --sandbox kernel")
    larger = "@large" if operation.kind == NETWORK else "@medium"
    return [*advice, f"mark the test {larger} if the native call is the point of it"]


def summary_lines(violations: Sequence[Violation], heading: str) -> list[str]:
    """Summarize violations by code and test for the end of a run.

    Args:
        heading: what they are: ``violations`` or ``warnings``.
    """
    lines = []
    for code in sorted({violation.code for violation in violations}):
        of_code = [violation for violation in violations if violation.code == code]
        tests = len({violation.test for violation in of_code})
        kind = _TITLES[code].partition(" ")[0]
        lines.append(f"{heading}: {code} {kind}: {len(of_code)} in {tests} test{'s' if tests != 1 else ''}")
        counted = Counter((violation.test, _deed(violation), violation.site) for violation in of_code)
        for (test, deed, site), count in counted.items():
            place = f" ({site.filename}:{site.line})" if site.filename else ""
            times = f", {count} times" if count > 1 else ""
            lines.append(f"  {test} {deed}{place}{times}")
    return lines


def leak_lines(leaks: Sequence[str]) -> list[str]:
    """Summarize the leaks of tests for the end of a run."""
    return [f"leaks: H007 isolation: {len(leaks)}", *(f"  {leak}" for leak in leaks)] if leaks else []


def summed_changes(changes: list[str]) -> str:
    """Join changes into one text, grouped by kind."""
    kinds: dict[str, list[str]] = {}
    for change in changes:
        kind, _, thing = change.partition(": ")
        kinds.setdefault(kind, []).extend([thing] * bool(thing))
    return "; ".join(f"{kind}: {first_names(things)}" if things else kind for kind, things in kinds.items())


_MAX_NAMED = 5


def first_names(names: Sequence[object]) -> str:
    """List the first few names, and count the others."""
    shown = ", ".join(map(str, names[:_MAX_NAMED]))
    return shown if len(names) <= _MAX_NAMED else f"{shown} and {len(names) - _MAX_NAMED} more"

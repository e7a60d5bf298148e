"""Writes the text of a violation: what happened, where, why, and what to do instead."""

from __future__ import annotations

from collections import Counter

from .._base.command import explained
from .._base.sizes import LIMITS, Size
from .remedies import remedies

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
    "process": "started",
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
    "worker": "lost a worker of a Pool with its tasks:",
    "ceiling": "reached a limit on processes:",
    "stray": "returned to the test runner in",
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
    lines += [f"    - {advice}" for advice in remedies(violation)]
    return explained("\n".join(lines))


def headline(violation: Violation) -> str:
    """Write the first line: code, size, test, what it did, and to what."""
    subject = f"{violation.size} test {violation.test}" if violation.size else violation.test
    return f"[{violation.code}] {_TITLES[violation.code]}: {subject} {_deed(violation)}"


def _deed(violation: Violation) -> str:
    operation = violation.operation
    target = "".join(one if one.isprintable() else repr(one)[1:-1] for one in operation.target)  # on one line
    return f"{_ACTIONS[operation.action]} " + (f'"{target}"' if operation.action in _QUOTED else target)


def _caller(operation: Operation) -> str:
    """Name the program that made a system call, whose line of code is unknown."""
    return f"by {operation.api} in {operation.program or 'a program'} (process {operation.pid}), reported by the kernel"


def site_text(site: CallSite) -> str:
    """Write a place in the user's code: file, line, function, and the source line."""
    return f"{site.filename}:{site.line} in {site.function}" + (f": {site.source}" if site.source else "")


def _rule(violation: Violation) -> str:
    if violation.code == "H008":
        return _MULTIPROCESSING[violation.operation.action]
    if violation.code == "H006":
        return _time_rule(violation)
    if violation.code in _RULES:
        return _RULES[violation.code]
    if violation.size == "small":
        return "small tests use no network."
    if violation.operation.action == "native":
        return "medium tests reach localhost only, and hermetic cannot see the arguments of a C function."
    return "medium tests reach localhost only."


# Of what only small tests may not do.
_RULES = {
    "H002": "small tests use temporary files and the program's own files only.",
    "H003": "small tests run in one process.",
    "H004": "small tests open no database.",
    "H005": "small tests do not sleep.",
}


# Of H008, by action.
_MULTIPROCESSING = {
    "import": "its child processes would import it again, and start processes of their own.",
    "worker": "without hermetic, the test would wait forever.",
    "stray": "it would run the remaining tests again, so hermetic ended it.",
    "ceiling": "processes seem to start each other without end.",
}


def _time_rule(violation: Violation) -> str:
    if violation.operation.action == "hang" and violation.operation.api:
        return f"it may take no longer, by {violation.operation.api}."
    if violation.operation.action == "hang":
        return "no test may take longer (test_timeout; under Bazel, what is left of TEST_TIMEOUT)."
    return f"{violation.size} tests take no more than {LIMITS[Size(violation.size)].time_limit:g} s."


def as_source(value: str | Sequence[str]) -> str:
    """Write a string, or a list of strings, as Python source, in double quotes where that is readable."""
    if not isinstance(value, str):
        return f"[{', '.join(as_source(item) for item in value)}]"
    is_plain = value.replace("\n", "").isprintable() and "\\" not in value and '"' not in value
    return '"' + value.replace("\n", "\\n") + '"' if is_plain else repr(value)


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
        counted = Counter((violation.test, _deed(violation), violation.site[:2]) for violation in of_code)
        for (test, deed, (filename, line)), count in counted.items():
            place = f" ({filename}:{line})" if filename else ""
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

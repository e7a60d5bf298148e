"""Defines plain records: of a violation, with the operation and the line of code, and of an earlier run."""

from __future__ import annotations

from collections import namedtuple


# Named tuples of the collections module, as policies are.
class Operation(
    namedtuple(  # noqa: PYI024
        "Operation",
        (
            "kind",
            "action",
            "target",
            "api",
            "family",
            "host",
            "port",
            "stream",
            "command",
            "script",
            "program",
            "pid",
            "allowed_as",
        ),
        defaults=("inet", "", None, False, "", "", "", None, ""),
    )
):
    """One attempt to reach the network, to start a process, or to use what else a size may not allow.

    Attributes:
        kind: ``network``, ``process``, ``filesystem``, ``database`` or ``sleep``: the column of the size table that
            judges it.
        action: for the network ``connect``, ``sendto``, ``sendmsg``, ``bind``, ``listen``, ``join``, ``use``,
            ``resolve`` and ``native``; for processes ``start``, ``process`` (of multiprocessing), ``fork``, ``exec``,
            ``interpreter`` and ``native``; for files ``read``, ``write``, ``list``, ``remove``, ``move``, ``link`` and
            ``change``; for databases ``open``; and ``sleep``.
        target: what it aimed at, for people: ``203.0.113.7:443``, ``git --version``, ``data/prices.csv``.
        api: the function that was called, as a dotted name; the system call, as ``connect(2)``, where the kernel told.
        family: ``inet``, ``unix``, ``kernel`` or ``other``; only for the network.
        host: the host as the caller wrote it (for a unix socket, the path; for a file or a database, the full path);
            empty for none.
        port: the port, or None.
        stream: whether the socket is a stream (TCP) socket that ``listen`` is watched on.
        command: the program to be started, by path or name; ``fork`` where the process forks itself; empty for none.
        script: the command as one would write it to script it, and in a violation the whole of what scripts it; empty
            for what cannot be scripted, or is too long.
        program: the program that made the system call, where the kernel told; else empty.
        pid: its process id; else None.
        allowed_as: what ``allow`` would have to name, in this run and in the next; empty where that is not known.
    """

    __slots__ = ()
    kind: str
    action: str
    target: str
    api: str
    family: str
    host: str
    port: int | None
    stream: bool
    command: str
    script: str
    program: str
    pid: int | None
    allowed_as: str


class CallSite(namedtuple("CallSite", ("filename", "line", "function", "module", "source", "patch"))):  # noqa: PYI024
    """The line of the user's code that an operation came from.

    Attributes:
        filename: the file, as Python knows it.
        line: the line number, from 1.
        function: the name of the function.
        module: the name of the module.
        source: the line itself, stripped; empty where there is no source.
        patch: what ``unittest.mock.patch`` would replace there; empty where that is not known.
    """

    __slots__ = ()
    filename: str
    line: int
    function: str
    module: str
    source: str
    patch: str


class Violation(namedtuple("Violation", ("code", "size", "test", "operation", "site"))):  # noqa: PYI024
    """One operation that the size of a test does not allow.

    Attributes:
        code: such as ``H001`` (docs/reference/messages.md).
        size: the size in force, such as ``small``.
        test: the id of the test, or ``setUpClass (module.Class)`` and the like.
        operation: what was attempted.
        site: where in the user's code.
    """

    __slots__ = ()
    code: str
    size: str
    test: str
    operation: Operation
    site: CallSite


class PastRun(
    namedtuple("PastRun", ("started", "seconds", "tests", "failures", "code", "failed", "passed", "flaky"))  # noqa: PYI024
):
    """One run.

    Attributes:
        started: the start, in seconds since the epoch; it identifies the run.
        seconds: how long the run took.
        tests: the number of tests that ran.
        failures: the number of what failed.
        code: the digest of the project's modules that the tests had imported; empty if it is not known.
        failed: the names of failed tests and fixtures; the first of them if there are too many.
        passed: the names of those that did not fail in this run, and failed in another run of the history.
        flaky: the names of tests that failed, and passed when they were retried.
    """

    __slots__ = ()
    started: float
    seconds: float
    tests: int
    failures: int
    code: str
    failed: tuple[str, ...]
    passed: tuple[str, ...]
    flaky: tuple[str, ...]

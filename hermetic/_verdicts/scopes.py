"""Keeps the scopes in which operations are judged: per task, per thread and for the process.

    a test starts     -> begin_scope(Scope(test, policy)): for its thread, and for threads that have none
    it starts a thread-> the thread adopts the scope, and keeps it when it outlives the test
    it submits work   -> the work adopts the scope of the submitter, whatever thread runs it
    guard() or allow()-> a ContextVar: a task and the tasks that it creates see it, its neighbours do not

If several scopes apply, the one entered last is in force. A violation is written into the ledger of its scope before
it is raised, so that code which swallows the exception cannot hide the violation.
"""

from __future__ import annotations

import itertools
import os
import sys
from contextvars import ContextVar

from .._base import real
from .._base.sizes import NO_LIMIT
from . import findings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._base.errors import ViolationError
    from .._base.records import Operation, Violation
    from .._policy.decision import Policy

next_serial = itertools.count(1).__next__


def owner_name(owner: object) -> str:
    """Return the id of a test, or the name of a fixture or an import."""
    try:
        identify = getattr(owner, "id", None)
        return str(identify()) if callable(identify) else str(owner)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a test whose id fails must not hide what it did
        cls = type(owner)
        return f"{cls.__module__}.{cls.__qualname__}"


class Scope:
    """The execution of a test or a block under one policy, with the ledger of its violations.

    Args:
        owner: the test that runs (anything with ``id()``), or the name of what runs; None if only the call stack shows
            it (imports, module and class fixtures).
        policy: the policy; None allows everything.
    """

    __slots__ = (
        "before",
        "births_of",
        "charged_to",
        "children_before",
        "count_start",
        "ended",
        "has_children",
        "home",
        "is_concluded",
        "is_reported",
        "ledger",
        "log_path",
        "met_ceiling",
        "outer",
        "owner",
        "policy",
        "serial",
        "serial_in_log",
        "started",
        "time_limit",
        "touched",
    )

    def __init__(self, owner: object, policy: Policy | None) -> None:
        self.owner = owner
        self.policy = policy
        self.serial = next_serial()
        self.ledger: list[ViolationError] = []  # the violations that no result has reported yet
        self.before: tuple[Scope | None, Scope | None] = (None, None)
        self.ended = False
        self.has_children = False  # whether it has started processes, which may send violations
        self.home = real.get_pid()  # the process that reads the ledger; not that of a forked child
        self.log_path: str | None = None  # the violation log of other processes
        self.serial_in_log: int | None = None  # the serial by which the home process knows this scope, if different
        self.births_of: int | None = None  # the serial of the scope that counts its processes, if another
        self.outer: Scope | None = None  # the enclosing scope, to which a forked child may return
        self.charged_to: Scope | None = None  # the scope that answers for this one, if another
        self.children_before: frozenset[int] | None = None  # the process ids of the children before its first
        self.met_ceiling = False  # whether its processes were a fork bomb
        self.is_concluded = False  # whether leftovers have been looked for
        self.is_reported = False  # whether a result has reported the ledger at least once
        self.started = 0.0  # the start of the test, by perf_counter
        self.time_limit = NO_LIMIT  # in seconds
        self.count_start = itertools.count(1).__next__  # counts the processes that this process starts
        self.touched = False  # whether there may be more to report of it than its outcome

    def within(self, outer: Scope | None) -> Scope:
        """Put this scope inside another one: a block in a child of a test sends its violations to that test."""
        if outer is None:
            return self
        is_child = outer.home != real.get_pid()
        if is_child and outer.log_path is None:
            return self  # nothing reads the violations of this process
        self.outer, self.home, self.log_path = outer, outer.home, outer.log_path
        self.births_of = outer.births_of or outer.serial
        if is_child:
            self.serial_in_log = outer.known_serial  # the home process does not know this scope
        return self

    @property
    def known_serial(self) -> int:
        """The serial by which the home process knows the scope."""
        return self.serial if self.serial_in_log is None else self.serial_in_log

    @property
    def name(self) -> str:
        """The id of the test, or the name of what runs."""
        return owner_name(self.owner)


class Running:
    """The scopes that are in force in this process, and what was found in them. One instance, in this module.

    Attributes:
        by_thread: thread identifier to scope.
        bytes_sent: the bytes written to violation logs, by log path, serial of the scope, and whether warned.
        ceilings: the ``Ceilings`` that the parent process has sent; None for those of the settings.
        depth: the number of process generations between the run and this process.
        faults: errors inside hermetic that no result has reported yet (``faults``).
        guarded_interpreters: the ids of other interpreters of this process that have a guard.
        has_log: whether processes were started that may write to the log, and need to know the running test.
        lock: held while something changes in several steps: the guard, the violation log, the environment of C.
        kept_processes: weak references to the processes that a pool, an executor or a manager of multiprocessing keeps.
        late: violations that were found after their test had ended, with their owners.
        log: the violation log that child processes write to (``violation_log``); None while there is none.
        module_scopes: the scopes of modules with a mark, which are in force outside of their tests.
        observed: what tests did in a run that only observes, each test and operation once.
        process: the scope for threads that have none: that of the test that began last.
        refusals: errors that doubles have raised and no result has shown yet.
        sandbox: the link to the kernel sandbox of this process; None without one.
        sandboxed_by_parent: whether a sandboxed test has started this process.
        start_listeners: functions to call before multiprocessing starts a process.
        start_methods: the methods by which multiprocessing has started processes, each once.
        warned: the violations that were allowed, for the summary.
    """

    __slots__ = (
        "by_thread",
        "bytes_sent",
        "ceilings",
        "depth",
        "faults",
        "guarded_interpreters",
        "has_log",
        "kept_processes",
        "late",
        "lock",
        "log",
        "module_scopes",
        "observed",
        "process",
        "refusals",
        "sandbox",
        "sandboxed_by_parent",
        "start_listeners",
        "start_methods",
        "warned",
    )

    def __init__(self) -> None:
        self.by_thread: dict[int, Scope] = {}
        self.bytes_sent: dict[tuple[str, int, bool], int] = {}
        self.log: Any = None
        self.module_scopes: dict[str, Scope] = {}
        self.process: Scope | None = None
        self.depth = 0
        self.refusals: list[BaseException] = []
        self.faults: list[Exception] = []
        self.has_log = False
        self.late: list[tuple[object, ViolationError]] = []
        self.warned: list[Violation] = []
        self.sandbox: Any = None
        self.sandboxed_by_parent = False
        self.ceilings: Any = None
        self.guarded_interpreters: set[int] = set()
        self.observed: dict[tuple[str, Operation], object] = {}
        self.kept_processes: list[Callable[[], Any]] = []
        self.start_listeners: list[Callable[[], None]] = []
        self.start_methods: list[str] = []
        self.lock = real.new_recursive_lock()  # recursive: signal handlers may need it

    def is_new(self, owner: str, operation: Operation) -> bool:
        """Whether a test is observed for the first time to do something."""
        own = object()  # of this call: one of several threads gets its own back
        return self.observed.setdefault((owner, operation), own) is own

    def note_start(self, method: str) -> None:
        """Record that multiprocessing starts a process by a method; or has, in a worker that reports it."""
        if method not in self.start_methods:
            self.start_methods.append(method)
        for listener in self.start_listeners:
            listener()

    def is_held_by_kernel(self) -> bool:
        """Whether the kernel enforces the size of the running test in this process."""
        return self.sandboxed_by_parent if self.sandbox is None else self.sandbox.holds_test


running = Running()
if hasattr(os, "register_at_fork"):  # no thread of a forked child releases a lock that was held in its parent
    os.register_at_fork(after_in_child=lambda: setattr(running, "lock", real.new_recursive_lock()))
block_scope: ContextVar[Scope | None] = ContextVar("hermetic_block_scope", default=None)


free = Scope("hermetic", None)
free.serial = sys.maxsize  # so that it beats every other scope


def active() -> Scope | None:
    """Return the scope of an operation in this task and thread; None if there is none."""
    scope = running.by_thread.get(real.get_thread_id()) or running.process
    block = block_scope.get()
    if block is not None and (scope is None or block.serial > scope.serial):
        scope = block
    return scope


def is_of(scope: Scope | None, owner: object) -> bool:
    """Whether a scope is that of a test already, or of a host's item that runs it."""
    if scope is None:
        return False
    if scope.owner is owner or (isinstance(owner, str) and scope.owner == owner):
        return True
    runs = getattr(type(scope.owner), "hermetic_runs", None)
    return runs is not None and bool(runs(scope.owner, owner))


def begin_scope(scope: Scope) -> None:
    """Put a scope in force for this thread, and for threads that have none of their own."""
    ident = real.get_thread_id()
    scope.before = (running.by_thread.get(ident), running.process)
    running.by_thread[ident] = scope
    if _is_main_thread(ident):  # if tests run in several threads, none is the process's
        running.process = scope
        if running.sandbox is not None:
            running.sandbox.scope_changed(scope)


def is_main_thread() -> bool:
    """Whether this is the main thread."""
    return _is_main_thread(real.get_thread_id())


def _is_main_thread(ident: int) -> bool:
    threading = sys.modules.get("threading")  # until it is imported, there is only one thread
    return threading is None or ident == threading.main_thread().ident


def begin_scope_alone(scope: Scope) -> None:
    """Put a scope in force as ``begin_scope`` does, but faster if tests run one after another in one thread."""
    if running.by_thread or not _is_main_thread(real.get_thread_id()):
        begin_scope(scope)
    else:
        scope.before = (None, running.process)
        running.process = scope
        if running.sandbox is not None:
            running.sandbox.scope_changed(scope)


def end_scope(scope: Scope) -> None:
    """End a scope; its violations are late from now on."""
    scope.ended = True
    in_thread, in_process = scope.before
    if running.process is scope:
        running.process = in_process
        if running.sandbox is not None:
            running.sandbox.scope_changed(in_process)
    if running.by_thread:
        adopt(in_thread)


def adopt(scope: Scope | None) -> Scope | None:
    """Set the scope of this thread (None for none of its own), and return the previous one."""
    ident = real.get_thread_id()
    before = running.by_thread.get(ident)
    if scope is None:
        running.by_thread.pop(ident, None)
    else:
        running.by_thread[ident] = scope
    return before


def reset() -> None:
    """Reset the state in a forked process that will run tests, or fork processes that do."""
    running.by_thread.clear()
    running.process = None
    running.depth, running.has_log = 0, False
    running.late, running.warned, running.faults, running.refusals = [], [], [], []
    block_scope.set(None)


class unjudged:  # noqa: N801 - used as a function: `with unjudged():`
    """Allows everything for a block: for the guard's own operations, and those that are not the test's."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = block_scope.set(free)

    def __exit__(self, *_: object) -> None:
        block_scope.reset(self._token)


def is_unjudged() -> bool:
    """Whether this code runs in an ``unjudged`` block."""
    return active() is free


def record(scope: Scope, error: ViolationError) -> None:
    """Record a violation, before it is raised."""
    scope = scope.charged_to or scope
    scope.touched = True
    scope.ledger.append(error)
    # Only now: the scope may end in another thread, which may have looked into the ledger already.
    if scope.ended and findings.take_where(scope.ledger, lambda found: found is error):
        running.late.append((scope.owner, error))


def make_late(scope: Scope) -> None:
    """Make late what is left in the ledger of a scope that has ended, after its last report."""
    running.late += [(scope.owner, error) for error in findings.take_all(scope.ledger)]


def take_late() -> list[tuple[object, ViolationError]]:
    """Return the late violations and those outside of tests, with their owners, and drop them."""
    late = findings.take_all(running.late)
    return [(owner, error) for owner, error in late if owner is not None or not _was_reported_by_its_catcher(error)]


def _was_reported_by_its_catcher(error: ViolationError) -> bool:
    """Whether a runner or its loader caught an error: these report the errors of imports and fixtures."""
    traceback = error.__traceback__
    catcher = "" if traceback is None else str(traceback.tb_frame.f_globals.get("__name__", ""))
    return catcher.partition(".")[0] in ("unittest", "importlib", "_pytest")

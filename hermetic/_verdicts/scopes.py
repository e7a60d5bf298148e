"""Who is running: the scopes that operations are judged in, per task, per thread and for the process.

    a test starts     -> begin(Scope(test, policy))      it holds for its thread, and for threads that have none
    it starts a thread-> the thread adopts the scope, and keeps it when it outlives the test
    it submits work   -> the work adopts the scope of the submitter, whatever thread runs it
    guard() or allow()-> a ContextVar: a task and the tasks that it creates see it, its neighbours do not

Of the scopes that apply, the one entered last is in force. A violation is first written into the ledger of its
scope and only then raised, so whatever becomes of the exception, the test that caused it is found out.
"""

from __future__ import annotations

import itertools
import sys
from contextvars import ContextVar
from math import inf

from .._base import real
from .owner_names import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._base.errors import ViolationError
    from .._base.records import Operation, Violation
    from .._policy.decision import Policy

next_serial = itertools.count(1).__next__


class Scope:
    """A stretch of execution under one policy, with the ledger of its violations.

    Args:
        owner: the test that runs (anything with ``id()``), or the name of what runs; None where only
            the call stack can tell (imports, module and class fixtures).
        policy: what is allowed; None for everything.
    """

    __slots__ = (
        "before",
        "births_of",
        "charged_to",
        "children_before",
        "ended",
        "has_children",
        "home",
        "is_concluded",
        "is_reported",
        "ledger",
        "met_ceiling",
        "outer",
        "owner",
        "policy",
        "report_path",
        "reported_as",
        "serial",
        "started",
        "starts",
        "time_limit",
        "touched",
    )

    def __init__(self, owner: object, policy: Policy | None) -> None:
        self.owner = owner
        self.policy = policy
        self.serial = next_serial()
        self.ledger: list[ViolationError] = []  # what nobody has reported yet
        self.before: tuple[Scope | None, Scope | None] = (None, None)
        self.ended = False
        self.has_children = False  # whether processes were started in it, which may report
        self.home = real.get_pid()  # the process that reads the ledger; a forked child of the test is another
        self.report_path: str | None = None  # the file that other processes report to
        self.reported_as: int | None = None  # the serial that the home process knows this scope by, if not its own
        self.births_of: int | None = None  # the serial of the scope that counts what is started here, if not itself
        self.outer: Scope | None = None  # the scope that this one was entered in: a forked child may come back to it
        self.charged_to: Scope | None = None  # the scope that answers for what happens in this one, if not itself
        self.children_before: frozenset[int] | None = None  # the process ids of children when it started its first
        self.met_ceiling = False  # whether its processes have started each other without end
        self.is_concluded = False  # whether what was left running has been looked for
        self.is_reported = False  # whether the ledger has been, at least once
        self.started = 0.0  # when the test started, by the clock of perf_counter
        self.time_limit = inf  # the seconds after which it is an overrun
        self.starts = 0  # of processes, by this process
        self.touched = False  # whether anything came of it: a violation, a thread, a process

    def within(self, outer: Scope | None) -> Scope:
        """Report where an outer scope does: in a child of a test, what happens is for the test to know."""
        if outer is None:
            return self
        is_child = outer.home != real.get_pid()
        if is_child and outer.report_path is None:
            return self  # nobody reads what this process reports
        self.outer, self.home, self.report_path = outer, outer.home, outer.report_path
        self.births_of = outer.births_of or outer.serial
        if is_child:
            self.reported_as = outer.report_serial  # the home process has never heard of this scope
        return self

    @property
    def report_serial(self) -> int:
        """The serial that the home process knows the scope by."""
        return self.serial if self.reported_as is None else self.reported_as

    @property
    def name(self) -> str:
        """The id of the test, or the name of what runs."""
        return owner_name(self.owner)


class Running:
    """The scopes that are in force in this process, and what was found in them. One instance, in this module.

    Attributes:
        by_thread: thread identifier to scope.
        ceilings: the ``Ceilings`` that the parent process has sent; None for those of the settings.
        depth: how many generations of processes lie between a run and this process.
        faults: errors inside hermetic that no result has reported yet (``faults``).
        guarded_interpreters: the ids of other interpreters of this process that have a guard.
        process: the scope for threads that have none: that of the test that began last.
        refusals: errors that doubles have raised and no result has shown yet.
        has_reports: whether processes were started that may report, and want to know which test is running.
        kept_processes: weak references to the processes that a pool, an executor or a manager of multiprocessing keeps.
        late: violations found after their test had ended, each with its owner, to be reported.
        observed: what tests did in a run that only observes, each test and operation once.
        warned: every violation that was let happen, for the summary.
        sandbox: what tells the kernel layer which scope is in force; None for a process that is not sandboxed.
        sandboxed_by_parent: whether this process was started by a test that the kernel held to its size.
        start_listeners: functions to call before multiprocessing starts a process.
        start_methods: the methods by which multiprocessing has started processes, each once.
    """

    __slots__ = (
        "by_thread",
        "ceilings",
        "depth",
        "faults",
        "guarded_interpreters",
        "has_reports",
        "kept_processes",
        "late",
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
        self.process: Scope | None = None
        self.depth = 0
        self.refusals: list[BaseException] = []
        self.faults: list[Exception] = []
        self.has_reports = False
        self.late: list[tuple[object, ViolationError]] = []
        self.warned: list[Violation] = []
        self.sandbox: Any = None
        self.sandboxed_by_parent = False
        self.ceilings: Any = None
        self.guarded_interpreters: set[int] = set()
        self.observed: set[tuple[str, Operation]] = set()
        self.kept_processes: list[Callable[[], Any]] = []
        self.start_listeners: list[Callable[[], None]] = []
        self.start_methods: list[str] = []

    def is_new(self, owner: str, operation: Operation) -> bool:
        """Whether a test is observed for the first time to do something."""
        known = len(self.observed)
        self.observed.add((owner, operation))
        return len(self.observed) > known

    def note_start(self, method: str) -> None:
        """Record that multiprocessing starts a process by a method; or has, in a worker that reports it."""
        if method not in self.start_methods:
            self.start_methods.append(method)
        for listener in self.start_listeners:
            listener()

    def is_held_by_kernel(self) -> bool:
        """Whether the kernel holds this process to the size of the test that runs."""
        return self.sandboxed_by_parent if self.sandbox is None else self.sandbox.holds_test


running = Running()
block_scope: ContextVar[Scope | None] = ContextVar("hermetic_block_scope", default=None)


_free = Scope("hermetic", None)
_free.serial = sys.maxsize  # in force wherever it is entered


def active() -> Scope | None:
    """The scope that an operation of this task and thread belongs to; None for none."""
    scope = running.by_thread.get(real.get_thread_id()) or running.process
    block = block_scope.get()
    if block is not None and (scope is None or block.serial > scope.serial):
        scope = block
    return scope


def begin(scope: Scope) -> None:
    """Put a scope in force for this thread, and for threads that have none of their own."""
    ident = real.get_thread_id()
    scope.before = (running.by_thread.get(ident), running.process)
    running.by_thread[ident] = scope
    if _is_main_thread(ident):  # of tests that run in several threads, none speaks for the process
        running.process = scope
        if running.sandbox is not None:
            running.sandbox.scope_changed(scope)


def is_main_thread() -> bool:
    """Whether this is the main thread."""
    return _is_main_thread(real.get_thread_id())


def _is_main_thread(ident: int) -> bool:
    threading = sys.modules.get("threading")  # while nobody has imported it, there is but one thread
    return threading is None or ident == threading.main_thread().ident


def begin_alone(scope: Scope) -> None:
    """As ``begin``, where tests run one after another in one thread: no other thread has a scope of its own then."""
    if running.by_thread or not _is_main_thread(real.get_thread_id()):
        begin(scope)
    else:
        scope.before = (None, running.process)
        running.process = scope
        if running.sandbox is not None:
            running.sandbox.scope_changed(scope)


def end(scope: Scope) -> None:
    """Take a scope out of force; what happens in it from now on is late."""
    scope.ended = True
    in_thread, in_process = scope.before
    if running.process is scope:
        running.process = in_process
        if running.sandbox is not None:
            running.sandbox.scope_changed(in_process)
    if running.by_thread:
        adopt(in_thread)


def adopt(scope: Scope | None) -> Scope | None:
    """Put this thread under a scope (None for none of its own), and return the one before."""
    ident = real.get_thread_id()
    before = running.by_thread.get(ident)
    if scope is None:
        running.by_thread.pop(ident, None)
    else:
        running.by_thread[ident] = scope
    return before


def forget() -> None:
    """Begin anew in a forked process that is going to run tests, or to fork those that do."""
    running.by_thread.clear()
    running.process = None
    running.depth, running.has_reports = 0, False
    running.late, running.warned, running.faults, running.refusals = [], [], [], []
    block_scope.set(None)


class unjudged:  # noqa: N801 - used as a function: `with unjudged():`
    """A stretch in which everything is allowed: what the guard does itself, or knows to be no part of the test."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = block_scope.set(_free)

    def __exit__(self, *_: object) -> None:
        block_scope.reset(self._token)


def is_unjudged() -> bool:
    """Whether this is such a stretch."""
    return active() is _free


def record(scope: Scope, error: ViolationError) -> None:
    """Write a violation down, before it is raised."""
    scope = scope.charged_to or scope
    scope.touched = True
    if scope.ended:
        running.late.append((scope.owner, error))
    else:
        scope.ledger.append(error)


def take_late() -> list[tuple[object, ViolationError]]:
    """The violations of tests that had ended, and of what ran outside of tests, with their owners; handed out once."""
    late, running.late = running.late, []
    return [(owner, error) for owner, error in late if owner is not None or not _was_reported_by_its_catcher(error)]


def _was_reported_by_its_catcher(error: ViolationError) -> bool:
    """Whether what caught an error is a runner or its loader: those report what comes out of imports and fixtures."""
    traceback = error.__traceback__
    catcher = "" if traceback is None else str(traceback.tb_frame.f_globals.get("__name__", ""))
    return catcher.partition(".")[0] in ("unittest", "importlib", "_pytest")

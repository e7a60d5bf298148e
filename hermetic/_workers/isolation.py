"""Isolated tests, from the side of the process that runs the suite: each is handed to a worker and its report replayed.

    a test's run()       -> run(): a worker of its own, or its group's
    tearDownClass        -> end_class(): the groups that end with the class end, and report what went wrong then
    tearDownModule       -> end_module(): the same for modules
    the end of the run   -> of_run(): the same for the rest; under other runners, when the process exits

Every runner calls the first three, so isolation works under all of them.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import math
import sys
import threading

from .._base import real
from .._base.errors import IsolationError
from .._isolation import output
from .._protocol import portable_errors
from .._results import isolation_errors
from .._rules import groups, policies, sandbox_choice
from .._stdlib import exit_handlers
from .._verdicts import scopes
from .._verdicts.owner_names import owner_name
from . import addressing, context, replay
from .teardown_reports import Ending, raise_all
from .worker_sources import Workers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from .._isolation.worker_link import Worker
    from .._rules.groups import Group
    from .parallel_run import Ahead

__unittest = True


class _Isolation:
    """What isolated tests have in this process. One instance, below."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # runners may run tests in threads: isolated ones take turns
        self.workers = Workers()
        self.members: dict[tuple[str, str], _Member] = {}  # by group
        self.crashed: dict[tuple[str, str], Worker] = {}  # by group: the worker whose successor does the rest
        self.modules: dict[tuple[str, str], set[str]] = {}  # by group: those that have tests in it and are not over
        self.classes_seen = 0
        self.result: Any = None  # of the run, if it is ours
        self.ends_at = math.inf  # when that has to come to its end, by perf_counter
        self.ahead: Ahead | None = None  # what is shared out of that
        self.closes_at_exit = False


class _Member:
    """A group's worker, and how far it is.

    Args:
        worker: the worker.
        group: the group.
        test: the one that it is at.
    """

    def __init__(self, worker: Worker, group: Group, test: Any) -> None:
        self.worker = worker
        self.group = group
        self.test = test
        self.told: set[str] = set()  # the changes that were reported of its tests


_isolation = _Isolation()


# --- one test --------------------------------------------------------------------------------------------------------


class Request:
    """A test that is to be handed to a worker.

    Args:
        test: what the result is told of.
        address: where a worker that has not loaded it finds it; None for a TestCase, which has one.
        group: as of ``groups.in_run``.
        module: the name of the module that the worker is to import.
    """

    def __init__(self, test: Any, address: dict[str, Any] | None, group: Group, module: str) -> None:
        self.test = test
        self.address = address
        self.group = group
        self.module = module


def run_test(test: Any, result: Any, group: Group) -> Any:
    """Run a test in its group's worker, and tell the result what happened.

    Args:
        test: a TestCase.
        result: of any runner.
        group: as of ``groups.in_run``.
    """
    run(Request(test, None, group, type(test).__module__), result)
    return result


def run(request: Request, result: Any) -> None:
    """The same for any request."""
    group = request.group
    with _isolation.lock, scopes.unjudged():
        told: set[str] = set()
        what = f"{'isolated ' if group.description else ''}test {owner_name(request.test)}"
        player = replay.Replay(
            request.test, result, functools.partial(_report_changes, what, request.test, result, told)
        )
        try:
            _perform(request, result, player)
        except IsolationError as error:
            player.take(["broken", portable_errors.describe(isolation_errors.standing_at(error, request.test))])
        player.finish()
        if group.key in _isolation.members:
            _isolation.members[group.key].told |= told
        elif _isolation.ahead is not None:
            _isolation.ahead.note_told(request.test, told)
        if real.perf_counter() >= _isolation.ends_at:
            _isolation.result.run_out_of_time()


def _perform(request: Request, result: Any, player: replay.Replay) -> None:
    group, ahead = request.group, _isolation.ahead
    if ahead is not None and id(request.test) in groups.planned:
        ahead.replay(request.test, player)
        return
    address, worker = _worker_for(request)
    player.comes_from(worker.number, group.description)
    options: dict[str, Any] = {
        "locals": bool(getattr(result, "tb_locals", False)),
        "failfast": bool(getattr(result, "failfast", False)),
        "buffer": bool(getattr(result, "buffer", False)),
        "compare": group.key is not None,
    }
    if "number" not in address:  # a runner may have others for each test; in a run of ours the fork has them
        options["filters"] = context.described_filters()
    frames: list[list[Any]] = [["run", address, options]]
    if group.key is None:
        frames.append(["finish"])
    left = max(_isolation.ends_at - real.perf_counter(), 0.0)
    try:
        for frame in worker.perform(frames, timeout=min(group.timeout, worker.used + left), what=_timed(group)):
            player.take(frame)
    except BaseException:
        worker.end()
        raise
    finally:
        if group.key is not None and worker.has_ended:  # the rest of the group goes on in a new one
            del _isolation.members[group.key]
            _isolation.crashed[group.key] = worker


def _timed(group: Group) -> str:
    return "the test" if group.key is None else f"the group {group.description}"


def _report_changes(what: str, test: Any, result: Any, told: set[str], changes: list[str]) -> IsolationError | None:
    told.update(changes)
    return isolation_errors.report_changes(what, changes, test, result)


def _worker_for(request: Request) -> tuple[dict[str, Any], Worker]:
    """The address of a test, and a worker of its group that finds it there."""
    workers, key = _isolation.workers, request.group.key
    address = workers.address_of(request.test) or request.address or addressing.of_test(request.test)
    if key in _isolation.members:
        member = _isolation.members[key]
        member.test = request.test
        return address, member.worker
    if not _isolation.closes_at_exit:
        _isolation.closes_at_exit = True
        atexit.register(_close_at_exit, real.get_pid())
    # Of a group, other tests may be held to something; a function says in the worker what it is held to.
    is_alone = request.group.key is None and request.address is None
    is_free = is_alone and not policies.is_held(request.test)
    sandboxed = not is_free and sandbox_choice.is_wanted(request.group.sandbox)
    worker = workers.new("" if "number" in address else request.module, sandboxed=sandboxed)
    if key is not None:
        if key in _isolation.crashed:
            worker = _isolation.crashed.pop(key).succeeded_by(worker, request.group.timeout)
        _isolation.members[key] = _Member(worker, request.group, request.test)
    return address, worker


# --- the end of classes, modules and runs ----------------------------------------------------------------------------


def end_class(cls: type) -> None:
    """The tests of a class are over, and with them the group that is the class.

    Raises:
        BaseException: what went wrong in its fixtures; the runner reports it as tearDownClass's.
    """
    errors: list[BaseException] = []
    for key in [key for key in _isolation.crashed if key[0] == "class"]:
        del _isolation.crashed[key]
    for (kind, _), member in [*_isolation.members.items()]:
        if type(member.test) is cls:
            errors += _ask(member, "finish" if kind == "class" else "end_class")
    errors += _endings("class", cls)
    raise_all(errors)


def end_module(name: str) -> None:
    """The tests of a module are over, and with them the groups that have none in others.

    Raises:
        BaseException: what went wrong in its fixtures; the runner reports it as tearDownModule's.
    """
    for cls in [*groups.members.values()][_isolation.classes_seen :]:
        for key in groups.keys_of(cls):
            _isolation.modules.setdefault(key, set()).add(cls.__module__)
    _isolation.classes_seen = len(groups.members)
    errors: list[BaseException] = []
    for key, modules in _isolation.modules.items():
        modules.discard(name)
        if not modules and key in _isolation.members:
            errors += _ask(_isolation.members[key], "finish")
    errors += _endings("module", name)
    raise_all(errors)


def _endings(kind: str, subject: Any) -> list[BaseException]:
    """As ``_ask``, for the tests that are shared out."""
    errors: list[BaseException] = []
    if _isolation.ahead is None:
        return errors
    with _isolation.lock, scopes.unjudged():
        for unit, is_over, frames in _isolation.ahead.endings(kind, subject):
            ending = Ending(unit.description, unit.test, _isolation.result, is_over=is_over and not unit.is_shared)
            for frame in frames:
                ending.take(frame)
            errors += ending.errors(unit.told)
    return errors


def _ask(member: _Member, request: str) -> list[BaseException]:
    """Have a group's worker do something between tests; what went wrong, as errors that nobody has been told of."""
    worker, group = member.worker, member.group
    assert group.key is not None  # only those with a key have members
    with _isolation.lock, scopes.unjudged():
        ending = Ending(group.description, member.test, _isolation.result, is_over=request == "finish")
        for frame in worker.perform([[request]], timeout=group.timeout, what=_timed(group)):
            ending.take(frame)
        errors = ending.errors(member.told)
    if worker.has_ended:
        del _isolation.members[group.key]
    return errors


@contextlib.contextmanager
def of_run(  # noqa: PLR0913 - what a run says once
    tests: Any,
    result: Any,
    *,
    protect: Callable[[type], None],
    ends_at: float = math.inf,
    shared_out: Any = None,
    jobs: int = 1,
    durations: Mapping[str, float] | None = None,
) -> Iterator[None]:
    """A whole run of ours: its zygote is this process, as it is before the first test.

    Args:
        tests: yields all tests.
        result: to be told what goes wrong at the end of groups.
        protect: holds a class of tests to its policy.
        ends_at: when the run has to come to its end, by ``perf_counter``.
        shared_out: the suite, if its tests are to run at the same time.
        jobs: in how many workers.
        durations: the seconds that its tests took before, by id, as far as that is known.
    """
    if _isolation.result is not None:  # a run within a run: what it starts ends with the outer one
        yield
        return
    _isolation.result, _isolation.ends_at = result, ends_at
    try:
        with scopes.unjudged():
            _isolation.workers.fork(tests, shared_out)
            if shared_out is not None:
                from .parallel_run import Ahead  # for runs that ask

                _isolation.ahead = Ahead(
                    shared_out, result, _isolation.workers, durations or {}, ends_at, protect, jobs
                )
        yield
        for member in [*_isolation.members.values()]:
            _ask(member, "finish")  # the result is told
        if _isolation.ahead is not None and not result.shouldStop:
            _finish(_isolation.ahead)
    finally:
        _isolation.result, _isolation.ends_at = None, math.inf
        _close()


def _finish(ahead: Ahead) -> None:
    """Have the workers exit that tests have shared; what those left behind is looked for by nobody, as ever."""
    with scopes.unjudged():
        ending = Ending("the tests that shared a worker", ahead.last_test, _isolation.result, is_over=True)
        for frame in ahead.finish():
            if frame[0] != "exited":
                ending.take(frame)
        ending.errors(set())  # the result is told


def _close() -> None:
    """End all workers, and what they come from."""
    with scopes.unjudged():
        if _isolation.ahead is not None:
            _isolation.ahead.close()
            _isolation.ahead = None
        for member in _isolation.members.values():
            member.worker.end()
        _isolation.members.clear()
        _isolation.crashed.clear()
        workers, _isolation.workers = _isolation.workers, Workers()
        workers.close()


def _close_at_exit(pid: int) -> None:
    """Under another runner, the groups that nobody has ended; there is no result any more to be told."""
    if real.get_pid() != pid:
        return
    failed = False
    for member in [*_isolation.members.values()]:
        for error in _ask(member, "finish"):
            sys.stderr.write(f"after the last test: {type(error).__name__}: {error}\n")
            failed = True
    _close()
    if failed:  # the runner has its verdict: the exit status is all that is left to say otherwise
        exit_handlers.run_exit_handlers()
        output.flush_standard_streams()
        real.exit_process(1)

"""Isolated tests, from the side of the process that runs the suite: each is handed to a worker and its report replayed.

    a test's run()       -> run(): a worker of its own, or its group's
    tearDownClass        -> end_class(): the groups that end with the class end, and report what went wrong then
    tearDownModule       -> end_module(): the same for modules
    the end of the run   -> end_run(): the same for the rest; under other runners, when the process exits

Every runner calls the first three, so isolation works under all of them. Workers come from a zygote that is this
process, forked before the first test, or, under other runners, an interpreter that imports the test's module.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import sys
import threading
import warnings

from .. import _config, _env, _real
from .._errors import HermeticWarning, IsolationError
from .._guards import state
from .._isolation import portable, processes
from . import addressing, context, groups, replay
from .result import Fixture, exc_info

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .._isolation.nursery import ZygoteNursery
    from .._isolation.pipes import PipeNursery
    from .._isolation.supervisor import Worker
    from .groups import Group

    Nursery = ZygoteNursery | PipeNursery

__unittest = True

_MAX_NURSERIES = 4  # zygotes of modules that are kept for tests yet to come
_IMPORT_SECONDS = 60.0


class _Isolation:
    """What isolated tests have in this process. One instance, below."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # runners may run tests in threads: isolated ones take turns
        self.forked: ZygoteNursery | None = None
        self.numbers: dict[int, Any] = {}  # id of a test: the test, for those that the forked zygote has loaded
        self.nurseries: dict[str, tuple[Nursery, bool]] = {}  # by module; and whether its workers start fresh
        self.spares: dict[str, Worker] = {}
        self.members: dict[tuple[str, str], _Member] = {}  # by group
        self.modules: dict[tuple[str, str], set[str]] = {}  # by group: those that have tests in it and are not over
        self.classes_seen = 0
        self.result: Any = None  # of the run, if it is ours
        self.closes_at_exit = False
        self.told_of_threads = False


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


def group_of(test: Any) -> Group | None:
    """The group that a test is to run in; None for a test that runs in this process."""
    group = groups.of_test(test)
    if group is None or _is_skipped(test):
        return None
    return group


def _is_skipped(test: Any) -> bool:
    method = getattr(test, _real.test_method_name(test), None)
    return bool(getattr(type(test), "__unittest_skip__", False) or getattr(method, "__unittest_skip__", False))


class Request:
    """A test that is to be handed to a worker.

    Args:
        test: what the result is told of.
        address: where a worker that has not loaded it finds it; None for a TestCase, which has one.
        group: as of ``group_of``.
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
        group: as of ``group_of``.
    """
    run(Request(test, None, group, type(test).__module__), result)
    return result


def run(request: Request, result: Any) -> None:
    """The same for any request."""
    group = request.group
    with _isolation.lock, state.unjudged():
        told: set[str] = set()
        player = replay.Replay(request.test, result, functools.partial(_report_changes, request.test, told))
        try:
            _perform(request, result, player)
        except IsolationError as error:
            player.take(["broken", portable.describe(error)])
        player.finish()
        if group.key in _isolation.members:
            _isolation.members[group.key].told |= told


def _perform(request: Request, result: Any, player: replay.Replay) -> None:
    group = request.group
    address, worker = _worker_for(request)
    options = {"locals": bool(getattr(result, "tb_locals", False)), "compare": group.key is not None}
    frames: list[list[Any]] = [["run", address, options]]
    if group.key is None:
        frames.append(["finish"])
    try:
        for frame in worker.perform(frames, timeout=group.timeout, what=_timed(group)):
            player.take(frame)
    except BaseException:
        worker.end()
        raise
    finally:
        if group.key is not None and worker.has_ended:  # the rest of the group goes on in a new one
            del _isolation.members[group.key]


def _timed(group: Group) -> str:
    return "the test" if group.key is None else f"the group {group.description}"


def _report_changes(test: Any, told: set[str], changes: list[str]) -> IsolationError | None:
    told.update(changes)
    return replay.report_changes(f"isolated test {state.owner_name(test)}", changes, test)


# --- workers ---------------------------------------------------------------------------------------------------------


def _worker_for(request: Request) -> tuple[dict[str, Any], Worker]:
    """The address of a test, and a worker of its group that finds it there."""
    found, test, group = _isolation, request.test, request.group
    forked = found.forked is not None and found.forked.is_usable and id(test) in found.numbers
    address = {"number": id(test)} if forked else request.address or addressing.of_test(test)
    if group.key in found.members:
        member = found.members[group.key]
        member.test = test
        return address, member.worker
    if not found.closes_at_exit:
        found.closes_at_exit = True
        atexit.register(_close_at_exit, _real.get_pid())
    worker = found.forked.new_worker(fresh=False) if forked and found.forked else _new_worker(request.module)
    if group.key is not None:
        found.members[group.key] = _Member(worker, group, test)
    return address, worker


def _new_worker(module: str) -> Worker:
    """A worker that has imported a module, or is about to."""
    nursery, fresh = _nursery_for(module)
    if not fresh:
        return nursery.new_worker(fresh=False)
    worker = _isolation.spares.pop(module, None) or _fresh_worker(nursery, module)
    _isolation.spares[module] = _fresh_worker(nursery, module)  # it imports while this one works
    return worker


def _fresh_worker(nursery: Nursery, module: str) -> Worker:
    worker = nursery.new_worker(fresh=True)
    worker.prepare(["context", _context(module)])
    return worker


def _context(module: str) -> dict[str, Any]:
    file = getattr(sys.modules.get(module), "__file__", None)
    return context.describe(module, file and os.path.abspath(file), groups.surroundings)


def _nursery_for(module: str) -> tuple[Nursery, bool]:
    """Where workers for the tests of a module come from, and whether they must be fresh interpreters."""
    found = _isolation.nurseries.get(module)
    if found is not None and found[0].is_usable:
        return found
    _close_unused_nurseries()
    found = _zygote_for(module) if _env.LINUX else _pipes()
    _isolation.nurseries[module] = found
    return found


def _pipes() -> tuple[PipeNursery, bool]:
    from .._isolation.pipes import PipeNursery  # what follows is for one kind of system each

    return PipeNursery(), True


def _zygote_for(module: str) -> tuple[ZygoteNursery, bool]:
    """A zygote that has imported a module; or, if it cannot be forked then, one that only starts interpreters."""
    from .._isolation.nursery import ZygoteNursery

    if _config.in_force().isolated_start != "fresh":
        nursery = ZygoteNursery.start()
        answer = nursery.ask(["context", _context(module)], _IMPORT_SECONDS)
        threads = answer[0] if answer else 0
        if threads == 1:
            return nursery, False
        nursery.close()
        if threads > 1:
            _tell_of_threads(module, threads)
    nursery = ZygoteNursery.start()
    nursery.ask(["nothing"], _IMPORT_SECONDS)
    return nursery, True


def _tell_of_threads(module: str, threads: int) -> None:
    if not _isolation.told_of_threads:
        _isolation.told_of_threads = True
        text = (
            f"the isolated tests of {module} start fresh interpreters, which takes longer: its imports have started"
            f" {threads - 1} threads, and a process with threads cannot be forked safely"
        )
        try:
            warnings.warn_explicit(text, HermeticWarning, module, 1)
        except HermeticWarning:
            sys.stderr.write(f"hermetic: {text}\n")  # the filters make errors of warnings, and this is none


def _close_unused_nurseries() -> None:
    while len(_isolation.nurseries) >= _MAX_NURSERIES:
        module = next(iter(_isolation.nurseries))
        _close_nursery(module)


def _close_nursery(module: str) -> None:
    nursery, _ = _isolation.nurseries.pop(module)
    spare = _isolation.spares.pop(module, None)
    if spare is not None:
        spare.end()
    nursery.close()


# --- the end of classes, modules and runs ----------------------------------------------------------------------------


def end_class(cls: type) -> None:
    """The tests of a class are over, and with them the group that is the class.

    Raises:
        BaseException: what went wrong in its fixtures; the runner reports it as tearDownClass's.
    """
    errors: list[BaseException] = []
    for key, member in [*_isolation.members.items()]:
        if type(member.test) is cls:
            errors += _ask(key, member, ["finish"] if key[0] == "class" else ["end_class"])
    _raise(errors)


def end_module(name: str) -> None:
    """The tests of a module are over, and with them the groups that have none in others.

    Raises:
        BaseException: what went wrong in its fixtures; the runner reports it as tearDownModule's.
    """
    for cls in groups.members[_isolation.classes_seen :]:
        for key in groups.keys_of(cls):
            _isolation.modules.setdefault(key, set()).add(cls.__module__)
    _isolation.classes_seen = len(groups.members)
    errors: list[BaseException] = []
    for key, modules in _isolation.modules.items():
        modules.discard(name)
        if not modules and key in _isolation.members:
            errors += _ask(key, _isolation.members[key], ["finish"])
    _raise(errors)


def _ask(key: tuple[str, str], member: _Member, request: list[Any]) -> list[BaseException]:
    """Have a group's worker do something between tests; what went wrong in fixtures, as errors."""
    worker, group = member.worker, member.group
    with _isolation.lock, state.unjudged():
        ending = _Ending(member, request[0])
        for frame in worker.perform([request], timeout=group.timeout, what=_timed(group)):
            ending.take(frame)
        changes = [change for change in ending.changes if change not in member.told]
        if changes:
            error = replay.report_changes(f"the process of {group.description}", changes, member.test)
            ending.of_group += [error] if error is not None else []
    if worker.has_ended:
        del _isolation.members[key]
    for found in ending.of_group:
        ending.in_fixtures += _told_of_group(group, found)
    return ending.in_fixtures


class _Ending:
    """What a group's worker tells while a class is torn down, or all that is left.

    Attributes:
        in_fixtures: what went wrong in fixtures.
        of_group: what went wrong besides.
        changes: what the worker's process has changed and left.
    """

    def __init__(self, member: _Member, request: str) -> None:
        self._member = member
        self._request = request
        self.in_fixtures: list[BaseException] = []
        self.of_group: list[BaseException] = []
        self.changes: list[str] = []

    def take(self, frame: list[Any]) -> None:
        """Take a frame."""
        kind, *details = frame
        if kind == "output":
            replay.write(sys.stdout if details[0] == "out" else sys.stderr, details[1])
        elif kind == "warning":
            replay.show_warning(*details)
        elif kind == "broken" or (kind == "fixture" and details[1] != "skip"):
            self.in_fixtures.append(portable.rebuild(details[-1]))
        elif kind == "finished":
            self.changes += details[0]["changes"]
            replay.take_warned(details[0])
        elif kind == "exited":
            self.changes += details[0]
        elif kind == "died" and not self.in_fixtures:
            text = f"the process of {self._member.group.description}: {details[0]}"
            error = replay.isolation_error(text, self._member.test)
            (self.of_group if self._request == "finish" else self.in_fixtures).append(error)


def _told_of_group(group: Group, error: BaseException) -> list[BaseException]:
    """Tell our own run's result of an error that no fixture is to blame for; other runners are told by the fixture."""
    if _isolation.result is None:
        return [error]
    _isolation.result.addError(Fixture(group.description), exc_info(error))
    return []


def _raise(errors: list[BaseException]) -> None:
    if len(errors) == 1:
        raise errors[0]
    if errors:
        texts = "\n\n".join(f"{type(error).__name__}: {error}" for error in errors)
        raise IsolationError(f"[H007] {len(errors)} errors at the end of isolated tests:\n{texts}")


@contextlib.contextmanager
def of_run(tests: Any, result: Any) -> Iterator[None]:
    """A whole run of ours: its zygote is this process, as it is before the first test.

    Args:
        tests: yields all tests.
        result: to be told what goes wrong at the end of groups.
    """
    fork = _env.LINUX and _config.in_force().isolated_start != "fresh" and _isolation.forked is None
    if fork and processes.thread_count() == 1:
        from .._isolation.nursery import ZygoteNursery
        from . import worker

        _isolation.numbers = {id(test): test for test in tests}
        with state.unjudged():
            _isolation.forked = ZygoteNursery.fork(
                functools.partial(worker.work, tests=_isolation.numbers), worker.warm_up
            )
    _isolation.result, before = result, _isolation.result
    try:
        yield
        for key, member in [*_isolation.members.items()]:
            for error in _ask(key, member, ["finish"]):
                _told_of_group(member.group, error)
    finally:
        _isolation.result = before
        _close()


def _close() -> None:
    """End all workers and nurseries."""
    with state.unjudged():
        for member in _isolation.members.values():
            member.worker.end()
        _isolation.members.clear()
        for module in [*_isolation.nurseries]:
            _close_nursery(module)
        if _isolation.forked is not None:
            _isolation.forked.close()
            _isolation.forked = None
            _isolation.numbers = {}


def _close_at_exit(pid: int) -> None:
    """Under another runner, the groups that nobody has ended; there is no result any more to be told."""
    if _real.get_pid() != pid:
        return
    for key, member in [*_isolation.members.items()]:
        for error in _ask(key, member, ["finish"]):
            sys.stderr.write(f"after the last test: {type(error).__name__}: {error}\n")
    _close()

"""Protects TestCase classes: their tests and fixtures run in scopes, under any runner.

Every runner calls ``run``. The ``run`` of a protected class hands the test a result that reports violations
(``ResultProxy``), unless the runner's own result does (``GuardedResult``). Class fixtures get a scope that lasts until
the last class cleanup.

A class is protected when it is decorated, and when it is defined: with marked methods, in a module with
``__hermetic__``, or below a protected class. For the latter, ``unittest.TestCase.__init_subclass__`` is ours.
"""

from __future__ import annotations

import functools
import unittest

from .._base import real
from .._base.errors import GuardError
from .._patches import installation, unittest_classes
from .._results import result_proxy
from .._results.guarded_result import GuardedResult, exc_info, guarding
from .._rules import marking, misplaced_marks, policies, retry_counts, timeouts
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from .._verdicts import findings, reported_exceptions, scopes
from .turns import Turn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

__unittest = True


def look_at(cls: Any, *, is_marked: bool) -> None:
    """Refuse marks of a class that was just defined if they have no effect, and protect it if it is marked."""
    if current_run.functions_are_marked:
        misplaced_marks.refuse_in_class(cls)
    if is_marked:
        marking.refuse_misspelt(cls)
        installation.install_if_possible()
        protect_class(cls)


def protect_class(cls: Any) -> None:
    """Hold a TestCase class, and those that inherit from it, to its policy."""
    if not marking.is_protected(cls):
        cls._hermetic_protected = True
        unittest_classes.replace_methods(cls, {"run": _protected_run, "debug": _protected_debug})
    if current_run.hands_tests_over():
        handover().watch_class(cls)
    if current_run.hands_tests_over() or any(_is_overridden(cls, name) for name in _CLASS_FIXTURES):
        for name, run in _CLASS_FIXTURES.items():
            unittest_classes.replace_class_fixture(cls, name, run)


@functools.cache  # saves 2 µs for each test of a run with workers
def handover() -> ModuleType:
    """Load the modules that hand isolated tests to workers."""
    from . import handover  # saves 12 ms in runs without isolated tests

    return handover


def retry_tests_of(result: Any) -> None:
    """Have a result run failed tests again, as their marks and the settings say."""
    from .._workers.reruns import Reruns  # saves 5 ms in runs without retries

    if result.begin_attempt is None:
        result.begin_attempt = Reruns().begin


def _protected_run(cls: Any, inherited: Callable[..., Any]) -> Callable[..., Any]:
    """The ``run`` of a protected class, which applies the class's policy and calls the inherited ``run``."""
    own = vars(cls).get("run")
    run_here = functools.partial(_run_here, inherited)

    def run(self: Any, result: Any = None) -> Any:
        if installation.installed.failure is not None and result is not None and _report_unguarded(self, result):
            return result
        is_guarded = isinstance(result, GuardedResult)
        if is_guarded and result.thread is not None and result.thread != real.get_thread_id():
            return _run_in_turn(self, result, run)
        if current_run.watches_processes and result is not None and not current_run.in_worker:
            return _run_watched(self, result, run_here)
        if is_guarded:
            # `inherited`, spelled out, because every test of ours comes by here.
            return own(self, result) if own else super(cls, self).run(result)
        proxy = current_run.last_proxy
        if proxy is None or current_run.timeouts_are_marked or not proxy.is_followed_by(self, result):
            return run_here(self, result)
        own(self, proxy) if own else super(cls, self).run(proxy)
        proxy.report_late()  # what happened after stopTest: an event loop or an executor shutting down
        return result

    return run


def _run_here(inherited: Callable[..., Any], test: Any, result: Any) -> Any:
    """Run a test in this process, and judge it unless its result does."""
    policy = policies.of_test(test)
    scope = scopes.active()
    timeout = _timeout_here(test, result)
    if result is None and (policy is not None or timeout is not None or current_run.watches_processes):
        return _run_with_result_of_its_own(test)
    is_judged = isinstance(result, GuardedResult) or policy is None or scopes.is_of(scope, test)
    if is_judged and timeout is None:
        return inherited(test, result)
    _run_with_proxy(test, inherited, result_proxy.proxy_of(result), timeout)
    return result


def _run_with_result_of_its_own(test: Any) -> Any:
    result = test.defaultTestResult()
    result.startTestRun()
    try:
        return test.run(result)
    finally:
        result.stopTestRun()


def _report_unguarded(test: Any, result: Any) -> bool:
    """Report a test with a size as an error instead of running it: this process has no guard.

    Returns:
        False for a test without a size, which needs none.
    """
    try:
        policies.of_test(test)
    except GuardError as error:
        result.startTest(test)
        result.addError(test, exc_info(error))
        result.stopTest(test)
        return True
    return False


def _run_watched(test: Any, result: Any, run_here: Callable[[Any, Any], Any]) -> Any:
    """Hand an isolated test over to a worker; look what another one leaves, if that is asked for."""
    if not isinstance(result, GuardedResult) and retry_counts.are_possible() and retry_counts.of_test(test):
        proxy = result_proxy.proxy_of(result)
        retry_tests_of(proxy)
        _run_with_proxy(test, functools.partial(_run_watched, run_here=run_here), proxy, timeouts.of_test(test))
        return result
    group = handover().groups.in_run(test)
    if group is not None:
        handover().isolation.of_process().run(test, result, group)
        return result
    if not current_run.detects_leaks():
        return run_here(test, result)
    return handover().leaks.run(test, result, run_here)


def _protected_debug(_: Any, inherited: Callable[..., Any]) -> Callable[..., Any]:
    """The ``debug`` of a protected class, which raises what was swallowed at the end: it has no result."""

    def debug(self: Any) -> None:
        policy = policies.of_test(self)
        if policy is None:
            inherited(self)
            return
        block = installation.parts().blocks.PolicyBlock(scopes.Scope(self, policy))
        with block:
            inherited(self)
        block.conclude(None)

    return debug


def _timeout_here(test: Any, result: Any) -> timeouts.Timeout | None:
    """The time-out of a test, unless the result of the run, or the process that has this worker, watches it."""
    is_watched = isinstance(result, GuardedResult) or current_run.in_worker
    return None if is_watched else timeouts.of_test(test)


def _run_with_proxy(
    test: Any,
    inner: Callable[..., Any],
    proxy: Any,
    timeout: timeouts.Timeout | None,
    other: timeouts.Timeout | None = None,
) -> None:
    if timeout is not None or other is not None:
        guarding().time_limits.watch_marked(proxy, other)  # the proxy may serve later tests, without such a mark
    inner(test, proxy)
    proxy.report_late()  # as above


def _run_in_turn(test: Any, result: Any, run: Callable[[Any, Any], Any]) -> Any:
    """Run a test in another thread than its run."""
    turn = Turn(result)
    try:
        proxy = result_proxy.proxy_of(turn)
        _run_with_proxy(test, run, proxy, timeouts.of_test(test), timeouts.of_settings())
    finally:
        turn.end()
    return result


def _is_overridden(cls: Any, name: str) -> bool:
    return bool(real.function_of(getattr(cls, name)) is not real.function_of(getattr(unittest.TestCase, name)))


# The scopes of a class's fixtures, from setUpClass to the last class cleanup.
_fixture_scopes: dict[int, list[scopes.Scope]] = {}  # by the id of the class: it may have no hash


def _set_up_class(cls: Any, inner: Callable[[], None]) -> None:
    if _fixtures_run_elsewhere(cls):
        return
    scope = _begin_fixture(cls, "setUpClass")
    try:
        _call_fixture(scope, inner)
    except Exception:
        raise
    except BaseException as error:
        if scope is not None and reported_exceptions.is_skip(error):  # pytest's: no class cleanup is run after it
            _conclude_class(cls)
        raise
    if scope is not None:
        scopes.end_scope(scope)  # had it failed, its scope would last until the class cleanups are done


def _tear_down_class(cls: Any, inner: Callable[[], None]) -> None:
    try:
        if not _fixtures_run_elsewhere(cls):
            # Its scope covers the class cleanups, which come next.
            _call_fixture(_begin_fixture(cls, "tearDownClass"), inner)
    finally:
        if current_run.hands_tests_over():
            handover().isolation.of_process().end_class(cls)


def _fixtures_run_elsewhere(cls: type) -> bool:
    """Whether a class's fixtures are run by the workers that run its tests."""
    if not current_run.hands_tests_over():
        return False
    return bool(handover().groups.is_wholly_isolated(cls))


def _call_fixture(scope: scopes.Scope | None, inner: Callable[[], None]) -> None:
    try:
        inner()
    except BaseException as error:
        if scope is not None:
            reported_exceptions.surfaced(scope.ledger, error)
            reported_exceptions.trim(error)
        raise


_CLASS_FIXTURES = {"setUpClass": _set_up_class, "tearDownClass": _tear_down_class}


def _begin_fixture(cls: Any, name: str) -> scopes.Scope | None:
    """Begin a fixture's scope; None for a class that is left alone, or within a subclass's fixture of that name."""
    policy = policies.of_class(cls)
    owner = f"{name} ({cls.__module__}.{cls.__qualname__})"
    active = scopes.active()
    if policy is None or (active is not None and active.owner == owner):
        return None
    scope = scopes.Scope(owner, policy)
    with scopes.running.lock:  # several threads may run tests of the class
        if id(cls) not in _fixture_scopes:
            _fixture_scopes[id(cls)] = []
            cls.addClassCleanup(_conclude_class, cls)  # the first cleanup is the last to run
        _fixture_scopes[id(cls)].append(scope)
    scopes.begin_scope(scope)
    return scope


def _conclude_class(cls: type) -> None:
    """Raise what the class's fixtures and cleanups swallowed: the runner reports it as an error of the class."""
    with scopes.running.lock:
        own_scopes = _fixture_scopes.pop(id(cls), [])
    if not own_scopes:
        return  # it has been, before its cleanups
    installation.parts().violation_log.collect_entries()
    for scope in own_scopes:
        if not scope.ended:  # that of tearDownClass, and those of other threads: what they still do is late
            scopes.end_scope(scope)
    ledger = [error for scope in own_scopes for error in findings.take_all(scope.ledger)]
    for exception in unittest_internals.class_cleanup_exceptions(cls):
        reported_exceptions.surfaced(ledger, exception)
    if ledger:
        raise guarding().several_violations.merged(ledger)

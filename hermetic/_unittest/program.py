"""The program behind ``python -m hermetic`` and ``hermetic.main()``: unittest's, with our options, guard and runner."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
import unittest

from .. import _config, _env, _guards, _multiprocessing
from .._errors import ConfigurationError
from .._guards import state
from . import early_end, history, marking, options, policies
from .runner import TestRunner
from .watched_run import WatchedRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from . import bazel
    from .baseline_writer import BaselineWriter
    from .survey import Survey

__unittest = True

_INTERRUPTED_EXIT_STATUS = 130
_REPORTS = ("junit_xml", "json", "html")  # settings


class TestProgram(unittest.TestProgram):
    """``unittest.main`` with hermetic's options, guard and runner; the same arguments, the same exit status.

    Args:
        *args: as of ``unittest.main``.
        durations: how many of the slowest tests to list; on every Python.
        **kwargs: as of ``unittest.main``.
    """

    __test__ = False
    test: Any
    testRunner: Any  # noqa: N815 - unittest's
    exit: bool
    testNamePatterns: Any  # noqa: N815 - the same

    def __init__(self, *args: Any, durations: int | None = None, **kwargs: Any) -> None:
        if _env.UNITTEST_HAS_DURATIONS:
            kwargs["durations"] = durations
        self.durations = durations
        self._hermetic_parser: argparse.ArgumentParser | None = None
        self._ours: argparse.Namespace
        with contextlib.ExitStack() as self._while_running:
            # From before the first import: a test module may import os._exit by name, or call it.
            self._while_running.enter_context(early_end.watch(_end_while_loading))
            super().__init__(*args, **kwargs)

    def parseArgs(self, argv: list[str]) -> None:
        """Take our options, put the settings in force, and leave the rest to unittest."""
        self._hermetic_parser = options.make_parser(str(self.progName))
        ours, rest = options.split(argv[1:], self._hermetic_parser)
        self._ours = ours
        with configuration_errors(str(self.progName)):
            if ours.script is not None:
                raise ConfigurationError(f"--script is for the command line: python -m hermetic --script {ours.script}")
            settings = use_settings(ours, self._while_running)
            if ours.show_config:
                print(_config.describe(settings))
                sys.exit(0)
        super().parseArgs([argv[0], *rest])

    def createTests(self, from_discovery: bool = False, *args: Any, **kwargs: Any) -> None:  # noqa: FBT001, FBT002
        """Load the tests. With a default size, what is imported for that is held to it."""
        self._is_discovered = from_discovery
        try:
            with policies.default_scope():
                super().createTests(from_discovery, *args, **kwargs)
        except ImportError as error:
            *_, (frame, _) = traceback.walk_tb(error.__traceback__)
            if frame.f_globals.get("__name__") != "unittest.loader":
                raise  # a loader of the user's
            # Failing test modules are reported as errors of tests: here it is discovery that cannot go on at all.
            _report_no_run(str(error))
            _fail(str(self.progName), str(error), status=1)

    def runTests(self) -> None:
        """Run, with our runner unless another was given, and exit as unittest does; never green if it ended early."""
        if self._ours.bisect is not None:
            self._bisect(self._ours.bisect)
        if self.testRunner is None:
            self.testRunner = TestRunner
        loaded, self.test = self.test, WatchedRun(arranged(self.test))
        is_all = self._is_discovered and not self.testNamePatterns
        self.test.is_whole = is_all and self.test.countTestCases() == loaded.countTestCases()
        if not _env.UNITTEST_HAS_DURATIONS:
            self.test.durations = self.durations
        exit_after, self.exit = self.exit, False
        try:
            with policies.default_scope():
                super().runTests()
                if _config.in_force().start_method == "all":
                    self._run_by_other_methods(self.test.starters)
        except KeyboardInterrupt:
            if not exit_after:
                raise
            sys.exit(_INTERRUPTED_EXIT_STATUS)
        if exit_after:
            widest = policies.widest()  # the exit may do what the largest test might
            if widest is not None:
                _guards.hold_until_exit(widest)
            sys.exit(exit_status(self.result))

    def _bisect(self, name: str) -> NoReturn:
        """Find the tests that make one fail or pass, instead of running them."""
        from . import polluters, reproduction  # for runs that ask

        self.test = arranged(self.test)
        with configuration_errors(str(self.progName)), policies.default_scope():
            try:
                sys.exit(polluters.find(name, self.test, reproduction.Reproduction(self, self._ours)))
            except KeyboardInterrupt:
                sys.exit(_INTERRUPTED_EXIT_STATUS)

    def _run_by_other_methods(self, starters: list[Any]) -> None:
        """Run the tests that start processes by each method but the first; ``result`` is then that of the worst run."""
        worst = self.result
        for method in _multiprocessing.methods()[1:] if starters else ():
            sys.stderr.write(f"\nOnce more by {method}: the tests that have started processes\n")
            with _multiprocessing.default_start_method(method, afresh=True):
                self.test = WatchedRun(unittest.TestSuite(starters))
                super().runTests()
            worst = max(worst, self.result, key=exit_status)
        self.result = worst

    def _getParentArgParser(self) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super()._getParentArgParser()  # type: ignore[misc]
        if not _env.UNITTEST_HAS_DURATIONS:
            parser.add_argument(
                "--durations", dest="durations", type=int, default=None, metavar="N",
                help="Show the N slowest test cases (N=0 for all)",
            )  # fmt: skip
        return parser

    def _print_help(self, *args: Any, **kwargs: Any) -> None:
        super()._print_help(*args, **kwargs)  # type: ignore[misc]
        assert self._hermetic_parser is not None
        print("\n" + self._hermetic_parser.format_help().strip())


def _end_while_loading(call: str) -> None:
    if not state.running.in_run:  # a run sums itself up
        reason = f"{call} while the tests were loaded"
        sys.stderr.write(f"The run ended early: {reason}\n")
        sys.stderr.flush()
        _report_no_run(reason)


def _report_no_run(reason: str) -> None:
    if WatchedRun.recorder is not None:
        for trouble in WatchedRun.recorder.finish(successful=False, ended_early=reason):
            sys.stderr.write(f"{trouble}\n")


def exit_status(result: Any) -> int:
    """The status that a run ends with: unittest's newest rule on every Python, and never 0 for a run cut short."""
    if getattr(result, "interrupted", False):
        return _INTERRUPTED_EXIT_STATUS
    if not result.wasSuccessful():
        return 1
    if WatchedRun.order is not None and WatchedRun.order.has_left_all_out:
        return 0
    if _env.NO_TESTS_EXIT_STATUS and result.testsRun == 0 and not result.skipped:
        return _env.NO_TESTS_EXIT_STATUS
    return 0


def use_settings(ours: argparse.Namespace, while_running: contextlib.ExitStack) -> _config.Settings:
    """Read the settings, and put them in force until the stack is left.

    Raises:
        ConfigurationError: as ``_config.load``.
    """
    given = {name: getattr(ours, name) for name in _config.SETTINGS if getattr(ours, name) is not None}
    settings = _config.load({**_config.given_on_command_line(), **given})
    if ours.bisect is not None:
        settings = _for_bisection(settings, ours)
    before = _config.put_in_force(settings)
    while_running.callback(_config.put_in_force, before)
    marking.forget()
    while_running.callback(marking.forget)
    observer = _observe(ours, while_running)
    policies.install_guard(settings)
    if settings.isolated or settings.detect_leaks:
        policies.watches_processes, policies.leaks_are_detected = True, settings.detect_leaks
        while_running.callback(_stop_watching_processes)
    if not state.running.in_run:  # a program within a test is part of that test
        _share_out(settings, while_running)
        protocol = _bazel(while_running)
        _record(settings, protocol, observer, while_running)
        _put_in_order(settings, ours, protocol, while_running)
    while_running.enter_context(_multiprocessing.default_start_method(settings.start_method))
    return settings


def _for_bisection(settings: _config.Settings, ours: argparse.Namespace) -> _config.Settings:
    """The settings without what is for runs, which a search for polluters is not."""
    for name in ("script", "last_failed", "survey", "survey_apply", "write_baseline"):
        if getattr(ours, name):
            option = f"--{name.replace('_', '-')}"
            raise ConfigurationError(
                f"--bisect {ours.bisect} and {option} cannot be used together; leave one of them out"
            )
    unreported = dict.fromkeys(_REPORTS)
    return settings._replace(**unreported, annotations="off", jobs=1, failed_first=False, history="off")


def _share_out(settings: _config.Settings, while_running: contextlib.ExitStack) -> None:
    """Have the tests of this program shared out, if the settings ask for it.

    Raises:
        ConfigurationError: there is no sandbox here, and there must be.
    """
    if settings.no_isolation:
        if settings.sandbox != "off":
            sys.stderr.write("sandbox: off, because of no_isolation: only workers can have one\n")
        return
    if settings.sandbox != "off":
        from . import sandbox  # for runs that ask

        if sandbox.is_on(settings.sandbox):
            while_running.callback(_stop_watching_processes)
            policies.watches_processes = policies.sandboxed = True
    if settings.jobs == 1:
        return
    from .._isolation import processors  # as above

    jobs = settings.jobs if isinstance(settings.jobs, int) else processors.usable()
    if jobs > 1:
        while_running.callback(_stop_watching_processes)
        policies.watches_processes, policies.jobs = True, jobs


def _bazel(while_running: contextlib.ExitStack) -> bazel.Protocol | None:
    """What Bazel asks of this program, if it has started it."""
    if not any(name.startswith(("TEST_", "TESTBRIDGE_")) for name in os.environ):
        return None
    from .bazel import Protocol  # not worth its start-up time in other runs

    protocol = Protocol(while_running)
    while_running.callback(setattr, WatchedRun, "fails_fast", WatchedRun.fails_fast)
    while_running.callback(setattr, WatchedRun, "ends_at", WatchedRun.ends_at)
    WatchedRun.fails_fast, WatchedRun.ends_at = protocol.fails_fast, protocol.ends_at
    return protocol


def _observe(ours: argparse.Namespace, while_running: contextlib.ExitStack) -> Survey | BaselineWriter | None:
    """Have tests observed, if that is asked for; those of a program within a test are part of that test.

    Raises:
        ConfigurationError: two things are asked for at once.
    """
    is_survey = ours.survey or ours.survey_apply
    if state.running.in_run or not (is_survey or ours.write_baseline):
        return None
    if is_survey and ours.write_baseline:
        raise ConfigurationError("--write-baseline goes by the sizes of tests, and --survey by none; run one of them")
    while_running.callback(_stop_observing)
    policies.is_observing, policies.is_surveying = True, is_survey
    if is_survey:
        from .survey import Survey  # as the other: for runs that ask

        return Survey(applies=ours.survey_apply)
    from .baseline_writer import BaselineWriter

    return BaselineWriter()


def _stop_observing() -> None:
    policies.is_observing = policies.is_surveying = False


def _record(
    settings: _config.Settings,
    protocol: bazel.Protocol | None,
    observer: Survey | BaselineWriter | None,
    while_running: contextlib.ExitStack,
) -> None:
    """Have the runs recorded, if reports are asked for, or somebody observes."""
    paths = {name: path for name in _REPORTS if (path := getattr(settings, name)) is not None}
    if protocol is not None and protocol.warnings_file is not None:
        paths["TEST_WARNINGS_OUTPUT_FILE"] = os.path.abspath(protocol.warnings_file)
    annotations = settings.annotations
    if annotations == "auto":
        annotations = next((ci for name, ci in _env.ANNOTATING_CI.items() if _is_true(name)), "off")
    if not paths and annotations == "off" and observer is None:
        return
    from .._reports.writing import Reports  # as recording: for runs that are reported
    from .recording import Recorder

    recorder = WatchedRun.recorder = Recorder(Reports(paths, None if annotations == "off" else annotations), observer)
    while_running.callback(setattr, WatchedRun, "recorder", None)
    if observer is not None:
        while_running.callback(observer.conclude, recorder.run)
    while_running.callback(WatchedRun.recorder.close)


def _put_in_order(
    settings: _config.Settings,
    ours: argparse.Namespace,
    protocol: bazel.Protocol | None,
    while_running: contextlib.ExitStack,
) -> None:
    """Have the runs add to the history, and their tests ordered, if that is asked for."""
    if WatchedRun.order is not None:
        return  # a program that a script starts: that of the script holds
    shard = protocol.shard if protocol is not None else None
    if ours.shard is not None:
        if shard is not None:
            raise ConfigurationError(f"--shard {ours.shard}: Bazel has asked for a shard as well; leave the option out")
        from .shards import parse  # as order, below

        shard = parse(ours.shard, "--shard")
    path, is_own = history.path_of(settings), settings.history == "auto"
    # A shard leaves the history as it is: those that come after it would make other parts. Under Bazel it is a source.
    is_kept = shard is not None or "TEST_SRCDIR" in os.environ
    known = None if path is None else history.RunHistory(path, is_own=is_own, is_kept=is_kept)
    if ours.last_failed and known is None:
        raise ConfigurationError("--last-failed needs the history of the last run, and the setting history is off")
    while_running.callback(setattr, WatchedRun, "history", WatchedRun.history)
    WatchedRun.history = known
    chooses = protocol.chooses if protocol is not None and protocol.has_filter else None
    if shard or chooses or ours.last_failed or settings.failed_first or settings.shuffle != "off":
        from .order import Order  # not worth its start-up time in other runs

        WatchedRun.order = Order(settings, shard=shard, last_failed=ours.last_failed, chooses=chooses, history=known)
        while_running.callback(setattr, WatchedRun, "order", None)


def arranged(suite: Any) -> Any:
    """The tests of a run of this program, chosen and ordered; those of a run within a test are left as they are."""
    if WatchedRun.order is None or state.running.in_run:
        return suite
    return WatchedRun.order.arranged(suite, lambda line: sys.stderr.write(f"{line}\n"))


def _is_true(variable: str) -> bool:
    return os.environ.get(variable, "").lower() == "true"


def _stop_watching_processes() -> None:
    policies.watches_processes = f"{__package__}.isolated" in sys.modules  # marks hold for every run
    policies.leaks_are_detected, policies.sandboxed, policies.jobs = False, False, 1


@contextlib.contextmanager
def configuration_errors(program: str) -> Iterator[None]:
    """Show wrong settings as wrong usage is shown: one message, status 2."""
    try:
        yield
    except ConfigurationError as error:
        _fail(program, str(error))


def _fail(program: str, message: str, *, status: int = 2) -> NoReturn:
    sys.stderr.write(f"{program}: error: {message}\n")
    sys.exit(status)


def run_script(path: str, arguments: list[str], program: str) -> None:
    """Run a legacy runner script as ``python FILE`` would; the runs that it starts are watched and guarded.

    Args:
        path: the script.
        arguments: its arguments.
        program: our own name, for messages.
    """
    import runpy

    if not os.path.isfile(path):
        _fail(program, f"--script {path}: there is no such file; write the path of a Python script")
    sys.argv[:] = [path, *arguments]
    if not getattr(sys.flags, "safe_path", False):  # -P, from 3.11 on: there the first entry is none of the script's
        sys.path[0] = os.path.dirname(os.path.abspath(path))
    ended_early: list[str] = []
    with early_end.replaced(), policies.default_scope(), _runs_watched(ended_early):
        try:
            runpy.run_path(path, run_name="__main__")
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED_EXIT_STATUS)
        except SystemExit as error:
            if _found_all_left_out(error.code):
                return
            if error.code or not ended_early:
                raise
    if ended_early:
        sys.exit(1)


def _found_all_left_out(code: Any) -> bool:
    """Whether a script ends as unittest does without a test, because all are in other shards, or not chosen."""
    order = WatchedRun.order
    return order is not None and order.has_left_all_out and code is not None and code == _env.NO_TESTS_EXIT_STATUS != 0


@contextlib.contextmanager
def _runs_watched(ended_early: list[str]) -> Iterator[None]:
    """Watch every run of a ``TextTestRunner``, and note what ended one early: a script may not look at its result."""
    run = unittest.TextTestRunner.run

    def watched_run(self: Any, test: Any) -> Any:
        watched = test if isinstance(test, WatchedRun) else WatchedRun(arranged(test))
        watched.stream = watched.stream or self.stream
        nested = state.running.in_run
        result: Any = run(self, watched)
        if getattr(result, "ended_early", None) is not None and not nested:
            ended_early.append(result.ended_early)
        if test is not watched and getattr(result, "interrupted", False):
            raise KeyboardInterrupt
        return result

    unittest.TextTestRunner.run = watched_run  # type: ignore[method-assign]
    try:
        yield
    finally:
        unittest.TextTestRunner.run = run  # type: ignore[method-assign]

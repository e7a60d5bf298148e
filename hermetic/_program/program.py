"""Runs tests as ``unittest.main`` does, with hermetic's options, guard, and runner: ``hermetic.main()``."""

from __future__ import annotations

import contextlib
import io
import sys
import traceback
import unittest

from .._base import command, features, real
from .._base.errors import ConfigurationError
from .._patches import forked_runs, installation, load_errors, process_exits
from .._patches.multiprocessing import start_method
from .._rules import policies
from .._running.runner import TestRunner
from .._running.watched_run import WatchedRun
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from .._suites import suite_tests
from .._verdicts import reported_exceptions
from . import arguments, help_text, other_runners, run_setup, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn

__unittest = True


class TestProgram(unittest.TestProgram):
    """``unittest.main`` with hermetic's options, guard and runner. It has the same arguments and exit codes.

    Args:
        *args: as in ``unittest.main``.
        durations: how many of the slowest tests to list; on every Python version.
        **kwargs: as in ``unittest.main``.
    """

    __test__ = False
    test: Any
    start: Any
    testLoader: Any  # noqa: N815 - unittest's
    testRunner: Any  # noqa: N815 - the same
    exit: bool
    testNamePatterns: Any  # noqa: N815 - the same
    durations: Any

    def __init__(self, *args: Any, durations: int | None = None, **kwargs: Any) -> None:
        if features.UNITTEST_HAS_DURATIONS:
            kwargs["durations"] = durations
        self.durations = durations
        self._is_in_help = False
        self._ours: argparse.Namespace
        self._stderr = sys.stderr
        self._phase = "while the tests were loaded"
        with contextlib.ExitStack() as self._while_running:
            # From before the first import: a test module may import os._exit by name, or call it.
            self._while_running.enter_context(process_exits.exits_watched(self._on_end))
            super().__init__(*args, **kwargs)

    def parseArgs(self, argv: list[str]) -> None:
        """Take our options, put the settings in force, and pass the other arguments to unittest."""
        self._help_word, argv = help_text.word_of_help(argv)
        ours, rest = arguments.split_arguments(argv[1:], str(self.progName))
        self._ours = ours
        with usage.configuration_errors(str(self.progName)):
            if ours.explain is not None:
                usage.show(run_setup.on_request().explanations.explanation(ours.explain))
                process_exits.exit_program(0)
            if ours.script is not None:
                raise ConfigurationError(f"--script is for the command line: {command.NAME} --script {ours.script}")
            text = run_setup.text_instead(run_setup.use_settings(ours, self._while_running), ours)
            if text is not None:
                usage.show(text)
                process_exits.exit_program(0)
            run_setup.vary(ours)
        self._took_for_seed = "".join(argv[argv.index("--shuffle") + 1 :][:1]) if "--shuffle" in argv else None
        discovers = self.module is None and rest[:1] == ["discover"]
        for advice in other_runners.advice_on_names(rest, discovers=discovers):
            usage.fail(str(self.progName), advice)
        super().parseArgs([argv[0], *rest])

    def createTests(self, from_discovery: bool = False, *args: Any, **kwargs: Any) -> None:  # noqa: FBT001, FBT002
        """Load the tests, and enforce the default size on their imports."""
        matches = self._take_expressions()
        self._is_whole = from_discovery and matches is None and not self.testNamePatterns
        try:
            with (
                self._told(),
                policies.default_scope(),
                forked_runs.while_loading(),
                load_errors.failing_alone(self.testLoader),
            ):
                super().createTests(from_discovery, *args, **kwargs)
            if matches is not None:
                self.test = run_setup.on_request().selection.chosen(self.test, matches)
        except ImportError as error:
            *_, (frame, _) = traceback.walk_tb(error.__traceback__)
            if frame.f_globals.get("__name__") != "unittest.loader":
                raise  # a loader of the user's
            # Failing test modules are reported as errors of tests: here it is discovery that cannot go on at all.
            start = f"{self.start!r} is no seed of --shuffle" if self._took_for_seed == self.start else ""
            usage.fail(str(self.progName), f"{error}{'; ' * bool(start)}{start}", status=1)

    def _take_expressions(self) -> Callable[[Any], bool] | None:
        """Return what the patterns of ``-k`` ask of a test; None if unittest can select by them itself."""
        patterns = self.testNamePatterns
        if not patterns:
            return None
        expressions = run_setup.on_request().expressions
        if not any(map(expressions.is_expression, patterns)):
            self.testNamePatterns = [*map(expressions.pattern, patterns)]
            return None
        self.testNamePatterns = None
        with usage.configuration_errors(str(self.progName)):
            conditions = [*map(expressions.condition, patterns)]
        return lambda test: any(matches(suite_tests.name_of(test)) for matches in conditions)

    def runTests(self) -> None:
        """Run the tests, with our runner by default, and exit as unittest does, but never green after an early end."""
        exit_after, self.exit = self.exit, False
        try:
            with self._told():
                self._run_tests()
        except KeyboardInterrupt:
            if not exit_after:
                raise
            process_exits.exit_program(features.INTERRUPTED_EXIT_STATUS)
        if exit_after:
            widest = policies.widest()  # the exit may do what the largest test might
            if widest is not None:
                installation.hold_until_exit(widest)
            process_exits.exit_program(exit_status(self.result))

    def _run_tests(self) -> None:
        if self._ours.bisect is not None:
            self._bisect(self._ours.bisect)
        if self.testRunner is None:
            self.testRunner = TestRunner
        loaded, self.test = self.test, WatchedRun(self._arranged())
        self.test.is_whole = self._is_whole and self.test.countTestCases() == loaded.countTestCases()
        if not features.UNITTEST_HAS_DURATIONS:
            self.test.durations = self.durations
        self._phase = "while the run was prepared or reported"
        with policies.default_scope():
            super().runTests()
            if current_run.settings.start_method == "all":
                self._run_by_other_methods([*self.test.starters.values()])

    def _arranged(self) -> Any:
        """Choose and order the tests, or list them and exit, unless there are some that could not be loaded."""
        with usage.configuration_errors(str(self.progName)):
            suite = run_setup.arranged(self.test)
        if self._ours.list is not None and not suite.countTestCases():
            process_exits.exit_program(0)
        return suite

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Report whatever ends the program early in a block, and make the exit status an error."""
        try:
            yield
        except (process_exits.Leaving, KeyboardInterrupt) as error:
            if isinstance(error, KeyboardInterrupt) and not current_run.has_begun:
                process_exits.decide_on_error(features.INTERRUPTED_EXIT_STATUS)
                self._tell(f"Ctrl-C {self._phase}")
            raise
        except real.system_exit as error:
            reported_exceptions.trim(error)
            place = traceback.extract_tb(error.__traceback__)[-1]
            self._tell(f"sys.exit({error.code!r}) {self._phase}, at {place.filename}:{place.lineno} in {place.name}")
            process_exits.exit_program(1)
        except BaseException as error:
            process_exits.decide_on_error(1)
            self._tell(process_exits.early_end_text(error, self._phase))
            raise

    def _on_end(self, call: str) -> None:
        if not current_run.in_run:  # a run sums itself up
            self._tell(f"{call} {self._phase}")

    def _tell(self, reason: str) -> None:
        """Report an early end outside of the tests, on the terminal and in the reports."""
        process_exits.say(self._stderr, f"The run ended early: {reason}")
        if current_run.recorder is not None and not current_run.in_run:
            for trouble in current_run.recorder.finish(successful=False, ended_early=reason):
                process_exits.say(self._stderr, trouble)

    def _bisect(self, name: str) -> NoReturn:
        """Find the tests that make one test fail or pass, instead of running them."""
        several = run_setup.several_runs()
        self.test = self._arranged()
        with usage.configuration_errors(str(self.progName)), policies.default_scope():
            try:
                process_exits.exit_program(
                    several.polluters.find_polluters(
                        name, self.test, several.reproduction.Reproduction(self, self._ours)
                    )
                )
            except KeyboardInterrupt:
                process_exits.exit_program(features.INTERRUPTED_EXIT_STATUS)

    def _run_by_other_methods(self, starters: list[Any]) -> None:
        """Rerun the tests that start processes with each other start method, and keep the worst ``result``."""
        worst = self.result
        for method in start_method.methods()[1:] if starters else ():
            sys.stderr.write(f"\nRerun with start method {method}: the tests that started processes\n")
            with start_method.default_start_method(method, afresh=True):
                self.test = WatchedRun(unittest.TestSuite(starters))
                super().runTests()
            worst = max(worst, self.result, key=exit_status)
        self.result = worst

    def _getParentArgParser(self) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super()._getParentArgParser()  # type: ignore[misc]
        if not features.UNITTEST_HAS_DURATIONS:
            parser.add_argument(
                "--durations", dest="durations", type=int, default=None, metavar="N",
                help="Show the N slowest test cases (N=0 for all)",
            )  # fmt: skip
        return parser

    def _getMainArgParser(self, parent: argparse.ArgumentParser) -> argparse.ArgumentParser:
        return _advising(super()._getMainArgParser(parent))  # type: ignore[misc]

    def _getDiscoveryArgParser(self, parent: argparse.ArgumentParser) -> argparse.ArgumentParser:
        parser = _advising(super()._getDiscoveryArgParser(parent))  # type: ignore[misc]
        parser.print_help = lambda file=None: self._show_help(parser.format_help())  # type: ignore[method-assign]
        return parser

    def _print_help(self, *args: Any, **kwargs: Any) -> None:
        self._is_in_help = True
        with contextlib.redirect_stdout(io.StringIO()) as shown:
            super()._print_help(*args, **kwargs)  # type: ignore[misc]
        self._is_in_help = False
        self._show_help(shown.getvalue())

    def _show_help(self, text: str) -> None:
        """Print a help of unittest, and ours; the help of a discovery may be a part of the whole help."""
        if self._is_in_help:
            print(text)
            return
        with usage.configuration_errors(str(self.progName)):
            texts = [text.rstrip() + "\n", arguments.options().make_parser(str(self.progName)).format_help()]
            usage.show(help_text.help_text(texts, str(self.progName), self._help_word))


def _advising(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Return a parser of unittest, whose errors say what to write instead, with the patterns of -k as they are."""
    told: Any = parser
    unittest_internals.keep_patterns(parser)  # some may be expressions
    original = parser.error
    told.error = lambda message: original(message + other_runners.advice_on_options(message))
    return parser


def exit_status(result: Any) -> int:
    """Return the exit status of a run: by unittest's latest rule, and never 0 for a run that ended early."""
    if getattr(result, "interrupted", False):
        return features.INTERRUPTED_EXIT_STATUS
    if not result.wasSuccessful():
        return 1
    if run_setup.has_left_all_out():
        return 0
    if features.NO_TESTS_EXIT_STATUS and result.testsRun == 0 and not result.skipped:
        return features.NO_TESTS_EXIT_STATUS
    return 0

"""Defines the runner of ``manage.py test``: Django's, whose tests hermetic's runner runs."""

from __future__ import annotations

import contextlib
import importlib

from .._base import features
from .._base.errors import ConfigurationError
from .._patches import forked_runs, load_errors, process_exits
from .._program import options, run_setup
from .._rules import policies
from .._running import runner
from .._running.watched_run import WatchedRun
from .._settings.current_run import current_run
from .._settings.table import HOST_OPTIONS, SETTINGS
from . import parallel_suite, run_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

django_runner: Any = importlib.import_module("django.test.runner")
management: Any = importlib.import_module("django.core.management.base")

__unittest = True

_OPTIONS = (*HOST_OPTIONS, "junit_xml", "json", "html", "annotations")


class TestRunnerMixin:
    """Has hermetic's runner run the tests of a Django runner: put it first among the bases of a runner of your own.

    Example:
        class Runner(hermetic.django.TestRunnerMixin, ProjectRunner): ...
    """

    test_runner: Any = runner.TestRunner
    parallel_test_suite: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._is_whole = False
        self._given = {name: kwargs.pop(f"hermetic_{name}", None) for name in _OPTIONS}
        super().__init__(*args, **kwargs)
        self.parallel_test_suite = parallel_suite.suite_class(self.parallel_test_suite)

    @classmethod
    def add_arguments(cls, parser: Any) -> None:
        """Add Django's options, and one for each setting that you change at the command line."""
        super().add_arguments(parser)  # type: ignore[misc]
        group = parser.add_argument_group("hermetic")
        for name in _OPTIONS:
            setting = SETTINGS[name]
            option = run_settings.OPTIONS + name.replace("_", "-")
            group.add_argument(option, dest=f"hermetic_{name}", help=setting.plain_help, **setting.kind.option)

    def run_tests(self, *args: Any, **kwargs: Any) -> int:
        """Run the tests with hermetic's settings in force; arguments and result as of ``DiscoverRunner``.

        Raises:
            CommandError: a setting or an option is wrong.
            SystemExit: Ctrl-C stopped the run.
        """
        with contextlib.ExitStack() as while_running:
            try:
                run_settings.put_in_force(self._given, while_running)
            except ConfigurationError as error:
                raise management.CommandError(f"hermetic: {error}") from None
            if not current_run.is_program:  # otherwise --script has done so
                run_setup.record_runs(current_run.settings, while_running)
                # Django orders the tests: one that flushes the database must come after those that rely on it.
                run_setup.put_in_order(current_run.settings, options.make_parser("").parse_args([]))
            return int(super().run_tests(*args, **kwargs))  # type: ignore[misc]

    def build_suite(self, test_labels: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Load the tests, and enforce the default size on their imports."""
        chosen = test_labels, *(getattr(self, name) for name in ("tags", "exclude_tags", "test_name_patterns"))
        self._is_whole = not any(chosen)
        with policies.default_scope(), forked_runs.while_loading(), load_errors.failing_alone(self.test_loader):  # type: ignore[attr-defined]
            return super().build_suite(test_labels, *args, **kwargs)  # type: ignore[misc]

    def run_suite(self, suite: Any, **kwargs: Any) -> Any:
        """Run the tests, guarded and reported to the end."""
        try:
            with policies.default_scope():
                watched = WatchedRun(run_setup.arranged(suite))
                watched.is_whole = self._is_whole
                return super().run_suite(watched, **kwargs)  # type: ignore[misc]
        except KeyboardInterrupt:  # the run has reported it
            process_exits.exit_program(features.INTERRUPTED_EXIT_STATUS)

    def suite_result(self, suite: Any, result: Any, **kwargs: Any) -> int:
        """Return how many tests went wrong; 1 for a run that failed without such a test."""
        return int(super().suite_result(suite, result, **kwargs)) or int(not result.wasSuccessful())  # type: ignore[misc]


class TestRunner(TestRunnerMixin, django_runner.DiscoverRunner):  # type: ignore[misc]
    """Django's ``DiscoverRunner``, whose tests hermetic's runner runs: the value of ``TEST_RUNNER``."""

    __test__ = False

"""Sets up the runs of a program as the settings, the options, and Bazel say, until the program ends."""

from __future__ import annotations

import os
import sys

from .._base import features, real
from .._base.errors import ConfigurationError
from .._patches import process_exits
from .._patches.multiprocessing import start_method
from .._rules import marking, policies, sandbox_choice
from .._running.watched_run import jobs
from .._settings import config
from .._settings.current_run import current_run
from .._settings.values import DEFAULTS, Settings
from .._suites import history
from .._terminal import colours
from . import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    import contextlib
    from types import ModuleType
    from typing import Any

    from .._results.recording import Recorder
    from .._studies.baseline_writer import BaselineWriter
    from .._studies.survey import Survey
    from .._suites.selection import Selection
    from .._vary.varied_run import VariedRun
    from .._watch.watched_tests import WatchedTests
    from .bazel import Protocol

VARIED_RUN, WATCHED_RUN = "HERMETIC_VARIED_RUN", "HERMETIC_WATCHED_RUN"
_STUDIES = ("bisect", "survey", "survey_apply", "write_baseline")  # options
_REPORTS = ("junit_xml", "json", "html")  # settings


def use_settings(ours: argparse.Namespace, while_running: contextlib.ExitStack) -> Settings:
    """Read the settings, and put them in force until the stack is left.

    Raises:
        ConfigurationError: as ``config.load``, or options contradict each other.
    """
    _refuse_contradictions(ours)
    varied = None if current_run.in_run else _varied_run()
    watched = None if current_run.in_run else _watched_tests(while_running)
    settings = _settings(ours, varied, watched)
    _run_often(ours)
    marking.forget()
    while_running.callback(marking.forget)
    while_running.enter_context(current_run.restored())
    current_run.settings, current_run.varied = settings, varied or current_run.varied
    current_run.watched = watched or current_run.watched
    observer = _observe(ours)
    policies.install_guard(settings)
    if settings.isolated or settings.detect_leaks or settings.retries:
        current_run.watches_processes = True
    current_run.is_program = True
    if not current_run.in_run:  # a program within a test is part of that test
        sandbox_choice.announce()
        if jobs() > 1 or sandbox_choice.is_in_force():
            current_run.watches_processes = True
        protocol = _bazel(while_running)
        record_runs(settings, while_running, protocol, observer)
        if varied is not None and not varied.is_ordinary:
            current_run.recorder, current_run.fails_fast = varied.recorder(), False
        put_in_order(settings, ours, protocol)
        current_run.lists = ours.list or current_run.lists
        current_run.debugs = _debugs(ours) or current_run.debugs
    while_running.enter_context(start_method.default_start_method(settings.start_method))
    return settings


def _refuse_contradictions(ours: argparse.Namespace) -> None:
    """Refuse options of which each asks for something else in the place of a run.

    Raises:
        ConfigurationError: there are such options.
    """
    if ours.vary is not None:
        config.refuse_together("--vary", ours, (*_STUDIES, "list", "vary_only", "last_failed"))
        config.refuse_names_of_input("--vary", ours)
    if ours.vary_only is not None:
        config.refuse_names_of_input("--vary-only", ours)
    if ours.list is not None:
        config.refuse_together("--list", ours, _STUDIES)
    if ours.write_baseline:
        config.refuse_together("--write-baseline", ours, ("survey", "survey_apply"))


def _run_often(ours: argparse.Namespace) -> None:
    """Do what ``--watch`` or ``--repeat`` asks for, and exit; return if neither is given.

    Raises:
        ConfigurationError: these runs are not possible.
    """
    if ours.watch:
        process_exits.exit_program(several_runs().watching.keep_watching(ours))
    if ours.repeat is not None or ours.until_failure:
        on_request().repetition.repeat(ours)


def _settings(ours: argparse.Namespace, varied: VariedRun | None, watched: WatchedTests | None) -> Settings:
    """Return the settings of this program."""
    given = {name: getattr(ours, name) for name in DEFAULTS if getattr(ours, name) is not None}
    settings = config.load({**current_run.given_on_command_line(), **given})
    if varied is not None:
        settings = varied.settings(settings)
    if varied is not None and not varied.is_ordinary:
        settings = _unreported(settings).replaced(maxfail=None, retries=0)
    if watched is not None:
        settings = settings.replaced(failed_first=True)
    return settings if ours.bisect is None else _for_bisection(settings, ours)


def _debugs(ours: argparse.Namespace) -> bool:
    """Whether pdb opens at failures.

    Raises:
        ConfigurationError: it would have no terminal.
    """
    if ours.pdb and not (colours.is_terminal(sys.__stdin__) and colours.is_terminal(sys.__stdout__)):
        raise ConfigurationError(
            "--pdb needs a terminal, but standard input or output is not one; leave the option out, or run the command"
            " in a terminal"
        )
    return bool(ours.pdb)


def text_instead(settings: Settings, ours: argparse.Namespace) -> str | None:
    """Do what an option asks for instead of running tests, and return what there is to show; None to run tests.

    Raises:
        ConfigurationError: as ``report_merge.merge``.
    """
    if ours.show_config:
        return str(config.reading().settings_lines(settings))
    if ours.history_merge is None:
        return None
    merged: str = on_request().report_merge.merge(ours.history_merge, settings)
    return merged


def _for_bisection(settings: Settings, ours: argparse.Namespace) -> Settings:
    """Return the settings without those for reports, workers, and the history: a search for polluters is not a run."""
    others = ("script", "last_failed", "pdb", "survey", "survey_apply", "write_baseline")
    config.refuse_together(f"--bisect {ours.bisect}", ours, others)
    return _unreported(settings)


def _unreported(settings: Settings) -> Settings:
    """Return the settings without those for reports, workers, and the history."""
    unreported = dict.fromkeys(_REPORTS)
    return settings.replaced(**unreported, annotations="off", jobs=1, failed_first=False, history="off")


def _varied_run() -> VariedRun | None:
    """Return the request of ``--vary`` to this process; None for other processes."""
    if VARIED_RUN not in os.environ:
        return None
    found: VariedRun | None = several_runs().varied_run.taken_request()
    return found


def _watched_tests(while_running: contextlib.ExitStack) -> WatchedTests | None:
    """Return the request of ``--watch`` to this process, which reports to it at the end; None for other processes."""
    if WATCHED_RUN not in os.environ:
        return None
    found: WatchedTests = several_runs().watched_tests.take_watch_request()
    while_running.callback(found.report)
    return found


def _bazel(while_running: contextlib.ExitStack) -> Protocol | None:
    """Return what Bazel asks of this program; None if something else has started it."""
    if not any(name.startswith(("TEST_", "TESTBRIDGE_")) for name in os.environ):
        return None
    protocol: Protocol = on_request().bazel.Protocol(while_running)
    current_run.fails_fast, current_run.ends_at = protocol.fails_fast or None, protocol.ends_at
    return protocol


def _observe(ours: argparse.Namespace) -> Survey | BaselineWriter | None:
    """Observe the tests for ``--survey`` or ``--write-baseline``; a program within a test is part of that test."""
    is_survey = ours.survey or ours.survey_apply
    if current_run.in_run or not (is_survey or ours.write_baseline):
        return None
    current_run.is_observing, current_run.is_surveying = True, is_survey
    from .._studies import baseline_writer, survey  # saves 6 ms in other runs

    return survey.Survey(applies=ours.survey_apply) if is_survey else baseline_writer.BaselineWriter()


def record_runs(
    settings: Settings,
    while_running: contextlib.ExitStack,
    protocol: Protocol | None = None,
    observer: Survey | BaselineWriter | None = None,
) -> None:
    """Record the runs, if there are reports to write or the tests are observed."""
    paths = {name: path for name in _REPORTS if (path := getattr(settings, name)) is not None}
    if protocol is not None and protocol.warnings_file is not None:
        paths["TEST_WARNINGS_OUTPUT_FILE"] = os.path.abspath(protocol.warnings_file)
    annotations = settings.annotations
    if annotations == "auto":
        annotations = next((ci for name, ci in features.ANNOTATING_CI.items() if _is_true(name)), "off")
    if not paths and annotations == "off" and observer is None:
        return
    from .._results.recording import Recorder  # saves 19 ms in runs without reports

    recorder = current_run.recorder = Recorder(paths, None if annotations == "off" else annotations, observer)
    if observer is not None:
        while_running.callback(observer.conclude, recorder.run)
    while_running.callback(recorder.close)


def put_in_order(settings: Settings, ours: argparse.Namespace, protocol: Protocol | None = None) -> None:
    """Use and update the history, and choose and order the tests, as the settings and options say."""
    if current_run.order is not None:
        return  # this program was started by a script, whose order applies
    shard = protocol.shard if protocol is not None else None
    if ours.shard is not None and shard is not None:
        raise ConfigurationError(f"--shard {ours.shard}: Bazel selects the shard; leave the option out")
    path, is_own = history.history_path(settings), settings.history == "auto"
    # A shard does not update the history, because later shards would be divided by other durations. Under Bazel, the
    # history is a source file.
    is_shard = shard is not None or ours.shard is not None
    is_kept = is_shard or "TEST_SRCDIR" in os.environ
    recorder: Recorder | None = current_run.recorder
    started = real.wall_clock() if recorder is None else recorder.run.started  # as in the reports
    known = None
    if path is not None:
        known = history.RunHistory(
            path, is_own=is_own, is_kept=is_kept, root=os.path.abspath(settings.root), started=started
        )
    if ours.last_failed and known is None:
        raise ConfigurationError("--last-failed needs the history of the last run, but history = off")
    current_run.history = known
    asks = (protocol is not None and protocol.has_filter) or bool(ours.deselect)
    asks = asks or ours.size is not None or ours.tests_from is not None
    if is_shard or asks or ours.last_failed or settings.failed_first or settings.shuffle != "off":
        order = on_request().order
        if ours.shard is not None:
            shard = order.parse_shard(ours.shard, "--shard")
        current_run.order = order.Order(
            settings, shard=shard, last_failed=ours.last_failed, selection=_selection(ours, protocol), history=known
        )


def _selection(ours: argparse.Namespace, protocol: Protocol | None) -> Selection:
    """Return what the options and Bazel ask of each test."""
    selection = on_request().selection
    found: Selection = selection.Selection(is_of_script=ours.script is not None)
    if protocol is not None and protocol.has_filter:
        found.require(protocol.chooses)
        found.may_be_empty = True  # in a shard
    if ours.size is not None:
        found.require(selection.with_sizes(ours.size))
    if ours.tests_from is not None:
        found.require_name(selection.names_in_file(ours.tests_from), f"--tests-from {ours.tests_from}")
    if ours.deselect:
        found.leave_out(ours.deselect, "--deselect")
    if current_run.watched is not None:
        found.require(current_run.watched.is_wanted)
        found.may_be_empty = True
    return found


def arranged(suite: Any) -> Any:
    """Choose and order the tests of a run of this program; a run within a test keeps its order.

    Where the tests are to be listed, this lists them, and those are left to run that could not be loaded.

    Raises:
        ConfigurationError: an option names a test that is not there.
    """
    if current_run.in_run:
        return suite
    if current_run.watched is not None:
        current_run.watched.note_tests(suite)
    if current_run.order is not None:
        suite = current_run.order.arranged(suite, lambda line: sys.stderr.write(f"{line}\n"))
    if current_run.varied is not None:
        suite = current_run.varied.arranged(suite)
    if current_run.lists is None:
        return suite
    text, failed = on_request().listing.list_of(suite, current_run.lists)
    if text:
        usage.show(text)
    return failed


def vary(ours: argparse.Namespace) -> None:
    """Do what ``--vary`` or ``--vary-only`` asks for, and exit; return if this is the process that runs the tests.

    Raises:
        ConfigurationError: a value of the options is wrong, or there is a budget and no study.
    """
    if current_run.varied is not None or current_run.in_run:
        return
    if ours.vary_budget is not None and ours.vary is None:
        raise ConfigurationError("--vary-budget limits a study; add --vary, or leave it out")
    if ours.vary is None and ours.vary_only is None:
        return
    vary = several_runs().vary
    status = vary.run_once(ours.vary_only) if ours.vary_only else vary.study(ours.vary, ours.vary_budget)
    process_exits.exit_program(status)


def on_request() -> ModuleType:
    """Load what only some options, settings and Bazel ask for."""
    from . import on_request  # saves 3 ms in runs for which nothing is asked

    return on_request


def several_runs() -> Any:
    """Return the module that imports ``--bisect``, ``--vary`` and ``--watch``."""
    from . import several_runs as found  # saves 40 ms in runs of tests

    return found


def has_left_all_out() -> bool:
    """Whether some run of this program had tests, and was to run none of them."""
    order = current_run.order
    return current_run.lists is not None or (order is not None and order.has_left_all_out)


def _is_true(variable: str) -> bool:
    return os.environ.get(variable, "").lower() == "true"

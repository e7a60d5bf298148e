"""The options ``--vary`` and ``--vary-only``: a study of the suite of this program, or one run of it."""

from __future__ import annotations

import math
import sys

from .._base import features, real
from .._base.errors import ConfigurationError
from .._base.spelling import counted
from .._isolation import process_tree, processors
from .._running import foreground
from .._running.watched_run import jobs
from .._settings.current_run import current_run
from .._settings.kinds import Seconds
from .._terminal import colours
from .._variations import catalogue
from .._verdicts import scopes
from . import finding_records, known_dependences, process, report
from .runs import Runs
from .study import Study

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._results.recording import Recorder
    from .study_findings import StudyFindings

_MOST_JOBS = 4  # without -j: each needs the memory of a whole run
NOTHING_FOUND, FOUND = 0, 1  # exit codes


def study(text: str, budget: str | None) -> int:
    """Study the suite, print the report, and return the exit code.

    Args:
        text: the variations to try, as for ``catalogue.chosen_variations``.
        budget: the seconds after which no further run is started; None for no limit.

    Raises:
        ConfigurationError: there is no such variation, or no such number of seconds.
    """
    if text == "list":
        sys.stdout.write(report.list_of_variations() + "\n")
        return NOTHING_FOUND
    variations = catalogue.chosen_variations(text, "--vary")
    ends_at = math.inf if budget is None else real.perf_counter() + _seconds(budget)
    with scopes.unjudged():
        process_tree.adopt_orphans()
        for number in foreground.ending_signals():
            real.set_signal_handler(number, _stop)
        runs = Runs(_jobs(), ends_at, _show_progress)
        findings = Study(runs, variations, _tell).go()
    left_out = {*findings.left_out, *findings.not_tried}
    tried = [variation.name for variation in variations if variation.name not in left_out]
    known_dependences.sort_out(findings, current_run.settings.vary_known, tried)
    sys.stdout.write(report.text(findings) + "\n")
    sys.stdout.flush()
    _tell(f"{counted(runs.processes, 'process')} ran {counted(runs.tests, 'test')} in {runs.seconds:.0f} s")
    troubles = _write_reports(findings)
    if findings.was_stopped:
        return features.INTERRUPTED_EXIT_STATUS
    return FOUND if findings.steady or findings.not_loaded or troubles else NOTHING_FOUND


def _write_reports(findings: StudyFindings) -> bool:
    """Write the reports that the settings ask for, and return whether one could not be written."""
    recorder: Recorder | None = current_run.recorder
    if recorder is None:
        return False
    recorder.run.tests = finding_records.records_of(findings)
    recorder.run.loaded = findings.tests
    troubles = recorder.finish(successful=not (findings.steady or findings.not_loaded), ended_early=None)
    for line in (*troubles, *recorder.annotations()):
        sys.stdout.write(f"{line}\n")
    return bool(troubles)


def run_once(text: str) -> int:
    """Run the tests once under variations, and return the exit code of the run.

    Args:
        text: the variations, as for ``catalogue.chosen_variations``.

    Raises:
        ConfigurationError: there is no such variation, this machine cannot do it, or two of them exclude each other.
    """
    variations = catalogue.chosen_variations(text, "--vary-only")
    for variation in variations:
        if reason := variation.why_not():
            raise ConfigurationError(f"--vary-only {variation.name}: {reason}")
    if not catalogue.can_join(variations):
        raise ConfigurationError(
            f"--vary-only {text}: some of these exclude each other; write one value of each subject"
        )
    with scopes.unjudged():
        return process.run_in_surroundings(variations)


def _jobs() -> int:
    """The number of runs at a time: that of ``-j``, or one for each processor, up to a few."""
    return jobs() if "jobs" in current_run.settings.origins else min(processors.usable(), _MOST_JOBS)


def _stop(*_: Any) -> None:
    """Stop the study as Ctrl-C does, so that it removes its processes and files."""
    raise KeyboardInterrupt


def _seconds(text: str) -> float:
    found = Seconds().parse(text)
    if found is None:
        raise ConfigurationError(f"--vary-budget {text!r} is not {Seconds.accepted}")
    return found


def _show_progress(runs: int) -> None:
    """Show the number of runs on a terminal, until the next line."""
    if colours.is_terminal(sys.stderr):
        sys.stderr.write(f"\r{counted(runs, 'run')}")
        sys.stderr.flush()


def _tell(line: str) -> None:
    start = "\r\033[K" if colours.is_terminal(sys.stderr) else ""
    sys.stderr.write(f"{start}{line}\n")
    sys.stderr.flush()

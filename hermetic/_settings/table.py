"""The settings: which there are, what each may be, and the record of all of them."""

from __future__ import annotations

import fnmatch
import os
from collections import namedtuple

from .._base.sizes import MODES, OPT_IN, SIZE_NAMES, STRICT, WARN, Size
from .kinds import Choice, Count, File, Jobs, Percentages, Seconds, Seed, Switch, Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._policy.decision import Allowance

SANDBOXES = ("off", "auto", "kernel")
START_METHODS = ("spawn", "forkserver", "fork", "platform", "all")


# What each setting may be. Every one can be given in all four places.
SETTINGS: dict[str, Choice | Words | Percentages | Switch | Seconds | Count | Jobs | File | Seed] = {
    "mode": Choice(*MODES),
    "default_size": Choice(*SIZE_NAMES),
    "forbid": Words(*OPT_IN),
    "size_distribution": Choice("off", "warn", "error"),
    "size_targets": Percentages("small", "medium", "larger"),
    "start_method": Choice(*START_METHODS),
    "isolated": Switch(),
    "no_isolation": Switch(),
    "isolated_timeout": Seconds(),
    "isolated_start": Choice("auto", "fresh"),
    "detect_leaks": Switch(),
    "leaks": Choice("warn", "error", "off"),
    "jobs": Jobs(),
    "time_limits": Choice(*MODES),
    "test_timeout": Seconds(),
    "processes_at_import": Choice("error", "allow"),
    "max_process_depth": Count(),
    "max_process_starts": Count(),
    "max_processes": Count(),
    "junit_xml": File(),
    "json": File(),
    "html": File(),
    "annotations": Choice("auto", "github", "azure", "off"),
    "shuffle": Seed(),
    "shuffle_level": Choice("module", "class", "test"),
    "failed_first": Switch(),
    "history": File("auto", "off"),
    "progress": Choice("auto", "off"),
    "sandbox": Choice(*SANDBOXES),
}


class Settings(
    namedtuple(  # noqa: PYI024 - as Policy
        "Settings",
        (
            "mode",
            "default_size",
            "forbid",
            "size_distribution",
            "size_targets",
            "start_method",
            "isolated",
            "no_isolation",
            "isolated_timeout",
            "isolated_start",
            "detect_leaks",
            "leaks",
            "jobs",
            "time_limits",
            "test_timeout",
            "processes_at_import",
            "max_process_depth",
            "max_process_starts",
            "max_processes",
            "junit_xml",
            "json",
            "html",
            "annotations",
            "shuffle",
            "shuffle_level",
            "failed_first",
            "history",
            "progress",
            "sandbox",
            "allow",
            "baseline",
            "root",
            "origins",
        ),
        defaults=(
            STRICT,
            None,
            (),
            "off",
            (80, 15, 5),
            "spawn",
            False,
            False,
            300.0,
            "auto",
            False,
            "warn",
            1,
            WARN,
            None,
            "error",
            8,
            5000,
            1000,
            None,
            None,
            None,
            "auto",
            "off",
            "test",
            False,
            "auto",
            "auto",
            "off",
            (),
            frozenset(),
            ".",
            {},
        ),
    )
):
    """The effective settings.

    Attributes:
        mode: ``strict``, ``warn`` or ``off``.
        default_size: the size of tests that say none; None to leave them alone.
        forbid: which of ``filesystem``, ``database`` and ``sleep`` small tests may not use.
        size_distribution: what it is when a whole run has too few small tests: ``off``, ``warn`` or ``error``.
        size_targets: the least percentage of small tests, and the largest of medium and of larger ones.
        start_method: the multiprocessing start method, ``platform`` for the interpreter's own, or ``all``.
        isolated: whether every test is isolated, marked or not.
        no_isolation: whether no test is, marked or not.
        isolated_timeout: the seconds that an isolated group may take, where its mark says none.
        isolated_start: ``fresh`` for workers that are fresh interpreters even where forks would do, or ``auto``.
        detect_leaks: whether to look for what tests change and leave that are not isolated.
        leaks: what that is: ``warn``, ``error`` or ``off``.
        jobs: how many processes the tests are shared out to, or ``auto``; 1 to run them here.
        time_limits: what a test is that takes longer than its size may: ``warn``, ``strict`` or ``off``.
        test_timeout: the seconds after which a test that is not isolated is interrupted; None for never.
        processes_at_import: what a process is that multiprocessing starts during an import: ``error`` or ``allow``.
        max_process_depth: how many generations of processes a test may start.
        max_process_starts: how often each process of a test may start another.
        max_processes: how many Python processes a test may have started in all, children of children included.
        junit_xml: the absolute path of the JUnit XML report; None for none.
        json: that of the JSON report.
        html: that of the HTML report.
        annotations: for which CI failures are written as annotations; ``auto`` for that which is found, or ``off``.
        shuffle: the seed that tests are shuffled by, in digits; ``random`` for a new one in each run, or ``off``.
        shuffle_level: what is shuffled: ``module``, ``class`` (modules, and the classes in them), or ``test`` (also the
            tests in those).
        failed_first: whether the tests that failed last come first.
        history: the absolute path of the file that remembers durations and failures; ``auto`` for that in the root, or
            ``off``.
        progress: whether a live line on a terminal says how far the run is: ``auto``, or ``off``.
        sandbox: whether the kernel holds workers to the sizes of their tests: ``kernel``, ``auto`` (where it can) or
            ``off``.
        baseline: the known violations (``_verdicts.baseline``).
        allow: path pattern with what it allows, in the order of the file.
        root: the folder that path patterns start from.
        origins: for each setting (and each pattern, as ``allow PATTERN``), where its value came from.
    """

    __slots__ = ()
    mode: str
    default_size: Size | None
    forbid: tuple[str, ...]
    size_distribution: str
    size_targets: tuple[int, int, int]
    start_method: str
    isolated: bool
    no_isolation: bool
    isolated_timeout: float
    isolated_start: str
    detect_leaks: bool
    leaks: str
    jobs: int | str
    time_limits: str
    test_timeout: float | None
    processes_at_import: str
    max_process_depth: int
    max_process_starts: int
    max_processes: int
    junit_xml: str | None
    json: str | None
    html: str | None
    annotations: str
    shuffle: str
    shuffle_level: str
    failed_first: bool
    history: str
    progress: str
    sandbox: str
    allow: tuple[tuple[str, Allowance], ...]
    baseline: frozenset[str]
    root: str
    origins: Mapping[str, str]

    def allowance_for(self, path: str) -> Allowance:
        """What the path patterns allow to the tests of a file.

        Args:
            path: the test module's file.
        """
        from .._policy.decision import NO_ALLOWANCE

        if not self.allow:
            return NO_ALLOWANCE
        relative = os.path.relpath(path, self.root).replace(os.sep, "/")
        allowance = NO_ALLOWANCE
        for pattern, allowed in self.allow:
            if fnmatch.fnmatchcase(relative, pattern):
                allowance |= allowed
        return allowance

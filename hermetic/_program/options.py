"""The options that hermetic adds to unittest's command line.

They are taken out of the arguments before unittest's parser sees the rest, and only in full spelling: a shared
prefix would make unittest's own abbreviations (``--start`` for ``--start-directory``) ambiguous.
"""

from __future__ import annotations

import argparse

from .._settings import kinds, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__unittest = True

_HELP = {
    "mode": "what a violation is: an error (strict, the default), a warning (warn), or nothing (off)",
    "default_size": "the size of tests that say none",
    "forbid": "what small tests may not use besides: a list of filesystem, database and sleep",
    "size_distribution": "what it is when a whole run has too few small tests: nothing (off, the default), a warning"
    " (warn), or a failure (error)",
    "size_targets": "the least percentage of small tests, and the largest of medium and of larger ones"
    " (default: 80/15/5)",
    "start_method": "how multiprocessing starts processes (default: spawn; platform: the interpreter's own;"
    " all: once more by each other method for the tests that start some)",
    "time_limits": "what a test is that takes longer than its size may: a warning (warn, the default), an error"
    " (strict), or nothing (off)",
    "test_timeout": "the seconds after which a test that is not isolated is interrupted (default: never)",
    "processes_at_import": "what a process is that is started during an import: error (the default) or allow",
    "max_process_depth": "the generations of processes that a test may start (default: 8)",
    "max_process_starts": "how often each process of a test may start another (default: 5000)",
    "max_processes": "the Python processes that a test may start in all (default: 1000)",
    "isolated": "run every test in a process of its own",
    "no_isolation": "run no test in a process of its own, whatever its marks say: for debuggers",
    "isolated_timeout": "the seconds that an isolated test or group may take (default: 300)",
    "isolated_start": "how their processes start: forked where that is safe (auto, the default), or fresh",
    "sandbox": "have the kernel hold tests and all that they start to their sizes, native code included: kernel, auto"
    " (where it can), or off (the default)",
    "detect_leaks": "look for what tests change and leave in this process, too",
    "leaks": "what that is: a warning (warn, the default), an error, or nothing (off)",
    "jobs": "run classes at the same time, in so many processes (auto: as many as there are processors)",
    "junit_xml": "write a report that CI systems read",
    "json": "write a report for programs",
    "html": "write a report for people, as one page",
    "annotations": "point at failures in the log of a CI system: of the one that is found (auto, the default), of this"
    " one, or of none (off)",
    "shuffle": "run the tests in another order; without a seed, in a new one, which is printed",
    "shuffle_level": "what is shuffled: modules, classes in them, too, or tests in those, too (test, the default)",
    "failed_first": "begin with the modules, the classes and the tests that failed last",
    "history": "the file that remembers durations and failures; or off",
    "progress": "on a terminal, say in its last row how far the run is (auto, the default), or do not (off)",
}

_METAVARS = {
    kinds.Words: "WORDS",
    kinds.Percentages: "A/B/C",
    kinds.Seconds: "SECONDS",
    kinds.Count: "NUMBER",
    kinds.File: "FILE",
    kinds.Seed: "SEED",
}


def make_parser(program: str) -> argparse.ArgumentParser:
    """The parser of our own options.

    Args:
        program: the name of the program, for usage messages.
    """
    parser = argparse.ArgumentParser(prog=program, add_help=False, allow_abbrev=False, usage=argparse.SUPPRESS)
    group = parser.add_argument_group("hermetic options")
    for name, setting in table.SETTINGS.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(setting, kinds.Switch):
            group.add_argument(option, action="store_const", const=True, help=_HELP[name])
        elif isinstance(setting, kinds.Choice):
            group.add_argument(option, choices=setting.words, help=_HELP[name])
        elif isinstance(setting, kinds.Jobs):
            # Without a number it is left to the setting to say what is accepted.
            group.add_argument("-j", option, nargs="?", const="", metavar="N|auto", help=_HELP[name])
        else:
            group.add_argument(option, metavar=_METAVARS[type(setting)], help=_HELP[name])
    # No settings: a file, or an inherited variable, that has tests left out would make runs green that are none.
    group.add_argument("--shard", metavar="K/N", help="run the K-th of N parts of the tests")
    group.add_argument("--last-failed", action="store_true", help="run only the tests that failed last")
    group.add_argument("--bisect", metavar="TEST", help="find the earlier tests that make a test fail, or pass")
    group.add_argument("--survey", action="store_true", help="let all happen, and suggest a size for each test")
    group.add_argument("--survey-apply", action="store_true", help="the same, and edit the files of the tests")
    group.add_argument(
        "--write-baseline", action="store_true", help="let violations happen, and write them into the configuration"
    )
    group.add_argument("--show-config", action="store_true", help="print the settings and where each came from")
    group.add_argument("--script", metavar="FILE", help="run a runner script; what follows are its arguments")
    return parser


def split(arguments: Sequence[str], parser: argparse.ArgumentParser) -> tuple[argparse.Namespace, list[str]]:
    """Our options, and the arguments that are left to unittest, in their order.

    What follows ``--`` or ``--script FILE`` is left as it is.
    """
    taken, rest = list(arguments), []
    for index, argument in enumerate(arguments):
        if argument == "--":
            taken, rest = list(arguments[:index]), list(arguments[index:])
            break
        if argument == "--script" or argument.startswith("--script="):
            end = index + (2 if argument == "--script" else 1)
            taken, rest = list(arguments[:end]), list(arguments[end:])
            break
    options, unknown = parser.parse_known_args(_with_seed(taken))
    return options, unknown + rest


def _with_seed(arguments: Sequence[str]) -> list[str]:
    """The arguments, with ``random`` where ``--shuffle`` has no seed: what follows may be the name of a test."""
    seed = table.SETTINGS["shuffle"]
    given = []
    for index, argument in enumerate(arguments):
        given.append(argument)
        if argument == "--shuffle" and seed.parse("".join(arguments[index + 1 : index + 2])) is None:
            given[-1] = "--shuffle=random"
    return given

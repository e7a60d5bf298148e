"""Defines the options that hermetic adds to unittest's command line, and takes them out of the arguments.

They are taken out of the arguments before unittest's parser sees the rest. They have no abbreviations: a shared prefix
would make unittest's own abbreviations (``--start`` for ``--start-directory``) ambiguous.
"""

from __future__ import annotations

import argparse
import os
import re

from .._settings.current_run import JSON, TEXT
from .._settings.kinds import Variations
from .._settings.table import SETTINGS, plain_text_of
from .._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .._settings.kinds import Kind

# No settings: a file, or an inherited variable, that leaves tests out would turn runs of a part of the tests green.
# Each has its help, in Markdown as that of settings, and how ``argparse`` is told about it.
OTHER_OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "--shard": ("Run the K-th of N [parts](../how-to/ci.md#shard-across-machines) of the tests", {"metavar": "K/N"}),
    "--last-failed": (
        "Run only the tests that [failed last](../how-to/order-tests.md#rerun-failed-tests)",
        {"action": "store_true"},
    ),
    "--size": (
        "Run only the tests of [these sizes](../how-to/choose-tests.md#by-size), such as `small,medium`, or `none`",
        {"metavar": "SIZES"},
    ),
    "--deselect": (
        "Leave out a [test, class, module or package](../how-to/choose-tests.md#by-name); can be repeated",
        {"metavar": "NAME", "action": "append"},
    ),
    "--tests-from": (
        "Run only the tests that [a file lists](../how-to/choose-tests.md#from-a-list); `-` reads standard input",
        {"metavar": "FILE"},
    ),
    "--list": (
        "[List the tests](../how-to/choose-tests.md#list-tests) that would run, and exit",
        {"action": "store_const", "const": TEXT},
    ),
    "--list-json": (
        "Print a line of JSON for each test that would run, and exit",
        {"action": "store_const", "const": JSON, "dest": "list"},
    ),
    "--history-merge": (
        "Add the JSON reports of the [shards of a run](../how-to/ci.md#merge-the-history-of-shards) to the history",
        {"metavar": "FILE", "nargs": "+"},
    ),
    "--repeat": (
        "Repeat the run [this many times](../how-to/deal-with-flaky-tests.md#provoke-a-failure), with new hash seeds",
        {"metavar": "NUMBER"},
    ),
    "--until-failure": (
        "Repeat the run [until it fails](../how-to/deal-with-flaky-tests.md#provoke-a-failure)",
        {"action": "store_true"},
    ),
    "--bisect": (
        "[Find the earlier tests](../how-to/find-a-polluter.md) that make this test fail or pass, and run no others",
        {"metavar": "TEST"},
    ),
    "--watch": (
        "Run the tests, and [after each change](../how-to/watch.md) those that it affects, until Ctrl-C",
        {"action": "store_true"},
    ),
    "--pdb": (
        "Open the debugger [where a test fails](../how-to/debug-a-test.md#stop-where-a-test-fails)",
        {"action": "store_true"},
    ),
    "--vary": (
        (
            "[Find what tests depend on](../how-to/find-dependences.md): `all` variations (default), some such as"
            " `timezone,order`, or `list` to print them"
        ),
        {"metavar": "[VARIATIONS]"},
    ),
    "--vary-only": (
        "Run the tests once [under these variations](../how-to/find-dependences.md#show-it-by-hand)",
        {"metavar": "VARIATIONS"},
    ),
    "--vary-budget": ("Start no more runs of `--vary` after this many seconds", {"metavar": "SECONDS"}),
    "--survey": (
        "Allow everything, and [suggest a size](../how-to/adopt-in-a-legacy-suite.md) for each test, with a diff",
        {"action": "store_true"},
    ),
    "--survey-apply": ("Survey the tests, and add the marks to their files", {"action": "store_true"}),
    "--write-baseline": (
        "Allow violations, and record them in [`hermetic-baseline.txt`](configuration.md#baseline)",
        {"action": "store_true"},
    ),
    "--show-config": ("Print the settings and the source of each, and exit", {"action": "store_true"}),
    "--explain": (
        "Print what the reference says about a code, a setting, an option or a size, and exit (default: list them)",
        {"nargs": "?", "const": "", "metavar": "TOPIC"},
    ),
    "--version": ("Print the version, and exit", {"action": "version", "version": f"hermetic {__version__}"}),
    "--script": ("Run a runner script with the arguments that follow", {"metavar": "FILE"}),
}

GROUPS = {  # settings and other options
    "sizes and violations": "mode default_size forbid time_limits size_distribution size_targets sandbox",
    "isolation": "isolated no_isolation isolated_timeout isolated_start detect_leaks leaks",
    "running": (
        "jobs retries flaky maxfail test_timeout --watch --pdb progress show_failures start_method processes_at_import"
        " max_process_depth max_process_starts max_processes --repeat --until-failure --script"
    ),
    "order and selection": (
        "shuffle shuffle_level failed_first --last-failed --size --deselect --tests-from --list --list-json --shard"
        " --bisect history --history-merge"
    ),
    "reports": "junit_xml junit_schema json html annotations",
    "surroundings": "--vary --vary-only --vary-budget vary_known",
    "adoption": "--survey --survey-apply --write-baseline",
    "information": "--show-config --explain --version",
}


# What an argument that is one of our options begins with.
_BEGINNINGS = tuple(option for setting in SETTINGS.values() for option in setting.options) + tuple(OTHER_OPTIONS)


def names() -> list[str]:
    """Return the long name of each option."""
    return [*(setting.options[-1] for setting in SETTINGS.values()), *OTHER_OPTIONS]


def make_parser(program: str) -> argparse.ArgumentParser:
    """Return the parser of our own options.

    Args:
        program: the name of the program, for usage messages.
    """
    parser = _Parser(prog=program, add_help=False, allow_abbrev=False)
    for title, names in GROUPS.items():
        group = parser.add_argument_group(title)
        for name in names.split():
            if name in SETTINGS:
                setting = SETTINGS[name]
                group.add_argument(*setting.options, help=setting.plain_help, **setting.kind.option)
            else:
                text, how = OTHER_OPTIONS[name]
                group.add_argument(name, help=plain_text_of(text), **how)
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are not lost below its usage, which is long."""

    def print_usage(self, file: Any = None) -> None:
        """Print nothing."""


def are_given(arguments: Sequence[str]) -> bool:
    """Whether any of some arguments is one of our options."""
    return any(argument.startswith(_BEGINNINGS) for argument in arguments)


def parse_arguments(arguments: Sequence[str], program: str) -> tuple[argparse.Namespace, list[str]]:
    """Return our options, and the arguments that are left to unittest, in their order.

    Arguments after ``--`` or ``--script FILE`` are left alone.

    Args:
        program: the name of the program, for usage messages.
    """
    taken = list(arguments)
    rest: list[str] = []
    for index, argument in enumerate(arguments):
        if argument == "--explain":  # all that follows is its topic, options included
            taken, rest = [*arguments[:index], f"--explain={' '.join(arguments[index + 1 :])}"], []
            break
        if argument == "--":
            taken, rest = list(arguments[:index]), list(arguments[index:])
            break
        if argument == "--script" or argument.startswith("--script="):
            end = index + (2 if argument == "--script" else 1)
            taken, rest = list(arguments[:end]), list(arguments[end:])
            break
    options, unknown = make_parser(program).parse_known_args(_with_values(taken))
    return options, unknown + rest


# The options that may stand without a value, with the kind of the value and the default.
_OPTIONAL = {"--shuffle": (SETTINGS["shuffle"].kind, "random"), "--vary": (Variations(), "all")}


def _is_misspelt(word: str, kind: Kind) -> bool:
    """Whether a word after an option is a wrong value, which is refused later, and not the name of a test.

    No test has a name with a comma or an equals sign.
    """
    if {*word} & {*",="}:
        return True
    if not re.fullmatch(r"\w[\w-]*", word) or not kind.hint(word) or os.path.exists(word):
        return False
    from importlib import util  # other runs need none of it

    return util.find_spec(word) is None


def _with_values(arguments: Sequence[str]) -> list[str]:
    """Return the arguments, with a value for ``--shuffle`` and ``--vary``: what follows may be the name of a test."""
    given = []
    for index, argument in enumerate(arguments):
        kind, default = _OPTIONAL.get(argument, (None, ""))
        following = "".join(arguments[index + 1 : index + 2])
        has_value = kind is None or kind.parse(following) is not None or _is_misspelt(following, kind)
        given.append(argument if has_value else f"{argument}={default}")
    return given

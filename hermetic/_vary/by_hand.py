"""The command that shows a finding by hand."""

from __future__ import annotations

import os
import shlex
import sys

from .._base import command, features
from .._settings.kinds import Variations
from .._variations import catalogue
from .study_findings import ALL_TESTS, ALONE, ITS_CLASS
from .verdicts import FIXTURE, PROGRAM, TEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._variations.variation import Variation
    from .study_findings import Finding

_ALONE, _TWICE = "order=alone", "order=twice"
_WITH_VALUE = ("--vary-only", "--vary-budget", "-k", "-j", "--jobs")  # options that are left out, with their values


def command_for(finding: Finding) -> str:
    """The command that shows a finding, for the user's shell."""
    variations = [catalogue.BY_NAME[name] for name in finding.names]
    arguments, names = _own_arguments(sys.argv[1:]), _names(finding)
    fed = ""
    if names and _runs_script(arguments):  # what follows is the script's, which may know no patterns
        arguments, fed = ["--tests-from", "-", *arguments], f"echo {shlex.quote(names)} | "
    elif names:
        arguments = [*arguments, "-k", names + "." * (finding.company == ITS_CLASS)]
    if all(map(_is_for_shells, variations)):
        return fed + _in_shell(variations, [*command.start(), *arguments])
    return fed + command.quoted([*command.start(), "--vary-only", ",".join(finding.names), *arguments])


def bisection_for(finding: Finding) -> str:
    """The command that finds the other tests that a finding needs; empty without such tests or such a command."""
    subject, names = finding.subject, [name for name in finding.names if name != _ALONE]
    names = [] if finding.needs_others else names
    arguments = _own_arguments(sys.argv[1:])
    takes_others = subject.kind == TEST and (finding.company != ALONE or _ALONE in finding.names)
    if not takes_others or subject.number or _TWICE in finding.names or _runs_script(arguments):
        return ""
    varied = ["--vary-only", ",".join(names)] if names else []
    return command.quoted([*command.start(), *varied, *arguments, "--bisect", subject.name])


def _runs_script(arguments: Sequence[str]) -> bool:
    return any(word == "--script" or word.startswith("--script=") for word in arguments)


def _is_for_shells(variation: Variation) -> bool:
    """Whether a variable, an option of the interpreter or a prefix sets all of a variation."""
    needs_folder = variation.folders or variation.tree or variation.at_start or variation.subject == "stdin"
    return not (features.WINDOWS or variation.is_set_within() or variation.keeps or needs_folder)


def _in_shell(variations: Sequence[Variation], words: Sequence[str]) -> str:
    """A command after the settings that a shell makes for it."""
    environ = {name: value for variation in variations for name, value in variation.variables().items()}
    unset = [word for name, value in environ.items() if value is None and name in os.environ for word in ("-u", name)]
    values = [f"{name}={shlex.quote(value)}" for name, value in environ.items() if value is not None]
    options = [word for variation in variations for word in variation.options]
    prefix = [word for variation in variations for word in variation.words_before()]
    python = next((variation.program for variation in variations if variation.program), words[0])
    program = shlex.join(prefix) + " " * bool(prefix) + command.quoted([python, *options, *words[1:]])
    return " ".join([*(["env", *unset] if unset else []), *values, program])


def _own_arguments(arguments: Sequence[str]) -> list[str]:
    """The arguments of this program without those for the study and the patterns that choose tests."""
    kept: list[str] = []
    words = [*arguments]
    while words:
        word = words.pop(0)
        if word == "--" or _runs_script([word]):
            return [*kept, word, *words]
        if word in _WITH_VALUE or (word == "--vary" and words and Variations().parse(words[0])):
            del words[:1]
        elif not word.startswith(("--vary", "--jobs=", "-k", "-j")):
            kept.append(word)
    return kept


def _names(finding: Finding) -> str:
    """The name of what must run to show a finding: a test, a class or a module; empty for all tests."""
    subject = finding.subject
    if subject.kind == PROGRAM or finding.company == ALL_TESTS:
        return ""
    if subject.kind == FIXTURE:
        return subject.name.partition(" (")[2].removesuffix(")")
    return subject.name.rpartition(".")[0] if finding.company == ITS_CLASS else subject.name

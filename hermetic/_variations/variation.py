"""What a variation is: one change of the surroundings that tests run in."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from dataclasses import dataclass, field

from .._base import features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Value = str | None | Callable[[], str]  # of an environment variable

START_FOLDER = "start"  # the folder of ``sitecustomize`` in the new folder of a run
_SECONDS = 10.0  # the time limit of a program that only checks whether something works


@dataclass(frozen=True)
class Variation:
    """One change of the surroundings of a run.

    Attributes:
        subject: what it changes, such as ``timezone``: the word for ``--vary``.
        value: what it changes that to, such as ``Asia/Kathmandu``.
        sets: what is set, for people.
        environ: environment variables; None removes one, and a function returns its value. ``{folder}`` stands for a
            new folder of the run.
        folders: folders to be made in that folder.
        keeps: the only variables to be kept, as the beginnings of their names; None to keep all.
        options: options of the interpreter.
        prefix: the words before the command, or a function that returns them.
        program: the Python to run instead of this one; empty for this one.
        tree: the name of the folder that the current folder is copied to, and that takes its place; empty for none.
        at_start: whether the Python programs of the run begin with ``at_start``.
        within: called in the process of the tests, once they are loaded; the changed order of the tests is returned.
        settings: values of hermetic's settings, by their names.
        group: variations of a group exclude each other; the subject, if it is empty.
        excludes: other groups whose variations it excludes.
        is_apart: whether it gets runs to itself, because it may hide the effect of others.
        on_request: whether it is tried only if it is asked for by name.
        reason: returns why this machine cannot do it, or an empty text.
        slows: how many times as long a run may take.
    """

    subject: str
    value: str
    sets: str
    environ: Mapping[str, Value] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    keeps: tuple[str, ...] | None = None
    options: tuple[str, ...] = ()
    prefix: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()
    program: str = ""
    tree: str = ""
    at_start: bool = False
    within: Callable[[Any], Any] | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    group: str = ""
    excludes: tuple[str, ...] = ()
    is_apart: bool = False
    on_request: bool = False
    reason: Callable[[], str] = str
    slows: float = 1.0

    @property
    def name(self) -> str:
        """The subject and the value: ``timezone=Asia/Kathmandu``."""
        return f"{self.subject}={self.value}"

    @property
    def exclusive_group(self) -> str:
        """The group of this variation; a run has at most one variation of each group."""
        return self.group or self.subject

    def is_set_within(self) -> bool:
        """Whether the process of the tests has to set all or a part of it."""
        return self.within is not None or bool(self.settings)

    def variables(self) -> dict[str, str | None]:
        """The environment variables that the variation sets, or removes (None)."""
        return {name: value() if callable(value) else value for name, value in self.environ.items()}

    def why_not(self) -> str:
        """Why this machine cannot do it; empty if it can."""
        words = "" if (reason := self.reason()) else self.words_before()
        return reason or (_lacks(words[0]) if words else "")

    def words_before(self) -> tuple[str, ...]:
        """The words before the command."""
        return self.prefix() if callable(self.prefix) else self.prefix


def in_shell(script: str) -> tuple[str, ...]:
    """The prefix that runs a command after a line of shell script."""
    return ("sh", "-c", f'{script}; exec "$@"', "sh")


@functools.cache
def _lacks(program: str) -> str:
    return "" if shutil.which(program) else f"there is no program {program}"


@functools.cache
def cannot_run(*command: str) -> str:
    """Why a command fails here; empty if it works."""
    done = _run(command)
    said = "" if done is None else done.stderr.strip().partition("\n")[0]
    return (
        "" if done is not None and done.returncode == 0 else _lacks(command[0]) or f"{command[0]} does not work: {said}"
    )


def output_of(*command: str) -> str:
    """What a command prints; empty if it fails."""
    done = _run(command)
    return done.stdout if done is not None and done.returncode == 0 else ""


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str] | None:
    if _lacks(command[0]):
        return None
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS, text=True,
            encoding="utf-8", errors="backslashreplace",
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None


def not_on_windows() -> str:
    """Why a variation that needs POSIX is left out."""
    return "Windows has nothing of this kind" if features.WINDOWS else ""


def already(variable: str, *values: str | None) -> Callable[[], str]:
    """The reason to leave out a variation that sets a variable to its current value."""

    def reason() -> str:
        return f"{variable} is so already" if os.environ.get(variable) in values else ""

    return reason


def environment_of(variations: Sequence[Variation], environ: Mapping[str, str], folder: str) -> dict[str, str]:
    """The environment of a run under variations.

    Args:
        environ: that of a plain run.
        folder: the new folder of the run.
    """
    made = dict(environ)
    if any(variation.at_start for variation in variations):
        made["PYTHONPATH"] = os.pathsep.join(filter(None, (os.path.join(folder, START_FOLDER), made.get("PYTHONPATH"))))
    for variation in variations:
        if variation.keeps is not None:
            made = {name: value for name, value in made.items() if name.startswith(variation.keeps)}
    for variation in variations:
        for name, value in variation.variables().items():
            if value is None:
                made.pop(name, None)
            else:
                made[name] = value.replace("{folder}", folder)
    return made

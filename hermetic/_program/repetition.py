"""Repeats a run (``--repeat``, ``--until-failure``), each time in a new interpreter with another hash seed."""

from __future__ import annotations

import itertools
import os
import sys

from .._base import command, features, real
from .._base.errors import ConfigurationError
from .._patches import process_exits
from .._running import foreground
from .._settings import config
from .._settings.current_run import current_run
from .._settings.kinds import Count

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import NoReturn

_SEED = "PYTHONHASHSEED"
_NOT_TO_BE_REPEATED = (  # options
    *("bisect", "history_merge", "list", "show_config", "survey", "survey_apply", "vary", "write_baseline"),
)
_USAGE_EXIT_STATUS = 2
_MAX_SHOWN = 20  # failed runs


def repeat(ours: argparse.Namespace) -> NoReturn:
    """Run this program's command again and again, and exit.

    Raises:
        ConfigurationError: the options ask for something else than runs, or no command repeats this program.
    """
    option = "--until-failure" if ours.repeat is None else "--repeat"
    config.refuse_together(option, ours, _NOT_TO_BE_REPEATED)
    config.refuse_names_of_input(option, ours)
    count = None if ours.repeat is None else Count().parse(ours.repeat)
    if ours.repeat is not None and count is None:
        raise ConfigurationError(f"--repeat {ours.repeat} is not {Count.accepted}; write one such as --repeat 20")
    given = command.own_words() or []
    words = [*_without_options(given)]
    if words == given or current_run.in_run:  # otherwise each run would repeat itself
        raise ConfigurationError(f"{option} is for the command line, but this program has made its own arguments")
    process_exits.exit_program(_Repetition(words, count, stops=ours.until_failure).run())


def _without_options(words: list[str]) -> Iterator[str]:
    """Yield the words of a command without the options that repeat it."""
    given = iter(words)
    for word in given:
        if word == "--" or word.partition("=")[0] == "--script":
            yield word
            yield from given
        elif word == "--repeat":
            next(given, None)
        elif word != "--until-failure" and not word.startswith("--repeat="):
            yield word


class _Repetition:
    """The runs of a command.

    Args:
        count: the number of runs; None for no limit.
        stops: whether the first failed run is the last one.
    """

    def __init__(self, words: list[str], count: int | None, *, stops: bool) -> None:
        self._words = words
        self._count = count
        self._stops = stops
        self._failed: list[tuple[int, str]] = []  # the numbers of runs, and their seeds

    def run(self) -> int:
        """Run the command, print the summary, and return the exit status."""
        ran, status = 0, 0
        for number in itertools.count(1):
            seed = _seed()
            total = "" if self._count is None else f" of {self._count}"
            foreground.tell(f"run {number}{total}{f', {_SEED}={seed}' if seed else ''}")
            status = _status_of([sys.executable, *self._words[1:]], seed)
            ran = number
            if status:
                self._failed.append((number, seed))
            if status in (_USAGE_EXIT_STATUS, features.NO_TESTS_EXIT_STATUS or None, features.INTERRUPTED_EXIT_STATUS):
                break
            if number == self._count or (status and self._stops):
                status = status if self._stops else min(len(self._failed), 1)
                break
        self._sum_up(ran)
        return status

    def _sum_up(self, ran: int) -> None:
        failed = len(self._failed)
        foreground.tell(f"{ran} run{'s' * (ran != 1)}: {ran - failed} passed, {failed} failed")
        for number, seed in self._failed[:_MAX_SHOWN]:
            again = command.quoted(self._words)
            foreground.tell(f"  run {number}: {command.with_variable(_SEED, seed, again) if seed else again}")
        if failed > _MAX_SHOWN:
            foreground.tell(f"  and {failed - _MAX_SHOWN} more")


def _seed() -> str:
    """The seed for hashes in the next run: that of the environment, or a new one; empty if Python ignores it."""
    if sys.flags.ignore_environment:
        return ""
    given = os.environ.get(_SEED, "random")
    return given if given not in ("", "random") else str(int.from_bytes(real.random_bytes(4), "big"))


def _status_of(words: list[str], seed: str) -> int:
    """Run a command to its end, and return its exit status."""
    environ = {"HERMETIC_FLAKY": "error", **os.environ}  # otherwise, runs with flaky tests pass
    environ.update({_SEED: seed} if seed else {})
    status, _ = foreground.run_command(words, environ)
    return status

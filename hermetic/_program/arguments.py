"""Takes hermetic's own options out of the arguments of a command."""

from __future__ import annotations

import argparse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

_BEGINNINGS = ("--", "-j")  # of all options of hermetic


class NoOptions(argparse.Namespace):
    """The options of a command line that has none of hermetic's: each is None."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None


def split_arguments(arguments: Sequence[str], program: str) -> tuple[argparse.Namespace, list[str]]:
    """Return our options, and the arguments that are left to unittest, in their order.

    Args:
        program: the name of the program, for usage messages.
    """
    if any(argument.startswith(_BEGINNINGS) for argument in arguments) and options().are_given(arguments):
        found: tuple[argparse.Namespace, list[str]] = options().parse_arguments(arguments, program)
        return found
    return NoOptions(), [*arguments]  # most runs: a parser of all options takes its time


def options() -> ModuleType:
    """Load what defines the options."""
    from . import options as found  # saves 2 ms in runs without options

    return found

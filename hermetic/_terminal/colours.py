"""Decides whether output may be coloured, by the rules of Python's own output, and colours lines."""

from __future__ import annotations

import os
import sys

from .._base import features, real
from .._stdlib import windows_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

RED, YELLOW, RESET = "\x1b[31m", "\x1b[33m", "\x1b[0m"


def are_wanted(stream: Any) -> bool:
    """Whether what is written to a stream may be coloured.

    The rules are those of https://docs.python.org/3/using/cmdline.html#using-on-controlling-color.
    """
    variables = real.environ
    if not sys.flags.ignore_environment and variables.get("PYTHON_COLORS") in ("0", "1"):
        return bool(variables["PYTHON_COLORS"] == "1")
    if variables.get("NO_COLOR"):
        return False
    if variables.get("FORCE_COLOR"):
        return True
    if variables.get("TERM") == "dumb" or (features.WINDOWS and not windows_files.console_shows_colours()):
        return False
    return is_terminal(stream) or _says_so(stream)


def of_headings(lines: Iterable[str], colour: str) -> list[str]:
    """The lines, with those coloured that are not indented."""
    return [line if line.startswith(" ") else f"{colour}{line}{RESET}" for line in lines]


def is_terminal(stream: Any) -> bool:
    """Whether a stream ends at a terminal."""
    try:
        return os.isatty(stream.fileno())
    except (AttributeError, OSError, ValueError, TypeError):
        return False


def _says_so(stream: Any) -> bool:
    """Whether a stream without a file, such as that of an editor's console, says that it is a terminal."""
    try:
        stream.fileno()
    except OSError:
        return bool(getattr(stream, "isatty", bool)())
    except (AttributeError, ValueError, TypeError):
        pass
    return False

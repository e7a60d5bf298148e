"""The command that started this program, quoted for the user's shell."""

from __future__ import annotations

import sys

from . import features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def start() -> list[str]:
    """The words that started the program, without its own arguments."""
    return sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]


def quoted(words: Sequence[str]) -> str:
    """A command in one line, ready to be pasted into the user's shell."""
    if features.WINDOWS:
        import subprocess  # costs 4 ms at start, and other systems do not need it

        return subprocess.list2cmdline(words)
    import shlex  # needed with the first process, or the first command that is shown

    return shlex.join(words)

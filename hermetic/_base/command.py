"""Commands for people: how this program was started, written for their shell."""

from __future__ import annotations

import shlex
import subprocess
import sys

from . import features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__unittest = True


def start() -> list[str]:
    """How the program was started, up to its own arguments."""
    return sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]


def quoted(words: Sequence[str]) -> str:
    """A command in one line, to be pasted."""
    return subprocess.list2cmdline(words) if features.WINDOWS else shlex.join(words)

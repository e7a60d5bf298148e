"""The command that started this program, and the commands that messages propose."""

from __future__ import annotations

import os
import sys

from . import features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_started_by = os.path.splitext(os.path.basename([*getattr(sys, "argv", ()), ""][0]))[0]
NAME = "hermetic" if _started_by == "hermetic" else "python -m hermetic"  # what users type to start hermetic


def explained(text: str) -> str:
    """A message with a code (``[H003] ...``) and, as its last line, the command that explains the code."""
    line = f"  explain: {NAME} --explain {text[1:5]}"
    is_coded = text[:2] == "[H" and text[2:5].isdigit() and text[5:6] == "]"
    return f"{text.rstrip()}\n{line}" if is_coded and line not in text else text


def start() -> list[str]:
    """The words that started the program, without its own arguments."""
    return sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]


def own_words() -> list[str] | None:
    """The words of this program's command; None if the program has made its own arguments."""
    begin = start()
    return [*sys.orig_argv] if begin and [*begin, *sys.argv[1:]] == sys.orig_argv else None


def rerun(*options: str) -> str | None:
    """The command of this program with one more option of hermetic; None if the program has made its own arguments.

    Args:
        options: the option, and its value if it takes one. An option that is there already is not added.
    """
    arguments, begin = sys.argv[1:], start()
    if own_words() is None:
        return None
    at = next((index for index, word in enumerate(begin) if word.partition("=")[0] == "--script"), len(begin))
    is_there = options[0] in [*begin[:at], *([] if begin[at:] else arguments)]  # what follows a script is the script's
    return quoted([*begin[:at], *([] if is_there else options), *begin[at:], *arguments])


def with_variable(name: str, value: str, line: str) -> str:
    """A command with a variable of the environment, ready to be pasted into the user's shell."""
    return f'set "{name}={value}" && {line}' if features.WINDOWS else f"{name}={value} {line}"


def words_of(line: str) -> list[str]:
    """Split a command line as programs do on Windows: the reverse of ``subprocess.list2cmdline``."""
    words: list[str] = []
    word: str | None = None  # None between words: quotes may hold an empty one
    is_quoted, slashes = False, 0
    for char in line:
        if char == "\\":
            slashes += 1
            continue
        if char == '"':
            word = (word or "") + "\\" * (slashes // 2) + '"' * (slashes % 2)
            is_quoted ^= not slashes % 2
        else:
            word = (word or "") + "\\" * slashes if slashes else word
            if is_quoted or char not in " \t":
                word = (word or "") + char
            elif word is not None:
                words.append(word)
                word = None
        slashes = 0
    return words if word is None and not slashes else [*words, (word or "") + "\\" * slashes]


def quoted(words: Sequence[str]) -> str:
    """A command in one line, ready to be pasted into the user's shell."""
    if NAME == "hermetic" and [*words[:2]] == sys.orig_argv[:2]:  # the interpreter and the path of the console script
        words = [NAME, *words[2:]]
    if features.WINDOWS:
        import subprocess  # costs 4 ms at start, and other systems do not need it

        return subprocess.list2cmdline(words)
    import shlex  # needed with the first process, or the first command that is shown

    return shlex.join(words)

"""Runs a use of subprocess or asyncio once with real children and once with doubled ones.

A child is described once. As a real one it is a small Python program; as a doubled one, what ``mock_run`` is told.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import inspect
import re
import sys
import unittest
import warnings

from hermetic import SubprocessMock
from hermetic._base import features
from hermetic._base.command import quoted

CRASH = 0xC0000005  # an access violation
KILLED, TERMINATED = (features.TERMINATED_STATUS,) * 2 if features.WINDOWS else (-9, -15)
PARTS = ("returncode", "cmd", "output", "stderr", "errno", "filename")


class Child:
    """A child that writes, may copy what it is sent, takes its time and ends.

    Args:
        stdout: what it writes; text as UTF-8.
        stderr: the same.
        returncode: minus the number of a signal to die of it; on Windows, it then crashes.
        copies: whether it then copies its standard input to its standard output, line by line.
        duration: seconds from its last output to its end.
        shell: whether the command is one string, for a shell.
        program: another command; the rest then says what that does.

    Attributes:
        command: what starts it.
        scripted: what is scripted for it.
        script: how ``mock_run`` describes it.
    """

    def __init__(  # noqa: PLR0913 - a child is all of these
        self,
        stdout: str | bytes = "",
        stderr: str | bytes = "",
        returncode: int = 0,
        *,
        copies: bool = False,
        duration: float = 0,
        shell: bool = False,
        program: list[str] | None = None,
    ) -> None:
        code = [
            "import os",
            *(f"os.write({fd}, {part})" for fd, part in ((1, source(stdout)), (2, source(stderr))) if part),
        ]
        if copies:
            code.append("import sys\nfor line in sys.stdin.buffer: os.write(1, line)")
        if duration:
            code.append(f"import time\ntime.sleep({duration})")
        if returncode < 0 and features.WINDOWS:
            code.append(f"os._exit({CRASH - 2**32})")
            returncode = CRASH
        else:
            code.append(f"os._exit({returncode})" if returncode >= 0 else f"os.kill(os.getpid(), {-returncode})")
        argv = program or [sys.executable, "-I", "-S", "-c", one_line("\n".join(code))]
        self.command = " ".join(argv) if program and shell else quoted(argv) if shell else argv
        self.scripted: str | list[str] = self.command
        self.script = {"returncode": returncode, "duration": duration, "stdout": stdout, "stderr": stderr}
        if copies:
            del self.script["stdout"], self.script["stderr"]
            self.script["side_effect"] = copy_lines


def one_line(code: str) -> str:
    """Code as a shell of Windows takes it, which knows neither single quotes nor more lines."""
    return f"exec(bytes.fromhex('{code.encode().hex()}'))" if features.WINDOWS else code


def missing_program(name: str) -> OSError:
    """The error of a program that is not there, which Windows does not name."""
    if not features.WINDOWS:
        return FileNotFoundError(2, "No such file or directory", name)
    text = importlib.import_module("ctypes").FormatError(2)
    return OSError(None, text.rstrip(".\r\n "), None, 2)


def copy_lines(child) -> None:
    for line in child.stdin:
        child.stdout.write(line)


def source(output: str | bytes) -> str:
    """An expression for it, short enough for a command line; none for nothing."""
    if not output:
        return ""
    data = output if isinstance(output, bytes) else output.encode()
    unit = data[:10]
    return f"{unit!r} * {len(data) // 10}" if len(data) > 1000 else repr(data)


def outcome(use, commands) -> list[object]:
    """What a use returns or raises, and what it warns of; numbers of processes and files are left out."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = use(*commands)
            found = ["returned", asyncio.run(result) if inspect.iscoroutine(result) else result]
        except Exception as error:
            parts = {name: getattr(error, name, None) for name in PARTS}
            found = ["raised", type(error), str(error), parts]
            del error
        gc.collect()
    return [normal(found), [(warning.category.__name__, normal(str(warning.message))) for warning in caught]]


def normal(value: object) -> str:
    text = re.sub(r"subprocess \d+", "subprocess N", repr(value))
    text = re.sub(r" timed out after [\d.]+ seconds", " timed out", text)
    return re.sub(r"(name=|fd=|pid=|0x)[\da-f]+", r"\1N", text)


class ConformanceTestCase(unittest.TestCase):
    """A test case that compares the double with the real module."""

    maxDiff = 2000

    @classmethod
    def setUpClass(cls) -> None:
        gc.freeze()  # each use is followed by a collection, which would look at all loaded tests
        cls.addClassCleanup(gc.unfreeze)

    def agree(self, use, *children: Child) -> list[object]:
        """A use with as many commands as there are children comes out the same; returns what comes out."""
        commands = [child.command for child in children]
        real = outcome(use, commands)
        with SubprocessMock(any_order=True) as double:
            for child in children:
                double.mock_run(child.scripted, **child.script, required=False)
            doubled = outcome(use, commands)
        self.assertEqual(doubled, real)
        return real

"""Runs hostile test modules in real processes, and checks verdicts, leftover processes, and leftover files."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
import uuid
from typing import ClassVar

from support import TIMEOUT, linux_only, on_few_pythons, package_folder, posix_module, write_files

resource = posix_module("resource")

# How tests are isolated: each in a process of its own, those of a class in one, that one a fresh interpreter.
MODES = ("alone", "grouped", "fresh")

_HEADER = """
import atexit, contextlib, ctypes, faulthandler, json, multiprocessing, os, resource, shutil, signal, socket, subprocess
import sys, tempfile, threading, time, unittest, warnings
from hermetic import isolated

def sockets():
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if int(name) > 2 and os.readlink("/proc/self/fd/" + name).startswith("socket:"):
                yield int(name)
"""

_CLASS = """
{class_mark}class Case_{name}(unittest.TestCase):
    def test_1_before(self):
        pass

{test_mark}    def test_2_{name}(self):
{body}

    def test_3_after(self):
        pass
"""


def module_of(cases, mode, *, timeout=20):
    """A test module with a class for each case: a test before, the hostile one, a test after.

    Args:
        cases: name to the body of the hostile test; what comes before a line ``---`` stands in the module, and what
            comes after another such line, in the class.
        mode: one of ``MODES``.
        timeout: seconds for each test, or for each class.
    """
    mark = f"@isolated(timeout={timeout})\n"
    parts = [_HEADER]
    for name, text in cases.items():
        *before, body = (textwrap.dedent(part) for part in text.split("---\n"))
        fixtures = before.pop() if len(before) == 2 else ""
        parts += before
        test_mark, class_mark = (textwrap.indent(mark, "    "), "") if mode == "alone" else ("", mark)
        indented = textwrap.indent(body.strip(), " " * 8)
        parts.append(_CLASS.format(name=name, body=indented, test_mark=test_mark, class_mark=class_mark))
        parts.append(textwrap.indent(fixtures, "    "))
    return "\n".join(parts)


class Run:
    """A command that runs one hostile module.

    Args:
        text: of the module ``test_hostile``.
        command: after ``python``.

    Attributes:
        tmp: the folder that its TMPDIR is.
        process: the command's.
        output: what it wrote to both streams, once it has ended.
        status: its exit status, then.
        peak: the bytes of memory of the largest of its processes.
        left: the commands of the processes of the run that were still there when it had ended.
        files: what is in ``tmp`` then.
    """

    def __init__(self, text, *command, env=None):
        # Not in the folder of a worker that runs this: the paths of sockets, in workers of its own, would be too long.
        short = "/tmp" if os.access("/tmp", os.W_OK) else None
        self._folder = tempfile.TemporaryDirectory(prefix="hermetic-test-", dir=short)
        top = self._folder.name
        self.tmp = os.path.join(top, "tmp")
        os.mkdir(self.tmp)
        write_files(top, {"tests/test_hostile.py": text})
        self._mark = uuid.uuid4().hex
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HERMETIC_", "PYTHON", "TEST_"))}
        own = {"TMPDIR": self.tmp, "HOSTILE_RUN": self._mark, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
        environment = {**inherited, "PYTHONPATH": package_folder(), **own, **(env or {})}
        self._out = open(os.path.join(top, "out"), "w+b")
        self._stdin = os.pipe()  # never written to, never closed: whoever reads it waits
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=os.path.join(top, "tests"),
            env=environment,
            stdin=self._stdin[0],
            stdout=self._out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def so_far(self):
        """What it has written."""
        self._out.flush()
        with open(self._out.name, encoding="utf-8", errors="backslashreplace") as file:
            return file.read()

    def wait_for(self, text, timeout=TIMEOUT):
        """Wait until it has written a text."""
        deadline = time.monotonic() + timeout
        while text not in self.so_far():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"{text!r} did not come:\n{self.so_far()}")
            time.sleep(0.02)

    def wait(self, timeout=2 * TIMEOUT, *, grace=0.0):
        """Wait for its end, see what it has left, and end that.

        Args:
            timeout: seconds; a run that takes longer is an error.
            grace: seconds that its other processes may live longer.
        """
        deadline = time.monotonic() + timeout
        pid = 0
        while not pid and time.monotonic() < deadline:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            time.sleep(0 if pid else 0.02)
        if pid:
            self.status = self.process.returncode = os.waitstatus_to_exitcode(status)
            self.peak = usage.ru_maxrss * 1024
        self.output = self.so_far()
        self.left = self._left(grace)
        self.files = os.listdir(self.tmp)
        self._close()
        if not pid:
            raise AssertionError(f"no end after {timeout} seconds:\n{self.output[-5000:]}")
        return self

    def processes(self):
        """Those of the run that are there now: process id to command."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/environ", "rb") as file:
                    marked = self._mark.encode() in file.read()
                with open(f"/proc/{pid}/stat") as file:
                    living = file.read().rpartition(")")[2].split()[0] not in "ZX"
                with open(f"/proc/{pid}/cmdline") as file:
                    if marked and living:
                        found[int(pid)] = file.read().replace("\0", " ").strip()
        return found

    def _left(self, grace):
        deadline = time.monotonic() + grace
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.02)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return sorted(left.values())

    def _close(self):
        self._out.close()
        for fd in self._stdin:
            os.close(fd)
        self._folder.cleanup()

    @property
    def sections(self):
        """The errors and failures: the name of the test or fixture, and of its class after a dot, to the text."""
        found = {}
        for part in re.split(r"^={70}\n", self.output, flags=re.MULTILINE)[1:]:
            heading = re.match(r"(?:ERROR|FAIL|UNEXPECTED SUCCESS): (\S+) \((?:test_hostile\.)?(\w*)", part)
            name = f"{heading[2]}.{heading[1]}" if heading else part.partition("\n")[0]
            found[name] = found.get(name, "") + part
        return found

    @property
    def count(self):
        """How many tests it says it has run; None if it says nothing."""
        ran = re.findall(r"^Ran (\d+) tests? in ", self.output, flags=re.MULTILINE)
        return int(ran[0]) if len(ran) == 1 else None


def start_hermetic(text, *arguments, env=None):
    """Start our own runner on a hostile module."""
    return Run(text, "-m", "hermetic", *arguments, "test_hostile", env=env)


@on_few_pythons
@linux_only("containment of processes that resist")
class HostileCase(unittest.TestCase):
    """Runs its cases in each mode, all at once; its tests look at what came of each.

    Attributes:
        cases: as of ``module_of``.
        modes: those of ``MODES`` that it runs them in.
        timeout: as of ``module_of``.
        max_output: characters that a run may print.
        max_memory: bytes that the largest process of a run may have.
    """

    cases: ClassVar = {}
    modes = MODES
    timeout = 20
    max_output = 1_000_000
    max_memory = 200_000_000

    @classmethod
    def setUpClass(cls):
        if cls.cases:
            started = {mode: cls.start(mode) for mode in cls.modes}
            cls.runs = {mode: run.wait() for mode, run in started.items()}

    @classmethod
    def start(cls, mode):
        start = ("--isolated-start", "fresh") if mode == "fresh" else ()
        return start_hermetic(module_of(cls.cases, mode, timeout=cls.timeout), *start)

    def assert_contained(self):
        """The runs came to their end, ran every test, and left nothing running, on disk, or in memory."""
        for mode, run in self.runs.items():
            with self.subTest(mode=mode):
                self.assertEqual(3 * len(self.cases), run.count, run.output[-5000:])
                self.assertEqual(1 if run.sections else 0, run.status)
                self.assertEqual(([], []), (run.left, run.files))
                self.assertLess(len(run.output), self.max_output)
                # Linux counts the memory of the process that started it as its own, up to its exec.
                inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
                self.assertLessEqual(run.peak, max(self.max_memory, inherited))

    def assert_error(self, name, *texts):
        """The hostile test is an error or a failure that says this (regular expressions), and nothing else is."""
        for mode, run in self.runs.items():
            with self.subTest(case=name, mode=mode):
                found = {key: text for key, text in run.sections.items() if key.startswith(f"Case_{name}.")}
                self.assertEqual([f"Case_{name}.test_2_{name}"], [*found], run.output[-5000:])
                for text in texts:
                    self.assertRegex(*found.values(), text)

    def assert_passes(self, *names):
        """Neither the hostile tests nor their neighbours nor a fixture is an error."""
        for mode, run in self.runs.items():
            for name in names:
                with self.subTest(case=name, mode=mode):
                    blamed = [text for key, text in run.sections.items() if re.search(rf"Case_{name}\b", key)]
                    self.assertEqual([], blamed)

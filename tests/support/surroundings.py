"""A suite with tests of all kinds, and ways to run it on a crippled system."""

from __future__ import annotations

import functools
import subprocess
import unittest

import support

CHILD = "import contextlib, socket\nwith contextlib.suppress(Exception): socket.create_connection(('127.0.0.1', 9))"
SUITE = f"""
import contextlib, os, socket, subprocess, sys, unittest
from hermetic import allow, isolated, medium, small

def reach():
    with socket.socket() as sock:
        sock.connect(("127.0.0.1", 9))

class MixedTest(unittest.TestCase):
    def test_fails(self):
        self.fail("on purpose")

    @isolated
    def test_is_alone(self):
        print("printed")

    @isolated
    @small
    def test_is_alone_and_swallows(self):
        with contextlib.suppress(Exception):
            reach()

    @medium
    def test_starts(self):
        subprocess.run([sys.executable, "-c", ""], check=True)

    @small
    @allow(processes=["*"])
    def test_starts_one_that_swallows(self):
        subprocess.run([sys.executable, "-c", {CHILD!r}], check=True)

    @small
    def test_swallows(self):
        with contextlib.suppress(Exception):
            reach()
"""
VERDICTS = "\nFAILED (failures=1, errors=3)\n"  # of all of it
RAN = "\nRan 6 tests in "


def shell(script: str) -> list[str]:
    """A command that runs a script of the shell, and then the command that follows it."""
    return ["sh", "-c", f'{script}\nexec "$@"', "sh"]


def mounted(script: str) -> list[str]:
    """The same, in a namespace where it may mount file systems that nobody else sees."""
    return ["unshare", "-rm", *shell(script)]


@functools.cache
def _may_mount() -> bool:
    try:
        with support.not_inherited():
            mount = mounted("mount -t tmpfs tmpfs /mnt")
            return subprocess.run([*mount, "true"], capture_output=True, timeout=support.TIMEOUT).returncode == 0
    except OSError:
        return False


class MountingTest(unittest.TestCase):
    """A base of tests that mount file systems, skipped where nobody may."""

    @classmethod
    def setUpClass(cls) -> None:
        if not _may_mount():
            raise unittest.SkipTest("no file system can be mounted here")

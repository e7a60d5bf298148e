"""Network operations for tests of marks, and the sizes that were applied to marked tests."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import unittest

import support
from support import run_tests

REACH = """
import contextlib, socket, unittest
import hermetic
def reach():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
        sock.bind(("203.0.113.7", 0))
"""


UNMARKED = """
class Case(unittest.TestCase):
    def test_it(self): reach()
"""


def reach() -> None:
    """What small and medium refuse, and what sends nothing where it is let happen: no interface has the address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
        sock.bind(("203.0.113.7", 0))


def reach_loopback() -> None:
    """What small refuses alone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))


def connect(host: str, port: int) -> None:
    with socket.socket() as sock:
        sock.settimeout(5)
        sock.connect((host, port))


def sizes(cls: type[unittest.TestCase]) -> dict[str, str]:
    """Test method to the size that its call of ``reach`` was refused in; ``free`` for one that was let happen."""
    found = dict.fromkeys(unittest.defaultTestLoader.getTestCaseNames(cls), "free")
    for test, text in run_tests(cls).errors:
        found[test.id().rpartition(".")[2]] = re.search(r"network violation: (\w+) test", text)[1]
    return found


def run_suite(source: str, *arguments: str, runner: str = "hermetic", **env: str) -> subprocess.CompletedProcess[str]:
    """Run a module of tests in a process of its own."""
    with support.Folder(**{"test_it.py": REACH + source}) as folder:
        return support.run_python("-m", runner, *arguments, "test_it", cwd=folder, env=env)

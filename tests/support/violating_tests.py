"""Runs modules whose tests violate their sizes, and reads what a runner lists for each test."""

from __future__ import annotations

import re
import socket
import subprocess

import support

_SECTION = re.compile(r"^(ERROR|FAIL|UNEXPECTED SUCCESS): (\S+)(.*)$", re.MULTILINE)
PREAMBLE = """
import contextlib, socket, unittest
import hermetic
def reach():
    with socket.socket() as sock: sock.connect(("127.0.0.1", 9))
def swallow():
    with contextlib.suppress(Exception): reach()
"""


ONE_TEST = """
class Case(unittest.TestCase):
    def test_it(self): pass
"""


MARKED = "__hermetic__ = hermetic.small\n"


def sections(said: str) -> list[tuple[str, str, str]]:
    """What unittest lists below the dots: kind, name, text."""
    found = _SECTION.split(said)
    return [(found[i], found[i + 1], found[i + 2] + found[i + 3]) for i in range(1, len(found), 4)]


def said_of(listed: list[tuple[str, str, str]], name: str) -> list[tuple[str, str]]:
    """The kinds and texts that are listed for one test."""
    return [(kind, text) for kind, what, text in listed if what == name]


def connect(port: int = 9) -> None:
    """Refused in a small test."""
    with socket.socket() as sock:
        sock.connect(("127.0.0.1", port))


def run_module(source: str, *arguments: str, runner: str = "hermetic", **env: str) -> subprocess.CompletedProcess[str]:
    """Run a module of tests in a process of its own."""
    names = () if "discover" in arguments else ("test_it",)
    with support.Folder(**{"test_it.py": PREAMBLE + source}) as folder:
        return support.run_python("-m", runner, *arguments, *names, cwd=folder, env=env)

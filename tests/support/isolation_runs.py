"""Runs modules with isolated tests, and finds out which process each test and fixture ran in."""

from __future__ import annotations

import support
from hermetic import HermeticTestCase

HEAD = """
import asyncio, os, subprocess, sys, time, unittest
import hermetic
from hermetic import isolated, medium, small
def note(what):
    print(what, os.environ.get("HERMETIC_ISOLATED"), os.getpid(), sep="|", flush=True)
def noting(name):
    return lambda *_: note(name)
def fixtures(name):
    return classmethod(noting("setUpClass " + name)), classmethod(noting("tearDownClass " + name))
note("start")
"""


class Run:
    """What a run of a module of tests came to.

    Attributes:
        status: its exit status.
        places: what was noted, and after an @ where: 0 for the process of the run, 1 for the first worker, and so on.
        text: what it wrote to its standard error.
    """

    def __init__(self, source: str, *arguments: str, env: dict[str, str] | None = None, **files: str) -> None:
        with support.Folder(**{"test_it.py": HEAD + source, "setup.cfg": "", **files}) as folder:
            done = support.run_hermetic(*(arguments or ("test_it",)), cwd=folder, env=env)
        self.status, self.text, self.places = done.returncode, done.stderr, []
        pids: list[str] = []
        for line in done.stdout.splitlines():
            what, isolated, pid = line.split("|")
            if not pids or what != "start":  # the module of tests is imported here first, then perhaps elsewhere
                pids += [pid] * (pid not in pids)
            if what != "start":
                self.places.append(f"{what}@{pids.index(pid)}")
                if (isolated == "1") != (pid != pids[0]):
                    raise AssertionError(f"HERMETIC_ISOLATED is {isolated} in {line}")


class IsolationCase(HermeticTestCase):
    """Compares where things ran."""

    def assert_places(self, run: Run, *places: str) -> None:
        """All tests passed, and ran with their fixtures where they should."""
        self.assertEqual((run.status, run.places), (0, list(places)), run.text)

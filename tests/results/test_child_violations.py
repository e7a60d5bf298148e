"""Violations of child processes and sub-interpreters are errors of the test that started them."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest

import support
from hermetic import medium
from support.violating_tests import sections

setUpModule = support.unmeasured_processes
CHILD = """
import multiprocessing, unittest
import hermetic
def reach():
    import contextlib, socket
    with contextlib.suppress(Exception), socket.socket() as sock:
        sock.settimeout(5)
        sock.connect(("203.0.113.7", 9))
class Case(unittest.TestCase):
    @hermetic.medium
    def test_child(self):
        context = multiprocessing.get_context("METHOD")
        child = context.Process(target=reach)
        child.start()
        child.join()
        self.assertEqual(child.exitcode, 0)
    @hermetic.medium
    def test_clean(self):
        pass
    @hermetic.medium
    def test_clean_child(self):
        child = multiprocessing.get_context("METHOD").Process(target=int)
        child.start()
        child.join()
        self.assertEqual(child.exitcode, 0)
"""


INTERPRETER = """
import unittest, hermetic
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
class Case(unittest.TestCase):
    @hermetic.medium
    def test_child(self):
        interpreter = interpreters.create()
        interpreters.run_string(interpreter, '''
import contextlib, socket
with contextlib.suppress(Exception), socket.socket() as sock:
    sock.settimeout(5)
    sock.connect(("203.0.113.7", 9))
''')
        interpreters.destroy(interpreter)
    @hermetic.medium
    def test_clean(self):
        pass
"""


MODERN_INTERPRETER = """
import unittest, hermetic
from concurrent import interpreters
def reach():
    import contextlib, socket
    with contextlib.suppress(Exception), socket.socket() as sock:
        sock.settimeout(5)
        sock.connect(("203.0.113.7", 9))
class Case(unittest.TestCase):
    @hermetic.medium
    def test_child(self):
        interpreter = interpreters.create()
        interpreter.call(reach)
        interpreter.close()
"""


@medium
class Children(unittest.TestCase):
    def assert_charged_to_its_test(self, source: str, runner: str = "hermetic") -> None:
        probe = subprocess.run(support.in_network_namespace("true"), capture_output=True, text=True)
        if probe.returncode:
            self.skipTest(f"no network namespace: {probe.stderr.strip()}")
        command = support.in_network_namespace(sys.executable, "-m", runner, "test_it")
        env = {**os.environ, "PYTHONPATH": support.package_folder()}
        with support.Folder(**{"test_it.py": source}) as folder:
            ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=support.TIMEOUT)
        listed = sections(ran.stderr)
        self.assertEqual([(kind, name) for kind, name, _ in listed], [("ERROR", "test_child")], ran.stderr)
        self.assertIn("medium test test_it.Case.test_child connected to 203.0.113.7:9", listed[0][2])
        self.assertEqual(ran.returncode, 1)

    def test_a_forked_child(self):
        self.assert_charged_to_its_test(CHILD.replace("METHOD", "fork"))

    def test_a_spawned_child(self):
        self.assert_charged_to_its_test(CHILD.replace("METHOD", "spawn"))

    def test_a_child_of_a_forkserver(self):
        self.assert_charged_to_its_test(CHILD.replace("METHOD", "forkserver"))

    def test_children_under_plain_unittest(self):
        for method in ("fork", "spawn", "forkserver"):
            with self.subTest(method=method):
                self.assert_charged_to_its_test(CHILD.replace("METHOD", method), "unittest")

    @unittest.skipIf(
        support.IS_MEASURED and sys.version_info[:2] == (3, 12), "coverage ends sub-interpreters of 3.12 by SIGABRT"
    )
    def test_a_sub_interpreter(self):
        self.assert_charged_to_its_test(INTERPRETER)

    @unittest.skipUnless(sys.version_info >= (3, 14), "concurrent.interpreters came with Python 3.14")
    def test_a_call_in_a_sub_interpreter(self):
        self.assert_charged_to_its_test(MODERN_INTERPRETER)

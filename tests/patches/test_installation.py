"""If a part of the guard cannot be installed, each test with a size is an error."""

from __future__ import annotations

import os

import support
from hermetic import HermeticTestCase, medium

TESTS = """
import socket, unittest
from hermetic import HermeticTestCase, isolated, medium, small
def connect():
    try:
        socket.create_connection(("127.0.0.1", 9), 1).close()
    except OSError:
        pass
@small
class Marked(unittest.TestCase):
    def test_connects(self): connect()
class Own(HermeticTestCase):
    def test_harmless(self): pass
class Method(unittest.TestCase):
    @medium
    def test_medium(self): pass
    def test_legacy(self): connect()
class SetUp(HermeticTestCase):
    @classmethod
    def setUpClass(cls): connect()
    def test_after(self): pass
"""
# Imported first of all.
VETO = """
import sys
def no_more_hooks(event, args):
    if event == "sys.addaudithook":
        raise {error}("no more hooks")
sys.addaudithook(no_more_hooks)
"""
WITHOUT_FORK_EXEC = "import _posixsubprocess; del _posixsubprocess.fork_exec"
BREAKING = "import gc; gc.get_referrers = None; import threading"
WITHOUT_SENDMSG = """
import _socket, ctypes, gc
del gc.get_referents(_socket.socket.__dict__)[0]["sendmsg"]
ctypes.pythonapi.PyType_Modified(ctypes.py_object(_socket.socket))
"""
WITHOUT_SPAWN = "import os, posix; del os.posix_spawn, os.posix_spawnp, posix.posix_spawn, posix.posix_spawnp"


def run(runner, first):
    files = {"test_sample.py": f"import first\n{TESTS}", "first.py": first}
    with support.Folder(**files) as folder:
        start = f"import first, sys; sys.argv[1:] = ['-v', 'test_sample']; import {runner}; {runner}.main(module=None)"
        path = os.pathsep.join([support.package_folder(), folder])
        return support.run_python("-c", start, cwd=folder, env={"PYTHONPATH": path})


@medium  # they start processes
class InstallationTest(HermeticTestCase):
    def test_each_test_with_a_size_is_an_error_where_the_guard_cannot_be_installed(self):
        vetoes = [VETO.format(error=error) for error in ("RuntimeError", "ValueError")]
        for runner in ("unittest", "hermetic"):
            for first in (*vetoes, *([WITHOUT_FORK_EXEC] if os.name == "posix" else []), BREAKING):
                with self.subTest(first, runner=runner):
                    done = run(runner, first)
                    self.assertEqual(done.returncode, 1, done.stderr)
                    for name in ("Marked", "Own", "SetUp", "test_medium"):
                        self.assertRegex(done.stderr, rf"\nERROR: .*\b{name}\b")
                    self.assertRegex(done.stderr, r"test_legacy \(.*ok\n")
                    self.assertNotIn("H001", done.stderr)
                    self.assertEqual(4, done.stderr.count("GuardError: [H009]"), done.stderr)

    def test_a_hook_that_refuses_further_hooks_is_named(self):
        done = run("unittest", VETO.format(error="RuntimeError"))
        self.assertIn(
            "[H009] guard not installed: an audit hook that was installed before refuses further hooks", done.stderr
        )

    def test_a_default_size_without_a_guard_is_an_error_of_the_run(self):
        first = "import first, sys; import hermetic; hermetic.main(module='test_sample')"
        files = {"test_sample.py": "import unittest\nclass T(unittest.TestCase):\n    def test_it(self): pass\n"}
        with support.Folder(**files, **{"first.py": VETO.format(error="RuntimeError")}) as folder:
            done = support.run_python("-c", first, cwd=folder, env={"HERMETIC_DEFAULT_SIZE": "small"})
        self.assertIn("[H009] guard not installed", done.stderr)
        self.assertEqual(1, done.returncode)

    @support.posix_only("socket.sendmsg and os.posix_spawn to be taken away")
    def test_what_a_platform_lacks_is_left_out(self):
        for first in (WITHOUT_SENDMSG, WITHOUT_SPAWN):
            for runner in ("unittest", "hermetic"):
                with self.subTest(first, runner=runner):
                    done = run(runner, first)
                    self.assertRegex(done.stderr, r"test_connects \(.*ERROR\n")
                    self.assertRegex(done.stderr, r"test_harmless \(.*ok\n")
                    self.assertNotIn("H009", done.stderr)

    def test_a_block_without_a_guard_is_not_entered(self):
        block = "import first, hermetic\nwith hermetic.guard('small'): print('entered')\n"
        with support.Folder(**{"first.py": VETO.format(error="RuntimeError"), "block.py": block}) as folder:
            done = support.run_python("block.py", cwd=folder)
        self.assertIn("GuardError: [H009] guard not installed", done.stderr)
        self.assertEqual("", done.stdout)

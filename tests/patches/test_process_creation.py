"""Code in other interpreters of this process is judged by the scope in which it runs."""

from __future__ import annotations

import os
import subprocess
import sys
import types
import unittest

import hermetic
import support
from hermetic import medium
from hermetic._operations import events, windows_events
from hermetic._patches import process_creation

_HEAD = """
    import sys, unittest, hermetic
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    SWALLOWED = '''if True:
        import socket
        try:
            with socket.socket(type=socket.SOCK_DGRAM) as sock: sock.connect(("203.0.113.7", 9))
        except Exception: pass
    '''
    LOCAL = SWALLOWED.replace("203.0.113.7", "127.0.0.1")
"""
# Made before anything is guarded, and used in tests of several sizes.
_BEFORE = (
    _HEAD
    + """
    from MODULE import create, run_string
    MADE = create()
    run_string(MADE, SWALLOWED)
    class Case(unittest.TestCase):
        @hermetic.small
        def test_1_small(self): interpreters.run_string(MADE, "pass")
        @hermetic.small
        def test_2_small_by_another_name(self): run_string(MADE, "pass")
        @hermetic.medium
        def test_3_local(self): run_string(MADE, LOCAL)
        @hermetic.medium
        def test_4_medium(self): run_string(MADE, SWALLOWED)
        @hermetic.medium
        def test_5_medium_by_a_new_one(self): run_string(create(), SWALLOWED)
        @hermetic.large
        def test_6_large(self): run_string(MADE, SWALLOWED)
        def test_7_without_a_size(self): run_string(MADE, SWALLOWED)
""".replace("MODULE", "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters")
)
_AT_IMPORT = (
    _HEAD
    + """
    __hermetic__ = hermetic.SIZE
    interpreters.run_string(interpreters.create(), SWALLOWED)
    class Case(unittest.TestCase):
        def test_nothing(self): pass
"""
)
_POOL = """
    import concurrent.futures, socket, unittest, hermetic
    pool = concurrent.futures.InterpreterPoolExecutor(1)
    @hermetic.medium
    class Case(unittest.TestCase):
        def test_1_works(self): self.assertEqual(pool.submit(int, "7").result(), 7)
        def test_2_works_again(self): self.assertEqual(pool.submit(int, "7").result(), 7)
        def test_3_looks_up(self): pool.submit(socket.gethostbyname, "name.invalid").exception()
        @hermetic.small
        def test_4_small(self): pool.submit(int, "7").result()
        @classmethod
        def tearDownClass(cls): pool.shutdown()
"""


class WindowsTest(hermetic.HermeticTestCase):
    def setUp(self):
        winapi = types.SimpleNamespace(CreateProcess=lambda *args: args, WaitNamedPipe=lambda *args: args)
        self.guarded = {name: function for _, name, function in process_creation.windows_patches(winapi)}

    def test_a_process_is_judged_by_the_arguments_because_the_event_misreads_them(self):
        with self.assertViolation(hermetic.SubprocessViolationError) as expected:
            self.guarded["CreateProcess"](None, "git log", None, None, 0, 0, None, None, None)
        self.assertIn('started "git log"', str(expected.error))
        self.assertNotIn("_winapi.CreateProcess", {**events.READERS, **windows_events.READERS})

    @hermetic.allow(processes=["git"])
    def test_an_allowed_one_starts(self):
        args = (None, "git log", None, None, 0, 0, {"A": "1"}, None, None)
        self.assertEqual(self.guarded["CreateProcess"](*args)[:6], args[:6])

    def test_to_wait_for_a_pipe_of_another_machine_asks_that_machine(self):
        with self.assertViolation(hermetic.NetworkViolationError):
            self.guarded["WaitNamedPipe"](r"\\db.test\pipe\x", 0)


@medium
class OtherInterpreters(unittest.TestCase):
    def run_in_namespace(self, text: str, *options: str) -> subprocess.CompletedProcess[str]:
        """The run of a module where 203.0.113.7 is this machine."""
        probe = subprocess.run(support.in_network_namespace("true"), capture_output=True)
        if probe.returncode:
            self.skipTest("no network namespace can be had")
        command = support.in_network_namespace(sys.executable, "-W", "ignore", "-m", "hermetic", "-v", *options)
        env = {**os.environ, "PYTHONPATH": support.package_folder()}
        with support.Folder(**{"test_it.py": text}) as folder, support.not_inherited():
            return subprocess.run([*command, "test_it"], cwd=folder, env=env, capture_output=True, text=True)

    def assert_refused(self, done: subprocess.CompletedProcess[str], *names: str) -> None:
        """These tests, and no others, have violations."""
        lines = [line for line in done.stderr.splitlines() if "... " in line]
        refused = [line.partition(" ")[0] for line in lines if not line.endswith("ok")]
        self.assertEqual(refused, [f"test_{name}" for name in names], done.stderr)

    def test_one_made_before_the_guard_is_held_to_the_size_of_each_test(self) -> None:
        done = self.run_in_namespace(_BEFORE)
        small = ("1_small", "2_small_by_another_name")
        self.assert_refused(done, *small, "4_medium", "5_medium_by_a_new_one")
        self.assertNotIn("H009", done.stderr)

    def test_one_made_at_import_is_refused_in_a_small_module(self) -> None:
        done = self.run_in_namespace(_AT_IMPORT.replace("SIZE", "small"))
        self.assertIn(
            "[H003] subprocess violation: small test import of test_it started a sub-interpreter", done.stderr
        )
        self.assertNotEqual(done.returncode, 0)

    def test_what_one_does_at_import_is_held_to_the_size_of_the_module(self) -> None:
        for options in ((), ("--default-size", "small"), ("--default-size", "large")):
            with self.subTest(options=options):
                done = self.run_in_namespace(_AT_IMPORT.replace("SIZE", "medium"), *options)
                self.assertIn("medium test import of test_it connected to 203.0.113.7:9", done.stderr)
                self.assertNotEqual(done.returncode, 0)

    @unittest.skipUnless(sys.version_info >= (3, 14), "InterpreterPoolExecutor came with Python 3.14")
    def test_a_pool_of_interpreters_works_and_is_judged(self) -> None:
        self.assert_refused(self.run_in_namespace(_POOL), "3_looks_up", "4_small")

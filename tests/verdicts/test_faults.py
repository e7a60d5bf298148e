"""An internal error of hermetic is an error of the running test, and allows nothing."""

from __future__ import annotations

import os
import unittest
from unittest import mock

import support
from hermetic import GuardError, HermeticTestCase, HermeticWarning, NetworkViolationError, medium
from hermetic._base import features
from hermetic._verdicts import faults, scopes

BREAK = """
import os, socket, subprocess, sys, unittest
from unittest import mock
from hermetic import medium, small
from hermetic._guards import audit
from hermetic._operations import events
def broken(*args, **kwargs):
    raise KeyError("broken")
class Swallowing(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.object({where}, {name!r}, broken)
        patch.start()
        self.addCleanup(patch.stop)
    {size}
    def test_swallows(self):
        try:
            {what}
        except Exception:
            pass
    def test_next(self): pass
"""
PLACES = [
    ("audit.decision", "refuses", "socket.gethostbyname('localhost')"),
    ("audit", "_refuse", "socket.gethostbyname('localhost')"),
    ("audit.callsite", "find_call_site", "socket.gethostbyname('localhost')"),
    ("audit.messages", "violation_text", "socket.gethostbyname('localhost')"),
    ("events", "resolve_operation", "socket.socket().connect(('localhost', 1))"),
    ("events", "listen_operation", "socket.socket().listen()"),
    *([] if features.WINDOWS else [("audit.scopes", "record", "os.fork()")]),
    ("audit.scopes", "record", "os.system('true')"),
]


def source(where, name, what, size="@small"):
    return BREAK.format(where=where, name=name, what=what, size=size)


@medium  # they start processes
class InTheRunTest(unittest.TestCase):
    def test_a_fault_in_any_part_of_the_judge_is_an_error_of_the_test_that_was_running(self):
        for runner in ("hermetic", "unittest"):
            for where, name, what in PLACES:
                with (
                    self.subTest(name, what=what, runner=runner),
                    support.Folder(**{"test_sample.py": source(where, name, what)}) as folder,
                ):
                    done = support.run_python("-m", runner, "-v", "test_sample", cwd=folder)
                    self.assertRegex(done.stderr, r"test_swallows \(.*ERROR\n(.*\n)*Ran 2 tests", done.stderr)
                    self.assertIn("[H009] internal error: hermetic failed", done.stderr)
                    self.assertIn("KeyError: 'broken'", done.stderr)
                    self.assertRegex(done.stderr, r"test_next \(.*ok\n")
                    self.assertEqual(1, done.returncode)

    def test_a_fault_in_a_child_is_an_error_of_the_test_that_started_it(self):
        forked = "child = os.fork() or (socket.gethostbyname('other.test'), os._exit(0)); os.waitpid(child, 0)"
        program = "subprocess.run([sys.executable, '-c', 'import socket; socket.gethostbyname(1)'])"
        places = [
            ("audit.callsite", "find_call_site", forked),
            ("audit.log_writing", "send_violation", forked),
            ("__import__('hermetic._guards.ceilings')._guards.ceilings", "be_born", forked),
            ("__import__('hermetic._guards.inheritance')._guards.inheritance", "describe", program),
        ]
        for where, name, what in places[-1:] if features.WINDOWS else places:
            text = source(where, name, what, "@medium")
            with self.subTest(name), support.Folder(**{"test_sample.py": text}) as folder:
                done = support.run_hermetic("-v", "test_sample", cwd=folder)
                self.assertRegex(done.stderr, r"\nERROR: test_swallows ", done.stderr)
                self.assertIn("[H009] internal error", done.stderr)
                self.assertEqual(1, done.returncode)

    def test_a_child_that_cannot_be_guarded_does_not_run(self):
        tests = """
            import subprocess, sys, unittest
            from hermetic import medium
            @medium
            class Case(unittest.TestCase):
                def test_program(self):
                    program = "open('ran', 'w').close()"
                    subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": "broken"})
        """
        files = {"test_sample.py": tests, "broken/fnmatch.py": "raise RuntimeError"}  # which hermetic imports
        with support.Folder(**files) as folder:
            done = support.run_hermetic("test_sample", cwd=folder)
            self.assertNotIn("ran", os.listdir(folder))
        self.assertIn("could not be guarded, and was ended", done.stderr)
        self.assertEqual(1, done.returncode)

    def test_a_judge_that_cannot_judge_the_files_of_its_message_reports_one_fault(self):
        program = """
            import hermetic
            from hermetic._guards import audit_hook
            from hermetic._verdicts import faults, scopes
            def judge(args):
                raise KeyError("broken")
            audit_hook.add_listener("open", faults.shielded(judge))
            try:
                open("test_sample.py")
            except hermetic.GuardError as error:
                print(error, len(scopes.running.faults), sep="\\n")
                scopes.running.faults.clear()
        """
        with support.Folder(**{"test_sample.py": program}) as folder:
            done = support.run_python("test_sample.py", cwd=folder, timeout=support.TIMEOUT)
        self.assertRegex(done.stdout, r"\[H009\] internal error: hermetic failed: KeyError: 'broken'\n(.*\n)*1\n$")
        self.assertIn(", in judge\n", done.stdout)

    def test_wrong_marks_are_an_error_of_each_test_and_no_internal_one(self):
        marked = """
            import socket, unittest
            class {0}Test(unittest.TestCase):
                {1}
                def test_a(self): pass
                def test_b(self): self.skipTest("whatever it does")
        """
        operation = "socket.create_connection(('127.0.0.1', 9))"
        files = {
            "test_1_class.py": marked.format("Class", "__hermetic__ = 'small'"),
            "test_2_module.py": marked.format("Module", "") + "        __hermetic__ = 'small'\n",
            "test_3_fixture.py": f"import socket\n__hermetic__ = 'small'\ndef setUpModule(): {operation}\n"
            "import unittest\nclass FixtureTest(unittest.TestCase):\n    def test_a(self): pass\n",
            "test_4_next.py": "import unittest\nclass NextTest(unittest.TestCase):\n    def test_a(self): pass\n",
        }
        with support.Folder(**files) as folder:
            done = support.run_hermetic("-v", *sorted(name[:-3] for name in files), cwd=folder)
        places = ("test_a (test_1", "test_b (test_1", "test_a (test_2", "test_b (test_2", "setUpModule (test_3")
        for place in places:
            self.assertIn(f"\nERROR: {place}", done.stderr)
        self.assertRegex(done.stderr, r"test_a \(test_4_next.* ok\n")
        self.assertEqual(len(places), done.stderr.count("hermetic.DecorationError: "), done.stderr)
        self.assertNotIn("H009", done.stderr)
        self.assertEqual(1, done.returncode)


class ShieldTest(HermeticTestCase):
    def setUp(self):
        patch = mock.patch.object(scopes.running, "faults", [])
        patch.start()
        self.addCleanup(patch.stop)

    def test_verdicts_pass(self):
        for verdict in (HermeticWarning("x"), GuardError("x"), faults.RefusedQuietly(), KeyboardInterrupt()):
            with self.subTest(verdict), self.assertRaises(type(verdict)) as caught:
                faults.shielded(mock.Mock(side_effect=verdict))()
            self.assertIs(verdict, caught.exception)
        self.assertEqual([], faults.take())

    def test_what_else_is_raised_is_kept_and_refuses(self):
        for error in (ValueError("x"), RecursionError(), MemoryError()):
            with self.subTest(error), self.assertRaises(GuardError) as caught:
                faults.shielded(mock.Mock(side_effect=error))()
            self.assertEqual([caught.exception], faults.take())
        self.assertEqual([], faults.take())

    def test_a_fault_that_a_reported_exception_shows_is_not_reported_again(self):
        fault = GuardError("x")
        scopes.running.faults.append(fault)
        faults.strike(ValueError())
        self.assertEqual([fault], scopes.running.faults)
        outer = ValueError()
        outer.__context__ = fault
        faults.strike(outer)
        self.assertEqual([], scopes.running.faults)

    def test_a_stack_that_is_full_loses_no_fault(self):
        @faults.shielded
        def judge():
            raise AssertionError

        def deeper():
            try:
                return deeper()
            except RecursionError:
                return judge()

        with self.assertRaises((GuardError, RecursionError)):
            deeper()
        self.assertTrue(faults.take())

    def test_violations_are_no_faults(self):
        with self.assertViolation(NetworkViolationError):
            __import__("socket").gethostbyname("other.test")
        self.assertEqual([], faults.take())

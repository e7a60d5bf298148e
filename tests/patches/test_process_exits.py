"""A run that ends early says so, summarizes the tests that ran, and exits with a status other than 0."""

from __future__ import annotations

import os
import sys
import types
import unittest
from unittest import mock

from hermetic import medium
from hermetic._patches import process_exits
from support import Folder, posix_only, run_hermetic, run_python

_HEADER = """
import os, signal, sys, threading, unittest
from os import _exit as exit_bound_early

class FirstTest(unittest.TestCase):
    def test_first(self):
        pass

class LastTest(unittest.TestCase):
    def test_last(self):
        print("the last test ran")
"""


def middle(*body: str, name: str = "HalfwayTest") -> str:
    """A test module: one test that passes, one with the body given, one that prints."""
    lines = [f"        {line}" for line in body]
    return "\n".join([_HEADER, f"class {name}(unittest.TestCase):", "    def test_middle(self):", *lines, ""])


def fixture(*body: str, name: str = "setUpClass") -> str:
    """The same, with the body in a class fixture."""
    lines = ["    @classmethod", f"    def {name}(cls):", *(f"        {line}" for line in body), ""]
    return middle("pass") + "\n".join(lines)


class EarlyEndCase(unittest.TestCase):
    """Runs one test module."""

    def run_module(self, text, *arguments, **files):
        with Folder(**{"test_sample.py": text}, **files) as folder:
            return run_hermetic(*arguments, "test_sample", cwd=folder)

    def assert_ended_early(self, run, reason, *, ran, status):
        self.assertIn(f"The run ended early: {reason}", run.stderr)
        self.assertRegex(run.stderr, rf"\nRan {ran} tests? in \d+\.\d{{3}}s\n\nFAILED \(")
        self.assertNotIn("the last test ran", run.stdout)
        self.assertEqual(status, run.returncode)


@medium
class ProcessExitTest(EarlyEndCase):
    def test_with_status_0_it_is_1(self):
        run = self.run_module(middle("os._exit(0)"))
        self.assert_ended_early(run, "os._exit(0) in test_middle (test_sample.HalfwayTest", ran=2, status=1)

    def test_with_another_status_it_stays(self):
        run = self.run_module(middle("os._exit(3)"))
        self.assert_ended_early(run, "os._exit(3) in test_middle", ran=2, status=3)

    def test_the_error_shows_the_line(self):
        run = self.run_module(middle("os._exit(0)"))
        self.assertIn("ERROR: test_middle (test_sample.HalfwayTest", run.stderr)
        self.assertRegex(run.stderr, r'File ".*test_sample\.py", line \d+, in test_middle\n +os\._exit\(0\)')
        self.assertIn("FAILED (errors=1)", run.stderr)

    def test_failures_before_it_are_shown(self):
        text = middle("os._exit(0)").replace("        pass", "        self.fail('before')", 1)
        run = self.run_module(text)
        self.assertIn("AssertionError: before", run.stderr)
        self.assertIn("FAILED (failures=1, errors=1)", run.stderr)

    def test_by_the_name_that_a_module_imported(self):
        run = self.run_module(middle("exit_bound_early(0)"))
        self.assert_ended_early(run, "os._exit(0) in test_middle", ran=2, status=1)

    def test_by_a_keyword(self):
        run = self.run_module(middle("os._exit(status=0)"))
        self.assert_ended_early(run, "os._exit(0) in test_middle", ran=2, status=1)

    def test_of_a_module_below_os(self):
        run = self.run_module(middle("sys.modules[os.name]._exit(0)"))
        self.assert_ended_early(run, "os._exit(0) in test_middle", ran=2, status=1)

    def test_in_a_thread(self):
        body = ("thread = threading.Thread(target=os._exit, args=(0,))", "thread.start()", "thread.join()")
        run = self.run_module(middle(*body))
        self.assert_ended_early(run, "os._exit(0) in test_middle", ran=2, status=1)

    def test_in_a_class_fixture(self):
        run = self.run_module(fixture("os._exit(0)"))
        self.assert_ended_early(run, "os._exit(0) in ", ran=1, status=1)

    def test_at_import(self):
        run = self.run_module(_HEADER + "os._exit(0)\n")
        self.assertIn("The run ended early: os._exit(0)", run.stderr)
        self.assertEqual(1, run.returncode)

    def test_with_buffered_output(self):
        run = self.run_module(middle("print('said before')", "os._exit(0)"), "-b")
        self.assert_ended_early(run, "os._exit(0) in test_middle", ran=2, status=1)
        self.assertIn("said before", run.stdout + run.stderr)

    def test_of_a_wrong_type_is_the_error_that_it_was(self):
        run = self.run_module(middle("os._exit('x')"))
        self.assertIn("TypeError", run.stderr)
        self.assertNotIn("ended early", run.stderr)
        self.assertIn("the last test ran", run.stdout)
        self.assertEqual(1, run.returncode)

    def test_with_a_result_that_has_no_stream(self):
        text = middle("os._exit(0)") + (
            "\nclass Result(unittest.TestResult):\n    pass\n"
            "\nif __name__ == '__main__':\n    import hermetic\n"
            "    hermetic.main(testRunner=hermetic.TestRunner(resultclass=Result))\n"
        )
        with Folder(**{"test_sample.py": text}) as folder:
            run = run_python("test_sample.py", cwd=folder)
        self.assertIn("The run ended early: os._exit(0)", run.stderr)
        self.assertEqual(1, run.returncode)


@medium
@posix_only("fork")
class ForkedChildTest(EarlyEndCase):
    def test_its_exit_stays_as_it_is(self):
        body = (
            "child = os.fork()",
            "if child == 0: os._exit(0)",
            "self.assertEqual(0, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))",
        )
        run = self.run_module(middle(*body))
        self.assertNotIn("ended early", run.stderr)
        self.assertIn("\nOK\n", run.stderr)
        self.assertEqual(0, run.returncode)

    def test_its_exec_stays_as_it_is(self):
        body = (
            "child = os.fork()",
            "if child == 0: os.execv(sys.executable, [sys.executable, '-c', 'import sys; sys.exit(4)'])",
            "self.assertEqual(4, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))",
        )
        run = self.run_module(middle(*body))
        self.assertNotIn("ended early", run.stderr)
        self.assertEqual(0, run.returncode, run.stderr)


@medium
class ExecTest(EarlyEndCase):
    PROGRAM = "[sys.executable, 'program.py', '{}']"  # no word has a space: on Windows, os.exec* does not quote them

    def run_exec(self, call, status=0):
        program = "import sys; print('the program ran'); sys.exit(int(sys.argv[1]))"
        return self.run_module(middle(call.format(self.PROGRAM.format(status))), **{"program.py": program})

    def assert_program_ran(self, run, status):
        self.assert_ended_early(run, "os.exec", ran=2, status=status)
        self.assertIn("the program ran", run.stdout)

    def test_the_program_runs_and_the_status_is_not_0(self):
        self.assert_program_ran(self.run_exec("os.execv(sys.executable, {})"), 1)

    def test_another_status_of_the_program_stays(self):
        self.assert_program_ran(self.run_exec("os.execv(sys.executable, {})", status=6), 6)

    def test_every_function_of_the_family(self):
        for call in (
            "os.execve(sys.executable, {}, os.environ)",
            "os.execvp(sys.executable, {})",
            "os.execvpe(sys.executable, {}, os.environ)",
            "os.execl(sys.executable, *{})",
            "os.execle(sys.executable, *{}, os.environ)",
            "os.execlp(sys.executable, *{})",
        ):
            with self.subTest(call=call):
                self.assert_program_ran(self.run_exec(call), 1)

    def test_a_program_found_on_the_path(self):
        folder, name = os.path.split(sys.executable)
        call = f"os.execvpe({name!r}, {{}}, {{{{**os.environ, 'PATH': '/nowhere' + os.pathsep + {folder!r}}}}})"
        self.assert_program_ran(self.run_exec(call), 1)

    def test_a_program_by_bytes_and_by_path(self):
        for path in ("os.fsencode(sys.executable)", "__import__('pathlib').Path(sys.executable)"):
            with self.subTest(path=path):
                self.assert_program_ran(self.run_exec(f"os.execv({path}, {{}})"), 1)

    def test_a_missing_program_is_an_os_error(self):
        body = "with self.assertRaises(FileNotFoundError): os.{}('/there/is/none', ['none'])"
        for name in ("execv", "execvp"):
            with self.subTest(name=name):
                run = self.run_module(middle(body.format(name)))
                self.assertNotIn("ended early", run.stderr)
                self.assertEqual(0, run.returncode, run.stderr)

    def test_a_file_that_no_kernel_can_run_is_an_os_error(self):
        body = (
            "open('data', 'w').close()",
            "os.chmod('data', 0o755)",
            "with self.assertRaises(OSError): os.execv('./data', ['data'])",
        )
        run = self.run_module(middle(*body))
        self.assertEqual(0, run.returncode, run.stderr)


@medium
class FixtureExitTest(EarlyEndCase):
    def test_in_set_up_class(self):
        for status in (0, 8):
            with self.subTest(status=status):
                run = self.run_module(fixture(f"sys.exit({status})"))
                reason = f"sys.exit({status}) in setUpClass (test_sample.HalfwayTest)"
                self.assert_ended_early(run, reason, ran=1, status=1)
                self.assertIn("ERROR: setUpClass (test_sample.HalfwayTest)", run.stderr)

    def test_in_tear_down_class(self):
        run = self.run_module(fixture("sys.exit(0)", name="tearDownClass"))
        self.assert_ended_early(run, "sys.exit(0) in tearDownClass (test_sample.HalfwayTest)", ran=2, status=1)

    def test_in_set_up_module(self):
        for status in (0, 8):
            with self.subTest(status=status):
                run = self.run_module(_HEADER + f"def setUpModule():\n    sys.exit({status})\n")
                self.assert_ended_early(run, f"sys.exit({status}) in setUpModule (test_sample)", ran=0, status=1)

    def test_in_tear_down_module(self):
        run = self.run_module(_HEADER + "def tearDownModule():\n    sys.exit(0)\n")
        self.assertIn("The run ended early: sys.exit(0) in tearDownModule (test_sample)", run.stderr)
        self.assertIn("Ran 2 tests", run.stderr)
        self.assertEqual(1, run.returncode)

    def test_in_a_class_cleanup(self):
        run = self.run_module(fixture("cls.addClassCleanup(sys.exit, 0)"))
        self.assert_ended_early(run, "sys.exit(0) in ", ran=2, status=1)

    def test_without_a_status(self):
        run = self.run_module(fixture("sys.exit()"))
        self.assert_ended_early(run, "sys.exit(None) in setUpClass", ran=1, status=1)

    def test_in_a_test_the_run_goes_on(self):
        run = self.run_module(middle("sys.exit(0)"))
        self.assertNotIn("ended early", run.stderr)
        self.assertIn("the last test ran", run.stdout)
        self.assertEqual(1, run.returncode)


@medium
class CtrlCTest(EarlyEndCase):
    PRESS = "signal.raise_signal(signal.SIGINT)"

    def test_caught_by_an_option_it_ends_the_run_after_the_test(self):
        run = self.run_module(middle(self.PRESS, "print('to its end')"), "-c")
        self.assertIn("The run ended early: Ctrl-C, after 2 of 3 tests", run.stderr)
        self.assertIn("to its end", run.stdout)
        self.assertNotIn("the last test ran", run.stdout)
        self.assertEqual(130, run.returncode)

    def test_not_caught_it_ends_the_run_at_once(self):
        run = self.run_module(middle(self.PRESS, "print('to its end')"))
        self.assertIn("The run ended early: Ctrl-C, after 2 of 3 tests", run.stderr)
        self.assertRegex(run.stderr, r"\nRan 2 tests in .*\n\nFAILED")
        self.assertNotIn("to its end", run.stdout)
        self.assertEqual(130, run.returncode)

    def test_twice_with_the_option_ends_the_run_at_once(self):
        run = self.run_module(middle(self.PRESS, self.PRESS, "print('to its end')"), "-c")
        self.assertIn("The run ended early: Ctrl-C, after 2 of 3 tests", run.stderr)
        self.assertNotIn("to its end", run.stdout)
        self.assertEqual(130, run.returncode)

    def test_raised_by_a_test(self):
        run = self.run_module(middle("raise KeyboardInterrupt"))
        self.assertIn("The run ended early: Ctrl-C, after 2 of 3 tests", run.stderr)
        self.assertEqual(130, run.returncode)

    def test_raised_by_a_class_fixture(self):
        run = self.run_module(fixture("raise KeyboardInterrupt"))
        self.assertIn("The run ended early: Ctrl-C, after 1 of 3 tests", run.stderr)
        self.assertEqual(130, run.returncode)

    def test_in_the_last_test_with_the_option_is_early_all_the_same(self):
        run = self.run_module(middle(self.PRESS, name="ZLastTest"), "-c")
        self.assertIn("The run ended early: Ctrl-C, after 3 of 3 tests", run.stderr)
        self.assertEqual(130, run.returncode)

    def test_shows_the_failures_before_it(self):
        text = middle(self.PRESS).replace("        pass", "        self.fail('before')", 1)
        run = self.run_module(text)
        self.assertIn("AssertionError: before", run.stderr)
        self.assertIn("FAILED (failures=1)", run.stderr)

    def test_that_a_test_handles_is_no_early_end(self):
        body = ("with self.assertRaises(KeyboardInterrupt):", f"    {self.PRESS}")
        run = self.run_module(middle(*body))
        self.assertIn("\nOK\n", run.stderr)
        self.assertEqual(0, run.returncode)

    def test_that_a_test_sends_to_a_handler_of_its_own_is_no_early_end(self):
        body = ("signal.signal(signal.SIGINT, lambda *args: None)", self.PRESS)
        run = self.run_module(middle(*body), "-c")
        self.assertIn("the last test ran", run.stdout)
        self.assertEqual(0, run.returncode)

    def test_that_was_removed_with_remove_handler_is_no_early_end(self):
        body = ("unittest.removeHandler()", "with self.assertRaises(KeyboardInterrupt):", f"    {self.PRESS}")
        run = self.run_module(middle(*body), "-c")
        self.assertEqual(0, run.returncode, run.stderr)


@medium
class StopWithoutCtrlCTest(EarlyEndCase):
    def test_failfast_is_no_early_end(self):
        run = self.run_module(middle("self.fail()"), "-f")
        self.assertNotIn("ended early", run.stderr)
        self.assertEqual(1, run.returncode)


@medium
class NestedRunTest(EarlyEndCase):
    """A test that runs tests itself, with a stream that nobody reads."""

    INNER = (
        "import io, hermetic",
        "class Inner(unittest.TestCase):",
        "    def test_inner(self): {}",
        "suite = unittest.defaultTestLoader.loadTestsFromTestCase(Inner)",
        "result = hermetic.TestRunner(stream=io.StringIO()).run(suite)",
    )

    def run_nested(self, body, *after):
        lines = [line.format(body) for line in self.INNER]
        return self.run_module(middle(*lines, *after))

    def test_that_passes_leaves_the_outer_run_alone(self):
        run = self.run_nested("pass", "self.assertTrue(result.wasSuccessful())")
        self.assertIn("Ran 3 tests", run.stderr)
        self.assertEqual(0, run.returncode, run.stderr)

    def test_that_fails_leaves_the_outer_run_alone(self):
        run = self.run_nested("self.fail()", "self.assertFalse(result.wasSuccessful())")
        self.assertEqual(0, run.returncode, run.stderr)

    def test_that_exits_the_process_ends_the_outer_run_too(self):
        run = self.run_nested("os._exit(0)")
        self.assert_ended_early(run, "os._exit(0) in test_middle", ran=2, status=1)

    def test_that_exits_in_a_fixture_leaves_the_outer_run_alone(self):
        lines = [line.format("pass") for line in self.INNER]
        lines.insert(2, "    setUpClass = lambda: sys.exit(0)")
        run = self.run_module(middle(*lines, "self.assertFalse(result.wasSuccessful())"))
        self.assertNotIn("ended early", run.stderr)
        self.assertEqual(0, run.returncode, run.stderr)

    def test_that_is_interrupted_interrupts_the_outer_run(self):
        run = self.run_nested("raise KeyboardInterrupt")
        self.assertIn("The run ended early: Ctrl-C, after 2 of 3 tests", run.stderr)
        self.assertEqual(130, run.returncode)

    def test_after_a_nested_run_an_exit_is_noticed_still(self):
        run = self.run_nested("pass", "os._exit(0)")
        self.assert_ended_early(run, "os._exit(0) in test_middle", ran=2, status=1)

    def test_under_unittests_own_runner(self):
        lines = [line.format("os._exit(0)") for line in self.INNER]
        lines[-1] = lines[-1].replace("hermetic.TestRunner", "unittest.TextTestRunner")
        run = self.run_module(middle(*lines))
        self.assert_ended_early(run, "os._exit(0) in test_middle", ran=2, status=1)


@medium
class ExecWithoutForkTest(unittest.TestCase):
    def test_the_program_is_spawned(self) -> None:
        for execute, rest in ((os.execv, ()), (os.execve, (dict(os.environ),))):
            with mock.patch.object(process_exits, "features", types.SimpleNamespace(WINDOWS=True)):
                child = process_exits._start(execute, sys.executable, [sys.executable, "-c", "exit(6)"], *rest)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child or 0, 0)[1]), 6)

    def test_a_program_that_cannot_be_is_left_to_exec(self) -> None:
        with (
            mock.patch.object(process_exits, "features", types.SimpleNamespace(WINDOWS=True)),
            mock.patch.object(os, "spawnv", side_effect=OSError),
        ):
            self.assertIsNone(process_exits._start(os.execv, "missing", ["missing"]))


if __name__ == "__main__":
    unittest.main()

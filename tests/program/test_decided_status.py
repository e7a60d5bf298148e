"""hermetic decides the exit status, whatever the code under test raises or leaves behind."""

from __future__ import annotations

import itertools
import json
import os
import signal
import unittest

import support
from hermetic import medium
from support import Folder, run_hermetic, run_python

setUpModule = support.some_pythons_do

_FAILING = """
    import atexit, builtins, os, signal, sys, threading, time, unittest
    from unittest import mock

    class ATest(unittest.TestCase):
        def test_leaves_something(self):
            {}

    class BTest(unittest.TestCase):
        def test_outcome(self):
            {}
"""
_FAILS, _PASSES = "self.fail('wanted')", "pass"


class DecidedStatusCase(unittest.TestCase):
    """Runs test modules."""

    def run_files(self, *arguments, **files):
        with Folder(**files) as folder:
            return run_hermetic(*arguments, cwd=folder)

    def run_leaving(self, body, *arguments, outcome=_FAILS):
        return self.run_files(*arguments, "test_sample", **{"test_sample.py": _FAILING.format(body, outcome)})


@medium
class LeftBehindTest(DecidedStatusCase):
    def assert_fails(self, body, *arguments):
        with self.subTest(body=body, arguments=arguments):
            run = self.run_leaving(body, *arguments)
            self.assertEqual(1, run.returncode, run.stderr)
            self.assertIn("FAILED (failures=1)", run.stderr)

    def test_a_mock_in_the_place_of_what_ends_programs(self):
        for body in (
            "mock.patch('sys.exit').start()",
            "mock.patch('os._exit').start()",
            "mock.patch('builtins.SystemExit', type('SystemExit', (Exception,), {})).start()",
            "mock.patch('builtins.SystemExit', None).start()",
        ):
            self.assert_fails(body)

    def test_an_exit_handler_that_ends_the_process(self):
        for body in (
            "atexit.register(os._exit, 0)",
            "atexit.register(lambda: os._exit(0))",
            "atexit.register(os.execv, sys.executable, [sys.executable, '-c', 'pass'])",
            "atexit.register(sys.exit, 0)",
        ):
            self.assert_fails(body)

    def test_with_options_that_run_tests_elsewhere(self):
        for arguments in (("-j", "2"), ("--isolated",)):
            self.assert_fails("mock.patch('sys.exit').start()", *arguments)
            self.assert_fails("self.addCleanup(atexit.register, sys.exit, 0)", *arguments)

    def test_an_exit_handler_leaves_a_run_that_passes_alone(self):
        run = self.run_leaving("atexit.register(os._exit, 0)", outcome=_PASSES)
        self.assertEqual(0, run.returncode, run.stderr)

    def test_streams_that_are_gone(self):
        for body in ("sys.stderr.close()", "sys.stderr = None", "sys.stdout = None", "sys.stdout.close()"):
            with self.subTest(body=body):
                self.assertNotEqual(0, self.run_leaving(body).returncode)

    def test_a_process_exit_with_streams_that_are_gone(self):
        for body in ("sys.stdout = None", "sys.stderr.close()"):
            thread = f"{body}; t = threading.Thread(target=os._exit, args=(0,)); t.start(); t.join()"
            with self.subTest(body=body):
                self.assertEqual(1, self.run_leaving(thread, outcome=_PASSES).returncode)


@medium
class WhileLoadingTest(DecidedStatusCase):
    FAILS = _FAILING.format(_PASSES, _FAILS)

    def assert_errors(self, run, *names):
        self.assertEqual(1, run.returncode, run.stderr)
        for name in names:
            self.assertIn(f"ERROR: {name} ", run.stderr)
        self.assertIn(f"Ran {len(names) + 2} tests", run.stderr)
        self.assertIn(f"FAILED (failures=1, errors={len(names)})", run.stderr)

    def test_an_exit_at_import_is_an_error_of_the_module(self):
        codes = {"test_a": "", "test_c": "0", "test_d": "3", "test_e": "'text'"}
        files = {f"{name}.py": f"import sys\nsys.exit({code})\n" for name, code in codes.items()}
        files["test_b.py"] = self.FAILS
        for arguments in ((*codes, "test_b"), ("test_b", *codes), ("discover",), ("-j", "2", *codes, "test_b")):
            with self.subTest(arguments=arguments):
                self.assert_errors(self.run_files(*arguments, **files), *codes)

    def test_an_exit_in_load_tests_is_an_error_of_the_module(self):
        loads = "import sys\ndef load_tests(*args):\n    sys.exit(0)\n"
        files = {"test_a.py": loads, "test_b.py": self.FAILS}
        for arguments in (("test_a", "test_b"), ("discover",), ("--isolated", "test_a", "test_b")):
            with self.subTest(arguments=arguments):
                self.assert_errors(self.run_files(*arguments, **files), "test_a")

    def test_an_exit_in_a_package_is_an_error_of_the_package(self):
        files = {"pack/__init__.py": "raise SystemExit\n", "pack/test_a.py": "", "test_b.py": self.FAILS}
        for arguments in (("pack.test_a", "test_b"), ("discover",)):
            with self.subTest(arguments=arguments):
                self.assert_errors(self.run_files(*arguments, **files), "pack")

    def test_an_exit_of_the_start_folder_ends_the_run(self):
        files = {"pack/__init__.py": "raise SystemExit(0)\n", "pack/test_a.py": ""}
        run = self.run_files("discover", "-s", "pack", "-t", ".", **files)
        self.assertNotEqual(0, run.returncode, run.stderr)

    def test_ctrl_c_at_import_ends_the_run_and_is_reported(self):
        with Folder(**{"test_a.py": "raise KeyboardInterrupt\n"}) as folder:
            run = run_hermetic("--json", "report.json", "test_a", cwd=folder)
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                self.assertIn("Ctrl-C while the tests were loaded", json.load(file)["ended_early"])
        self.assertNotEqual(0, run.returncode)
        self.assertIn("The run ended early: Ctrl-C while the tests were loaded", run.stderr)

    def test_the_hook_for_exceptions_of_a_module_does_not_decide(self):
        ways = ((), ("--survey",), ("--bisect", "test_a.ATest.test_a"))
        ends = itertools.product(("os._exit(0)", "sys.exit(0)"), ways)
        for hook, arguments in (*ends, ("print()", ()), ("1 / 0", ())):
            text = f"import os, sys\nsys.excepthook = lambda *_: {hook}\nraise KeyboardInterrupt\n"
            with self.subTest(hook=hook, arguments=arguments):
                run = self.run_files(*arguments, "test_a", **{"test_a.py": text})
                self.assertNotEqual(0, run.returncode, run.stderr)
                self.assertIn("The run ended early: Ctrl-C while the tests were loaded", run.stderr)

    def test_unittests_program_in_a_script(self):
        script = "import unittest\nunittest.main(module=None, argv=['s', 'test_a', 'test_b'])\n"
        files = {"run.py": script, "test_a.py": "raise SystemExit(0)\n", "test_b.py": self.FAILS}
        self.assert_errors(self.run_files("--script", "run.py", **files), "test_a")


@medium
@unittest.skipUnless(hasattr(signal, "setitimer"), "needs timers that send signals")
class AlarmTest(DecidedStatusCase):
    def test_a_handler_that_ends_the_process_in_a_later_test(self):
        for end in ("sys.exit(0)", "os._exit(0)"):
            body = f"signal.signal(signal.SIGALRM, lambda *_: {end}); signal.setitimer(signal.ITIMER_REAL, 0.1)"
            for arguments in ((), ("-j", "2"), ("--survey",), ("--test-timeout", "30")):
                with self.subTest(end=end, arguments=arguments):
                    run = self.run_leaving(body, *arguments, outcome="time.sleep(2)")
                    self.assertEqual(1, run.returncode, run.stderr)
                    self.assertRegex(run.stderr, r"FAILED \(errors=1\)|The run ended early: os\._exit\(0\)")


@medium
class EarlyEndOfOtherRunsTest(DecidedStatusCase):
    def test_a_survey_and_a_bisection(self):
        for end in ("os._exit(0)", "os.execv(sys.executable, [sys.executable, '-c', ''])"):
            for arguments in (("--survey",), ("--bisect", "test_sample.BTest.test_outcome")):
                with self.subTest(end=end, arguments=arguments):
                    run = self.run_leaving(end, *arguments, outcome=_PASSES)
                    self.assertNotEqual(0, run.returncode, run.stderr)


@medium
class SelfDescriptionTest(DecidedStatusCase):
    """A test whose own methods, which results ask, end programs."""

    def run_with(self, method, *arguments):
        text = _FAILING.format(_PASSES, _PASSES) + f"\n        def {method}(self):\n            raise SystemExit(0)\n"
        with Folder(**{"test_sample.py": text}) as folder:
            run = run_hermetic(*arguments, "--json", "report.json", "test_sample", cwd=folder)
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                return run, json.load(file)

    def test_a_description_is_an_error_and_the_run_goes_on(self):
        for method in ("shortDescription", "__str__"):
            for arguments in (("-v",), ("-v", "-j", "2"), ("-v", "--isolated")):
                with self.subTest(method=method, arguments=arguments):
                    run, report = self.run_with(method, *arguments)
                    self.assertEqual(1, run.returncode, run.stderr)
                    self.assertIn("ERROR: the description of test_sample.BTest.test_outcome", run.stderr)
                    self.assertIn("Ran 2 tests", run.stderr)
                    self.assertFalse(report["successful"])

    def test_other_methods_never_end_the_run_with_0(self):
        for method in ("id", "countTestCases", "defaultTestResult", "__hash__", "__eq__"):
            for arguments in ((), ("-j", "2")):
                with self.subTest(method=method, arguments=arguments):
                    run, report = self.run_with(method, *arguments)
                    self.assertEqual(report["successful"], run.returncode == 0, run.stderr)
                    self.assertTrue("Ran 2 tests" in run.stderr or run.returncode, run.stderr)


@medium
class ReportingTest(DecidedStatusCase):
    STREAM = """
        import io, os, sys, threading, unittest
        import hermetic

        class Stream(io.StringIO):
            def write(self, text):
                if "Ran " in text:
                    {}
                return sys.__stderr__.write(text)

        class ATest(unittest.TestCase):
            def test_pass(self):
                pass

        hermetic.main(testRunner=hermetic.TestRunner(stream=Stream()), argv=["run", "--json", "report.json"])
    """

    def test_what_ends_the_program_while_it_is_reported(self):
        for body, reason in (
            ("sys.exit(0)", "sys.exit(0) while the run was prepared or reported, at"),
            ("os._exit(0)", "os._exit(0) while the run was prepared or reported"),
            ("t = threading.Thread(target=os._exit, args=(0,)); t.start(); t.join()", "os._exit(0) while the run was"),
            ("raise OSError('full')", "OSError while the run was prepared or reported"),
        ):
            with self.subTest(body=body), Folder(**{"run.py": self.STREAM.format(body)}) as folder:
                run = run_python("run.py", cwd=folder)
                self.assertEqual(1, run.returncode, run.stderr)
                self.assertIn(f"The run ended early: {reason}", run.stderr)
                with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                    self.assertFalse(json.load(file)["successful"])


@medium
class ScriptTest(DecidedStatusCase):
    def test_a_mock_that_a_test_has_left_is_not_what_the_script_calls(self):
        for body in ("mock.patch('sys.exit').start()", "atexit.register(os._exit, 0)"):
            text = _FAILING.format(body, _FAILS) + "\n    unittest.main()\n"
            with self.subTest(body=body):
                run = self.run_files("--script", "run.py", **{"run.py": text})
                self.assertEqual(1, run.returncode, run.stderr)


if __name__ == "__main__":
    unittest.main()

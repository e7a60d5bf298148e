"""``python -m hermetic --script FILE`` runs a script as ``python FILE`` does, with its tests guarded."""

from __future__ import annotations

import os
import unittest

import support
from hermetic import medium
from support import Folder, posix_only, run_hermetic, run_python

setUpModule = support.some_pythons_do

_TESTS = """
    import os, socket, sys, unittest

    class SampleTest(unittest.TestCase):
        def test_first(self):
            BODY

        def test_second(self):
            print("the second test ran")
"""

_UNGUARDED_MAIN = "import unittest\nfrom test_sample import *\nunittest.main()\n"
_GUARDED_MAIN = "import unittest\nfrom test_sample import *\nif __name__ == '__main__':\n    unittest.main()\n"
_UNGUARDED_RUNNER = """
    import sys, unittest
    suite = unittest.defaultTestLoader.loadTestsFromName("test_sample")
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    sys.exit(not result.wasSuccessful())
"""
_GUARDED_RUNNER = """
    import sys, unittest

    def main():
        suite = unittest.defaultTestLoader.discover(".")
        return unittest.TextTestRunner().run(suite)

    if __name__ == "__main__":
        sys.exit(0 if main().wasSuccessful() else 1)
"""
_RUNNER_WITHOUT_EXIT = """
    import unittest
    suite = unittest.defaultTestLoader.loadTestsFromName("test_sample")
    unittest.TextTestRunner().run(suite)
    print("the script came to its end")
"""
_SCRIPTS = {
    "unguarded main": _UNGUARDED_MAIN,
    "guarded main": _GUARDED_MAIN,
    "unguarded runner": _UNGUARDED_RUNNER,
    "guarded runner": _GUARDED_RUNNER,
}


class ScriptCase(unittest.TestCase):
    """Runs a script over a test module."""

    def run_script(self, script, *arguments, body="pass", options=(), **kwargs):
        files = {"test_sample.py": _TESTS.replace("BODY", body), "run_tests.py": script}
        with Folder(**files) as folder:
            return run_hermetic(*options, "--script", "run_tests.py", *arguments, cwd=folder, **kwargs)

    def assert_status(self, status, run, *parts):
        for part in parts:
            self.assertIn(part, run.stdout + run.stderr)
        self.assertEqual(status, run.returncode, run.stderr)


@medium
class ScriptRunTest(ScriptCase):
    def test_every_kind_of_script_runs_each_test_once(self):
        for name, script in _SCRIPTS.items():
            with self.subTest(name):
                run = self.run_script(script)
                self.assert_status(0, run, "Ran 2 tests")
                self.assertEqual(1, run.stdout.count("the second test ran"))

    def test_every_kind_of_script_fails_after_a_failure(self):
        for name, script in _SCRIPTS.items():
            with self.subTest(name):
                self.assert_status(1, self.run_script(script, body="self.fail()"), "FAILED (failures=1)")

    def test_it_prints_what_python_prints(self):
        files = {"test_sample.py": _TESTS.replace("BODY", "self.fail('so')"), "run_tests.py": _UNGUARDED_MAIN}
        with Folder(**files) as folder:
            theirs = run_python("run_tests.py", cwd=folder)
            ours = run_hermetic("--script", "run_tests.py", cwd=folder)
        self.assertEqual(theirs.stdout, ours.stdout)
        self.assertEqual(theirs.stderr.splitlines()[:-3], ours.stderr.splitlines()[:-3])

    def test_a_script_that_asks_for_no_exit_comes_to_its_end(self):
        self.assert_status(0, self.run_script(_RUNNER_WITHOUT_EXIT), "Ran 2 tests", "the script came to its end")

    def test_a_script_with_a_runner_class_of_its_own(self):
        script = _UNGUARDED_RUNNER.replace("unittest.TextTestRunner", "Runner").replace(
            "suite =", "class Runner(unittest.TextTestRunner): pass\n    suite ="
        )
        self.assert_status(0, self.run_script(script), "Ran 2 tests")

    def test_a_script_that_calls_hermetic_main(self):
        script = _UNGUARDED_MAIN.replace("unittest.main()", "import hermetic; hermetic.main()")
        self.assert_status(0, self.run_script(script), "Ran 2 tests")

    def test_the_status_of_the_script_stays(self):
        self.assert_status(7, self.run_script("import sys; sys.exit(7)\n"))

    def test_a_script_that_fails_shows_its_error(self):
        run = self.run_script("def main():\n    raise OSError('broken')\nmain()\n")
        self.assert_status(1, run, "OSError: broken", "run_tests.py")

    def test_a_script_with_a_syntax_error_shows_it(self):
        self.assert_status(1, self.run_script("def main(:\n"), "SyntaxError")


@medium
class ScriptSurroundingsTest(ScriptCase):
    def test_arguments_are_passed_on(self):
        script = "import sys; print(sys.argv)\n"
        self.assert_status(0, self.run_script(script, "a", "--mode", "-v"), "['run_tests.py', 'a', '--mode', '-v']")

    def test_arguments_reach_unittest_main(self):
        self.assert_status(0, self.run_script(_UNGUARDED_MAIN, "-v", "SampleTest.test_second"), "Ran 1 test ", "... ok")

    def test_the_path_can_follow_an_equals_sign(self):
        with Folder(**{"run_tests.py": "import sys; print(sys.argv)\n"}) as folder:
            run = run_hermetic("--script=run_tests.py", "--mode", cwd=folder)
        self.assert_status(0, run, "['run_tests.py', '--mode']")

    def test_it_is_the_main_module(self):
        script = "import sys\nprint(__name__, sys.modules['__main__'].__file__, __file__)\n"
        self.assert_status(0, self.run_script(script), "__main__ run_tests.py run_tests.py")

    def test_its_folder_is_where_its_imports_come_from(self):
        files = {"below/run_tests.py": "import neighbour, sys; print(sys.path[0])\n", "below/neighbour.py": ""}
        with Folder(**files) as folder:
            run = run_hermetic("--script", os.path.join("below", "run_tests.py"), cwd=folder)
            self.assert_status(0, run, os.path.join(os.path.realpath(folder), "below"))

    def test_the_folder_that_it_was_started_from_is_not(self):
        with Folder(**{"below/run_tests.py": "import neighbour\n", "neighbour.py": ""}) as folder:
            run = run_hermetic("--script", os.path.join("below", "run_tests.py"), cwd=folder)
        self.assert_status(1, run, "ModuleNotFoundError: No module named 'neighbour'")

    def test_with_a_safe_path_no_folder_is_lost(self):
        files = {"run_tests.py": "import hermetic, elsewhere\n", "lib/elsewhere.py": "print('found')\n"}
        with Folder(**files) as folder:
            import hermetic

            package = os.path.dirname(os.path.dirname(os.path.abspath(hermetic.__file__)))
            path = os.pathsep.join([os.path.join(folder, "lib"), package])
            run = run_hermetic("--script", "run_tests.py", cwd=folder, env={"PYTHONPATH": path, "PYTHONSAFEPATH": "1"})
        self.assert_status(0, run, "found")

    def test_a_missing_file_is_wrong_usage(self):
        with Folder() as folder:
            run = run_hermetic("--script", "there_is_none.py", cwd=folder)
        self.assert_status(2, run, "--script there_is_none.py: no such file")
        self.assertNotIn("Traceback", run.stderr)

    def test_an_option_without_a_file_is_wrong_usage(self):
        with Folder() as folder:
            run = run_hermetic("--script", cwd=folder)
        self.assert_status(2, run, "argument --script: expected one argument")

    def test_wrong_settings_are_wrong_usage(self):
        run = self.run_script(_UNGUARDED_MAIN, env={"HERMETIC_MODE": "wrong"})
        self.assert_status(2, run, "environment: HERMETIC_MODE = 'wrong'")

    def test_show_config_shows_and_runs_nothing(self):
        run = self.run_script("print('the script ran')\n", options=["--show-config"])
        self.assertIn("mode = strict", run.stdout)
        self.assertNotIn("the script ran", run.stdout)


@medium
class ScriptGuardTest(ScriptCase):
    SWALLOW = (
        "try: socket.create_connection(('127.0.0.1', 9), 1)\n"
        "            except Exception: pass"
    )  # fmt: skip

    def test_without_a_default_size_a_legacy_script_is_left_alone(self):
        self.assert_status(0, self.run_script(_UNGUARDED_MAIN, body=self.SWALLOW), "Ran 2 tests")

    def test_the_default_size_applies_to_every_kind_of_script(self):
        for name, script in _SCRIPTS.items():
            with self.subTest(name):
                run = self.run_script(script, body=self.SWALLOW, options=["--default-size", "small"])
                self.assert_status(1, run, "[H001]", "violations: H001 network: 1 in 1 test")

    def test_the_default_size_can_come_from_the_environment(self):
        run = self.run_script(_UNGUARDED_MAIN, body=self.SWALLOW, env={"HERMETIC_DEFAULT_SIZE": "small"})
        self.assert_status(1, run, "[H001]")

    def test_the_default_size_applies_to_a_script_that_calls_hermetic_main(self):
        script = _UNGUARDED_MAIN.replace("unittest.main()", "import hermetic; hermetic.main()")
        run = self.run_script(script, body=self.SWALLOW, options=["--default-size", "small"])
        self.assert_status(1, run, "[H001]")

    def test_the_mode_applies(self):
        options = ["--default-size", "small", "--mode", "warn"]
        run = self.run_script(_UNGUARDED_MAIN, body=self.SWALLOW, options=options)
        self.assert_status(0, run, "warnings: H001 network: 1 in 1 test")

    def test_the_start_method_applies(self):
        script = "import multiprocessing; print(multiprocessing.get_start_method())\n"
        self.assert_status(0, self.run_script(script), "spawn")

    @posix_only("start method but spawn")
    def test_another_start_method_applies(self):
        script = "import multiprocessing; print(multiprocessing.get_start_method())\n"
        self.assert_status(0, self.run_script(script, options=["--start-method", "forkserver"]), "forkserver")


@medium
class ScriptEarlyEndTest(ScriptCase):
    def assert_ended_early(self, run, reason):
        self.assertIn(f"The run ended early: {reason}", run.stderr)
        self.assertRegex(run.stderr, r"Ran \d tests? in [^\n]+\n\nFAILED")
        self.assertNotEqual(0, run.returncode)

    def test_a_process_exit_in_a_test(self):
        for name, script in {**_SCRIPTS, "without exit": _RUNNER_WITHOUT_EXIT}.items():
            with self.subTest(name):
                self.assert_ended_early(self.run_script(script, body="os._exit(0)"), "os._exit(0) in test_first")

    def test_an_exit_in_a_fixture(self):
        body = "pass\n\n        @classmethod\n        def setUpClass(cls):\n            sys.exit(0)"
        for name, script in {**_SCRIPTS, "without exit": _RUNNER_WITHOUT_EXIT}.items():
            with self.subTest(name):
                self.assert_ended_early(self.run_script(script, body=body), "sys.exit(0) in setUpClass")

    def test_an_interrupt_ends_the_script_too(self):
        for name, script in {**_SCRIPTS, "without exit": _RUNNER_WITHOUT_EXIT}.items():
            with self.subTest(name):
                run = self.run_script(script, body="raise KeyboardInterrupt")
                self.assert_ended_early(run, "Ctrl-C, after 1 of 2 tests")
                self.assertEqual(130, run.returncode)
                self.assertNotIn("the script came to its end", run.stdout)

    def test_an_interrupt_outside_the_runs(self):
        run = self.run_script("raise KeyboardInterrupt\n")
        self.assertEqual(130, run.returncode)
        self.assertNotIn("Ran ", run.stderr)

    def test_an_interrupt_caught_by_an_option(self):
        body = "__import__('signal').raise_signal(2)"
        run = self.run_script(_UNGUARDED_MAIN, "-c", body=body)
        self.assert_ended_early(run, "Ctrl-C, after 1 of 2 tests")
        self.assertNotIn("the second test ran", run.stdout)

    def test_a_process_exit_with_the_status_of_the_run(self):
        script = _UNGUARDED_RUNNER.replace("sys.exit(", "__import__('os')._exit(")
        self.assert_status(0, self.run_script(script), "Ran 2 tests")
        self.assert_status(1, self.run_script(script, body="self.fail()"), "Ran 2 tests")


if __name__ == "__main__":
    unittest.main()

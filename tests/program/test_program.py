"""The exit status of ``python -m hermetic`` is that of the newest unittest, and never 0 after an early end."""

from __future__ import annotations

import sys
import unittest

from hermetic import medium
from support import Folder, run_hermetic, unmeasured_processes

setUpModule = unmeasured_processes
_NO_TESTS = 5 if sys.version_info >= (3, 12) else 0

_PASSES = """
    import unittest

    class PassTest(unittest.TestCase):
        def test_pass(self):
            pass
"""


def test_class(body: str, decorator: str = "") -> str:
    """A test module with one class; the body is the class's."""
    lines = [f"    {line}" for line in body.splitlines()]
    return "\n".join(["import os, signal, sys, unittest", decorator, "class SampleTest(unittest.TestCase):", *lines])


test_class.__test__ = False  # pytest: no test


class ExitStatusCase(unittest.TestCase):
    """Runs one test module."""

    def run_module(self, text, *arguments, **kwargs):
        with Folder(**{"test_sample.py": text}) as folder:
            return run_hermetic(*(arguments or ("test_sample",)), cwd=folder, **kwargs)

    def assert_status(self, status, run, *parts):
        for part in parts:
            self.assertIn(part, run.stderr)
        self.assertEqual(status, run.returncode, run.stderr)


@medium
class NothingRanTest(ExitStatusCase):
    def test_no_tests_found(self):
        with Folder() as folder:
            self.assert_status(_NO_TESTS, run_hermetic(cwd=folder), "Ran 0 tests")

    def test_a_pattern_that_matches_no_test(self):
        self.assert_status(_NO_TESTS, self.run_module(_PASSES, "-k", "nothing"), "Ran 0 tests")

    def test_a_module_without_tests(self):
        self.assert_status(_NO_TESTS, self.run_module("import unittest\n"), "Ran 0 tests")

    def test_only_tests_skipped_by_decorator(self):
        run = self.run_module(test_class("@unittest.skip('all')\ndef test_skipped(self):\n    pass"))
        self.assert_status(0, run, "(skipped=1)")

    def test_only_a_class_skipped_by_decorator(self):
        run = self.run_module(test_class("def test_skipped(self):\n    pass", "@unittest.skip('all')"))
        self.assert_status(0, run, "skipped=1")

    def test_only_a_skip_in_set_up_class(self):
        body = "@classmethod\ndef setUpClass(cls):\n    raise unittest.SkipTest('all')\ndef test_a(self):\n    pass"
        self.assert_status(0, self.run_module(test_class(body)), "skipped=1")

    def test_only_a_skip_in_set_up_module(self):
        text = test_class("def test_a(self):\n    pass") + "\ndef setUpModule():\n    raise unittest.SkipTest('all')"
        self.assert_status(0, self.run_module(text), "skipped=1")

    def test_only_a_module_that_skips_itself(self):
        run = self.run_module("import unittest\nraise unittest.SkipTest('all')\n", "discover")
        self.assert_status(0, run, "skipped=1")

    def test_only_an_error_in_set_up_class(self):
        body = "@classmethod\ndef setUpClass(cls):\n    raise OSError('broken')\ndef test_a(self):\n    pass"
        self.assert_status(1, self.run_module(test_class(body)), "Ran 0 tests", "FAILED (errors=1)")

    def test_only_an_error_in_set_up_module(self):
        text = test_class("def test_a(self):\n    pass") + "\ndef setUpModule():\n    raise OSError('broken')"
        self.assert_status(1, self.run_module(text), "Ran 0 tests", "FAILED (errors=1)")


@medium
class OutcomeStatusTest(ExitStatusCase):
    def test_a_pass(self):
        self.assert_status(0, self.run_module(_PASSES), "Ran 1 test ", "OK")

    def test_a_failure(self):
        self.assert_status(1, self.run_module(test_class("def test_a(self):\n    self.fail()")), "FAILED (failures=1)")

    def test_an_expected_failure(self):
        body = "@unittest.expectedFailure\ndef test_a(self):\n    self.fail()"
        self.assert_status(0, self.run_module(test_class(body)), "expected failures=1")

    def test_an_unexpected_success(self):
        body = "@unittest.expectedFailure\ndef test_a(self):\n    pass"
        self.assert_status(1, self.run_module(test_class(body)), "unexpected successes=1")

    def test_an_error_in_tear_down_class(self):
        body = "@classmethod\ndef tearDownClass(cls):\n    raise OSError('broken')\ndef test_a(self):\n    pass"
        self.assert_status(1, self.run_module(test_class(body)), "Ran 1 test ", "FAILED (errors=1)")

    def test_an_import_error(self):
        for arguments in (["test_sample"], ["discover"], []):
            with self.subTest(arguments=arguments):
                run = self.run_module("import there_is_no_such_module\n", *arguments)
                self.assert_status(1, run, "Ran 1 test ", "FAILED (errors=1)")

    def test_a_module_that_does_not_exist(self):
        self.assert_status(1, self.run_module(_PASSES, "there_is_none"), "Ran 1 test ", "FAILED (errors=1)")

    def test_an_attribute_that_does_not_exist(self):
        self.assert_status(1, self.run_module(_PASSES, "test_sample.None_"), "Ran 1 test ", "FAILED (errors=1)")

    def test_an_exit_in_a_test(self):
        for status in (0, 7):
            with self.subTest(status=status):
                run = self.run_module(test_class(f"def test_a(self):\n    sys.exit({status})"))
                self.assert_status(1, run, "Ran 1 test ", "FAILED (errors=1)")

    def test_an_exit_at_import(self):
        for status in (0, 7):
            with self.subTest(status=status):
                run = self.run_module(f"import sys\nsys.exit({status})\n", "discover")
                self.assert_status(1, run, "Ran 1 test ", "FAILED (errors=1)")


@medium
class StartFolderTest(ExitStatusCase):
    def test_a_start_folder_that_does_not_exist(self):
        run = self.run_module(_PASSES, "discover", "-s", "there_is_none")
        self.assert_status(1, run, "Start directory is not importable: 'there_is_none'")

    def test_a_start_folder_that_does_not_exist_is_a_message_and_no_traceback(self):
        run = self.run_module(_PASSES, "discover", "-s", "there_is_none")
        self.assertNotIn("Traceback", run.stderr)

    def test_a_start_package_that_cannot_be_imported(self):
        files = {"broken/__init__.py": "import there_is_no_such_module\n", "broken/test_a.py": _PASSES}
        with Folder(**files) as folder:
            run = run_hermetic("discover", "-s", "broken", "-t", ".", cwd=folder)
        self.assert_status(1, run, "there_is_no_such_module")

    def test_a_module_imported_from_another_folder(self):
        first = "import sys; sys.path.insert(0, 'other'); import test_twin; sys.path.pop(0)\n"
        files = {"test_first.py": first, "test_twin.py": _PASSES, "other/test_twin.py": _PASSES}
        with Folder(**files) as folder:
            run = run_hermetic("discover", cwd=folder)
        self.assert_status(1, run, "'test_twin' module incorrectly imported from")


@medium
class UsageStatusTest(ExitStatusCase):
    def test_an_option_that_does_not_exist(self):
        self.assert_status(2, self.run_module(_PASSES, "--there-is-none"), "unrecognized arguments: --there-is-none")

    def test_a_wrong_value_of_an_option_of_ours(self):
        for option in ("--mode", "--default-size", "--start-method"):
            with self.subTest(option=option):
                run = self.run_module(_PASSES, option, "wrong", "test_sample")
                self.assert_status(2, run, f"{option} 'wrong' is not one of ")
                self.assertNotIn("Traceback", run.stderr)

    def test_an_option_of_ours_without_its_value(self):
        self.assert_status(2, self.run_module(_PASSES, "--mode"), "argument --mode: expected one argument")

    def test_an_option_of_ours_is_taken_in_full_spelling_only(self):
        self.assert_status(2, self.run_module(_PASSES, "--default", "small"), "unrecognized arguments: --default")

    def test_an_option_of_ours_anywhere(self):
        for arguments in (
            ["--mode", "warn", "test_sample", "-v"],
            ["test_sample", "--mode=warn"],
            ["--default-size", "small", "discover", "-s", "."],
            ["discover", "-s", ".", "--start-method", "platform", "-v"],
        ):
            with self.subTest(arguments=arguments):
                self.assert_status(0, self.run_module(_PASSES, *arguments), "Ran 1 test ")

    def test_an_option_of_ours_after_a_double_dash_is_a_name(self):
        self.assert_status(1, self.run_module(_PASSES, "--", "--show-config"), "FAILED (errors=1)")

    def test_a_wrong_variable(self):
        run = self.run_module(_PASSES, "test_sample", env={"HERMETIC_MODE": "wrong"})
        self.assert_status(2, run, "environment: HERMETIC_MODE = 'wrong' is not one of strict, warn or off")
        self.assertNotIn("Traceback", run.stderr)

    def test_an_unknown_variable(self):
        run = self.run_module(_PASSES, "test_sample", env={"HERMETIC_MOOD": "good"})
        self.assert_status(2, run, "unknown variable HERMETIC_MOOD")

    def test_a_wrong_key_of_a_file(self):
        with Folder(**{"test_sample.py": _PASSES, "setup.cfg": "[tool:hermetic]\nmood = good\n"}) as folder:
            run = run_hermetic(cwd=folder)
        self.assert_status(2, run, "setup.cfg: unknown setting 'mood'")


@medium
class ShowConfigTest(ExitStatusCase):
    def test_it_prints_the_settings_and_runs_nothing(self):
        run = self.run_module(_PASSES, "--show-config")
        self.assertEqual("", run.stderr)
        self.assertIn("mode = strict  (default)\n", run.stdout)
        self.assertIn("default_size = none  (default)\n", run.stdout)
        self.assertIn("start_method = spawn  (default)\n", run.stdout)
        self.assertEqual(0, run.returncode)

    def test_it_says_where_each_came_from(self):
        files = {"setup.cfg": "[tool:hermetic]\nmode = warn\ndefault_size = large\nstart_method = platform\n"}
        with Folder(**files) as folder:
            run = run_hermetic(
                "--show-config", "--mode", "off", cwd=folder, env={"HERMETIC_DEFAULT_SIZE": "medium"}
            )  # fmt: skip
        self.assertIn("mode = off  (command line)\n", run.stdout)
        self.assertIn("default_size = medium  (environment)\n", run.stdout)
        self.assertRegex(run.stdout, r"start_method = platform  \(.*setup\.cfg\)\n")

    def test_it_can_stand_behind_names(self):
        run = self.run_module(_PASSES, "test_sample", "--show-config", "-v")
        self.assertIn("mode = strict  (default)\n", run.stdout)
        self.assertNotIn("Ran ", run.stderr)

    def test_wrong_settings_are_not_shown_but_reported(self):
        run = self.run_module(_PASSES, "--show-config", env={"HERMETIC_MODE": "wrong"})
        self.assert_status(2, run, "environment: HERMETIC_MODE = 'wrong'")
        self.assertEqual("", run.stdout)


_NESTED = """
    import os, unittest, hermetic

    class InnerTest(unittest.TestCase):
        def test(self):
            pass

    class OuterTest(unittest.TestCase):
        def test_a_runs_a_program(self):
            inner = ["inner", "--detect-leaks", "test_sample.InnerTest"]
            hermetic.main(module=None, argv=inner, exit=False, testRunner=hermetic.TestRunner(verbosity=0))

        def test_b_leaks(self):
            os.environ["LEFT"] = "x"
"""


@medium
class NestedProgramTest(ExitStatusCase):
    def test_a_program_that_ends_within_a_test_leaves_the_settings_of_the_run_in_force(self):
        run = self.run_module(_NESTED, "--detect-leaks", "--leaks", "error", "test_sample.OuterTest")
        self.assert_status(1, run, "test_b_leaks leaked state", "environment variable added: LEFT")


if __name__ == "__main__":
    unittest.main()

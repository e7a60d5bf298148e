"""Tests chosen by size, by name, and by expressions, whatever runs them."""

from __future__ import annotations

import os
from typing import ClassVar

import support
from hermetic import medium
from hermetic._suites import selection
from support import run_hermetic
from support.ordered_runs import FolderCase

setUpModule = support.some_pythons_do_and_the_measured

_FILES = {
    "test_a.py": """
        import unittest, hermetic

        class SizedTest(unittest.TestCase):
            @hermetic.small
            def test_small(self):
                print(self.id())

            @hermetic.medium
            def test_medium(self):
                print(self.id())

            def test_plain(self):
                print(self.id())

        @hermetic.small
        class OtherTest(SizedTest):
            pass
    """,
    "test_b.py": """
        import unittest, hermetic
        __hermetic__ = hermetic.large

        class LargeTest(unittest.TestCase):
            def test_large(self):
                print(self.id())
    """,
    "script.py": """
        import unittest
        for name in ("test_a", "test_b"):
            unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromName(name))
    """,
}
SIZED, OTHER, LARGE = "test_a.SizedTest", "test_a.OtherTest", "test_b.LargeTest.test_large"
ALL = [f"{cls}.test_{name}" for cls in (OTHER, SIZED) for name in ("medium", "plain", "small")] + [LARGE]


class SelectionCase(FolderCase):
    FILES: ClassVar = _FILES

    def run_here(self, *arguments, **kwargs):
        return run_hermetic(*arguments, cwd=self.folder, **kwargs)

    def what_ran(self, *arguments, **kwargs):
        return self.run_here(*arguments, **kwargs).stdout.splitlines()


@medium
class SizeTest(SelectionCase):
    def test_the_nearest_mark_tells_the_size(self):
        for sizes, expected in {
            "large": [LARGE],
            "small": [f"{OTHER}.test_plain", f"{OTHER}.test_small", f"{SIZED}.test_small"],
            "none": [f"{SIZED}.test_plain"],
            "medium, none": [f"{OTHER}.test_medium", f"{SIZED}.test_medium", f"{SIZED}.test_plain"],
        }.items():
            with self.subTest(sizes):
                self.assertEqual(self.what_ran("--size", sizes), expected)

    def test_settings_count_and_the_mode_does_not(self):
        self.assertEqual(self.what_ran("--size", "xlarge", "--default-size", "xlarge"), [f"{SIZED}.test_plain"])
        self.assertEqual(self.what_ran("--size", "large", "--mode", "off"), [LARGE])

    def test_isolated_parallel_and_scripted_runs_are_chosen_from_too(self):
        expected = [f"{SIZED}.test_small", f"{OTHER}.test_small", f"{OTHER}.test_plain"]
        for arguments in (["-j", "2"], ["--isolated"], ["--script", "script.py"]):
            with self.subTest(arguments):
                self.assertCountEqual(self.what_ran("--size", "small", *arguments), expected)

    def test_what_is_no_size_is_an_error(self):
        done = self.run_here("--size", "smal")
        self.assertEqual(done.returncode, 2)
        self.assertIn(
            "error: --size 'smal': write sizes such as small,medium, or none (did you mean small?)", done.stderr
        )

    def test_a_size_that_no_test_has_is_no_green_run(self):
        done, plain = self.run_here("--size", "xlarge"), self.run_here("-k", "nothing")
        self.assertEqual((done.stdout, done.returncode), ("", plain.returncode))


@medium
class NameTest(SelectionCase):
    def test_tests_classes_and_modules_are_left_out(self):
        left = self.what_ran("--deselect", "test_b", "--deselect", OTHER, "--deselect", f"{SIZED}.test_plain")
        self.assertEqual(left, [f"{SIZED}.test_medium", f"{SIZED}.test_small"])

    def test_a_list_names_what_runs_in_the_order_of_the_suite(self):
        with open(os.path.join(self.folder, "names"), "w", encoding="utf-8") as file:
            file.write(f"# those\n\n{LARGE}  large  0.1 s\n{SIZED}.test_small\tsmall\n")
        expected = [f"{SIZED}.test_small", LARGE]
        self.assertEqual(self.what_ran("--tests-from", "names"), expected)
        self.assertEqual(self.what_ran("--tests-from", "names", "--script", "script.py"), expected)
        self.assertEqual(self.what_ran("--tests-from", "-", stdin=f"{SIZED}\n{LARGE}\n"), [*ALL[3:6], LARGE])

    def test_a_list_may_be_encoded_as_windows_does_it(self):
        for encoding in ("utf-8-sig", "utf-16"):
            with self.subTest(encoding):
                path = os.path.join(self.folder, "names")
                with open(path, "w", encoding=encoding, newline="\r\n") as file:
                    file.write(f"{LARGE}  large\ntest_ä\n")
                self.assertEqual(selection.names_in_file(path), [LARGE, "test_ä"])

    def test_names_of_no_test_are_errors_before_anything_runs(self):
        for arguments, given in [(["--deselect", "test_a.SizeTest"], ""), (["--tests-from", "-"], "test_a.SizeTest")]:
            for script in ([], ["--script", "script.py"]):
                with self.subTest(arguments=arguments, script=script):
                    done = self.run_here(*arguments, *script, stdin=given)
                    self.assertEqual(done.returncode, 2)
                    self.assertIn("no test is named 'test_a.SizeTest' (did you mean test_a.SizedTest?)", done.stderr)
                    if not script:
                        self.assertEqual(done.stdout, "")

    def test_lists_that_cannot_be_read_are_errors(self):
        for name, reason in {"missing": "No such file or directory", "-": "there are no names in it"}.items():
            with self.subTest(name):
                done = self.run_here("--tests-from", name, stdin="# none\n")
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(f"--tests-from {name}: {reason}", done.stderr)


@medium
class ExpressionTest(SelectionCase):
    def test_an_expression_chooses_and_patterns_are_added(self):
        expected = [f"{SIZED}.test_medium", f"{SIZED}.test_plain"]
        self.assertEqual(self.what_ran("-k", "Sized and not small"), expected)
        self.assertEqual(self.what_ran("discover", "-k", "Sized and not small", "-k", "Large"), [*expected, LARGE])
        self.assertEqual(self.what_ran("-vk", "Sized and not small", "test_a"), expected)

    def test_an_error_in_one_is_wrong_usage(self):
        done = self.run_here("-k", "Sized and")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("error: -k 'Sized and': expected a pattern at its end", done.stderr)


@medium
class UnloadedTest(SelectionCase):
    FILES: ClassVar = {**_FILES, "test_c.py": "import missing_module"}

    def test_a_module_that_cannot_be_loaded_is_an_error_unless_it_is_left_out(self):
        for arguments in (["--size", "large"], ["--tests-from", "-"], ["-k", "large and test_b"]):
            with self.subTest(arguments):
                done = self.run_here(*arguments, stdin=f"{LARGE}\ntest_c.SomeTest.test_it\n")
                self.assertEqual((done.returncode, done.stdout.splitlines()), (1, [LARGE]))
                self.assertIn("No module named 'missing_module'", done.stderr)
        done = self.run_here("--deselect", "test_c", "--deselect", "test_a")
        self.assertEqual((done.returncode, done.stdout.splitlines()), (0, [LARGE]))

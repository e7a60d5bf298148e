"""A module that is named on the command line and cannot be imported is one error, as in discovery."""

from __future__ import annotations

import unittest

from hermetic import medium
from support import Folder, run_hermetic

_TESTS = """
import unittest

class T(unittest.TestCase):
    def test_it(self):
        print("RAN", __name__)
"""
_POOL = """
import multiprocessing

def work(number):
    return number

with multiprocessing.get_context("spawn").Pool(1) as pool:
    pool.map(work, [1])
"""
_CONNECTS = """
__hermetic__ = __import__("hermetic").small
import socket
print("IMPORTED")
socket.create_connection(("127.0.0.1", 9), 1)
"""
_FILES = {
    "test_good.py": _TESTS,
    "test_pool.py": _POOL,
    "test_connects.py": _CONNECTS,
    "test_wrong.py": "raise ValueError('wrong here')",
    "test_skipped.py": "raise __import__('unittest').SkipTest('not today')",
    "bad/__init__.py": "raise ValueError('wrong package')",
    "bad/test_a.py": _TESTS,
    "bad/test_b.py": _TESTS,
    "package/__init__.py": "def suite(): raise ValueError('from a suite')",
    "package/test_wrong.py": "raise ValueError('wrong below')",
    "test_asks.py": """
    def load_tests(loader, tests, pattern):
        try:
            loader.loadTestsFromName("test_wrong")
        except ValueError:
            print("ASKED")
        return tests
    """,
}


@medium
class NamesTest(unittest.TestCase):
    def run_names(self, *names):
        with Folder(**_FILES) as folder:
            return run_hermetic("-v", *names, cwd=folder)

    def assert_one_error(self, done, module, *parts):
        """One module is in error, and the good one has run."""
        self.assertIn(f"ERROR: {module} (unittest.loader._FailedTest", done.stderr)
        self.assertNotIn("names.py", done.stderr)  # no frame of ours is between the loader and the import
        for part in ("FAILED (errors=1)", *parts):
            self.assertIn(part, done.stderr)
        self.assertEqual((1, "RAN test_good"), (done.returncode, done.stdout.splitlines()[-1]), done.stderr)

    def test_an_exception_at_the_import_is_one_error(self):
        self.assert_one_error(self.run_names("test_wrong", "test_good"), "test_wrong", "wrong here", "Ran 2 tests")

    def test_a_pool_started_at_the_import_is_one_error(self):
        self.assert_one_error(self.run_names("test_pool", "test_good"), "test_pool", "[H008]")

    def test_a_violation_at_the_import_is_one_error(self):
        self.assert_one_error(self.run_names("test_connects", "test_good"), "test_connects", "[H001]")

    def test_a_class_or_a_method_of_the_module_is_the_same(self):
        for name in ("test_connects.T", "test_connects.T.test_it", "test_connects.py"):
            with self.subTest(name=name):
                self.assert_one_error(self.run_names(name, "test_good"), "test_connects", "[H001]")

    def test_a_module_that_is_named_twice_is_imported_once(self):
        done = self.run_names("test_connects.T", "test_connects.T.test_it", "test_good")
        self.assert_one_error(done, "test_connects", "Ran 2 tests")
        self.assertEqual(1, done.stdout.count("IMPORTED"))

    def test_a_package_that_fails_is_one_error_for_all_its_modules(self):
        done = self.run_names("bad.test_a", "bad/test_b.py", "test_good")
        self.assert_one_error(done, "bad", "wrong package", "Ran 2 tests")

    def test_a_module_of_a_package_has_its_full_name(self):
        self.assert_one_error(self.run_names("package.test_wrong", "test_good"), "package.test_wrong", "wrong below")

    def test_a_module_that_skips_itself_is_skipped(self):
        done = self.run_names("test_skipped", "test_good")
        self.assertIn("skipped 'not today'", done.stderr)
        self.assertEqual((0, "RAN test_good\n"), (done.returncode, done.stdout))

    def test_the_exception_of_a_named_function_is_raised_as_by_unittest(self):
        done = self.run_names("package.suite", "test_good")
        self.assertIn("ValueError: from a suite", done.stderr)
        self.assertEqual((1, ""), (done.returncode, done.stdout))

    def test_a_load_tests_function_gets_the_exception(self):
        done = self.run_names("test_asks", "test_good")
        self.assertEqual((0, "ASKED\nRAN test_good\n"), (done.returncode, done.stdout), done.stderr)

    def test_in_parallel_it_is_the_same(self):
        self.assert_one_error(self.run_names("-j", "2", "test_connects.T", "test_good"), "test_connects", "[H001]")

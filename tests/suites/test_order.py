"""The order and the choice of tests: shuffled, failed first, and only failed ones."""

from __future__ import annotations

import os
import re
from typing import ClassVar

import support
from hermetic import medium
from support import run_hermetic, run_python
from support.ordered_runs import CLASSES, FILES, MODULE, TESTS, OrderCase

setUpModule = support.some_pythons_do


@medium
class ShuffleTest(OrderCase):
    def test_a_seed_gives_the_same_order_again_with_each_fixture_once(self):
        lines, done = self.run_here("--shuffle")
        seed = re.search(r"^Shuffled: --shuffle (\d+) gives this order again$", done.stderr, re.MULTILINE)[1]
        self.assertEqual(self.run_here("--shuffle", seed)[0], lines)
        self.assertEqual(self.run_here(env={"HERMETIC_SHUFFLE": seed, "PYTHONHASHSEED": "1"})[0], lines)
        self.assertEqual(sorted(lines), sorted([*TESTS, *(f"up {name}" for name in ("test_x", "test_y", *CLASSES))]))
        self.assertEqual((done.returncode, done.stderr.count("Shuffled")), (0, 1))

    def test_what_is_left_out_does_not_change_the_order_of_the_rest(self):
        lines = self.what_ran("--shuffle", "7")
        chosen = self.what_ran("--shuffle", "7", "-k", "test_a", "-k", "Third")
        self.assertEqual(chosen, [line for line in lines if "test_a" in line or "Third" in line])

    def test_levels_shuffle_no_more_than_they_say(self):
        def modules(tests):
            return list(dict.fromkeys(test.partition(".")[0] for test in tests))

        def classes(tests):
            return list(dict.fromkeys(test.rpartition(".")[0] for test in tests))

        orders = {level: self.what_ran("--shuffle", "4", "--shuffle-level", level) for level in ("module", "class")}
        orders["test"] = self.what_ran("--shuffle", "4")
        expected = [cls for module in ("test_y", "test_x") for cls in CLASSES if cls.startswith(module)]
        self.assertEqual(orders["module"], [f"{cls}.test_{letter}" for cls in expected for letter in "abc"])
        self.assertEqual({tuple(modules(order)) for order in orders.values()}, {("test_y", "test_x")})
        self.assertEqual(classes(orders["class"]), classes(orders["test"]))
        self.assertNotEqual(classes(orders["class"]), expected)
        self.assertEqual(orders["class"], [f"{cls}.test_{let}" for cls in classes(orders["class"]) for let in "abc"])
        self.assertNotEqual(orders["test"], orders["class"])

    def test_isolated_tests_come_in_the_same_order(self):
        marks = {
            "class First": "@hermetic.isolated\n    class First",
            "class Third": "@hermetic.isolated('group')\n    class Third",
        }
        for name in FILES:
            with open(os.path.join(self.folder, name), "r+", encoding="utf-8") as file:
                text = "import hermetic\n" + file.read()
                for plain, marked in marks.items():
                    text = text.replace(plain, marked)
                file.seek(0)
                file.write(text)
        expected = self.what_ran("--shuffle", "7", "--no-isolation")
        self.assertEqual(self.what_ran("--shuffle", "7"), expected)
        self.assertEqual(self.what_ran("--shuffle", "7", "--isolated"), expected)

    def test_the_seed_is_told_again_where_the_run_has_failed(self):
        _, done = self.run_here("--shuffle", "7", failing=TESTS[0])
        line = "Shuffled: --shuffle 7 gives this order again\n"
        self.assertEqual((done.stderr.find(line), done.stderr.count(line)), (0, 2))

    def test_what_follows_and_is_no_seed_is_left_to_unittest(self):
        done = run_hermetic("--shuffle", "test_x.First", cwd=self.folder)
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, 5), done.stderr)

    def test_a_wrong_level_is_an_error(self):
        _, done = self.run_here("--shuffle", "--shuffle-level", "file")
        self.assertEqual(done.returncode, 2)
        self.assertIn("'file'", done.stderr)


@medium
class FailedTest(OrderCase):
    FAILING = "test_y.Fourth.test_c test_x.Second.test_b"

    def test_without_a_known_failure_all_tests_run(self):
        lines, done = self.run_here("--last-failed", "--failed-first")
        self.assertEqual([line for line in lines if not line.startswith("up ")], TESTS)
        self.assertIn("No failed tests are recorded: running all tests\n", done.stderr)

    def test_those_that_failed_run_alone_until_they_pass(self):
        self.run_here(failing=self.FAILING)
        lines, done = self.run_here("--last-failed", failing="test_y.Fourth.test_c")
        self.assertEqual([line for line in lines if line in TESTS], ["test_x.Second.test_b", "test_y.Fourth.test_c"])
        self.assertIn("Only tests that failed last: 2 of 12\n", done.stderr)
        self.assertEqual(self.what_ran("--last-failed"), ["test_y.Fourth.test_c"])
        self.assertEqual(self.what_ran("--last-failed"), TESTS)

    def test_those_that_failed_come_first_with_their_classes_and_modules(self):
        self.run_here(failing="test_y.Fourth.test_c")
        expected = ["test_y.Fourth.test_c", "test_y.Fourth.test_a", "test_y.Fourth.test_b", *TESTS[9:], *TESTS[:6]]
        self.assertEqual(self.what_ran("--failed-first"), expected)
        self.run_here(failing="test_y.Fourth.test_c")
        self.assertEqual(self.what_ran("--failed-first", "--shuffle", "3")[0], "test_y.Fourth.test_c")

    def test_failures_that_are_not_among_the_tests_are_told_of(self):
        self.run_here(failing=self.FAILING)
        lines, done = self.run_here("--last-failed", "-k", "Third")
        self.assertEqual([line for line in lines if line in TESTS], TESTS[9:])
        self.assertIn("None of the 2 recorded failures is among these tests: running all tests\n", done.stderr)

    def test_without_a_history_there_is_nothing_to_tell_what_failed(self):
        _, done = self.run_here("--last-failed", "--history", "off")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--last-failed needs the history", done.stderr)


_FAILING = """
    import os, unittest

    if os.environ.get("FAILING") == "import":
        import missing_module

    def setUpModule():
        if os.environ.get("FAILING") == "module":
            raise OSError

    class SampleTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            if os.environ.get("FAILING") == "class":
                raise OSError

        def test_it(self):
            print(self.id())
            self.assertNotEqual(os.environ.get("FAILING"), "test")
            for number in range(2):
                with self.subTest(number=number):
                    self.assertNotEqual(os.environ.get("FAILING"), f"subtest {number}")
            if os.environ.get("FAILING") == "exit":
                os._exit(0)

        @unittest.expectedFailure
        def test_other(self):
            print(self.id())
            self.assertEqual(os.environ.get("FAILING"), "success")
"""


@medium
class KindsOfFailureTest(OrderCase):
    FILES: ClassVar = {"test_it.py": _FAILING, "test_x.py": MODULE.format("First", "Second")}

    def test_whatever_has_failed_runs_again(self):
        both, first, second = ["test_it.SampleTest.test_it", "test_it.SampleTest.test_other"], 0, 1
        expected = {
            "import": both, "module": both, "class": both, "test": [both[first]], "subtest 1": [both[first]],
            "success": [both[second]], "exit": [both[first]],
        }  # fmt: skip
        for failing, tests in expected.items():
            with self.subTest(failing=failing):
                self.assertEqual(self.run_here(failing=failing)[1].returncode, 1)
                self.assertEqual(self.what_ran("--last-failed"), tests)
                self.assertIn("No failed tests are recorded", self.run_here("--last-failed")[1].stderr)

    def test_a_module_that_cannot_be_imported_any_more_is_among_what_failed(self):
        self.run_here(failing="test")
        _, done = self.run_here("--last-failed", failing="import")
        self.assertIn("Only tests that failed last: 1 of 7\n", done.stderr)
        self.assertIn("missing_module", done.stderr)


_SCRIPT = """
    import sys, unittest
    for name in ("test_x", "test_y"):
        unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromName(name))
"""

_NESTED = """
    import io, time, unittest, hermetic

    class NestedTest(unittest.TestCase):
        def test_run(self):
            time.sleep(0.01)  # or it would not be remembered either
            hermetic.main("test_y", argv=["x"], exit=False, testRunner=hermetic.TestRunner(stream=io.StringIO()))
"""


@medium
class RunsTest(OrderCase):
    FILES: ClassVar = {**FILES, "script.py": _SCRIPT, "test_nested.py": _NESTED}

    def test_the_runs_of_a_script_are_ordered_and_remembered(self):
        done = run_hermetic("--shuffle", "4", "--script", "script.py", cwd=self.folder, env={"FAILING": TESTS[4]})
        lines = [line for line in done.stdout.splitlines() if line in TESTS]
        self.assertEqual(sorted(lines), TESTS)
        self.assertNotEqual(lines, TESTS)
        done = run_hermetic("--last-failed", "--script", "script.py", cwd=self.folder)
        self.assertEqual([line for line in done.stdout.splitlines() if line in TESTS], [TESTS[4], *TESTS[6:]])

    def test_a_run_within_a_test_keeps_its_order_and_is_not_remembered(self):
        done = run_hermetic("--shuffle", "4", "test_nested", cwd=self.folder, env={"FAILING": TESTS[7]})
        self.assertEqual([line for line in done.stdout.splitlines() if line in TESTS], TESTS[6:])
        with open(os.path.join(self.folder, ".hermetic_cache", "history.json"), encoding="utf-8") as file:
            self.assertNotIn("test_y", file.read())

    def test_a_program_of_the_users_own_has_the_options_too(self):
        with open(os.path.join(self.folder, "main.py"), "w", encoding="utf-8") as file:
            file.write("import hermetic; hermetic.main('test_x')")
        done = run_python("main.py", "--shuffle", "4", cwd=self.folder)
        self.assertEqual((done.returncode, done.stderr.count("Shuffled: --shuffle 4")), (0, 1), done.stderr)

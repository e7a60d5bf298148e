"""The order and the choice of tests: shuffled, failed first, and only failed ones."""

from __future__ import annotations

import os
import re
import sys
import types
import unittest
from typing import ClassVar
from unittest import mock

import hermetic
import support
from hermetic import ConfigurationError, isolated, medium
from hermetic._settings.current_run import current_run
from hermetic._suites import order, suite_blocks, suite_tests
from support import run_hermetic, run_python
from support.ordered_runs import CLASSES, FILES, MODULE, TESTS, OrderCase
from support.properties import given, st

setUpModule = support.some_pythons_do


@medium
class ShuffleTest(OrderCase):
    def test_a_seed_gives_the_same_order_again_with_each_fixture_once(self):
        lines, done = self.run_here("--shuffle")
        seed = re.search(r"^Shuffled: --shuffle (\d+) repeats this order$", done.stderr, re.MULTILINE)[1]
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
        line = "Shuffled: --shuffle 7 repeats this order\n"
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


def make_class(module, name, count, **attributes):
    """A TestCase class with so many tests, as if a module defined it."""
    methods = {f"test_{number}": lambda self: None for number in range(count)}
    return type(name, (unittest.TestCase,), {"__module__": module, **methods, **attributes})


def suite_of(*classes, suite=unittest.TestSuite):
    load = unittest.TestLoader().loadTestsFromTestCase
    return suite([load(cls) for cls in classes])


def shards_of(suite, count, durations=None):
    """The ids of the tests in each shard."""
    blocks = [*suite_blocks.blocks_in(suite)]
    parts = order.parts_of(blocks, count, durations or {})
    found = [[] for _ in range(count)]
    for block in blocks:
        found[parts[suite_blocks.unit_of(block)] - 1] += [test.id() for test in suite_tests.tests_in(block.test)]
    return found


SHAPES = st.lists(st.tuples(st.sampled_from("mn"), st.sampled_from("ABCD"), st.integers(1, 9), st.booleans()))


SECONDS = st.floats(0, 1000) | st.none()


@medium  # it tries many suites
class PropertiesTest(hermetic.HermeticTestCase):
    @given(SHAPES, st.integers(1, 12), st.lists(SECONDS, max_size=20), st.randoms())
    def test_every_test_is_in_exactly_one_shard_whatever_the_order(self, shapes, count, seconds, rnd):
        fixture = classmethod(lambda cls: None)
        classes = [make_class(module, name, size, **{"setUpClass": fixture} if fixed else {})
                   for module, name, size, fixed in shapes]  # fmt: skip
        ids = sorted(test.id() for test in suite_tests.tests_in(suite_of(*classes)))
        durations = {name: taken for name, taken in zip(ids, seconds, strict=False) if taken is not None}
        found = shards_of(suite_of(*classes), count, durations)
        self.assertEqual(sorted(name for shard in found for name in shard), ids)
        rnd.shuffle(classes)
        again = shards_of(suite_of(*classes), count, dict(reversed(durations.items())))
        self.assertEqual([sorted(shard) for shard in again], [sorted(shard) for shard in found])

    @given(st.lists(st.integers(1, 1000), min_size=1, max_size=60), st.integers(1, 8))
    def test_no_shard_takes_longer_than_the_even_share_and_one_more_unit(self, seconds, count):
        suite = suite_of(make_class("m", "A", len(seconds)))
        durations = {f"m.A.test_{number}": float(taken) for number, taken in enumerate(seconds)}
        loads = [sum(durations[name] for name in shard) for shard in shards_of(suite, count, durations)]
        self.assertLessEqual(max(loads), sum(seconds) / count + max(seconds))


class OwnSuite(unittest.TestSuite):
    def run(self, result, debug=False):
        return super().run(result, debug)


class PlainSubclass(unittest.TestSuite):
    pass


class UnitsTest(hermetic.HermeticTestCase):
    def units_of(self, *classes, suite=unittest.TestSuite):
        return [suite_blocks.unit_of(block) for block in suite_blocks.blocks_in(suite_of(*classes, suite=suite))]

    def test_a_class_without_fixtures_can_be_parted(self):
        self.assertEqual(self.units_of(make_class("m", "A", 2)), ["m.A.test_0", "m.A.test_1"])

    def test_a_class_with_fixtures_is_kept_whole(self):
        for name in ("setUpClass", "tearDownClass"):
            cls = make_class("m", "A", 2, **{name: classmethod(lambda cls: None)})
            self.assertEqual(self.units_of(cls, hermetic.small(type("B", (cls,), {"__module__": "m"}))),
                             ["m.A"] * 2 + ["m.B"] * 2)  # fmt: skip

    def test_marks_are_no_fixtures(self):
        self.assertEqual(len(set(self.units_of(hermetic.small(make_class("m", "A", 2))))), 2)

    @mock.patch.object(current_run, "in_worker", False)  # as in the process of a run
    def test_classes_and_modules_that_share_a_process_are_kept_whole(self):
        alone, together = make_class("m", "A", 2), isolated(make_class("m", "B", 2))
        self.assertEqual(self.units_of(alone, together), ["m.A.test_0", "m.A.test_1", "m.B", "m.B"])
        with mock.patch.dict(sys.modules, m=types.ModuleType("m")):
            sys.modules["m"].__hermetic__ = isolated
            self.assertEqual(self.units_of(make_class("m", "A", 2), make_class("m", "B", 1)), ["m"] * 3)

    def test_a_module_with_fixtures_is_kept_whole(self):
        for name in ("setUpModule", "tearDownModule"):
            module = types.ModuleType("m")
            setattr(module, name, lambda: None)
            with mock.patch.dict(sys.modules, m=module):
                self.assertEqual(self.units_of(make_class("m", "A", 2), make_class("m", "B", 1)), ["m"] * 3)

    def test_a_suite_that_runs_in_its_own_way_is_kept_whole(self):
        classes = make_class("m", "A", 2), make_class("n", "B", 1)
        self.assertEqual(self.units_of(*classes, suite=OwnSuite), ["m.A.test_0"])
        self.assertEqual(len(self.units_of(*classes, suite=PlainSubclass)), 3)

    def test_functions_and_doctests_have_no_class_in_common(self):
        suite = unittest.TestSuite([unittest.FunctionTestCase(test) for test in (len, repr)])
        self.assertEqual([block.class_name for block in suite_blocks.blocks_in(suite)], ["len", "repr"])


class ParseTest(hermetic.HermeticTestCase):
    def test_a_shard_is_one_of_so_many(self):
        self.assertEqual(
            [str(order.parse_shard(text, "--shard")) for text in ("1/1", "4/4", "2/10")], ["1/1", "4/4", "2/10"]
        )

    def test_everything_else_is_an_error_that_says_what_to_write(self):
        for text in ("0/4", "5/4", "x", "", "1", "/", "1/", "/2", "-1/2", "1/0", "0/0", "1.0/2", "1/2/3", "\u0661/2"):
            with self.subTest(text=text), self.assertRaisesRegex(ConfigurationError, "write K/N, such as 1/4"):
                order.parse_shard(text, "--shard")


@medium
class RunTest(OrderCase):
    FILES: ClassVar = {
        **FILES,
        "test_z.py": MODULE.format("Fifth", "Sixth").replace("def setUpModule", "def no_fixture"),
    }

    def run_shards(self, count, *arguments):
        """What each shard has run, and the plans that it was made by."""
        runs = [self.run_here("--shard", f"{index}/{count}", *arguments) for index in range(1, count + 1)]
        self.assertEqual({done.returncode for _, done in runs}, {0})
        plans = {re.search(r"(?m)^Shard \d/\d: \d+ of 18 tests, plan (\w{8})$", done.stderr)[1] for _, done in runs}
        return [lines for lines, _ in runs], plans

    def test_shards_have_each_test_and_each_fixture_once(self):
        whole, _ = self.run_here()
        for count in (2, 5):
            found, plans = self.run_shards(count)
            self.assertEqual(sorted(line for lines in found for line in lines), sorted(whole))
            self.assertEqual(len(plans), 1)
        self.assertEqual(sum(not lines for lines in found), 1)  # there are four units

    def test_they_are_balanced_by_what_is_known_and_change_nothing_about_it(self):
        path = os.path.join(self.folder, ".hermetic_cache", "history.json")
        os.mkdir(os.path.dirname(path))
        slow = ", ".join(f'"{name}": {100.0 if name == TESTS[0] else 0.1}' for name in TESTS)
        text = f'{{"version": 1, "failed": [], "durations": {{{slow}}}}}'
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        (first, second), _ = self.run_shards(2)
        self.assertEqual({line.partition(".")[0].removeprefix("up ") for line in first}, {"test_x"})
        self.assertEqual({line.partition(".")[0].removeprefix("up ") for line in second}, {"test_y", "test_z"})
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), text)

    def test_it_can_be_shuffled(self):
        found, _ = self.run_shards(2, "--shuffle", "7")
        whole = self.what_ran("--shuffle", "7")
        for lines in found:
            tests = [line for line in lines if not line.startswith("up ")]
            self.assertEqual(tests, [line for line in whole if line in tests])

    def test_no_test_at_all_is_not_the_fault_of_the_shard(self):
        done = run_hermetic("discover", "--shard", "1/2", "-k", "missing", cwd=self.folder)
        self.assertEqual(done.returncode, hermetic._base.features.NO_TESTS_EXIT_STATUS)

    def test_a_wrong_shard_is_one_line_and_status_2(self):
        _, done = self.run_here("--shard", "5/4")
        self.assertEqual((done.returncode, done.stdout, len(done.stderr.splitlines())), (2, "", 1))
        self.assertIn("--shard '5/4' is not a shard", done.stderr)

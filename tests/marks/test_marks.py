"""Size marks on functions, classes, and modules."""

from __future__ import annotations

import re
import unittest

import hermetic
from hermetic import HermeticTestCase, large, medium, small, xlarge
from support import run_tests, unmeasured_processes
from support.marked_tests import UNMARKED, reach, reach_loopback, run_suite, sizes

setUpModule = unmeasured_processes


@small
class EachSizeOnAFunction(unittest.TestCase):
    def test_marks_on_methods_hold_for_those_methods(self) -> None:
        class Case(unittest.TestCase):
            @small
            def test_a(self):
                reach()

            @medium
            def test_b(self):
                reach()

            @large
            def test_c(self):
                reach()

            @xlarge
            def test_d(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "small", "test_b": "medium", "test_c": "free", "test_d": "free"})

    @medium
    def test_methods_of_all_sizes_in_turn_are_held_to_their_own_by_every_runner(self) -> None:
        methods = "".join(
            f"    @hermetic.{size}\n    def test_{number}(self): reach()\n"
            for number, size in enumerate(("small", "small", "medium", "large", "large", "small", "medium", "medium"))
        )
        expected = [(0, "small"), (1, "small"), (2, "medium"), (5, "small"), (6, "medium"), (7, "medium")]
        for runner in ("hermetic", "unittest"):
            with self.subTest(runner=runner):
                text = run_suite(f"class Case(unittest.TestCase):\n{methods}", runner=runner).stderr
                found = re.findall(r"violation: (\w+) test \S*\.test_(\d)", text)
                self.assertEqual(sorted({(int(number), size) for size, number in found}), expected)

    def test_a_medium_test_reaches_loopback(self) -> None:
        class Case(unittest.TestCase):
            @medium
            def test_it(self):
                reach_loopback()

        self.assertEqual(run_tests(Case).errors, [])

    def test_a_marked_function_is_held_to_its_size_whoever_calls_it(self) -> None:
        @small
        def function() -> None:
            reach_loopback()

        with self.assertRaises(hermetic.NetworkViolationError) as caught:
            function()
        self.assertTrue(caught.exception.violation.test.endswith("<locals>.function"))

    def test_parentheses_change_nothing(self) -> None:
        for mark in (small, medium, large, xlarge):
            self.assertIs(mark(), mark)

    def test_a_marked_function_returns_what_it_returns(self) -> None:
        @small
        def add(a: int, *, b: int = 2) -> int:
            return a + b

        self.assertEqual(add(1, b=3), 4)

    def test_async_methods_are_held_to_their_size(self) -> None:
        class Case(unittest.IsolatedAsyncioTestCase):
            @small
            async def test_a(self):
                reach()

            @medium
            async def test_b(self):
                reach()

            @large
            async def test_c(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "small", "test_b": "medium", "test_c": "free"})

    def test_a_static_test_method_is_held_to_its_size(self) -> None:
        class Case(unittest.TestCase):
            @small
            @staticmethod
            def test_a():
                reach()

            @staticmethod
            @medium
            def test_b():
                reach()

        self.assertEqual(sizes(Case), {"test_a": "small", "test_b": "medium"})

    def test_a_class_test_method_is_held_to_its_size(self) -> None:
        class Case(unittest.TestCase):
            @small
            @classmethod
            def test_a(cls):
                reach()

            @classmethod
            @medium
            def test_b(cls):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "small", "test_b": "medium"})

    def test_a_marked_static_method_stays_static(self) -> None:
        class Case(unittest.TestCase):
            @small
            @staticmethod
            def helper(value: int) -> int:
                return value

        self.assertIsInstance(vars(Case)["helper"], staticmethod)
        self.assertEqual((Case.helper(1), Case().helper(2)), (1, 2))

    def test_a_marked_class_method_stays_a_class_method(self) -> None:
        class Case(unittest.TestCase):
            @small
            @classmethod
            def helper(cls) -> type:
                return cls

        self.assertIs(Case.helper(), Case)

    def test_setUp_of_a_marked_method_is_held_to_its_size(self) -> None:
        class Case(unittest.TestCase):
            def setUp(self):
                reach()

            @small
            def test_a(self):
                pass

            @large
            def test_b(self):
                pass

        self.assertEqual(sizes(Case), {"test_a": "small", "test_b": "free"})


@small
class ASizeOnAClass(unittest.TestCase):
    def test_holds_for_its_methods(self) -> None:
        @medium
        class Case(unittest.TestCase):
            def test_a(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "medium"})

    def test_is_inherited(self) -> None:
        @medium
        class Base(unittest.TestCase):
            def test_a(self):
                reach()

        class Case(Base):
            def test_b(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "medium", "test_b": "medium"})

    def test_is_overridden_by_a_subclass_without_complaint(self) -> None:
        @small
        class Base(unittest.TestCase):
            def test_a(self):
                reach()

        @large
        class Case(Base):
            def test_b(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "free", "test_b": "free"})
        self.assertEqual(sizes(Base), {"test_a": "small"})

    def test_loses_against_a_method(self) -> None:
        @small
        class Case(unittest.TestCase):
            def test_a(self):
                reach()

            @medium
            def test_b(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "small", "test_b": "medium"})

    def test_loses_against_an_inherited_method(self) -> None:
        class Base(unittest.TestCase):
            @medium
            def test_a(self):
                reach()

        @small
        class Case(Base):
            def test_b(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "medium", "test_b": "small"})

    def test_is_taken_from_a_mixin(self) -> None:
        @small
        class Mixin:
            def test_a(self):
                reach()

        class Case(Mixin, unittest.TestCase):
            def test_b(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "small", "test_b": "small"})

    def test_a_marked_method_of_a_mixin_is_held_to_its_size(self) -> None:
        class Mixin:
            @medium
            def test_a(self):
                reach()

        class Case(Mixin, unittest.TestCase):
            @small
            def test_b(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "medium", "test_b": "small"})

    def test_the_class_stays_the_same_object(self) -> None:
        class Case(unittest.TestCase):
            def test_a(self):
                pass

        self.assertIs(small(Case), Case)

    def test_a_class_with_a_run_method_of_its_own_keeps_it(self) -> None:
        calls = []

        @small
        class Case(unittest.TestCase):
            def run(self, result=None):
                calls.append(self.id())
                return super().run(result)

            def test_a(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "small"})
        self.assertEqual(len(calls), 1)

    def test_a_size_of_a_second_inherited_class_comes_after_the_first(self) -> None:
        @medium
        class First(unittest.TestCase):
            pass

        @small
        class Second(unittest.TestCase):
            pass

        class Case(First, Second):
            def test_a(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "medium"})


@small
class HermeticTestCaseSizes(unittest.TestCase):
    def test_it_is_small_by_default(self) -> None:
        class Case(HermeticTestCase):
            def test_a(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "small"})

    def test_its_methods_may_say_otherwise(self) -> None:
        class Case(HermeticTestCase):
            @medium
            def test_a(self):
                reach()

            @large
            def test_b(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "medium", "test_b": "free"})

    def test_a_subclass_may_say_otherwise(self) -> None:
        @medium
        class Case(HermeticTestCase):
            def test_a(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "medium"})

    def test_async_tests_are_small_too(self) -> None:
        class Case(HermeticTestCase, unittest.IsolatedAsyncioTestCase):
            async def test_a(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "small"})

    def test_async_tests_are_small_too_with_the_bases_the_other_way_round(self) -> None:
        class Case(unittest.IsolatedAsyncioTestCase, HermeticTestCase):
            async def test_a(self):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "small"})

    def test_one_behind_a_legacy_base_protects_the_tests_of_that_base(self) -> None:
        class Legacy(unittest.TestCase):
            def test_a(self):
                reach()

        class Case(HermeticTestCase, Legacy):
            pass

        self.assertEqual(sizes(Case), {"test_a": "small"})


@medium
class ASizeOnAModule(unittest.TestCase):
    def assert_size(self, size: str, source: str, *arguments: str, **env: str) -> None:
        for runner in ("hermetic", "unittest") if not arguments and not env else ("hermetic",):
            with self.subTest(runner=runner):
                ran = run_suite(source, *arguments, runner=runner, **env)
                said = re.findall(r"Error: \[H001\] network violation: (\w+) test", ran.stderr) or ["free"]
                self.assertEqual(said, [size], ran.stderr)

    def test_holds_for_its_tests(self) -> None:
        self.assert_size("medium", "__hermetic__ = hermetic.medium" + UNMARKED)

    def test_may_be_a_list_of_marks(self) -> None:
        marks = "__hermetic__ = [hermetic.medium, hermetic.allow(hosts=['203.0.113.7'])]"
        self.assert_size("free", marks + UNMARKED)

    def test_may_be_a_tuple_with_a_size_alone(self) -> None:
        self.assert_size("medium", "__hermetic__ = (hermetic.medium,)" + UNMARKED)

    def test_loses_against_a_class(self) -> None:
        self.assert_size("small", "__hermetic__ = hermetic.large\n@hermetic.small" + UNMARKED)

    def test_loses_against_a_base_class(self) -> None:
        base = "@hermetic.small\nclass Base(unittest.TestCase): pass\n"
        source = base + "__hermetic__ = hermetic.large" + UNMARKED.replace("unittest.TestCase", "Base")
        self.assert_size("small", source)

    def test_wins_over_the_default_of_HermeticTestCase(self) -> None:
        source = "__hermetic__ = hermetic.medium" + UNMARKED.replace("unittest", "hermetic.Hermetic", 1)
        self.assert_size("medium", source.replace("hermetic.Hermetic.TestCase", "hermetic.HermeticTestCase"))

    def test_wins_over_the_default_size(self) -> None:
        self.assert_size("medium", "__hermetic__ = hermetic.medium" + UNMARKED, "--default-size", "small")

    def test_the_default_of_HermeticTestCase_wins_over_the_default_size(self) -> None:
        source = UNMARKED.replace("unittest.TestCase", "hermetic.HermeticTestCase")
        self.assert_size("small", source, "--default-size", "large")

    def test_the_default_size_holds_for_what_says_nothing(self) -> None:
        self.assert_size("medium", UNMARKED, "--default-size", "medium")

    def test_the_default_size_wins_over_that_of_bazel(self) -> None:
        self.assert_size("medium", UNMARKED, HERMETIC_DEFAULT_SIZE="medium", TEST_SIZE="small")

    def test_the_size_of_bazel_holds_for_what_says_nothing(self) -> None:
        self.assert_size("medium", UNMARKED, TEST_SIZE="medium")

    def test_bazels_enormous_is_xlarge(self) -> None:
        self.assert_size("free", UNMARKED, TEST_SIZE="enormous")

    def test_a_suite_that_says_nothing_is_left_alone(self) -> None:
        self.assert_size("free", UNMARKED)

    def test_assigned_below_its_classes_it_still_holds_for_them(self) -> None:
        self.assert_size("small", UNMARKED + "__hermetic__ = hermetic.small\n")

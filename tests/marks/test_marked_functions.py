"""A mark keeps the name, the signature, and the kind of a function, and works together with mocks."""

from __future__ import annotations

import inspect
import os
import pickle
import types
import unittest
from unittest import mock

from hermetic import allow, medium, small
from support import run_tests
from support.marked_tests import reach, sizes


@small
class MarkedClass(unittest.TestCase):
    def check(self) -> None:
        """Is no test by its name."""


@small
class WhatAMarkLeavesAlone(unittest.TestCase):
    def test_the_signature(self) -> None:
        def function(a: int, /, b: str = "x", *, c: bytes) -> float:
            return 0.0

        self.assertEqual(inspect.signature(small(function)), inspect.signature(function))

    def test_the_names_and_the_docstring(self) -> None:
        def function() -> None:
            """What it is for."""

        marked = small(function)
        kept = ("__name__", "__qualname__", "__module__", "__doc__")
        self.assertEqual([getattr(marked, name) for name in kept], [getattr(function, name) for name in kept])

    def test_wrapped_is_the_original(self) -> None:
        def function() -> None:
            pass

        self.assertIs(small(function).__wrapped__, function)

    def test_iscoroutinefunction(self) -> None:
        async def function() -> None:
            pass

        self.assertTrue(inspect.iscoroutinefunction(small(function)))

    def test_isgeneratorfunction(self) -> None:
        def function():
            yield

        self.assertTrue(inspect.isgeneratorfunction(small(function)))

    def test_isasyncgenfunction(self) -> None:
        async def function():
            yield

        self.assertTrue(inspect.isasyncgenfunction(small(function)))

    def test_a_plain_function_stays_plain(self) -> None:
        def function() -> None:
            pass

        marked = small(function)
        self.assertIsInstance(marked, types.FunctionType)
        self.assertFalse(inspect.iscoroutinefunction(marked) or inspect.isgeneratorfunction(marked))

    def test_a_marked_function_pickles(self) -> None:
        self.assertIs(pickle.loads(pickle.dumps(marked_at_module_level)), marked_at_module_level)

    def test_an_instance_of_a_marked_class_pickles(self) -> None:
        copy = pickle.loads(pickle.dumps(MarkedClass("check")))
        self.assertEqual((type(copy), copy.id().rpartition(".")[2]), (MarkedClass, "check"))

    def test_a_size_pickles_as_itself(self) -> None:
        self.assertIs(pickle.loads(pickle.dumps(small)), small)

    def test_an_allowance_pickles(self) -> None:
        copy = pickle.loads(pickle.dumps(allow(hosts=["db.test"])))
        self.assertEqual(repr(copy), "@allow(hosts=['db.test'])")

    def test_expectedFailure_and_skip_in_both_orders(self) -> None:
        class Case(unittest.TestCase):
            @small
            @unittest.skip("not now")
            def test_a(self):
                reach()

            @unittest.skip("not now")
            @small
            def test_b(self):
                reach()

            @small
            @unittest.expectedFailure
            def test_c(self):
                self.fail()

            @unittest.expectedFailure
            @small
            def test_d(self):
                self.fail()

        result = run_tests(Case)
        self.assertEqual((len(result.skipped), len(result.expectedFailures), result.errors), (2, 2, []))


@small
def marked_at_module_level() -> None:
    """Pickles by its name."""


@small
class MarksAndMocks(unittest.TestCase):
    def test_a_patch_below_the_mark_hands_the_mock_over(self) -> None:
        class Case(unittest.TestCase):
            @small
            @mock.patch("os.getcwd", return_value="mocked")
            def test_a(self, getcwd):
                self.assertEqual((os.getcwd(), getcwd.call_count), ("mocked", 1))

        self.assertIn("addSuccess", run_tests(Case).events)

    def test_a_patch_above_the_mark_hands_the_mock_over(self) -> None:
        class Case(unittest.TestCase):
            @mock.patch("os.getcwd", return_value="mocked")
            @small
            def test_a(self, getcwd):
                self.assertEqual((os.getcwd(), getcwd.call_count), ("mocked", 1))

        self.assertIn("addSuccess", run_tests(Case).events)

    def test_marks_between_patches_keep_the_order_of_the_mocks(self) -> None:
        class Case(unittest.TestCase):
            @mock.patch("os.getpid", return_value=2)
            @small
            @mock.patch("os.getcwd", return_value="one")
            def test_a(self, one, two):
                self.assertEqual((one(), two()), ("one", 2))

        self.assertIn("addSuccess", run_tests(Case).events)

    def test_the_size_holds_in_both_orders(self) -> None:
        class Case(unittest.TestCase):
            @small
            @mock.patch("os.getcwd")
            def test_a(self, _):
                reach()

            @mock.patch("os.getcwd")
            @medium
            def test_b(self, _):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "small", "test_b": "medium"})

    def test_a_patch_of_the_whole_class_goes_with_a_mark(self) -> None:
        @small
        @mock.patch("os.getcwd", return_value="mocked")
        class Case(unittest.TestCase):
            def test_a(self, _):
                self.assertEqual(os.getcwd(), "mocked")

            @medium
            def test_b(self, _):
                reach()

        self.assertEqual(sizes(Case), {"test_a": "free", "test_b": "medium"})

    def test_a_patch_with_a_new_object_hands_nothing_over(self) -> None:
        class Case(unittest.TestCase):
            @small
            @mock.patch("os.getcwd", new=lambda: "mocked")
            def test_a(self):
                self.assertEqual(os.getcwd(), "mocked")

        self.assertIn("addSuccess", run_tests(Case).events)

    def test_an_async_test_with_a_patch_in_both_orders(self) -> None:
        class Case(unittest.IsolatedAsyncioTestCase):
            @small
            @mock.patch("os.getcwd", return_value="mocked")
            async def test_a(self, _):
                self.assertEqual(os.getcwd(), "mocked")

            @mock.patch("os.getcwd", return_value="mocked")
            @small
            async def test_b(self, _):
                self.assertEqual(os.getcwd(), "mocked")

        self.assertEqual(run_tests(Case).events.count("addSuccess"), 2)

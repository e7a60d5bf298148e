"""Marks: where a size comes from, what can be marked, and what a mark leaves as it was."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import pickle
import re
import shutil
import socket
import subprocess
import sys
import types
import unittest
from unittest import mock

import hermetic
import support
from hermetic import DecorationError, HermeticTestCase, allow, large, medium, small, xlarge
from support import run_tests


def reach() -> None:
    """What small and medium refuse, and what sends nothing where it is let happen: no interface has the address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
        sock.bind(("203.0.113.7", 0))


def reach_loopback() -> None:
    """What small refuses alone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))


def connect(host: str, port: int) -> None:
    with socket.socket() as sock:
        sock.settimeout(5)
        sock.connect((host, port))


def sizes(cls: type[unittest.TestCase]) -> dict[str, str]:
    """Test method to the size that its call of ``reach`` was refused in; ``free`` for one that was let happen."""
    found = dict.fromkeys(unittest.defaultTestLoader.getTestCaseNames(cls), "free")
    for test, text in run_tests(cls).errors:
        found[test.id().rpartition(".")[2]] = re.search(r"network violation: (\w+) test", text)[1]
    return found


def run_suite(source: str, *arguments: str, runner: str = "hermetic", **env: str) -> subprocess.CompletedProcess[str]:
    """Run a module of tests in a process of its own."""
    with support.Folder(**{"test_it.py": REACH + source}) as folder:
        return support.run_python("-m", runner, *arguments, "test_it", cwd=folder, env=env)


REACH = """
import contextlib, socket, unittest
import hermetic
def reach():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
        sock.bind(("203.0.113.7", 0))
"""
UNMARKED = """
class Case(unittest.TestCase):
    def test_it(self): reach()
"""


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


@small
class ErrorsAtImport(unittest.TestCase):
    def assert_refused(self, pattern: str, decorate: object, *args: object) -> None:
        with self.assertRaisesRegex(DecorationError, pattern):
            decorate(*args)  # type: ignore[operator]

    def test_a_number_is_named(self) -> None:
        self.assert_refused("@small .*int 42", small, 42)

    def test_a_property_is_named(self) -> None:
        self.assert_refused("@medium .*property", medium, property(lambda self: 1))

    def test_a_builtin_is_named(self) -> None:
        self.assert_refused("@small .*len", small, len)

    def test_a_partial_is_named(self) -> None:
        self.assert_refused("@small .*partial", small, functools.partial(reach))

    def test_none_is_named(self) -> None:
        self.assert_refused("@small .*None", small, None)

    def test_a_module_is_named(self) -> None:
        self.assert_refused("@small .*re", small, re)

    def test_an_instance_with_call_is_named(self) -> None:
        self.assert_refused("@small .*Mock", small, mock.Mock(name="thing"))

    def test_a_lambda_can_be_marked(self) -> None:
        self.assertEqual(small(lambda: 1)(), 1)

    def test_two_sizes_on_one_function_name_it_and_both(self) -> None:
        def test_thing() -> None:
            pass

        self.assert_refused("test_thing.*@small.*@medium", medium, small(test_thing))

    def test_the_same_size_twice_is_refused_too(self) -> None:
        def test_thing() -> None:
            pass

        self.assert_refused("test_thing", small, small(test_thing))

    def test_two_sizes_on_one_class_name_it_and_both(self) -> None:
        @small
        class Thing(unittest.TestCase):
            pass

        self.assert_refused("Thing.*@small.*@large", large, Thing)

    def test_two_sizes_with_a_mock_between_them_are_refused(self) -> None:
        def test_thing() -> None:
            pass

        self.assert_refused("test_thing", medium, mock.patch("os.getcwd")(small(test_thing)))

    def test_a_wrong_value_of_a_class_names_class_and_value(self) -> None:
        class Case(HermeticTestCase):
            __hermetic__ = "small"

            def test_a(self):
                pass

        self.assert_refused("Case.*'small'", Case("test_a").run, support.EventResult())

    def test_a_guard_takes_no_class(self) -> None:
        self.assert_refused("guard.*Thing", hermetic.guard("small"), type("Thing", (), {}))


@medium
class ErrorsOfAModule(unittest.TestCase):
    def assert_said(self, pattern: str, source: str) -> None:
        for runner in ("hermetic", "unittest"):
            with self.subTest(runner=runner):
                ran = run_suite(source, runner=runner)
                self.assertRegex(ran.stderr, pattern)
                self.assertNotEqual(ran.returncode, 0)
                self.assertNotIn("\nOK", ran.stderr)

    def test_a_wrong_value_names_module_and_value(self) -> None:
        self.assert_said(r"module test_it: __hermetic__ = 'small'", "__hermetic__ = 'small'" + UNMARKED)

    def test_a_list_with_a_wrong_value_names_module_and_value(self) -> None:
        self.assert_said(r"module test_it: .*42", "__hermetic__ = [hermetic.small, 42]" + UNMARKED)

    def test_two_sizes_name_the_module(self) -> None:
        source = "__hermetic__ = [hermetic.small, hermetic.large]" + UNMARKED
        self.assert_said(r"module test_it: .*more than one size", source)

    def test_a_size_given_as_the_enumeration_names_the_module(self) -> None:
        self.assert_said(r"module test_it: .*Size.SMALL", "__hermetic__ = hermetic.Size.SMALL" + UNMARKED)

    def test_a_wrong_mark_is_an_error_of_the_import(self) -> None:
        self.assert_said(r"DecorationError: @small takes .*42", "hermetic.small(42)\n" + UNMARKED)


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
        copy = pickle.loads(pickle.dumps(EachSizeOnAFunction("test_async_methods_are_held_to_their_size")))
        self.assertEqual(copy.id().rpartition(".")[2], "test_async_methods_are_held_to_their_size")

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


@medium
class Allowances(unittest.TestCase):
    def setUp(self) -> None:
        self.server = self._listen()
        self.port = self.server.getsockname()[1]

    def _listen(self) -> socket.socket:
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        return server

    def verdict(self, mark: object, host: str = "127.0.0.1") -> str:
        """What becomes of a small test that connects to our server, with another mark on it."""
        port = self.port

        class Case(unittest.TestCase):
            @small
            @mark
            def test_a(self):
                connect(host, port)

        result = run_tests(Case)
        return result.errors[0][1] if result.errors else "allowed"

    def test_an_address_with_its_port_is_let_through(self) -> None:
        self.assertEqual(self.verdict(allow(hosts=[f"127.0.0.1:{self.port}"])), "allowed")

    def test_an_address_without_a_port_is_let_through(self) -> None:
        self.assertEqual(self.verdict(allow(hosts=["127.0.0.1"])), "allowed")

    def test_an_address_in_another_spelling_is_the_same(self) -> None:
        self.assertEqual(self.verdict(allow(hosts=["127.1"])), "allowed")

    def test_another_port_is_refused(self) -> None:
        self.assertIn("H001", self.verdict(allow(hosts=[f"127.0.0.1:{self.port % 60000 + 1}"])))

    def test_another_address_is_refused(self) -> None:
        self.assertIn("H001", self.verdict(allow(hosts=["127.0.0.2"])))

    def test_a_name_lets_the_addresses_through_that_it_has(self) -> None:
        self.assertEqual(self.verdict(allow(hosts=[f"localhost:{self.port}"]), "localhost"), "allowed")

    def test_a_name_lets_its_addresses_through_on_its_port_alone(self) -> None:
        verdict = self.verdict(allow(hosts=[f"localhost:{self.port % 60000 + 1}"]), "localhost")
        self.assertIn("H001", verdict)

    def test_a_pattern_lets_names_through(self) -> None:
        self.assertEqual(self.verdict(allow(hosts=["local*"]), "localhost"), "allowed")

    def test_on_a_class_it_holds_for_its_methods(self) -> None:
        port = self.port

        @small
        @allow(hosts=["127.0.0.1"])
        class Case(unittest.TestCase):
            def test_a(self):
                connect("127.0.0.1", port)

        self.assertEqual(run_tests(Case).errors, [])

    def test_those_of_method_and_class_add_up(self) -> None:
        port = self.port

        @small
        @allow(processes=["true"])
        class Case(unittest.TestCase):
            @allow(hosts=["127.0.0.1"])
            def test_a(self):
                connect("127.0.0.1", port)
                subprocess.run(["true"], check=True)

        self.assertEqual(run_tests(Case).errors, [])

    def test_as_a_block_it_holds_inside_the_block(self) -> None:
        port = self.port

        class Case(unittest.TestCase):
            @small
            def test_a(self):
                with allow(hosts=["127.0.0.1"]):
                    connect("127.0.0.1", port)

        self.assertEqual(run_tests(Case).errors, [])

    def test_as_a_block_it_ends_with_the_block(self) -> None:
        port = self.port

        class Case(unittest.TestCase):
            @small
            def test_a(self):
                with allow(hosts=["127.0.0.1"]):
                    pass
                connect("127.0.0.1", port)

        self.assertIn("H001", run_tests(Case).errors[0][1])

    def test_what_is_swallowed_in_a_block_is_still_the_tests(self) -> None:
        class Case(unittest.TestCase):
            @small
            def test_a(self):
                with allow(hosts=["127.0.0.2"]), contextlib.suppress(Exception):
                    reach_loopback()

        result = run_tests(Case)
        self.assertEqual(len(result.errors), 1)
        self.assertIn("Case.test_a", result.errors[0][1].partition("[H001]")[2].partition("\n")[0])

    def test_a_program_is_let_through_by_its_name(self) -> None:
        class Case(unittest.TestCase):
            @small
            @allow(processes=["true"])
            def test_a(self):
                subprocess.run([shutil.which("true")], check=True)

        self.assertEqual(run_tests(Case).errors, [])

    def test_another_program_is_refused(self) -> None:
        class Case(unittest.TestCase):
            @small
            @allow(processes=["true"])
            def test_a(self):
                subprocess.run(["false"], check=False)

        self.assertIn("H003", run_tests(Case).errors[0][1])

    def test_without_a_size_it_changes_nothing(self) -> None:
        class Case(unittest.TestCase):
            @allow(hosts=["127.0.0.1"])
            def test_a(self):
                pass

        self.assertIn("addSuccess", run_tests(Case).events)

    def test_a_text_in_place_of_a_list_is_an_error(self) -> None:
        with self.assertRaisesRegex(hermetic.ConfigurationError, "hosts='db.test'"):
            allow(hosts="db.test")

    def test_a_port_that_is_no_number_is_an_error(self) -> None:
        with self.assertRaisesRegex(hermetic.ConfigurationError, "db.test:http"):
            allow(hosts=["db.test:http"])


NAMED = """
import contextlib, socket, unittest
from hermetic import allow, small
class Case(unittest.TestCase):
    @small
    @allow(hosts=["db.test:5432"])
    def test_its_port(self):
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("db.test", 5432), 5)
    @small
    @allow(hosts=["db.test:5432"])
    def test_other_port(self):
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("db.test", 5433), 5)
    @small
    @allow(hosts=["other.test"])
    def test_other_name(self):
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("db.test", 5432), 5)
"""


@medium
class NamesThatAreNotLoopback(unittest.TestCase):
    def test_lead_to_their_addresses_on_the_allowed_port_alone(self) -> None:
        command = support.in_network_namespace(sys.executable, "-m", "hermetic", "test_named")
        hosts = "127.0.0.1 localhost\n203.0.113.7 db.test\n"
        with support.Folder(**{"test_named.py": NAMED, "hosts": hosts}) as folder:
            script = 'mount --bind "$0/hosts" /etc/hosts && exec "$@"'
            mounted = ["unshare", "-rm", "sh", "-c", script, folder, *command]
            probe = subprocess.run([*mounted[:-4], "true"], capture_output=True, text=True)
            if probe.returncode:
                self.skipTest(f"no network namespace with a hosts file of its own: {probe.stderr.strip()}")
            env = {**os.environ, "PYTHONPATH": support.package_folder()}
            ran = subprocess.run(mounted, cwd=folder, env=env, capture_output=True, text=True, timeout=support.TIMEOUT)
        refused = re.findall(r"^ERROR: (\w+)", ran.stderr, re.MULTILINE)
        self.assertEqual(refused, ["test_other_name", "test_other_port"], ran.stderr)


if __name__ == "__main__":
    unittest.main()

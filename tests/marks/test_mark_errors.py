"""Wrong marks are errors that point at the line of the mark or of the test."""

from __future__ import annotations

import functools
import re
import unittest
from unittest import mock

import hermetic
import support
from hermetic import DecorationError, HermeticTestCase, large, medium, small
from support.marked_tests import UNMARKED, reach, run_suite

setUpModule = support.unmeasured_processes


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

    def test_two_things_are_no_mark(self) -> None:
        with self.assertRaises(TypeError):
            small(reach, reach)

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
        self.assert_said(r"module test_it has more than one size: @small, @large", source)

    def test_a_size_given_as_the_enumeration_names_the_module(self) -> None:
        self.assert_said(r"module test_it: .*Size.SMALL", "__hermetic__ = hermetic.Size.SMALL" + UNMARKED)

    def test_a_wrong_mark_is_an_error_of_the_import(self) -> None:
        self.assert_said(r"DecorationError: @small takes .*42", "hermetic.small(42)\n" + UNMARKED)

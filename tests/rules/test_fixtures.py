"""Whether classes and modules have fixtures of their own."""

from __future__ import annotations

import sys
import types
import unittest
from unittest import mock

import hermetic
from hermetic._rules import fixtures


def nothing(*_: object) -> None:
    """A fixture."""


class FixturesTest(hermetic.HermeticTestCase):
    def test_a_plain_class_has_none_and_neither_has_one_of_ours(self):
        for base in (unittest.TestCase, hermetic.HermeticTestCase, unittest.IsolatedAsyncioTestCase):
            with self.subTest(base=base):
                self.assertFalse(fixtures.has_class_fixtures(type("Plain", (base,), {})))

    def test_a_fixture_counts_in_the_class_and_in_those_that_inherit_it(self):
        for name in ("setUpClass", "tearDownClass"):
            base = type("Base", (unittest.TestCase,), {name: classmethod(nothing)})
            with self.subTest(name=name):
                self.assertTrue(fixtures.has_class_fixtures(base))
                self.assertTrue(fixtures.has_class_fixtures(type("Derived", (base,), {})))

    def test_fixtures_of_tests_do_not_count(self):
        self.assertFalse(fixtures.has_class_fixtures(type("Case", (unittest.TestCase,), {"setUp": nothing})))

    def test_a_module_has_those_that_it_defines(self):
        for name, answer in (("setUpModule", True), ("tearDownModule", True), ("setUpClass", False)):
            module = types.ModuleType("shop_tests")
            setattr(module, name, nothing)
            with self.subTest(name=name), mock.patch.dict(sys.modules, shop_tests=module):
                self.assertEqual(fixtures.has_module_fixtures("shop_tests"), answer)

    def test_a_module_that_is_not_loaded_has_none(self):
        self.assertFalse(fixtures.has_module_fixtures("nothing.of_this_name"))

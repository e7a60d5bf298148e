"""Exception classes made from names represent a worker's classes without running their code."""

from __future__ import annotations

import pickle
import sys
import types
import unittest
from unittest import mock

from hermetic import HermeticTestCase
from hermetic._protocol import stand_in_classes


class StandInTest(HermeticTestCase):
    def test_it_is_shown_under_the_name_of_the_class(self):
        cls = stand_in_classes.new_class("shop.errors", "Shop.SoldOut", LookupError)
        self.assertEqual((cls.__module__, cls.__qualname__, cls.__name__), ("shop.errors", "Shop.SoldOut", "SoldOut"))
        self.assertTrue(issubclass(cls, LookupError))
        self.assertEqual(str(cls("text", 5)), "text")

    def test_a_skip_is_the_skip_of_unittest(self):
        self.assertIs(stand_in_classes.new_class("unittest.case", "SkipTest", Exception), unittest.SkipTest)

    def test_a_class_that_is_there_is_a_base_so_that_reporters_find_it(self):
        module = types.ModuleType("shop_errors")
        module.SoldOut = type("SoldOut", (LookupError,), {})
        with mock.patch.dict(sys.modules, shop_errors=module):
            self.assertTrue(
                issubclass(stand_in_classes.new_class("shop_errors", "SoldOut", LookupError), module.SoldOut)
            )
            self.assertIsNone(stand_in_classes.known_class("shop_errors", "SoldOut", KeyError))
            self.assertIsNone(stand_in_classes.known_class("shop_errors", "Missing", LookupError))

    def test_a_class_that_wants_to_know_of_its_subclasses_is_none(self):
        told = []
        base = type("Base", (ValueError,), {"__init_subclass__": classmethod(told.append)})
        module = types.ModuleType("shop_errors")
        module.Base = base
        with mock.patch.dict(sys.modules, shop_errors=module):
            self.assertFalse(issubclass(stand_in_classes.new_class("shop_errors", "Base", ValueError), base))
        self.assertEqual(told, [])

    def test_no_attribute_of_a_module_is_computed(self):
        module = types.ModuleType("shop_errors")
        module.__getattr__ = mock.Mock(side_effect=AssertionError)
        with mock.patch.dict(sys.modules, shop_errors=module):
            self.assertIsNone(stand_in_classes.known_class("shop_errors", "SoldOut", Exception))

    def test_a_class_can_be_pickled(self):
        cls = stand_in_classes.new_class("shop.errors", "SoldOut", LookupError)
        again = pickle.loads(pickle.dumps(cls))
        self.assertEqual((again.__module__, again.__qualname__), ("shop.errors", "SoldOut"))

    def test_names_that_c_does_not_take_are_escaped(self):
        self.assertEqual(stand_in_classes.plain_name("Shop.S\u00f6ld\0Out"), "S\\xf6ld\\0Out")

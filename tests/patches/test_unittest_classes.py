"""Patches of unittest are taken out again, and leave to unittest what they do not replace."""

from __future__ import annotations

import unittest

import hermetic
from hermetic._base import features, real
from hermetic._patches import module_attributes, unittest_classes


class UnittestTest(hermetic.HermeticTestCase):
    def test_unittest_times_a_run_and_its_tests_by_the_clocks_of_two_modules(self):
        before = unittest.runner.time
        self.assertEqual(hasattr(unittest.case, "time"), features.UNITTEST_HAS_DURATIONS)
        with unittest_classes.clock_kept():
            self.assertIsNot(unittest.runner.time, before)
            self.assertIs(unittest.runner.time.perf_counter, real.perf_counter)
        self.assertIs(unittest.runner.time, before)

    def test_a_replaced_run_is_put_back(self):
        before = unittest.TextTestRunner.run
        with self.assertRaises(KeyError), unittest_classes.runs_replaced(lambda run: (run, "replacement")):
            self.assertEqual(unittest.TextTestRunner.run, (before, "replacement"))
            raise KeyError
        self.assertIs(unittest.TextTestRunner.run, before)


class ModuleAttributesTest(hermetic.HermeticTestCase):
    def test_an_attribute_is_computed_from_that_of_the_module(self):
        cls = module_attributes.module_class(setUpModule=lambda module, own: own and (module.__name__, own))
        module = cls("sample")
        self.assertFalse(hasattr(module, "setUpModule"))
        module.setUpModule = "own"
        self.assertEqual((module.setUpModule, vars(module)["setUpModule"]), (("sample", "own"), "own"))
        del module.setUpModule
        with self.assertRaises(AttributeError):
            del module.setUpModule

    def test_modules_of_the_standard_library_keep_their_class(self):
        module_attributes.change_class("unittest", module_attributes.module_class())
        self.assertIs(type(unittest), type(hermetic))

"""Modules with computed attributes."""

from __future__ import annotations

import json
import sys
import types
from unittest import mock

import hermetic
from hermetic._patches import module_attributes


class ModuleAttributesTest(hermetic.HermeticTestCase):
    def setUp(self):
        self.module = types.ModuleType("shop_tests")
        patch = mock.patch.dict(sys.modules, shop_tests=self.module)
        patch.start()
        self.addCleanup(patch.stop)
        self.cls = module_attributes.module_class(setUpModule=lambda module, own: own and ("computed", own))

    def test_what_is_read_from_outside_is_computed_from_what_is_inside(self):
        self.module.setUpModule = "own"
        module_attributes.change_class("shop_tests", self.cls)
        self.assertEqual(self.module.setUpModule, ("computed", "own"))
        self.assertEqual(vars(self.module)["setUpModule"], "own")

    def test_what_is_computed_as_none_is_no_attribute(self):
        module_attributes.change_class("shop_tests", self.cls)
        with self.assertRaisesRegex(AttributeError, "module 'shop_tests' has no attribute 'setUpModule'"):
            _ = self.module.setUpModule

    def test_setting_and_deleting_change_the_module_itself(self):
        module_attributes.change_class("shop_tests", self.cls)
        self.module.setUpModule = "new"
        self.assertEqual(vars(self.module)["setUpModule"], "new")
        del self.module.setUpModule
        self.assertNotIn("setUpModule", vars(self.module))
        with self.assertRaises(AttributeError):
            del self.module.setUpModule

    def test_the_standard_library_and_modules_of_other_classes_are_left_alone(self):
        other = sys.modules["shop_tests"] = type("Lazy", (types.ModuleType,), {})("shop_tests")
        for name in ("json", "shop_tests", "not.loaded"):
            module_attributes.change_class(name, self.cls)
        self.assertEqual((type(json), type(other).__name__), (types.ModuleType, "Lazy"))

"""Attributes of a test as text, and back in a copy of the test."""

from __future__ import annotations

import hermetic
from hermetic._workers import packing


class Holder:
    def other(self) -> str:
        return "other"

    def method(self) -> str:
        return "method"

    method.__name__ = "other"


class PackingTest(hermetic.HermeticTestCase):
    def there_and_back(self, value: object) -> object:
        self.copy = type(self)(self._testMethodName)
        return packing.unpacked(packing.packed(value, self), self.copy)

    def test_plain_values_are_the_same(self):
        value = {"a": [1, 2.5, None], "b": ("x", b"y")}
        self.assertEqual(self.there_and_back(value), value)

    def test_what_refers_to_the_test_refers_to_its_copy(self):
        found = self.there_and_back([self, {"test": self}])
        self.assertIs(found[0], self.copy)
        self.assertIs(found[1]["test"], self.copy)

    def test_methods_of_the_test_are_those_of_its_copy(self):
        self.assertIs(self.there_and_back(self.assertEqual).__self__, self.copy)

    def test_a_method_is_the_same_one_whatever_its_function_is_called(self):
        self.assertEqual(self.there_and_back(Holder().method)(), "method")

    def test_what_cannot_be_pickled_is_an_error(self):
        with self.assertRaises(Exception):
            packing.packed(lambda: None, self)

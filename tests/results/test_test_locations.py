"""The file and line of a test."""

from __future__ import annotations

import functools
import inspect
import unittest

import hermetic
from hermetic._results import test_locations


def decorated(function: object) -> object:
    @functools.wraps(function)
    def wrapper(*args: object) -> object:
        return function(*args)

    return wrapper


class PlaceTest(hermetic.HermeticTestCase):
    def test_it_is_that_of_the_method(self):
        line = inspect.getsourcelines(type(self).test_it_is_that_of_the_method)[1]
        self.assertEqual(test_locations.place_of(self), (__file__, "test_it_is_that_of_the_method", line))

    @decorated
    def test_decorators_do_not_count(self):
        self.assertEqual(test_locations.place_of(self)[:2], (__file__, "test_decorators_do_not_count"))

    def test_a_method_without_code_stands_where_its_class_does(self):
        cls = type("Made", (unittest.TestCase,), {"__module__": __name__, "test_it": print})
        self.assertEqual(test_locations.place_of(cls("test_it")), (__file__, "Made", 1))

    def test_of_a_class_without_a_file_nothing_is_known(self):
        cls = type("Made", (unittest.TestCase,), {"__module__": "nowhere", "test_it": print})
        self.assertEqual(test_locations.place_of(cls("test_it"))[0], "<unknown>")

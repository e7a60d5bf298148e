"""Errors of isolated tests point at the test; leaks are warnings or errors, as the settings say."""

from __future__ import annotations

import functools
import inspect
import traceback
import unittest
import warnings
from unittest import mock

import hermetic
from hermetic import HermeticWarning, IsolationError
from hermetic._results import isolation_errors
from hermetic._settings.values import Settings


class IsolationErrorTest(hermetic.HermeticTestCase):
    def test_it_has_its_code_and_stands_where_the_test_does(self):
        error = isolation_errors.isolation_error("the worker ended", self)
        (entry,) = traceback.extract_tb(error.__traceback__)
        self.assertEqual(error.args, ("[H007] the worker ended",))
        self.assertEqual((entry.filename, entry.name), (__file__, self._testMethodName))


class ChangesTest(hermetic.HermeticTestCase):
    def report(self, mode: str, result: object = None) -> tuple[IsolationError | None, list[str]]:
        """The error, and the warnings."""
        current = mock.Mock(settings=Settings(leaks=mode))
        with mock.patch.object(isolation_errors, "current_run", current):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                error = isolation_errors.report_changes("test x", ["thread left: t"], self, result)
        return error, [str(warning.message) for warning in caught if warning.category is HermeticWarning]

    def test_they_are_a_warning_an_error_or_nothing(self):
        error, (warning,) = self.report("warn")
        self.assertIsNone(error)
        self.assertIn("[H007] test x leaked state: thread left: t", warning)
        error, warned = self.report("error")
        self.assertEqual((type(error), error.args, warned), (IsolationError, (warning,), []))
        self.assertEqual(self.report("off"), (None, []))

    def test_a_result_that_notes_leaks_is_told_of_them(self):
        result = mock.Mock()
        self.report("warn", result)
        result.note_leaks.assert_called_once_with(self, "test x", ["thread left: t"])

    def test_a_warning_that_filters_make_an_error_is_one(self):
        current = mock.Mock(settings=Settings(leaks="warn"))
        with mock.patch.object(isolation_errors, "current_run", current), warnings.catch_warnings():
            warnings.simplefilter("error")
            error = isolation_errors.report_changes("test x", ["thread left: t"], self, None)
        self.assertIsInstance(error, IsolationError)


def decorated(function: object) -> object:
    @functools.wraps(function)
    def wrapper(*args: object) -> object:
        return function(*args)

    return wrapper


class PlaceTest(hermetic.HermeticTestCase):
    def test_it_is_that_of_the_method(self):
        line = inspect.getsourcelines(type(self).test_it_is_that_of_the_method)[1]
        self.assertEqual(isolation_errors.place_of(self), (__file__, "test_it_is_that_of_the_method", line))

    @decorated
    def test_decorators_do_not_count(self):
        self.assertEqual(isolation_errors.place_of(self)[:2], (__file__, "test_decorators_do_not_count"))

    def test_a_method_without_code_stands_where_its_class_does(self):
        cls = type("Made", (unittest.TestCase,), {"__module__": __name__, "test_it": print})
        self.assertEqual(isolation_errors.place_of(cls("test_it")), (__file__, "Made", 1))

    def test_of_a_class_without_a_file_nothing_is_known(self):
        cls = type("Made", (unittest.TestCase,), {"__module__": "nowhere", "test_it": print})
        self.assertEqual(isolation_errors.place_of(cls("test_it"))[0], "<unknown>")

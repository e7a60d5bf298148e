"""Errors of isolated tests point at the test; leaks are warnings or errors, as the settings say."""

from __future__ import annotations

import traceback
import warnings
from unittest import mock

import hermetic
from hermetic import HermeticWarning, IsolationError
from hermetic._results import isolation_errors
from hermetic._settings.table import Settings


class IsolationErrorTest(hermetic.HermeticTestCase):
    def test_it_has_its_code_and_stands_where_the_test_does(self):
        error = isolation_errors.isolation_error("the worker ended", self)
        (entry,) = traceback.extract_tb(error.__traceback__)
        self.assertEqual(str(error), "[H007] the worker ended")
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
        self.assertIn("[H007] test x changed its process, or left something behind: thread left: t", warning)
        error, warned = self.report("error")
        self.assertEqual((type(error), str(error), warned), (IsolationError, warning, []))
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

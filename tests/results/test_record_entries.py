"""Entries of records: the name of a subtest, the place of an error, and its text."""

from __future__ import annotations

import sys
import unittest

import hermetic
from hermetic._results import record_entries
from hermetic._stdlib import unittest_internals


def raised() -> tuple[object, object, object]:
    try:
        raise KeyError("missing")
    except KeyError:
        return sys.exc_info()


class SubtestTest(hermetic.HermeticTestCase):
    def test_a_subtest_is_told_apart_by_its_message_and_its_parameters(self):
        for message, params, shown in (
            (None, {"i": 1}, "(i=1)"),
            ("text", {"i": 1, "name": "x"}, "[text] (i=1, name='x')"),
            ("text", {}, "[text]"),
            (None, {}, "(<subtest>)"),
        ):
            with self.subTest(shown=shown):
                subtest = unittest_internals.sub_test(self, message, params)
                self.assertEqual(record_entries.split(subtest), (self, shown))

    def test_a_test_has_no_name_of_a_subtest(self):
        self.assertEqual(record_entries.split(self), (self, ""))


class EntryTest(hermetic.HermeticTestCase):
    def test_an_error_has_its_type_its_message_and_the_text_that_the_result_shows(self):
        result = unittest.TestResult()
        err = raised()
        result.addError(self, err)
        entry = record_entries.error_entry("error", err, self, result)
        self.assertEqual((entry.outcome, entry.type, entry.message), ("error", "KeyError", "'missing'"))
        self.assertEqual((entry.file, entry.line), (__file__, err[2].tb_lineno))
        self.assertEqual(entry.text, result.errors[0][1])

    def test_a_skip_has_its_reason_cut_to_a_length_that_reports_can_show(self):
        entry = record_entries.skip_entry("(i=1)", "x" * 100_000)
        self.assertEqual((entry.outcome, entry.subtest), ("skip", "(i=1)"))
        self.assertLess(len(entry.message), 2 * record_entries.MAX_MESSAGE)

    def test_an_exception_that_cannot_say_anything_is_named_as_one(self):
        broken = type("Broken", (Exception,), {"__str__": lambda self: 1 / 0})
        self.assertEqual(record_entries.text_of(broken()), "<exception str() failed>")

    def test_builtin_classes_have_no_module_in_their_names(self):
        self.assertEqual(record_entries.class_name(KeyError), "KeyError")
        self.assertEqual(record_entries.class_name(type(self)), f"{__name__}.EntryTest")

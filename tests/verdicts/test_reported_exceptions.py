"""Which violations a reported exception shows, and how its traceback is trimmed."""

from __future__ import annotations

import sys
import traceback
import unittest

import hermetic
from hermetic._verdicts import reported_exceptions
from support.sample_violations import violation


class SurfacedTest(hermetic.HermeticTestCase):
    def test_what_is_shown_is_struck_out_of_the_ledger_and_the_rest_stays(self):
        shown, hidden = violation(1), violation(2)
        ledger = [shown, hidden]
        self.assertEqual(reported_exceptions.surfaced(ledger, shown), [shown])
        self.assertEqual(ledger, [hidden])

    def test_causes_contexts_and_equals_from_other_processes_count(self):
        for error in (violation(1), ValueError("remote: [H001] connected to 127.0.0.1:1")):
            outer = KeyError("outer")
            outer.__context__ = error
            ledger = [violation(1)]
            with self.subTest(error=error):
                self.assertEqual(len(reported_exceptions.surfaced(ledger, outer)), 1)
                self.assertEqual(ledger, [])

    def test_what_is_hidden_by_from_none_is_not_shown(self):
        outer = KeyError("outer")
        outer.__context__ = violation(1)
        outer.__suppress_context__ = True
        ledger = [violation(1)]
        self.assertEqual(reported_exceptions.surfaced(ledger, outer), [])
        self.assertEqual(len(ledger), 1)

    def test_a_skip_shows_its_reason_alone(self):
        skip = unittest.SkipTest("later")
        skip.__context__ = violation(1)
        self.assertTrue(reported_exceptions.is_skip(skip))
        self.assertEqual(reported_exceptions.surfaced([violation(1)], skip), [])

    def test_an_exception_that_cannot_be_shown_shows_nothing(self):
        def fail(_):
            raise RuntimeError

        broken = type("Broken", (Exception,), {"__str__": fail, "exceptions": property(fail)})()
        self.assertEqual(reported_exceptions.surfaced([violation(1)], broken), [])

    def test_a_chain_that_leads_back_to_itself_ends(self):
        first, second = KeyError(1), KeyError(2)
        first.__cause__, second.__cause__ = second, first
        self.assertEqual({*reported_exceptions.chain(first)}, {first, second})


class TrimTest(hermetic.HermeticTestCase):
    def test_frames_of_the_package_are_cut_off_the_end(self):
        names = {"__name__": "shop._inner"}
        exec("def refuse():\n    raise ValueError", names)
        try:
            names["refuse"]()
        except ValueError as error:
            reported_exceptions.trim(error, "shop")
            shown = [entry.name for entry in traceback.extract_tb(error.__traceback__)]
        self.assertEqual(shown, [sys._getframe().f_code.co_name])

    def test_an_error_that_was_never_raised_has_nothing_to_cut(self):
        reported_exceptions.trim(ValueError())
        reported_exceptions.trim(None)

"""The mark ``@retries(number)``: what it takes, and where it may stand."""

from __future__ import annotations

import copy
import pickle

import hermetic
from hermetic import DecorationError, retries
from hermetic._rules import marking


class RetriesTest(hermetic.HermeticTestCase):
    def test_it_takes_a_whole_number(self):
        for wrong in (-1, 1.5, "2", True, None):
            with self.subTest(wrong), self.assertRaisesRegex(DecorationError, r"write one such as @retries\(2\)"):
                retries(wrong)

    def test_without_a_number_the_error_names_what_stands_there(self):
        def test_sync(self):
            pass

        with self.assertRaisesRegex(DecorationError, "not .*test_sync; write"):
            retries(test_sync)

    def test_it_leaves_a_function_as_it_is(self):
        def test_sync(self):
            pass

        self.assertIs(retries(2)(test_sync), test_sync)
        self.assertEqual([mark.retries for mark in test_sync.__hermetic__], [2])

    def test_two_numbers_on_one_thing_are_refused(self):
        with self.assertRaisesRegex(DecorationError, r"already has @retries\(1\); remove it or @retries\(2\)"):
            retries(2)(retries(1)(lambda: None))

        with self.assertRaisesRegex(DecorationError, r"more than one number of retries: @retries\(1\), @retries\(2\)"):
            marking.as_marks((retries(1), retries(2)), "module m")

    def test_it_is_compatible_with_other_marks(self):
        found = hermetic.small(retries(0)(hermetic.isolated(lambda: None))).__hermetic__
        self.assertEqual([repr(mark) for mark in found], ["@small", "@retries(0)", "@isolated"])

    def test_it_can_be_copied_and_pickled(self):
        for other in (copy.deepcopy(retries(3)), pickle.loads(pickle.dumps(retries(3)))):
            self.assertEqual(repr(other), "@retries(3)")

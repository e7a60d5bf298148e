"""The patterns of ``-k``: as in unittest, and with ``not``, ``and``, ``or``."""

from __future__ import annotations

import unittest

from hermetic import ConfigurationError, small
from hermetic._suites import expressions

NAMES = ["test_mail.SendTest.test_one", "test_mail.SendTest.test_slow", "test_shop.OrderTest.test_slow", "not_there"]


def matched(text: str) -> list[int]:
    matches = expressions.condition(text)
    return [number for number, name in enumerate(NAMES) if matches(name)]


@small
class ExpressionsTest(unittest.TestCase):
    def test_expressions_choose_what_they_say(self):
        for text, expected in {
            "mail and slow": [1],
            "mail and not slow": [0],
            "mail or slow": [0, 1, 2],
            "not slow and mail or shop": [0, 2],  # not, then and, then or
            "not (slow or there)": [0],
            "not not slow": [1, 2],
            "((mail))and(slow)": [1],
            "*.test_slow and test_m*": [1],
            "Slow or slow": [1, 2],  # the case matters, as in unittest
        }.items():
            with self.subTest(text):
                self.assertEqual(matched(text), expected)

    def test_a_word_and_a_pattern_are_those_of_unittest(self):
        for text, expected in {"slow": [1, 2], "not": [3], "*.test_slow": [1, 2], "test_s*": [2], "a b": []}.items():
            with self.subTest(text):
                self.assertFalse(expressions.is_expression(text))
                self.assertEqual(matched(text), expected)

    def test_what_is_incomplete_is_an_error_that_says_where(self):
        for text, expected in {
            "mail and": "expected a pattern at its end",
            "and mail": "expected a pattern before 'and'",
            "mail not slow": "expected and, or, or the end before 'not'",
            "(mail or slow": "expected a closing parenthesis at its end",
            "mail and )": "expected a pattern before ')'",
            "mail and ()": "expected a pattern before ')'",
        }.items():
            with self.subTest(text), self.assertRaises(ConfigurationError) as caught:
                expressions.condition(text)
            self.assertIn(f"-k {text!r}: {expected}; write", str(caught.exception))

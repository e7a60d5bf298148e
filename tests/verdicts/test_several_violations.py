"""How the violations that no exception has shown become one error."""

from __future__ import annotations

import hermetic
from hermetic._base.errors import NetworkViolationError
from hermetic._verdicts.several_violations import merged
from support.sample_violations import violation


class MergedTest(hermetic.HermeticTestCase):
    def test_a_single_one_stays_as_it_is(self):
        only = violation(1)
        self.assertIs(merged([only]), only)

    def test_each_place_is_shown_once_with_a_count(self):
        error = merged([violation(1), violation(2), violation(1), violation(1)])
        self.assertIsInstance(error, NetworkViolationError)
        first, second = str(error).split("\n\n")[:2]
        self.assertIn("127.0.0.1:1 (2 more times)", first)
        self.assertIn("127.0.0.1:2", second.splitlines()[0])
        self.assertNotIn("more times", second)

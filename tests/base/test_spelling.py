"""Misspelled names: which count as a slip, and which name an error suggests."""

from __future__ import annotations

import hermetic
from hermetic._base import spelling


class SpellingTest(hermetic.HermeticTestCase):
    def test_a_slip_is_near_and_another_word_is_not(self):
        near = "hermetic Hermetic hermtic hermitic hermeitc hermetics hermetc hermettic".split()
        self.assertEqual(near, [name for name in near if spelling.is_near(name, "hermetic")])
        others = "hermes hermit hermeto thermetic metric description hermeneutics kinetic x".split()
        self.assertEqual([], [name for name in others if spelling.is_near(name, "hermetic")])

    def test_a_slip_in_the_first_letter_makes_another_word(self):
        self.assertFalse(spelling.is_near("permetic", "hermetic"))

    def test_the_known_name_that_is_most_like_a_wrong_one_is_suggested(self):
        known = ["isolated", "isolated_timeout", "jobs"]
        self.assertEqual(spelling.nearest("isolatd", known), "isolated")
        self.assertEqual(spelling.nearest("Isolated-Timout", known), "isolated_timeout")
        self.assertIsNone(spelling.nearest("verbosity", known))

    def test_a_number_of_things_is_spelt_in_singular_and_plural(self):
        counts = [spelling.counted(1, "test"), spelling.counted(0, "test"), spelling.counted(1200, "process")]
        self.assertEqual(counts, ["1 test", "0 tests", "1,200 processes"])

    def test_a_hint_is_empty_where_no_known_name_is_like_the_wrong_one(self):
        self.assertEqual(spelling.hint("job", ["jobs"]), " (did you mean jobs?)")
        self.assertEqual(spelling.hint("colour", ["jobs"]), "")

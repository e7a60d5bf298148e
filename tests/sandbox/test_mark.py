"""``isolated(sandbox=...)`` as a mark."""

from __future__ import annotations

import pickle

from hermetic import DecorationError, HermeticTestCase, isolated


class MarkTest(HermeticTestCase):
    def test_it_is_shown_as_it_is_written(self):
        self.assertEqual(repr(isolated(sandbox="kernel")), "@isolated(sandbox='kernel')")
        self.assertEqual(repr(isolated("db", sandbox="auto")), "@isolated('db', sandbox='auto')")

    def test_an_unknown_word_is_an_error_that_lists_the_known_ones(self):
        with self.assertRaisesRegex(DecorationError, "'seccomp' is unknown; write one of 'off', 'auto', 'kernel'"):
            isolated(sandbox="seccomp")

    def test_it_goes_to_other_processes_with_what_it_says(self):
        mark = isolated(group="db", timeout=5, sandbox="kernel")
        self.assertEqual(repr(pickle.loads(pickle.dumps(mark))), repr(mark))

"""Which double answers, and which thread may start real children."""

from __future__ import annotations

import threading

from hermetic import HermeticTestCase
from hermetic._doubles.active_doubles import ActiveDoubles
from hermetic._verdicts import scopes


class ActiveDoublesTest(HermeticTestCase):
    def setUp(self):
        self.doubles = ActiveDoubles()

    def test_the_innermost_answers_and_without_one_nobody_does(self):
        self.assertIsNone(self.doubles.answering())
        self.doubles.stack += ["outer", "inner"]
        self.assertEqual(self.doubles.answering(), "inner")

    def test_nobody_answers_for_the_processes_of_hermetic_itself(self):
        self.doubles.stack.append("double")
        with scopes.unjudged():
            self.assertIsNone(self.doubles.answering())

    def test_only_the_thread_that_lets_through_may_start_real_children(self):
        found = []
        with self.doubles.letting_through():
            thread = threading.Thread(target=lambda: found.append(self.doubles.is_letting_through()))
            thread.start()
            thread.join()
            found.append(self.doubles.is_letting_through())
        self.assertEqual(found, [False, True])

    def test_it_may_do_so_until_the_outermost_block_ends(self):
        with self.doubles.letting_through():
            with self.doubles.letting_through():
                pass
            self.assertTrue(self.doubles.is_letting_through())
        self.assertFalse(self.doubles.is_letting_through())

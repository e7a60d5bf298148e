"""How often a test is retried: the nearest mark, or else the setting."""

from __future__ import annotations

import unittest
from unittest import mock

import hermetic
from hermetic import retries
from hermetic._rules import marking, retry_counts
from hermetic._settings.current_run import current_run


@retries(1)
class Base(unittest.TestCase):
    @retries(2)
    def test_marked(self):
        pass

    def test_plain(self):
        pass


class Derived(Base):
    pass


@retries(0)
class Never(Base):
    pass


class Unmarked(unittest.TestCase):
    def test_plain(self):
        pass


class RetryCountsTest(hermetic.HermeticTestCase):
    def setUp(self):
        marking.forget()
        self.addCleanup(marking.forget)
        patcher = mock.patch.object(current_run, "_settings", current_run.settings.replaced(retries=5))
        patcher.start()
        self.addCleanup(patcher.stop)

    def counts(self, cls):
        return [retry_counts.of_test(cls(name)) for name in ("test_marked", "test_plain")]

    def test_the_nearest_mark_wins(self):
        self.assertEqual(self.counts(Base), [2, 1])
        self.assertEqual(self.counts(Derived), [2, 1])
        self.assertEqual(self.counts(Never), [2, 0])

    def test_a_test_without_a_mark_has_the_number_of_the_setting_in_a_program_of_hermetic(self):
        for is_program, count in ((True, 5), (False, 0)):
            marking.forget()
            with mock.patch.object(current_run, "is_program", is_program):
                self.assertEqual(retry_counts.of_test(Unmarked("test_plain")), count)

    def test_a_mark_that_a_test_was_given_itself_counts(self):
        test = Base("test_plain")
        test.test_plain = retries(7)(lambda: None)
        self.assertEqual(retry_counts.of_test(test), 7)

    def test_where_no_other_process_may_run_a_test_there_are_none(self):
        with mock.patch.multiple(current_run, in_worker=False, retries_are_marked=True):
            self.assertTrue(retry_counts.are_possible())
            for name in ("in_worker", "host_isolates", "is_observing", "debugs"):
                with self.subTest(name), mock.patch.object(current_run, name, True):
                    self.assertFalse(retry_counts.are_possible())
            with mock.patch.object(current_run, "_settings", current_run.settings.replaced(no_isolation=True)):
                self.assertFalse(retry_counts.are_possible())

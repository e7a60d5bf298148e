"""Which mark gives a test its time-out."""

from __future__ import annotations

import unittest
import unittest.mock

from hermetic import HermeticTestCase, timeout
from hermetic._rules import groups, timeouts


@timeout(3)
class Base(unittest.TestCase):
    @timeout(1)
    def test_a(self):
        pass

    def test_b(self):
        pass


class Derived(Base):
    pass


@timeout(2)
class Nearer(Base):
    pass


class Unmarked(unittest.TestCase):
    def test_b(self):
        pass


class TimeoutsTest(HermeticTestCase):
    def test_the_nearest_mark_wins(self):
        for cls, name, seconds in (
            (Base, "test_a", 1),
            (Derived, "test_b", 3),
            (Nearer, "test_a", 1),
            (Nearer, "test_b", 2),
        ):
            with self.subTest(cls=cls, name=name):
                self.assertEqual(timeouts.of_test(cls(name)).seconds, seconds)
        self.assertIsNone(timeouts.of_test(Unmarked("test_b")))

    def test_the_reason_names_the_mark_and_its_place(self):
        marks = (timeout(0.5),)
        found = timeouts.nearest_timeout([("method", "a.T.test_it", ()), ("module", "a", marks)])
        self.assertEqual(found, (0.5, "@timeout(0.5) on module a"))
        self.assertEqual(timeouts.as_option(found), {"timeout": [0.5, "@timeout(0.5) on module a"]})
        self.assertEqual((timeouts.nearest_timeout([]), timeouts.as_option(None)), (None, {}))

    def test_a_process_of_its_own_has_the_time_of_its_test_besides_that_of_its_fixtures(self):
        mark = unittest.mock.Mock(isolation=(None, None, None))
        limit = timeouts.Timeout(500, "@timeout(500)")
        self.assertEqual(groups.of_mark("method", "", mark, limit).timeout, 800)
        self.assertEqual(groups.of_mark("class", "a.T", mark, limit).timeout, 300)
        self.assertEqual(groups.of_mark("method", "", mark).timeout, 300)
        mark.isolation = (None, 7, None)
        self.assertEqual(groups.of_mark("method", "", mark, limit).timeout, 7)

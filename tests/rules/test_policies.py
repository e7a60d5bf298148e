"""The policy of a test: the nearest size, and all allowances."""

from __future__ import annotations

import math
import sys
import types
import unittest
from unittest import mock

import hermetic
from hermetic import Size, allow, large, medium, small
from hermetic._policy.decision import Allowance
from hermetic._rules import policies
from hermetic._settings.values import Settings


@medium
@allow(hosts=["db.test"])
class MarkedCase(unittest.TestCase):
    def test_plain(self):
        """Has the size of its class."""

    @small
    @allow(hosts=["cache.test"])
    def test_marked(self):
        """Has its own."""


class PlainCase(unittest.TestCase):
    def test_it(self):
        """Has no size."""


class PolicyCase(hermetic.HermeticTestCase):
    def in_force(self, **settings: object) -> None:
        """Put settings in force for this test; what is known of policies depends on them."""
        current = mock.Mock(settings=Settings(**settings), is_observing=False, is_surveying=False)
        for patch in (
            mock.patch.object(policies, "current_run", current),
            mock.patch.dict(policies._by_marks, clear=True),
            mock.patch.dict(policies._by_class, clear=True),
            mock.patch.dict(policies._found, clear=True),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        self.current_run = current


class SharingTest(PolicyCase):
    def test_methods_with_the_same_marks_share_a_policy_and_others_do_not(self):
        class Case(unittest.TestCase):
            test_a = small(lambda self: None)
            test_b = small(lambda self: None)
            test_c = medium(lambda self: None)
            test_d = allow(hosts=["db.test"])(small(lambda self: None))

        self.in_force()
        a, b, c, d = (policies.of_test(Case(f"test_{letter}")) for letter in "abcd")
        self.assertIs(a, b)
        self.assertEqual((c.size, d.size, d.allowance.hosts), (Size.MEDIUM, Size.SMALL, ("db.test",)))

    def test_a_list_of_marks_counts_as_it_is_at_the_time(self):
        class Case(unittest.TestCase):
            test_a = small(lambda self: None)

        self.in_force()
        Case.test_a.__hermetic__ = [small]
        self.assertIs(policies.of_test(Case("test_a")).size, Size.SMALL)
        Case.test_a.__hermetic__[0] = medium
        self.assertIs(policies.of_test(Case("test_a")).size, Size.MEDIUM)

    def test_what_is_prepared_is_found_but_counts_for_no_test_of_this_process(self):
        class Case(unittest.TestCase):
            test_a = large(lambda self: None)
            test_b = lambda self: None

        Case.__hermetic__ = small
        self.in_force()
        for test in (Case("test_a"), Case("test_b")):
            policies.prepare_for_forks(test)
        self.assertIsNone(policies.widest())
        with mock.patch.object(policies, "_find", side_effect=AssertionError("found again")):
            self.assertIs(policies.of_class(Case).size, Size.SMALL)
            self.assertIs(policies.of_test(Case("test_a")).size, Size.LARGE)
            self.assertIs(policies.of_test(Case("test_b")).size, Size.SMALL)
        self.assertIs(policies.widest().size, Size.LARGE)

    def test_a_class_may_get_its_mark_after_its_fixtures_were_asked_for(self):
        class Case(unittest.TestCase):
            pass

        self.in_force()
        self.assertIsNone(policies.of_class(Case))
        Case.__hermetic__ = small
        self.assertIs(policies.of_class(Case).size, Size.SMALL)

    def test_what_are_no_marks_is_an_error_each_time(self):
        class Case(unittest.TestCase):
            test_a = small(lambda self: None)

        self.in_force()
        for wrong in ("small", ("small",), ([],), [small, medium]):
            Case.test_a.__hermetic__ = wrong
            for _ in range(2):
                with self.subTest(wrong=wrong), self.assertRaises(hermetic.DecorationError):
                    policies.of_test(Case("test_a"))


class SizeTest(PolicyCase):
    def test_the_nearest_size_wins_and_exceptions_add_up(self):
        self.in_force()
        found = [policies.of_test(MarkedCase(name)) for name in ("test_plain", "test_marked")]
        self.assertEqual([policy.size for policy in found], [Size.MEDIUM, Size.SMALL])
        self.assertEqual([set(policy.allowance.hosts) for policy in found], [{"db.test"}, {"db.test", "cache.test"}])

    def test_without_a_mark_the_default_size_counts_and_without_that_nothing(self):
        self.in_force()
        self.assertIsNone(policies.of_test(PlainCase("test_it")))
        self.assertIs(policies.of_test(self).size, Size.SMALL)
        self.in_force(default_size=Size.LARGE)
        self.assertIs(policies.of_test(PlainCase("test_it")).size, Size.LARGE)

    def test_in_mode_off_no_test_has_a_policy(self):
        self.in_force(mode="off")
        self.assertIsNone(policies.of_test(MarkedCase("test_plain")))

    def test_in_a_survey_every_test_is_small(self):
        self.in_force()
        self.current_run.is_surveying = self.current_run.is_observing = True
        policy = policies.of_test(MarkedCase("test_plain"))
        self.assertEqual((policy.size, policy.mode), (Size.SMALL, "observe"))

    def test_a_module_has_the_size_that_it_says(self):
        self.in_force()
        module = types.ModuleType("shop_tests")
        module.__hermetic__ = large
        with mock.patch.dict(sys.modules, shop_tests=module):
            self.assertIs(policies.of_module("shop_tests").size, Size.LARGE)
        self.assertIsNone(policies.of_module("nothing.of_this_name"))

    def test_a_marked_function_has_the_size_of_its_mark(self):
        self.in_force()
        marked = small(allow(hosts=["a.test"])(lambda: None))
        policy = policies.of_function(marked, marked.__hermetic__, ())
        self.assertEqual((policy.size, policy.allowance), (Size.SMALL, Allowance(hosts=("a.test",))))


class LimitTest(PolicyCase):
    def test_the_time_limit_is_that_of_the_size_unless_nobody_wants_to_know(self):
        self.in_force()
        policy = policies.of_test(self)
        self.assertEqual((policies.time_limit(policy), policies.time_limit(None)), (1.0, math.inf))
        self.in_force(time_limits="off")
        self.assertEqual(policies.time_limit(policy), math.inf)

    def test_a_large_test_is_not_held(self):
        self.in_force(default_size=Size.LARGE)
        self.assertFalse(policies.is_held(PlainCase("test_it")))
        self.assertTrue(policies.is_held(MarkedCase("test_plain")))

    def test_the_widest_policy_is_none_as_soon_as_one_test_has_none(self):
        self.in_force()
        self.assertIsNone(policies.widest())
        policies.of_test(self)
        policies.of_test(MarkedCase("test_plain"))
        self.assertIs(policies.widest().size, Size.MEDIUM)
        policies.of_test(PlainCase("test_it"))
        self.assertIsNone(policies.widest())

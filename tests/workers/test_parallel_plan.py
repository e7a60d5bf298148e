"""``-j``: how a suite is divided into units, and which tests stay in the main process."""

from __future__ import annotations

import sys
import types
import unittest
from unittest import mock

from hermetic import HermeticTestCase, isolated
from hermetic._workers.parallel_plan import ParallelPlan


class OneTest(unittest.TestCase):
    def test_a(self):
        pass

    def test_b(self):
        pass


class TwoTest(unittest.TestCase):
    def test_a(self):
        pass


class InModuleTest(unittest.TestCase):
    __module__ = "a_module_with_fixtures"

    def test_a(self):
        pass


class AlsoInModuleTest(InModuleTest):
    __module__ = "a_module_with_fixtures"


class MarkedTest(unittest.TestCase):
    @isolated
    def test_alone(self):
        pass

    @isolated("name")
    def test_group(self):
        pass

    def test_plain(self):
        pass


class OwnSuite(unittest.TestSuite):
    def run(self, result, debug=False):
        return super().run(result, debug)


def load_tests(loader, *_):
    return loader.loadTestsFromTestCase(PlanTest)


class PlanTest(HermeticTestCase):
    def setUp(self):
        module = types.ModuleType("a_module_with_fixtures")
        module.setUpModule = lambda: None
        patch = mock.patch.dict(sys.modules, {module.__name__: module})
        patch.start()
        self.addCleanup(patch.stop)

    def divided(self, *tests, durations=types.MappingProxyType({})):
        """The requests of each unit, with the names of tests."""
        self.plan = ParallelPlan(
            unittest.TestSuite(tests), lambda test: {"name": test.id().split(".", 2)[-1]}, {}, durations
        )
        return [
            [request[1]["name"] if request[0] == "run" else request[0] for step in unit.task.steps for request in step]
            for unit in self.plan.units
        ]

    def test_the_tests_of_a_class_that_follow_one_another_are_a_unit(self):
        tests = [OneTest("test_a"), OneTest("test_b"), TwoTest("test_a"), OneTest("test_a")]
        one, two, again = self.divided(*tests)
        self.assertEqual(["OneTest.test_a", "OneTest.test_b", "end_module"], one)
        self.assertEqual((["TwoTest.test_a", "end_module"], ["OneTest.test_a", "end_module"]), (two, again))

    def test_classes_of_a_module_with_fixtures_are_one_unit(self):
        (unit,) = self.divided(InModuleTest("test_a"), AlsoInModuleTest("test_a"))
        self.assertEqual(["end_class", "end_class", "end_module"], [request for request in unit if "end" in request])
        self.assertEqual({"a_module_with_fixtures"}, self.plan.modules)

    def test_isolated_tests_are_units_as_their_marks_say(self):
        units = self.divided(*map(MarkedTest, ("test_alone", "test_group", "test_plain")), MarkedTest("test_group"))
        self.assertEqual(["MarkedTest.test_alone", "finish"], units[0])
        self.assertEqual([*["MarkedTest.test_group"] * 2, "end_class", "finish"], units[1])
        self.assertEqual(["MarkedTest.test_plain", "end_module"], units[2])
        self.assertEqual([False, False, True], [unit.is_shared for unit in self.plan.units])

    def test_a_class_with_tests_in_a_suite_of_its_own_kind_stays_as_a_whole(self):
        self.assertEqual([], self.divided(OwnSuite([OneTest("test_a")]), OneTest("test_b")))

    def test_so_does_a_module_with_fixtures(self):
        self.assertEqual([], self.divided(OwnSuite([InModuleTest("test_a")]), AlsoInModuleTest("test_a")))

    def test_tests_that_stand_for_other_things_stay(self):
        self.assertEqual([], self.divided(unittest.FunctionTestCase(len), *unittest.TestSuite()))

    def test_what_is_known_of_durations_is_added_up(self):
        self.divided(OneTest("test_a"), OneTest("test_b"), durations={OneTest("test_a").id(): 2.0})
        self.assertEqual([2.001], [unit.task.seconds for unit in self.plan.units])

"""``-j``: every test of any suite is run once, in its place."""

from __future__ import annotations

import itertools
import sys
import types
import unittest
from unittest import mock

from hermetic import HermeticTestCase, isolated, medium
from hermetic._rules import groups
from hermetic._workers.parallel_plan import ParallelPlan
from support.properties import given, st

MARKS = {
    "none": lambda method: method,
    "alone": isolated,
    "group": isolated("group"),
    "other": isolated("other"),
    "skip": unittest.skip("it is"),
    "alone and skip": lambda method: isolated(unittest.skip("it is")(method)),
}
CLASS_MARKS = {**MARKS, "alone": isolated, "alone and skip": MARKS["skip"]}


class OwnSuite(unittest.TestSuite):
    def run(self, result, debug=False):
        return super().run(result, debug)


def make_class(module, name, mark, method_marks):
    """A TestCase class with a method for each mark."""
    methods = {f"test_{number}": MARKS[each](lambda self: None) for number, each in enumerate(method_marks)}
    return CLASS_MARKS[mark](type(name, (unittest.TestCase,), {"__module__": module, **methods}))


CLASSES = st.lists(
    st.tuples(
        st.sampled_from(["plain_m", "plain_n", "fixed_m", "fixed_n"]),
        st.sampled_from([*CLASS_MARKS]),
        st.lists(st.sampled_from([*MARKS]), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=6,
)
# Which class and method comes next, and whether it stands in a suite of its own kind.
PICKS = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(0, 9)), max_size=25)


@medium  # hundreds of classes take their time
class PlanPropertiesTest(HermeticTestCase):
    def setUp(self):
        modules = {name: types.ModuleType(name) for name in ("plain_m", "plain_n", "fixed_m", "fixed_n")}
        for name in ("fixed_m", "fixed_n"):
            modules[name].setUpModule = lambda: None
        patch = mock.patch.dict(sys.modules, modules)
        patch.start()
        self.addCleanup(patch.stop)

    def suite(self, classes, picks):
        """Tests of some classes, in the order in which they were picked; all of a class, now and then."""
        made = [make_class(module, f"C{number}", *marks) for number, (module, *marks) in enumerate(classes)]
        suite = unittest.TestSuite()
        for number, method, kind in picks:
            cls = made[number % len(made)]
            names = unittest.TestLoader().getTestCaseNames(cls)  # another one than that of -k
            found = [*map(cls, names)] if kind < 3 else [cls(names[method % len(names)])]
            suite.addTest(OwnSuite(found) if kind == 9 else unittest.TestSuite(found))
        return suite

    def plan(self, classes, picks):
        """A plan, all tests of its suite in their order, and the tests that each unit asks for, by step."""
        suite = self.suite(classes, picks)
        tests = [test for inner in suite for test in inner]
        by_id = {id(test): test for test in tests}
        plan = ParallelPlan(suite, lambda test: {"number": id(test)}, {}, {})
        units = [
            [by_id[request[1]["number"]] for step in unit.task.steps for request in step if request[0] == "run"]
            for unit in plan.units
        ]
        return plan, tests, units

    @given(CLASSES, PICKS)
    def test_each_test_is_asked_for_once_or_kept_or_skipped(self, classes, picks):
        plan, tests, units = self.plan(classes, picks)
        found = [id(test) for test in (*(test for unit in units for test in unit), *plan.kept)]
        self.assertEqual(len(found), len({*found}))
        self.assertLessEqual({id(test) for test in tests if not groups.is_skipped(test)}, {*found})
        self.assertLessEqual({*found}, {id(test) for test in tests if groups.runs_code(test)})
        for test_id, (unit, step) in plan.unit_of.items():
            self.assertEqual(test_id, unit.task.steps[step][0][1]["number"])

    @given(CLASSES, PICKS)
    def test_a_unit_has_the_tests_of_one_process_in_the_order_of_the_suite(self, classes, picks):
        plan, tests, units = self.plan(classes, picks)
        places = {id(test): place for place, test in enumerate(tests)}
        for unit, members in zip(plan.units, units, strict=True):
            in_order = [places[id(test)] for test in members]
            self.assertEqual(sorted(in_order), in_order)
            marked = {group and group.key for group in map(groups.of_test, members)}
            self.assertEqual({None if unit.is_shared else unit.group.key}, marked)
            self.assertTrue(len(members) == 1 or unit.group.key is not None)

    @given(CLASSES, PICKS)
    def test_a_class_is_torn_down_before_the_next_begins_and_a_unit_once_at_its_end(self, classes, picks):
        plan, _, units = self.plan(classes, picks)
        for unit, members in zip(plan.units, units, strict=True):
            requests = [request[0] for step in unit.task.steps for request in step]
            last = "end_module" if unit.is_shared else "finish"
            self.assertEqual((1, last), (requests.count(last), requests[-1]))
            numbers = iter(members)
            told = [type(next(numbers)) if request == "run" else request for request in requests]
            for before, after in itertools.pairwise(told):
                if isinstance(before, type) and not groups.is_skipped_class(before):  # which nobody tears down
                    self.assertIn(after, (before, "end_class", "end_module", "finish"), told)

    @given(CLASSES, PICKS)
    def test_what_has_fixtures_in_common_is_not_parted_between_the_processes(self, classes, picks):
        plan, _, units = self.plan(classes, picks)
        shared = {type(test) for unit in units for test in unit}
        kept = {type(test) for test in plan.kept}
        self.assertEqual(set(), shared & kept)
        with_fixtures = ({cls.__module__ for cls in found if "fixed" in cls.__module__} for found in (shared, kept))
        self.assertEqual(set(), set.intersection(*with_fixtures))

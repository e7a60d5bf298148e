"""The size that fits an observed test, and where its decorator goes."""

from __future__ import annotations

import unittest

import hermetic
from hermetic import HermeticTestCase, Size
from hermetic._base.records import Operation
from hermetic._base.sizes import DATABASE, NETWORK, PROCESS
from hermetic._settings.current_run import current_run
from hermetic._studies import suggestions

NEAR = Operation(NETWORK, "connect", "127.0.0.1:80", "socket.socket.connect", "inet", "127.0.0.1", 80)
FAR = NEAR._replace(target="203.0.113.7:80", host="203.0.113.7")
START = Operation(PROCESS, "start", "git", "subprocess.Popen", family="", command="git")
FILE = Operation(DATABASE, "open", "shop.db", "sqlite3.connect", family="", host="/shop.db")

USES = {Size.SMALL: (), Size.MEDIUM: (NEAR,), Size.LARGE: (FAR,)}


@hermetic.medium
class MarkedCase(unittest.TestCase):
    def test_plain(self):
        """Has the size of its class."""

    @hermetic.large
    def test_marked(self):
        """Has its own."""


class SmallestTest(HermeticTestCase):
    def test_it_allows_all_that_the_test_used(self):
        for operations, size in (
            ([], Size.SMALL),
            ([NEAR], Size.MEDIUM),
            ([START, NEAR], Size.MEDIUM),
            ([NEAR, FAR], Size.LARGE),
        ):
            with self.subTest(operations=operations):
                self.assertIs(suggestions.smallest(operations, 0.1, ()), size)

    def test_its_time_limit_leaves_a_margin(self):
        sizes = [suggestions.smallest([], seconds, ()) for seconds in (0.8, 0.9, 241.0, 721.0, 10_000.0)]
        self.assertEqual(sizes, [Size.SMALL, Size.MEDIUM, Size.LARGE, Size.XLARGE, Size.XLARGE])

    def test_what_is_judged_only_if_forbidden_counts_only_then(self):
        sizes = [suggestions.smallest([FILE], 0.1, forbid) for forbid in ((), (DATABASE,))]
        self.assertEqual(sizes, [Size.SMALL, Size.MEDIUM])

    def test_the_largest_is_that_of_the_table(self):
        self.assertIs(suggestions.largest([Size.MEDIUM, Size.XLARGE, Size.SMALL]), Size.XLARGE)


class PresentSizeTest(HermeticTestCase):
    def test_the_nearest_mark_counts_and_its_place_is_told(self):
        self.assertEqual(suggestions.present_size(MarkedCase, "test_marked"), (Size.LARGE, "method"))
        self.assertEqual(suggestions.present_size(MarkedCase, "test_plain"), (Size.MEDIUM, "class"))

    def test_a_hermetic_test_case_is_small_without_a_mark(self):
        self.assertEqual(suggestions.present_size(type(self), self._testMethodName), (Size.SMALL, "HermeticTestCase"))

    def test_another_class_has_the_default_size(self):
        plain = type("Plain", (unittest.TestCase,), {})
        default = current_run.settings.default_size
        self.assertEqual(suggestions.present_size(plain, "test_it"), (default, "default_size"))


def observed(cls: type, method: str, seconds: float, *used: Operation) -> suggestions.Observed:
    size = suggestions.smallest(used, seconds, ())
    return suggestions.Observed(f"{cls.__name__}.{method}", cls, method, size, "", used, seconds)


class NearLimitTest(HermeticTestCase):
    def test_a_test_that_its_size_fits_without_a_margin_is_near_and_keeps_its_mark(self):
        near = observed(PresentSizeTest, "test_the_nearest_mark_counts_and_its_place_is_told", 0.9)
        self.assertEqual((near.size, suggestions.size_near_limit(near)), (Size.MEDIUM, Size.SMALL))
        plan = suggestions.MarkPlan([near])
        self.assertEqual((plan.marks, plan.troubles), ({}, []))

    def test_others_are_not(self):
        for seconds, *used in ((0.8,), (1.1,), (0.9, NEAR)):
            with self.subTest(seconds=seconds, used=used):
                other = observed(PresentSizeTest, "test_it", seconds, *used)
                self.assertIsNone(suggestions.size_near_limit(other))
                self.assertIsNone(suggestions.larger_than_needed(other))

    def test_a_mark_is_larger_than_needed_if_a_smaller_size_leaves_a_margin(self):
        sizes = [suggestions.larger_than_needed(observed(MarkedCase, "test_plain", time)) for time in (0.8, 0.9)]
        self.assertEqual(sizes, [Size.MEDIUM, None])


class PlanTest(HermeticTestCase):
    def plan(self, *sizes: Size) -> suggestions.MarkPlan:
        names = ("test_the_nearest_mark_counts_and_its_place_is_told", "test_another_class_has_the_default_size")
        observed = [
            suggestions.Observed(name, PresentSizeTest, name, size, "", USES[size], 0.0)
            for name, size in zip(names, sizes, strict=True)
        ]
        return suggestions.MarkPlan(observed)

    def marked(self, plan: suggestions.MarkPlan) -> list[str]:
        ((_, marks),) = plan.marks.items()
        with open(__file__, encoding="utf-8") as file:
            lines = file.read().splitlines()
        return [f"{mark.size.value}: {lines[line - 1].strip()}" for line, mark in sorted(marks.items())]

    def test_where_all_tests_of_a_class_need_one_size_the_class_gets_it(self):
        self.assertEqual(
            self.marked(self.plan(Size.MEDIUM, Size.MEDIUM)), ["medium: class PresentSizeTest(HermeticTestCase):"]
        )

    def test_else_each_method_gets_its_own(self):
        first, second = self.marked(self.plan(Size.MEDIUM, Size.LARGE))
        self.assertTrue(first.startswith("medium: def test_the_nearest_mark"), first)
        self.assertTrue(second.startswith("large: def test_another_class"), second)

    def test_what_has_a_size_that_will_do_gets_none(self):
        plan = self.plan(Size.SMALL, Size.SMALL)
        self.assertEqual((plan.marks, plan.troubles), ({}, []))

    def test_what_is_written_nowhere_is_told_with_its_size(self):
        made = type("Made", (unittest.TestCase,), {"__module__": "nowhere", "test_it": eval("lambda self: None")})
        plan = suggestions.MarkPlan(
            [suggestions.Observed("nowhere.Made.test_it", made, "test_it", Size.MEDIUM, "", [NEAR], 0.0)]
        )
        self.assertEqual(plan.marks, {})
        self.assertIn("fits @medium, but is not defined in a file of this project", plan.troubles[0])

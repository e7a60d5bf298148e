"""The size that fits an observed test, and where its decorator goes."""

from __future__ import annotations

import unittest

import hermetic
from hermetic import HermeticTestCase, Size
from hermetic._base.records import Operation
from hermetic._base.sizes import DATABASE, NETWORK, PROCESS
from hermetic._studies import suggestions

NEAR = Operation(NETWORK, "connect", "127.0.0.1:80", "socket.socket.connect", "inet", "127.0.0.1", 80)
FAR = NEAR._replace(target="203.0.113.7:80", host="203.0.113.7")
START = Operation(PROCESS, "start", "git", "subprocess.Popen", family="", command="git")
FILE = Operation(DATABASE, "open", "shop.db", "sqlite3.connect", family="", host="/shop.db")


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

    def test_it_has_the_time_that_the_test_took(self):
        sizes = [suggestions.smallest([], seconds, ()) for seconds in (1.0, 1.1, 301.0, 901.0, 10_000.0)]
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

    def test_another_class_has_no_size(self):
        self.assertIsNone(suggestions.present_size(type("Plain", (unittest.TestCase,), {}), "test_it")[0])


class PlanTest(HermeticTestCase):
    def plan(self, *sizes: Size) -> suggestions.MarkPlan:
        names = ("test_the_nearest_mark_counts_and_its_place_is_told", "test_another_class_has_no_size")
        observed = [
            suggestions.Observed(name, PresentSizeTest, name, size, "") for name, size in zip(names, sizes, strict=True)
        ]
        return suggestions.MarkPlan(observed)

    def marked(self, plan: suggestions.MarkPlan) -> list[str]:
        ((_, marks),) = plan.marks.items()
        with open(__file__, encoding="utf-8") as file:
            lines = file.read().splitlines()
        return [f"{size}: {lines[line - 1].strip()}" for line, size in sorted(marks.items())]

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
        plan = suggestions.MarkPlan([suggestions.Observed("nowhere.Made.test_it", made, "test_it", Size.MEDIUM, "")])
        self.assertEqual(plan.marks, {})
        self.assertIn("fits @medium, but is written in no file of this project", plan.troubles[0])

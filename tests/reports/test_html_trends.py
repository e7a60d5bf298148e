"""The history in the HTML report: the last runs, what has changed since, and flaky tests."""

from __future__ import annotations

import re

import hermetic
from hermetic._base.records import PastRun
from hermetic._reports import html_trends
from hermetic._reports.test_records import FlakyTest, Trends


def past(*, tests=10, failures=0, seconds=2.0, failed=()):
    return PastRun(1.0, seconds, tests, failures, "", tuple(failed), (), ())


def section(runs, now=None, changes=(), flaky=(), links=()):
    trends = Trends(runs, now or past(), dict(changes), flaky)
    return "\n".join(html_trends.history(trends, dict(links)))


class HistoryTest(hermetic.HermeticTestCase):
    def test_without_a_history_there_is_no_section_and_the_first_run_says_so(self):
        self.assertEqual(list(html_trends.history(None, {})), [])
        self.assertIn("This is the first run in the history.", section([]))

    def test_the_chart_has_a_bar_for_each_run_with_the_part_that_failed(self):
        page = section([past(), past(tests=5, failures=2)], past(failures=1, seconds=3.0))
        self.assertEqual(page.count("<g>"), 3)
        heights = re.findall(r'class="(\w+)" x="\d+" y="[\d.]+" width="8" height="([\d.]+)"', page)
        self.assertEqual(heights[:3], [("success", "60.0"), ("success", "18.0"), ("failure", "12.0")])
        self.assertIn(
            "3 runs, 2 with failures. The median of the earlier ones took 2.000 s, and this one 3.000 s.", page
        )

    def test_changes_are_listed_with_their_number(self):
        changes = {f"t{n}": "fixed" for n in range(30)}
        page = section([past()], changes=changes, links={"t0": "<a>t0</a>"})
        self.assertIn('Fixed <span class="soft">30</span></h3>\n<ul><li><a>t0</a></li><li>t1</li>', page)
        self.assertIn("and 20 more", page)
        self.assertEqual(page.count('<p class="empty">None</p>'), 2)

    def test_flaky_tests_are_a_table_with_their_last_runs(self):
        flaky = [FlakyTest("a", 1, 2, 0, 1), FlakyTest("b", 0, 0, 1, 0)]
        page = section([past(failed=["a"])], flaky=flaky)
        for text in ('aria-label="failed"', "1 failed, 2 passed", "1 run ago", "1 passed on retry", "in this run"):
            self.assertIn(text, page)

    def test_names_are_escaped(self):
        page = section([past()], changes={"<b>": "slower"}, flaky=[FlakyTest("<i>", 1, 1, 0, 0)])
        self.assertNotRegex(page, "<b>|<i>")

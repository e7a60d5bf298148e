"""The timeline of the HTML report: its rows, its bars, and its text."""

from __future__ import annotations

import re

import hermetic
from hermetic._reports import html_timeline
from hermetic._reports.test_records import Entry, RunRecord, TestRecord


def timeline(*records: TestRecord) -> str:
    run = RunRecord([], "", "", "", 0.0, tests=[*records])
    return "\n".join(html_timeline.timeline(run, html_timeline.Timeline(run)))


def rows(page: str) -> list[str]:
    return re.findall(r'class="lane">(.*?) <span', page)


class TimelineTest(hermetic.HermeticTestCase):
    def test_a_row_is_a_process_and_fixtures_are_in_none(self):
        page = timeline(
            TestRecord("a", worker="worker 1"),
            TestRecord("b", worker="worker 2", group="database"),
            TestRecord("setUpClass (c)", "fixture", worker="worker 3"),
        )
        self.assertEqual(rows(page), ["worker 1", "worker 2"])

    def test_a_row_says_how_many_tests_it_has_and_how_long_they_took(self):
        page = timeline(
            TestRecord("a", worker="worker 1", duration=0.25), TestRecord("b", worker="worker 1", duration=0.5)
        )
        self.assertEqual(re.findall(r'class="soft">(.*?)</span>', page), ["· 2 tests · 0.750 s"])

    def test_a_bar_begins_and_ends_with_its_test(self):
        passed = TestRecord("a", started=1.0, duration=1.0, passed=True)
        page = timeline(passed, TestRecord("b", started=2.0, duration=2.0))
        bars = re.findall(r'class="(\w+)" x="(\d+)" y="2" width="([\d.]+)"', page)
        self.assertEqual(bars, [("success", "250", "250.0"), ("interrupted", "500", "500.0")])

    def test_short_tests_at_one_place_share_a_bar_that_shows_the_worst_of_them(self):
        page = timeline(
            TestRecord("long", duration=1000.0, passed=True),
            TestRecord("a", started=5.1, duration=0.01, passed=True),
            TestRecord("b", started=5.2, duration=0.01, entries=[Entry("failure")]),
        )
        self.assertIn('<rect class="failure" x="5"', page)
        self.assertEqual(re.findall("<title>(.*?)</title>", page), ["long, 1000.000 s", "2 tests"])

    def test_the_drawing_has_a_label_in_words(self):
        page = timeline(TestRecord("a", duration=0.5, passed=True), TestRecord("b", started=0.5, duration=0.5))
        self.assertIn('aria-label="2 tests from 0.000 s to 1.000 s, 1 of them unsuccessful"', page)

    def test_a_run_without_tests_has_none(self):
        self.assertEqual(timeline(TestRecord("setUpModule (m)", "fixture")), "")


class SlotsTest(hermetic.HermeticTestCase):
    """More processes than a screen has rows."""

    def slots(self, *records):
        found = html_timeline.Timeline(RunRecord([], "", "", "", 0.0, tests=[*records]))
        return found.names, found.rows

    def test_processes_that_follow_each_other_share_a_row(self):
        tests = [TestRecord(f"t{n}", started=n // 2, duration=1.0, worker=f"worker {n}") for n in range(100)]
        names, found = self.slots(*tests)
        self.assertEqual((names, found), (["slot 1", "slot 2"], [0, 1] * 50))

    def test_main_has_a_row_to_itself(self):
        tests = [TestRecord(f"t{n}", started=float(n), duration=0.5, worker=f"worker {n}") for n in range(30)]
        self.assertEqual(self.slots(TestRecord("main"), *tests)[1], [0] + [1] * 30)

    def test_more_tests_at_a_time_than_rows_overlap(self):
        tests = [TestRecord(f"t{n}", duration=1.0, worker=f"worker {n}") for n in range(100)]
        names, found = self.slots(*tests)
        self.assertEqual((len(names), sorted({*found})), (24, [*range(24)]))

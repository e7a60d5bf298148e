"""A test in the HTML report: its message in the row, the difference, the source, and the output."""

from __future__ import annotations

import re

import hermetic
from hermetic._base.records import PastRun
from hermetic._reports import html_details
from hermetic._reports.test_records import Entry, TestRecord, Trends


def row(record: TestRecord, trends: Trends | None = None) -> str:
    return "\n".join(html_details.row(1, record, trends))


def failed(message: str = "", **fields: object) -> str:
    return row(TestRecord("m.C.test", entries=[Entry("failure", type="AssertionError", message=message, **fields)]))


class RowTest(hermetic.HermeticTestCase):
    def summary(self, record: TestRecord, trends: Trends | None = None) -> str:
        return re.sub("<.*?>", "", row(record, trends).partition("</summary>")[0])

    def test_the_first_line_of_the_message_is_in_the_row(self):
        for outcome, kind, message, expected in (
            ("failure", "AssertionError", "1 != 2\nmore", "AssertionError: 1 != 2"),
            ("error", "shop.errors.NotFound", "", "NotFound"),
            ("error", "hermetic.NetworkViolationError", "[H001] network violation", "[H001] network violation"),
        ):
            record = TestRecord("m.C.test", entries=[Entry(outcome, type=kind, message=message)])
            self.assertTrue(self.summary(record).endswith(f"s{expected}"), self.summary(record))

    def test_a_test_that_the_end_of_the_run_interrupted_says_so(self):
        self.assertIn("the run ended before this test finished", self.summary(TestRecord("m.C.test")))

    def test_a_flaky_test_shows_the_failure_of_its_first_attempt(self):
        attempts = [
            TestRecord("t", entries=[Entry("error", type="OSError", message="gone")]),
            TestRecord("t", passed=True),
        ]
        found = row(TestRecord("t", passed=True, attempts=attempts, diagnosis="It is slow."))
        self.assertIn("≈</span> flaky", found)
        for text in ("OSError: gone", "Attempt 1: error", "Attempt 2: passed", "It is slow."):
            self.assertIn(text, found)

    def test_changes_and_the_last_runs_are_there(self):
        runs = [PastRun(1.0, 1.0, 1, 0, "", ("m.C.test",), (), ())]
        trends = Trends(runs, runs[0]._replace(started=2.0), {"m.C.test": "new_failure"}, [])
        record = TestRecord("m.C.test", entries=[Entry("failure")])
        self.assertIn("new failure", self.summary(record, trends))
        self.assertIn('aria-label="failed, failed"', row(record, trends))


class SourceTest(hermetic.HermeticTestCase):
    def test_the_line_that_failed_is_marked(self):
        found = failed("1 != 2", file="test_m.py", line=9, source="def test(self):\n    fail(1 < 2)", source_line=8)
        self.assertIn("test_m.py:9", found)
        self.assertIn('<span class="line"> 8</span> def test(self):', found)
        self.assertIn('<mark><span class="line"> 9</span>     fail(1 &lt; 2)</mark>', found)

    def test_the_traceback_is_open_where_there_is_no_source(self):
        self.assertIn("<details open><summary>Traceback", failed("1 != 2", text="Traceback"))
        self.assertIn("<details><summary>Traceback", failed("1 != 2", text="Traceback", source="x", source_line=1))

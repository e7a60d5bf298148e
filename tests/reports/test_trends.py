"""What a report says about earlier runs: what is new, fixed, slower and flaky."""

from __future__ import annotations

import hermetic
from hermetic._base.records import PastRun
from hermetic._reports import trends
from hermetic._reports.test_records import Entry, RunRecord, TestRecord

BAD = [Entry("failure")]


def past(started=1.0, *, code="", failed=(), passed=(), flaky=()):
    return PastRun(started, 1.0, 3, len(failed), code, tuple(failed), tuple(passed), tuple(flaky))


def compared(*records, runs=None, durations=(), failed=(), code=""):
    run = RunRecord([], "", "", "", 9.0, tests=[*records], code=code)
    return trends.compare(run, [past()] if runs is None else runs, dict(durations), failed)


class ChangesTest(hermetic.HermeticTestCase):
    def test_a_test_that_did_not_fail_in_its_last_run_is_a_new_failure(self):
        found = compared(TestRecord("a", entries=BAD), TestRecord("b", entries=BAD), failed=["b"])
        self.assertEqual(found.changes, {"a": "new_failure"})

    def test_a_test_that_failed_in_its_last_run_is_fixed(self):
        found = compared(TestRecord("a", passed=True), TestRecord("b", entries=[Entry("skip")]), failed=["a", "b"])
        self.assertEqual(found.changes, {"a": "fixed"})

    def test_a_slower_test_takes_twice_as_long_and_a_quarter_of_a_second_more(self):
        took = {"double": (1.0, 2.1), "short": (0.1, 0.34), "long": (1.0, 1.9), "new": (None, 9.0)}
        records = [TestRecord(name, passed=True, duration=now) for name, (_, now) in took.items()]
        known = {name: before for name, (before, _) in took.items() if before}
        self.assertEqual(compared(*records, durations=known).changes, {"double": "slower"})

    def test_a_fixture_is_known_by_its_class(self):
        fixture = TestRecord("setUpClass (m.C)", "fixture", module="m", class_name="C", entries=BAD)
        self.assertEqual(compared(fixture).changes, {"m.C": "new_failure"})
        self.assertEqual(compared(fixture, failed=["m.C"]).changes, {})

    def test_the_first_run_has_no_changes_and_this_run_is_no_earlier_one(self):
        found = compared(TestRecord("a", entries=BAD), runs=[past(9.0)])
        self.assertEqual((found.changes, found.runs, found.now.failed), ({}, [], ("a",)))


class FlakyTest(hermetic.HermeticTestCase):
    def test_both_outcomes_with_the_same_code_are_flaky(self):
        runs = [past(1.0, code="x", failed=["a", "b"]), past(2.0, code="y", passed=["b"])]
        found = compared(TestRecord("a", passed=True), TestRecord("b", passed=True), runs=runs, code="x")
        self.assertEqual([(test.id, test.failed, test.passed, test.runs_ago) for test in found.flaky], [
            ("a", 1, 1, 2), ("b", 1, 2, 2),
        ])  # fmt: skip

    def test_other_code_or_unknown_code_explains_another_outcome(self):
        for before, now in (("x", "y"), ("", "")):
            runs = [past(1.0, code=before, failed=["a"])]
            self.assertEqual(compared(TestRecord("a", passed=True), runs=runs, code=now).flaky, [])

    def test_a_test_that_passed_on_retry_is_flaky_whatever_the_code(self):
        attempts = [TestRecord("b", entries=BAD), TestRecord("b", passed=True)]
        found = compared(TestRecord("b", passed=True, attempts=attempts), runs=[past(flaky=["a"])])
        self.assertEqual([(test.id, test.retried, test.runs_ago) for test in found.flaky], [("b", 1, 0), ("a", 1, 1)])

    def test_the_outcomes_of_a_test_are_in_the_order_of_the_runs(self):
        runs = [past(1.0, failed=["a"]), past(2.0), past(3.0, passed=["a"]), past(4.0, flaky=["a"])]
        self.assertEqual(compared(TestRecord("a", entries=BAD), runs=runs).outcomes("a"), "FpRF")

"""Records of tests: the outcome of a test, and the totals of a run."""

from __future__ import annotations

import hermetic
from hermetic._reports.test_records import OUTCOMES, Entry, RunRecord, TestRecord


class OutcomeTest(hermetic.HermeticTestCase):
    def outcome(self, *entries: Entry, **fields: bool) -> str:
        return TestRecord("t", entries=[*entries], **fields).outcome

    def test_the_worst_of_several_is_the_outcome(self):
        self.assertEqual(self.outcome(Entry("skip"), Entry("failure"), Entry("error"), passed=True), "error")
        self.assertEqual(self.outcome(Entry("failure", "(i=1)"), passed=True), "failure")

    def test_a_test_of_which_nothing_was_told_was_interrupted(self):
        record = TestRecord("t")
        self.assertEqual((record.outcome, record.is_bad), ("interrupted", True))

    def test_a_skipped_subtest_leaves_a_success_one(self):
        self.assertEqual(self.outcome(Entry("skip", "(i=1)"), passed=True), "success")

    def test_a_test_whose_subtests_were_all_skipped_was_skipped_for_their_reasons(self):
        skips = [Entry("skip", f"(i={n})", message=reason) for n, reason in enumerate(["slow", "slow", "old"])]
        record = TestRecord("t", entries=skips, all_skipped=True)
        self.assertEqual((record.outcome, record.reason), ("skip", "slow; old"))
        self.assertEqual(record.skipped_subtests, skips)

    def test_the_reason_of_a_skip_is_its_own(self):
        entries = [Entry("skip", "(i=1)", message="subtest"), Entry("skip", message="test")]
        self.assertEqual(TestRecord("t", entries=entries).reason, "test")

    def test_outcomes_that_were_expected_are_not_bad(self):
        good = [outcome for outcome in OUTCOMES[:-1] if not TestRecord("t", entries=[Entry(outcome)]).is_bad]
        self.assertEqual(good, ["expected_failure", "skip"])

    def test_the_class_is_named_with_its_module_as_far_as_there_are_any(self):
        self.assertEqual(TestRecord("t", module="m.n", class_name="C").qualified_class, "m.n.C")
        self.assertEqual(TestRecord("t", class_name="C").qualified_class, "C")


def retried(*outcomes: str) -> TestRecord:
    """The record of a test whose attempts had these outcomes."""
    attempts = [
        TestRecord("m.C.test", passed=outcome == "success", entries=[Entry(outcome)] if outcome != "success" else [])
        for outcome in outcomes
    ]
    found = TestRecord("m.C.test", attempts=attempts, passed=outcomes[-1] == "success")
    found.entries = [] if found.is_flaky else attempts[0].entries
    return found


class RetriesTest(hermetic.HermeticTestCase):
    def test_a_test_is_flaky_if_its_last_attempt_has_passed(self):
        expected = {
            ("failure", "success"): ("success", ["failure"]),
            ("error", "failure", "expected_failure"): ("interrupted", ["error", "failure"]),
        }
        for outcomes, (outcome, failed) in expected.items():
            record = retried(*outcomes)
            found = record.is_flaky, record.outcome, [attempt.outcome for attempt in record.failed_attempts]
            self.assertEqual(found, (True, outcome, failed))

    def test_a_test_that_never_passes_shows_its_first_attempt_itself(self):
        for outcomes in (("failure", "error"), ("error", "skip"), ("unexpected_success", "interrupted")):
            record = retried(*outcomes)
            found = record.is_flaky, record.outcome, [attempt.outcome for attempt in record.failed_attempts]
            self.assertEqual(found, (False, outcomes[0], [outcomes[1]]))

    def test_flaky_tests_are_counted(self):
        run = RunRecord([], "", "", "", 0.0, tests=[retried("error", "success"), retried("error", "error")])
        self.assertEqual((run.totals()["flaky"], run.totals()["success"], run.totals()["error"]), (1, 1, 1))

    def test_a_test_that_was_not_retried_is_not_flaky(self):
        self.assertFalse(TestRecord("t", passed=True).is_flaky)


class TotalsTest(hermetic.HermeticTestCase):
    def test_tests_fixtures_outcomes_and_violations_are_counted(self):
        run = RunRecord([], "", "", "", 0.0, loaded=4)
        run.tests = [
            TestRecord("a", passed=True),
            TestRecord("b", entries=[Entry("error")], violations=["one", "two"]),
            TestRecord("setUpClass (c)", "fixture", entries=[Entry("error")], violations=["three"]),
        ]
        totals = run.totals()
        counts = {name: totals[name] for name in ("tests", "fixtures", "not_run", "success", "error", "violations")}
        self.assertEqual(counts, {"tests": 2, "fixtures": 1, "not_run": 2, "success": 1, "error": 2, "violations": 3})

    def test_no_negative_number_of_tests_was_not_run(self):
        self.assertEqual(
            RunRecord([], "", "", "", 0.0, tests=[TestRecord("a"), TestRecord("a")]).totals()["not_run"], 0
        )

"""Which verdicts differ, and what becomes of a record."""

from __future__ import annotations

from hermetic import HermeticTestCase
from hermetic._reports.test_records import Entry, TestRecord
from hermetic._vary import verdicts
from hermetic._vary.verdicts import FAILS, IS_SKIPPED, MISSING, MODULE, PASSES, TEST, Subject, Verdict, Verdicts


def verdict(outcome, codes=(), text=""):
    return Verdict(outcome, text, codes, 0.0)


class DiffersTest(HermeticTestCase):
    def test_outcomes_and_violations_are_compared(self):
        self.assertTrue(verdicts.differs(verdict(PASSES), verdict(FAILS)))
        self.assertTrue(verdicts.differs(verdict(FAILS), verdict(PASSES)))
        self.assertTrue(verdicts.differs(verdict(FAILS, ("H001",)), verdict(FAILS, ("H003",))))
        self.assertFalse(verdicts.differs(verdict(FAILS, text="one"), verdict(FAILS, text="other")))

    def test_skipped_and_missing_tests_differ_from_nothing(self):
        for outcome in (PASSES, FAILS):
            for other in (verdict(IS_SKIPPED), MISSING):
                self.assertFalse(verdicts.differs(verdict(outcome), other))
                self.assertFalse(verdicts.differs(other, verdict(outcome)))

    def test_an_import_that_nobody_reports_has_passed(self):
        before, after = Verdicts(), Verdicts({Subject(MODULE, "m", 0): verdict(FAILS)})
        self.assertEqual(verdicts.changed(before, after), [Subject(MODULE, "m", 0)])
        self.assertEqual(verdicts.changed(after, before), [Subject(MODULE, "m", 0)])

    def test_a_test_that_does_not_run_is_not_changed(self):
        passed = Verdicts({Subject(TEST, "m.C.t", 0): verdict(PASSES)})
        self.assertEqual(verdicts.changed(passed, Verdicts()), [])


class RecordTest(HermeticTestCase):
    def of(self, *entries, **kwargs):
        found = verdicts.verdict_of(TestRecord("m.C.t", entries=[*entries], **kwargs))
        return found.outcome, found.text

    def test_outcomes_are_of_three_classes(self):
        self.assertEqual(self.of(passed=True), (PASSES, ""))
        self.assertEqual(self.of(Entry("expected_failure")), (PASSES, ""))
        self.assertEqual(self.of(Entry("skip", message="not here")), (IS_SKIPPED, "not here"))
        self.assertEqual(self.of(Entry("unexpected_success")), (FAILS, "unexpected success"))
        self.assertEqual(self.of(Entry("failure", type="E", message="one\ntwo")), (FAILS, "E: one"))
        self.assertEqual(self.of(), (FAILS, "interrupted"))

    def test_a_failed_import_is_told_by_its_last_line(self):
        text = "Failed to import test module: m\nTraceback (most recent call last):\n  x\nKeyError: 'HOME'\n\n"
        self.assertEqual(self.of(Entry("error", type="ImportError", message=text)), (FAILS, "KeyError: 'HOME'"))

    def test_long_texts_are_cut(self):
        _, text = self.of(Entry("error", type="E", message="x" * 1000))
        self.assertLess(len(text), 300)

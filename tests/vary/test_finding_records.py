"""The findings in the records of reports."""

from __future__ import annotations

from unittest import mock

from hermetic import HermeticTestCase
from hermetic._vary import by_hand
from hermetic._vary.finding_records import records_of
from hermetic._vary.study_findings import Finding, StudyFindings
from hermetic._vary.verdicts import (
    FAILS,
    FIXTURE,
    IS_SKIPPED,
    MODULE,
    MOST_TESTS,
    PASSES,
    TEST,
    Subject,
    Verdict,
    Verdicts,
)

PLACE = ("m", "C", "test", "m.py", 3)
PASS = Verdict(PASSES, "", (), 0.5, PLACE)
FAILURE = Verdict(FAILS, "KeyError: 1", (), 0.5, PLACE)


def subject(name):
    return Subject(TEST, f"m.C.{name}", 0)


class RecordsTest(HermeticTestCase):
    def records(self, plain, **kwargs):
        findings = StudyFindings(plain=Verdicts({subject(name): verdict for name, verdict in plain.items()}), **kwargs)
        with mock.patch.object(by_hand, "command_for", lambda _: "COMMAND"):
            return {record.id: record for record in records_of(findings)}

    def test_a_dependence_is_a_failure(self):
        finding = Finding(subject("a"), ("ci=set", "umask=077"), PASS, FAILURE, 5, 5)
        record = self.records({"a": PASS, "b": PASS}, steady=[finding])["m.C.a"]
        self.assertEqual((record.outcome, record.file, record.line, record.duration), ("failure", "m.py", 3, 0.5))
        (entry,) = record.entries
        self.assertEqual(entry.message, "depends on ci=set and umask=077: KeyError: 1")
        self.assertIn("COMMAND", entry.text)

    def test_all_other_tests_have_passed_or_say_why_nobody_knows(self):
        finding = Finding(subject("d"), ("ci=set",), PASS, FAILURE, 4, 5)
        known = Finding(subject("e"), ("ci=set",), PASS, FAILURE, 5, 5, reason="wanted")
        skipped = Verdict(IS_SKIPPED, "not here", (), 0.0, PLACE)
        records = self.records(
            {"a": PASS, "b": FAILURE, "c": skipped, "d": PASS, "e": PASS, "f": PASS, "g": PASS},
            unsteady=[finding], known=[known], unstable=[subject("f")], unexplained={subject("g"): "why"},
        )  # fmt: skip
        self.assertEqual(
            {record.id[-1]: (record.outcome, record.reason) for record in records.values()},
            {
                "a": ("success", ""),
                "b": ("skip", "fails in plain runs, too: KeyError: 1"),
                "c": ("skip", "not here"),
                "d": ("skip", "changed under ci=set, but not each time"),
                "e": ("skip", "depends on ci=set: wanted"),
                "f": ("skip", "unstable: the verdict differs between plain runs"),
                "g": ("skip", "changed under variations, but no cause was found: why"),
            },
        )

    def test_what_changes_most_tests_is_one_failure_that_names_them_all(self):
        tests = {subject(str(number)): FAILURE for number in range(30)}
        finding = Finding(MOST_TESTS, ("ci=set",), PASS, FAILURE, 5, 5, tests=tests)
        records = self.records({test.name.rpartition(".")[2]: PASS for test in tests}, steady=[finding])
        self.assertEqual(
            {record.reason for record in records.values() if record.outcome == "skip"},
            {"depends on ci=set, as most of the tests do"},
        )
        (failure,) = (record for record in records.values() if record.outcome == "failure")
        self.assertEqual(failure.entries[0].text.count("m.C."), 30)
        self.assertEqual(len(records), 31)

    def test_a_module_that_cannot_be_imported_in_plain_runs_has_a_record(self):
        findings = StudyFindings(plain=Verdicts({subject("a"): PASS, Subject(MODULE, "m2", 0): FAILURE}))
        self.assertEqual(
            [record.reason for record in records_of(findings)], ["", "fails in plain runs, too: KeyError: 1"]
        )

    def test_a_fixture_has_a_record_if_it_depends_on_something(self):
        fixture = Subject(FIXTURE, "setUpClass (m.C)", 0)
        records = self.records({"a": PASS}, steady=[Finding(fixture, ("ci=set",), PASS, FAILURE, 5, 5)])
        self.assertEqual([record.kind for record in records.values()], ["test", "fixture"])

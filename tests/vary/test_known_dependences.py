"""What ``vary_known`` accepts."""

from __future__ import annotations

from hermetic import HermeticTestCase
from hermetic._settings.kinds import KnownDependences
from hermetic._vary.known_dependences import sort_out
from hermetic._vary.study_findings import Finding, StudyFindings
from hermetic._vary.verdicts import FAILS, PASSES, TEST, Subject, Verdict, Verdicts

PASS = Verdict(PASSES, "", (), 0.0)


def subject(name):
    return Subject(TEST, f"m.C.{name}", 0)


def finding(name, *names):
    return Finding(subject(name), names, PASS, Verdict(FAILS, "", (), 0.0), 5, 5)


class SortOutTest(HermeticTestCase):
    def sorted(self, *entries, tried=("timezone=UTC", "umask=077", "ci=set")):
        steady = [finding("one", "timezone=UTC"), finding("two", "umask=077", "ci=set"), finding("three", "ci=set")]
        plain = Verdicts({subject(name): PASS for name in ("one", "two", "three")})
        findings = StudyFindings(steady=steady, plain=plain)
        sort_out(findings, entries, tried)
        return findings

    def test_an_entry_accepts_its_test_with_its_reason(self):
        findings = self.sorted("timezone m.C.one: local times", "ci m.C.th*: asks for CI")
        self.assertEqual([one.subject for one in findings.steady], [subject("two")])
        self.assertEqual(
            [(one.subject, one.reason) for one in findings.known],
            [(subject("one"), "local times"), (subject("three"), "asks for CI")],
        )
        self.assertEqual(findings.gone, [])

    def test_all_variations_of_a_set_have_to_be_named(self):
        self.assertEqual(len(self.sorted("ci m.C.two: why", "umask m.C.two: why").known), 0)
        self.assertEqual(len(self.sorted("umask,ci m.C.two: why").known), 1)

    def test_an_entry_that_accepts_nothing_is_gone_if_that_was_tried(self):
        entry = "timezone m.C.two: why"
        self.assertEqual(self.sorted(entry).gone, [entry])
        self.assertEqual(self.sorted(entry, tried=("ci=set",)).gone, [])
        self.assertEqual(self.sorted("timezone m.C.four: why").gone, [])


class KindTest(HermeticTestCase):
    def test_entries_have_variations_a_test_and_a_reason(self):
        kind = KnownDependences()
        entry = "timezone,ci tests.test_x.*: local: times"
        self.assertEqual(kind.parse([f"  {entry} "]), (entry,))
        self.assertEqual(kind.parse(f"\n{entry}\n{entry}\n"), (entry, entry))
        self.assertEqual(kind.shown((entry, entry)), f"{entry}; {entry}")
        self.assertEqual(kind.shown(()), "none")
        for wrong in (1, [1], ["timezone tests"], ["timezone tests:"], ["time tests: why"], ["timezone: why"]):
            self.assertIsNone(kind.parse(wrong), wrong)

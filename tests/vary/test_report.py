"""The text of the report."""

from __future__ import annotations

import dataclasses
import os
from unittest import mock

from hermetic import HermeticTestCase
from hermetic._base import command
from hermetic._variations.variation import Variation
from hermetic._vary import by_hand, report
from hermetic._vary.study_findings import ALL_TESTS, Finding, StudyFindings
from hermetic._vary.verdicts import FAILS, FIXTURE, MODULE, MOST_TESTS, PASSES, TEST, Subject, Verdict, Verdicts


def finding(name, *names, text="AssertionError: 1 != 2", shown=5, **kwargs):
    plain, varied = Verdict(PASSES, "", (), 0.0), Verdict(FAILS, text, (), 0.0)
    return Finding(Subject(TEST, f"m.C.{name}", 0), names, plain, varied, shown, 5, **kwargs)


def plain(count):
    return Verdicts({Subject(TEST, f"m.C.{number}", 0): Verdict(PASSES, "", (), 0.0) for number in range(count)})


STEADY = """
ci=set (CI=true)
  m.C.one fails under it (5 of 5 times), and passes without
    AssertionError: 1 != 2
    also with ci=unset
    COMMAND
  m.C.three fails under it (5 of 5 times), and passes without
    AssertionError: 1 != 2
    COMMAND
  remedy: python -m hermetic --explain ci

ci=set (CI=true)
umask=077 (umask 077)
  m.C.two fails under all of them (5 of 5 times), and passes without
    AssertionError: 1 != 2
    COMMAND
  remedy: python -m hermetic --explain ci, python -m hermetic --explain umask

3 of 9 tests depend on what was varied."""


SECTIONS = (
    "by vary_known:\n  m.C.t: ci=set (wanted)\n",
    "no longer found: remove:\n  ci m.*: wanted\n",
    "not each time:\n  m.C.t: ci=set, in 4 of 5 runs\n",
    "no cause was found:\n  m.C.t (number 2 of this name): why\n",
    "Failed in plain runs, too:\n  the import of m2: ImportError\n",
    "differs between plain runs:\n  m.C.t (number 2 of this name)\n",
    "run under ci=set:\n  m.C.t (number 2 of this name)\n",
    "has set it already:\n  ci=unset: CI is so already\n",
    "under umask=077, so nothing is known:\n  m.C.t (number 2 of this name)\n",
    "the time was used up:\n  umask=000\n",
    "\nNone of 5 tests was found to depend on what was varied.",
)


MOST = """
ci=set (CI=true)
  45 of 50 passing tests change under it (5 of 5 times for those that were checked)
    m.C.t0: no
    m.C.t1: no
    m.C.t2: no
    and 42 more tests (--json, --junit-xml and --html list all)
    COMMAND
  remedy: python -m hermetic --explain ci

45 of 50 tests depend on what was varied."""
ONE = "\n1 of 1 test depends on what was varied."
COUNTS = "0 of 9 tests depend on what was varied. Other findings: 1 fixture, 2 imports."


class ReportTest(HermeticTestCase):
    def text(self, **kwargs):
        with (
            mock.patch.object(by_hand, "command_for", lambda _: "COMMAND"),
            mock.patch.object(by_hand, "bisection_for", lambda finding: "BISECTION" * (finding.company == ALL_TESTS)),
            mock.patch.object(command, "NAME", "python -m hermetic"),
        ):
            return report.text(StudyFindings(**kwargs))

    def test_findings_stand_below_what_was_varied(self):
        steady = [
            finding("one", "ci=set", also=["ci=unset"]),
            finding("two", "ci=set", "umask=077"),
            finding("three", "ci=set"),
        ]
        self.assertEqual(self.text(steady=steady, plain=plain(9)), STEADY)

    def test_a_single_test_is_counted_in_the_singular(self):
        self.assertTrue(self.text(steady=[finding("one", "ci=set")], plain=plain(1)).endswith(ONE))

    def test_a_hash_seed_is_compared_with_that_of_plain_runs(self):
        with mock.patch.dict(os.environ):
            os.environ.pop("PYTHONHASHSEED", None)
            self.assertIn(
                "fails under it (5 of 5 times), and passes with PYTHONHASHSEED=0\n",
                self.text(steady=[finding("one", "hash-seed=1")]),
            )
            os.environ["PYTHONHASHSEED"] = "7"
            self.assertIn("passes with PYTHONHASHSEED=7\n", self.text(steady=[finding("one", "hash-seed=1")]))

    def test_what_is_no_accusation_has_sections_of_its_own(self):
        subject, known = Subject(TEST, "m.C.t", 1), finding("t", "ci=set", reason="wanted")
        failure = Verdict(FAILS, "ImportError", (), 0.0)
        text = self.text(
            unsteady=[finding("t", "ci=set", shown=4)],
            unstable=[subject],
            unexplained={subject: "why"},
            unskipped={subject: "ci=set"},
            not_run={subject: "umask=077"},
            left_out={"ci=unset": "CI is so already"},
            not_tried=["umask=000"],
            plain=Verdicts({**plain(3), subject: failure, known.subject: failure, Subject(MODULE, "m2", 0): failure}),
            known=[known],
            gone=["ci m.*: wanted"],
        )
        for part in SECTIONS:
            self.assertIn(part, text)

    def test_a_finding_that_takes_other_tests_has_the_command_that_finds_them(self):
        text = self.text(steady=[finding("one", "ci=set", company=ALL_TESTS), finding("two", "ci=set")], plain=plain(9))
        self.assertEqual(text.count("    COMMAND\n"), 2)
        self.assertEqual(text.count("    COMMAND\n    it takes other tests; to find them: BISECTION\n"), 1)

    def test_long_lists_end_with_the_number_of_the_rest(self):
        tests = {Subject(TEST, f"m.C.t{number}", 0): Verdict(FAILS, "no", (), 0.0) for number in range(45)}
        text = self.text(
            steady=[finding(f"t{number}", "ci=set") for number in range(45)],
            unskipped=dict.fromkeys(tests, "ci=set, umask=077"),
            left_out={f"v{number}": "why" for number in range(45)},
            plain=plain(45),
        )
        self.assertEqual(text.count("fails under it"), 20)
        self.assertEqual(text.count("  and 25 more tests (--json, --junit-xml and --html list all)\n"), 2)
        self.assertEqual(text.count("ci=set, umask=077"), 1)
        self.assertEqual(text.count("why"), 45)

    def test_what_changes_most_tests_is_one_finding(self):
        tests = {Subject(TEST, f"m.C.t{number}", 0): Verdict(FAILS, "no", (), 0.0) for number in range(45)}
        varied = Verdict(FAILS, "45 of 50 passing tests change", (), 0.0)
        finding = Finding(MOST_TESTS, ("ci=set",), Verdict(PASSES, "", (), 0.0), varied, 5, 5, tests=tests)
        self.assertEqual(self.text(steady=[finding], plain=plain(50)), MOST)

    def test_imports_and_programs_are_not_counted_as_tests(self):
        others = [
            dataclasses.replace(finding("t", "ci=set"), subject=subject)
            for subject in (Subject(MODULE, "m", 0), Subject(MODULE, "n", 0), Subject(FIXTURE, "setUpModule (m)", 0))
        ]
        self.assertTrue(self.text(steady=others, plain=plain(9)).endswith("\n" + COUNTS))

    def test_all_variations_are_listed_with_what_this_machine_cannot_do(self):
        with mock.patch.object(Variation, "why_not", lambda variation: "no shell" * (variation.subject == "umask")):
            listed = report.list_of_variations()
        self.assertRegex(listed, r"(?m)^hash-seed=1 +PYTHONHASHSEED=1: .*sets of text$")
        self.assertRegex(listed, r"(?m)^umask=077 +umask 077 \(not here: no shell\)$")

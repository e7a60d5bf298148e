"""What the summary says of known violations: how many there were, and which no longer occur."""

from __future__ import annotations

import io
import os
import types
from unittest import mock

import hermetic
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._reports.test_records import Entry, TestRecord
from hermetic._results.summary import Summary
from hermetic._settings.current_run import current_run
from hermetic._settings.values import Settings
from hermetic._verdicts.known_violations import KnownViolations

PATH = os.path.join("root", "hermetic-baseline.txt")


def violation(test: str, host: str) -> Violation:
    operation = Operation("network", "connect", f"{host}:1", "socket.socket.connect", "inet", host, 1)
    return Violation("H001", "small", test, operation, CallSite("shop.py", 3, "buy", "shop", "", ""))


class KnownViolationsTest(hermetic.HermeticTestCase):
    def told_apart(self, entries, warned=(), *, is_whole=True, old=(), **of_result):
        result = types.SimpleNamespace(
            **{"ended_early": None, "errors": [], "failures": [], "skipped": [], **of_result}
        )
        places = dict.fromkeys(old, frozenset())
        settings = Settings(baseline=frozenset(entries), old_baselines=places, root="root")
        with mock.patch.object(current_run, "_settings", settings):
            return KnownViolations([self], is_whole=is_whole).told_apart(warned, result)

    def test_known_violations_are_counted_and_others_are_left(self):
        known, new = violation("m.C.test", "one"), violation("m.C.test", "two")
        left, lines = self.told_apart(["H001 m.C.test one"], [known, new, known])
        self.assertEqual(left, [new])
        self.assertEqual(lines, ["baseline: 1 known violation in 1 test"])

    def test_entries_that_no_longer_occur_are_named_with_the_file(self):
        _, lines = self.told_apart(["H001 m.C.gone one", "H003 m.C.gone git"])
        self.assertEqual(
            lines,
            [
                f"baseline: 2 known violations no longer occur: remove them from {PATH},",
                "  or run with --write-baseline to update the file:",
                "  H001 m.C.gone one",
                "  H003 m.C.gone git",
            ],
        )

    def test_many_of_them_are_counted(self):
        _, lines = self.told_apart([f"H001 m.C.gone host{number:02}" for number in range(12)])
        self.assertEqual(lines[-2:], ["  H001 m.C.gone host09", "  ... and 2 more"])

    def test_a_run_that_does_not_know_says_nothing(self):
        own = f"H001 {self.id()} one"
        for of_run in ({"ended_early": "Ctrl-C"}, {"failures": [(self, "")]}, {"skipped": [(self, "")]}):
            with self.subTest(of_run):
                self.assertEqual(self.told_apart([own], **of_run), ([], []))
        self.assertEqual(self.told_apart(["H001 m.C.gone one"], is_whole=False), ([], []))
        self.assertIn("1 known violation no longer occurs: remove it", self.told_apart([own], is_whole=False)[1][0])

    def test_places_of_old_are_warned_of(self):
        _, lines = self.told_apart(["H001 m.C.test one"], [violation("m.C.test", "one")], old=["setup.cfg"])
        self.assertEqual(
            lines[0],
            "baseline: setup.cfg lists known violations, which is deprecated: run with --write-baseline to move them to"
            f" {PATH}",
        )


class RetriesTest(hermetic.HermeticTestCase):
    def line(self, *outcomes, diagnosis=""):
        attempts = [TestRecord("test_a.ATest.test_it", entries=[Entry(outcome)]) for outcome in outcomes]
        summary = Summary()
        summary.addRetries(self, attempts, diagnosis)
        result = types.SimpleNamespace(ended_early=None)
        return summary.summary_lines(result, io.StringIO())[0].partition(":")[0]

    def test_the_attempts_are_counted_by_what_they_came_to(self):
        self.assertEqual(self.line("failure", "error"), "failed in each of 2 attempts")
        self.assertEqual(self.line("failure", "skip", "skip"), "failed in 1 of 3 attempts, and was skipped in 2")

    def test_attempts_that_could_not_be_made_are_not_counted(self):
        self.assertEqual(self.line("failure", "error", diagnosis="[H007] no"), "could not be retried")

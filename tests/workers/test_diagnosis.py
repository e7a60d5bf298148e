"""What the attempts of a test show."""

from __future__ import annotations

import sys
import types
from unittest import mock

import hermetic
from hermetic._reports.test_records import Entry, TestRecord
from hermetic._settings.current_run import current_run
from hermetic._workers import diagnosis

FAILED, PASSED = TestRecord("m.C.test", entries=[Entry("failure")]), TestRecord("m.C.test", passed=True)


class DiagnosisTest(hermetic.HermeticTestCase):
    def diagnosis(self, *attempts, before=0, words="-m hermetic m", seed="off"):
        with (
            mock.patch.object(sys, "orig_argv", ["python", *words.split()]),
            mock.patch.object(sys, "argv", ["main", *words.split()[2:]]),
            mock.patch.multiple(current_run, order=types.SimpleNamespace(seed=seed), is_program=True),
        ):
            return diagnosis.of_attempts(self, before, [*attempts])

    def test_a_test_that_fails_after_others_and_passes_alone_has_a_command(self):
        for before, others in ((1, "another test"), (2, "2 other tests")):
            lines = self.diagnosis(FAILED, PASSED, before=before).splitlines()
            self.assertIn(f"failed after {others} in", lines[0])
            self.assertEqual(lines[1:], ["  python -m hermetic --bisect m.C.test m"])

    def test_the_command_repeats_the_order(self):
        text = self.diagnosis(FAILED, PASSED, before=1, words="-m hermetic m --shuffle", seed="7")
        self.assertIn("python -m hermetic --bisect m.C.test m --shuffle --shuffle 7", text)

    def test_a_command_that_bisect_does_not_take_is_replaced(self):
        for words in ("-m hermetic m --last-failed", "-m hermetic -- m"):
            with self.subTest(words):
                text = self.diagnosis(FAILED, PASSED, before=1, words=words)
                self.assertTrue(text.endswith(f"python -m hermetic {__name__} --bisect m.C.test"), text)

    def test_a_test_that_has_failed_alone_does_not_depend_on_others(self):
        self.assertIn("failed and passed alone", self.diagnosis(FAILED, FAILED, PASSED, before=3))
        self.assertIn("No test ran before it", self.diagnosis(FAILED, PASSED))

    def test_what_no_other_process_can_run_says_why(self):
        text = "[H007] m.C cannot be isolated: it is defined in a function; define it at module level"
        lost = TestRecord("m.C.test", entries=[Entry("error", message=f"{text}\n  explain: ...")])
        self.assertEqual(self.diagnosis(FAILED, lost, lost), text)
        self.assertEqual(self.diagnosis(FAILED, FAILED), "")

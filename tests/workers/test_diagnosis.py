"""What the attempts of a test show."""

from __future__ import annotations

import sys
import types
from unittest import mock

import hermetic
from hermetic._base import features
from hermetic._reports.test_records import Entry, TestRecord
from hermetic._settings.current_run import current_run
from hermetic._workers import diagnosis

TIMED_OUT = "[H007] isolated test m.C.test: timed out: the test used 1.0 of its 1 seconds"
FAILED, PASSED = TestRecord("m.C.test", entries=[Entry("failure")]), TestRecord("m.C.test", passed=True)


class DiagnosisTest(hermetic.HermeticTestCase):
    def diagnosis(self, *attempts, before=0, words="-m hermetic m", seed="off", **kwargs):
        with (
            mock.patch.object(sys, "orig_argv", ["python", *words.split()]),
            mock.patch.object(sys, "argv", ["main", *words.split()[2:]]),
            mock.patch.multiple(current_run, order=types.SimpleNamespace(seed=seed), is_program=True),
        ):
            return diagnosis.of_attempts(self, before, [*attempts], **kwargs)

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

    def test_a_test_that_passes_with_other_hashes_alone_says_so(self):
        def text(again):
            return self.diagnosis(FAILED, FAILED, PASSED, fails_again=lambda: again)

        with mock.patch.dict("os.environ", PYTHONHASHSEED="7"), mock.patch.object(features, "WINDOWS", new=False):
            self.assertIn("failed 3 times with the hash seed of this run, and passed with another", text(again=True))
            self.assertIn("\n  PYTHONHASHSEED=7 python -m hermetic -k m.C.test m", text(again=True))
            self.assertIn("depends on time, chance", text(again=False))
        with mock.patch.dict("os.environ", PYTHONHASHSEED="random"):
            self.assertIn("\n  python -m hermetic --until-failure -k m.C.test m", text(again=True))

    def test_a_time_out_names_the_slowest_phase(self):
        passed = TestRecord("m.C.test", passed=True, duration=2.5, phases={"setUp": 0.5, "test method": 2.0})
        stacks = '  File "case.py", line 5 in _callSetUp\n  File "case.py", line 6 in run'
        for message, text in (
            (f"{TIMED_OUT}\n{stacks}", "The time was up during setUp."),
            (TIMED_OUT, "It took too long."),
            ("[H006] time violation: small test m.C.test took 2 s", "It took too long."),
        ):
            late = TestRecord("m.C.test", entries=[Entry("error", message=message)])
            slowest = "When it passed, the slowest phase was the test method: 2.00 of 2.50 s."
            self.assertEqual(self.diagnosis(late, passed), f"{text} {slowest}")
            self.assertEqual(self.diagnosis(late, PASSED), text)

    def test_what_no_other_process_can_run_says_why(self):
        text = "[H007] m.C cannot be isolated: it is defined in a function; define it at module level"
        lost = TestRecord("m.C.test", entries=[Entry("error", message=f"{text}\n  explain: ...")])
        self.assertEqual(self.diagnosis(FAILED, lost, lost), text)
        self.assertEqual(self.diagnosis(FAILED, FAILED), "")

"""The outcome of the last test of a trial, from the frames of its worker."""

from __future__ import annotations

from hermetic import HermeticTestCase
from hermetic._studies import trials

ERROR = {"exceptions": [{"type": ["builtins", "ValueError"], "text": "first\nsecond"}]}
DIED = ["died", "ended by SIGKILL\nand more", 1.0, 1.0]


def ready(number):
    return ["ready", [], number]


class LastTestTest(HermeticTestCase):
    def outcome(self, *told, before=1, name="m.T.test_last"):
        last = trials.LastTest(before, name)
        for frame in told:
            last.take(frame)
        return last.outcome(0.5)

    def test_outcomes_of_earlier_tests_do_not_count(self):
        earlier = [["begin", "m.T.test_a", 1.0], ["outcome", "error", ERROR], ready(1)]
        found = self.outcome(*earlier, ["begin", "m.T.test_last", 2.0], ["outcome", "success", None], ready(2))
        self.assertEqual((found.verdict, found.text, found.ended_at), (trials.PASSES, "", None))

    def test_a_failure_is_described_in_one_line(self):
        found = self.outcome(ready(1), ["begin", "m.T.test_last", 2.0], ["outcome", "failure", ERROR], ready(2))
        self.assertEqual((found.verdict, found.text), (trials.FAILS, "ValueError: first"))

    def test_outcomes_of_other_tests_in_its_block_do_not_count(self):
        found = self.outcome(ready(1), ["begin", "m.T.test_other", 2.0], ["outcome", "failure", ERROR], ready(2))
        self.assertEqual(found.verdict, trials.PASSES)

    def test_a_skip_is_one(self):
        found = self.outcome(ready(1), ["begin", "m.T.test_last", 2.0], ["outcome", "skip", "why"], ready(2))
        self.assertEqual(found.verdict, trials.IS_SKIPPED)

    def test_a_worker_that_ends_with_an_earlier_test_never_reaches_the_last(self):
        found = self.outcome(ready(1), DIED, before=2)
        self.assertEqual((found.verdict, found.text, found.ended_at), (trials.IS_NOT_REACHED, "ended by SIGKILL", 1))

    def test_the_outcomes_of_a_script_s_test_count_under_either_name(self):
        failure = ["begin", "__mp_main__.T.test_last", 2.0], ["outcome", "failure", ERROR]
        found = self.outcome(ready(1), *failure, name="__main__.T.test_last")
        self.assertEqual(found.verdict, trials.FAILS)

    def test_an_earlier_test_that_the_worker_cannot_load_has_not_run(self):
        begun = [["begin", "m.T.test_a", 1.0], ["outcome", "error", ERROR], ready(1)]
        found = self.outcome(*begun, ["outcome", "error", ERROR], ready(2), ["begin", "m.T.test_last", 2.0], before=2)
        self.assertEqual((found.verdict, found.unfound), (trials.PASSES, (1,)))

    def test_a_worker_that_ends_with_the_last_test_fails_it(self):
        found = self.outcome(ready(1), ["broken", ERROR], DIED)
        self.assertEqual((found.verdict, found.text, found.ended_at), (trials.FAILS, "ValueError: first", None))

    def test_what_happens_after_the_last_test_does_not_count(self):
        found = self.outcome(ready(1), ["outcome", "success", None], ready(2), DIED)
        self.assertEqual(found.verdict, trials.PASSES)

    def test_a_setup_that_fails_is_a_failure_and_an_earlier_teardown_is_none(self):
        teardown = ["fixture", "tearDownClass (m.Before)", "error", ERROR]
        setup = ["fixture", "setUpClass (m.T)", "error", ERROR]
        self.assertEqual(self.outcome(ready(1), teardown, ready(2)).verdict, trials.PASSES)
        self.assertEqual(self.outcome(ready(1), setup, ready(2)).verdict, trials.FAILS)

"""Tests that run in other threads than their run are reported as a whole."""

from __future__ import annotations

import sys
import threading
import unittest
from unittest import mock

import hermetic
from hermetic._results.run_result import RunResult
from hermetic._running.turns import Turn


class Result(RunResult, unittest.TestResult):
    """Logs the events of tests, and the thread of each."""

    def __init__(self) -> None:
        super().__init__()
        self.begin_run()
        self.events: list[tuple[str, object]] = []
        self.seconds: list[float] = []

    def startTest(self, test: object) -> None:
        self.events.append(("startTest", test))
        super().startTest(test)

    def stopTest(self, test: object) -> None:
        self.events.append(("stopTest", test))
        super().stopTest(test)

    def addError(self, test: object, err: object) -> None:
        self.events.append(("addError", test))
        super().addError(test, err)

    def note_timing(self, test: object, started: float, seconds: float) -> None:
        super().note_timing(test, started, seconds)
        self.seconds.append(seconds)


class TurnTest(hermetic.HermeticTestCase):
    def setUp(self) -> None:
        self.result = Result()
        self.turn = Turn(self.result)
        self.test, self.outer = unittest.FunctionTestCase(int), unittest.FunctionTestCase(int)

    def report(self, turn: Turn, test: unittest.TestCase) -> None:
        turn.startTest(test)
        try:
            raise ValueError
        except ValueError:
            turn.addError(test, sys.exc_info())
        turn.stopTest(test)

    def test_a_test_is_reported_when_it_has_ended(self) -> None:
        self.report(self.turn, self.test)
        self.assertEqual(self.result.events, [])
        self.turn.end()
        names = ["startTest", "addError", "stopTest"]
        self.assertEqual(self.result.events, [(name, self.test) for name in names])
        self.assertEqual((self.result.testsRun, len(self.result.errors)), (1, 1))

    def test_its_time_is_that_between_its_start_and_its_end(self) -> None:
        self.report(self.turn, self.test)
        self.turn.end()
        self.assertEqual(len(self.result.seconds), 1)

    def test_the_time_that_a_worker_has_measured_is_kept(self) -> None:
        self.turn.startTest(self.test)
        self.turn.note_timing(self.test, 0.0, 5.0)
        self.turn.stopTest(self.test)
        self.turn.end()
        self.assertEqual(self.result.seconds, [5.0])

    def test_it_is_put_off_while_a_test_of_the_run_is_running(self) -> None:
        self.result.startTest(self.outer)
        self.report(self.turn, self.test)
        self.turn.end()
        self.assertEqual(self.result.events, [("startTest", self.outer)])
        self.result.stopTest(self.outer)
        self.result.stopTestRun()
        self.assertEqual([name for name, test in self.result.events if test is self.test][-1], "stopTest")

    def test_a_failure_that_was_put_off_counts(self) -> None:
        self.result.startTest(self.outer)
        self.report(self.turn, self.test)
        self.turn.end()
        self.result.stopTest(self.outer)
        self.assertFalse(self.result.wasSuccessful())

    def test_a_result_that_fails_to_take_one_in_takes_in_the_next(self) -> None:
        with mock.patch.object(self.result, "addError", side_effect=OSError("the stream is closed")):
            self.report(self.turn, self.test)
            self.turn.end()
        self.assertFalse(self.result.wasSuccessful())
        following = Turn(self.result)
        self.report(following, self.outer)
        following.end()
        self.assertEqual(
            [test.id() for test, _ in self.result.errors],
            ["the report of int", self.outer.id()],
        )

    def test_a_forked_copy_that_comes_back_reaches_the_result_at_once(self) -> None:
        """The result ends it; it would go on as a thread of the suite."""
        self.result.startTest(self.outer)
        with mock.patch.object(self.turn, "_home", 0):
            self.turn.stopTest(self.test)
        self.assertEqual(self.result.events, [("startTest", self.outer), ("stopTest", self.test)])

    def test_what_is_no_report_is_that_of_the_result(self) -> None:
        self.result.failfast = True
        self.turn.stop()
        self.assertTrue(self.turn.failfast and self.result.shouldStop)

    def test_it_lacks_what_the_result_lacks(self) -> None:
        self.assertFalse(hasattr(self.turn, "addOther"))

    def test_after_a_test_of_another_thread_all_threads_take_turns(self) -> None:
        thread = threading.get_ident()
        self.assertEqual(self.result.thread, thread)
        self.report(self.turn, self.test)
        self.turn.end()
        self.assertNotIn(self.result.thread, (None, thread))


if __name__ == "__main__":
    unittest.main()

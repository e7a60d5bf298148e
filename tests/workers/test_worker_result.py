"""The frames that a worker's result sends, and the options of the requests that it is set by."""

from __future__ import annotations

import types
import unittest
from unittest import mock

from hermetic import HermeticTestCase
from hermetic._protocol import frames
from hermetic._verdicts import scopes
from hermetic._workers import worker_result


class Channel:
    def __init__(self) -> None:
        self.sent: list[list[object]] = []

    def send(self, frame: list[object], *, hold: bool = False) -> None:
        self.sent.append(frame)


class Sample(unittest.TestCase):
    def passes(self) -> None:
        pass

    def fails(self) -> None:
        self.fail("why")

    def skips(self) -> None:
        self.skipTest("why")

    def has_subtests(self) -> None:
        for number in range(2):
            with self.subTest(number=number):
                self.assertEqual(number, 0)


class SendingResultTest(HermeticTestCase):
    def sent(self, method):
        channel = Channel()
        result = worker_result._SendingResult(channel)
        with mock.patch.multiple(scopes.running, warned=[], start_methods=[]):
            Sample(method).run(result)
            result.done([])
        for frame in channel.sent:
            self.assertTrue(frames.KINDS[frame[0]](frame[1:]), frame)
        return channel.sent

    def test_a_test_that_passes_sends_its_beginning_outcome_and_end(self):
        sent = self.sent("passes")
        self.assertEqual([frame[0] for frame in sent], ["begin", "outcome", "end", "ready"])
        self.assertEqual(sent[1], ["outcome", "success", None])
        self.assertEqual(sent[3], ["ready", [], 1])

    def test_a_failure_is_described(self):
        _, (_, verdict, details), *_ = self.sent("fails")
        self.assertEqual((verdict, details["exceptions"][0]["text"]), ("failure", "why"))

    def test_a_skip_has_its_reason(self):
        self.assertEqual(self.sent("skips")[1], ["outcome", "skip", "why"])

    def test_subtests_have_their_parameters_and_verdicts(self):
        details = [frame[2] for frame in self.sent("has_subtests") if frame[:2] == ["outcome", "subtest"]]
        self.assertIn(("failure", {"number": "1"}), [(verdict, shown) for verdict, _, _, shown in details])


class OptionsTest(HermeticTestCase):
    def test_they_are_those_of_the_result_and_others(self):
        result = types.SimpleNamespace(tb_locals=1, buffer=True)
        options = {"locals": True, "failfast": False, "buffer": True, "ahead": True}
        self.assertEqual(worker_result.run_options(result, ahead=True), options)

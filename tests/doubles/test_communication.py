"""On Windows, ``communicate`` waits for threads; asking for the time lets a doubled child end, or be late."""

from __future__ import annotations

import threading
import types
from unittest import mock

from hermetic import HermeticTestCase
from hermetic._doubles import communication
from hermetic._doubles.doubled_child import READER_NAME, clock


class CommunicationTest(HermeticTestCase):
    def setUp(self):
        self.child = mock.Mock(duration=60, returncode=None)
        self.popen = types.SimpleNamespace(hermetic_child=self.child)
        self.times: list[float] = []
        self.ends: list[float | None] = []

    def original(self, popen: object, given: object, end: float | None, timeout: float | None) -> str:
        self.times.append(communication.now())
        self.ends.append(end)
        return "output"

    def communicate(self, end: float | None) -> str:
        return communication.communicating(self.original)(self.popen, b"", end, None)

    def test_a_child_without_a_duration_is_not_waited_for(self):
        self.child.duration = 0
        self.assertEqual((self.communicate(None), self.ends), ("output", [None]))
        self.child.wait.assert_not_called()

    def test_a_child_that_is_late_is_waited_for_until_the_end_of_the_time(self):
        self.assertEqual(self.communicate(clock.now() + 30), "output")
        self.assertTrue(0 < self.child.wait.call_args.args[0] <= 30)
        self.assertTrue(self.child.is_read_by_thread)

    def test_without_a_time_out_there_is_one_for_the_threads_alone(self):
        self.communicate(None)
        self.child.wait.assert_called_once_with(None)
        self.assertGreater(self.ends[0] - self.times[0], 3600)

    def test_the_threads_have_time_left_when_the_child_has_ended(self):
        self.child.returncode = 0
        end = clock.now()
        self.communicate(end)
        self.assertGreater(end - self.times[0], 3600)

    def test_a_child_that_is_still_sent_something_is_not_waited_for(self):
        self.popen._stdin_thread = mock.Mock(spec=threading.Thread, **{"is_alive.return_value": True})
        self.communicate(clock.now() + 30)
        self.child.wait.assert_not_called()

    def test_the_threads_are_named_for_what_they_do_and_nobody_asks_afterwards(self):
        self.popen.stdout_thread = mock.Mock(spec=threading.Thread)
        self.communicate(None)
        self.assertEqual(self.popen.stdout_thread.name, READER_NAME)
        communication.now()
        self.assertEqual(self.child.wait.call_count, 1)

"""Sleeps as operations, where the setting ``forbid`` names sleep."""

from __future__ import annotations

import time

import hermetic
from hermetic._base.sizes import SLEEP
from hermetic._patches import sleeps


class ReaderTest(hermetic.HermeticTestCase):
    def read(self, *seconds: object) -> object:
        return sleeps.READERS["time.sleep"](*seconds)

    def test_a_sleep_is_an_operation_with_its_seconds(self):
        operation = self.read(0.25)
        self.assertEqual((operation.kind, operation.action, operation.target), (SLEEP, "sleep", "0.25 s"))
        self.assertEqual(operation.api, "time.sleep")

    def test_letting_others_run_and_wrong_arguments_are_none(self):
        for seconds in ((0,), (0.0,), (-1,), ("1",), (None,), ()):
            with self.subTest(seconds=seconds):
                self.assertIsNone(self.read(*seconds))


class GuardedSleepTest(hermetic.HermeticTestCase):
    def test_as_an_attribute_of_a_class_it_becomes_no_method(self):
        waiter = type("Waiter", (), {"sleep": sleeps._GuardedSleep(time.sleep)})()
        waiter.sleep(0)

    def test_it_keeps_the_name_and_pickles_as_the_original_does(self):
        guarded = sleeps._GuardedSleep(time.sleep)
        self.assertEqual((guarded.__name__, guarded.__reduce__()), ("sleep", "sleep"))

"""Listeners hear the events that they override, in the order in which they were added."""

from __future__ import annotations

import inspect
import unittest

import hermetic
from hermetic._results import listeners
from hermetic._results.listeners import EVENTS, Listener, Listeners


class Hearing(Listener):
    def __init__(self, name: str, heard: list[object]) -> None:
        self.name = name
        self.heard = heard

    def addSkip(self, test: object, reason: str) -> None:
        self.heard.append((self.name, test, reason))


class ListenersTest(hermetic.HermeticTestCase):
    def test_all_hear_an_event_in_the_order_in_which_they_were_added(self):
        heard = []
        found = Listeners()
        for name in ("first", "second"):
            found.add(Hearing(name, heard))
        found.tell("addSkip", "test", "reason")
        self.assertEqual(heard, [("first", "test", "reason"), ("second", "test", "reason")])

    def test_only_what_a_listener_overrides_is_called(self):
        found = Listeners()
        found.add(Hearing("one", []))
        self.assertEqual([event for event in EVENTS if found[event]], ["addSkip"])

    def test_events_that_results_have_too_take_their_arguments(self):
        shared = [event for event in EVENTS if event.startswith("add") and hasattr(unittest.TestResult, event)]
        self.assertGreater(len(shared), 6)
        for event in shared:
            with self.subTest(event=event):
                own = inspect.signature(getattr(Listener, event)).parameters
                self.assertEqual([*own], [*inspect.signature(getattr(unittest.TestResult, event)).parameters])

    def test_a_result_of_another_runner_has_none(self):
        self.assertIs(listeners.of_result(unittest.TestResult()), listeners.NO_LISTENERS)
        self.assertFalse(any(listeners.NO_LISTENERS.values()))

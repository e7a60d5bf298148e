"""Calls are answered, refused, or left over as a simple model predicts, whatever is scripted and called."""

from __future__ import annotations

import subprocess

from hermetic import HermeticTestCase, SubprocessMock, UnmockedInteractionError, UnusedMocksError, medium
from support.properties import given, st

COMMANDS = st.sampled_from(["a", "b", "c"])
SCRIPTED = st.lists(st.tuples(COMMANDS, st.none() | st.integers(1, 3), st.booleans()), max_size=6)
CALLS = st.lists(COMMANDS, max_size=9)


class InOrder:
    """What is scripted as a row of slots, one for each time: each must be filled, may be, or may be many times."""

    def __init__(self, scripted):
        self.slots = []
        for number, (command, times, required) in enumerate(scripted, 1):
            kind = "many" if times is None else "must" if required else "may"
            self.slots += [(number, command, kind)] * (times or 1)

    def answer(self, command):
        """The number of what answers a command; None if it is refused. What was passed by is gone."""
        for place, (number, scripted, kind) in enumerate(self.slots):
            if scripted == command:
                self.slots = self.slots[place + (kind != "many") :]
                return number
            if kind == "must":
                return None
        return None

    @property
    def is_left(self):
        return any(kind == "must" for _, _, kind in self.slots)


class InAnyOrder(InOrder):
    """The same as a bag of slots, of which the first that fits is filled."""

    def answer(self, command):
        for slot in self.slots:
            number, scripted, kind = slot
            if scripted == command:
                if kind != "many":
                    self.slots.remove(slot)
                return number
        return None


def happened(scripted, calls, *, any_order):
    """What a double answers to each call, and what it says at its end."""
    answers, verdict = [], None
    try:
        with SubprocessMock(any_order=any_order) as double:
            for number, (command, times, required) in enumerate(scripted, 1):
                double.mock_run([command], returncode=number, times=times, required=required)
            for command in calls:
                try:
                    answers.append(subprocess.call([command]))
                except UnmockedInteractionError:
                    answers.append(None)
    except (UnmockedInteractionError, UnusedMocksError) as error:
        verdict = type(error)
    return answers, verdict


@medium  # a hundred doubles take their time
class MatchingPropertiesTest(HermeticTestCase):
    def check(self, model, scripted, calls, *, any_order):
        expected = [model.answer(command) for command in calls]
        verdict = UnmockedInteractionError if None in expected else UnusedMocksError if model.is_left else None
        self.assertEqual((expected, verdict), happened(scripted, calls, any_order=any_order))

    @given(SCRIPTED, CALLS)
    def test_commands_are_answered_in_order(self, scripted, calls):
        self.check(InOrder(scripted), scripted, calls, any_order=False)

    @given(SCRIPTED, CALLS)
    def test_commands_are_answered_in_any_order(self, scripted, calls):
        self.check(InAnyOrder(scripted), scripted, calls, any_order=True)

    @given(st.lists(st.tuples(COMMANDS, st.integers(1, 3), st.booleans()), max_size=6))
    def test_who_runs_all_that_is_scripted_in_its_order_is_never_refused(self, scripted):
        calls = [command for command, times, _ in scripted for _ in range(times)]
        answers, verdict = happened(scripted, calls, any_order=False)
        self.assertEqual((len(calls), None), (len(answers) - answers.count(None), verdict))

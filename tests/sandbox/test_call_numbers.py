"""Each machine has the numbers of all system calls that the filter asks about."""

from __future__ import annotations

from hermetic import HermeticTestCase
from hermetic._sandbox.call_numbers import ASKED_ALWAYS, MACHINES, MISSING, USES

MADE_OF_OTHERS = {"fork", "vfork", "dup2"}  # by the C library of aarch64


class NumbersTest(HermeticTestCase):
    def test_each_machine_has_every_call_that_is_judged(self):
        judged = {*ASKED_ALWAYS, *MISSING, *USES, "clone", "sendto", "sendmsg", "sendmmsg", "seccomp"}
        lacking = {kind: judged - {*machine.numbers} for kind, machine in MACHINES.items()}
        self.assertEqual(lacking, {"x86_64": set(), "aarch64": MADE_OF_OTHERS})

    def test_no_two_calls_have_one_number(self):
        for kind, machine in MACHINES.items():
            with self.subTest(machine=kind):
                self.assertEqual(len({*machine.numbers.values()}), len(machine.numbers))

    def test_machines_are_told_apart(self):
        self.assertEqual(len({machine.architecture for machine in MACHINES.values()}), len(MACHINES))

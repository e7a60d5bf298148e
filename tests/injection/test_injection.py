"""A run is not green and does not hang, whichever function of hermetic fails: a sample of all functions."""

from __future__ import annotations

import subprocess
import time
from unittest import mock

import support
from hermetic import HermeticTestCase, medium
from injection.harness import CALLS, Fault, Harness, faults_of, judged, sampled
from injection.suites import SUITES, Suite

SHARE = 120  # one in so many faults, which are some 17,000

setUpModule = support.some_pythons_do


@medium  # it starts processes
@support.linux_only("network namespaces")
@support.not_measured
class InjectionTest(HermeticTestCase):
    def setUp(self):
        with support.not_inherited():
            probe = subprocess.run(support.in_network_namespace("true"), capture_output=True, text=True)
        if probe.returncode:
            self.skipTest(f"no network namespace: {probe.stderr.strip()}")

    def test_no_run_is_green_and_none_hangs(self):
        with support.not_inherited(), Harness() as harness:
            faults = sampled(faults_of(harness), SHARE, int(time.time() // 86400))
            found = [f"{verdict}: {fault}" for fault, verdict, _ in judged(harness, faults) if verdict != "red"]
        self.assertGreater(len(faults), len(SUITES))
        self.assertEqual([], found)

    def test_a_lost_verdict_and_a_run_that_hangs_would_be_seen(self):
        clean = Suite("nothing", "class Clean(unittest.TestCase):\n    def test_it(self): pass\n")
        hanging = Suite("hanging", "time.sleep(30)\n" + clean.tests)
        target = "hermetic._program.program:exit_status"
        with support.not_inherited(), Harness() as harness:
            self.assertEqual("green", harness.verdict(Fault(clean, "hermetic._guards.audit:_refuse", 1))[0])
            self.assertEqual("green", harness.verdict(Fault(clean, target, 3))[0])
            self.assertEqual("red", harness.verdict(Fault(clean, target, 1))[0])
            with mock.patch("injection.harness.SECONDS", 1.0):
                self.assertEqual("hang", harness.verdict(Fault(hanging, target, 1))[0])

    def test_each_fault_has_its_turn(self):
        faults = [(call, number) for call in CALLS for number in range(50)]
        self.assertEqual(sorted(faults), sorted(fault for day in range(7) for fault in sampled(faults, 7, day)))

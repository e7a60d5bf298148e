"""Durations and time limits use the system clock, even if a test stops or sets the clock."""

from __future__ import annotations

import json
import os
import unittest

import support
from hermetic import medium

setUpModule = support.some_pythons_do

# As tools do that freeze time: whatever module has a clock, by whatever name, gets another one; and back.
SUITE = """
import contextlib, sys, time, unittest
from hermetic import isolated, small

CLOCKS = time.time, time.monotonic, time.perf_counter

def replace(replacements):
    for module in [*sys.modules.values()]:
        for name, value in [*getattr(module, "__dict__", {}).items()]:
            with contextlib.suppress(Exception):
                if value in replacements:
                    setattr(module, name, replacements[value])

@small
class StoppedTest(unittest.TestCase):
    def test_1_stops_in_the_future(self):
        replace(dict.fromkeys(CLOCKS, future))

    def test_2_between(self):
        pass

    def test_3_stops_in_the_past(self):
        time.time = time.monotonic = time.perf_counter = lambda: -3e9

    def test_4_starts_again(self):
        time.time, time.monotonic, time.perf_counter = CLOCKS

    @isolated(timeout=0.5)
    def test_5_hangs(self):
        replace(dict.fromkeys(CLOCKS, future))
        while True:
            pass

def future():
    return 3e9
"""


@medium
class ClocksTest(unittest.TestCase):
    def check(self, *arguments: str) -> None:
        reports = "--json", "report.json", "--junit-xml", "report.xml", "--history", "history.json"
        with support.Folder(**{"test_stopped.py": SUITE}) as folder:
            ran = support.run_hermetic(*arguments, *reports, "--time-limits", "strict", cwd=folder)
            report, history = (_read(folder, name) for name in ("report.json", "history.json"))
        self.assertRegex(ran.stderr, r"\[H007\] isolated test \S+\.test_5_hangs: timed out")
        self.assertTrue(ran.stderr.endswith("\nFAILED (errors=1)\n"), ran.stderr)
        seconds = [test[key] for test in report["tests"] for key in ("started", "duration")]
        self.assertEqual(10, len(seconds))
        for each in (*seconds, *history["durations"].values(), report["duration"]):
            self.assertTrue(0 <= each < support.TIMEOUT, report)

    def test_measure_no_test(self) -> None:
        self.check()

    def test_measure_no_test_of_a_worker(self) -> None:
        self.check("-j", "2")


def _read(folder: str, name: str):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)

"""Tools that stop or set the clock do not affect hermetic's clock."""

from __future__ import annotations

import importlib.util
import itertools
import json
import pathlib
import re

import support
from hermetic import medium
from support import Folder
from support.sample_runs import WALL_SECONDS, SampleRunCase

# A stand-in for freezegun, which also replaces what modules have imported by name.
FREEZER = """
import sys, time

REAL = {name: getattr(time, name) for name in ("time", "monotonic", "perf_counter", "process_time", "sleep")}

def freeze(stopped=lambda *_: 1577836800.0):
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if any(value is real for real in REAL.values()) and module is not sys.modules[__name__]:
                setattr(module, name, stopped)
"""
TOOLS = ("freezegun", "time_machine")

if not any(map(importlib.util.find_spec, TOOLS)):
    setUpModule = support.some_pythons_do
WAYS = {
    "a stand-in": "import freezer; freezer.freeze()",
    "mocks": "[mock.patch(f'time.{name}').start() for name in ('time', 'monotonic', 'perf_counter', 'sleep')]",
    "clocks that stand still": (
        "[mock.patch(f'time.{name}', return_value=0.0).start() for name in ('time', 'monotonic', 'perf_counter')]"
    ),
    "freezegun": "import freezegun; freezegun.freeze_time('2020-01-01').start()",
    "time_machine": "import time_machine; time_machine.travel(0, tick=False).start()",
}


@medium
class StoppedClockTest(SampleRunCase):
    TESTS = """
import os, unittest
from unittest import mock
import hermetic

def work(seconds, clock=os.times):
    begun = sum(clock()[:2])  # seconds of work: Windows does not say how many have passed
    while sum(clock()[:2]) < begun + seconds:
        pass

def SETUP():
    STOP

class FirstTest(unittest.TestCase):
    setUpClass = staticmethod(SETUP)

    def test_works(self):
        work(0.2)

    @hermetic.isolated(timeout=0.5)
    def test_is_endless(self):
        work(60)

class SecondTest(unittest.TestCase):
    def test_works_later(self):
        work(0.2)
"""

    def files(self, way, setup):
        if way in TOOLS and importlib.util.find_spec(way) is None:
            self.skipTest(f"{way} is not installed")
        text = self.TESTS.replace("SETUP", setup).replace("STOP", WAYS[way])
        return {"test_sample.py": text, "freezer.py": FREEZER}

    def test_times_are_told_and_limits_hold_as_ever(self):
        for way, (setup, jobs) in itertools.product(WAYS, (("setUpModule", "1"), ("set_up", "2"))):
            with self.subTest(way, setup=setup, jobs=jobs), Folder() as reports:
                report = pathlib.Path(reports, "run.json")
                options = ("-j", jobs, "--durations", "3", "--json", str(report))
                done, errors = self.run_sample(*options, "test_sample", **self.files(way, setup))
                self.assert_errors(errors, done, {"test_is_endless": "timed out"})
                taken = re.search(r"Ran 3 tests in (\d+\.\d+)s", done.stderr)
                self.assertTrue(taken and 0.3 < float(taken[1]) < WALL_SECONDS, done.stderr)
                self.assert_times_of_tests(json.loads(report.read_text(encoding="utf-8")))

    def assert_times_of_tests(self, report):
        taken = {test["id"].rpartition(".")[2]: test["duration"] for test in report["tests"]}
        for name in ("test_works", "test_works_later"):
            self.assertTrue(0.15 <= taken[name] < WALL_SECONDS, taken)

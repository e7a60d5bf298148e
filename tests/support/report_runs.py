"""Runs the sample suite once with all reports, for all tests of reports."""

from __future__ import annotations

import functools
import json
import os
import shutil
from typing import NamedTuple

import hermetic
import support
from support import Folder, run_hermetic

SAMPLE = os.path.join(support.ROOT, "tests", "samples", "reports")
FILES = {"--json": "report.json", "--junit-xml": "junit.xml", "--html": "report.html"}

MIDDLE = """
import os, signal, sys, unittest

class FirstTest(unittest.TestCase):
    def test_first(self):
        pass

class HalfwayTest(unittest.TestCase):
    def test_middle(self):
        {}

class LastTest(unittest.TestCase):
    def test_last(self):
        pass
"""


class Reported(NamedTuple):
    status: int
    stdout: str
    stderr: str
    files: dict[str, str]

    def read(self, option: str) -> str:
        return self.files[FILES[option]]


def run_reported(folder: str, *arguments: str, **kwargs: object) -> Reported:
    """Run hermetic in a folder, with every report, and read them."""
    options = [word for option, file in FILES.items() for word in (option, file)]
    done = run_hermetic(*options, *arguments, cwd=folder, **kwargs)
    found = {}
    for file in FILES.values():
        with open(os.path.join(folder, file), encoding="utf-8") as report:
            found[file] = report.read()
    return Reported(done.returncode, done.stdout, done.stderr, found)


@functools.cache
def sample_reports() -> Reported:
    """The reports of the sample, with output captured."""
    with Folder() as folder:
        shutil.copy(os.path.join(SAMPLE, "test_outcomes.py"), folder)
        return run_reported(folder, "-b", "test_outcomes")


class SampleReportCase(hermetic.HermeticTestCase):
    """Reads the report of the sample."""

    def setUp(self):
        self.report = json.loads(sample_reports().read("--json"))
        self.tests = {record["id"].removeprefix("test_outcomes."): record for record in self.report["tests"]}

    def outcomes(self, name):
        return [(entry["outcome"], entry["subtest"], entry["message"]) for entry in self.tests[name]["entries"]]


def fields_of(value: object) -> set[str]:
    """The names of all fields in a document."""
    if isinstance(value, list):
        return {name for item in value for name in fields_of(item)}
    if isinstance(value, dict):
        return {*value, *(name for item in value.values() for name in fields_of(item))}
    return set()

"""Under ``--parallel``, tests are isolated and judged in the processes of Django's pool, and summed up in the run."""

from __future__ import annotations

import json
import os
import unittest

from hermetic import medium
from support.django_runs import Project
from support.host_verdicts import ERROR, FAILURE
from support.hosts import installed
from support.postgresql import Server

CRASHES = ("CrashTest.test_1_crashes", "FlushingCrashTest.test_1_crashes", "FlushingCrashTest.test_2_crashes")
LEAVING = """
import os
from django.test import SimpleTestCase
from hermetic import isolated

@isolated
class LeakTest(SimpleTestCase):
    def test_leak(self):
        os.environ["LEFT"] = "1"

class ExitTest(SimpleTestCase):
    def test_exit(self):
        os._exit(0)
"""
WARNING = """
import subprocess
from django.test import SimpleTestCase
from hermetic import small

@small
class WarnedTest(SimpleTestCase):
    def test_process(self):
        subprocess.run(["true"])
"""
RETRIED = """
import os
from django.test import SimpleTestCase
from hermetic import retries

@retries(1)
class FirstTest(SimpleTestCase):
    def test_flaky(self):
        with open("ran", "a+") as file:
            file.write(".")
            self.assertGreater(file.tell(), 1)

@retries(1)
class SecondTest(SimpleTestCase):
    def test_flaky(self):
        with open("ran_too", "a+") as file:
            file.write(".")
            self.assertGreater(file.tell(), 1)
"""


@medium
@installed("django", "Django")
@installed("tblib", "tblib")
class ParallelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        files = {"shop/test_leaving.py": LEAVING, "shop/test_warned.py": WARNING, "shop/test_retried.py": RETRIED}
        cls.project = Project(cls, "databases", "environment", "sizes", **files)

    def test_violations_and_reports_of_spawned_processes(self):
        databases = ("shop.test_databases.MixedTest", "shop.test_databases.RestoredTest")
        labels = ("shop.test_sizes", "shop.test_environment", *databases)
        options = ("--parallel=2", "--hermetic-default-size=small", "--hermetic-json=report.json")
        run = self.project.run(*labels, *options, PROJECT_START_METHOD="spawn")
        expected = {
            "UnmarkedTest.test_process": [ERROR],
            "SmallTest.test_query_and_process": [ERROR, FAILURE],
            "LastTest.test_server": [ERROR],
        }
        self.assertEqual(run.not_ok(), expected, run.output)
        self.assertEqual(len(run.outcomes), 18, run.output)
        for line in ("violations: H001 network: 1 in 1 test\n", "violations: H003 subprocess: 2 in 2 tests\n"):
            self.assertIn(line, run.output)
        with open(os.path.join(self.project.folder, "report.json"), encoding="utf-8") as file:
            tests = {".".join(test["id"].split(".")[-2:]): test for test in json.load(file)["tests"]}
        self.assertEqual(tests["ServerTest.test_server"]["size"], "medium")
        self.assertGreater(tests["MixedTest.test_2"]["duration"], 0.001)

    def test_leaks_and_warnings_are_in_the_summary(self):
        labels = ("shop.test_leaving.LeakTest", "shop.test_warned")
        run = self.project.run(*labels, "--parallel=2", "--hermetic-mode=warn")
        self.assertEqual((run.status, run.not_ok()), (0, {}), run.output)
        self.assertIn("leaks: H007 isolation: 1\n", run.output)
        self.assertIn("warnings: H003 subprocess: 1 in 1 test\n", run.output)

    def test_flaky_tests_are_retried_once_and_counted(self):
        run = self.project.run("shop.test_retried", "--parallel=2", HERMETIC_FLAKY="error")
        self.assertIn("FAILED (flaky=2)", run.output)
        self.assertEqual(run.status, 1, run.output)
        for name in ("ran", "ran_too"):
            self.assertEqual(os.path.getsize(os.path.join(self.project.folder, name)), 2)

    def test_a_process_that_exits_is_an_error_of_the_run(self):
        run = self.project.run("shop.test_leaving", "--parallel=2")
        self.assertEqual(run.status, 1, run.output)
        self.assertIn("The run ended early: os._exit(0) in test_exit (shop.test_leaving.ExitTest", run.output)
        self.assertNotIn("os._exit(0) in the test run", run.output)


@medium
@installed("django", "Django")
@installed("tblib", "tblib")
@installed("psycopg", "psycopg")
class ParallelPostgresqlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls)
        variables = {"PROJECT_SOCKET": cls.server.socket}
        cls.project = Project(cls, "databases", "environment", database="postgresql", variables=variables)

    def test_each_process_has_clones_of_its_clone(self):
        run = self.project.run("--parallel=2")
        self.assertEqual(run.not_ok(), {name: [ERROR] for name in CRASHES}, run.output)
        self.assertEqual(len(run.outcomes), 27, run.output)
        self.assertEqual(self.server.databases(), set())

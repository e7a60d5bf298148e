"""Under ``manage.py test``, the settings hold, violations are summed up, and reports and Django's options work."""

from __future__ import annotations

import json
import os
import unittest

from hermetic import medium
from support.django_runs import Project
from support.host_verdicts import ERROR, FAILURE
from support.hosts import installed


@medium
@installed("django", "Django")
class TestRunnerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        leaving = "import sys\nsys.exit(0)\n"
        cls.project = Project(cls, "sizes", **{"shop/test_leaving.py": leaving, "runners.py": RUNNERS})

    def test_the_default_size_violations_and_reports(self):
        options = ("--hermetic-default-size=small", "--hermetic-json=report.json", "--reverse", "--durations=2")
        run = self.project.run("shop.test_sizes", *options)
        expected = {
            "UnmarkedTest.test_process": [ERROR],
            "SmallTest.test_query_and_process": [ERROR, FAILURE],
            "LastTest.test_server": [ERROR],
        }
        self.assertEqual(run.not_ok(), expected, run.output)
        self.assertEqual(len(run.outcomes), 6, run.output)
        for line in ("violations: H001 network: 1 in 1 test\n", "violations: H003 subprocess: 2 in 2 tests\n"):
            self.assertIn(line, run.output)
        self.assertIn("Slowest test durations", run.output)
        self.assertEqual(run.status, 1)
        with open(os.path.join(self.project.folder, "report.json"), encoding="utf-8") as file:
            tests = json.load(file)["tests"]
        sizes = {".".join(test["id"].split(".")[-2:]): test["size"] for test in tests}
        self.assertEqual(sizes["ServerTest.test_server"], "medium")
        self.assertEqual(sizes["LastTest.test_server"], "small")
        self.assertEqual(sizes["UnmarkedTest.test_clean"], "small")

    def test_marks_and_the_classes_of_results_of_django(self):
        run = self.project.run("shop.test_sizes", "--debug-sql", "--shuffle=3", "--buffer", "--timing", "-k", "Test")
        self.assertEqual(run.outcomes["SmallTest.test_query_and_process"], [ERROR, FAILURE], run.output)
        self.assertEqual(run.outcomes["UnmarkedTest.test_process"], ["ok"], run.output)
        self.assertIn("INSERT INTO", run.output)
        self.assertIn("H003 subprocess: 1 in 1 test", run.output)

    def test_the_first_failure_can_end_the_run(self):
        run = self.project.run("shop.test_sizes", "--failfast", "--hermetic-default-size=small")
        self.assertEqual(set(run.not_ok()), {"SmallTest.test_query_and_process"}, run.output)
        self.assertNotIn("ServerTest.test_server", run.outcomes)

    def test_a_wrong_option_is_one_clear_error(self):
        run = self.project.run("--hermetic-mode=strickt")
        self.assertIn("CommandError: hermetic: --hermetic-mode 'strickt' is not one of strict, warn or off", run.output)
        self.assertEqual(run.status, 1)

    def test_a_module_that_exits_does_not_end_the_run(self):
        run = self.project.run("shop.test_leaving", "shop.test_sizes.UnmarkedTest")
        self.assertEqual(run.status, 1, run.output)
        self.assertIn("Ran 3 tests", run.output)

    def test_the_runner_of_a_project_can_be_extended(self):
        options = ("shop.test_sizes.UnmarkedTest", "--hermetic-default-size=small")
        run = self.project.run(*options, PROJECT_RUNNER="runners.Own")
        self.assertEqual(run.not_ok(), {"UnmarkedTest.test_process": [ERROR]}, run.output)
        self.assertIn("the project's own runner", run.output)


RUNNERS = """
import unittest
from django.test.runner import DiscoverRunner
from hermetic.django import TestRunnerMixin

class ProjectRunner(DiscoverRunner):
    def setup_test_environment(self, **kwargs):
        super().setup_test_environment(**kwargs)
        print("the project's own runner")

class Own(TestRunnerMixin, ProjectRunner):
    test_runner = unittest.TextTestRunner
"""

"""Isolated tests of Django find its environment and databases of their own in their workers, whatever starts them."""

from __future__ import annotations

import os
import unittest

from hermetic import medium
from support.django_runs import Project
from support.host_verdicts import ERROR
from support.hosts import installed
from support.postgresql import Server

CRASHES = ("CrashTest.test_1_crashes", "FlushingCrashTest.test_1_crashes", "FlushingCrashTest.test_2_crashes")
TESTS = 27  # in the modules "databases" and "environment"


class DatabasesTests:
    """The tests of the project are right, isolated or not, and nothing is left behind."""

    database = ""
    project: Project

    def test_all_tests_but_those_that_crash_pass(self):
        run = self.project.run()
        self.check(run)
        self.assertNotIn("H007 isolation:", run.output)  # no leaks

    def check(self, run):
        self.assertEqual(run.not_ok(), {name: [ERROR] for name in CRASHES}, run.output)
        self.assertEqual(len(run.outcomes), TESTS, run.output)
        self.assertEqual(run.output.count("ended by SIGABRT"), len(CRASHES), run.output)
        self.assertEqual([name for name in os.listdir(self.project.folder) if "sqlite3" in name], [])


@medium
@installed("django", "Django")
class MemoryTest(DatabasesTests, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Project(cls, "databases", "environment")

    def test_a_script_has_the_same_parts(self):
        self.check(self.project.run("--shuffle", "7", by=("-m", "hermetic", "--script")))

    def test_under_another_runner_databases_are_refused(self):
        run = self.project.run("-k", "test_3", "-k", "Environment", "-k", "Over", PROJECT_RUNNER=PLAIN)
        refused = ("WholeTest.test_3", "FlushingTest.test_3", "RestoredTest.test_3", "FlushingCrashTest.test_3")
        self.assertEqual(run.not_ok(), {name: [ERROR] for name in refused}, run.output)
        self.assertEqual(run.output.count('set TEST_RUNNER = "hermetic.django.TestRunner"'), len(refused), run.output)
        self.assertEqual(run.outcomes["EnvironmentTest.test_debug"], ["ok"], run.output)

    def test_where_nothing_is_forked_databases_are_refused(self):
        run = self.project.run("shop.test_databases.RestoredTest.test_1", "--hermetic-isolated-start=fresh")
        self.assertEqual(run.not_ok(), {"RestoredTest.test_1": [ERROR]}, run.output)
        self.assertIn("isolated_start = fresh forbids that", run.output)


RETRIED = """
    import os

    import hermetic
    from django.test import TestCase
    from shop.models import Item, item_names


    class RetriedTest(TestCase):
        @classmethod
        def setUpTestData(cls):
            Item.objects.create(name="data")  # unique: in the run's own database, a retry would wait for it

        @hermetic.retries(2)
        def test_it(self):
            self.assertEqual(item_names(), ["data", "seed"])
            Item.objects.create(name="once")
            with open("runs", "a+") as file:
                file.write("x")
                self.assertEqual(file.tell(), 3)
"""


@medium
@installed("django", "Django")
class RetriesTest(unittest.TestCase):
    def test_retries_have_databases_of_their_own(self):
        for database in ("memory", "file"):
            for by, options in (((), []), (("-m", "hermetic", "--script"), ["-b"])):
                with self.subTest(database=database, by=by):
                    project = Project(type(self), database=database, **{"shop/test_retried.py": RETRIED})
                    run = project.run(*options, by=by)
                    self.assertEqual(run.status, 0, run.output)
                    self.assertIn("It failed 2 times, and passed in attempt 3.", run.output)
                    self.assertIn("OK (flaky=1)", run.output)


PLAIN = "django.test.runner.DiscoverRunner"


@medium
@installed("django", "Django")
class FileTest(DatabasesTests, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Project(cls, "databases", "environment", database="file")


@medium
@installed("django", "Django")
@installed("psycopg", "psycopg")
class PostgresqlTest(DatabasesTests, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls)
        variables = {"PROJECT_SOCKET": cls.server.socket}
        cls.project = Project(cls, "databases", "environment", database="postgresql", variables=variables)

    def check(self, run):
        super().check(run)
        self.assertEqual(self.server.databases(), set())

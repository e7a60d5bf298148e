"""What a killed run has left is dropped by the next, and what cannot be cloned is one clear error."""

from __future__ import annotations

import unittest

from hermetic import medium
from support.django_runs import Project
from support.host_verdicts import ERROR
from support.hosts import installed
from support.postgresql import Server

KILLED = """
import os, signal
from django.test import TestCase
from hermetic import isolated
from shop.models import Item

RUN = os.getpid()

class KilledTest(TestCase):
    @isolated
    def test_that_kills_the_run(self):
        Item.objects.count()
        os.kill(RUN, signal.SIGKILL)
"""
NEXT = "shop.test_databases.MixedTest"


@medium
@installed("django", "Django")
@installed("psycopg", "psycopg")
class ServerClonesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls)
        variables = {"PROJECT_SOCKET": cls.server.socket}
        files = {"shop/test_killed.py": KILLED}
        cls.project = Project(cls, "databases", database="postgresql", variables=variables, **files)

    def test_the_next_run_drops_what_a_killed_one_has_left(self):
        self.assertEqual(self.project.run("shop.test_killed").status, -9)
        self.assertEqual(self.server.databases(), {"test_one", "test_one_hermetic", "test_one_hermetic_1"})
        run = self.project.run(NEXT, "--keepdb")
        self.assertEqual((run.status, run.not_ok()), (0, {}), run.output)
        self.assertEqual(self.server.databases(), {"test_one"})


@medium
@installed("django", "Django")
class RefusalTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        files = {"backend/__init__.py": "", "backend/base.py": BACKEND}
        cls.project = Project(cls, "databases", database="file", **files)

    def test_a_backend_that_cannot_clone(self):
        run = self.project.run(NEXT, PROJECT_ENGINE="backend")
        refused = ("MixedTest.test_2", "MixedTest.test_4", "MixedTest.test_5")
        self.assertEqual(run.not_ok(), {name: [ERROR] for name in refused}, run.output)
        self.assertIn("backend cannot clone 'test_one.sqlite3'; remove the marks", run.output)


BACKEND = """
from django.db.backends.sqlite3 import base, features

class Features(features.DatabaseFeatures):
    can_clone_databases = False

class DatabaseWrapper(base.DatabaseWrapper):
    vendor = "another"
    features_class = Features
"""

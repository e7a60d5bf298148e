"""Isolated items with databases of Django have databases of their own, under pytest-django."""

from __future__ import annotations

import functools
import glob
import os
import types
import unittest
from typing import Any

import hermetic
from hermetic import HermeticTestCase, IsolationError, medium
from support import ROOT, linux_only
from support.hosts import installed
from support.pytest_runs import PytestRun, run_pytest

try:
    from hermetic._pytest_host.item_databases import WorkerDatabases
except ImportError:  # without pytest
    WorkerDatabases = None

PROJECT = os.path.join(ROOT, "tests", "samples", "django_project")
COMMON = """
    import os, urllib.request
    import pytest
    from django.core import mail
    from django.db import connection
    from django.test import LiveServerTestCase, SimpleTestCase, TestCase, TransactionTestCase
    from shop.models import Item, item_names
    import hermetic

    SESSION = os.getpid()
"""
TESTS = (
    COMMON
    + """
    def add(name, *before):
        assert item_names() == sorted(["seed", *before])
        Item.objects.create(name=name)
        print(os.getpid() == SESSION, connection.settings_dict["NAME"])

    @hermetic.isolated
    def test_environment(client, settings):
        assert not settings.DEBUG and "testserver" in settings.ALLOWED_HOSTS
        mail.send_mail("subject", "text", "from@shop.example", ["to@shop.example"])
        assert len(mail.outbox) == 1

    @hermetic.isolated
    class EnvironmentTest(SimpleTestCase):
        def test_signals(self):
            from django.template.loader import get_template
            with self.assertTemplateUsed("hello.html"):
                get_template("hello.html").render()

    def test_session(db): add("used twice")

    @hermetic.isolated
    def test_fixture(db): add("used twice")

    @pytest.mark.isolated
    @pytest.mark.django_db(transaction=True, serialized_rollback=True)
    def test_marker(): add("used twice")

    @pytest.mark.isolated("group")
    def test_group(db): os.environ["GROUP"] = "its"

    @pytest.mark.isolated("group")
    def test_server(live_server):
        assert os.environ.pop("GROUP") and urllib.request.urlopen(live_server.url).read() == b"seed"

    class MixedTest(TestCase):
        @classmethod
        def setUpTestData(cls): add("used twice")
        def test_session(self): assert os.getpid() == SESSION
        @hermetic.isolated
        def test_isolated(self): add("own", "used twice")

    @hermetic.isolated
    class ServerTest(LiveServerTestCase):
        serialized_rollback = True
        def test_server(self):
            add("shown")
            assert urllib.request.urlopen(self.live_server_url).read() == b"seed,shown"

    @hermetic.isolated
    def test_ends(transactional_db):
        add("of a test that ended")
        os._exit(3)

    @hermetic.isolated
    class LastTest(TransactionTestCase):
        def test_is_alone(self): add("used twice")
"""
)
REFUSED = (
    COMMON
    + """
    @pytest.fixture(scope="session")
    def django_db_setup(): pass

    @hermetic.isolated
    def test_existing_database(db): pass
"""
)


@functools.cache
def project() -> dict[str, str]:
    """The files of the project, without its tests."""
    paths = glob.glob("**/*.*", root_dir=PROJECT, recursive=True)
    files = {path: "" for path in paths if not os.path.basename(path).startswith("test_")}
    for path in files:
        with open(os.path.join(PROJECT, path), encoding="utf-8") as file:
            files[path] = file.read()
    return {**files, "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = settings\n"}


@installed("django", "Django")
@installed("pytest_django", "pytest-django")
@linux_only("workers that are forked from the session")
@medium
class PytestDjangoTest(unittest.TestCase):
    def run_project(self, tests: str, *options: str, database: str, **env: str) -> PytestRun:
        files = {**project(), "test_items.py": tests}
        return run_pytest(files, "--hermetic-leaks=error", *options, env={"PROJECT_DATABASE": database, **env})

    def check(self, run: PytestRun, *names: str) -> None:
        """Each item has passed but for the one that ends its process; the databases had certain names."""
        self.assertEqual({name for name, words in run.outcomes.items() if words != ["PASSED"]}, {"test_ends"})
        self.assertEqual(len(run.outcomes), 12, run.output)
        self.assertIn("test_ends: ended with exit status 3 before it finished", run.output)
        for name in names:
            self.assertIn(f"\n{name}\n", run.output)

    def test_databases_in_memory(self) -> None:
        memory = "file:memorydb_default?mode=memory&cache=shared"
        self.check(self.run_project(TESTS, database="memory"), f"True {memory}", f"False {memory}")

    def test_databases_in_files(self) -> None:  # as on servers: all processes can reach all of them
        run = self.run_project(TESTS, "--reuse-db", database="file")
        self.check(run, "True test_one.sqlite3", "False test_one.sqlite3_isolated1")

    def test_new_interpreters(self) -> None:
        run = self.run_project(TESTS, database="file", HERMETIC_ISOLATED_START="fresh")
        self.check(run, "True test_one.sqlite3_isolated1")

    @installed("xdist", "pytest-xdist")
    def test_processes_of_xdist(self) -> None:
        run = self.run_project(TESTS, "-n2", database="file")
        self.check(run)
        self.assertRegex(run.output, r"\nFalse test_one\.sqlite3_gw[01]_isolated1\n")

    def test_a_database_of_others_is_not_reached(self) -> None:
        run = self.run_project(REFUSED, database="file")
        self.assertEqual({"test_existing_database"}, run.named("ERROR"), run.output)
        self.assertIn('[H007] an isolated test connected to the database "one.sqlite3" of Django', run.output)

    def test_a_connection_from_before_the_fork_is_not_used(self) -> None:  # where no pytest-django sets Django up
        conftest = "import django\ndjango.setup()\nfrom django.db import connection\n"
        conftest += "def pytest_collection_finish(): connection.ensure_connection()\n"
        test = "    @hermetic.isolated\n    def test_query(): connection.cursor()\n"
        files = {**project(), "test_items.py": COMMON + test, "conftest.py": conftest}
        env = {"PROJECT_DATABASE": "file", "DJANGO_SETTINGS_MODULE": "settings"}
        run = run_pytest(files, "-p", "no:django", env=env)
        self.assertEqual({"test_query"}, run.named("FAILED"), run.output)
        self.assertIn('[H007] an isolated test connected to the database "one.sqlite3" of Django', run.output)


@unittest.skipIf(WorkerDatabases is None, "not installed: pytest")
@hermetic.small
class OwnNamesTest(HermeticTestCase):
    def created(self, name: str, vendor: str, longest: int | None) -> str:
        """The name that a database is created under."""
        settings: dict[str, Any] = {"NAME": "shop", "TEST": {"NAME": None}}
        operations = types.SimpleNamespace(max_name_length=lambda: longest)
        connection = types.SimpleNamespace(settings_dict=settings, vendor=vendor, ops=operations, alias="default")
        creation = types.SimpleNamespace(connection=connection, _get_test_db_name=lambda: name)
        databases = WorkerDatabases()
        databases.number = 7
        databases.renamed(lambda creation, **_: None)(creation, keepdb=False)
        return str(settings["TEST"]["NAME"])

    def test_the_number_of_the_worker_ends_the_name(self) -> None:
        self.assertEqual(self.created("test_shop", "postgresql", 63), "test_shop_isolated7")
        self.assertEqual(self.created("test_shop", "microsoft", None), "test_shop_isolated7")

    def test_a_name_that_the_server_would_cut_is_refused(self) -> None:
        self.assertEqual(self.created("x" * 53, "postgresql", 63), "x" * 53 + "_isolated7")
        for name in ("x" * 54, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 27):
            with self.assertRaisesRegex(
                IsolationError, 'has more than 63 bytes; set a shorter name: DATABASES."default'
            ):
                self.created(name, "postgresql", 63)

    def test_oracle_is_refused(self) -> None:
        with self.assertRaisesRegex(IsolationError, "cannot use an Oracle database"):
            self.created("test_shop", "oracle", 30)

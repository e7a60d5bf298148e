"""Isolated groups, classes and modules under pytest-xdist: they share a process whatever its ``--dist``."""

from __future__ import annotations

import os
import unittest

import hermetic
from hermetic import medium
from support import ROOT, Folder, run_python
from support.hosts import installed

FILES = {
    "test_a.py": """
        import os, unittest
        from hermetic import isolated

        pids = set()

        @isolated
        class ClassTest(unittest.TestCase):
            def test_1(self):
                type(self).made = os.getpid()

            def test_2(self):
                self.assertEqual(self.made, os.getpid())

            def test_3(self):
                self.assertEqual(self.made, os.getpid())

        class GroupTest(unittest.TestCase):
            @isolated("together")
            def test_1(self):
                os.environ["MADE_BY"] = str(os.getpid())

            def test_2(self):
                self.assertNotIn("MADE_BY", os.environ)

            @isolated("together")
            def test_3(self):
                self.assertEqual(os.environ["MADE_BY"], str(os.getpid()))

        @isolated("together")
        def test_function():
            assert os.environ["MADE_BY"] == str(os.getpid())
    """,
    "test_b.py": """
        import os, unittest
        import hermetic

        __hermetic__ = hermetic.isolated
        made = []

        class FirstTest(unittest.TestCase):
            def test_1(self):
                made.append(os.getpid())

        class SecondTest(unittest.TestCase):
            def test_2(self):
                self.assertEqual(made, [os.getpid()])
    """,
    "test_c.py": """
        import os, unittest
        from hermetic import isolated

        class OtherFileTest(unittest.TestCase):
            @isolated("together")
            def test_4(self):
                self.assertEqual(os.environ["MADE_BY"], str(os.getpid()))
    """,
}


@installed("xdist", "pytest-xdist")
class XdistGroupsTest(unittest.TestCase):
    def assert_passing(self, *options: str, files: dict[str, str] = FILES, contains: str = "10 passed") -> None:
        with Folder(**files) as folder:
            done = run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", *options, cwd=folder)
        self.assertIn(contains, done.stdout, done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout)

    @medium
    def test_without_xdist(self):
        self.assert_passing()

    @medium
    def test_every_distribution(self):
        for dist in ("load", "worksteal", "loadscope", "loadfile", "loadgroup"):
            with self.subTest(dist=dist):
                self.assert_passing("-n", "2", "--dist", dist)

    @medium
    def test_each_worker_runs_all(self):
        self.assert_passing("--tx", "2*popen", "--dist", "each", contains="20 passed")

    @medium
    def test_the_same_id_twice(self):
        self.assert_passing("-n", "2", "--keep-duplicates", "test_b.py", "test_b.py", contains="passed")

    @medium
    def test_where_tests_have_no_group_the_chosen_scheduler_is_left_alone(self):
        conftest = """
            def pytest_xdist_make_scheduler(config, log):
                from xdist.scheduler import LoadScheduling
                class Own(LoadScheduling):
                    def schedule(self):
                        print("scheduled by", type(self).__name__)
                        super().schedule()
                return Own(config, log)
        """
        test = "import unittest\nclass T(unittest.TestCase):\n    def test_it(self): pass\n"
        self.assert_passing("-n", "2", files={"conftest.py": conftest, "test_it.py": test}, contains="by Own")

    @medium
    def test_it_can_be_switched_off(self):
        self.assert_passing("-p", "no:hermetic")


class MetadataTest(unittest.TestCase):
    """A checkout on the path has the metadata that makes pytest find the plugin, as an installed package has."""

    def text_of(self, *names: str) -> str:
        path = os.path.join(ROOT, *names)
        if not os.path.exists(path):
            self.skipTest("this is no checkout")
        with open(path, encoding="utf-8") as file:
            return file.read()

    @medium
    def test_its_version_is_that_of_the_package(self):
        self.assertIn(f"\nVersion: {hermetic.__version__}\n", self.text_of(".hermetic_unittest.dist-info", "METADATA"))

    @medium
    def test_its_entry_points_are_those_of_the_package(self):
        heading, line = self.text_of(".hermetic_unittest.dist-info", "entry_points.txt").splitlines()
        name, _, module = line.partition(" = ")
        project = self.text_of("pyproject.toml")
        self.assertIn(f'[project.entry-points.{heading.strip("[]")}]\n{name} = "{module}"\n', project)

"""The command: its name, what it exempts from garbage collection, and the report of another package of its name."""

from __future__ import annotations

import os
import shutil

import hermetic
from support import Folder, package_folder, run_hermetic, run_python

PASSING = "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_a(self): pass\n"


SCRIPT = "from hermetic._program.cli import run_console_script\nif __name__ == '__main__':\n    run_console_script()\n"
WRONG = """
import subprocess, unittest, hermetic
@hermetic.small
class T(unittest.TestCase):
    def test_a(self): subprocess.run(["x"])
"""
COLLECTED = """
import gc, unittest, weakref


class Cycle:
    def __init__(self): self.own = self


class T(unittest.TestCase):
    def test_objects_of_tests_are_collected(self):
        self.assertTrue(gc.isenabled())
        self.assertIn(Cycle, gc.get_objects())
        cycle = weakref.ref(Cycle())
        gc.collect()
        self.assertIsNone(cycle())

    def test_modules_of_the_command_are_not_looked_through(self):
        self.assertGreater(gc.get_freeze_count(), 0)
        self.assertNotIn(unittest.TestCase, gc.get_objects())
"""


@hermetic.medium
class CollectionTest(hermetic.HermeticTestCase):
    def test_garbage_of_tests_is_collected_and_the_command_is_exempt(self):
        with Folder(**{"test_it.py": COLLECTED}) as folder:
            ran = run_hermetic("test_it", cwd=folder)
        self.assertEqual(ran.returncode, 0, ran.stderr)


@hermetic.medium
class ConsoleScriptTest(hermetic.HermeticTestCase):
    """The command ``hermetic``, as an installation of the package makes it."""

    def test_it_runs_the_tests_of_the_current_folder_and_is_named_as_it_was_typed(self):
        with Folder(bin__slash__hermetic=SCRIPT, **{"tests__slash__test_it.py": WRONG}) as folder:
            script, tests = os.path.join(folder, "bin", "hermetic"), os.path.join(folder, "tests")
            for arguments, status, text in (
                (["test_it"], 1, "\n  explain: hermetic --explain H003\n"),
                (["-j", "2", "--isolated"], 1, "\n  explain: hermetic --explain H003\n"),
                (["--isolated", "--isolated-start", "fresh"], 1, "\n  explain: hermetic --explain H003\n"),
                (["--wrong"], 2, "usage: hermetic [-h]"),
                (["--mode", "wrong"], 2, "hermetic: error: --mode 'wrong' is not"),
                (["--bisect", "T", "test_it"], 2, "hermetic: error: "),
            ):
                with self.subTest(arguments):
                    ran = run_python(script, *arguments, cwd=tests)
                    self.assertEqual(ran.returncode, status, ran.stderr)
                    self.assertIn(text, ran.stderr)


@hermetic.medium
class ForeignPackageTest(hermetic.HermeticTestCase):
    def run_with(self, **files: str):
        with Folder(**{"suite__slash__test_it.py": PASSING, **files}) as folder:
            path = os.pathsep.join([package_folder(), folder])
            return run_hermetic(cwd=os.path.join(folder, "suite"), env={"PYTHONPATH": path})

    def test_another_package_of_the_same_name_is_named(self):
        ran = self.run_with(**{"hermetic__slash____init__.py": ""})
        self.assertIn("another package named hermetic, in", ran.stderr)
        self.assertEqual(ran.returncode, 0)

    def test_a_copy_of_the_same_version_is_not(self):
        with Folder(**{"test_it.py": PASSING}) as folder:
            shutil.copytree(os.path.join(package_folder(), "hermetic"), os.path.join(folder, "hermetic"))
            ran = run_hermetic(cwd=folder, env={"PYTHONPATH": package_folder()})
        self.assertNotIn("warning", ran.stderr)
        self.assertEqual(ran.returncode, 0)

    def test_a_copy_of_another_version_is_named(self):
        version = '__version__ = "0.9.0"\n'
        ran = self.run_with(**{"hermetic__slash____init__.py": "", "hermetic__slash___version.py": version})
        self.assertIn("another package named hermetic, in", ran.stderr)

    def test_hermetic_seal_installed_in_the_same_place_is_named(self):
        with Folder(**{"hermetic_seal-1.0.0.dist-info__slash__METADATA": "", "test_it.py": PASSING}) as folder:
            shutil.copytree(os.path.join(package_folder(), "hermetic"), os.path.join(folder, "hermetic"))
            ran = run_hermetic(cwd=folder, env={"PYTHONPATH": folder})
        self.assertIn("hermetic-seal, installed in", ran.stderr)
        self.assertIn("separate environments", ran.stderr)

    def test_nothing_is_said_where_there_is_none(self):
        self.assertNotIn("warning", self.run_with().stderr)

"""``--list`` prints the tests that a run would run, and runs none."""

from __future__ import annotations

import json
import os
from typing import ClassVar

import support
from hermetic import medium
from support import run_hermetic
from support.ordered_runs import FolderCase

setUpModule = support.some_pythons_do

_FILES = {
    "test_a.py": """
        import time, unittest, hermetic

        class SizedTest(unittest.TestCase):
            @hermetic.small
            def test_small(self):
                time.sleep(0.005)

        class WrongTest(unittest.TestCase):
            __hermetic__ = [hermetic.small, hermetic.medium]

            def test_wrong(self):
                pass

        @hermetic.isolated("group")
        class IsolatedTest(unittest.TestCase):
            def test_it(self):
                pass
    """,
    "script.py": "import unittest\nunittest.main('test_a')\n",
}

_FLAKY = """
import unittest

class FlakyTest(unittest.TestCase):
    def test_it(self):
        with open("runs", "a+") as file:
            file.write("x")
            self.assertEqual(file.tell() % 2, 0)  # fails in every other run
"""


@medium
class ListTest(FolderCase):
    FILES: ClassVar = _FILES

    def listed(self, *arguments, status=0):
        done = run_hermetic(*arguments, cwd=self.folder)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout.splitlines()

    def test_ids_sizes_and_groups_stand_in_columns(self):
        expected = [
            ["test_a.IsolatedTest.test_it", "none", "@isolated('group')"],
            ["test_a.SizedTest.test_small", "small"],
            ["test_a.WrongTest.test_wrong", "?"],
        ]
        for arguments in (["--list"], ["test_a", "--list"], ["--list", "test_a"], ["--list", "--script", "script.py"]):
            with self.subTest(arguments):
                self.assertEqual([line.split(maxsplit=2) for line in self.listed(*arguments)], expected)

    def test_the_choice_and_the_order_are_those_of_the_run(self):
        lines = self.listed("--list", "--shuffle", "1", "--deselect", "test_a.WrongTest")
        self.assertCountEqual(
            [line.split()[0] for line in lines], ["test_a.SizedTest.test_small", "test_a.IsolatedTest.test_it"]
        )
        ran = run_hermetic("-v", "--shuffle", "1", "--deselect", "test_a.WrongTest", cwd=self.folder).stderr
        names = [line.split()[0].rpartition(".")[2] for line in lines]
        self.assertLess(ran.index(names[0]), ran.index(names[1]), ran)

    def test_json_has_a_line_for_each_test(self):
        run_hermetic(cwd=self.folder)
        isolated, small, wrong = map(json.loads, self.listed("--list-json"))
        self.assertEqual(isolated, {**isolated, "id": "test_a.IsolatedTest.test_it", "size": "none"})
        self.assertIn("group", isolated["isolation"])
        self.assertEqual(small, {**small, "size": "small", "isolation": None})
        self.assertGreater(small["seconds"], 0.001)
        self.assertIn("more than one size", wrong["error"])

    def test_flaky_tests_say_in_how_many_runs(self):
        with open(os.path.join(self.folder, "test_flaky.py"), "w", encoding="utf-8") as file:
            file.write(_FLAKY)
        arguments = ("test_flaky", "--retries", "1")
        for mode, failed in (("warn", []), ("error", ["test_flaky.FlakyTest.test_it"])):
            run_hermetic(*arguments, "--flaky", mode, cwd=self.folder)
            with open(os.path.join(self.folder, ".hermetic_cache", "history.json"), encoding="utf-8") as file:
                self.assertEqual(json.load(file)["failed"], failed)
        self.assertEqual(self.listed("test_flaky", "--list")[0].split("  ")[-1], "flaky in 2 runs")
        self.assertEqual([json.loads(line)["flaky"] for line in self.listed("test_flaky", "--list-json")], [2])

    def test_what_is_listed_can_be_run(self):
        names = "\n".join(self.listed("--list", "-k", "small"))
        done = run_hermetic("-v", "--tests-from", "-", cwd=self.folder, stdin=names)
        self.assertIn("Ran 1 test", done.stderr)

    def test_a_module_that_cannot_be_loaded_is_an_error(self):
        with open(os.path.join(self.folder, "test_b.py"), "w", encoding="utf-8") as file:
            file.write("import missing_module\n")
        lines = self.listed("--list", status=1)
        self.assertEqual(len(lines), 3)

    def test_an_empty_suite_is_an_empty_list(self):
        self.assertEqual(self.listed("--list", "-k", "nothing"), [])

"""Child processes get the scope that they were started in as source text that boots a module of hermetic."""

from __future__ import annotations

import json
import os

import hermetic
import support
from hermetic._guards import inheritance

# Stands for the module that is booted.
STAND_IN = """
import sys, types
module = sys.modules["hermetic.stand_in"] = types.ModuleType("hermetic.stand_in")
module.boot = lambda payload: print(payload, "unittest" in sys.modules)
"""
SCOPE = {"test": "test_shop.Case.test_a", "serial": 7}


@hermetic.medium
class BootCodeTest(hermetic.HermeticTestCase):
    def test_it_is_ascii_alone(self):
        self.assertTrue(inheritance.boot_code("_children.spawned", {"test": "\u00fc"}).isascii())

    def test_it_calls_boot_with_what_it_was_given_and_loads_no_unittest(self):
        done = support.run_python("-c", STAND_IN + inheritance.boot_code("stand_in", {"a": 1}))
        self.assertEqual((done.stdout, done.stderr), ("{'a': 1} False\n", ""))

    def test_the_package_can_be_imported_as_a_whole_afterwards(self):
        code = (
            STAND_IN + inheritance.boot_code("stand_in", None) + "import hermetic\nprint(hermetic.Size.SMALL.value)\n"
        )
        done = support.run_python("-c", code)
        self.assertEqual((done.stdout.splitlines()[1:], done.stderr), (["small"], ""))

    def test_a_process_that_cannot_be_guarded_ends_and_the_scope_is_told(self):
        with support.Folder(report="") as folder:
            report = os.path.join(folder, "report")
            code = inheritance.boot_code("_nothing.of_ours", {}, {**SCOPE, "report": report})
            done = support.run_python("-c", code + "\nprint('went on')\n")
            with open(report, encoding="utf-8") as file:
                told = json.loads(file.read())
        self.assertNotIn("went on", done.stdout)
        self.assertEqual((told["serial"], done.returncode != 0), (7, True))
        for text in (told["fault"], done.stderr):
            self.assertIn("[H009] internal error: a child process of test test_shop.Case.test_a could not", text)

"""Violations during imports and module fixtures, and under a default size."""

from __future__ import annotations

import unittest

from hermetic import medium
from support.violating_tests import MARKED, ONE_TEST, run_module, sections


class ModuleLevel:
    """What happens outside of any class, in modules with ``__hermetic__``."""

    runner: str

    def assert_one_error(self, source: str, owner: str) -> None:
        ran = run_module(source, "discover", runner=self.runner)
        texts = [text for kind, _, text in sections(ran.stderr) if kind == "ERROR"]
        self.assertEqual(len(texts), 1, ran.stderr)
        self.assertEqual(ran.stderr.count("[H001]"), 1, ran.stderr)
        self.assertIn(f"small test {owner} connected to 127.0.0.1:9", texts[0])
        self.assertNotEqual(ran.returncode, 0)  # 3.12.1 says 5 when no test was run

    def test_setUpModule(self):
        source = MARKED + "def setUpModule(): swallow()\n" + ONE_TEST
        self.assert_one_error(source, "setUpModule (test_it)")

    def test_setUpModule_that_raises_it(self):
        source = MARKED + "def setUpModule(): reach()\n" + ONE_TEST
        self.assert_one_error(source, "setUpModule (test_it)")

    def test_tearDownModule(self):
        source = MARKED + "def tearDownModule(): swallow()\n" + ONE_TEST
        self.assert_one_error(source, "tearDownModule (test_it)")

    def test_tearDownModule_that_raises_it(self):
        source = MARKED + "def tearDownModule(): reach()\n" + ONE_TEST
        self.assert_one_error(source, "tearDownModule (test_it)")

    def test_a_module_cleanup(self):
        source = MARKED + "def setUpModule(): unittest.addModuleCleanup(swallow)\n" + ONE_TEST
        ran = run_module(source, runner=self.runner)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertEqual(len(sections(ran.stderr)), 1, ran.stderr)

    def test_an_import(self):
        self.assert_one_error(MARKED + "swallow()\n" + ONE_TEST, "import of test_it")

    def test_an_import_that_raises_it(self):
        self.assert_one_error(MARKED + "reach()\n" + ONE_TEST, "import of test_it")


@medium
class ModulesUnderHermetic(ModuleLevel, unittest.TestCase):
    runner = "hermetic"

    def test_an_import_of_a_module_without_tests(self):
        ran = run_module(MARKED + "swallow()\n", runner=self.runner)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertIn("small test import of test_it connected to 127.0.0.1:9", ran.stderr)


@medium
class ModulesUnderUnittest(ModuleLevel, unittest.TestCase):
    runner = "unittest"


@medium
class UnderADefaultSize(unittest.TestCase):
    def assert_one_error(self, source: str, owner: str) -> None:
        ran = run_module(source, "discover", "--default-size", "small")
        found = sections(ran.stderr)
        self.assertEqual([kind for kind, _, _ in found], ["ERROR"], ran.stderr)
        self.assertEqual(found[0][2].count("[H001]"), 1, ran.stderr)
        self.assertIn(f"small test {owner} connected to 127.0.0.1:9", found[0][2])
        self.assertEqual(ran.returncode, 1)

    def test_an_unmarked_test(self):
        self.assert_one_error(ONE_TEST.replace("pass", "swallow()"), "test_it.Case.test_it")

    def test_an_import(self):
        self.assert_one_error("swallow()\n" + ONE_TEST, "import of test_it")

    def test_an_import_that_raises_it(self):
        self.assert_one_error("reach()\n" + ONE_TEST, "import of test_it")

    def test_setUpModule(self):
        self.assert_one_error("def setUpModule(): swallow()\n" + ONE_TEST, "setUpModule (test_it)")

    def test_tearDownModule_after_the_last_test(self):
        self.assert_one_error("def tearDownModule(): swallow()\n" + ONE_TEST, "tearDownModule (test_it)")

    def test_setUpClass(self):
        source = ONE_TEST + "    @classmethod\n    def setUpClass(cls): swallow()\n"
        self.assert_one_error(source, "setUpClass (test_it.Case)")

    def test_tearDownClass(self):
        source = ONE_TEST + "    @classmethod\n    def tearDownClass(cls): swallow()\n"
        self.assert_one_error(source, "tearDownClass (test_it.Case)")

    def test_what_is_registered_with_atexit(self):
        ran = run_module("import atexit\natexit.register(swallow)\n" + ONE_TEST, "--default-size", "small")
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertIn("connected to 127.0.0.1:9", ran.stderr)

    def test_a_thread_that_outlives_the_last_test(self):
        source = "import threading, time\n" + ONE_TEST.replace(
            "pass", "threading.Thread(target=lambda: (time.sleep(0.3), swallow())).start()"
        )
        ran = run_module(source, "--default-size", "small")
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertIn("small test test_it.Case.test_it connected to 127.0.0.1:9", ran.stderr)

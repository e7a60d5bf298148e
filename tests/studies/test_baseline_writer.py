"""``--write-baseline``: known violations happen and are counted; new ones fail, and those that are gone are named."""

from __future__ import annotations

import os
import unittest

import hermetic
import support
from hermetic._base import features
from hermetic._settings import config

setUpModule = support.some_pythons_do

CONFIGURATION = "[metadata]\nname = x\n\n[tool:hermetic]\ndefault_size = small\nforbid = sleep\n"
SUITE = """
    import multiprocessing, os, socket, subprocess, sys, time, unittest
    from hermetic import allow, isolated
    PROGRAM = "echo"
    def in_child(): time.sleep(0.001)
    class Test(unittest.TestCase):
        @classmethod
        def setUpClass(cls): os.system(f"{PROGRAM} 1")
        def test_plain(self): pass
        def test_sleeps(self): time.sleep(0.001)
        def test_starts(self):
            try: os.system(f"{PROGRAM} 2")
            except Exception: pass
        def test_listens(self):
            with socket.create_server(("127.0.0.1", 0)): pass
        @allow(processes=["*"])
        def test_child(self):
            child = multiprocessing.Process(target=in_child)
            child.start()
            child.join()
            self.assertEqual(child.exitcode, 0)
        @isolated
        def test_isolated(self): time.sleep(0.001)
        def test_fails(self): self.assertNotIn("FAIL", os.environ, time.sleep(0.001))
"""
ENTRIES = [
    "H001 test_x.Test.test_listens 127.0.0.1",
    "H003 setUpClass (test_x.Test) echo",
    "H003 test_x.Test.test_starts echo",
    "H005 test_x.Test.test_child",
    "H005 test_x.Test.test_fails",
    "H005 test_x.Test.test_isolated",
    "H005 test_x.Test.test_sleeps",
]


class BaselineTestCase(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = self.enter(support.Folder(**{"test_x.py": SUITE}))
        self.write("setup.cfg", CONFIGURATION)

    def enter(self, context: support.Folder) -> str:
        self.addCleanup(context.__exit__)
        return os.path.realpath(context.__enter__())

    def write(self, name: str, text: str) -> None:
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name: str) -> str:
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def run_suite(self, *arguments: str, **env: str) -> tuple[int, str, str]:
        done = support.run_hermetic("discover", *arguments, cwd=self.folder, env=env)
        return done.returncode, done.stdout, done.stderr

    def entries(self) -> list[str]:
        return sorted(config.load(folder=self.folder).baseline)


@hermetic.medium
class WriteTest(BaselineTestCase):
    def test_what_is_written_is_let_happen_by_every_way_to_run(self) -> None:
        status, out, err = self.run_suite("--write-baseline")
        self.assertEqual((status, err.splitlines()[-1]), (0, "OK"))
        self.assertIn("setup.cfg: 7 known violations, 7 new, 0 gone\n", out)
        self.assertEqual(self.entries(), ENTRIES)
        self.assertTrue(self.read("setup.cfg").startswith(CONFIGURATION + "baseline =\n    H001"))
        for arguments in ((), ("-j", "2"), ("--isolated",)):
            with self.subTest(arguments):
                status, _, err = self.run_suite(*arguments, "--time-limits", "off")
                self.assertEqual(status, 0, err)
                self.assertIn("\nbaseline: 7 known violations in 7 tests\n", err)
                self.assertNotIn("warnings:", err)

    def test_new_ones_fail_and_those_that_are_gone_are_named(self) -> None:
        self.run_suite("--write-baseline")
        self.write("test_x.py", support.textwrap.dedent(SUITE).replace('"echo"', '"true"'))
        status, _, err = self.run_suite(FAIL="1")
        self.assertEqual(status, 1)
        self.assertIn("violations: H003 subprocess: 1 in 1 test\n  setUpClass (test_x.Test) started", err)
        self.write("test_x.py", support.textwrap.dedent(SUITE).replace("def setUpClass", "def unused"))
        _, _, err = self.run_suite(FAIL="1")
        gone = "baseline: 1 known violation gone: take out of "
        self.assertIn(f"{gone}{self.folder}{os.sep}setup.cfg,\n", err)
        self.assertIn("\n  H003 setUpClass (test_x.Test) echo\n", err)

    def test_a_run_of_some_tests_says_nothing_of_the_others(self) -> None:
        self.run_suite("--write-baseline")
        self.write("test_x.py", support.textwrap.dedent(SUITE).replace("def setUpClass", "def unused"))
        _, _, err = self.run_suite("-k", "test_starts")
        self.assertNotIn("gone", err)
        _, out, _ = self.run_suite("--write-baseline", "-k", "test_plain")
        self.assertIn("7 known violations, 0 new, 0 gone\n", out)
        _, out, _ = self.run_suite("--write-baseline", FAIL="1")
        self.assertIn("6 known violations, 0 new, 1 gone\n", out)
        self.assertEqual(self.entries(), [entry for entry in ENTRIES if "setUpClass" not in entry])

    def test_the_file_that_has_the_settings_is_written(self) -> None:
        self.write("pyproject.toml", "[project]\nname = 'x'\n")
        self.run_suite("--write-baseline", "-k", "test_sleeps")
        self.assertEqual(self.read("pyproject.toml"), "[project]\nname = 'x'\n")
        if features.HAS_TOMLLIB:
            self.write("setup.cfg", "[metadata]\nname = x\n")
            self.run_suite("--write-baseline", "-k", "test_sleeps", HERMETIC_DEFAULT_SIZE="small")
            self.assertIn('\n[tool.hermetic]\nbaseline = [\n    "H003 setUpClass', self.read("pyproject.toml"))

    def test_a_survey_goes_by_no_sizes_and_a_baseline_does(self) -> None:
        status, _, err = self.run_suite("--write-baseline", "--survey")
        self.assertEqual(status, 2)
        self.assertIn("run one of them", err)


@hermetic.medium
class SettingTest(BaselineTestCase):
    def test_wrong_entries_are_errors(self) -> None:
        for text in ("H003", "H009 tests.T.test_a git", "tests.T.test_a"):
            with self.subTest(text):
                self.write("setup.cfg", f"[tool:hermetic]\nbaseline = {text}\n")
                with self.assertRaisesRegex(hermetic.ConfigurationError, "setup.cfg: baseline: .* is no violation"):
                    self.entries()

    def test_show_config_counts_them(self) -> None:
        self.write("setup.cfg", f"[tool:hermetic]\nbaseline =\n    {ENTRIES[0]}\n    {ENTRIES[1]}\n")
        shown = config.describe(config.load(folder=self.folder)).splitlines()[-1]
        self.assertEqual(shown, f"baseline = 2 known violations  ({self.folder}{os.sep}setup.cfg)")

    def test_an_overrun_is_a_known_violation_too(self) -> None:
        self.write("setup.cfg", "[tool:hermetic]\ntime_limits = strict\nbaseline = H006 test_y.Test.test_slow\n")
        slow = "import hermetic, time, unittest\n@hermetic.small\nclass Test(unittest.TestCase):\n"
        self.write("test_y.py", f"{slow}    def test_slow(self): time.sleep(1.05)\n")
        status, _, err = self.run_suite("-p", "test_y.py")
        self.assertEqual(status, 0, err)
        self.assertIn("baseline: 1 known violation in 1 test\n", err)

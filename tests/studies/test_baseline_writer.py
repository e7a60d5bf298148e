"""``--write-baseline`` allows known violations, reports new ones, and lists those that no longer occur."""

from __future__ import annotations

import os
import unittest

import hermetic
import support
from hermetic._settings import config, reading

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
        self.assertIn("hermetic-baseline.txt: 7 known violations, 7 new, 0 gone\n", out)
        self.assertEqual(self.read("hermetic-baseline.txt"), "".join(f"{entry}\n" for entry in ENTRIES))
        self.assertEqual(self.read("setup.cfg"), CONFIGURATION)
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
        gone = "baseline: 1 known violation no longer occurs: remove it from "
        self.assertIn(f"{gone}{self.folder}{os.sep}hermetic-baseline.txt,\n", err)
        self.assertIn("\n  H003 setUpClass (test_x.Test) echo\n", err)

    def test_a_run_of_some_tests_says_nothing_of_the_others(self) -> None:
        self.run_suite("--write-baseline")
        self.write("test_x.py", support.textwrap.dedent(SUITE).replace("def setUpClass", "def unused"))
        _, _, err = self.run_suite("-k", "test_starts")
        self.assertNotIn("no longer", err)
        _, out, _ = self.run_suite("--write-baseline", "-k", "test_plain")
        self.assertIn("7 known violations, 0 new, 0 gone\n", out)
        _, out, _ = self.run_suite("--write-baseline", FAIL="1")
        self.assertIn("6 known violations, 0 new, 1 gone\n", out)
        self.assertEqual(self.entries(), [entry for entry in ENTRIES if "setUpClass" not in entry])

    def test_comments_stay_and_the_file_stands_beside_the_settings(self) -> None:
        self.write("hermetic-baseline.txt", f"# of setup.cfg\n\n{ENTRIES[0]}\n# why\n{ENTRIES[3]}\n")
        inner = os.path.join(self.folder, "inner")
        os.mkdir(inner)
        text = "import time, unittest\nclass Test(unittest.TestCase):\n    def test_y(self): time.sleep(0.001)\n"
        self.write(os.path.join("inner", "test_y.py"), text)
        done = support.run_hermetic("test_y", "--write-baseline", cwd=inner)
        path = f"{self.folder}{os.sep}hermetic-baseline.txt"
        self.assertIn(f"baseline in {path}: 3 known violations, 1 new, 0 gone\n", done.stdout, done.stderr)
        text = self.read("hermetic-baseline.txt")
        self.assertEqual(text, f"# of setup.cfg\n\n{ENTRIES[0]}\n# why\n{ENTRIES[3]}\nH005 test_y.Test.test_y\n")

    def test_a_run_whose_file_cannot_be_written_says_so(self) -> None:
        self.write("test_x.py", "import os, test_w\nos.mkdir('hermetic-baseline.txt')\nTest = test_w.Test\n")
        self.write("test_w.py", support.textwrap.dedent(SUITE))
        _, out, err = self.run_suite("--write-baseline", "-p", "test_x.py")
        self.assertIn("The baseline was not written: ", err)
        self.assertNotIn("baseline in", out)

    def test_a_survey_goes_by_no_sizes_and_a_baseline_does(self) -> None:
        status, _, err = self.run_suite("--write-baseline", "--survey")
        self.assertEqual(status, 2)
        self.assertIn("leave one of them out", err)


@hermetic.medium
class SettingTest(BaselineTestCase):
    def test_a_wrong_line_ends_the_run_before_a_test(self) -> None:
        self.write("hermetic-baseline.txt", "# ours\nH003\n")
        status, _, err = self.run_suite()
        self.assertEqual(status, 2)
        self.assertIn(f"{self.folder}{os.sep}hermetic-baseline.txt, line 2: 'H003' is not a violation; ", err)
        self.assertNotIn("Ran ", err)

    def test_show_config_counts_them_and_names_their_places(self) -> None:
        self.write("hermetic-baseline.txt", f"{ENTRIES[1]}\n")
        path = f"{self.folder}{os.sep}hermetic-baseline.txt"
        shown = reading.settings_lines(config.load(folder=self.folder)).splitlines()[-1]
        self.assertEqual(shown, f"baseline = 1 known violations  ({path})")
        self.write("setup.cfg", f"[tool:hermetic]\nbaseline =\n    {ENTRIES[0]}\n    {ENTRIES[1]}\n")
        shown = reading.settings_lines(config.load(folder=self.folder)).splitlines()[-1]
        self.assertEqual(shown, f"baseline = 2 known violations  ({path}, {self.folder}{os.sep}setup.cfg)")

    def test_an_overrun_is_a_known_violation_too(self) -> None:
        self.write("setup.cfg", "[tool:hermetic]\ntime_limits = strict\n")
        self.write("hermetic-baseline.txt", "H006 test_y.Test.test_slow\n")
        slow = "import hermetic, time, unittest\n@hermetic.small\nclass Test(unittest.TestCase):\n"
        self.write("test_y.py", f"{slow}    def test_slow(self): time.sleep(1.05)\n")
        status, _, err = self.run_suite("-p", "test_y.py")
        self.assertEqual(status, 0, err)
        self.assertIn("baseline: 1 known violation in 1 test\n", err)


@hermetic.medium
class OldPlaceTest(BaselineTestCase):
    """Known violations that still stand in a configuration file."""

    def setUp(self) -> None:
        super().setUp()
        self.write("setup.cfg", f"{CONFIGURATION}baseline =\n    {ENTRIES[0]}\n    {ENTRIES[2]}\n")
        self.write("hermetic-baseline.txt", "".join(f"{entry}\n" for entry in ENTRIES[1:]))
        self.old, self.new = (f"{self.folder}{os.sep}{name}" for name in ("setup.cfg", "hermetic-baseline.txt"))

    def test_they_hold_besides_the_file_and_each_run_warns_once(self) -> None:
        for arguments in ((), ("-j", "2"), ("--isolated",)):
            with self.subTest(arguments):
                status, out, err = self.run_suite(*arguments, "--time-limits", "off")
                self.assertEqual(status, 0, err)
                self.assertIn("\nbaseline: 7 known violations in 7 tests\n", err)
                warning = f"\nbaseline: {self.old} lists known violations, which is deprecated: "
                self.assertEqual((out + err).count(warning), 1, err)

    def test_they_are_moved_and_the_run_says_what_to_delete(self) -> None:
        _, out, _ = self.run_suite("--write-baseline")
        self.assertIn(f"baseline in {self.new}: 7 known violations, 0 new, 0 gone\n", out)
        self.assertIn(f"baseline: delete lines 7 to 9 of {self.old}: its entries are in {self.new} now\n", out)
        self.assertEqual(self.read("hermetic-baseline.txt"), "".join(f"{entry}\n" for entry in ENTRIES))
        self.write("setup.cfg", CONFIGURATION)
        _, _, err = self.run_suite("--time-limits", "off")
        self.assertIn("\nbaseline: 7 known violations in 7 tests\n", err)
        self.assertNotIn("deprecated", err)

    def test_wrong_entries_are_errors(self) -> None:
        for text in ("H003", "H009 tests.T.test_a git", "tests.T.test_a"):
            with self.subTest(text):
                self.write("setup.cfg", f"[tool:hermetic]\nbaseline = {text}\n")
                with self.assertRaisesRegex(hermetic.ConfigurationError, "setup.cfg: baseline: .* is not a violation"):
                    self.entries()

"""``--vary`` and ``--vary-only``, as users run them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from unittest import mock

import support
from hermetic import HermeticTestCase, medium
from hermetic._variations import path_variations
from support import ROOT, TIMEOUT, Folder, not_inherited, package_folder, run_hermetic

setUpModule = support.some_pythons_do_and_the_measured

SUITE = """
    import os, tempfile, time, unittest

    class DependentTest(unittest.TestCase):
        seen = []

        def test_both(self):
            self.assertFalse(os.umask(0o22) == 0o77 and "CI" in os.environ)
        def test_ci(self):
            self.assertNotIn("CI", os.environ)
        def test_folder(self):
            self.assertNotIn("'", tempfile.gettempdir())
        def test_order_1(self):
            self.seen.append(1)
        def test_order_2(self):
            self.assertTrue(self.seen)
        def test_zone(self):
            self.assertEqual(time.localtime(0).tm_min, 0)

    class OtherTest(unittest.TestCase):
        def test_a(self): pass
        def test_b(self): self.fail("always")
        def test_c(self): self.skipTest("always")
"""
NAMES = "timezone,ci,umask,temporary-folder,order=reversed"
DEPENDENT = {"both", "ci", "folder", "order_2", "zone"}


def _is_command(line):
    return " -m hermetic " in line and ": " not in line


@support.not_measured
@support.posix_only("TZ, permissions for a umask, named pipes in folders, or sh")
@medium
class VaryTest(HermeticTestCase):
    def test_what_tests_depend_on_is_named_with_commands_that_show_it(self):
        with Folder(**{"test_x.py": SUITE}) as folder:
            result = run_hermetic("--vary", NAMES, "-j", "2", cwd=folder, env={"TZ": "UTC"})
            self.assertEqual(result.returncode, 1, result.stderr)
            commands = [line.strip() for line in result.stdout.splitlines() if _is_command(line)]
            self.assertEqual(len(commands), len(DEPENDENT), result.stdout)
            for command in commands:
                done = self.by_hand(command, folder)
                self.assertEqual(done.returncode, 1, command)
                self.assertIn("failures=1", done.stderr, command)
            self.check_bisection(result.stdout, folder)
        found = {
            line.split()[0].partition(".test_")[2] for line in result.stdout.splitlines() if " times), and" in line
        }
        self.assertEqual(found, DEPENDENT)
        self.assertIn("\nci=set (CI=true)\numask=077 (umask 077)\n", result.stdout)
        self.assertIn("5 of 9 tests depend on what was varied.", result.stdout)
        self.assertIn("9 tests (1 failing), ", result.stderr.splitlines()[0])

    def check_bisection(self, printed, folder):
        """The command that finds the other test is right, and so are the commands that it prints."""
        (command,) = (line.partition("find them: ")[2] for line in printed.splitlines() if "find them: " in line)
        found = self.by_hand(command, folder).stdout
        self.assertIn("DependentTest.test_order_1", found)
        commands = [line.strip() for line in found.splitlines() if _is_command(line)]
        self.assertEqual([self.by_hand(one, folder).returncode for one in commands], [1, 0], found)

    def test_the_example_of_the_page_prints_what_the_page_shows(self):
        with open(os.path.join(ROOT, "docs", "how-to", "find-dependences.md"), encoding="utf-8") as file:
            blocks = re.findall(r"<!-- run by .*\n```(?:python)?\n([^`]*)```", file.read())
        example, printed = blocks
        with Folder(**{"test_report.py": example}) as folder:
            result = run_hermetic("--vary", "timezone", "test_report", cwd=folder, env={"TZ": "UTC"})
        self.assertEqual(result.stdout.replace(sys.executable, "python").strip(), printed.strip())

    def by_hand(self, command, folder):
        environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": package_folder(), "TZ": "UTC", "PYTHONHASHSEED": "0"}
        with not_inherited():
            return subprocess.run(
                ["sh", "-c", command], cwd=folder, env=environ, capture_output=True, text=True, timeout=TIMEOUT
            )

    def test_a_script_is_studied_too(self):
        script = """
            import unittest
            suite = unittest.defaultTestLoader.discover(".")
            raise SystemExit(not unittest.TextTestRunner().run(suite).wasSuccessful())
        """
        with Folder(**{"test_x.py": SUITE, "run.py": script}) as folder:
            result = run_hermetic("--vary", "ci=set", "--script", "run.py", cwd=folder)
            self.assertEqual(result.returncode, 1, result.stderr)
            (command,) = (line.strip() for line in result.stdout.splitlines() if _is_command(line))
            self.assertIn("DependentTest.test_ci fails under it", result.stdout)
            done = self.by_hand(command, folder)
            self.assertIn("Ran 1 test", done.stderr, command)
            self.assertEqual(done.returncode, 1)

    def test_reports_have_a_failure_for_each_dependence_that_is_not_accepted(self):
        known = """
            [tool:hermetic]
            vary_known =
                ci *.test_ci: asks for CI on purpose
                ci *.test_zone: it was so once
        """
        with Folder(**{"test_x.py": SUITE, "setup.cfg": known}) as folder:
            names = ("--junit-xml", "j.xml", "--json", "j.json", "--html", "j.html")
            result = run_hermetic("--vary", "ci=set,umask=077", *names, cwd=folder)
            with open(os.path.join(folder, "j.json"), encoding="utf-8") as file:
                document = json.load(file)
            sizes = [os.path.getsize(os.path.join(folder, name)) for name in names[1::2]]
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("Accepted by vary_known:\n  test_x.DependentTest.test_ci: ci=set (asks for", result.stdout)
        self.assertIn("but no longer found: remove:\n  ci *.test_zone: it was so once\n", result.stdout)
        failed = {
            test["name"]: test["entries"][0]["message"] for test in document["tests"] if test["outcome"] == "failure"
        }
        self.assertEqual([*failed], ["test_both"])
        self.assertTrue(failed["test_both"].startswith("depends on ci=set and umask=077: AssertionError"), failed)
        self.assertEqual((document["successful"], document["totals"]["tests"]), (False, 9))
        self.assertGreater(min(sizes), 0)

    def test_ctrl_c_ends_all_and_tells_what_was_left_out(self):
        suite = """
            import time, unittest
            class SlowTest(unittest.TestCase):
                def test_slow(self):
                    open("begun", "w").close()
                    time.sleep(1000)
        """
        with Folder(**{"test_x.py": suite}) as folder:
            environ = {**os.environ, "PYTHONPATH": package_folder(), "TMPDIR": folder}
            with (
                not_inherited(),
                subprocess.Popen(
                    [sys.executable, "-m", "hermetic", "--vary", "proxies=set"], cwd=folder, env=environ,
                    stdout=subprocess.PIPE, text=True,
                ) as process,
            ):  # fmt: skip
                while not os.path.exists(os.path.join(folder, "begun")):
                    time.sleep(0.05)
                process.send_signal(signal.SIGINT)
                printed, _ = process.communicate(timeout=TIMEOUT)
            left = [name for name in os.listdir(folder) if name.startswith("hermetic-vary-")]
        self.assertEqual((process.returncode, left), (130, []))
        self.assertIn("Left out, because of Ctrl-C:\n  proxies=set\n", printed)

    def test_one_run_under_variations_has_its_usual_output_and_status(self):
        with Folder(**{"test_x.py": SUITE}) as folder:
            done = run_hermetic(
                "--vary-only", "timezone=Asia/Kathmandu,order=reversed", "test_x.DependentTest", cwd=folder
            )
        self.assertEqual(done.returncode, 1)
        self.assertIn("failures=2", done.stderr)
        self.assertIn("test_zone (", done.stderr)

    def test_a_tree_is_copied_that_contains_the_temporary_folder_and_a_pipe(self):
        test = "import os, unittest\nclass T(unittest.TestCase):\n    def test(self): assert 'a b' in os.getcwd()\n"
        with Folder(**{"test_x.py": test, "tmp/x": ""}) as folder:
            os.mkfifo(os.path.join(folder, "pipe"))
            temporary = os.path.join(folder, "tmp")
            done = run_hermetic("--vary-only", "tree=blank", "test_x", cwd=folder, env={"TMPDIR": temporary})
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(os.listdir(temporary), ["x"])

    def test_a_tree_that_cannot_be_read_is_left_out(self):
        reason = path_variations._uncopied.__wrapped__
        self.addCleanup(os.chdir, os.getcwd())
        with Folder(**{"test_x.py": "", "data/secret": ""}) as folder:
            os.chdir(folder)
            os.mkfifo("pipe")
            self.assertEqual(reason(), "")
            with mock.patch.object(os, "access", lambda path, _: not path.endswith("secret")):
                self.assertEqual(reason(), "data/secret in the current folder cannot be read")
            os.chdir("/")


@support.not_measured
@medium
class StudyTest(HermeticTestCase):
    """What is varied on every platform."""

    def test_without_a_finding_the_status_is_0(self):
        with Folder(**{"test_x.py": SUITE}) as folder:
            result = run_hermetic("--vary", "colour=off", "test_x.OtherTest", cwd=folder, env={"NO_COLOR": ""})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("None of 3 tests was found", result.stdout)

    def test_a_spent_budget_is_told(self):
        with Folder(**{"test_x.py": SUITE}) as folder:
            result = run_hermetic("--vary", "ci=set", "--vary-budget", "0.001", cwd=folder)
        self.assertIn("Left out, because the time was used up:\n  ci=set\n", result.stdout)

    def test_a_tree_that_is_too_large_is_left_out_before_all_of_it_was_looked_at(self):
        looked_at = []

        def walk(top, walk=os.walk):
            for found in walk(top):
                looked_at.append(found[0])
                yield found

        self.addCleanup(os.chdir, os.getcwd())
        with Folder(**{"a": "x" * 200, "b": "", "later/c": ""}) as folder, mock.patch.object(os, "walk", walk):
            os.chdir(folder)
            for name, most, text in (("_MOST_BYTES", 100, "0 MB"), ("_MOST_FILES", 1, "1 files")):
                with mock.patch.object(path_variations, name, most):
                    reason = path_variations._uncopied.__wrapped__()
                self.assertEqual(reason, f"the current folder has more than {text}")
            os.chdir("/")
        self.assertEqual(looked_at, [os.curdir, os.curdir])

    def test_one_run_with_each_test_alone_reports_them_together(self):
        with Folder(**{"test_x.py": SUITE}) as folder:
            done = run_hermetic("--vary-only", "order=alone", "test_x", "-k", "order", "-k", "test_a", cwd=folder)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("Ran 3 tests", done.stderr)
        self.assertIn("FAILED (failures=1)", done.stderr)


@medium
class WrongUseTest(HermeticTestCase):
    def test_wrong_values_are_named(self):
        for arguments, text in (
            (
                ("--vary=umsk",),
                "--vary 'umsk' is not a list of variations; --vary list shows them all (did you mean umask?)",
            ),
            (("--vary", "timezon,order"), "'timezon,order' is not a list of variations; --vary list shows them all"),
            (("--vary", "--vary-budget", "soon"), "--vary-budget 'soon' is not a number of seconds above 0"),
            (("--vary-only", "hash-seed"), "exclude each other"),
            (("--vary-only", "list"), "--vary-only 'list' is not a list of variations; --vary list shows them all"),
            (("--vary-budget", "600"), "--vary-budget limits a study; add --vary, or leave it out"),
        ):
            result = run_hermetic(*arguments)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertIn(text, result.stderr)

    def test_a_module_that_cannot_be_imported_is_named_and_fails_the_study(self):
        test = "import unittest\nclass T(unittest.TestCase):\n    def test(self): pass\n"
        with Folder(**{"test_x.py": test}) as folder:
            result = run_hermetic("--vary", "hash-seed=1", "test_x", "no_such", cwd=folder)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertRegex(result.stdout, r"Failed in plain runs, too:\n  the import of no_such: .*no_such")

    def test_the_variations_are_listed(self):
        result = run_hermetic("--vary", "list")
        self.assertEqual(result.returncode, 0)
        self.assertIn("hash-seed=1", result.stdout)

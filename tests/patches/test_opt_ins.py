"""Files (H002), databases (H004), and sleep (H005) are judged where the setting ``forbid`` names them."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import tempfile
import unittest

import hermetic
import support
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._base.sizes import DATABASE, FILESYSTEM, OPT_IN, SLEEP, STRICT, Size
from hermetic._operations import lasting
from hermetic._policy import messages
from hermetic._policy.decision import Allowance, Policy, refuses

setUpModule = support.some_pythons_do

SAMPLE = os.path.join(support.ROOT, "tests", "samples", "opt_in")
ERRORS = {
    "H002": "hermetic.FilesystemViolationError",
    "H004": "hermetic.DatabaseViolationError",
    "H005": "hermetic.SleepViolationError",
}


def operation(kind: str, path: str, action: str = "read") -> Operation:
    return Operation(kind, action, os.path.basename(path), "builtins.open", family="", host=path)


@hermetic.medium
class SampleTest(unittest.TestCase):
    arguments: tuple[str, ...] = ()

    @classmethod
    def setUpClass(cls) -> None:
        with tempfile.TemporaryDirectory() as folder:
            project = shutil.copytree(SAMPLE, os.path.join(folder, "project"))
            report = os.path.join(folder, "report.json")
            done = support.run_hermetic(
                "discover", "--time-limits", "off", "--json", report, *cls.arguments, cwd=project
            )
            cls.output = done.stdout + done.stderr
            cls.left = sorted({*os.listdir(project)} - {"__pycache__", ".hermetic_cache"})
            with open(report, encoding="utf-8") as file:
                cls.tests = {test["name"]: test for test in json.load(file)["tests"]}

    def test_what_is_forbidden_is_an_error_of_its_code_even_if_swallowed(self) -> None:
        refused = {name: test for name, test in self.tests.items() if name.rpartition("_")[2].upper() in ERRORS}
        self.assertGreater(len(refused), 20)
        for name, test in refused.items():
            with self.subTest(name):
                code = name.rpartition("_")[2].upper()
                found = {violation["code"] for violation in test["violations"]}
                self.assertEqual((test["outcome"], found), ("error", {code}), self.output)
                self.assertEqual({entry["type"] for entry in test["entries"]}, {ERRORS[code]})

    def test_it_is_reported_at_the_line_of_the_caller(self) -> None:
        for name, test in self.tests.items():
            for violation in test["violations"]:
                with self.subTest(name):
                    self.assertEqual(violation["file"], "test_columns.py")
        sources = {violation["source"] for test in self.tests.values() for violation in test["violations"]}
        self.assertLess({'open("notes.txt").close()', 'shutil.rmtree("priced")', "sleep(0.001)"}, sources)

    def test_everything_else_passes(self) -> None:
        others = {name: test for name, test in self.tests.items() if name.rpartition("_")[2].upper() not in ERRORS}
        self.assertGreater(len(others), 15)
        for name, test in others.items():
            with self.subTest(name):
                self.assertIn(test["outcome"], ("success", "expected_failure"), self.output)
                self.assertEqual(test["violations"], [])

    def test_nothing_that_is_forbidden_has_happened(self) -> None:
        self.assertEqual(self.left, ["notes.txt", "priced", "setup.cfg", "test_columns.py"])

    def test_the_summary_has_them_by_code(self) -> None:
        for line in ("violations: H002 filesystem:", "violations: H004 database:", "violations: H005 sleep:"):
            self.assertIn(line, self.output)


@hermetic.medium
class IsolatedSampleTest(SampleTest):
    arguments = ("--isolated",)


@hermetic.medium
@unittest.skipUnless(importlib.util.find_spec("coverage"), "coverage is not installed")
class CoverageTest(unittest.TestCase):
    def test_what_coverage_does_is_no_use_by_the_test(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            project = shutil.copytree(SAMPLE, os.path.join(folder, "project"))
            coverage = ("-m", "coverage", "run", "--data-file=.coverage")  # even if this run is measured, too
            done = support.run_python(*coverage, "-m", "hermetic", "discover", "-k", "NoUse", cwd=project)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(".coverage", os.listdir(project))


@hermetic.medium
class OffTest(unittest.TestCase):
    def test_without_the_setting_nothing_is_watched_and_nothing_loaded(self) -> None:
        code = (
            "import sys, time, hermetic\nsleep = time.sleep\n"
            "with hermetic.guard('small'): open('x', 'w').close()\n"
            "names = ['_operations.file_events', '_patches.sleeps']\n"
            "print(time.sleep is sleep, [name for name in names if f'hermetic.{name}' in sys.modules])\n"
        )
        with support.Folder() as folder:
            self.assertEqual(support.run_python("-c", code, cwd=folder).stdout, "True []\n")

    def test_blocks_have_it_too_and_sleep_stays_what_it_was_to_everybody_else(self) -> None:
        code = (
            "import hermetic, inspect, pickle, time\n"
            "try:\n    with hermetic.guard('small'): time.sleep(0.001)\n"
            "except hermetic.SleepViolationError as error: print(error.violation.code)\n"
            "class Waiter:\n    sleep = time.sleep\n"
            "Waiter().sleep(0.001)\n"
            "print(pickle.loads(pickle.dumps(time.sleep)) is time.sleep, time.sleep.__name__)\n"
            "try: time.sleep()\n"
            "except TypeError: print('as ever')\n"
        )
        with support.Folder() as folder:
            done = support.run_python("-c", code, cwd=folder, env={"HERMETIC_FORBID": "sleep"})
        self.assertEqual((done.stdout, done.stderr), ("H005\nTrue sleep\nas ever\n", ""))


class PolicyTest(hermetic.HermeticTestCase):
    def test_only_small_tests_are_refused_what_is_forbidden(self) -> None:
        for size in Size:
            for kind in OPT_IN:
                with self.subTest(size=size, kind=kind):
                    policy = Policy(size, forbid=(kind,))
                    self.assertEqual(refuses(policy, operation(kind, "/data/x")), size is Size.SMALL)

    def test_what_is_not_forbidden_is_allowed(self) -> None:
        policy = Policy(Size.SMALL, forbid=(DATABASE, SLEEP))
        self.assertFalse(refuses(policy, operation(FILESYSTEM, "/data/x")))

    def test_files_are_allowed_by_their_path_from_here_or_their_full_one(self) -> None:
        for pattern in ("x.txt", "/data/*", "*.txt", "/data/x.txt"):
            with self.subTest(pattern):
                policy = Policy(Size.SMALL, Allowance(files=(pattern,)), STRICT, OPT_IN)
                self.assertFalse(refuses(policy, operation(FILESYSTEM, "/data/x.txt")))
                self.assertTrue(refuses(policy, operation(FILESYSTEM, "/other/x.csv")))

    def test_allowances_of_files_hold_for_files_alone(self) -> None:
        policy = Policy(Size.SMALL, Allowance(files=("*",)), STRICT, OPT_IN)
        self.assertTrue(refuses(policy, operation(DATABASE, "/data/x.db")))
        self.assertTrue(refuses(policy, operation(SLEEP, "1 s", "sleep")))

    def test_further_exceptions_change_nothing_else(self) -> None:
        policy = Policy(Size.SMALL, Allowance(hosts=("a",)), "warn", OPT_IN).allowing(Allowance(files=("b",)))
        self.assertEqual(policy, Policy(Size.SMALL, Allowance(hosts=("a",), files=("b",)), "warn", OPT_IN))


class MessageTest(hermetic.HermeticTestCase):
    def text(self, code: str, kind: str, action: str, target: str) -> str:
        site = CallSite("shop.py", 3, "load", "shop", "", "shop.function")
        attempt = lasting.proposing(Operation(kind, action, target, "x.y", family="", host=f"/project/{target}"), None)
        return messages.violation_text(Violation(code, "small", "tests.T.test_a", attempt, site))

    def test_files(self) -> None:
        text = self.text("H002", FILESYSTEM, "write", "out.txt")
        self.assertIn("[H002] filesystem violation: small test tests.T.test_a wrote to out.txt\n", text)
        self.assertIn("- do it in a tempfile.TemporaryDirectory()\n", text)
        self.assertIn("- allow this one path:   @hermetic.allow(files=['out.txt'])\n", text)

    def test_databases(self) -> None:
        text = self.text("H004", DATABASE, "open", ":memory:")
        self.assertIn("small test tests.T.test_a opened the database :memory:\n", text)
        self.assertIn("- allow this one database:   @hermetic.allow(databases=[':memory:'])\n", text)

    def test_sleep(self) -> None:
        text = self.text("H005", SLEEP, "sleep", "2 s")
        self.assertIn("small test tests.T.test_a slept 2 s\n", text)
        self.assertIn('- patch it where it is used:   mock.patch("shop.function")\n', text)
        self.assertNotIn("allow", text)

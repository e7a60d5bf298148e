"""Failed tests are run again in new workers: in every kind of run, and under other runners."""

from __future__ import annotations

import json
import os
import re
from typing import ClassVar

import hermetic
import support
from hermetic import medium
from hermetic._base import features
from support import Folder, run_hermetic, run_python
from support.ordered_runs import FolderCase

setUpModule = support.some_pythons_do

# A test fails until it has run as often as it says; the number of its runs is the length of a file.
HEAD = """
    import os, socket, subprocess, time, unittest
    import hermetic

    FOLDER = os.path.dirname(os.path.abspath(__file__))
    state = []

    def runs(name):
        with open(os.path.join(FOLDER, name), "a+") as file:
            file.write("x")
            return file.tell()
"""
TESTS = (
    HEAD
    + """
    class ATest(unittest.TestCase):
        def test_a_pollutes(self):
            state.append(1)

        def test_b_is_polluted(self):
            self.assertEqual(state, [])

        def test_c_passes_at_last(self):
            number = runs("c")
            print("run", number)
            self.assertEqual(number, 3)

        def test_d_fails(self):
            self.fail("always")

        def test_e_has_subtests(self):
            number = runs("e")
            for i in range(3):
                with self.subTest(i=i):
                    self.assertTrue(number > 1 or i != 1)

        @unittest.expectedFailure
        def test_f_passes_unexpectedly(self):
            self.assertEqual(runs("f"), 1)

        @unittest.skip("not here")
        def test_g_is_skipped(self):
            pass
"""
)


def read_flaky(report):
    return {test["name"] for test in report["tests"] if test["flaky"]}


class RetriesCase(FolderCase):
    """Runs tests in a folder, and reads their report."""

    FILES: ClassVar = {"test_it.py": TESTS}

    def run_here(self, *arguments, files=None, **env):
        for name in os.listdir(self.folder):
            if len(name) == 1:
                os.remove(os.path.join(self.folder, name))
        support.write_files(self.folder, files or {})
        options = ["--json", "report.json", "--history", "off", "--leaks", "off"]
        done = run_hermetic(*options, *arguments, cwd=self.folder, env=env)
        with open(os.path.join(self.folder, "report.json"), encoding="utf-8") as file:
            self.report = json.load(file)
        self.tests = {test["name"]: test for test in self.report["tests"]}
        return done


@medium
class RunsTest(RetriesCase):
    def test_in_every_kind_of_run(self):
        flaky = {"test_c_passes_at_last", "test_e_has_subtests", "test_f_passes_unexpectedly"}
        shared = {*flaky, "test_b_is_polluted"}  # where tests share a process
        for arguments, expected in (
            (["test_it"], shared),
            (["-b", "test_it"], shared),
            (["-j", "2", "test_it"], shared),
            (["-f", "-j", "2", "-k", "not test_d", "test_it"], shared),
            (["--isolated", "test_it"], flaky),
            (["--isolated", "--isolated-start", "fresh", "test_it"], flaky),
            (["--shard", "1/1", "test_it"], shared),
        ):
            with self.subTest(arguments):
                done = self.run_here("--retries", "2", *arguments)
                self.assertEqual(read_flaky(self.report), expected, done.stderr)
                self.assertIn(f"flaky={len(expected)})\n", done.stderr)
                failed = {name for name, test in self.tests.items() if test["outcome"] == "failure"}
                self.assertEqual(failed, {"test_d_fails"} & self.tests.keys())
                self.assertEqual(done.returncode, 1 if failed else 0)

    def test_all_attempts_are_recorded(self):
        self.run_here("--retries", "2", "test_it")
        last = self.tests["test_c_passes_at_last"]
        self.assertEqual([attempt["outcome"] for attempt in last["attempts"]], ["failure", "failure", "success"])
        self.assertEqual([attempt["stdout"] for attempt in last["attempts"]], ["", "run 2\n", "run 3\n"])
        self.assertEqual([attempt["worker"] for attempt in last["attempts"]], ["main", "worker 2", "worker 3"])
        self.assertEqual((last["outcome"], last["entries"]), ("success", []))
        self.assertEqual(len(self.tests["test_d_fails"]["attempts"]), 3)
        self.assertEqual(self.tests["test_d_fails"]["entries"][0]["message"], "always")
        self.assertEqual(self.tests["test_g_is_skipped"]["attempts"], [])
        self.assertEqual(self.report["totals"]["flaky"], 4)

    def test_without_enough_retries_a_test_fails_as_it_failed_first(self):
        done = self.run_here("--retries", "1", "test_it.ATest.test_c_passes_at_last")
        self.assertIn("AssertionError: 1 != 3", done.stderr)
        self.assertIn("failed in each of 2 attempts: test_it.ATest.test_c_passes_at_last", done.stderr)
        self.assertTrue(done.stderr.endswith("FAILED (failures=1)\n"), done.stderr)

    def test_without_retries_nothing_is_retried(self):
        done = self.run_here("test_it")
        self.assertNotIn("flaky", done.stderr)
        self.assertTrue(done.stderr.endswith("FAILED (failures=4, skipped=1, unexpected successes=1)\n"), done.stderr)

    def test_a_setting_retries_and_a_setting_makes_flaky_tests_errors(self):
        name = "test_it.ATest.test_e_has_subtests"
        for flaky, status, line in (("warn", 0, "OK (flaky=1)"), ("error", 1, "FAILED (flaky=1)")):
            with self.subTest(flaky):
                done = self.run_here(name, HERMETIC_RETRIES="1", HERMETIC_FLAKY=flaky)
                self.assertEqual((done.returncode, done.stderr.splitlines()[-1]), (status, line))
                self.assertEqual(self.report["successful"], not status)

    def test_the_first_failure_is_shown_with_its_subtest(self):
        text = self.run_here("--retries", "1", "test_it.ATest.test_e_has_subtests").stderr
        self.assertIn("FLAKY: test_e_has_subtests (test_it.ATest", text)
        self.assertIn("-\n(i=1)\nTraceback (most recent call last):\n", text)

    def test_what_is_not_run_in_another_process_is_not_retried(self):
        done = self.run_here("--retries", "1", "--no-isolation", "test_it.ATest.test_e_has_subtests")
        self.assertEqual((done.returncode, read_flaky(self.report)), (1, set()))

    def test_the_command_that_is_proposed_finds_the_cause(self):
        done = self.run_here("--retries", "1", "test_it")
        lines = done.stderr.splitlines()
        (command,) = {line.split(" -m ")[1] for line in lines if "--bisect test_it.ATest.test_b_is_polluted" in line}
        found = run_python("-m", *command.split(), cwd=self.folder)
        self.assertEqual(found.returncode, 0, found.stderr)
        self.assertIn("fails after\n    test_it.ATest.test_a_pollutes\n", found.stdout)


@medium
class MaxfailTest(RetriesCase):
    def test_flaky_tests_do_not_count(self):
        for option in (["-f"], ["--maxfail", "1"]):
            with self.subTest(option):
                self.run_here("--retries", "2", *option, "test_it")
                self.assertEqual([*self.tests][-1], "test_d_fails")


HASHES = (
    HEAD
    + """
    class ATest(unittest.TestCase):
        def test_hash(self):
            with open(os.path.join(FOLDER, "h"), "a+") as file:
                print(hash("a"), file=file)
                file.seek(0)
                first, *rest = file
            self.assertTrue(rest and rest[-1] != first)
"""
)


@support.not_measured
@medium
class HashesTest(RetriesCase):
    def test_a_test_that_fails_with_the_hashes_of_the_run_alone_is_found(self):
        runs = [("7", ["--isolated-start", "fresh"])]
        runs += [("random", [])] if features.LINUX else []  # elsewhere, no other process has the hashes of the run
        for seed, options in runs:
            with self.subTest(seed):
                files = {"test_h.py": HASHES}
                done = self.run_here("--retries", "2", *options, "test_h", files=files, PYTHONHASHSEED=seed)
                self.assertEqual(read_flaky(self.report), {"test_hash"}, done.stderr)
                self.assertIn("It failed 3 times with the hash seed of this run, and passed with another.", done.stderr)
                phases = [[*attempt["phases"]] for attempt in self.tests["test_hash"]["attempts"]]
                self.assertEqual(phases, [[], *[["setUp", "test method", "tearDown", "cleanups"]] * 2])


UNMARKED = """
    import unittest

    class ATest(unittest.TestCase):
        def test_fails(self):
            self.fail("in each attempt")
"""


@medium
class UnmarkedTest(RetriesCase):
    def test_new_interpreters_retry_tests_of_suites_that_isolate_nothing(self):
        for arguments in (("--retries", "2"), ("--retries", "1", "--isolated-start", "fresh")):
            with self.subTest(arguments):
                self.run_here(*arguments, "test_unmarked", files={"test_unmarked.py": UNMARKED})
                attempts = self.tests["test_fails"]["attempts"]
                errors = {entry["type"] for attempt in attempts for entry in attempt["entries"]}
                self.assertEqual((len(attempts), errors), (int(arguments[1]) + 1, {"AssertionError"}))


VIOLATING = (
    HEAD
    + """
    @hermetic.small
    class ATest(unittest.TestCase):
        def violate(self):
            try:
                socket.create_connection(("127.0.0.1", 9))
            except Exception:
                pass

        def test_once(self):
            if runs("v") == 1:
                self.violate()

        def test_always(self):
            self.violate()
"""
)
FIXTURES = (
    HEAD
    + """
    class ATest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            if runs("s") == 1:
                raise OSError("not yet")

        def test_it(self):
            pass

    class BTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            if runs("b") > 1:
                raise OSError("not again")

        def test_it(self):
            self.assertGreater(runs("t"), 1)
"""
)
CRASHING = (
    HEAD
    + """
    @hermetic.isolated
    class ATest(unittest.TestCase):
        def test_a_first(self):
            pass

        def test_crash(self):
            if runs("k") == 1:
                os._exit(3)
            self.assertEqual(state, [])

    @hermetic.isolated(timeout={seconds})
    class BTest(unittest.TestCase):
        def test_hang(self):
            if runs("h") == 1:
                time.sleep(60)
"""
)


@support.not_measured
@medium
class KindsTest(RetriesCase):
    def test_a_violation_is_retried_and_never_lost(self):
        done = self.run_here("--retries", "1", "test_v", files={"test_v.py": VIOLATING})
        once, always = self.tests["test_once"], self.tests["test_always"]
        self.assertEqual((once["flaky"], once["violations"]), (True, []))
        self.assertEqual([violation["code"] for violation in once["attempts"][0]["violations"]], ["H001"])
        self.assertEqual((always["outcome"], always["flaky"], len(always["violations"])), ("error", False, 1))
        self.assertIn("FLAKY: test_once", done.stderr)
        self.assertEqual(done.stderr.count("[H001] network violation: small test test_v.ATest.test_once"), 1)
        self.assertEqual(done.returncode, 1)

    def test_fixtures_are_not_retried_and_fail_the_retries_of_their_tests(self):
        self.run_here("--retries", "1", "test_s", files={"test_s.py": FIXTURES})
        self.assertEqual(self.tests["setUpClass"]["outcome"], "error")
        test = self.tests["test_it"]
        self.assertEqual((test["id"], test["outcome"], test["flaky"]), ("test_s.BTest.test_it", "failure", False))
        self.assertEqual(test["attempts"][1]["entries"][0]["message"], "not again")

    def test_crashes_and_time_outs_are_retried_alone(self):
        for options in ([], ["-j", "2"]):
            with self.subTest(options):
                files = {"test_k.py": CRASHING.format(seconds=10 if features.WINDOWS else 1)}
                done = self.run_here("--retries", "1", *options, "test_k", files=files)
                self.assertEqual(read_flaky(self.report), {"test_crash", "test_hang"}, done.stderr)
                self.assertIn("The time was up during the test method. When it passed, the", done.stderr)
                self.assertEqual(done.returncode, 0, done.stderr)


MARKED = (
    HEAD
    + """
    @hermetic.retries(1)
    class ATest(unittest.TestCase):
        def test_of_class(self):
            self.assertEqual(runs("m"), 2)

        @hermetic.retries(2)
        def test_of_method(self):
            self.extra = open(__file__)  # what no other process could be sent
            self.addCleanup(self.extra.close)
            self.assertEqual(runs("n"), 3)

        @hermetic.retries(0)
        def test_never(self):
            self.assertEqual(runs("o"), 2)

    class BTest(unittest.TestCase):
        def test_unmarked(self):
            self.assertEqual(runs("p"), 2)

    def local():
        class LocalTest(unittest.TestCase):
            @hermetic.retries(1)
            def test_local(self):
                self.assertEqual(runs("q"), 2)
        return LocalTest

    def load_tests(loader, tests, pattern):
        tests.addTests(loader.loadTestsFromTestCase(local()))
        return tests
"""
)


@medium
class MarksTest(hermetic.HermeticTestCase):
    def setUp(self):
        folder = Folder(**{"test_m.py": MARKED})
        self.folder = os.path.realpath(folder.__enter__())
        self.addCleanup(folder.__exit__)

    def lines_of(self, *arguments, **env):
        done = run_python(*arguments, cwd=self.folder, env=env)
        return done.stderr, [line for line in done.stderr.splitlines() if line.startswith("FAIL:")]

    def test_under_hermetic(self):
        text, failed = self.lines_of("-m", "hermetic", "test_m")
        never = ["test_never", "test_unmarked", *([] if features.LINUX else ["test_local"])]  # only a fork has it
        self.assertEqual([line.split()[1] for line in failed], never)
        self.assertIn(f"FAILED (failures={len(never)}, flaky={5 - len(never)})", text)

    def test_under_unittest(self):
        text, failed = self.lines_of("-m", "unittest", "test_m")
        self.assertEqual([line.split()[1] for line in failed], ["test_never", "test_unmarked", "test_local"])
        for name, attempt in (("class", 2), ("method", 3)):
            message = f"HermeticWarning: flaky: test_m.ATest.test_of_{name} passed in attempt {attempt}, after it had"
            self.assertIn(message, text)
        self.assertIn(
            "test_local was not retried: [H007] test_m.local.<locals>.LocalTest cannot be isolated: it is", text
        )

    def test_with_v_it_is_called_flaky(self):
        for runner in ("hermetic", "unittest"):
            with self.subTest(runner):
                for name in {"m", "n", "o"}.intersection(os.listdir(self.folder)):
                    os.remove(os.path.join(self.folder, name))
                text, _ = self.lines_of("-m", runner, "-v", "test_m.ATest")
                found = re.findall(r"(?ms)^(test_\w+) \(.*?(ok|flaky|FAIL)\n(?!  )", text.partition("=" * 70)[0])
                self.assertEqual(
                    found, [("test_never", "FAIL"), ("test_of_class", "flaky"), ("test_of_method", "flaky")], text
                )

    def test_under_unittest_flaky_tests_fail_where_they_are_errors(self):
        _, failed = self.lines_of("-m", "unittest", "test_m.ATest.test_of_class", HERMETIC_FLAKY="error")
        self.assertEqual(len(failed), 1)

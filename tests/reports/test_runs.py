"""Runs of every kind are reported: early ends, scripts, and other runners and results."""

from __future__ import annotations

import json
import os

import hermetic
from hermetic import medium
from support import Folder, posix_only, run_python
from support.report_runs import MIDDLE, run_reported

ISOLATED = """
import os, signal, time, unittest
from hermetic import isolated

RUN = os.getpid()

class IsolatedTest(unittest.TestCase):
    @isolated
    def test_isolated(self):
        {}
        time.sleep(30)
"""


@medium
class EarlyEndTest(hermetic.HermeticTestCase):
    def report_of(self, line, *arguments):
        with Folder(**{"test_it.py": MIDDLE.format(line)}) as folder:
            report = json.loads(run_reported(folder, *arguments, "test_it").read("--json"))
            self.assertEqual([name for name in os.listdir(folder) if name.endswith(".tmp")], [])
        return report, {record["name"]: record["outcome"] for record in report["tests"]}

    def test_an_exit_in_a_test_is_reported(self):
        report, outcomes = self.report_of("os._exit(0)")
        self.assertEqual(outcomes, {"test_first": "success", "test_middle": "error"})
        self.assertIn("os._exit(0)", report["ended_early"])
        self.assertEqual((report["successful"], report["totals"]["not_run"]), (False, 1))

    def test_ctrl_c_is_reported(self):
        report, outcomes = self.report_of("signal.raise_signal(signal.SIGINT)")
        self.assertEqual(outcomes, {"test_first": "success", "test_middle": "interrupted"})
        self.assertIn("Ctrl-C", report["ended_early"])

    @posix_only("fork")
    def test_ctrl_c_while_a_worker_is_waited_for_is_reported(self):
        text = ISOLATED.format("time.sleep(1); os.kill(RUN, signal.SIGINT)")  # its beginning has been told by then
        with Folder(**{"test_it.py": text}) as folder:
            report = json.loads(run_reported(folder, "test_it").read("--json"))
        (record,) = report["tests"]
        self.assertEqual((record["outcome"], record["worker"]), ("interrupted", "worker 1"))
        self.assertGreater(record["duration"], 0)

    def test_failfast_is_reported(self):
        report, outcomes = self.report_of("self.fail()", "-f")
        self.assertEqual(outcomes, {"test_first": "success", "test_middle": "failure"})
        self.assertEqual((report["ended_early"], report["totals"]["not_run"]), (None, 1))

    def test_an_exit_while_tests_are_loaded_is_reported(self):
        with Folder(**{"test_it.py": "import os; os._exit(0)"}) as folder:
            done = run_reported(folder, "test_it")
        report = json.loads(done.read("--json"))
        self.assertEqual((report["ended_early"], report["tests"]), ("os._exit(0) while the tests were loaded", []))
        self.assertEqual((done.status, report["successful"]), (1, False))

    def test_a_discovery_that_fails_is_reported(self):
        with Folder() as folder:
            report = json.loads(run_reported(folder, "discover", "-s", "nowhere").read("--json"))
        reason = "ImportError while the tests were loaded: Start directory is not importable: 'nowhere'"
        self.assertEqual(report["ended_early"], reason)


@medium
class WarnModeTest(hermetic.HermeticTestCase):
    def test_what_was_let_happen_is_told_apart(self):
        line = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
        with Folder(**{"test_it.py": MIDDLE.format(line)}) as folder:
            done = run_reported(folder, "--mode", "warn", "--default-size", "small", "test_it")
        record = json.loads(done.read("--json"))["tests"][1]
        self.assertEqual([violation["reported_as"] for violation in record["violations"]], ["warning"])
        self.assertEqual((record["outcome"], record["size"]), ("success", "small"))


SWALLOWING = """
import contextlib, os, socket, threading, unittest
from hermetic import small

def swallow():
    with contextlib.suppress(Exception), socket.socket() as client:
        client.connect(("127.0.0.1", 9))

@small
class FixtureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        swallow()

    def test_passes(self):
        os.chdir("/")

@small
class LateTest(unittest.TestCase):
    event = threading.Event()

    def test_first(self):
        def wait_and_swallow():
            self.event.wait()
            swallow()
        type(self).thread = threading.Thread(target=wait_and_swallow)
        self.thread.start()

    def test_second(self):
        self.event.set()
        self.thread.join()
"""


@medium
class ViolationsOfOthersTest(hermetic.HermeticTestCase):
    def test_a_violation_is_with_what_is_reported_for_it(self):
        with Folder(**{"test_it.py": SWALLOWING}) as folder:
            report = json.loads(run_reported(folder, "test_it").read("--json"))
        found = {record["name"]: (record["outcome"], len(record["violations"])) for record in report["tests"]}
        self.assertEqual(
            found,
            {
                "test_passes": ("success", 0),
                "tearDownClass": ("error", 1),
                "test_first": ("error", 1),
                "test_second": ("success", 0),
            },
        )

    def test_what_a_fixture_was_let_do_is_a_record_of_the_fixture(self):
        with Folder(**{"test_it.py": SWALLOWING}) as folder:
            report = json.loads(run_reported(folder, "--mode", "warn", "test_it").read("--json"))
        (record,) = (record for record in report["tests"] if record["kind"] == "fixture")
        self.assertEqual(
            (record["name"], record["outcome"], [violation["reported_as"] for violation in record["violations"]]),
            ("setUpClass", "success", ["warning"]),
        )
        self.assertTrue(report["successful"])


SCRIPT = """
import unittest, hermetic

class TheirResult(unittest.TextTestResult):
    def addSuccess(self, test):
        super().addSuccess(test)

class OurResult(hermetic.TestResult):
    def addSuccess(self, test):
        super().addSuccess(test)

class SilentResult(unittest.TestResult):
    separator2 = ""
    def __init__(self, *args, **kwargs):
        super().__init__()

class SampleTest(unittest.TestCase):
    def test_passes(self):
        pass
    def test_fails(self):
        with self.subTest(i=1):
            self.fail()
    @unittest.skip("reason")
    def test_is_skipped(self):
        pass

for runner, result in (
    (unittest.TextTestRunner, TheirResult), (hermetic.TestRunner, OurResult), (hermetic.TestRunner, SilentResult)
):
    runner(resultclass=result).run(unittest.defaultTestLoader.loadTestsFromTestCase(SampleTest))
"""


@medium
class ScriptTest(hermetic.HermeticTestCase):
    def test_every_run_of_a_script_is_reported_whatever_class_its_result_has(self):
        with Folder(**{"script.py": SCRIPT}) as folder:
            report = json.loads(run_reported(folder, "--script", "script.py").read("--json"))
        found = [(record["name"], record["outcome"]) for record in report["tests"]]
        self.assertEqual(
            found, [("test_fails", "failure"), ("test_is_skipped", "skip"), ("test_passes", "success")] * 3
        )


FOREIGN_RUNNER = """
import sys, unittest, hermetic

class PlainRunner:
    def run(self, test):
        result = unittest.TestResult()
        test(result)
        return result

class BreakingSuite(unittest.TestSuite):
    def run(self, result, debug=False):
        super().run(result, debug)
        raise RuntimeError("the suite is broken")

class SampleTest(unittest.TestCase):
    def test_passes(self):
        pass

def load_tests(loader, tests, pattern):
    return BreakingSuite(tests) if "--break" in sys.argv else tests

arguments = [word for word in sys.argv if word != "--break"]
hermetic.main(argv=arguments, testRunner=unittest.TextTestRunner if "--break" in sys.argv else PlainRunner)
"""


@medium
class ForeignRunnerTest(hermetic.HermeticTestCase):
    def report_of(self, *arguments):
        with Folder(**{"script.py": FOREIGN_RUNNER}) as folder:
            run_python("script.py", "--json", "report.json", *arguments, cwd=folder)
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                return json.load(file)

    def test_a_runner_that_never_says_that_the_run_is_over(self):
        report = self.report_of()
        self.assertEqual((report["successful"], report["totals"]["success"]), (True, 1))

    def test_a_suite_that_raises_an_exception(self):
        report = self.report_of("--break")
        self.assertEqual((report["successful"], report["totals"]["success"]), (False, 1))
        self.assertEqual(report["ended_early"], "RuntimeError outside of the tests: the suite is broken")


@medium
class NestedRunTest(hermetic.HermeticTestCase):
    def test_a_run_within_a_test_is_not_reported(self):
        line = (
            "import hermetic, io; hermetic.TestRunner(stream=io.StringIO())"
            ".run(unittest.defaultTestLoader.loadTestsFromTestCase(FirstTest))"
        )
        with Folder(**{"test_it.py": MIDDLE.format(line)}) as folder:
            report = json.loads(run_reported(folder, "test_it").read("--json"))
        self.assertEqual([record["name"] for record in report["tests"]], ["test_first", "test_middle", "test_last"])


SKIPPED_IN_PART = """
import unittest
from hermetic import isolated

class SampleTest(unittest.TestCase):
    def test_here(self):
        for i in range(2):
            with self.subTest(i=i):
                if i: self.skipTest("reason")

    @isolated
    def test_isolated(self):
        self.test_here()
"""


@medium
class SubtestsTest(hermetic.HermeticTestCase):
    def test_a_test_of_which_subtests_were_skipped_has_come_to_its_end(self):
        with Folder(**{"test_it.py": SKIPPED_IN_PART}) as folder:
            report = json.loads(run_reported(folder, "test_it").read("--json"))
        found = [(record["outcome"], [entry["outcome"] for entry in record["entries"]]) for record in report["tests"]]
        self.assertEqual(found, [("success", ["skip"])] * 2)
        self.assertTrue(report["successful"])

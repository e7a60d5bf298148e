"""What many threads do at the same time is judged, and counted once, for the test that caused it."""

from __future__ import annotations

import collections
import json
import os
import unittest

import support
from hermetic import medium

setUpModule = support.unmeasured_processes
THREADS, ROUNDS, TESTS, CHILDREN = 16, 25, 8, 6
START = """
import contextlib, os, socket, sys, threading, unittest
import hermetic
from hermetic import medium, small

sys.setswitchinterval(1e-6)

def swallowing(work, count):
    for number in range(count):
        with contextlib.suppress(Exception):
            work(number)

def reach(number):
    with socket.socket() as sock:
        sock.connect(("127.0.0.1", 9))

def started(count, function, *args):
    threads = [threading.Thread(target=function, args=args) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads

def joined(threads):
    for thread in threads:
        thread.join()
"""
WITHIN = f"""
@small
class WithinTest(unittest.TestCase):
    def test_waits_for_its_threads(self):
        joined(started({THREADS}, swallowing, reach, {ROUNDS}))

    def test_has_none(self):
        pass
"""
BEYOND = f"""
running = []

@small
class BeyondTest(unittest.TestCase):
    pass

for number in range({TESTS}):
    begin = lambda self: running.extend(started({THREADS} // 4, swallowing, reach, {ROUNDS}))
    setattr(BeyondTest, f"test_{{number}}", begin)

class WaitTest(unittest.TestCase):
    def test_waits(self):
        joined(running)
"""
# Each thread has its own tests and its own result; all share the guard.
BETWEEN = """
@small
class BetweenTest(unittest.TestCase):
    def test_reported(self):
        swallowing(reach, 1)

class Stream:
    def write(self, text):
        if text == "E":  # after the success of the test, and at its end: both times, the ledger was emptied just before
            joined(started(1, swallowing, reach, 1))

    def flush(self):
        pass

result = hermetic.TestResult(Stream(), True, 1)
unittest.defaultTestLoader.loadTestsFromTestCase(BetweenTest).run(result)
result.stopTestRun()
print(len(result.errors))
"""
CONCURRENT = f"""
class Case(unittest.TestCase):
    pass

for number in range({TESTS}):
    setattr(Case, f"test_{{number}}", small(lambda self: swallowing(reach, {ROUNDS})))

def run_own(counts):
    result = hermetic.TestResult(open(os.devnull, "w"), True, 0)
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    counts.append([(test.id().rpartition(".")[2], text.count("[H001]"), text.count("({ROUNDS - 1} more times)"))
                   for test, text in result.errors])

counts = []
joined(started({THREADS}, run_own, counts))
import json
print(json.dumps([counts, len(hermetic._verdicts.scopes.running.late)]))
"""
CHILD = "import contextlib, socket\nwith contextlib.suppress(Exception): socket.create_connection(('203.0.113.7', 9))"
PARENT = f"""
import subprocess

def start(number):
    subprocess.run([sys.executable, "-S", "-c", "pass"])

@medium
class ChildTest(unittest.TestCase):
    def test_starts_at_once(self):
        barrier = threading.Barrier({CHILDREN})
        def start(use):
            barrier.wait()
            use()
        subprocesses = started({CHILDREN} // 2, start, lambda: subprocess.run([sys.executable, "child.py"]))
        shells = started({CHILDREN} // 2, start, lambda: os.system(f'"{{sys.executable}}" child.py'))
        joined(subprocesses + shells)
"""
# Each thread tears down the classes whose tests it has run, while others run theirs.
ISOLATED = f"""
from hermetic import isolated

@isolated(timeout=20)
class IsolatedTest(unittest.TestCase):
    pass

for number in range({TESTS}):
    setattr(IsolatedTest, f"test_{{number}}", lambda self: None)
"""
RUN_IN_THREADS = f"""
import test_threads

def run_some(first):
    for number in range(first, {TESTS}, 4):
        result = unittest.TestResult()
        unittest.TestSuite([test_threads.IsolatedTest(f"test_{{number}}")]).run(result)
        results.append((result.testsRun, result.errors))

results = []
joined([thread for first in range(4) for thread in started(1, run_some, first)])
print(results)
"""
IN_THREADS = f"""
import concurrent.futures

class InThreads(unittest.TestSuite):
    def run(self, result, debug=False):
        with concurrent.futures.ThreadPoolExecutor({THREADS}) as pool:
            [*pool.map(lambda test: test.run(result), [*self])]
        return result

def load_tests(loader, tests, pattern):
    return InThreads(test for tests_of_class in tests for test in tests_of_class)
"""
SLOW = f"""{IN_THREADS}
import time

@small
class SlowTest(unittest.TestCase):
    pass

for number in range(4):
    setattr(SlowTest, f"test_{{number}}", lambda self: time.sleep(1.1))
"""
# All threads have the result of the run.
SHARED = f"""{IN_THREADS}
from hermetic import isolated, retries

@small
class BadTest(unittest.TestCase):
    pass

@small
class GoodTest(unittest.TestCase):
    pass

@isolated(timeout=20)
class IsolatedTest(unittest.TestCase):
    pass

@retries(1)
class FlakyTest(unittest.TestCase):
    def fail_once(self):
        with open(self.id(), "x"):  # exists in the second attempt
            self.fail()

def flaky(self):
    with contextlib.suppress(FileExistsError):
        self.fail_once()

for number in range({TESTS}):
    setattr(BadTest, f"test_{{number}}", lambda self: swallowing(reach, {ROUNDS}))
    setattr(GoodTest, f"test_{{number}}", lambda self: None)
    setattr(IsolatedTest, f"test_{{number}}", lambda self: None)
    setattr(FlakyTest, f"test_{{number}}", flaky)
"""
HANGING = """
import time

class InThread(unittest.TestSuite):
    def run(self, result, debug=False):
        joined(started(1, lambda: [test.run(result) for test in self]))
        return result

def load_tests(loader, tests, pattern):
    return InThread(test for tests_of_class in tests for test in tests_of_class)

@medium
class HangingTest(unittest.TestCase):
    def test_hangs(self):
        time.sleep(60)
"""
# A test that passes in its second attempt is not a failure; a thread that takes the retries of another loses them.
RETRIED = f"""
import warnings
from hermetic import retries

warnings.simplefilter("ignore")

@retries(1)
class FlakyTest(unittest.TestCase):
    def fail_once(self):
        with open(self.id(), "x"):  # exists in the second attempt
            self.fail()

for number in range({TESTS}):
    def test(self):
        with contextlib.suppress(FileExistsError):
            self.fail_once()
    setattr(FlakyTest, f"test_{{number}}", test)
"""
RUN_RETRIED = f"""
import test_threads

def run_some(first):
    for number in range(first, {TESTS}, 4):
        result = unittest.TestResult()
        test_threads.FlakyTest(f"test_{{number}}").run(result)
        results.append((result.testsRun, result.failures))

results = []
joined([thread for first in range(4) for thread in started(1, run_some, first)])
print(results)
"""
# Each thread sets the same class up and concludes it, while others do.
FIXTURES = f"""
import re
from hermetic._running.class_protection import _conclude_class
from hermetic._verdicts import scopes

@small
class FixtureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        swallowing(reach, 1)

def run_own(counts):
    for _ in range({ROUNDS}):
        FixtureTest.setUpClass()
        try:
            _conclude_class(FixtureTest)
        except hermetic.NetworkViolationError as error:
            counts.append(1 + sum(map(int, re.findall(r"\\((\\d+) more time", str(error)))))

counts = []
joined(started({THREADS}, run_own, counts))
print(sum(counts) + len(scopes.take_late()))
"""


@medium
class ThreadsTest(unittest.TestCase):
    def counted(self, suite: str) -> collections.Counter[str]:
        """The violations in the report of a run of a suite, by the names of their tests."""
        with support.Folder(**{"test_threads.py": START + suite, "child.py": CHILD}) as folder:
            ran = support.run_hermetic("test_threads", "--json=report.json", cwd=folder)
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                report = json.load(file)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        found = collections.Counter(
            test["name"]
            for test in report["tests"]
            for violation in test["violations"]
            if violation["reported_as"] == "error"  # a warning says that the machine was too busy for a small test
        )
        self.assertEqual(report["totals"]["violations"], sum(found.values()))
        return found

    def test_violations_in_threads_of_a_test_are_its_own(self) -> None:
        self.assertEqual(self.counted(WITHIN), {"test_waits_for_its_threads": THREADS * ROUNDS})

    def test_violations_in_threads_that_outlive_their_test_are_its_own(self) -> None:
        names = [f"test_{number}" for number in range(TESTS)]
        self.assertEqual(self.counted(BEYOND), dict.fromkeys(names, THREADS // 4 * ROUNDS))

    def test_a_violation_between_the_last_report_and_the_end_of_a_test_is_late(self) -> None:
        ran = support.run_python("-c", START + BETWEEN)
        self.assertEqual(ran.stdout.strip(), "3", ran.stderr)

    def test_violations_of_children_that_are_started_at_once_are_counted(self) -> None:
        self.assertEqual(self.counted(PARENT), {"test_starts_at_once": CHILDREN})

    def test_tests_that_run_at_the_same_time_have_their_own_violations(self) -> None:
        ran = support.run_python("-c", START + CONCURRENT)
        counts, late = json.loads(ran.stdout)
        own = [[f"test_{number}", 1, 1] for number in range(TESTS)]
        self.assertEqual((counts, late), ([own] * THREADS, 0), ran.stderr)

    def test_isolated_classes_are_torn_down_while_their_tests_run_in_other_threads(self) -> None:
        with support.Folder(**{"test_threads.py": START + ISOLATED}) as folder:
            ran = support.run_python("-c", START + RUN_IN_THREADS, cwd=folder)
        self.assertEqual(ran.stdout.strip(), str([(1, [])] * TESTS), ran.stderr)

    def test_tests_that_share_the_result_of_the_run_have_their_own_reports(self) -> None:
        with support.Folder(**{"test_threads.py": START + SHARED}) as folder:
            ran = support.run_hermetic("test_threads", "--json=report.json", cwd=folder)
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                tests = json.load(file)["tests"]
        names = [f"test_{number}" for number in range(TESTS)]
        expected = {
            **{f"test_threads.BadTest.{name}": ("error", 1) for name in names},
            **{f"test_threads.{cls}.{name}": ("success", 0) for cls in ("GoodTest", "IsolatedTest") for name in names},
            **{f"test_threads.FlakyTest.{name}": ("success", 0) for name in names},
        }
        codes = {test["id"]: [violation["code"] for violation in test["violations"]] for test in tests}
        # On a busy machine, a test that is warned of its time has that as well.
        found = {test["id"]: (test["outcome"], codes[test["id"]].count("H001")) for test in tests}
        self.assertEqual((found, len(tests)), (expected, len(expected)), ran.stderr)
        self.assertEqual(sum(test["flaky"] for test in tests), TESTS, ran.stderr)

    def test_a_test_that_is_warned_before_it_is_reported_is_one_test_in_reports(self) -> None:
        with support.Folder(**{"test_threads.py": START + SLOW}) as folder:
            ran = support.run_hermetic("test_threads", "--json=report.json", cwd=folder)
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                tests = json.load(file)["tests"]
        found = sorted((test["name"], test["outcome"], len(test["violations"])) for test in tests)
        self.assertEqual(found, [(f"test_{number}", "success", 1) for number in range(4)], ran.stderr)

    def test_a_test_that_hangs_in_a_thread_ends_the_run(self) -> None:
        with support.Folder(**{"test_threads.py": START + HANGING}) as folder:
            ran = support.run_hermetic("test_threads", "--test-timeout=1", cwd=folder)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertRegex(ran.stderr, r"test_hangs \(test_threads\.HangingTest\S*\) could not be interrupted after 1 s")
        self.assertIn("FAILED (errors=1)", ran.stderr)

    def test_failed_tests_are_retried_in_each_thread(self) -> None:
        with support.Folder(**{"test_threads.py": START + RETRIED}) as folder:
            ran = support.run_python("-c", START + RUN_RETRIED, cwd=folder)
        self.assertEqual(ran.stdout.strip(), str([(1, [])] * TESTS), ran.stderr)

    def test_threads_that_use_the_fixtures_of_a_class_lose_no_violation(self) -> None:
        ran = support.run_python("-c", START + FIXTURES)
        self.assertEqual(ran.stdout.strip(), str(THREADS * ROUNDS), ran.stderr)


if __name__ == "__main__":
    unittest.main()

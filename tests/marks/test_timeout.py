"""The mark ``@timeout``: what it takes, and what becomes of tests that take longer, under every runner."""

from __future__ import annotations

import pickle
import re
import signal
import textwrap
import unittest

import hermetic
import support
from hermetic import DecorationError, medium, small, timeout
from support import Folder, run_hermetic, run_python
from support.django_runs import Project
from support.hosts import installed

INTERRUPTS = unittest.skipUnless(hasattr(signal, "SIGALRM"), "nothing interrupts the main thread here")
TESTS = """
    import asyncio, time, unittest
    import hermetic
    from hermetic import timeout

    __hermetic__ = timeout(0.3)

    class ModuleTest(unittest.TestCase):
        def test_1_waits(self):
            time.sleep(1000)

        @timeout(60)
        def test_2_has_more_time(self):
            time.sleep(0.5)

        def test_3_swallows_it(self):
            try:
                time.sleep(1000)
            except BaseException:
                pass

    @timeout(0.4)
    class ClassTest(unittest.TestCase):
        def setUp(self):
            if "4" in self.id():
                time.sleep(1000)

        def test_4_waits_in_a_fixture(self):
            pass

        @hermetic.isolated
        def test_5_is_isolated(self):
            time.sleep(1000)

        @hermetic.small
        def test_6_has_a_size(self):
            while True:
                pass

    class AsyncTest(unittest.IsolatedAsyncioTestCase):
        @timeout(0.35)
        async def test_7_waits(self):
            await asyncio.Event().wait()

        async def test_8_passes(self):
            pass
"""
OF_PYTEST = """
    import time
    import hermetic, pytest
    pytestmark = hermetic.timeout(0.3)

    @pytest.fixture
    def slow():
        time.sleep(1000)

    def test_9_waits_in_a_fixture(slow):
        pass

    def test_10_swallows_it():
        try:
            time.sleep(1000)
        except BaseException:
            pass

    @hermetic.isolated
    def test_11_is_isolated():
        time.sleep(1000)

    @hermetic.timeout(60)
    def test_12_has_more_time():
        time.sleep(0.5)
"""
MODULE, CLASS = "@timeout(0.3) on module test_a", "@timeout(0.4) on class test_a.ClassTest"
REASONS = {
    "1_waits": MODULE,
    "3_swallows_it": MODULE,
    "4_waits_in_a_fixture": CLASS,
    "5_is_isolated": CLASS,
    "6_has_a_size": CLASS,
    "7_waits": "@timeout(0.35) on method test_a.AsyncTest.test_7_waits",
}


@small
class MarkTest(unittest.TestCase):
    def test_what_is_no_number_of_seconds_is_refused(self):
        for seconds in (0, -1, float("inf"), float("nan"), "5", True, None):
            with (
                self.subTest(seconds=seconds),
                self.assertRaisesRegex(DecorationError, "not a number of seconds above"),
            ):
                timeout(seconds)

    def test_a_mark_without_seconds_is_refused(self):
        with self.assertRaises(TypeError):
            timeout()

    def test_two_on_one_thing_are_refused(self):
        def test_thing() -> None:
            pass

        with self.assertRaisesRegex(
            DecorationError, r"test_thing already has @timeout\(1\); remove it or @timeout\(2\)"
        ):
            timeout(2)(timeout(1)(test_thing))

    def test_other_marks_go_with_it(self):
        @timeout(1.5)
        @hermetic.medium
        def test_thing() -> None:
            pass

        self.assertEqual(repr(test_thing.__hermetic__), "(@timeout(1.5), @medium)")

    def test_it_is_pickled(self):
        self.assertEqual(pickle.loads(pickle.dumps(timeout(1.5))).timeout, 1.5)

    def test_on_a_fixture_it_is_refused(self):
        with self.assertRaisesRegex(DecorationError, "setUp"):

            class Thing(unittest.TestCase):
                @timeout(1)
                def setUp(self):
                    pass

                def test_it(self):
                    pass


def reasons(text: str) -> dict[str, str]:
    """By the test, the mark that an error names, whatever its code."""
    parts = re.split(r"(?m)^={70}\nERROR: test_(\w+)", text)
    found = zip(parts[1::2], parts[2::2], strict=True)
    return {name: "".join(re.findall(r", by (@.*?)\.?(?: Either)?$", error, re.MULTILINE)[:1]) for name, error in found}


@medium
@INTERRUPTS
class RunTest(unittest.TestCase):
    setUpClass = staticmethod(support.some_pythons_do)

    def check(self, *command: str, codes: str) -> None:
        with Folder(**{"test_a.py": TESTS}) as folder:
            done = run_python(*command, "test_a", cwd=folder)
        self.assertEqual(reasons(done.stderr), REASONS, done.stderr)
        self.assertEqual("".join(re.findall(r"Error: \[H00([67])|rupted: \[H00([67])", done.stderr)[0]), codes[0])
        self.assertIn("Ran 8 tests", done.stderr)
        self.assertEqual(done.returncode, 1)

    def test_hermetic(self):
        self.check("-m", "hermetic", codes="6")

    def test_hermetic_with_a_time_out_for_all(self):
        self.check("-m", "hermetic", "--test-timeout", "0.2", codes="6")

    def test_unittest(self):
        self.check("-m", "unittest", codes="6")

    def test_unittest_with_retries(self):
        text = """
            import time, unittest
            from hermetic import retries, timeout

            @timeout(0.3)
            @retries(1)
            class WaitingTest(unittest.TestCase):
                def test_1_waits(self):
                    time.sleep(1000)

                def test_2_passes(self):
                    pass
        """
        with Folder(**{"test_a.py": text}) as folder:
            done = run_python("-m", "unittest", "test_a", cwd=folder)
        self.assertEqual(reasons(done.stderr), {"1_waits": "@timeout(0.3) on class test_a.WaitingTest"}, done.stderr)
        self.assertIn("Ran 2 tests", done.stderr)

    def test_it_is_for_no_other_test_of_the_class(self):
        text = """
            import time, unittest
            from hermetic import medium, timeout

            @medium
            class SlowTest(unittest.TestCase):
                @timeout(0.2)
                def test_1_has_little_time(self):
                    pass

                def test_2_has_more(self):
                    time.sleep(0.5)
        """
        with Folder(**{"test_a.py": text}) as folder:
            for runner in ("unittest", "hermetic"):
                with self.subTest(runner):
                    done = run_python("-m", runner, "test_a", cwd=folder)
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_workers_are_ended(self):
        for option in (["-j", "2"], ["--isolated"]):
            with self.subTest(option=option):
                self.check("-m", "hermetic", *option, codes="7")

    def test_fixtures_of_classes_and_modules_are_no_time_of_a_test(self):
        text = """
            import time, unittest
            from hermetic import timeout

            def setUpModule():
                time.sleep(0.3)

            class SlowTest(unittest.TestCase):
                @classmethod
                def setUpClass(cls):
                    time.sleep(0.3)

                @timeout(0.5)
                def test_it(self):
                    pass
        """
        with Folder(**{"test_a.py": text}) as folder:
            for options in ([], ["-j", "2"], ["--isolated"]):
                with self.subTest(options):
                    done = run_hermetic(*options, "test_a", cwd=folder)
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_more_time_than_the_setting_for_isolated_tests(self):
        text = TESTS.replace("@timeout(60)", "@timeout(60)\n        @hermetic.isolated")
        with Folder(**{"test_a.py": text}) as folder:
            done = run_hermetic("--isolated-timeout", "0.4", "test_a.ModuleTest.test_2_has_more_time", cwd=folder)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_shorter_limit_within_a_test_is_its_own(self):
        text = """
            import time, unittest
            from hermetic import timeout

            @timeout(0.1)
            class Inner(unittest.TestCase):
                def runTest(self):
                    time.sleep(1000)

            class OuterTest(unittest.TestCase):
                @timeout(60)
                def test_it(self):
                    result = unittest.TestResult()
                    Inner().run(result)
                    self.assertIn("@timeout(0.1) on class", result.errors[0][1])
        """
        with Folder(**{"test_a.py": text}) as folder:
            done = run_hermetic("test_a.OuterTest", cwd=folder)
        self.assertEqual(done.returncode, 0, done.stderr)

    @installed("pytest", "pytest")
    def test_pytest(self):
        with Folder(**{"test_a.py": TESTS, "test_b.py": OF_PYTEST}) as folder:
            done = run_python("-m", "pytest", "-p", "no:cacheprovider", "-rA", cwd=folder)
        passed = re.findall(r"(?m)^PASSED \S+::test_(\w+)", done.stdout)
        swallowing = ["10_swallows_it", "3_swallows_it"]  # its call passes, and is an error all the same
        self.assertEqual(sorted({*passed} - {*swallowing}), ["12_has_more_time", "2_has_more_time", "8_passes"])
        self.assertEqual(len(re.findall(r"(?m)^(?:ERROR|FAILED) test_[ab]\.py::", done.stdout)), 9, done.stdout)
        self.assertIn("by @timeout(0.3) on module test_b. Either", done.stdout)

    @installed("django", "Django")
    def test_django(self):
        text = TESTS.replace("unittest.TestCase", "SimpleTestCase").replace("test_a", "shop.test_a")
        text = f"from django.test import SimpleTestCase\n{textwrap.dedent(text)}"
        project = Project(type(self), **{"shop/test_a.py": text})
        for options in ([], ["--parallel", "2"], ["--testrunner", "django.test.runner.DiscoverRunner"]):
            with self.subTest(options=options):
                labels = ("shop.test_a.ModuleTest", "shop.test_a.ClassTest")  # the pool cannot pickle an AsyncTest
                run = project.run(*labels, *options)
                found = {name.rpartition(".")[2][5:] for name in run.not_ok()}
                self.assertEqual(found, {*REASONS} - {"7_waits"}, run.output)

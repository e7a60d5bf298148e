"""Each violation is reported once, as an error of its test, even if the test swallows the exception."""

from __future__ import annotations

import os
import re
import unittest

import support
from hermetic import medium
from support.violating_tests import MARKED, ONE_TEST, PREAMBLE, run_module, said_of, sections

TESTS = os.path.join(support.ROOT, "tests")


class EveryWayToSwallow:
    """The sample suite, run once; each test here looks at what became of one of its tests."""

    listed: list[tuple[str, str, str]]
    tests_run: int

    def assert_one_error(self, name: str, said: str = r"connected to 127\.0\.0\.1:9", violations: int = 1) -> str:
        """One error, with as many violations in it as there were, and no other outcome."""
        found = said_of(self.listed, name)
        self.assertEqual([kind for kind, _ in found], ["ERROR"], found)
        text = found[0][1]
        self.assertRegex(text, said)
        self.assertEqual(text.count("[H001]"), violations, text)
        return text

    def test_a_clean_test_passes(self):
        self.assertEqual(said_of(self.listed, "test_clean"), [])

    def test_one_that_is_raised(self):
        self.assert_one_error("test_raised")

    def test_except_exception(self):
        self.assert_one_error("test_except_exception")

    def test_except_base_exception(self):
        self.assert_one_error("test_except_base_exception")

    def test_except_os_error_does_not_catch_it(self):
        self.assert_one_error("test_except_os_error")

    def test_return_in_finally(self):
        self.assert_one_error("test_finally_return")

    def test_suppress(self):
        self.assert_one_error("test_suppress")

    def test_assertRaises_exception(self):
        self.assert_one_error("test_assert_raises")

    def test_a_retry_loop_is_one_with_a_count(self):
        self.assert_one_error("test_retry_loop", r"\[H001\].*\(2 more times\)")

    def test_two_places_are_two_in_one_error(self):
        text = self.assert_one_error("test_two_places", violations=2)
        self.assertIn("connected to 127.0.0.1:10", text)

    def test_the_cause_of_another_error_is_not_reported_again(self):
        self.assert_one_error("test_translated", "ValueError: translated")

    def test_the_hidden_context_of_another_error_is_found(self):
        errors = [text for _, text in said_of(self.listed, "test_translated_without_a_cause")]
        self.assertEqual(sum(text.count("[H001]") for text in errors), 1, errors)
        self.assertEqual(sum(text.count("ValueError: translated") for text in errors), 1, errors)

    def test_an_expected_failure(self):
        self.assert_one_error("test_expected_failure")

    def test_an_expected_failure_that_comes_afterwards(self):
        self.assert_one_error("test_expected_failure_swallowed")

    def test_an_unexpected_success(self):
        self.assert_one_error("test_unexpected_success")

    def test_a_subtest(self):
        self.assert_one_error("test_subtest")

    def test_a_subtest_that_swallows(self):
        self.assert_one_error("test_subtest_swallowed")

    def test_a_subtest_that_swallows_and_fails(self):
        found = said_of(self.listed, "test_subtest_swallowed_then_failed")
        self.assertEqual(sorted(kind for kind, _ in found), ["ERROR", "FAIL"])

    def test_a_skip_afterwards(self):
        self.assert_one_error("test_skip_afterwards")

    def test_a_skip_because_of_it(self):
        self.assert_one_error("test_skip_because_of_it")

    def test_a_failure_afterwards_is_reported_beside_it(self):
        found = said_of(self.listed, "test_failure_afterwards")
        self.assertEqual(sorted(kind for kind, _ in found), ["ERROR", "FAIL"])

    def test_a_thread(self):
        self.assert_one_error("test_thread")

    def test_a_thread_of_a_thread(self):
        self.assert_one_error("test_nested_threads")

    def test_a_timer(self):
        self.assert_one_error("test_timer")

    def test_an_executor(self):
        self.assert_one_error("test_executor")

    def test_an_executor_whose_result_is_asked_for(self):
        self.assert_one_error("test_executor_result")

    def test_a_thread_pool_of_multiprocessing(self):
        self.assert_one_error("test_thread_pool_of_multiprocessing")

    def test_a_destructor(self):
        self.assert_one_error("test_destructor")

    def test_a_destructor_of_a_cycle(self):
        self.assert_one_error("test_destructor_of_a_cycle")

    def test_within_asyncio_run(self):
        self.assert_one_error("test_asyncio_run")

    def test_an_async_test(self):
        self.assert_one_error("test_async_raised")

    def test_an_async_test_that_swallows(self):
        self.assert_one_error("test_async_swallowed")

    def test_a_callback(self):
        self.assert_one_error("test_callback")

    def test_a_callback_that_raises(self):
        self.assert_one_error("test_callback_that_raises")

    def test_a_timed_callback(self):
        self.assert_one_error("test_timed_callback")

    def test_a_task(self):
        self.assert_one_error("test_task")

    def test_a_task_that_nobody_awaits(self):
        self.assert_one_error("test_task_nobody_awaits")

    def test_gather_with_return_exceptions(self):
        self.assert_one_error("test_gather")

    def test_run_in_executor(self):
        self.assert_one_error("test_run_in_executor")

    def test_to_thread(self):
        self.assert_one_error("test_to_thread")

    def test_open_connection(self):
        self.assert_one_error("test_open_connection")

    def test_asyncSetUp(self):
        self.assert_one_error("test_async_set_up")

    def test_asyncTearDown(self):
        self.assert_one_error("test_async_tear_down")

    def test_an_async_cleanup(self):
        self.assert_one_error("test_async_cleanup")

    def test_setUp(self):
        self.assert_one_error("test_in_setUp")

    def test_setUp_that_raises_it(self):
        self.assert_one_error("test_in_setUp_raised")

    def test_tearDown(self):
        self.assert_one_error("test_in_tearDown")

    def test_tearDown_that_raises_it(self):
        self.assert_one_error("test_in_tearDown_raised")

    def test_a_cleanup(self):
        self.assert_one_error("test_in_cleanup")

    def test_a_cleanup_that_raises_it(self):
        self.assert_one_error("test_in_cleanup_raised")

    def test_a_cleanup_of_a_skipped_test(self):
        self.assert_one_error("test_in_cleanup_of_setUp_and_skipped")

    def test_a_cleanup_of_an_expected_failure(self):
        self.assert_one_error("test_in_cleanup_of_expected_failure")

    def test_a_thread_that_outlives_its_test_is_charged_to_it(self):
        text = self.assert_one_error("test_outlived_1_starts_it")
        self.assertIn("Outliving.test_outlived_1_starts_it connected to", text)
        self.assertEqual(said_of(self.listed, "test_outlived_2_waits_for_it"), [])

    def test_a_shared_executor_is_charged_to_the_submitter(self):
        self.assert_one_error("test_shared_2_submits")
        self.assertEqual(said_of(self.listed, "test_shared_1_starts_the_thread"), [])
        self.assertEqual(said_of(self.listed, "test_shared_3_submits_nothing_bad"), [])

    def assert_one_error_of_class(self, cls: str, fixture: str) -> None:
        """One error that names the class; unittest gives it the name of the fixture that it ran last."""
        found = [(kind, text) for kind, name, text in self.listed if re.match(rf" \(samples\.swallowed\.{cls}\)", text)]
        self.assertEqual([kind for kind, _ in found], ["ERROR"], found)
        self.assertEqual(found[0][1].count("[H001]"), 1, found)
        self.assertIn(f"small test {fixture} (samples.swallowed.{cls}) connected to 127.0.0.1:9", found[0][1])

    def test_setUpClass(self):
        self.assert_one_error_of_class("InSetUpClass", "setUpClass")

    def test_an_inherited_setUpClass(self):
        self.assert_one_error_of_class("InInheritedSetUpClass", "setUpClass")

    def test_setUpClass_that_raises_it(self):
        self.assert_one_error_of_class("InSetUpClassRaised", "setUpClass")

    def test_tearDownClass(self):
        self.assert_one_error_of_class("InTearDownClass", "tearDownClass")

    def test_tearDownClass_that_raises_it(self):
        self.assert_one_error_of_class("InTearDownClassRaised", "tearDownClass")

    def test_a_class_cleanup(self):
        self.assert_one_error_of_class("InClassCleanup", "tearDownClass")

    def test_a_class_cleanup_that_raises_it(self):
        self.assert_one_error_of_class("InClassCleanupRaised", "tearDownClass")

    def test_nothing_but_violations_is_reported(self):
        odd = [(kind, name) for kind, name, text in self.listed if "[H001]" not in text and kind != "FAIL"]
        self.assertLessEqual({name for _, name in odd}, {"test_translated_without_a_cause"})


class Processes:
    """Runs the sample suite in a process of its own."""

    runner: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.ran = support.run_python("-m", cls.runner, "samples.swallowed", cwd=TESTS)
        cls.listed = sections(cls.ran.stderr)

    def test_the_status_says_that_the_run_failed(self):
        self.assertEqual(self.ran.returncode, 1)

    def test_the_counts_agree_with_what_is_listed(self):
        kinds = [kind for kind, _, _ in self.listed]
        counts = f"FAILED (failures={kinds.count('FAIL')}, errors={kinds.count('ERROR')}"
        self.assertIn(f"\n{counts}", self.ran.stderr)


@medium
class UnderHermetic(Processes, EveryWayToSwallow, unittest.TestCase):
    runner = "hermetic"


@medium
class UnderUnittest(Processes, EveryWayToSwallow, unittest.TestCase):
    runner = "unittest"


@medium
class ExitStatusAndSummary(unittest.TestCase):
    SWALLOWS = MARKED + ONE_TEST.replace("pass", "swallow()")

    def test_a_run_without_violations_succeeds(self):
        for runner in ("hermetic", "unittest"):
            with self.subTest(runner=runner):
                ran = run_module(MARKED + ONE_TEST, runner=runner)
                self.assertEqual((ran.returncode, ran.stderr.splitlines()[-1]), (0, "OK"))

    def test_the_summary_lists_violations_by_code_and_test(self):
        ran = run_module(self.SWALLOWS)
        self.assertIn("violations: H001 network: 1 in 1 test\n", ran.stderr)
        self.assertIn("\n  test_it.Case.test_it connected to 127.0.0.1:9 (test_it.py:4)", ran.stderr)

    def test_failfast_stops_at_a_swallowed_violation(self):
        two_tests = "class Case(unittest.TestCase):\n def test_a(self): swallow()\n def test_b(self): pass\n"
        ran = run_module(MARKED + two_tests, "-f")
        self.assertIn("Ran 1 test", ran.stderr)

    def test_in_mode_off_nothing_is_reported(self):
        for runner in ("hermetic", "unittest"):
            with self.subTest(runner=runner):
                ran = run_module(self.SWALLOWS, runner=runner, HERMETIC_MODE="off")
                self.assertEqual((ran.returncode, sections(ran.stderr)), (0, []))


WARNED = (
    MARKED
    + """
class Case(unittest.TestCase):
    def test_it(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            self.assertNotEqual(sock.getsockname()[1], 0)
"""
)


@medium
class ModeWarn(unittest.TestCase):
    def test_nothing_is_blocked_and_the_run_succeeds(self):
        for runner in ("hermetic", "unittest"):
            with self.subTest(runner=runner):
                self.assertEqual(run_module(WARNED, runner=runner, HERMETIC_MODE="warn").returncode, 0)

    def test_the_warning_has_file_and_line_of_the_caller(self):
        line = (PREAMBLE + WARNED).lstrip("\n").splitlines().index('            sock.bind(("127.0.0.1", 0))') + 1
        for runner in ("hermetic", "unittest"):
            with self.subTest(runner=runner):
                said = run_module(WARNED, runner=runner, HERMETIC_MODE="warn").stderr
                self.assertRegex(said, rf"test_it\.py:{line}: HermeticWarning: \[H001\] .* small test test_it")

    def test_the_summary_lists_it(self):
        said = run_module(WARNED, "--mode", "warn").stderr
        self.assertIn("warnings: H001 network: 1 in 1 test\n", said)
        self.assertIn("\n  test_it.Case.test_it opened a socket on 127.0.0.1:0", said)

    def test_there_is_one_warning_for_one_violation(self):
        said = run_module(WARNED, "--mode", "warn").stderr
        self.assertEqual(said.count("HermeticWarning: "), 1, said)

    def test_a_process_is_started_and_named(self):
        source = MARKED + ONE_TEST.replace("pass", "subprocess.run([sys.executable, '-c', 'print(42)'], check=True)")
        ran = run_module("import subprocess, sys\n" + source, "--mode", "warn")
        self.assertEqual((ran.returncode, ran.stdout), (0, "42\n"), ran.stderr)
        self.assertEqual(ran.stderr.count("HermeticWarning: [H003] subprocess violation"), 1, ran.stderr)

    def test_a_warning_filter_of_error_makes_it_an_error(self):
        ran = run_module(WARNED, "--mode", "warn", "-W", "error")
        self.assertNotIn("SystemError", ran.stderr)

    def test_assertViolation_still_refuses(self):
        source = ONE_TEST.replace("unittest.TestCase", "hermetic.HermeticTestCase").replace(
            "pass", "\n        with self.assertViolation(hermetic.NetworkViolationError): reach()"
        )
        self.assertEqual(run_module(source, "--mode", "warn").returncode, 0)

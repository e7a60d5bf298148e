"""Violations are errors of the test that caused them: each is reported once, however it was swallowed."""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import socket
import subprocess
import sys
import unittest

import support
from hermetic import HermeticTestCase, NetworkViolationError, SubprocessViolationError, medium, small

TESTS = os.path.join(support.ROOT, "tests")
_SECTION = re.compile(r"^(ERROR|FAIL|UNEXPECTED SUCCESS): (\S+)(.*)$", re.MULTILINE)


def sections(said: str) -> list[tuple[str, str, str]]:
    """What unittest lists below the dots: kind, name, text."""
    found = _SECTION.split(said)
    return [(found[i], found[i + 1], found[i + 2] + found[i + 3]) for i in range(1, len(found), 4)]


def said_of(listed: list[tuple[str, str, str]], name: str) -> list[tuple[str, str]]:
    """The kinds and texts that are listed for one test."""
    return [(kind, text) for kind, what, text in listed if what == name]


def connect(port: int = 9) -> None:
    """Refused in a small test."""
    with socket.socket() as sock:
        sock.connect(("127.0.0.1", port))


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


def run_module(source: str, *arguments: str, runner: str = "hermetic", **env: str) -> subprocess.CompletedProcess[str]:
    """Run a module of tests in a process of its own."""
    names = () if "discover" in arguments else ("test_it",)
    with support.Folder(**{"test_it.py": PREAMBLE + source}) as folder:
        return support.run_python("-m", runner, *arguments, *names, cwd=folder, env=env)


PREAMBLE = """
import contextlib, socket, unittest
import hermetic
def reach():
    with socket.socket() as sock: sock.connect(("127.0.0.1", 9))
def swallow():
    with contextlib.suppress(Exception): reach()
"""
ONE_TEST = """
class Case(unittest.TestCase):
    def test_it(self): pass
"""
MARKED = "__hermetic__ = hermetic.small\n"


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


@small
class AssertViolation(HermeticTestCase):
    def test_an_expected_violation_is_no_error(self):
        with self.assertViolation(NetworkViolationError):
            connect()

    def test_a_swallowed_one_counts(self):
        with self.assertViolation(NetworkViolationError), contextlib.suppress(Exception):
            connect()

    def test_one_of_another_kind_passes_through(self):
        with self.assertViolation(NetworkViolationError):
            with self.assertRaises(SubprocessViolationError), self.assertViolation(NetworkViolationError):
                with self.assertViolation(SubprocessViolationError):
                    subprocess.run(["true"], check=True)
                subprocess.run(["true"], check=True)
            connect()

    def test_the_base_class_expects_either(self):
        for act in (connect, lambda: subprocess.run(["true"], check=True)):
            with self.subTest(act=act), self.assertViolation():
                act()

    def test_the_error_is_at_hand_afterwards(self):
        with self.assertViolation(NetworkViolationError) as expected:
            connect()
        self.assertEqual(expected.error.violation.operation.target, "127.0.0.1:9")
        self.assertEqual(str(pickle.loads(pickle.dumps(expected.error))), str(expected.error))

    def test_a_block_without_one_fails(self):
        with self.assertRaisesRegex(self.failureException, "NetworkViolationError was expected"):
            with self.assertViolation(NetworkViolationError):
                pass

    def test_another_error_passes_through(self):
        with self.assertRaises(KeyError), self.assertViolation(NetworkViolationError):
            raise KeyError

    def test_another_error_after_the_violation_passes_through(self):
        with self.assertRaises(KeyError), self.assertViolation(NetworkViolationError):
            with contextlib.suppress(Exception):
                connect()
            raise KeyError

    def test_what_is_no_class_of_violations_is_an_error(self):
        for wrong in (ValueError, "H001", None):
            with self.subTest(wrong=wrong), self.assertRaisesRegex(TypeError, "takes ViolationError"):
                self.assertViolation(wrong)

    def test_what_comes_after_the_block_is_an_error_again(self):
        class Case(HermeticTestCase):
            def test_a(self):
                with self.assertViolation(NetworkViolationError):
                    connect()
                with contextlib.suppress(Exception):
                    connect(10)

        result = support.EventResult()
        Case("test_a").run(result)
        self.assertEqual([text.count("[H001]") for _, text in result.errors], [1])
        self.assertIn("127.0.0.1:10", result.errors[0][1])

    def test_an_unexpected_one_in_the_block_is_an_error(self):
        class Case(HermeticTestCase):
            def test_a(self):
                with self.assertViolation(NetworkViolationError):
                    with contextlib.suppress(Exception):
                        subprocess.run(["true"], check=True)
                    connect()

        result = support.EventResult()
        Case("test_a").run(result)
        self.assertEqual(len(result.errors), 1)
        self.assertIn("[H003]", result.errors[0][1])

    def test_one_in_a_thread_counts(self):
        import threading

        with self.assertViolation(NetworkViolationError):
            thread = threading.Thread(target=swallow_connect)
            thread.start()
            thread.join()


def swallow_connect() -> None:
    with contextlib.suppress(Exception):
        connect()


@medium
class AssertViolationInOtherModes(unittest.TestCase):
    def outcome(self, body: str, mode: str) -> tuple[int, str]:
        source = ONE_TEST.replace("unittest.TestCase", "hermetic.HermeticTestCase").replace("pass", body)
        ran = run_module(source, "--mode", mode)
        return ran.returncode, ran.stderr

    def test_one_that_happens_passes_in_each_mode(self):
        for mode in ("strict", "warn", "off"):
            with self.subTest(mode=mode):
                status, said = self.outcome("\n        with self.assertViolation(): reach()", mode)
                self.assertEqual(status, 0, said)

    def test_one_that_does_not_happen_fails_in_each_mode(self):
        for mode in ("strict", "warn", "off"):
            with self.subTest(mode=mode):
                status, said = self.outcome("\n        with self.assertViolation(): pass", mode)
                self.assertEqual(status, 1, said)
                self.assertIn("ViolationError was expected", said)

    def test_an_expected_one_is_not_in_the_summary(self):
        for mode in ("strict", "warn"):
            with self.subTest(mode=mode):
                said = self.outcome("\n        with self.assertViolation(): reach()", mode)[1]
                self.assertNotIn("H001", said)


CHILD = """
import multiprocessing, unittest
import hermetic
def reach():
    import contextlib, socket
    with contextlib.suppress(Exception), socket.socket() as sock:
        sock.settimeout(5)
        sock.connect(("203.0.113.7", 9))
class Case(unittest.TestCase):
    @hermetic.medium
    def test_child(self):
        context = multiprocessing.get_context("METHOD")
        child = context.Process(target=reach)
        child.start()
        child.join()
        self.assertEqual(child.exitcode, 0)
    @hermetic.medium
    def test_clean(self):
        pass
    @hermetic.medium
    def test_clean_child(self):
        child = multiprocessing.get_context("METHOD").Process(target=int)
        child.start()
        child.join()
        self.assertEqual(child.exitcode, 0)
"""
INTERPRETER = """
import unittest, hermetic
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
class Case(unittest.TestCase):
    @hermetic.medium
    def test_child(self):
        interpreter = interpreters.create()
        interpreters.run_string(interpreter, '''
import contextlib, socket
with contextlib.suppress(Exception), socket.socket() as sock:
    sock.settimeout(5)
    sock.connect(("203.0.113.7", 9))
''')
        interpreters.destroy(interpreter)
    @hermetic.medium
    def test_clean(self):
        pass
"""
MODERN_INTERPRETER = """
import unittest, hermetic
from concurrent import interpreters
def reach():
    import contextlib, socket
    with contextlib.suppress(Exception), socket.socket() as sock:
        sock.settimeout(5)
        sock.connect(("203.0.113.7", 9))
class Case(unittest.TestCase):
    @hermetic.medium
    def test_child(self):
        interpreter = interpreters.create()
        interpreter.call(reach)
        interpreter.close()
"""


@medium
class Children(unittest.TestCase):
    def assert_charged_to_its_test(self, source: str, runner: str = "hermetic") -> None:
        probe = subprocess.run(support.in_network_namespace("true"), capture_output=True, text=True)
        if probe.returncode:
            self.skipTest(f"no network namespace: {probe.stderr.strip()}")
        command = support.in_network_namespace(sys.executable, "-m", runner, "test_it")
        env = {**os.environ, "PYTHONPATH": support.package_folder()}
        with support.Folder(**{"test_it.py": source}) as folder:
            ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=support.TIMEOUT)
        listed = sections(ran.stderr)
        self.assertEqual([(kind, name) for kind, name, _ in listed], [("ERROR", "test_child")], ran.stderr)
        self.assertIn("medium test test_it.Case.test_child connected to 203.0.113.7:9", listed[0][2])
        self.assertEqual(ran.returncode, 1)

    def test_a_forked_child(self):
        self.assert_charged_to_its_test(CHILD.replace("METHOD", "fork"))

    def test_a_spawned_child(self):
        self.assert_charged_to_its_test(CHILD.replace("METHOD", "spawn"))

    def test_a_child_of_a_forkserver(self):
        self.assert_charged_to_its_test(CHILD.replace("METHOD", "forkserver"))

    def test_children_under_plain_unittest(self):
        for method in ("fork", "spawn", "forkserver"):
            with self.subTest(method=method):
                self.assert_charged_to_its_test(CHILD.replace("METHOD", method), "unittest")

    @unittest.skipIf(
        support.IS_MEASURED and sys.version_info[:2] == (3, 12), "coverage ends sub-interpreters of 3.12 by SIGABRT"
    )
    def test_a_sub_interpreter(self):
        self.assert_charged_to_its_test(INTERPRETER)

    @unittest.skipUnless(sys.version_info >= (3, 14), "concurrent.interpreters came with Python 3.14")
    def test_a_call_in_a_sub_interpreter(self):
        self.assert_charged_to_its_test(MODERN_INTERPRETER)


if __name__ == "__main__":
    unittest.main()

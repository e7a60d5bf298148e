"""The classes and functions for runners can be used and subclassed like those of unittest."""

from __future__ import annotations

import contextlib
import io
import socket
import sys
import types
import unittest
import warnings
from unittest import mock

import hermetic
from hermetic import HermeticTestCase, medium, small
from support import EventResult, Folder, run_python


class PassTest(unittest.TestCase):
    def test_passes(self):
        pass


class FailTest(unittest.TestCase):
    def test_fails(self):
        number = 42
        self.fail(f"not {'forty-two' if number else ''}")


class PrintTest(unittest.TestCase):
    def test_prints(self):
        print("printed by the test")


class WarnTest(unittest.TestCase):
    def test_warns(self):
        warnings.warn("old", DeprecationWarning, stacklevel=1)


def swallow_a_connection():
    """Do what a small test may not, and say nothing of it."""
    with contextlib.suppress(Exception), socket.socket() as client:
        client.connect(("127.0.0.1", 9))


class SwallowTest(unittest.TestCase):
    @small
    def test_swallows(self):
        swallow_a_connection()


class SampleHermeticTest(HermeticTestCase):
    def test_passes(self):
        pass

    def test_swallows(self):
        swallow_a_connection()


def load_tests(loader, tests, pattern):
    """Leave the sample classes out."""
    mine = [value for value in globals().values() if isinstance(value, type) and value.__name__.endswith("ApiTest")]
    return unittest.TestSuite([loader.loadTestsFromTestCase(cls) for cls in mine])


def run(test, **kwargs):
    """The result and the text of a run by our runner."""
    stream = io.StringIO()
    result = hermetic.TestRunner(stream=stream, **kwargs).run(test)
    return result, stream.getvalue()


def sample_module(**tests):
    """A module that holds classes."""
    module = types.ModuleType("sample_module")
    for name, value in tests.items():
        setattr(module, name, value)
    return module


@medium
class RunnerApiTest(unittest.TestCase):
    def test_it_is_a_text_test_runner(self):
        self.assertIsInstance(hermetic.TestRunner(), unittest.TextTestRunner)

    def test_it_runs_a_suite(self):
        result, text = run(unittest.TestSuite([PassTest("test_passes"), FailTest("test_fails")]))
        self.assertEqual((2, 1), (result.testsRun, len(result.failures)))
        self.assertRegex(text, r"^\.F\n=+\nFAIL: ")

    def test_it_runs_a_single_test(self):
        result, text = run(PassTest("test_passes"))
        self.assertTrue(result.wasSuccessful())
        self.assertIn("Ran 1 test in ", text)

    def test_it_runs_a_callable(self):
        def suite(result):
            return PassTest("test_passes")(result)

        result, _ = run(suite)
        self.assertEqual(1, result.testsRun)

    def test_it_can_run_twice(self):
        runner = hermetic.TestRunner(stream=io.StringIO())
        self.assertIsNot(runner.run(PassTest("test_passes")), runner.run(PassTest("test_passes")))

    def test_its_arguments_can_be_positional(self):
        stream = io.StringIO()
        runner = hermetic.TestRunner(stream, True, 2, True, True)
        self.assertEqual((True, 2, True, True), (runner.descriptions, runner.verbosity, runner.failfast, runner.buffer))

    def test_verbosity(self):
        self.assertIn("... ok", run(PassTest("test_passes"), verbosity=2)[1])
        self.assertTrue(run(PassTest("test_passes"), verbosity=0)[1].startswith("-"))

    def test_failfast(self):
        result, _ = run(unittest.TestSuite([FailTest("test_fails"), PassTest("test_passes")]), failfast=True)
        self.assertEqual(1, result.testsRun)
        self.assertIsNone(result.ended_early)

    def test_buffer(self):
        with mock.patch("sys.stdout", io.StringIO()) as stdout:
            run(PrintTest("test_prints"), buffer=True)
        self.assertEqual("", stdout.getvalue())

    def test_tb_locals(self):
        self.assertIn("number = 42", run(FailTest("test_fails"), tb_locals=True)[1])
        self.assertNotIn("number = 42", run(FailTest("test_fails"))[1])

    def test_warnings(self):
        result, _ = run(WarnTest("test_warns"), warnings="error")
        self.assertEqual(1, len(result.errors))

    def test_durations_on_every_python(self):
        _, text = run(SlowTest("test_sleeps"), durations=1)
        self.assertRegex(text, r"Slowest test durations\n-+\n0\.\d{3}s +test_sleeps ")

    def test_a_subclass_can_make_results_of_its_own(self):
        class Runner(hermetic.TestRunner):
            def _makeResult(self):
                result = super()._makeResult()
                result.mine = True
                return result

        self.assertTrue(Runner(stream=io.StringIO()).run(PassTest("test_passes")).mine)

    def test_a_swallowed_violation_is_an_error(self):
        result, text = run(SwallowTest("test_swallows"))
        self.assertEqual(1, len(result.errors))
        self.assertIn("violations: H001 network: 1 in 1 test", text)

    def test_a_nested_run_keeps_the_summary_of_the_outer_run(self):
        class NestingTest(unittest.TestCase):
            def runTest(self):
                run(PassTest("test_passes"))

        suite = unittest.TestSuite([SwallowTest("test_swallows"), NestingTest()])
        self.assertIn("violations: H001 network: 1 in 1 test", run(suite)[1])


class SlowTest(unittest.TestCase):
    def test_sleeps(self):
        __import__("time").sleep(0.01)


class RecordingResult(hermetic.TestResult):
    """A subclass that writes down what passed."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.passed = []

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed.append(test)


class OldStyleResult(unittest.TextTestResult):
    """A result whose constructor knows nothing of durations."""

    def __init__(self, stream, descriptions, verbosity):
        super().__init__(stream, descriptions, verbosity)


class SilentResult(unittest.TestResult):
    """A result that has no stream."""


@medium
class ResultApiTest(unittest.TestCase):
    def test_it_is_a_text_test_result(self):
        self.assertTrue(issubclass(hermetic.TestResult, unittest.TextTestResult))

    def test_a_subclass_of_ours_is_used(self):
        result, _ = run(PassTest("test_passes"), resultclass=RecordingResult)
        self.assertIs(RecordingResult, type(result))
        self.assertEqual(1, len(result.passed))

    def test_a_class_of_ones_own_is_used(self):
        result, _ = run(PassTest("test_passes"), resultclass=OldStyleResult)
        self.assertIsInstance(result, OldStyleResult)

    def test_a_class_of_ones_own_is_guarded(self):
        for cls in (RecordingResult, OldStyleResult, SilentResult, unittest.TextTestResult):
            with self.subTest(cls=cls):
                result, _ = run(SwallowTest("test_swallows"), resultclass=cls)
                self.assertEqual((1, 1), (result.testsRun, len(result.errors)))
                self.assertFalse(result.wasSuccessful())

    def test_a_function_can_be_the_class(self):
        result, _ = run(SwallowTest("test_swallows"), resultclass=lambda *args, **kwargs: EventResult())
        self.assertEqual(["startTest", "addError", "stopTest"], result.events)

    def test_a_result_with_slots_is_used(self):
        class SlottedResult(unittest.TextTestResult):
            __slots__ = ("more",)

        result, _ = run(PassTest("test_passes"), resultclass=SlottedResult)
        self.assertEqual(1, result.testsRun)

    def test_its_class_keeps_its_name_and_module(self):
        result, _ = run(PassTest("test_passes"), resultclass=OldStyleResult)
        self.assertEqual("OldStyleResult", type(result).__name__)
        self.assertEqual(OldStyleResult.__module__, type(result).__module__)


@medium
class MainApiTest(unittest.TestCase):
    def run_main(self, *arguments, tests=None, **kwargs):
        module = sample_module(**(tests or {"PassTest": PassTest, "FailTest": FailTest}))
        kwargs.setdefault("testLoader", unittest.TestLoader())  # -k stays with a loader
        stderr = io.StringIO()
        with mock.patch("sys.stderr", stderr):
            program = hermetic.main(module, argv=["program", *arguments], exit=False, **kwargs)
        return program, stderr.getvalue()

    def test_without_exit_it_leaves_the_result(self):
        program, text = self.run_main()
        self.assertEqual((2, 1), (program.result.testsRun, len(program.result.failures)))
        self.assertIn("FAILED (failures=1)", text)

    def test_it_exits_with_1_after_a_failure(self):
        module = sample_module(FailTest=FailTest)
        with mock.patch("sys.stderr", io.StringIO()), self.assertRaises(SystemExit) as caught:
            hermetic.main(module, argv=["program"])
        self.assertEqual(1, caught.exception.code)

    def test_it_exits_with_0_after_a_pass(self):
        module = sample_module(PassTest=PassTest)
        with mock.patch("sys.stderr", io.StringIO()), self.assertRaises(SystemExit) as caught:
            hermetic.main(module, argv=["program"])
        self.assertIn(caught.exception.code, (0, False, None))

    def test_it_takes_names_from_the_arguments(self):
        program, _ = self.run_main("PassTest")
        self.assertEqual((1, 0), (program.result.testsRun, len(program.result.failures)))

    def test_it_takes_options_of_unittest(self):
        _, text = self.run_main("-v", "-k", "Pass")
        self.assertIn("... ok", text)
        self.assertIn("Ran 1 test ", text)

    def test_it_takes_options_of_ours(self):
        tests = {"SampleTest": type("SampleTest", (unittest.TestCase,), {"test_a": lambda _: swallow_a_connection()})}
        program, _ = self.run_main("--default-size", "small", tests=tests)
        self.assertEqual(1, len(program.result.errors))

    def test_it_forgets_the_settings_afterwards(self):
        tests = {"SampleTest": type("SampleTest", (unittest.TestCase,), {"test_a": lambda _: swallow_a_connection()})}
        off, _ = self.run_main("--default-size", "small", "--mode", "off", tests=tests)
        strict, _ = self.run_main("--default-size", "small", tests=tests)
        self.assertEqual([0, 1], [len(off.result.errors), len(strict.result.errors)])

    def test_a_default_test(self):
        for default in ("PassTest", ["PassTest"]):
            with self.subTest(default=default):
                self.assertEqual(1, self.run_main(defaultTest=default)[0].result.testsRun)

    def test_arguments_stand_in_for_options(self):
        _, text = self.run_main(verbosity=2, tb_locals=True, failfast=True, buffer=True, catchbreak=False)
        self.assertIn("number = 42", text)
        self.assertIn("FAIL", text)

    def test_warnings(self):
        program, _ = self.run_main(tests={"WarnTest": WarnTest}, warnings="error")
        self.assertEqual(1, len(program.result.errors))

    def test_durations_on_every_python(self):
        _, text = self.run_main(tests={"SlowTest": SlowTest}, durations=1)
        self.assertIn("Slowest test durations", text)

    def test_a_loader_of_ones_own(self):
        loader = unittest.TestLoader()
        loader.testMethodPrefix = "check"
        tests = {"SampleTest": type("SampleTest", (unittest.TestCase,), {"check_a": lambda _: None})}
        self.assertEqual(1, self.run_main(tests=tests, testLoader=loader)[0].result.testsRun)

    def test_a_module_by_name(self):
        with mock.patch.dict(sys.modules, {"sample_module": sample_module(PassTest=PassTest)}):
            with mock.patch("sys.stderr", io.StringIO()):
                program = hermetic.main("sample_module", argv=["program"], exit=False)
        self.assertEqual(1, program.result.testsRun)

    def test_the_module_that_calls_it(self):
        text = """
            import unittest, hermetic
            class SampleTest(unittest.TestCase):
                def test_a(self): pass
            if __name__ == "__main__":
                hermetic.main()
        """
        with Folder(**{"sample.py": text}) as folder:
            done = run_python("sample.py", "-v", cwd=folder)
        self.assertIn("test_a (__main__.SampleTest", done.stderr)
        self.assertEqual(0, done.returncode)

    def test_a_subclass(self):
        class Program(hermetic.main):
            def runTests(self):
                self.counted = self.test.countTestCases()
                super().runTests()

        with mock.patch("sys.stderr", io.StringIO()):
            program = Program(sample_module(PassTest=PassTest), argv=["program"], exit=False)
        self.assertEqual(1, program.counted)


class MinimalRunner:
    """A runner that takes no arguments, and has a result of unittest's."""

    def run(self, test):
        result = unittest.TestResult()
        test.run(result)
        return result


@medium
class OwnRunnerApiTest(unittest.TestCase):
    def run_main(self, runner, **tests):
        with mock.patch("sys.stderr", io.StringIO()):
            return hermetic.main(sample_module(**tests), argv=["program"], exit=False, testRunner=runner)

    def test_a_class(self):
        class Runner(unittest.TextTestRunner):
            pass

        program = self.run_main(Runner, PassTest=PassTest)
        self.assertEqual(1, program.result.testsRun)
        self.assertIsInstance(program.result, unittest.TextTestResult)

    def test_an_instance(self):
        stream = io.StringIO()
        self.run_main(unittest.TextTestRunner(stream=stream), PassTest=PassTest)
        self.assertIn("Ran 1 test ", stream.getvalue())

    def test_a_class_that_takes_no_arguments(self):
        self.assertEqual(1, self.run_main(MinimalRunner, PassTest=PassTest).result.testsRun)

    def test_any_runner_is_guarded(self):
        for runner in (MinimalRunner, MinimalRunner(), unittest.TextTestRunner, hermetic.TestRunner):
            with self.subTest(runner=runner):
                result = self.run_main(runner, SwallowTest=SwallowTest).result
                self.assertEqual(1, len(result.errors))
                self.assertFalse(result.wasSuccessful())

    def test_a_runner_that_looks_at_the_suite(self):
        class LookingRunner(unittest.TextTestRunner):
            def run(self, test):
                self.seen = [str(case) for case in flat(test)]
                return super().run(test)

        runner = LookingRunner(stream=io.StringIO())
        self.run_main(runner, PassTest=PassTest, FailTest=FailTest)
        self.assertEqual(2, len(runner.seen))


def flat(suite):
    """The tests of a suite."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


class Template(HermeticTestCase):
    """A base class of a suite's own."""

    def setUp(self):
        super().setUp()
        self.made = True


class TemplateTest(Template):
    def test_made(self):
        self.assertTrue(self.made)

    def test_swallows(self):
        swallow_a_connection()


class MixedTest(HermeticTestCase, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.made = True

    async def test_made(self):
        self.assertTrue(self.made)

    async def test_swallows(self):
        swallow_a_connection()


class LargeTest(Template):
    @hermetic.large
    def test_connects(self):
        swallow_a_connection()


@medium
class TestCaseApiTest(unittest.TestCase):
    def outcome(self, test):
        result = EventResult()
        test.run(result)
        return result.events[1:-1]

    def test_it_is_a_test_case(self):
        self.assertTrue(issubclass(HermeticTestCase, unittest.TestCase))

    def test_it_is_small_by_default(self):
        self.assertEqual(["addError"], self.outcome(SampleHermeticTest("test_swallows")))
        self.assertEqual(["addSuccess"], self.outcome(SampleHermeticTest("test_passes")))

    def test_a_subclass_of_a_subclass_is_small(self):
        self.assertEqual(["addError"], self.outcome(TemplateTest("test_swallows")))
        self.assertEqual(["addSuccess"], self.outcome(TemplateTest("test_made")))

    def test_a_mark_makes_it_larger(self):
        self.assertEqual(["addSuccess"], self.outcome(LargeTest("test_connects")))

    def test_it_mixes_with_async_tests(self):
        self.assertEqual(["addError"], self.outcome(MixedTest("test_swallows")))
        self.assertEqual(["addSuccess"], self.outcome(MixedTest("test_made")))

    def test_run_without_a_result_returns_one(self):
        result = SampleHermeticTest("test_swallows").run()
        self.assertEqual((1, 1), (result.testsRun, len(result.errors)))

    def test_run_takes_the_result_by_keyword(self):
        result = unittest.TestResult()
        self.assertIs(result, SampleHermeticTest("test_swallows").run(result=result))
        self.assertEqual(1, len(result.errors))

    def test_calling_it_runs_it(self):
        result = unittest.TestResult()
        SampleHermeticTest("test_swallows")(result)
        self.assertEqual(1, len(result.errors))

    def test_debug_raises_what_was_swallowed(self):
        with self.assertRaises(hermetic.NetworkViolationError):
            SampleHermeticTest("test_swallows").debug()

    def test_debug_of_a_passing_test_is_silent(self):
        SampleHermeticTest("test_passes").debug()

    def test_debug_of_a_suite_raises_what_was_swallowed(self):
        suite = unittest.TestSuite([SampleHermeticTest("test_passes"), SampleHermeticTest("test_swallows")])
        with self.assertRaises(hermetic.NetworkViolationError):
            suite.debug()

    def test_a_default_result_of_its_own_is_used(self):
        class OwnResultTest(SampleHermeticTest):
            def defaultTestResult(self):
                return EventResult()

        events = OwnResultTest("test_passes").run().events
        self.assertEqual(["startTest", "addSuccess", "stopTest"], events)

    def test_its_id_and_equality_are_as_ever(self):
        test = SampleHermeticTest("test_passes")
        self.assertEqual(f"{__name__}.SampleHermeticTest.test_passes", test.id())
        self.assertEqual(SampleHermeticTest("test_passes"), test)
        self.assertNotEqual(SampleHermeticTest("test_swallows"), test)

    def test_a_run_override_of_a_subclass_is_called(self):
        class RunTest(SampleHermeticTest):
            def run(self, result=None):
                self.called = True
                return super().run(result)

        test = RunTest("test_swallows")
        self.assertEqual(["addError"], self.outcome(test))
        self.assertTrue(test.called)


if __name__ == "__main__":
    unittest.main()

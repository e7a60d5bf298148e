"""Canaries: the methods of unittest that hermetic overrides, and the private objects that it reads and makes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import io
import os
import re
import signal
import sys
import traceback
import types
import unittest
import unittest.signals
from unittest import mock

import hermetic
import support
from hermetic._stdlib import unittest_internals
from hermetic._terminal import unittest_colours
from hermetic._workers import addressing


class UnittestTest(hermetic.HermeticTestCase):
    def test_every_method_that_is_overridden_is_there(self):
        seams = {
            unittest.TestProgram: "parseArgs createTests runTests _getParentArgParser _print_help",
            unittest.TestCase: (
                "run debug defaultTestResult addCleanup addClassCleanup doClassCleanups setUpClass tearDownClass"
            ),
            unittest.TestLoader: "loadTestsFromName",
            unittest.TextTestRunner: "run _makeResult",
            unittest.TextTestResult: "printErrors startTest stopTest addSubTest stopTestRun wasSuccessful",
            unittest.TestSuite: "run countTestCases",
        }
        for cls, names in seams.items():
            for name in names.split():
                with self.subTest(cls=cls, name=name):
                    self.assertTrue(callable(getattr(cls, name)))

    def test_the_program_calls_its_seams_in_order(self):
        called = []

        class Program(unittest.TestProgram):
            """Notes what is called."""

        for name in ("parseArgs", "_getParentArgParser", "createTests", "runTests"):
            method = getattr(unittest.TestProgram, name)
            setattr(Program, name, noted(called, name, method if name != "runTests" else lambda self: None))
        Program(module=types.ModuleType("empty"), argv=["program"])
        self.assertEqual(
            [name for name in called if name != "_getParentArgParser"], ["parseArgs", "createTests", "runTests"]
        )
        self.assertIn("_getParentArgParser", called)

    def test_help_is_printed_through_its_seam(self):
        class Program(unittest.TestProgram):
            """Ends where help would be printed."""

            def _print_help(self, *args: object, **kwargs: object) -> None:
                raise KeyError

        with self.assertRaises(KeyError):
            Program(module=types.ModuleType("empty"), argv=["program", "--help"], exit=False)

    def test_patterns_are_converted_by_the_type_of_their_argument(self):
        class Program(unittest.TestProgram):
            def _getMainArgParser(self, parent):
                parser = super()._getMainArgParser(parent)
                unittest_internals.keep_patterns(parser)
                return parser

            def runTests(self):
                pass

        for program, pattern in ((unittest.TestProgram, "*a*"), (Program, "a")):
            with mock.patch.object(program, "runTests", lambda self: None):
                made = program(module=None, argv=["program", "-k", "a", __name__], exit=False)
            self.assertEqual(made.testNamePatterns, [pattern])

    def test_a_runner_that_is_given_is_used_and_its_result_kept(self):
        runner = mock.Mock()
        program = unittest.TestProgram(
            module=types.ModuleType("empty"), argv=["program"], testRunner=runner, exit=False
        )
        self.assertIs(program.result, runner.run.return_value)

    def test_a_suite_runs_a_test_by_calling_it_with_the_result(self):
        test, result = mock.Mock(**{"countTestCases.return_value": 1}), unittest.TestResult()
        unittest.TestSuite([test]).run(result)
        test.assert_called_once_with(result)

    def test_calling_a_test_runs_it(self):
        test = unittest.FunctionTestCase(lambda: None)
        with mock.patch.object(test, "run") as run:
            test("result")
        run.assert_called_once_with("result")

    def test_a_class_fixture_has_its_class_in_a_local_named_cls(self):
        for name in ("setUpClass", "tearDownClass"):
            self.assertEqual(list(inspect.signature(getattr(unittest.TestCase, name).__func__).parameters), ["cls"])

    def test_modules_of_unittest_are_marked_for_tracebacks(self):
        for module in (unittest.case, unittest.suite, unittest.runner, unittest.result):
            with self.subTest(module=module):
                self.assertIs(vars(module)["__unittest"], True)

    def test_a_text_result_has_what_the_summary_is_written_with(self):
        stream = io.StringIO()
        result = unittest.TextTestResult(stream, descriptions=True, verbosity=1)
        self.assertIs(result.stream, stream)
        self.assertEqual(set(result.separator2), {"-"})

    def test_a_result_that_buffers_can_be_told_to_begin_and_to_end(self):
        result = unittest.TestResult()
        self.assertFalse(unittest_internals.buffer_output(result))
        result.buffer = True
        before = sys.stderr
        self.assertTrue(unittest_internals.buffer_output(result))
        try:
            self.assertFalse(unittest_internals.buffer_output(result))
            self.assertIsNot(sys.stderr, before)
            with unittest_internals.past_buffer(result):
                self.assertIs(sys.stderr, before)
            self.assertIsNot(sys.stderr, before)
        finally:
            unittest_internals.release_output(result)
        self.assertIs(sys.stderr, before)

    def test_a_result_is_handed_an_error_holder_for_a_fixture(self):
        class Case(unittest.TestCase):
            """Has a fixture that fails."""

            @classmethod
            def setUpClass(cls) -> None:
                raise RuntimeError

            def test_it(self) -> None:
                """Never runs."""

        result = unittest.TestResult()
        unittest.TestSuite([Case("test_it")]).run(result)
        ((handed, _),) = result.errors
        made = unittest_internals.error_holder("setUpClass (of a class)")
        self.assertIs(type(handed), type(made))
        self.assertEqual((made.id(), str(made), made.countTestCases()), (*["setUpClass (of a class)"] * 2, 0))

    def test_a_result_is_handed_subtests_with_message_and_parameters(self):
        class Case(unittest.TestCase):
            """Has subtests with and without a message."""

            def test_it(self) -> None:
                for message in ((), ("text",)):
                    with self.subTest(*message, number=1):
                        self.fail()

        result = unittest.TestResult()
        Case("test_it").run(result)
        subtests = [test for test, _ in result.failures]
        self.assertEqual(
            [unittest_internals.sub_test_parts(test) for test in subtests],
            [(None, {"number": 1}), ("text", {"number": 1})],
        )

    def test_a_subtest_can_be_made_from_its_parts(self):
        made = [unittest_internals.sub_test(self, message, {"number": 1}) for message in (None, "text")]
        self.assertEqual([test.id() for test in made], [f"{self.id()} (number=1)", f"{self.id()} [text] (number=1)"])
        self.assertEqual([unittest_internals.sub_test_parts(test)[0] for test in made], [None, "text"])
        self.assertIsNone(unittest_internals.sub_test_parts(self))

    def test_a_test_has_an_outcome_while_it_runs(self):
        running = self._outcome
        test = unittest.FunctionTestCase(lambda: None)
        with unittest_internals.outcome_of(test, unittest.TestResult()):
            self.assertEqual(type(test._outcome), type(running))
            self.assertLessEqual({*vars(test._outcome)}, {*vars(running)})
        self.assertIsNone(test._outcome)

    def test_a_new_async_test_case_has_no_attribute_that_could_not_be_sent(self):
        made = vars(unittest.IsolatedAsyncioTestCase())
        self.assertEqual({made[name] for name in set(made).difference(addressing._STANDARD)} - {None}, set())

    def test_a_suite_keeps_its_tests_if_it_is_told_to(self):
        self.assertIs(unittest.TestSuite._cleanup, True)

    @hermetic.medium
    def test_a_suite_tears_a_class_down_before_an_object_of_another_class_and_not_its_module(self):
        with support.Folder() as folder:
            support.write_files(folder, {"fixtures.py": FIXTURES})
            done = support.run_python("fixtures.py", cwd=folder)
        self.assertEqual(done.stdout.split(), "setUpModule setUpClass test tearDownClass other tearDownModule".split())

    def test_a_result_can_be_made_one_of_a_subclass(self):
        result = unittest.TestResult()
        result.__class__ = type("Sub", (unittest.TestResult,), {})
        self.assertIsNot(type(result), unittest.TestResult)

    def test_a_test_knows_by_its_cleanups_whether_it_has_failed(self):
        found = []

        class Sample(unittest.TestCase):
            def doCleanups(self):
                has_few = len(unittest_internals.unreported_errors(self)) <= 1
                found.append((unittest_internals.test_has_failed(self), has_few))
                return super().doCleanups()

            def test_fails(self):
                self.fail()

            def test_passes(self):
                pass

            @unittest.expectedFailure
            def test_fails_as_expected(self):
                self.fail()

            def test_skips(self):
                self.skipTest("")

        for name in ("test_fails", "test_passes", "test_fails_as_expected", "test_skips"):
            Sample(name).run(unittest.TestResult())
        self.assertEqual(found, [(True, True), (False, True), (True, True), (True, True)])


FIXTURES = """
import unittest
def setUpModule(): print("setUpModule")
def tearDownModule(): print("tearDownModule")
class Case(unittest.TestCase):
    setUpClass = classmethod(lambda cls: print("setUpClass"))
    tearDownClass = classmethod(lambda cls: print("tearDownClass"))
    def test_it(self): print("test")
class Other:
    def __call__(self, result): print("other")
unittest.TestSuite([Case("test_it"), Other()]).run(unittest.TestResult())
"""


def noted(calls: list[str], name: str, method: object) -> object:
    """A method that notes its name before it does what it did."""

    @functools.wraps(method)  # type: ignore[arg-type]
    def wrapper(*args: object, **kwargs: object) -> object:
        calls.append(name)
        return method(*args, **kwargs)  # type: ignore[operator]

    return wrapper


class PhasesTest(hermetic.HermeticTestCase):
    def setUp(self):
        self.stacks = stacks = []

        class Measured(unittest.IsolatedAsyncioTestCase):
            def setUp(self):
                self.addCleanup(self.note)
                self.note()

            def test_plain(self):
                self.note()

            async def test_async(self):
                self.note()

            def tearDown(self):
                self.note()

            def note(self):
                stacks.append("".join(traceback.format_stack(limit=4)))  # the test around it has phases, too

        self.case = Measured

    def test_each_phase_has_its_seconds(self):
        for name in ("test_plain", "test_async"):
            test = self.case(name)
            with unittest_internals.phases_timed(test) as seconds:
                result = test.run()
            self.assertTrue(result.wasSuccessful())
            self.assertEqual([*seconds], ["setUp", "test method", "tearDown", "cleanups"])
            self.assertNotIn("_callSetUp", vars(test))

    def test_each_phase_has_its_place_in_a_stack(self):
        self.case("test_plain").run()
        found = [*map(unittest_internals.phase_in, self.stacks)]
        self.assertEqual(found, ["setUp", "test method", "tearDown", "cleanups"])
        self.assertEqual(unittest_internals.phase_in("File x.py, line 1 in test"), "")


class AwaitingTest(hermetic.HermeticTestCase):
    def test_a_test_that_waits_is_cancelled_where_its_clean_up_would_wait_for_it(self):
        cancelled = []

        class Waiting(unittest.IsolatedAsyncioTestCase):
            async def test_it(self):
                unittest_internals.cancel_what_it_awaits(self)
                try:
                    await asyncio.sleep(0.01)
                except asyncio.CancelledError:
                    cancelled.append(self)

        Waiting("test_it").run(unittest.TestResult())
        self.assertEqual(bool(cancelled), sys.version_info < (3, 11))


class LastLineTest(hermetic.HermeticTestCase):
    def printed(self, run, **environ):
        stream = io.StringIO()
        runner = unittest.TextTestRunner(stream)

        class Result(unittest.TextTestResult):
            def printErrors(self):
                super().printErrors()
                unittest_internals.add_to_last_line(self.stream, "flaky=1")

        runner.resultclass = Result
        with mock.patch.dict("os.environ", {"NO_COLOR": "1", **environ}):
            if "FORCE_COLOR" in environ:
                del os.environ["NO_COLOR"]
            runner.run(unittest.FunctionTestCase(run))
        self.assertEqual(runner.stream.write, stream.write)
        return stream.getvalue().splitlines()[-1]

    def test_an_entry_stands_at_its_end_whatever_is_there(self):
        def skip():
            raise unittest.SkipTest

        for run, line in ((print, "OK (flaky=1)"), (skip, "OK (skipped=1, flaky=1)"), (self.fail, "FAILED (")):
            with self.subTest(line), contextlib.redirect_stdout(None):
                found = self.printed(run)
                self.assertTrue(found.startswith(line) and found.endswith("flaky=1)"), found)

    def test_colours_are_left_as_they_are(self):
        with contextlib.redirect_stdout(None):
            found = self.printed(print, FORCE_COLOR="1")
        self.assertEqual(re.sub(r"\x1b\[[0-9;]*m", "", found), "OK (flaky=1)")

    def test_its_parts_are_written_as_unittest_writes_them_so_that_each_is_coloured(self):
        stream = unittest.runner._WritelnDecorator(io.StringIO())
        stream.write = lambda text: stream.stream.write(unittest_colours.coloured(text))
        unittest_internals.add_to_last_line(stream, "flaky=1")
        for text in ("OK", " (skipped=1)", "\n"):
            stream.write(text)
        expected = "\x1b[32mOK\x1b[0m (\x1b[33mskipped=1\x1b[0m, \x1b[33mflaky=1\x1b[0m)\n"
        self.assertEqual(stream.stream.getvalue(), expected)

    def test_the_stream_of_another_runner_is_left_alone(self):
        stream = io.StringIO()
        unittest_internals.add_to_last_line(stream, "flaky=1")
        stream.write("OK\n")
        self.assertEqual(stream.getvalue(), "OK\n")


class LoadedTest(hermetic.HermeticTestCase):
    def test_a_test_case_holds_the_name_of_its_method(self):
        self.assertEqual(unittest_internals.test_method_name(self), "test_a_test_case_holds_the_name_of_its_method")

    def test_a_suite_has_no_method(self):
        self.assertEqual(unittest_internals.test_method_name(unittest.TestSuite()), "")

    def test_a_suite_drops_its_tests_and_those_of_the_suites_in_it(self):
        test = type(self)("test_a_suite_drops_its_tests_and_those_of_the_suites_in_it")
        test._tests = [1]
        inner = unittest.TestSuite([test])
        outer = unittest.TestSuite([inner, test])
        unittest_internals.drop_tests(outer)
        self.assertEqual(([], [], [1]), ([*outer], [*inner], test._tests))

    def test_a_module_that_could_not_be_imported_becomes_a_test(self):
        for error, outcome in ((ValueError("wrong"), "errors"), (unittest.SkipTest("no"), "skipped")):
            with self.subTest(outcome=outcome):
                loader, result = unittest.TestLoader(), unittest.TestResult()
                try:
                    raise error
                except Exception as raised:
                    test = unittest_internals.test_of_failed_import(loader, "package.module", raised)
                test.run(result)
                ((found, _),) = getattr(result, outcome)
                self.assertTrue(found.id().endswith(".package.module"))

    def test_the_handler_of_catch_says_whether_it_was_called(self):
        handler = unittest.signals._InterruptHandler(lambda *_: None)
        before = unittest_internals.catch_handler_was_called(handler)
        with (
            mock.patch.object(unittest.signals, "_results", {}),  # else it would stop this very run
            mock.patch.object(signal, "getsignal", return_value=handler),
        ):
            handler(signal.SIGINT, None)
        self.assertEqual((before, unittest_internals.catch_handler_was_called(handler)), (False, True))

    def test_class_cleanups_leave_what_they_caught_on_the_class(self):
        class Cleaned(unittest.TestCase):
            """Cleans up badly."""

        error = ValueError("in a class cleanup")
        Cleaned.addClassCleanup(mock.Mock(side_effect=error))
        Cleaned.doClassCleanups()
        self.assertEqual(unittest_internals.class_cleanup_exceptions(Cleaned), [error])

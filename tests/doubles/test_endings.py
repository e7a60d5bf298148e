"""The end of a double: which errors it reports, and when it leaves the report to the test's own failure."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import unittest

import hermetic
from hermetic import HermeticTestCase, SubprocessMock, UnmockedInteractionError, UnusedMocksError
from support.conformance import KILLED


def swallow(command=("git", "push")) -> None:
    """Code under test that hides what goes wrong."""
    try:
        subprocess.run(list(command))
    except Exception:
        pass


def script(test) -> None:
    """A test method that does nothing but script a command."""
    test.subprocess.mock_run(["git"])


def verdicts(*, plain: bool = False, **methods) -> list[str]:
    """What a result is told of a test case with one test method: kind of entry and first line of the error."""
    cls = type("SampleTest", (HermeticTestCase,), {"__module__": __name__, **methods})
    result = unittest.TestResult()
    for name in unittest.defaultTestLoader.getTestCaseNames(cls):
        (cls(name).debug if plain else cls(name).run)(*([] if plain else [result]))
    found = []
    for kind in ("failures", "errors", "skipped", "expectedFailures"):
        for _, text in getattr(result, kind):
            lines = [line for line in text.splitlines() if line and not line.startswith(" ")]
            found.append(f"{kind}: {lines[-1]}")
    return found + ["unexpected success" for _ in result.unexpectedSuccesses]


REFUSED = 'failures: hermetic.UnmockedInteractionError: nothing is scripted for ["git", "push"]'
UNUSED = "failures: hermetic.UnusedMocksError: scripted but never used (1):"


class TestCaseTest(HermeticTestCase):
    def test_a_refused_command_is_one_failure(self):
        def test(self):
            self.subprocess.install()
            subprocess.run(["git", "push"])

        self.assertEqual(verdicts(test=test), [REFUSED])

    def test_a_swallowed_one_is_one_failure(self):
        def test(self):
            self.subprocess.install()
            swallow()

        self.assertEqual(verdicts(test=test), [REFUSED])

    def test_what_was_made_of_it_is_told_alone(self):
        def test(self):
            self.subprocess.install()
            try:
                subprocess.run(["git", "push"])
            except AssertionError as error:
                raise ValueError("no push") from error

        self.assertEqual(verdicts(test=test), ["errors: ValueError: no push"])

    def test_what_is_unused_is_a_failure(self):
        self.assertEqual(verdicts(test=script), [UNUSED])

    def test_a_failed_test_is_not_told_what_it_did_not_come_to(self):
        def test(self):
            self.subprocess.mock_run(["git"])
            self.fail("for another reason")

        self.assertEqual(verdicts(test=test), ["failures: AssertionError: for another reason"])

    def test_a_failed_test_is_told_what_it_swallowed(self):
        def test(self):
            self.subprocess.mock_run(["git"])
            swallow()
            self.fail("for another reason")

        self.assertEqual(sorted(verdicts(test=test)), ["failures: AssertionError: for another reason", REFUSED])

    def test_a_skipped_test_is_skipped(self):
        def test(self):
            self.subprocess.mock_run(["git"])
            self.skipTest("not here")

        self.assertEqual(verdicts(test=test), ["skipped: not here"])

    def test_a_test_that_fails_as_expected_has_done_so(self):
        @unittest.expectedFailure
        def test(self):
            self.subprocess.mock_run(["git"])
            self.fail("as expected")

        self.assertEqual(verdicts(test=test), ["expectedFailures: AssertionError: as expected"])

    def test_a_refusal_may_be_what_is_expected(self):
        @unittest.expectedFailure
        def test(self):
            self.subprocess.install()
            subprocess.run(["git", "push"])

        self.assertEqual(verdicts(test=test), [REFUSED.replace("failures", "expectedFailures")])

    def test_a_failed_subtest_is_a_failure_too(self):
        def test(self):
            self.subprocess.mock_run(["git"])
            with self.subTest(number=1):
                self.fail("in it")

        self.assertEqual(verdicts(test=test)[0], "failures: AssertionError: in it")

    def test_cleanups_that_were_added_later_are_answered_too(self):
        def test(self):
            self.subprocess.mock_run(["git"])
            self.addCleanup(subprocess.run, ["git"])

        self.assertEqual(verdicts(test=test), [])

    def test_fixtures_are_answered_too(self):
        methods = {
            "setUp": lambda self: self.subprocess.mock_run(["git"], times=3),
            "test": lambda self: self.assertEqual(subprocess.call(["git"]), 0),
            "tearDown": lambda self: [subprocess.run(["git"]) for _ in range(2)],
        }
        self.assertEqual(verdicts(**methods), [])

    def test_debug_raises_it(self):
        with self.assertRaises(UnusedMocksError):
            verdicts(plain=True, test=script)

    def test_every_test_has_a_double_of_its_own(self):
        def test(self):
            self.assertEqual(self.subprocess.calls, [])
            self.subprocess.mock_run(["git"])
            subprocess.run(["git"])

        self.assertEqual(verdicts(test_a=test, test_b=test), [])

    def test_the_class_has_none(self):
        with self.assertRaisesRegex(AttributeError, "enter hermetic.SubprocessMock.. in setUpClass"):
            HermeticTestCase.subprocess.mock_run(["git"])  # what setUpClass may try

    def test_a_runner_can_look_through_all_that_a_class_has(self):
        self.assertIn("subprocess", {name: getattr(HermeticTestCase, name) for name in dir(HermeticTestCase)})

    def test_a_test_case_may_have_an_attribute_of_that_name(self):
        def test(self):
            self.subprocess = "its own"
            self.assertEqual(self.subprocess, "its own")

        self.assertEqual(verdicts(test=test), [])


class AsyncTestCaseTest(HermeticTestCase, unittest.IsolatedAsyncioTestCase):
    async def test_the_double_answers_in_async_tests(self):
        self.subprocess.mock_run(["git"], stdout="main\n")
        process = await asyncio.create_subprocess_exec("git", stdout=-1)
        self.assertEqual(await process.communicate(), (b"main\n", None))


class BlockTest(HermeticTestCase):
    def test_a_swallowed_command_is_raised_at_the_end(self):
        with self.assertRaisesRegex(UnmockedInteractionError, 'nothing is scripted for \\["git", "push"\\]'):
            with SubprocessMock():
                swallow()

    def test_several_are_told_together_with_what_is_unused(self):
        with self.assertRaises(UnmockedInteractionError) as caught, SubprocessMock() as sp:
            sp.mock_run(["git", "fetch"])
            swallow()
            swallow(["git", "gc"])
        text = str(caught.exception)
        for part in ('["git", "push"]', '["git", "gc"]', "never used (1)", 'mock_run(["git", "fetch"])'):
            self.assertIn(part, text)

    def test_an_error_of_the_block_comes_out_as_it_is(self):
        error = KeyError("its own")
        with self.assertRaises(KeyError) as caught, SubprocessMock() as sp:
            sp.mock_run(["git", "fetch"])
            raise error
        self.assertIs(caught.exception, error)
        if sys.version_info >= (3, 11):
            self.assertIn("scripted but never used", error.__notes__[0])

    def test_a_skip_hides_no_refused_command(self):
        with self.assertRaisesRegex(UnmockedInteractionError, "nothing is scripted"), SubprocessMock():
            swallow()
            self.skipTest("no git")

    def test_a_skip_excuses_what_was_not_come_to(self):
        with self.assertRaises(unittest.SkipTest), SubprocessMock() as double:
            double.mock_run(["git"])
            self.skipTest("no git")

    def test_every_unused_one_is_told_with_its_place(self):
        with self.assertRaises(UnusedMocksError) as caught, SubprocessMock() as sp:
            sp.mock_run(["a"])
            sp.mock_run(["b"], times=3)
            sp.mock_which("c", None, required=True)
            sp.mock_run(["d"], required=False)
            subprocess.run(["a"])
            subprocess.run(["b"])
        lines = str(caught.exception).splitlines()
        line = self.test_every_unused_one_is_told_with_its_place.__code__.co_firstlineno + 3
        file = os.path.join("tests", "doubles", f"{__name__.rpartition('.')[2]}.py")
        self.assertTrue(lines[1].startswith('  mock_run(["b"]) (1 of 3), scripted at '), lines)
        self.assertTrue(lines[1].endswith(f"{file}:{line}"), lines)
        self.assertTrue(lines[2].startswith('  mock_which("c"), scripted at '), lines)
        self.assertEqual(len(lines), 4)

    def test_strict_demands_that_all_is_asserted(self):
        with self.assertRaises(hermetic.UnassertedInteractionsError) as caught, SubprocessMock(strict=True) as sp:
            sp.mock_run(["git"], stdout="main\n")
            sp.mock_which("gcc", "/usr/bin/gcc")
            subprocess.run(["git"], stdout=subprocess.DEVNULL)
            __import__("shutil").which("gcc")
        self.assertEqual(
            str(caught.exception).splitlines()[1:],
            [
                '  sp.assert_run(command=["git"], returncode=0, stdout="main\\n", stderr="")',
                '  sp.assert_which(name="gcc", returns="/usr/bin/gcc")',
            ],
        )

    def test_the_lines_of_a_strict_double_can_be_pasted(self):
        with SubprocessMock(strict=True) as sp:
            sp.mock_run(["git", "a b", 'say "x"'], stdout=b"\xff", returncode=1)
            subprocess.run(["git", "a b", 'say "x"'], capture_output=True)
            exec(f"sp.{sp._timeline[0]}", {"sp": sp})

    def test_children_that_still_run_end_with_the_block(self):
        with SubprocessMock() as sp:
            sp.mock_run(["server"], duration=3600)
            sp.mock_run(["short"], returncode=3)
            server, short = (subprocess.Popen([name], stdout=-1) for name in ("server", "short"))
        with server.stdout, short.stdout:
            self.assertEqual((server.wait(), short.wait()), (KILLED, 3))

    def test_what_a_child_in_python_raises_is_raised_at_who_waits(self):
        def child(process):
            self.assertEqual(process.args, ["other"])

        with self.assertRaisesRegex(AssertionError, r"\['git'\] != \['other'\]"), SubprocessMock() as sp:
            sp.mock_run(["git"], side_effect=child)
            swallow(["git"])

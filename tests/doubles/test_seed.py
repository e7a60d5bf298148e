"""The guide of another framework's strict subprocess plugin, sentence by sentence, in terms of unittest."""

from __future__ import annotations

import inspect
import shutil
import subprocess
from unittest import mock

import hermetic
from hermetic import HermeticTestCase, SubprocessMock


def build_and_run(source: str) -> str:
    """Find gcc, compile the source, run the binary."""
    gcc = shutil.which("gcc")
    if gcc is None:
        raise RuntimeError("gcc not found")
    subprocess.run([gcc, "-o", "/tmp/out", source], check=True)
    return subprocess.run(["/tmp/out"], capture_output=True, text=True, check=True).stdout


class FullExamplesTest(HermeticTestCase):
    def test_build_and_run_compiles_and_executes(self):
        sp = self.subprocess
        sp.mock_which("gcc", returns="/usr/bin/gcc")
        sp.mock_run(["/usr/bin/gcc", "-o", "/tmp/out", "hello.c"], returncode=0)
        sp.mock_run(["/tmp/out"], returncode=0, stdout="Hello, world!\n")
        self.assertEqual(build_and_run("hello.c"), "Hello, world!\n")
        compile_hello = ["/usr/bin/gcc", "-o", "/tmp/out", "hello.c"]
        sp.assert_interaction(sp.which, name="gcc", returns="/usr/bin/gcc")
        sp.assert_interaction(sp.run, command=compile_hello, returncode=0, stdout="", stderr="")
        sp.assert_interaction(sp.run, command=["/tmp/out"], returncode=0, stdout="Hello, world!\n", stderr="")

    def test_build_and_run_raises_when_gcc_missing(self):
        self.subprocess.mock_which("gcc", returns=None)
        with self.assertRaises(RuntimeError) as caught:
            build_and_run("hello.c")
        self.assertEqual(str(caught.exception), "gcc not found")
        self.subprocess.assert_interaction(self.subprocess.which, name="gcc", returns=None)

    def test_the_same_in_a_strict_block(self):
        with SubprocessMock(strict=True) as sp:
            sp.mock_which("gcc", returns=None)
            with self.assertRaises(RuntimeError):
                build_and_run("hello.c")
            sp.assert_which(name="gcc", returns=None)


class SetupTest(HermeticTestCase):
    def test_the_double_is_made_on_first_use(self):
        self.assertNotIn("subprocess", vars(self))
        self.assertIsInstance(self.subprocess, SubprocessMock)
        self.assertIs(self.subprocess, self.subprocess)

    def test_it_can_be_made_by_hand_and_scripted_before_the_block(self):
        sp = SubprocessMock()
        sp.mock_run(["make", "all"], returncode=0)
        with sp:
            subprocess.run(["make", "all"])
        sp.assert_run(command=["make", "all"], returncode=0, stdout="", stderr="")


class RunTest(HermeticTestCase):
    def test_the_parameters_and_their_defaults(self):
        parameters = inspect.signature(SubprocessMock.mock_run).parameters
        defaults = {name: parameters[name].default for name in ("returncode", "stdout", "stderr", "raises", "required")}
        self.assertEqual(defaults, {"returncode": 0, "stdout": "", "stderr": "", "raises": None, "required": True})
        self.assertIs(parameters["command"].default, inspect.Parameter.empty)

    def test_each_is_consumed_in_order(self):
        self.subprocess.mock_run(["git", "fetch"], returncode=0)
        self.subprocess.mock_run(["git", "merge", "origin/main"], returncode=0)
        subprocess.run(["git", "fetch"])
        subprocess.run(["git", "merge", "origin/main"])
        self.subprocess.assert_run(command=["git", "fetch"], returncode=0, stdout="", stderr="")
        self.subprocess.assert_run(command=["git", "merge", "origin/main"], returncode=0, stdout="", stderr="")

    def test_an_unknown_command_or_a_wrong_order_is_refused_at_the_call(self):
        for command in (["git", "status"], ["git", "merge"]):
            reached = []
            with self.assertRaises(hermetic.UnmockedInteractionError), SubprocessMock() as sp:
                sp.mock_run(["git", "fetch"])
                sp.mock_run(["git", "merge"])
                subprocess.run(command)
                reached.append(command)
            self.assertEqual(reached, [])

    def test_an_exception_is_raised_after_the_interaction_was_recorded(self):
        error = FileNotFoundError(2, "No such file or directory", "git")
        self.subprocess.mock_run(["git"], raises=error)
        with self.assertRaises(FileNotFoundError) as caught:
            subprocess.run(["git"])
        self.assertIs(caught.exception, error)
        self.subprocess.assert_run(["git"])

    def test_what_is_required_must_be_used_and_what_is_not_may_stay(self):
        with self.assertRaises(hermetic.UnusedMocksError), SubprocessMock() as sp:
            sp.mock_run(["git"])
        with SubprocessMock() as sp:
            sp.mock_run(["git"], required=False)


class WhichTest(HermeticTestCase):
    def test_the_parameters_and_their_defaults(self):
        parameters = inspect.signature(SubprocessMock.mock_which).parameters
        self.assertEqual(list(parameters), ["self", "name", "returns", "required"])
        self.assertIs(parameters["required"].default, False)

    def test_registered_names_are_recorded_and_can_be_asserted(self):
        self.subprocess.mock_which("git", returns="/usr/bin/git")
        self.subprocess.mock_which("svn", returns=None)
        self.assertEqual([shutil.which("git"), shutil.which("svn")], ["/usr/bin/git", None])
        self.subprocess.assert_which(name="git", returns="/usr/bin/git")
        self.subprocess.assert_which(name="svn", returns=None)

    def test_unregistered_names_are_none_in_silence_and_cannot_be_asserted(self):
        with SubprocessMock(strict=True) as sp:
            self.assertIsNone(shutil.which("sh"))
            with self.assertRaisesRegex(AssertionError, "no interaction is left"):
                sp.assert_which(name="sh", returns=None)

    def test_a_required_one_must_be_looked_up(self):
        with self.assertRaises(hermetic.UnusedMocksError), SubprocessMock() as sp:
            sp.mock_which("git", "/usr/bin/git", required=True)


class InstallTest(HermeticTestCase):
    def test_any_command_is_refused_at_once(self):
        with self.assertRaises(hermetic.UnmockedInteractionError), SubprocessMock() as sp:
            sp.install()
            subprocess.run(["true"])

    def test_code_that_runs_nothing_passes(self):
        self.subprocess.install()
        self.assertEqual(sum([1, 2]), 3)
        self.assertIsNone(shutil.which("sh"))


class ConflictTest(HermeticTestCase):
    def test_a_patched_run_or_which_is_a_conflict(self):
        for name in ("subprocess.run", "shutil.which"):
            with mock.patch(name), self.assertRaises(hermetic.ConflictError), SubprocessMock():
                pass

    def test_nested_blocks_are_none(self):
        with SubprocessMock(), SubprocessMock():
            pass

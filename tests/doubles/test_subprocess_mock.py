"""Scripted commands: what can be scripted, what a script matches, and the errors for wrong arguments."""

from __future__ import annotations

import asyncio
import importlib
import math
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from subprocess import PIPE
from unittest import mock

import hermetic
import support
from hermetic import HermeticTestCase, SubprocessMock, SubprocessViolationError, UnmockedInteractionError, medium
from hermetic._base import features
from support.conformance import KILLED, TERMINATED

TEXT = {"capture_output": True, "text": True}


class ScriptingTestCase(HermeticTestCase):
    def refusal(self, scripted, command, *, options=None, **run) -> str:
        """The message about a command that is not the scripted one."""
        with self.assertRaises(UnmockedInteractionError) as caught, SubprocessMock() as sp:
            sp.mock_run(scripted, **(options or {}))
            subprocess.run(command, **run)
        return str(caught.exception)


class OrderTest(ScriptingTestCase):
    def test_commands_are_answered_in_order(self):
        self.subprocess.mock_run(["git", "fetch"], returncode=1)
        self.subprocess.mock_run(["git", "merge"], returncode=2)
        self.assertEqual([subprocess.call(["git", word]) for word in ("fetch", "merge")], [1, 2])

    def test_another_order_is_refused(self):
        with self.assertRaisesRegex(UnmockedInteractionError, 'expected "fetch", got "merge"'), SubprocessMock() as sp:
            sp.mock_run(["git", "fetch"])
            sp.mock_run(["git", "merge"])
            subprocess.run(["git", "merge"])

    def test_any_order_by_choice(self):
        with SubprocessMock(any_order=True) as sp:
            sp.mock_run(["a"], returncode=1)
            sp.mock_run(["b"], returncode=2)
            self.assertTrue(sp.any_order)
            self.assertEqual([subprocess.call([name]) for name in "ba"], [2, 1])

    def test_times(self):
        self.subprocess.mock_run(["a"], times=2)
        self.subprocess.mock_run(["b"], times=None, returncode=1)
        self.subprocess.mock_run(["c"], times=None)
        self.assertEqual([subprocess.call([name]) for name in "aabbb"], [0, 0, 1, 1, 1])

    def test_what_is_optional_is_skipped_for_good(self):
        with self.assertRaisesRegex(UnmockedInteractionError, r'^nothing is scripted for \["a"\]'):
            with SubprocessMock() as sp:
                sp.mock_run(["a"], required=False)
                sp.mock_run(["b"])
                subprocess.run(["b"])
                subprocess.run(["a"])

    def test_an_expectation_knows_its_calls(self):
        expectation = self.subprocess.mock_run(["git", ...], times=None)
        subprocess.run(["git", "fetch"], cwd="/")
        self.assertEqual((expectation.call_count, expectation.calls), (1, [mock.call(["git", "fetch"], cwd="/")]))

    def test_threads_use_up_what_is_scripted_once_each(self):
        self.subprocess.mock_run(["a"], times=8)
        threads = [threading.Thread(target=subprocess.run, args=(["a"],)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.subprocess.calls), 8)


class MatchingTest(ScriptingTestCase):
    def test_elements_match_by_text_pattern_predicate_and_anything(self):
        scripted = ["git", mock.ANY, re.compile(r"v\d+"), str.isdigit, pathlib.Path("/a"), b"b", ...]
        for further in ([], ["x"], ["x", "y"]):
            self.subprocess.mock_run(scripted)
            subprocess.run(["git", "anything", "v12", "7", os.sep + "a", "b", *further])

    def test_a_pattern_must_match_all_of_an_argument(self):
        text = self.refusal(["git", re.compile("v1")], ["git", "v12"])
        self.assertIn('argument 1: expected re.compile("v1"), got "v12"', text)

    def test_differences_are_told_argument_by_argument(self):
        for scripted, command, line in (
            (["a", "b"], ["a"], 'argument 1: expected "b", got no more arguments'),
            (["a"], ["a", "b"], 'argument 1: expected no more arguments, got "b"'),
            (["a", str.isdigit], ["a", "b"], 'argument 1: expected str.isdigit, got "b"'),
            ("a", ["b"], 'command: expected one string, got ["b"]'),
            ("a b", "a c", 'command: expected "a b", got "a c"'),
        ):
            with self.subTest(line):
                self.assertIn(f"    {line}\n", self.refusal(scripted, command))

    def test_a_string_for_a_shell_is_no_list(self):
        text = self.refusal(["a"], "a", shell=True)
        self.assertIn('command: expected a list of arguments, got "a"', text)

    def test_what_starts_the_same_child_is_the_same_command(self):
        by_hand = [*features.SHELL, "ls"]
        for scripted, command, shell in (
            ("ls", by_hand, False),
            ("ls", ["ls"], True),
            (by_hand, "ls", True),
            ([*features.SHELL, "ls", "x"], ["ls", "x"], True),
            (["ls", "x"], ["ls", "x"], True),
        ):
            with self.subTest(scripted=scripted, command=command):
                self.subprocess.mock_run(scripted)
                subprocess.run(command, shell=shell)

    def test_a_string_without_a_shell_is_a_list_of_one(self):
        self.subprocess.mock_run(["a"])
        subprocess.run("a")

    def test_fields_are_compared_if_they_are_given(self):
        for options, given, line in (
            ({"cwd": "/"}, {}, 'cwd: expected "/", got None'),
            ({"cwd": None}, {"cwd": "/"}, 'cwd: expected None, got "/"'),
            ({"shell": True}, {}, "shell: expected True, got False"),
            ({"env": {"A": "1"}}, {"env": {"A": "2", "B": "3"}}, 'env["A"]: expected "1", got "2"'),
            ({"env": {"A": "1", "B": str.isdigit}}, {"env": {"A": "1"}}, 'env["B"]: expected str.isdigit, got none'),
            ({"env": None}, {"env": {"A": "1"}}, "env: expected None, got {'A': '1'}"),
            ({"input": "x"}, {}, 'input: expected "x", got none'),
            ({"input": b"x"}, {"input": b"y"}, "input: expected b'x', got b'y'"),
            ({"input": "x\n"}, {"input": "y\n", "text": True}, 'input: expected "x\\n", got "y\\n"'),
        ):
            with self.subTest(line):
                self.assertIn(line, self.refusal(["a"], ["a"], options=options, **given))

    def test_fields_that_agree(self):
        folder = pathlib.Path("/no/such/folder")
        self.subprocess.mock_run(["a"], cwd=folder, env={"A": "1", "B": re.compile(".")}, shell=False, input="x")
        subprocess.run(["a"], cwd=os.fspath(folder), env={"A": "1", "B": "2", "C": "3"}, input=b"x")

    def test_an_inherited_environment_has_its_variables(self):
        self.subprocess.mock_run(["a"], env={"HERMETIC_OWN": re.compile("[a-z]+")})
        with mock.patch.dict(os.environ, HERMETIC_OWN="value"):
            subprocess.run(["a"])

    def test_long_values_are_told_shortly_but_for_the_line_to_paste(self):
        text = self.refusal(["a" * 5000, *["b"] * 50], ["c" * 5000, *["d"] * 50])
        *lines, pasted = text.splitlines()
        self.assertLess(max(map(len, lines)), 900)
        self.assertIn("    and 41 more", lines)
        self.assertIn("c" * 5000, pasted)

    def test_any_command(self):
        self.subprocess.mock_run(..., times=None)
        subprocess.run(["a"])
        os.system("b")

    def test_the_whole_message(self):
        text = self.refusal(["git", "fetch"], ["git", "push", "-f"], cwd="/")
        line = self.refusal.__code__.co_firstlineno
        file = os.path.relpath(__file__)
        self.assertEqual(
            text.splitlines(),
            [
                'nothing is scripted for ["git", "push", "-f"], cwd="/"',
                f"  at {file}:{line + 4} in refusal: subprocess.run(command, **run)",
                f'  expected: ["git", "fetch"], scripted at {file}:{line + 3}',
                '    argument 1: expected "fetch", got "push"',
                '    argument 2: expected no more arguments, got "-f"',
                '  script it:   sp.mock_run(["git", "push", "-f"])',
            ],
        )


TOO_HIGH = features.MAX_EXIT_STATUS + 1
STATUSES = "0 to 4294967295 on Windows" if features.WINDOWS else "0 to 255, or a negative signal number"
# The command and the options of mock_run(), and its message.
WRONG_ARGUMENTS = (
    ([], {}, "the command is empty; write ... instead of the list to match any command"),
    (None, {}, "the command must be a list of strings or one string, not None"),
    (["a", 5], {}, "element 1 of the command, 5, is not a string; write '5'"),
    (["a", None], {}, "element 1 of the command, None, is not a string; write 'None'"),
    ([..., "a"], {}, "element 0 of the command, ..., can only be the last element"),
    (["a"], {"returncode": "1"}, "returncode must be a whole number, not '1'"),
    (["a"], {"returncode": TOO_HIGH}, f"returncode must be {STATUSES}, not {TOO_HIGH}"),
    (["a"], {"returncode": -99}, f"returncode must be {STATUSES}, not -99"),
    (["a"], {"stdout": None}, "stdout must be str or bytes, not None"),
    (["a"], {"stderr": ["x"]}, "stderr must be str or bytes, not ['x']"),
    (["a"], {"raises": "x"}, "raises must be an exception or an exception class, not 'x'"),
    (["a"], {"input": 5}, "input must be str or bytes, a pattern, a predicate or None, not 5"),
    (["a"], {"cwd": ["/"]}, "cwd must be a path, a pattern, a predicate or None, not ['/']"),
    (["a"], {"env": "A=1"}, "env must be a mapping, a pattern, a predicate or None, not 'A=1'"),
    (["a"], {"times": 0}, "times must be a whole number above 0, or None for any number, not 0"),
    (["a"], {"duration": -1}, "duration must be from 0 to math.inf seconds, not -1"),
    (["a"], {"duration": math.nan}, "duration must be from 0 to math.inf seconds, not nan"),
    (["a"], {"side_effect": 5}, "side_effect must be a function that acts as the child, or an exception, not 5"),
    (["a"], {"side_effect": print, "stdout": "x"}, "side_effect is a function, which writes its own output"),
    (["a"], {"side_effect": OSError, "raises": OSError}, "raises and side_effect both name an exception"),
)


class WrongArgumentsTest(HermeticTestCase):
    def test_each_has_one_clear_message(self):
        for command, options, message in WRONG_ARGUMENTS:
            with self.subTest(message), self.assertRaises((TypeError, ValueError)) as caught:
                SubprocessMock().mock_run(command, **options)
            self.assertTrue(str(caught.exception).startswith(f"mock_run(): {message}"), str(caught.exception))

    def test_which_answers_a_path_or_none(self):
        with self.assertRaisesRegex(TypeError, r"mock_which\(\): returns must be a path or None, not 5"):
            SubprocessMock().mock_which("git", 5)
        with self.assertRaisesRegex(TypeError, r"mock_which\(\): name must be the name of a program, not 5"):
            SubprocessMock().mock_which(5, "git")


class AnswersTest(HermeticTestCase):
    def test_text_is_encoded_as_the_caller_decodes_it(self):
        for encoding in ("utf-8", "latin-1", "utf-16"):
            self.subprocess.mock_run(["a"], stdout="\u00fc")
            done = subprocess.run(["a"], capture_output=True, encoding=encoding)
            self.assertEqual(done.stdout, "\u00fc")

    def test_exceptions_are_raised_where_a_child_is_started(self):
        for given in ({"raises": PermissionError}, {"side_effect": PermissionError(13, "no")}):
            self.subprocess.mock_run(["a"], **given)
            with self.assertRaises(PermissionError):
                subprocess.Popen(["a"], stdin=PIPE, stdout=PIPE)
        self.assertEqual(len(self.subprocess.calls), 2)

    def test_a_function_plays_the_child(self):
        def child(process):
            process.stdout.write(process.stdin.readline() + process.env["A"].encode() + process.cwd.encode())
            process.stderr.write(b"bye")
            return 7

        self.subprocess.mock_run(["a"], side_effect=child, input="in\n")
        done = subprocess.run(["a"], input="in\n", env={"A": "1"}, cwd="/", **TEXT)
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("in\n1/", "bye", 7))

    def test_a_function_may_exit_or_return_nothing(self):
        for function, status in ((lambda _: None, 5), (lambda _: sys.exit(3), 3), (lambda _: sys.exit("text"), 1)):
            self.subprocess.mock_run(["a"], side_effect=function, returncode=5)
            self.assertEqual(subprocess.call(["a"]), status)

    def test_what_a_function_returns_must_be_an_exit_status(self):
        for returned, message in (("x", "must be a whole number, not 'x'"), (TOO_HIGH, f"must be {STATUSES}")):
            with self.assertRaisesRegex((TypeError, ValueError), f"^the value that side_effect returns {message}"):
                with SubprocessMock() as sp:
                    sp.mock_run(["a"], side_effect=lambda _, value=returned: value)
                    subprocess.run(["a"])

    def test_a_function_that_is_killed_writes_to_nobody(self):
        go_on, done = threading.Event(), threading.Event()

        def child(process):
            go_on.wait(60)
            process.stdout.write(b"late")
            done.set()

        self.subprocess.mock_run(["a"], side_effect=child)
        with subprocess.Popen(["a"], stdout=PIPE) as popen:
            popen.kill()
            self.assertEqual((popen.wait(), popen.stdout.read()), (KILLED, b""))
            go_on.set()
            self.assertTrue(done.wait(60))

    def test_who_waits_for_ever_is_told(self):
        with self.assertRaisesRegex(UnmockedInteractionError, "this wait would never end"), SubprocessMock() as sp:
            sp.mock_run(["a"], duration=math.inf)
            subprocess.run(["a"])

    def test_an_endless_child_ends_by_a_signal(self):
        self.subprocess.mock_run(["a"], duration=math.inf)
        with subprocess.Popen(["a"]) as popen:
            with self.assertRaises(subprocess.TimeoutExpired):
                popen.wait(10**9)
            popen.terminate()
        self.assertEqual(popen.returncode, TERMINATED)

    def test_numbers_of_processes_are_nobodys(self):
        self.subprocess.mock_run(["a"])
        popen = subprocess.Popen(["a"])
        with self.assertRaises(OSError if features.WINDOWS else ProcessLookupError):
            os.kill(popen.pid, signal.SIGTERM)
        popen.wait()


class WhichTest(HermeticTestCase):
    def test_registered_names_have_their_answers_and_all_others_none(self):
        self.subprocess.mock_which("git", returns="/usr/bin/git")
        self.subprocess.mock_which("svn", returns=None)
        found = [shutil.which(name) for name in ("git", "svn", "sh", pathlib.Path("git"), b"git", b"sh")]
        self.assertEqual(found, ["/usr/bin/git", None, None, "/usr/bin/git", b"/usr/bin/git", None])

    def test_it_is_called_as_the_real_one(self):
        self.subprocess.mock_which("git", returns="/usr/bin/git")
        self.assertEqual(shutil.which("git", os.X_OK, "/bin"), shutil.which(cmd="git", mode=os.F_OK, path=None))
        with self.assertRaises(TypeError):
            shutil.which()

    def test_names_that_are_not_registered_are_not_recorded(self):
        with SubprocessMock(strict=True):
            self.assertIsNone(shutil.which("sh"))

    def test_names_bound_early_are_answered(self):
        bound_early = shutil.which
        self.subprocess.mock_which("git", returns="/usr/bin/git")
        self.assertEqual(bound_early("git"), "/usr/bin/git")


class RealCommandsTest(HermeticTestCase):
    def test_what_is_allowed_is_judged_by_the_guards(self):
        self.subprocess.allow(["true", ...])
        with self.assertViolation(SubprocessViolationError):
            subprocess.run(["true"])

    def test_what_is_allowed_is_real(self):
        script = "echo real& exit 3" if features.WINDOWS else "echo real; exit 3"
        self.subprocess.allow([*features.SHELL, ...])
        self.subprocess.allow(script)
        with hermetic.allow(processes=[features.SHELL[0]]):
            done = subprocess.run([*features.SHELL, script], **TEXT)
            self.assertEqual((done.stdout, done.returncode), ("real\n", 3))
            process_output = asyncio.run(self.from_shell(script))
            self.assertEqual(process_output, ((f"real{os.linesep}".encode(), None), 3))

    def test_what_is_real_can_be_ended(self):
        shell = features.SHELL[:1]
        self.subprocess.allow(shell)
        with hermetic.allow(processes=shell), subprocess.Popen(shell, stdin=PIPE, stdout=PIPE) as popen:
            popen.terminate()
            self.assertEqual(popen.wait(), TERMINATED)

    async def from_shell(self, command):
        process = await asyncio.create_subprocess_shell(command, stdout=PIPE)
        return await process.communicate(), process.returncode

    def test_what_is_scripted_comes_first(self):
        self.subprocess.allow(...)
        self.subprocess.mock_run(["git"], returncode=3)
        self.assertEqual(subprocess.call(["git"]), 3)


class LibrariesTest(HermeticTestCase):
    def test_the_platform_module_does_without_uname(self):
        self.subprocess.install()
        self.assertIn(platform._Processor.get(), ("", *platform.uname()))
        self.subprocess.assert_not_called()


@medium
class LateImportTest(HermeticTestCase):
    def test_asyncio_that_is_imported_within_the_block_is_told_so(self):
        code = """
            import hermetic._doubles.subprocess_mock, sys
            assert "asyncio" not in sys.modules
            with hermetic._doubles.subprocess_mock.SubprocessMock() as sp:
                import asyncio
                sp.mock_run("true", required=False)
                asyncio.run(asyncio.create_subprocess_shell("true"))
        """
        done = support.run_python("-c", textwrap.dedent(code))
        self.assertIn("RuntimeError: asyncio was imported while a double was active", done.stderr)


@medium
class OtherRoutesTest(HermeticTestCase):
    def test_processes_past_the_subprocess_module_are_refused(self):
        bound_early = os.system
        program = "/bin/true", ["true"]
        functions = [lambda: bound_early("true"), lambda: os.spawnv(os.P_WAIT, *program), lambda: os.execv(*program)]
        if features.WINDOWS:
            create = importlib.import_module("_winapi").CreateProcess
            functions.append(lambda: create(None, "cmd /c exit", None, None, False, 0, None, None, None))
        else:
            functions += [lambda: os.posix_spawn(*program, {}), os.fork]
        for function in functions:
            with self.assertRaisesRegex(UnmockedInteractionError, "^the double cannot script "), SubprocessMock():
                function()

    def test_os_system_is_answered_as_a_shell_command(self):
        self.subprocess.mock_run("exit 3", shell=True, returncode=3)
        self.assertEqual(os.system("exit 3"), 3 if features.WINDOWS else 3 << 8)

"""Patterns of commands and fields: what they match, and how a difference is described."""

from __future__ import annotations

import os
import pathlib
import re
from unittest import mock

from hermetic import HermeticTestCase
from hermetic._base import features
from hermetic._doubles import patterns
from hermetic._doubles.patterns import CommandPattern


class CommandPatternTest(HermeticTestCase):
    def differences(self, pattern: object, command: object, *, shell: bool = False) -> list[str]:
        return CommandPattern(pattern, "mock_run()").differences(command, shell=shell)

    def test_elements_match_by_equality_pattern_or_predicate(self):
        pattern = ["git", re.compile("v[0-9]+"), str.isdigit, mock.ANY, pathlib.Path("a/b"), b"c"]
        self.assertEqual(self.differences(pattern, ["git", "v12", "7", "x", os.path.join("a", "b"), "c"]), [])

    def test_a_pattern_must_match_all_of_an_argument(self):
        (line,) = self.differences([re.compile("v[0-9]")], ["v12"])
        self.assertEqual(line, 'argument 0: expected re.compile("v[0-9]"), got "v12"')

    def test_an_ellipsis_at_the_end_takes_any_further_arguments_and_alone_any_command(self):
        self.assertEqual(self.differences(["git", ...], ["git", "log", "-1"]), [])
        self.assertEqual(self.differences(..., "anything"), [])

    def test_missing_and_further_arguments_are_told(self):
        self.assertEqual(self.differences(["a", "b"], ["a"]), ['argument 1: expected "b", got no more arguments'])
        self.assertEqual(self.differences(["a"], ["a", "b"]), ['argument 1: expected no more arguments, got "b"'])

    def test_no_more_than_ten_arguments_are_told(self):
        lines = self.differences(["a"] * 30, ["b"] * 30)
        self.assertEqual((len(lines), lines[-1]), (11, "and 20 more"))

    def test_a_string_is_a_command_of_one_argument(self):
        self.assertEqual(self.differences(["git"], "git"), [])
        (line,) = self.differences("git log", ["git", "show"])
        self.assertEqual(line, 'command: expected one string, got ["git", "show"]')

    def test_on_windows_a_list_is_the_command_line_that_it_makes(self):
        with mock.patch.object(features, "WINDOWS", new=True):
            self.assertEqual(self.differences(["git", re.compile("a .")], 'git "a b"'), [])
            self.assertEqual(self.differences('git "a b"', ["git", "a b"]), [])
            self.assertEqual(len(self.differences('git "a b"', ["git", "a", "b"])), 1)
        with mock.patch.object(features, "WINDOWS", new=False):
            self.assertEqual(len(self.differences("git log", ["git", "log"])), 1)
            self.assertEqual(len(self.differences(["git", "log"], "git log")), 2)

    def test_what_a_shell_runs_may_be_written_as_its_arguments(self):
        for pattern in ("echo $HOME", [*features.SHELL, "echo $HOME"]):
            with self.subTest(pattern=pattern):
                self.assertEqual(self.differences(pattern, "echo $HOME", shell=True), [])

    def test_what_is_no_command_is_refused_with_its_place(self):
        wrong = [(5, TypeError), ([], ValueError), (["git", 5], TypeError), (["git", ..., "x"], TypeError)]
        for pattern, error in wrong:
            with self.subTest(pattern=pattern), self.assertRaisesRegex(error, r"^mock_run\(\): "):
                CommandPattern(pattern, "mock_run()")

    def test_it_is_shown_as_it_was_written(self):
        shown = [repr(CommandPattern(pattern, "")) for pattern in (["git", ...], "git log", ...)]
        self.assertEqual(shown, ['["git", ...]', '"git log"', "..."])


class FieldsTest(HermeticTestCase):
    def test_only_fields_that_are_wanted_are_compared(self):
        found = {"cwd": os.sep + "shop", "input": "abc", "shell": False}
        self.assertEqual(patterns.differences({"cwd": pathlib.Path("/shop"), "input": ...}, found), [])
        self.assertEqual(patterns.differences({"input": "x"}, found), ['input: expected "x", got "abc"'])

    def test_an_environment_may_have_more_variables_than_are_wanted(self):
        found = {"env": {"HOME": "/root", "LANG": "C"}}
        self.assertEqual(patterns.differences({"env": {"LANG": "C"}}, found), [])
        lines = patterns.differences({"env": {"LANG": "de", "TZ": "UTC"}}, found)
        self.assertEqual(lines, ['env["LANG"]: expected "de", got "C"', 'env["TZ"]: expected "UTC", got none'])

    def test_without_an_environment_the_own_one_is_compared(self):
        with mock.patch.dict(os.environ, SHOP="open"):
            self.assertEqual(patterns.differences({"env": {"SHOP": "open"}}, {"env": None}), [])

    def test_long_values_lose_their_middle(self):
        text = patterns.shortened("a" * 500 + "b" * 500)
        self.assertLess(len(text), 400)
        self.assertTrue(text.startswith('"aaa') and text.endswith('bbb"') and " ... " in text)


class StatusTest(HermeticTestCase):
    def test_numbers_and_negative_signals_are_accepted(self):
        for status in (0, 1, 255, features.MAX_EXIT_STATUS, *(() if features.WINDOWS else (-9,))):
            patterns.check_status(status)

    def test_everything_else_is_refused_by_name(self):
        wrong = {
            features.MAX_EXIT_STATUS + 1: ValueError,
            -1000: ValueError,
            "1": TypeError,
            True: TypeError,
            None: TypeError,
        }
        for status, error in wrong.items():
            with self.subTest(status=status), self.assertRaisesRegex(error, r"^mock_run\(\): returncode must be "):
                patterns.check_status(status)

    def test_the_name_can_be_another_one(self):
        with self.assertRaisesRegex(TypeError, "^the value that side_effect returns must be a whole number, not 'x'"):
            patterns.check_status("x", "the value that side_effect returns")

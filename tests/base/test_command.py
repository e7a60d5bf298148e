"""The command that started a program, and commands for people to paste."""

from __future__ import annotations

import shlex
import subprocess
import sys
from unittest import mock

import hermetic
from hermetic._base import command, features


class SplitTest(hermetic.HermeticTestCase):
    def test_a_command_line_of_windows_is_split_into_what_it_was_made_of(self):
        for words in (["a", "b c", ""], ['say "x"', "a\\", "a b\\", '\\"'], [r"C:\Program Files\git.exe", "\t"], []):
            with self.subTest(words=words):
                self.assertEqual(command.words_of(subprocess.list2cmdline(words)), words)
        self.assertEqual(command.words_of('  a\t"b c  '), ["a", "b c  "])


class CommandTest(hermetic.HermeticTestCase):
    def test_the_start_of_a_program_ends_before_its_own_arguments(self):
        orig_argv, argv = ["python", "-B", "-m", "hermetic", "discover", "-v"], ["/x/__main__.py", "discover", "-v"]
        with mock.patch.object(sys, "orig_argv", orig_argv), mock.patch.object(sys, "argv", argv):
            self.assertEqual(command.start(), ["python", "-B", "-m", "hermetic"])

    def test_a_command_with_one_more_option_has_it_once_where_hermetic_reads_it(self):
        for given, argv, more in (
            ("-m hermetic -v", "main -v", "-m hermetic --last-failed -v"),
            ("-m hermetic --last-failed -v", "main --last-failed -v", "-m hermetic --last-failed -v"),
            ("-m hermetic -v --script run.py -x", "run.py -x", "-m hermetic -v --last-failed --script run.py -x"),
            ("-m hermetic --script=run.py -x", "run.py -x", "-m hermetic --last-failed --script=run.py -x"),
            ("-m hermetic --last-failed --script a", "a", "-m hermetic --last-failed --script a"),
        ):
            with (
                self.subTest(given=given),
                mock.patch.object(sys, "orig_argv", ["python", *given.split()]),
                mock.patch.object(sys, "argv", argv.split()),
            ):
                self.assertEqual(command.rerun("--last-failed"), f"python {more}")

    def test_a_program_that_has_made_its_own_arguments_has_no_such_command(self):
        with (
            mock.patch.object(sys, "orig_argv", ["python", "run.py", "-a"]),
            mock.patch.object(sys, "argv", ["x", "b"]),
        ):
            self.assertIsNone(command.rerun("--last-failed"))

    def test_a_message_with_a_code_ends_with_the_command_that_explains_it_once(self):
        for kind in (hermetic.GuardError, hermetic.IsolationError):
            shown = str(kind("[H007] it ended"))
            self.assertEqual(shown, "[H007] it ended\n  explain: python -m hermetic --explain H007")
            self.assertEqual(str(kind(shown)), shown)
            self.assertEqual(str(kind("[Help] it ended")), "[Help] it ended")

    def test_a_command_is_quoted_for_the_shell_of_its_system(self):
        words = ["python", "-k", "a name", "$HOME"]
        with mock.patch.object(features, "WINDOWS", new=False):
            self.assertEqual(shlex.split(command.quoted(words)), words)
        with mock.patch.object(features, "WINDOWS", new=True):
            self.assertEqual(command.quoted(words), subprocess.list2cmdline(words))

"""Help shows all options in groups, or only those that a word concerns."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from unittest import mock

import hermetic
from hermetic._program import help_text, options
from hermetic._settings.table import SETTINGS
from support import package_folder


class HelpTest(hermetic.HermeticTestCase):
    def shown(self, *arguments: str, status: int = 0) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.redirect_stderr(shown):
            with mock.patch.dict("os.environ", COLUMNS="100", NO_COLOR="1"), self.assertRaises(SystemExit) as end:
                hermetic.main(module=None, argv=["hermetic", *arguments])
        self.assertEqual(end.exception.code or 0, status)
        return shown.getvalue()

    def test_every_option_is_in_one_group(self):
        grouped = " ".join(options.GROUPS.values()).split()
        self.assertEqual(sorted(grouped), sorted([*SETTINGS, *options.OTHER_OPTIONS]))

    def test_all_of_it_has_the_options_of_unittest_and_ours_with_their_units(self):
        for arguments in (["--help"], ["-h"], ["discover", "--help"], ["--help", "discover"]):
            with self.subTest(arguments):
                shown = self.shown(*arguments)
                for part in (
                    "-f, --failfast",
                    "-p PATTERN",
                    "isolation:",
                    "[--test-timeout SECONDS]",
                    "--explain H003",
                ):
                    self.assertIn(part, shown)
                self.assertEqual(len(re.findall("^reports:$", shown, re.MULTILINE)), 1)

    def test_a_word_shows_the_options_that_it_concerns(self):
        for word, there, elsewhere in (
            ("isolation", "--isolated-timeout SECONDS", "--json"),
            ("REPORT", "--junit-xml FILE", "--isolated "),
            ("parallel", "--jobs [N|auto]", "--mode"),
            ("failfast", "-f, --failfast", "--mode"),
        ):
            for arguments in (["--help", word], ["discover", "-h", word]):
                with self.subTest(arguments):
                    shown = self.shown(*arguments)
                    self.assertIn(there, shown)
                    self.assertNotIn(elsewhere, shown)
                    self.assertNotIn("usage:", shown)

    def test_a_word_of_no_option_names_the_nearest(self):
        self.assertIn("(did you mean isolation?)", self.shown("--help", "isolatoin", status=2))

    def test_only_a_word_is_taken(self):
        for text in ("--help", "-h discover", "-h -v", "-- --help x", "--script a.py --help x", "test_a -v"):
            with self.subTest(text):
                self.assertEqual(help_text.word_of_help(text.split()), ("", text.split()))


@hermetic.medium
class PipeTest(hermetic.HermeticTestCase):
    def test_a_reader_may_stop_at_any_line(self):
        command = [sys.executable, "-m", "hermetic", "--explain", "H007"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=package_folder()) as child:
            child.stdout.close()
            self.assertEqual((child.stderr.read(), child.wait()), (b"", 0))

"""The file of known violations: what is read from it, and what stays when it is rewritten."""

from __future__ import annotations

import os
import unittest

import hermetic
from hermetic._base import features
from hermetic._settings import baseline_file
from support import Folder

ONE, TWO, THREE = "H001 tests.T.test_a 203.0.113.7", "H003 tests.T.test_b git", "H005 tests.T.test_c"


@hermetic.medium
class ReadTest(unittest.TestCase):
    def read(self, text: str | bytes) -> frozenset[str]:
        with Folder() as folder:
            path = baseline_file.path_in(folder)
            with open(path, "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())
            return baseline_file.read_baseline(path)

    def test_entries_are_read_without_comments_and_blank_lines(self) -> None:
        self.assertEqual(self.read(f"# why\n\n{TWO}\r\n  # and\n {ONE} \n{TWO}"), {ONE, TWO})

    def test_without_a_file_there_are_none(self) -> None:
        with Folder() as folder:
            self.assertEqual(baseline_file.read_baseline(baseline_file.path_in(folder)), frozenset())

    def test_a_wrong_line_is_an_error_that_names_it(self) -> None:
        for line in ("H003", "H009 tests.T.test_a git", "tests.T.test_a", "<<<<<<< HEAD", f"\ufeff{ONE}"):
            with (
                self.subTest(line),
                self.assertRaisesRegex(hermetic.ConfigurationError, r"\.txt, line 2: .* is not a viol"),
            ):
                self.read(f"{ONE}\n{line}\n{TWO}\n")

    def test_a_file_that_is_not_text_is_an_error_that_names_the_line(self) -> None:
        with self.assertRaisesRegex(hermetic.ConfigurationError, r"hermetic-baseline\.txt, line 3: this is not UTF-8"):
            self.read(b"# a\n\n\xff\n")

    def test_what_cannot_be_read_is_an_error_that_names_the_path(self) -> None:
        for make in (os.mkdir, *(() if features.WINDOWS else (os.mkfifo, lambda path: os.symlink("missing", path)))):
            with self.subTest(make), Folder() as folder:
                path = baseline_file.path_in(folder)
                make(path)
                with self.assertRaisesRegex(hermetic.ConfigurationError, r"hermetic-baseline\.txt cannot be read: "):
                    baseline_file.read_baseline(path)


class RewrittenTest(hermetic.HermeticTestCase):
    def test_a_new_file_is_sorted_and_ends_with_a_line_end(self) -> None:
        self.assertEqual(baseline_file.rewritten("", [TWO, ONE]), f"{ONE}\n{TWO}\n")

    def test_no_entries_make_an_empty_file(self) -> None:
        self.assertEqual(baseline_file.rewritten(f"{ONE}\n", []), "")

    def test_comments_and_blank_lines_stay(self) -> None:
        text = f"# Known.\n\n{ONE}\n# git until the release\n{TWO}\n\n# end\n"
        self.assertEqual(baseline_file.rewritten(text, [ONE, TWO]), text)
        self.assertEqual(baseline_file.rewritten(text, [TWO]), text.replace(f"{ONE}\n", ""))
        self.assertEqual(baseline_file.rewritten(text, [ONE, TWO, THREE]), text.replace(TWO, f"{TWO}\n{THREE}"))
        self.assertEqual(baseline_file.rewritten("# Known.\n", [ONE]), f"# Known.\n{ONE}\n")

    def test_entries_are_sorted_between_comments_and_written_once(self) -> None:
        text = f"{THREE}\n {ONE} \n# more\n{ONE}\n"
        self.assertEqual(baseline_file.rewritten(text, [THREE, TWO, ONE]), f"{ONE}\n{TWO}\n{THREE}\n# more\n")

    def test_a_missing_line_end_is_added_and_others_stay(self) -> None:
        self.assertEqual(baseline_file.rewritten(f"# a\r\n{TWO}", [ONE, TWO]), f"# a\r\n{ONE}\r\n{TWO}\r\n")

    def test_rewriting_twice_changes_nothing(self) -> None:
        text = baseline_file.rewritten(f"# a\n{THREE}\n\n# b\n{ONE}\n", [ONE, TWO, THREE])
        self.assertEqual(baseline_file.rewritten(text, [ONE, TWO, THREE]), text)


@hermetic.medium
class OldSettingTest(unittest.TestCase):
    def lines(self, text: str) -> str:
        with Folder(**{"x.cfg": text}) as folder:
            return baseline_file.lines_of_setting(os.path.join(folder, "x.cfg"), [ONE, TWO])

    def test_a_setting_is_a_list_or_a_text_with_lines(self) -> None:
        for value in ([ONE, TWO], f"\n{ONE}\n\n  {TWO}\n"):
            self.assertEqual(baseline_file.from_setting(value, "x.cfg"), {ONE, TWO})

    def test_a_wrong_setting_is_an_error_that_names_the_file(self) -> None:
        for value in (1, {"a": 1}, [1], ["H003"], "tests.T.test_a"):
            with self.subTest(value), self.assertRaisesRegex(hermetic.ConfigurationError, "^x.cfg: baseline"):
                baseline_file.from_setting(value, "x.cfg")

    def test_the_lines_of_a_setting_are_found(self) -> None:
        found = {
            "lines 2 to 4": f"[tool:hermetic]\nbaseline =\n    {ONE}\n    {TWO}\n[x]\nbaseline = 1\n",
            "line 3": f"baseline = 1\n[tool:hermetic]\nbaseline = {ONE}\n",
            "lines 1 to 4": f'baseline = [\n    "{ONE}",\n    "{TWO}",\n]\nmode = "warn"\n',
            "the setting baseline": f'hermetic = {{ baseline = ["{ONE}"] }}\n',
        }
        for lines, text in found.items():
            with self.subTest(lines):
                self.assertEqual(self.lines(text), lines)

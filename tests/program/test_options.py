"""The options of hermetic are separated from unittest's arguments."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from unittest import mock

import hermetic
import support
from hermetic._program import options


class SplitTest(hermetic.HermeticTestCase):
    def split(self, text: str) -> tuple[argparse.Namespace, list[str]]:
        return options.parse_arguments(text.split(), "hermetic")

    def test_ours_are_taken_out_wherever_they_stand(self):
        ours, rest = self.split("discover -v --mode warn -s tests --isolated")
        self.assertEqual((ours.mode, ours.isolated), ("warn", True))
        self.assertEqual(rest, ["discover", "-v", "-s", "tests"])

    def test_what_is_not_given_is_none_so_that_other_places_can_say_it(self):
        ours, _ = self.split("")
        self.assertEqual({ours.mode, ours.default_size, ours.isolated, ours.jobs}, {None})

    def test_a_command_line_without_options_of_ours_is_read_as_the_parser_reads_it(self):
        parser = options.make_parser("hermetic")
        for text in ("", "test_shop", "discover -s tests -p *_test.py -v", "-k x --locals a.b -- c"):
            with self.subTest(text=text):
                expected, rest = parser.parse_known_args(text.replace(" -- ", " ").split())
                ours, left = self.split(text)
                self.assertEqual((vars(ours), [one for one in left if one != "--"]), (vars(expected), rest))

    def test_only_full_spellings_are_ours(self):
        _, rest = self.split("--start tests --shard-x")
        self.assertEqual(rest, ["--start", "tests", "--shard-x"])

    def test_what_follows_a_double_dash_or_a_script_is_left_as_it_is(self):
        self.assertEqual(self.split("-v -- --mode off")[1], ["-v", "--", "--mode", "off"])
        ours, rest = self.split("--mode warn --script run.py --mode off")
        self.assertEqual((ours.mode, ours.script, rest), ("warn", "run.py", ["--mode", "off"]))
        self.assertEqual(self.split("--script=run.py --mode off")[1], ["--mode", "off"])

    def test_a_shuffle_without_a_seed_takes_no_name_of_a_test_for_one(self):
        for text, seed, rest in (("--shuffle test_shop", "random", ["test_shop"]), ("--shuffle 7", "7", [])):
            with self.subTest(text=text):
                ours, left = self.split(text)
                self.assertEqual((ours.shuffle, left), (seed, rest))

    def test_a_misspelt_list_of_variations_is_no_name_of_a_test(self):
        for text, variations, rest in (
            ("--vary timezon test_shop", "timezon", ["test_shop"]),
            ("--vary hash-sed", "hash-sed", []),
            ("--vary test_shop", "all", ["test_shop"]),
            ("--vary locales", "locales", []),
            ("--vary locale", "locale", []),
            ("--vary json", "all", ["json"]),
            ("--vary ordered.test_a", "all", ["ordered.test_a"]),
            ("--vary discover", "all", ["discover"]),
            ("--vary -v", "all", ["-v"]),
        ):
            with self.subTest(text=text):
                ours, left = self.split(text)
                self.assertEqual((ours.vary, left), (variations, rest))

    def test_a_folder_or_module_whose_name_is_near_to_a_variation_is_a_test(self):
        with support.Folder(**{"locales/test_a.py": "", "orders.py": ""}) as folder:
            with mock.patch.object(sys, "path", [folder, *sys.path]):
                found = [self.split(f"--vary {name}")[1] for name in ("orders", "locales")]
        self.assertEqual(found, [["orders"], ["locales"]])

    def test_an_option_without_its_value_is_wrong_usage(self):
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            self.split("--mode")

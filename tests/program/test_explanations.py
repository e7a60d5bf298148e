"""``--explain`` prints the entry of the reference on whatever a user has seen in a message, in a file or in help."""

from __future__ import annotations

import contextlib
import io
from unittest import mock

import hermetic
from hermetic import ConfigurationError
from hermetic._program import explanations, options
from hermetic._settings.table import SETTINGS


class ExplanationTest(hermetic.HermeticTestCase):
    def test_every_way_to_write_a_topic_leads_to_its_entry(self):
        for start, topics in {
            "H003\n\nSubprocess.": ("H003", "h003", "[H003]", " H003 ", "SubprocessViolationError"),
            "H009\n": ("H009", "hermetic.GuardError"),
            "--default-size\n": ("--default-size", "default_size", "default-size", "HERMETIC_DEFAULT_SIZE"),
            "-j, --jobs\n": ("-j", "jobs", "--jobs=4", "HERMETIC_JOBS"),
            "--forbid\n": ("forbid", "--forbid"),
            "--shard K/N\n": ("--shard", "shard"),
            "--test-timeout\n": ("test_timeout", "timeout", "@hermetic.timeout", "@timeout(5)"),
            "--retries\n": ("retries", "@hermetic.retries", "@retries(2)"),
            "small\n": ("small", "@small"),
            "large, xlarge\n": ("xlarge",),
            "Where to write settings\n": ("where to write settings",),
        }.items():
            for topic in topics:
                with self.subTest(topic=topic):
                    shown = explanations.explanation(topic)
                    self.assertEqual(shown[: len(start)], start)

    def test_each_code_setting_and_option_has_an_entry_that_the_list_of_topics_names(self):
        topics = explanations.explanation("")
        for topic in (*(f"H00{number}" for number in range(1, 10)), *SETTINGS, *options.OTHER_OPTIONS):
            with self.subTest(topic=topic):
                self.assertIn(topic, topics)
                self.assertGreater(len(explanations.explanation(topic)), 40)

    def test_a_setting_has_the_text_of_its_page_as_well(self):
        shown = explanations.explanation("history")
        self.assertIn("setting history, environment variable HERMETIC_HISTORY", shown)
        self.assertIn("default: auto", shown)
        self.assertIn(".gitignore", shown)

    def test_an_unknown_topic_names_the_nearest(self):
        for topic, nearest in (("H03", "H003"), ("--isolatd", "isolated"), ("HERMETIC_MODES", "mode")):
            with self.subTest(topic=topic), self.assertRaisesRegex(ConfigurationError, rf"did you mean {nearest}\?"):
                explanations.explanation(topic)
        with self.assertRaisesRegex(ConfigurationError, "--explain lists the topics$"):
            explanations.explanation("weather")

    def test_lines_fit_the_terminal(self):
        with mock.patch.dict("os.environ", COLUMNS="60"):
            self.assertLessEqual(max(map(len, explanations.explanation("H001").splitlines())), 60)


class ProgramTest(hermetic.HermeticTestCase):
    def printed(self, *arguments: str) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as shown, self.assertRaises(SystemExit) as end:
            hermetic.main(module=None, argv=["hermetic", *arguments])
        self.assertFalse(end.exception.code)
        return shown.getvalue()

    def test_what_follows_is_the_topic_even_an_option(self):
        for arguments in (("--explain", "--isolated"), ("-v", "--explain", "isolated"), ("--explain=isolated",)):
            with self.subTest(arguments):
                self.assertTrue(self.printed(*arguments).startswith("--isolated\nsetting isolated\n"))
        self.assertIn("  H003  ", self.printed("--explain"))

    def test_the_version_is_printed(self):
        self.assertEqual(self.printed("--version"), f"hermetic {hermetic.__version__}\n")

    def test_no_link_is_cut_open(self):
        for topic in ("H001", "H003", "forbid", "history"):
            for line in explanations.explanation(topic).split("\n- "):
                with self.subTest(line=line):
                    self.assertEqual(line.count("["), line.count("]"))
                    self.assertNotIn("](", line)

"""Settings from all four places: their precedence, and the errors for wrong ones."""

from __future__ import annotations

import os
import unittest
from unittest import mock

import support
from hermetic import Size
from hermetic._base import features
from hermetic._settings import reading, table
from hermetic._settings.values import Settings
from support.settings_files import ConfigTestCase, needs_tomllib, shown_settings

SETTINGS = (
    "mode, default_size, forbid, size_distribution, size_targets, start_method, isolated, no_isolation,"
    " isolated_timeout, isolated_start, detect_leaks, leaks, jobs,"
    " time_limits, retries, flaky, maxfail, test_timeout, processes_at_import, max_process_depth, max_process_starts,"
    " max_processes, junit_xml, json, html, annotations, junit_schema, shuffle, shuffle_level, failed_first, history,"
    " vary_known, progress, show_failures, sandbox"
)


KNOWN = ("timezone a.*: on purpose",)


def values(settings: Settings) -> tuple[object, ...]:
    """The values of all settings, in the order of the table."""
    return tuple(getattr(settings, name) for name in table.SETTINGS)


class DefaultsTest(ConfigTestCase):
    def test_without_any_setting_a_legacy_suite_is_left_alone(self):
        self.write(setup_cfg="")
        settings = self.load()
        self.assertEqual((settings.mode, settings.default_size, settings.start_method), ("strict", None, "spawn"))
        self.assertEqual((settings.allow, dict(settings.origins)), ((), {}))
        self.assertEqual((settings.isolated, settings.no_isolation, settings.detect_leaks), (False, False, False))
        self.assertEqual((settings.isolated_timeout, settings.isolated_start, settings.leaks), (300.0, "auto", "warn"))

    def test_what_stands_in_no_place_has_the_same_value_as_a_bare_settings_object(self):
        self.write(setup_cfg="")
        self.assertEqual(self.load().replaced(root="."), Settings())

    def test_settings_cannot_be_changed(self):
        self.write(setup_cfg="")
        with self.assertRaises(AttributeError):
            self.load().mode = "off"  # type: ignore[misc]


class SetupCfgTest(ConfigTestCase):
    PATH = "setup.cfg"

    def test_every_setting_is_read(self):
        lines = (
            "mode = warn", "default_size = medium", "forbid = sleep", "size_distribution = warn",
            "size_targets = 70/20/10",
            "start_method = platform", "isolated = true", "no_isolation = true",
            "isolated_timeout = 2.5", "isolated_start = fresh", "detect_leaks = true", "leaks = error",
            "jobs = auto", "time_limits = strict", "retries = 2", "flaky = error", "maxfail = 9", "test_timeout = 60",
            "processes_at_import = allow", "max_process_depth = 2", "max_process_starts = 3", "max_processes = 4",
            "junit_xml = a.xml", "json = b.json", "html = ../c.html", "annotations = azure",
            "junit_schema = strict",
            "shuffle = random", "shuffle_level = class", "failed_first = true", "history = d.json", "progress = off",
            "show_failures = now", "sandbox = kernel", "vary_known =", "  timezone a.*: on purpose",
        )  # fmt: skip
        self.write(setup_cfg="\n".join(("[tool:hermetic]", *lines)))
        settings = self.load()
        self.assertEqual(set(settings.origins), set(table.SETTINGS))
        self.assertEqual(values(settings)[:5], ("warn", Size.MEDIUM, ("sleep",), "warn", (70, 20, 10)))
        self.assertEqual(values(settings)[5:12], ("platform", True, True, 2.5, "fresh", True, "error"))
        self.assertEqual(values(settings)[12:22], ("auto", "strict", 2, "error", 9, 60, "allow", 2, 3, 4))
        self.assertEqual(values(settings)[22:27], (*self.paths("a.xml", "b.json", "../c.html"), "azure", "strict"))
        self.assertEqual(
            values(settings)[27:35], ("random", "class", True, *self.paths("d.json"), KNOWN, "off", "now", "kernel")
        )

    def test_the_origin_is_the_file(self):
        self.write(setup_cfg="[tool:hermetic]\nmode = warn\n")
        self.assertEqual(self.load().origins, {"mode": os.path.join(self.folder, self.PATH)})

    def test_an_unknown_key_names_the_file_and_the_known_ones(self):
        self.write(setup_cfg="[tool:hermetic]\nmodus = warn\n")
        self.assert_error(
            os.path.join(self.folder, self.PATH), "'modus'", f"write one of {SETTINGS}, allow or baseline"
        )

    def test_a_wrong_value_names_the_file_the_key_and_the_accepted_ones(self):
        for key, setting in table.SETTINGS.items():
            wrong = "" if isinstance(setting.kind, table.File) else "wrong"
            with self.subTest(key=key):
                self.write(setup_cfg=f"[tool:hermetic]\n{key} = {wrong}\n")
                self.assert_error(os.path.join(self.folder, self.PATH), key, repr(wrong), setting.kind.accepted)

    def test_values_are_taken_literally(self):
        for value in ("Strict", "STRICT", "strict # comment", "", "str"):
            with self.subTest(value=value):
                self.write(setup_cfg=f"[tool:hermetic]\nmode = {value}\n")
                self.assert_error("strict, warn or off")

    def test_a_switch_takes_the_words_that_configparser_takes(self):
        words = {
            "true": True,
            "Yes": True,
            "on": True,
            "1": True,
            "FALSE": False,
            "no": False,
            "off": False,
            "0": False,
        }
        for word, value in words.items():
            with self.subTest(word=word):
                self.write(setup_cfg=f"[tool:hermetic]\nisolated = {word}\n")
                self.assertIs(self.load().isolated, value)

    def test_a_switch_takes_nothing_else(self):
        for value in ("y", "2", "", "none", "true # comment"):
            with self.subTest(value=value):
                self.write(setup_cfg=f"[tool:hermetic]\nisolated = {value}\n")
                self.assert_error("isolated", "true or false")

    def test_seconds_are_a_number_above_0(self):
        for value in ("0", "-1", "nan", "inf", "", "5s", "1 2"):
            with self.subTest(value=value):
                self.write(setup_cfg=f"[tool:hermetic]\nisolated_timeout = {value}\n")
                self.assert_error("isolated_timeout", repr(value), "a number of seconds above 0")

    def test_an_unknown_section_of_ours_is_an_error(self):
        for section in (
            "tool:hermetic:allowed:tests/*",
            "tool:hermetic:allow",
            "tool:hermetic:allow:",
            "tool:hermetic:mode",
        ):
            with self.subTest(section=section):
                self.write(setup_cfg=f"[{section}]\nhosts = a.test\n")
                self.assert_error(os.path.join(self.folder, self.PATH), f"[{section}]", "[tool:hermetic:allow:PATTERN]")

    def test_sections_of_others_are_not_looked_at(self):
        self.write(setup_cfg="[tool:hermetically]\nx = 1\n[metadata]\nname = hermetic\nmode = %(mode)s\n")
        self.assertEqual(self.load().mode, "strict")

    def test_errors_in_a_file_that_has_no_section_of_ours_are_not_ours(self):
        self.write(setup_cfg="name = hermetic\n[broken\n")
        self.assertEqual(self.load().mode, "strict")

    def test_a_file_with_our_section_that_cannot_be_parsed_is_an_error(self):
        for text in (
            "[tool:hermetic]\nmode\n",
            "[tool:hermetic]\nmode = off\nmode = warn\n",
            "x = 1\n[tool:hermetic]\n",
        ):
            with self.subTest(text=text):
                self.write(setup_cfg=text)
                self.assert_error(os.path.join(self.folder, self.PATH), "cannot be read")

    def test_a_file_that_is_not_utf_8_is_an_error_that_names_it(self):
        with open(os.path.join(self.folder, self.PATH), "wb") as file:
            file.write(b"[tool:hermetic]\nmode = \xff\n")
        self.assert_error(os.path.join(self.folder, self.PATH), "cannot be read")

    def test_allow_as_a_plain_key_is_an_error_even_next_to_a_pattern(self):
        for rest in ("", "[tool:hermetic:allow:tests/*]\nhosts = a.test\n"):
            with self.subTest(rest=rest):
                self.write(setup_cfg=f"[tool:hermetic]\nallow = tests/*\n{rest}")
                self.assert_error(os.path.join(self.folder, self.PATH), "allow")


class PyprojectTest(ConfigTestCase):
    @needs_tomllib
    def test_every_setting_is_read(self):
        lines = (
            'mode = "off"', 'default_size = "xlarge"', 'forbid = ["database"]', 'size_distribution = "error"',
            "size_targets = [70, 20, 10]", 'start_method = "fork"', "isolated = true",
            "no_isolation = true", "isolated_timeout = 7", 'isolated_start = "fresh"', "detect_leaks = true",
            'leaks = "off"', "jobs = 4", 'time_limits = "strict"', "retries = 2", 'flaky = "error"', "maxfail = 9",
            "test_timeout = 60", 'processes_at_import = "allow"', "max_process_depth = 2", "max_process_starts = 3",
            "max_processes = 4", 'junit_xml = "a.xml"', 'json = "b.json"', 'html = "c.html"', 'annotations = "off"',
            'junit_schema = "strict"',
            "shuffle = 7", 'shuffle_level = "module"', "failed_first = true", 'history = "off"', 'progress = "off"',
            'show_failures = "end"', 'sandbox = "kernel"', 'vary_known = ["timezone a.*: on purpose"]',
        )  # fmt: skip
        self.write(pyproject="\n".join(("[tool.hermetic]", *lines)))
        settings = self.load()
        self.assertEqual(set(settings.origins), set(table.SETTINGS))
        self.assertEqual(
            values(settings)[:22],
            (
                *("off", Size.XLARGE, ("database",), "error", (70, 20, 10), "fork", True, True, 7.0, "fresh", True),
                *("off", 4, "strict", 2, "error", 9, 60.0, "allow", 2, 3, 4),
            ),
        )
        self.assertEqual(values(settings)[22:27], (*self.paths("a.xml", "b.json", "c.html"), "off", "strict"))
        self.assertEqual(values(settings)[27:35], ("7", "module", True, "off", KNOWN, "off", "end", "kernel"))
        self.assertEqual(set(settings.origins.values()), {os.path.join(self.folder, "pyproject.toml")})

    @needs_tomllib
    def test_a_value_of_another_type_is_an_error(self):
        for value in ("true", "1", '["strict"]', "{}", "1979-05-27"):
            with self.subTest(value=value):
                self.write(pyproject=f"[tool.hermetic]\nmode = {value}\n")
                self.assert_error(os.path.join(self.folder, "pyproject.toml"), "mode", "strict, warn or off")

    @needs_tomllib
    def test_switches_and_seconds_of_another_type_are_errors(self):
        for line in ("isolated = 1", 'isolated = ["true"]', "isolated_timeout = true", "isolated_timeout = [1]"):
            with self.subTest(line=line):
                self.write(pyproject=f"[tool.hermetic]\n{line}\n")
                key = line.partition(" ")[0]
                self.assert_error(os.path.join(self.folder, "pyproject.toml"), key, table.SETTINGS[key].kind.accepted)

    @needs_tomllib
    def test_an_unknown_key_is_an_error(self):
        self.write(pyproject="[tool.hermetic]\ndefault-size = 'small'\n")
        self.assert_error(os.path.join(self.folder, "pyproject.toml"), "'default-size'", "default_size")

    @needs_tomllib
    def test_something_else_in_the_place_of_a_table_is_an_error(self):
        for text in ("[tool]\nhermetic = 'strict'\n", "[[tool.hermetic]]\nmode = 'off'\n", "tool = 'hermetic'\n"):
            with self.subTest(text=text):
                self.write(pyproject=text)
                self.assert_error(os.path.join(self.folder, "pyproject.toml"), "is not a table")

    @needs_tomllib
    def test_a_file_that_is_no_toml_is_an_error(self):
        self.write(pyproject="[tool.hermetic]\nmode = strict\n")
        self.assert_error(os.path.join(self.folder, "pyproject.toml"), "is not valid TOML")

    @unittest.skipIf(features.HAS_TOMLLIB, "this Python reads pyproject.toml")
    def test_where_it_cannot_be_read_our_table_is_an_error_that_says_what_to_do(self):
        headers = ("[tool.hermetic]", ' [ tool . "hermetic" ]', '[tool.hermetic.allow."tests/*"]', "[tool.'hermetic']")
        for text in (
            *(f'{header}\nmode = "off"\n' for header in headers),
            '[tool]\nhermetic.mode = "off"\n',
            'tool.hermetic.mode = "off"\n',
        ):
            with self.subTest(text=text):
                self.write(pyproject=text)
                self.assert_error("pyproject.toml", "Python 3.10", "setup.cfg", "[tool:hermetic]")

    def test_a_file_that_only_mentions_us_is_no_error(self):
        self.write(
            pyproject='# [tool.hermetic]\n[project]\nname = "hermetic"\n[tool.hermetically]\nx = "tool.hermetic"\n'
        )
        self.assertEqual(self.load().mode, "strict")

    def test_the_version_without_tomllib_says_so_on_every_python(self):
        self.write(pyproject='[tool.hermetic]\nmode = "off"\n')
        with mock.patch.object(features, "HAS_TOMLLIB", new=False):
            self.assert_error("pyproject.toml", "Python 3.10", "[tool:hermetic]")


class EnvironmentTest(ConfigTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.write(setup_cfg="")

    def test_every_setting_is_read(self):
        os.environ.update(HERMETIC_MODE="warn", HERMETIC_DEFAULT_SIZE="large", HERMETIC_START_METHOD="forkserver")
        os.environ.update(HERMETIC_FORBID="filesystem,sleep", HERMETIC_SIZE_DISTRIBUTION="error")
        os.environ.update(HERMETIC_SIZE_TARGETS="60 20 20", HERMETIC_NO_ISOLATION="true", HERMETIC_FAILED_FIRST="yes")
        os.environ.update(HERMETIC_ISOLATED_TIMEOUT="0.5", HERMETIC_DETECT_LEAKS="false")
        os.environ.update(HERMETIC_ISOLATED_START="fresh", HERMETIC_LEAKS="off", HERMETIC_MAX_PROCESSES="4")
        os.environ.update(HERMETIC_PROCESSES_AT_IMPORT="allow", HERMETIC_MAX_PROCESS_DEPTH="2")
        os.environ.update(HERMETIC_MAX_PROCESS_STARTS="3", HERMETIC_ANNOTATIONS="github", HERMETIC_MAXFAIL="9")
        os.environ.update(HERMETIC_JOBS="3", HERMETIC_TIME_LIMITS="off", HERMETIC_TEST_TIMEOUT="9")
        os.environ.update(HERMETIC_JUNIT_XML="a.xml", HERMETIC_JSON="b.json", HERMETIC_HTML="c.html")
        os.environ.update(HERMETIC_JUNIT_SCHEMA="strict", HERMETIC_SHUFFLE="42", HERMETIC_SHUFFLE_LEVEL="test")
        os.environ.update(HERMETIC_HISTORY="d.json", HERMETIC_PROGRESS="off", HERMETIC_SANDBOX="auto")
        os.environ.update(HERMETIC_RETRIES="0", HERMETIC_FLAKY="error", HERMETIC_SHOW_FAILURES="now")
        os.environ["HERMETIC_VARY_KNOWN"] = "timezone a.*: on purpose"
        settings = self.load()
        self.assertEqual(set(settings.origins), set(table.SETTINGS) - {"isolated"})
        self.assertEqual(values(settings)[:5], ("warn", Size.LARGE, ("filesystem", "sleep"), "error", (60, 20, 20)))
        self.assertEqual(values(settings)[5:12], ("forkserver", False, True, 0.5, "fresh", False, "off"))
        self.assertEqual(values(settings)[12:22], (3, "off", 0, "error", 9, 9.0, "allow", 2, 3, 4))
        paths = [os.path.abspath(name) for name in ("a.xml", "b.json", "c.html")]  # of the current folder
        self.assertEqual(values(settings)[22:27], (*paths, "github", "strict"))
        self.assertEqual(
            values(settings)[27:35], ("42", "test", True, os.path.abspath("d.json"), KNOWN, "off", "now", "auto")
        )
        self.assertEqual(set(settings.origins.values()), {"environment"})

    def test_an_unknown_variable_is_an_error_that_lists_the_known_ones(self):
        os.environ["HERMETIC_MODUS"] = "warn"
        known = [f"HERMETIC_{name.upper()}" for name in SETTINGS.split(", ") if name != "isolated"]
        self.assert_error("environment", "HERMETIC_MODUS", f"write one of {', '.join(known[:-1])} or {known[-1]}")

    def test_a_wrong_value_is_an_error(self):
        os.environ["HERMETIC_MODE"] = "strictly"
        self.assert_error("environment", "HERMETIC_MODE", "'strictly'", "strict, warn or off")

    def test_an_error_on_a_known_dependence_names_the_nearest_subject(self):
        for subjects in ("timezon", "umask,timezon", "timezone=UTC"):
            with self.subTest(subjects):
                os.environ["HERMETIC_VARY_KNOWN"] = f"umask a.*: fine\n{subjects} a.*: on purpose"
                self.assert_error("environment", "HERMETIC_VARY_KNOWN", "(did you mean timezone?)")

    def test_what_hermetic_itself_sets_is_no_setting(self):
        os.environ["HERMETIC_ISOLATED"] = "1"
        self.assertEqual((self.load().isolated, dict(self.load().origins)), (False, {}))

    def test_variables_of_others_are_not_looked_at(self):
        os.environ.update(HERMETICALLY="1", XHERMETIC_MODE="x")
        self.assertEqual(self.load().mode, "strict")

    def test_the_report_that_bazel_wants_is_beaten_by_the_command_line_alone(self):
        self.write(setup_cfg="[tool:hermetic]\njunit_xml = a.xml\n")
        os.environ.update(XML_OUTPUT_FILE="/bazel/test.xml", HERMETIC_JUNIT_XML="b.xml")
        self.assertEqual(self.load().junit_xml, os.path.abspath("/bazel/test.xml"))
        self.assertEqual(self.load().origins["junit_xml"], "environment XML_OUTPUT_FILE")
        self.assertEqual(self.load(junit_xml="/c.xml").junit_xml, os.path.abspath("/c.xml"))

    def test_the_size_that_bazel_gives_is_the_default(self):
        for given, expected in (
            ("small", Size.SMALL),
            ("medium", Size.MEDIUM),
            ("large", Size.LARGE),
            ("enormous", Size.XLARGE),
        ):
            with self.subTest(given=given):
                os.environ["TEST_SIZE"] = given
                settings = self.load()
                self.assertEqual(
                    (settings.default_size, settings.origins["default_size"]), (expected, "environment TEST_SIZE")
                )

    def test_another_value_of_bazels_variable_is_not_for_us(self):
        for given in ("", "xlarge", "Small", "10"):
            with self.subTest(given=given):
                os.environ["TEST_SIZE"] = given
                self.assertIsNone(self.load().default_size)

    def test_bazels_size_yields_to_every_setting(self):
        os.environ["TEST_SIZE"] = "large"
        self.write(setup_cfg="[tool:hermetic]\ndefault_size = small\n")
        self.assertIs(self.load().default_size, Size.SMALL)


class PrecedenceTest(ConfigTestCase):
    @needs_tomllib
    def test_each_place_wins_over_those_below_it(self):
        self.write(pyproject='[tool.hermetic]\nmode = "off"\n', setup_cfg="")
        modes = [self.load().mode]
        self.write(setup_cfg="[tool:hermetic]\nmode = warn\n")
        modes.append(self.load().mode)
        os.environ["HERMETIC_MODE"] = "strict"
        modes.append(self.load().mode)
        modes.append(self.load(mode="off").mode)
        self.assertEqual(modes, ["off", "warn", "strict", "off"])

    def test_the_command_line_wins_over_environment_and_file(self):
        self.write(setup_cfg="[tool:hermetic]\nmode = off\ndefault_size = small\n")
        os.environ["HERMETIC_MODE"] = "warn"
        settings = self.load(mode="strict")
        self.assertEqual((settings.mode, settings.origins["mode"]), ("strict", "command line"))

    def test_places_are_merged_setting_by_setting(self):
        self.write(setup_cfg="[tool:hermetic]\nmode = off\ndefault_size = small\n")
        os.environ["HERMETIC_DEFAULT_SIZE"] = "large"
        settings = self.load(start_method="fork")
        self.assertEqual((settings.mode, settings.default_size, settings.start_method), ("off", Size.LARGE, "fork"))

    def test_an_option_that_was_not_given_changes_nothing(self):
        self.write(setup_cfg="[tool:hermetic]\nmode = off\n")
        self.assertEqual(self.load(mode=None).mode, "off")

    def test_a_wrong_value_is_an_error_even_where_a_higher_place_gives_another(self):
        self.write(setup_cfg="[tool:hermetic]\nmode = wrong\n")
        self.assert_error("'wrong'", mode="strict")

    def test_a_wrong_value_of_the_command_line_is_an_error(self):
        self.write(setup_cfg="")
        self.assert_error("--mode", "'loud'", mode="loud")


class FolderTest(ConfigTestCase):
    def test_the_nearest_folder_above_with_a_file_counts(self):
        self.write(setup_cfg="[tool:hermetic]\nmode = warn\n")
        os.makedirs(os.path.join(self.folder, "a", "b"))
        settings = self.load(below="a/b")
        self.assertEqual((settings.mode, settings.root), ("warn", self.folder))

    def test_a_nearer_table_hides_those_above_it_even_an_empty_one(self):
        self.write(setup_cfg="[tool:hermetic]\nmode = warn\n")
        support.write_files(self.folder, {"a/setup.cfg": "[tool:hermetic]\n"})
        settings = self.load(below="a")
        self.assertEqual((settings.mode, settings.root), ("strict", self.paths("a")[0]))

    def test_a_stray_file_without_a_table_hides_nothing(self):
        self.write(setup_cfg="[tool:hermetic]\nmode = warn\n")
        for name, text in (("pyproject.toml", ""), ("setup.cfg", "[metadata]\nname = hermetic\n")):
            with self.subTest(name):
                support.write_files(self.folder, {f"a/{name}": text})
                settings = self.load(below="a")
                self.assertEqual((settings.mode, settings.root), ("warn", self.folder))

    def test_without_any_table_the_nearest_folder_with_a_file_is_the_root(self):
        self.write(setup_cfg="")
        support.write_files(self.folder, {"a/pyproject.toml": "", "a/b/x": ""})
        self.assertEqual(self.load(below="a/b").root, self.paths("a")[0])


class DescribeTest(ConfigTestCase):
    def test_every_setting_is_shown_with_where_it_came_from(self):
        self.write(setup_cfg="[tool:hermetic]\nmode = warn\n[tool:hermetic:allow:tests/*]\nhosts = a.test\n")
        path = os.path.join(self.folder, "setup.cfg")
        expected = shown_settings(
            mode=f"warn  ({path})", start_method="fork  (command line)", isolated="true  (command line)"
        )
        expected.append(f"allow tests/* = hosts=['a.test']  ({path})")
        self.assertEqual(reading.settings_lines(self.load(start_method="fork", isolated=True)).splitlines(), expected)

    def test_a_count_is_a_whole_number_above_0(self):
        for value in ("0", "-1", "1.5", "many", ""):
            with self.subTest(value=value):
                self.assert_error("--max-processes", "a whole number above 0", max_processes=value)

    def test_a_seed_is_a_whole_number_or_one_of_two_words(self):
        for value in ("-1", "1.5", "true", "", "rnd", "\u0661"):
            with self.subTest(value=value):
                self.assert_error("shuffle", "a whole number, random or off", shuffle=value)
        self.assertEqual([self.load(shuffle=value).shuffle for value in ("0", "off", "random")], ["0", "off", "random"])

    def test_jobs_are_a_whole_number_above_0_or_auto(self):
        for value in ("0", "-1", "1.5", "many", "", "Auto"):
            with self.subTest(value=value):
                self.assert_error("jobs", "a whole number above 0, or auto", jobs=value)
        self.assertEqual((7, "auto"), (self.load(jobs="7").jobs, self.load(jobs="auto").jobs))

    def test_seconds_are_shown_without_an_idle_fraction(self):
        self.write(setup_cfg="[tool:hermetic]\nisolated_timeout = 1.50\n")
        self.assertIn("isolated_timeout = 1.5  (", reading.settings_lines(self.load()))

    def test_every_setting_that_there_is_is_shown(self):
        self.write(setup_cfg="")
        shown = [line.partition(" = ")[0] for line in reading.settings_lines(self.load()).splitlines()]
        self.assertEqual(shown, SETTINGS.split(", "))
        self.assertEqual(shown, list(table.SETTINGS))

"""Settings without effect: misspelled sections, keys, and variables, and invalid files."""

from __future__ import annotations

import os

from hermetic._base import features
from hermetic._settings import config
from support import posix_only
from support.settings_files import ConfigTestCase, needs_tomllib

_SETTING = "default_size = small"


class SetupCfgSectionTest(ConfigTestCase):
    def test_a_section_that_is_nearly_ours_is_an_error_that_says_what_to_write(self):
        for section in (
            "tool:hermtic", "tool:hermitic", "tool:hermeitc", "tool:Hermetic", "Tool:hermetic", "tools:hermetic",
            "tool.hermetic", "tool: hermetic", "tool hermetic", "hermetic", "hermtic", "tool:hermetics",
        ):  # fmt: skip
            with self.subTest(section=section):
                self.write(setup_cfg=f"[{section}]\n{_SETTING}\n")
                path = os.path.join(self.folder, "setup.cfg")
                self.assert_error(f"{path}: [{section}] has no effect; write [tool:hermetic]")

    def test_so_is_one_that_was_to_allow_something(self):
        for section in ("tool:hermtic:allow:tests/*", "hermetic:allow:tests/*", "tool:hermitic:alow:tests/*"):
            with self.subTest(section=section):
                self.write(setup_cfg=f"[{section}]\nhosts = db.test\n")
                self.assert_error(f"[{section}] has no effect; write [tool:hermetic:allow:PATTERN]")

    def test_it_is_one_in_a_file_that_cannot_be_parsed(self):
        for text in (
            f"[metadata]\nname = a\nname = b\n[hermetic]\n{_SETTING}\n",
            f"\ufeff[tool:hermtic]\n{_SETTING}\n",
        ):
            with self.subTest(text):
                self.write(setup_cfg=text)
                self.assert_error("has no effect; write [tool:hermetic]")
        self.write(setup_cfg="[metadata]\nname = hermetic\nname = b\n")
        self.assertIsNone(self.load().default_size)

    def test_it_is_one_beside_a_right_section_and_with_a_key_that_is_nearly_right(self):
        self.write(setup_cfg="[tool:hermetic]\nmode = warn\n[tool:hermtic]\ndefalt_size = small\n")
        self.assert_error("[tool:hermtic] has no effect")

    def test_sections_of_other_tools_are_left_alone(self):
        for section in (
            "hermes", "tool:hermit", "tool:hermeto", "tool:thermetic", "tool:pytest-hermetic", "mypy-hermetic.*",
            "isort", "tool:pytest", "coverage:hermetic",
        ):  # fmt: skip
            with self.subTest(section=section):
                self.write(setup_cfg=f"[{section}]\n{_SETTING}\n")
                self.assertIsNone(self.load().default_size)

    def test_a_tool_with_a_similar_name_and_settings_of_its_own_is_left_alone(self):
        self.write(setup_cfg="[tool:hermetica]\nvessel = glass\n")
        self.assertIsNone(self.load().default_size)


@needs_tomllib
class PyprojectTableTest(ConfigTestCase):
    def test_a_table_that_is_nearly_ours_is_an_error_that_says_what_to_write(self):
        for table in ("tool.hermtic", "tool.Hermetic", "hermetic", "hermtic", "tools.hermetic", "Tool.hermetic"):
            with self.subTest(table=table):
                self.write(pyproject=f'[{table}]\ndefault_size = "small"\n')
                path = os.path.join(self.folder, "pyproject.toml")
                self.assert_error(f"{path}: [{table}] has no effect; write [tool.hermetic]")

    def test_so_is_one_of_dotted_keys_or_of_subtables(self):
        for text in ('tool.hermtic.mode = "warn"\n', '[tool.hermtic.allow."tests/*"]\nhosts = ["db.test"]\n'):
            with self.subTest(text):
                self.write(pyproject=text)
                self.assert_error("[tool.hermtic] has no effect; write [tool.hermetic]")

    def test_tables_of_other_tools_are_left_alone(self):
        for text in (
            '[tool.hermes]\nmode = "x"\n', '[tool.hermeto]\nmode = "x"\n', '[tool.hermetica]\nvessel = "glass"\n',
            '[tool.thermetic]\nmode = "x"\n', '[project]\nname = "hermetic"\n', "[tool.black]\n[tool.hatch]\n",
            '[tool.other.hermetic]\nmode = "x"\n', 'hermetic = "x"\n',
        ):  # fmt: skip
            with self.subTest(text):
                self.write(pyproject=text)
                self.assertEqual(self.load().mode, "strict")


class NamesTest(ConfigTestCase):
    def test_an_unknown_key_comes_with_the_one_that_was_meant(self):
        for wrong, right in {
            "moed": "mode",
            "default-size": "default_size",
            "isolate": "isolated",
            "job": "jobs",
        }.items():
            with self.subTest(wrong):
                self.write(setup_cfg=f"[tool:hermetic]\n{wrong} = 1\n")
                self.assert_error(f"unknown setting {wrong!r} (did you mean {right}?); write one of")

    def test_a_key_that_is_like_none_comes_without(self):
        self.write(setup_cfg="[tool:hermetic]\ncolour = blue\n")
        self.assert_error("unknown setting 'colour'; write one of")

    def test_an_unknown_variable_comes_with_the_one_that_was_meant(self):
        for wrong, right in {"MOED": "MODE", "DEFAULTSIZE": "DEFAULT_SIZE", "TIME_LIMIT": "TIME_LIMITS"}.items():
            with self.subTest(wrong):
                os.environ[f"HERMETIC_{wrong}"] = "warn"
                self.assert_error(f"unknown variable HERMETIC_{wrong} (did you mean HERMETIC_{right}?); write one of")
                del os.environ[f"HERMETIC_{wrong}"]

    def test_a_variable_with_a_prefix_that_is_nearly_ours_is_an_error(self):
        known_on_windows = () if features.WINDOWS else ("hermetic_mode", "Hermetic_Mode")
        for wrong in ("HERMTIC_MODE", "HERMITIC_MODE", *known_on_windows):
            with self.subTest(wrong):
                os.environ[wrong] = "warn"
                self.assert_error(f"environment: {wrong} has no effect; write HERMETIC_MODE")
                del os.environ[wrong]

    def test_variables_of_others_are_left_alone(self):
        os.environ.update(HERMES_MODE="x", HERMTIC_HOME="x", THERMETIC_MODE="x", HERMIT_JOBS="2", HERMETIC="x")
        self.assertEqual((self.load().mode, self.load().jobs), ("strict", 1))

    def test_an_unknown_key_of_a_pattern_comes_with_the_one_that_was_meant(self):
        self.write(setup_cfg="[tool:hermetic:allow:tests/*]\nhost = db.test\n")
        self.assert_error("unknown key 'host' (did you mean hosts?)")


class FileTest(ConfigTestCase):
    def test_a_folder_in_the_place_of_a_file_is_an_error(self):
        for name in ("pyproject.toml", "setup.cfg"):
            with self.subTest(name):
                os.mkdir(os.path.join(self.folder, name))
                self.assert_error(f"{os.path.join(self.folder, name)} is a folder", "rename it")
                os.rmdir(os.path.join(self.folder, name))

    def test_so_is_one_beside_or_below_a_file(self):
        self.write(setup_cfg=f"[tool:hermetic]\n{_SETTING}\n")
        os.makedirs(os.path.join(self.folder, "below", "pyproject.toml"))
        with self.assertRaisesRegex(config.ConfigurationError, "is a folder"):
            self.load(below="below")
        os.mkdir(os.path.join(self.folder, "pyproject.toml"))
        self.assert_error("is a folder")

    @posix_only("symbolic links without a privilege")
    def test_a_link_that_leads_nowhere_is_an_error(self):
        os.symlink("elsewhere", os.path.join(self.folder, "setup.cfg"))
        self.assert_error("setup.cfg is not a readable file")

    @posix_only("named pipes in folders")
    def test_a_pipe_is_an_error_and_is_not_waited_for(self):
        os.mkfifo(os.path.join(self.folder, "setup.cfg"))
        self.assert_error("setup.cfg is not a readable file")

    def test_a_file_of_another_encoding_is_an_error(self):
        with open(os.path.join(self.folder, "setup.cfg"), "wb") as file:
            file.write(f"[tool:hermetic]\n{_SETTING}\n".encode("utf-16"))
        self.assert_error("setup.cfg cannot be read")


class PatternTest(ConfigTestCase):
    def test_a_pattern_that_matches_no_test_module_is_an_error(self):
        os.mkdir(os.path.join(self.folder, "tests"))
        for pattern, part in {
            "/tests/*": "starts in the folder of this file", "./tests/*": "starts in the folder of this file",
            "~/tests/*": "starts in the folder of this file", "tests": "write tests/*", "tests/": "write tests/*",
        }.items():  # fmt: skip
            with self.subTest(pattern):
                self.write(setup_cfg=f"[tool:hermetic:allow:{pattern}]\nhosts = db.test\n")
                self.assert_error(f"allow {pattern!r}: ", part)

    def test_what_can_never_match_is_an_error_that_names_file_and_pattern(self):
        self.write(setup_cfg="[tool:hermetic:allow:tests/*]\nhosts = http://db.test/\n")
        self.assert_error(os.path.join(self.folder, "setup.cfg"), "'tests/*'", "hosts: 'http://db.test/'", "'db.test'")

    def test_a_list_in_the_form_of_toml_is_an_error_in_setup_cfg(self):
        for value in ('["db.test"]', '"db.test"', "'db.test'"):
            with self.subTest(value):
                self.write(setup_cfg=f"[tool:hermetic:allow:tests/*]\nhosts = {value}\n")
                self.assert_error("quotation marks", "write db.test")

"""Known violations put into configuration files: the rest of the file stays as it is."""

from __future__ import annotations

import hermetic
from hermetic import ConfigurationError
from hermetic._settings.config_edits import with_cfg_baseline, with_toml_baseline
from support.settings_files import needs_tomllib

ONE, TWO = "H001 tests.T.test_a 203.0.113.7", "H003 tests.T.test_b git"


class SetupCfgTest(hermetic.HermeticTestCase):
    HEAD = "# of ours\n[tool:hermetic]\nmode = strict\n"
    TAIL = "\n[flake8]\n; why\nmax-line-length : 120\n"
    ENTRIES = f"baseline =\n    {ONE}\n    {TWO}\n"

    def test_entries_are_added_at_the_end_of_the_section(self) -> None:
        self.assertEqual(with_cfg_baseline(self.HEAD + self.TAIL, [ONE, TWO]), self.HEAD + self.ENTRIES + self.TAIL)

    def test_they_take_the_place_of_those_before(self) -> None:
        for before in (f"baseline =\n    {TWO}\n\n    {ONE}\n", f"baseline={ONE}\n", f"baseline:\n\t{TWO}\n"):
            with self.subTest(before):
                text = f"{self.HEAD}{before}{self.TAIL}"
                self.assertEqual(with_cfg_baseline(text, [ONE, TWO]), self.HEAD + self.ENTRIES + self.TAIL)

    def test_without_any_the_key_goes(self) -> None:
        self.assertEqual(with_cfg_baseline(self.HEAD + self.ENTRIES + self.TAIL, []), self.HEAD + self.TAIL)
        self.assertEqual(with_cfg_baseline(self.TAIL, []), self.TAIL)

    def test_a_section_is_added_where_there_is_none(self) -> None:
        section = f"[tool:hermetic]\n{self.ENTRIES}"
        self.assertEqual(with_cfg_baseline("", [ONE, TWO]), section)
        self.assertEqual(with_cfg_baseline("[a]\nb = 1", [ONE, TWO]), f"[a]\nb = 1\n\n{section}")
        self.assertEqual(with_cfg_baseline("[a]\nb = 1\n", [ONE, TWO]), f"[a]\nb = 1\n\n{section}")

    def test_sections_with_a_longer_name_are_others(self) -> None:
        text = "[tool:hermetic:allow:tests/*]\nhosts = a\n"
        self.assertEqual(with_cfg_baseline(text, [ONE]), f"{text}\n[tool:hermetic]\nbaseline =\n    {ONE}\n")

    def test_ends_of_lines_stay(self) -> None:
        text = (self.HEAD + self.TAIL).replace("\n", "\r\n")
        self.assertEqual(
            with_cfg_baseline(text, [ONE, TWO]), (self.HEAD + self.ENTRIES + self.TAIL).replace("\n", "\r\n")
        )

    def test_what_cannot_be_read_is_not_edited(self) -> None:
        with self.assertRaisesRegex(ConfigurationError, "setup.cfg cannot be read"):
            with_cfg_baseline("no section\n", [ONE])


@needs_tomllib
class PyprojectTest(hermetic.HermeticTestCase):
    HEAD = '# of ours\n[tool.hermetic]  # settings\nmode = "strict"\n'
    TAIL = '\n[tool.hermetic.allow."tests/*"]\nhosts = [\n    "a",\n]\n\n[tool.x]\ntext = """\n[tool.y]\n"""\n'
    ENTRIES = f'baseline = [\n    "{ONE}",\n    "{TWO}",\n]\n'

    def test_entries_are_added_at_the_end_of_the_table(self) -> None:
        self.assertEqual(with_toml_baseline(self.HEAD + self.TAIL, [ONE, TWO]), self.HEAD + self.ENTRIES + self.TAIL)

    def test_they_take_the_place_of_those_before(self) -> None:
        for before in (f'baseline = ["{ONE}"] # x\n', f"baseline = [\n  # why\n  '{TWO}' ]\n", "baseline=[]\n"):
            with self.subTest(before):
                text = f"{self.HEAD}{before}{self.TAIL}"
                self.assertEqual(with_toml_baseline(text, [ONE, TWO]), self.HEAD + self.ENTRIES + self.TAIL)

    def test_without_any_the_key_goes(self) -> None:
        self.assertEqual(with_toml_baseline(self.HEAD + self.ENTRIES + self.TAIL, []), self.HEAD + self.TAIL)

    def test_a_table_is_added_where_there_is_none(self) -> None:
        text = self.TAIL.lstrip()
        self.assertEqual(with_toml_baseline(text, [ONE, TWO]), f"{text}\n[tool.hermetic]\n{self.ENTRIES}")

    def test_characters_are_escaped_as_toml_wants(self) -> None:
        import tomllib

        entries = ['H002 tests.T.test_a C:\\data "x"', "H002 tests.T.test_b käse\x7f\u200b"]
        text = with_toml_baseline("", entries)
        self.assertEqual(tomllib.loads(text)["tool"]["hermetic"]["baseline"], entries)

    def test_tables_in_other_forms_are_left_to_the_user(self) -> None:
        for text in (
            '[tool]\nhermetic = {mode = "warn"}\n',
            '[tool]\nhermetic.mode = "warn"\n',
            '[tool."hermetic"]\n[x',
        ):
            with self.subTest(text), self.assertRaises((ConfigurationError, ValueError)) as caught:
                with_toml_baseline(text, [ONE])
            if isinstance(caught.exception, ConfigurationError):
                self.assertIn(f'write it yourself:\nbaseline = [\n    "{ONE}",\n]', str(caught.exception))

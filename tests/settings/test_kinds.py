"""The kinds of settings: what each accepts, and how it shows its values."""

from __future__ import annotations

import hermetic
from hermetic import Size
from hermetic._settings import kinds


class KindCase(hermetic.HermeticTestCase):
    def assert_parsed(self, kind: kinds.Kind, values: dict[object, object]) -> None:
        for value, parsed in values.items():
            with self.subTest(value=value):
                self.assertEqual((kind.parse(value), type(kind.parse(value))), (parsed, type(parsed)))

    def assert_refused(self, kind: kinds.Kind, *values: object) -> None:
        for value in values:
            with self.subTest(value=value):
                self.assertIsNone(kind.parse(value))


class WordTest(KindCase):
    def test_a_choice_is_one_of_its_words_as_they_are_written(self):
        kind = kinds.Choice("strict", "warn", "off")
        self.assert_parsed(kind, {"warn": "warn"})
        self.assert_refused(kind, "Warn", "loud", "", None, 1, ["warn"])
        self.assertEqual(kind.accepted, "one of strict, warn or off")

    def test_a_size_is_one_or_its_name(self):
        kind = kinds.SizeName()
        self.assert_parsed(kind, {"small": Size.SMALL, Size.LARGE: Size.LARGE})
        self.assert_refused(kind, "tiny", None, 1)
        self.assertEqual([kind.shown(Size.SMALL), kind.shown(None)], ["small", "none"])
        self.assertEqual([kind.plain(Size.SMALL), kind.plain(None)], ["small", None])

    def test_a_switch_is_on_or_off_in_the_words_of_configparser(self):
        kind = kinds.Switch()
        self.assert_parsed(kind, {True: True, "yes": True, "ON": True, "0": False, "no": False})
        self.assert_refused(kind, "maybe", 1, None, "")
        self.assertEqual(kind.shown(True), "true")


class WordsTest(hermetic.HermeticTestCase):
    def test_words_come_as_a_list_or_in_one_string(self) -> None:
        kind = kinds.Words("filesystem", "database", "sleep")
        for value in (["sleep", "filesystem"], ("filesystem", "sleep"), "filesystem, sleep", "sleep filesystem"):
            with self.subTest(value):
                self.assertEqual(kind.parse(value), ("filesystem", "sleep"))
        self.assertEqual(kind.parse(""), ())

    def test_other_words_are_refused(self) -> None:
        for value in ("files", ["network"], 3, True, [1], {"sleep": 1}):
            with self.subTest(value):
                self.assertIsNone(kinds.Words("filesystem", "database", "sleep").parse(value))


class NumberTest(KindCase):
    def test_percentages_are_whole_numbers_that_add_up_to_100(self):
        kind = kinds.Percentages("small", "medium", "larger")
        self.assert_parsed(kind, {"80/15/5": (80, 15, 5), "80, 15 5": (80, 15, 5), (70, 20, 10): (70, 20, 10)})
        self.assert_refused(kind, "80/15", "80/15/6", "80/15/x", (80.0, 15.0, 5.0), "-80/175/5", 100, None)
        self.assertEqual(kind.shown((80, 15, 5)), "80, 15, 5")

    def test_seconds_are_a_number_above_0(self):
        kind = kinds.Seconds()
        self.assert_parsed(kind, {"1.5": 1.5, 2: 2.0, 0.1: 0.1})
        self.assert_refused(kind, 0, -1, "nan", "inf", True, None, "soon")
        self.assertEqual([kind.shown(value) for value in (1.5, 300.0, None)], ["1.5", "300", "none"])

    def test_a_count_is_a_whole_number_above_0(self):
        self.assert_parsed(kinds.Count(), {"7": 7, 7: 7})
        self.assert_refused(kinds.Count(), 0, "0", -1, "1.5", 1.0, True, None, "\u0661")

    def test_jobs_are_a_count_or_auto(self):
        self.assert_parsed(kinds.Jobs(), {"auto": "auto", "7": 7})
        self.assert_refused(kinds.Jobs(), "", "Auto", 0)

    def test_a_seed_is_a_number_in_digits_or_a_word(self):
        self.assert_parsed(kinds.Seed(), {"0": "0", 7: "7", "random": "random", "off": "off"})
        self.assert_refused(kinds.Seed(), "-1", "true", "", True, None, "\u0661")


class FileTest(KindCase):
    def test_a_path_is_a_text_without_zeros(self):
        kind = kinds.File("off")
        self.assert_parsed(kind, {"a/b.json": "a/b.json", "off": "off"})
        self.assert_refused(kind, "", "  ", "a\0b", None, 5)

    def test_names_are_listed_as_a_sentence_has_them(self):
        self.assertEqual([kinds.listed(names) for names in (["a"], ["a", "b"], "abc")], ["a", "a or b", "a, b or c"])

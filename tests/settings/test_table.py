"""The table of settings, and the records of their values."""

from __future__ import annotations

import os

import hermetic
from hermetic._policy.decision import NO_ALLOWANCE, Allowance
from hermetic._settings.table import SETTINGS
from hermetic._settings.values import DEFAULTS, Settings


class EntriesTest(hermetic.HermeticTestCase):
    def test_each_value_has_an_entry_in_the_same_order(self):
        self.assertEqual([*SETTINGS], [*DEFAULTS])

    def test_option_and_variable_are_made_from_the_name(self):
        self.assertEqual(SETTINGS["test_timeout"].options, ("--test-timeout",))
        self.assertEqual(SETTINGS["jobs"].options, ("-j", "--jobs"))
        self.assertEqual(SETTINGS["test_timeout"].variable, "HERMETIC_TEST_TIMEOUT")

    def test_every_default_is_a_value_of_its_kind(self):
        for name, setting in SETTINGS.items():
            plain = setting.kind.plain(setting.default)
            with self.subTest(name=name):
                self.assertEqual(setting.kind.parse(plain), setting.default)
                self.assertIsInstance(setting.kind.shown(setting.default), str)

    def test_every_setting_has_its_help(self):
        self.assertEqual([name for name, setting in SETTINGS.items() if not setting.help], [])


class RecordTest(hermetic.HermeticTestCase):
    def test_what_is_not_given_has_its_default(self):
        settings = Settings(mode="warn")
        self.assertEqual((settings.mode, settings.jobs, settings.allow), ("warn", 1, ()))

    def test_an_unknown_setting_is_an_error(self):
        with self.assertRaisesRegex(TypeError, "there is no setting modus"):
            Settings(modus="warn")

    def test_a_record_cannot_be_changed_and_another_one_made_from_it(self):
        settings = Settings(mode="warn", jobs=3)
        with self.assertRaises(AttributeError):
            settings.mode = "off"
        self.assertEqual(settings.replaced(mode="off"), Settings(mode="off", jobs=3))
        self.assertEqual(settings.mode, "warn")

    def test_records_of_the_same_values_are_equal(self):
        self.assertEqual(Settings(jobs=3), Settings(jobs=3))
        self.assertNotEqual(Settings(jobs=3), Settings())


class AllowanceTest(hermetic.HermeticTestCase):
    def test_every_pattern_that_matches_the_path_from_the_root_adds_to_it(self):
        patterns = {"tests/*": "a.test", "tests/db/*": "b.test", "docs/*": "c.test"}
        allow = tuple((pattern, Allowance(hosts=(host,))) for pattern, host in patterns.items())
        settings = Settings(allow=allow, root=os.path.join(os.sep, "shop"))
        found = settings.allowance_for(os.path.join(os.sep, "shop", "tests", "db", "test_x.py"))
        self.assertEqual({*found.hosts}, {"a.test", "b.test"})

    def test_without_a_match_nothing_is_allowed(self):
        self.assertEqual(Settings().allowance_for("tests/test_x.py"), NO_ALLOWANCE)

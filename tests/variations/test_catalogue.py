"""The variations: their names, which are chosen, and which fit together."""

from __future__ import annotations

import itertools
import re

from hermetic import HermeticTestCase
from hermetic._base.errors import ConfigurationError
from hermetic._settings.kinds import Variations
from hermetic._variations import catalogue
from support.documents import read


class ChosenTest(HermeticTestCase):
    def names(self, text):
        return [variation.name for variation in catalogue.chosen_variations(text, "--vary")]

    def test_subjects_and_names_choose(self):
        self.assertEqual(self.names("umask"), ["umask=077", "umask=000"])
        self.assertEqual(self.names("umask=000, hash-seed=2"), ["hash-seed=2", "umask=000"])
        on_request = [name for name in catalogue.BY_NAME if name.startswith("python=")]
        self.assertEqual(sorted([*self.names("all"), *on_request]), sorted(catalogue.BY_NAME))
        self.assertEqual(self.names("python"), on_request)

    def test_an_unknown_name_gets_the_nearest_one(self):
        for wrong, near in (("timezones", "timezone"), ("umask=07", "umask=077")):
            with self.assertRaisesRegex(ConfigurationError, rf"--vary '{wrong}' is not a list.*did you mean {near}\?"):
                self.names(wrong)

    def test_lists_are_told_from_names_of_tests(self):
        for word in ("timezone", "timezone,order", "hash-seed=2", "all", "list"):
            self.assertTrue(Variations().parse(word), word)
        for word in ("", "tests.test_x", "discover", "-v", "tests"):
            self.assertIsNone(Variations().parse(word), word)

    def test_the_words_of_the_option_are_the_subjects(self):
        subjects = dict.fromkeys(variation.subject for variation in catalogue.ALL)
        self.assertEqual(Variations.words, ("all", "list", *subjects))

    def test_each_subject_has_its_remedy(self):
        described = re.findall(r"^## (.+)$", read("docs", "reference", "variations.md"), re.MULTILINE)
        self.assertEqual([*Variations.words], ["all", "list", *described])

    def test_names_are_unique_and_can_be_typed(self):
        self.assertEqual(len(catalogue.BY_NAME), len(catalogue.ALL))
        for name in catalogue.BY_NAME:
            self.assertRegex(name, r"\A[a-z-]+=[\w+/.-]+\Z")


class BatchesTest(HermeticTestCase):
    def test_each_variation_is_in_one_batch_with_those_that_fit(self):
        packed = catalogue.batches(catalogue.ALL)
        self.assertCountEqual([variation for batch in packed for variation in batch], catalogue.ALL)
        for batch in packed:
            self.assertTrue(catalogue.can_join(batch))
            self.assertTrue(len(batch) == 1 or not any(variation.is_apart for variation in batch))

    def test_sets_of_names_are_joined_in_the_order_of_the_catalogue(self):
        self.assertEqual(catalogue.joined(("umask=077",), ("ci=set",)), ("ci=set", "umask=077"))
        self.assertIsNone(catalogue.joined(("umask=077",), ("umask=000",)))
        self.assertIsNone(catalogue.joined(("umask=077",), ("optimize=OO",)))

    def test_values_of_one_subject_exclude_each_other(self):
        for one, other in itertools.combinations(catalogue.ALL, 2):
            if one.subject == other.subject:
                self.assertFalse(catalogue.can_join([one, other]), (one.name, other.name))
        self.assertFalse(catalogue.can_join(catalogue.chosen_variations("date=leap-day,stdin=closed", "--vary")))
        self.assertTrue(catalogue.can_join(catalogue.chosen_variations("umask=077,hash-seed=1", "--vary")))

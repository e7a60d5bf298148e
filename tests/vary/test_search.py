"""The search for causes, compared with a brute-force search; pairs of runs."""

from __future__ import annotations

import itertools
import math
import random

from hermetic import HermeticTestCase, medium
from hermetic._vary import search
from support.properties import given, st

NAMES = tuple("abcdefghijklmnop")


class Suite:
    """Tests whose verdicts change under sets of variations.

    Args:
        needs: by each test, the sets of which one is enough.
    """

    def __init__(self, needs):
        self.needs = needs
        self.runs = []

    def try_all(self, asked):
        self.runs += asked
        return {names: [test for test in tests if self.changes(test, names)] for names, tests in asked.items()}

    def changes(self, test, names):
        return any({*needed} <= {*names} for needed in self.needs[test])


def found_by(needs, names=NAMES):
    suite = Suite(needs)
    return search.causes(dict.fromkeys(needs, names), suite.try_all), suite


class CausesTest(HermeticTestCase):
    def test_each_test_gets_its_own_cause(self):
        needs = {number: [(NAMES[number],)] for number in range(len(NAMES))}
        found, _ = found_by(needs)
        self.assertEqual(found, {number: (NAMES[number],) for number in needs})

    def test_tests_with_one_cause_share_all_runs(self):
        found, suite = found_by({number: [("g",)] for number in range(100)})
        self.assertEqual({*found.values()}, {("g",)})
        self.assertLessEqual(len(suite.runs), math.log2(len(NAMES)) + 1)

    def test_two_that_are_needed_together_are_found(self):
        pairs = [*itertools.combinations(NAMES, 2)]
        found, _ = found_by({pair: [pair] for pair in pairs})
        self.assertEqual(found, {pair: pair for pair in pairs})

    def test_verdicts_that_contradict_each_other_end_the_search(self):
        for seed in range(200):
            draw = random.Random(seed)
            found = search.causes(
                {"random": NAMES}, lambda asked, draw=draw: {names: ["random"] * draw.randint(0, 1) for names in asked}
            )
            self.assertLessEqual({*found["random"]}, {*NAMES})

    def test_each_test_has_its_own_candidates(self):
        suite = Suite({"one": [("a",)], "other": [("b",)]})
        self.assertEqual(
            search.causes({"one": ("a", "c"), "other": ("b", "d", "e")}, suite.try_all),
            {"one": ("a",), "other": ("b",)},
        )


@medium
class PropertyTest(HermeticTestCase):
    @given(st.dictionaries(st.integers(0, 20), st.sets(st.sampled_from(NAMES), min_size=1, max_size=4), max_size=8))
    def test_the_smallest_set_is_found_for_each_test(self, needs):
        found, _ = found_by({test: [tuple(needed)] for test, needed in needs.items()})
        self.assertEqual(found, {test: tuple(sorted(needed)) for test, needed in needs.items()})

    @given(st.lists(st.sets(st.sampled_from(NAMES[:6]), min_size=1), min_size=1, max_size=4))
    def test_of_several_causes_one_is_found_that_has_nothing_needless(self, causes):
        found, suite = found_by({"test": [tuple(cause) for cause in causes]})
        part = found["test"]
        self.assertTrue(suite.changes("test", part))
        for name in part:
            self.assertFalse(suite.changes("test", [other for other in part if other != name]))


def never(one, other):
    return None


def always(one, other):
    return tuple(sorted({*one, *other}))


class ConfirmationTest(HermeticTestCase):
    def test_a_cause_that_shows_each_time_is_steady(self):
        suite = Suite({"test": [("a",)]})
        found = search.confirmed({"test": ("a",)}, suite.try_all, never)["test"]
        self.assertTrue(found.is_steady)
        self.assertEqual((found.shown, found.runs), (search.PAIRS, search.PAIRS))
        self.assertEqual(suite.runs, [(), ("a",)] * search.PAIRS)  # taking turns

    def test_the_first_contradiction_ends_the_pairs_of_a_test(self):
        suite = Suite({"test": [], "other": [("a",)]})
        found = search.confirmed({"test": ("a",), "other": ("a",)}, suite.try_all, never)
        self.assertFalse(found["test"].is_steady)
        self.assertEqual((found["test"].shown, found["test"].runs), (0, 1))
        self.assertTrue(found["other"].is_steady)

    def test_a_test_that_changes_without_its_set_is_random(self):
        suite = Suite({"test": [()]})
        found = search.confirmed({"test": ("a",)}, suite.try_all, never)["test"]
        self.assertTrue(found.is_random)
        self.assertFalse(found.is_steady)

    def test_without_sets_nothing_runs(self):
        self.assertEqual(search.confirmed({}, lambda _: self.fail("a run"), never), {})

    def test_sets_that_fit_together_share_their_runs(self):
        suite = Suite({name: [(name,)] for name in NAMES})
        found = search.confirmed({name: (name,) for name in NAMES}, suite.try_all, always)
        self.assertTrue(all(found[name].is_steady for name in NAMES))
        self.assertEqual(len(suite.runs), 2 * search.PAIRS)
        for one, other in itertools.permutations(NAMES, 2):
            self.assertTrue(any(one in names and other not in names for names in suite.runs))

    def test_sets_that_share_a_variation_or_exclude_each_other_share_no_runs(self):
        for sets, join in (({"x": ("a", "b"), "y": ("b", "c")}, always), ({"x": ("a",), "y": ("b",)}, never)):
            suite = Suite({test: [names] for test, names in sets.items()})
            found = search.confirmed(sets, suite.try_all, join)
            self.assertTrue(all(one.is_steady for one in found.values()))
            self.assertEqual({*suite.runs}, {(), *sets.values()})

    def test_a_test_that_depends_on_another_set_is_not_confirmed(self):
        for wrong, right in itertools.permutations(NAMES, 2):
            suite = Suite({name: [(right if name == wrong else name,)] for name in NAMES})
            found = search.confirmed_together({name: (name,) for name in NAMES}, suite.try_all, always)
            self.assertEqual([name for name in NAMES if not found[name].is_steady], [wrong])

    def test_a_test_whose_effect_another_set_hides_gets_pairs_of_its_own(self):
        suite = Suite({"a": [("a",)], "b": [("b",)]})
        suite.changes = lambda test, names: test in names and not (test == "a" and "b" in names)
        found = search.confirmed({"a": ("a",), "b": ("b",)}, suite.try_all, always)
        self.assertTrue(found["a"].is_steady and found["b"].is_steady)
        together = [("b",), ("a",), *[(), ("a", "b")] * (search.PAIRS - 1)]
        self.assertEqual(suite.runs, together + [(), ("a",)] * search.PAIRS)

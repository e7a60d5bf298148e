"""The bisection of several causes, compared with a brute-force search."""

from __future__ import annotations

import itertools
import math
import random

from hermetic import HermeticTestCase, medium
from hermetic._studies.bisection import smallest_part


def parts(count):
    """All parts of a sequence of that length, but for none and all of it."""
    return [part for size in range(1, count) for part in itertools.combinations(range(count), size)]


class BisectionTest(HermeticTestCase):
    def counted(self, count, has_effect):
        """What is found, and how many trials it took."""
        tried = []

        def counted(part):
            tried.append(part)
            return has_effect(part)

        found = smallest_part(count, counted)
        self.assertEqual(len(tried), len(set(tried)), "the same was tried twice")
        self.assertEqual(tried, [tuple(sorted(part)) for part in tried])
        return found, len(tried)

    def test_one_is_found_with_the_logarithm_of_the_count_and_one_trial_more(self):
        for count in (1, 2, 3, 7, 8, 9, 100, 2000):
            for needed in {0, count // 3, count - 1}:
                found, trials = self.counted(count, lambda part, needed=needed: needed in part)
                with self.subTest(count=count, needed=needed):
                    self.assertEqual(found, (needed,))
                    self.assertLessEqual(trials, math.ceil(math.log2(count)) + 1)

    def test_of_several_that_are_needed_together_all_are_found(self):
        for needed in parts(6):
            with self.subTest(needed=needed):
                found, _ = self.counted(6, lambda part, needed=needed: {*needed} <= {*part})
                self.assertEqual(found, needed)

    def test_two_of_many_take_few_trials(self):
        found, trials = self.counted(1000, lambda part: 17 in part and 803 in part)
        self.assertEqual(found, (17, 803))
        self.assertLessEqual(trials, 3 * (math.ceil(math.log2(1000)) + 2))

    def test_where_either_of_several_parts_is_enough_one_of_them_is_found(self):
        for one, other in itertools.combinations(parts(5), 2):
            found, _ = self.counted(5, lambda part, one=one, other=other: {*one} <= {*part} or {*other} <= {*part})
            with self.subTest(one=one, other=other):
                self.assertIn(found, (one, other))
                self.assertFalse(any({*each} < {*found} for each in (one, other)))

    def test_what_undoes_the_effect_is_not_among_what_is_found(self):
        # 2 does it, 4 undoes it, 6 does it where 4 has been.
        found, _ = self.counted(8, lambda part: 6 in part or (2 in part and 4 not in part))
        self.assertIn(found, ((2,), (6,)))


@medium  # there are thousands of cases
class EveryEffectTest(HermeticTestCase):
    def test_what_is_found_has_the_effect_and_nothing_of_it_can_be_left_out(self):
        generator = random.Random(3)
        cases = [(3, bits) for bits in range(2 ** len(parts(3)))]
        cases += [(count, generator.getrandbits(2**count)) for count in (4, 5, 6, 7) for _ in range(200)]
        for count, bits in cases:
            effects = {part: bool(bits >> place & 1) for place, part in enumerate(parts(count))}
            effects |= {(): False, tuple(range(count)): True}
            found = smallest_part(count, effects.__getitem__)
            with self.subTest(count=count, bits=bits):
                self.assertTrue(effects[found])
                self.assertFalse(any(effects[tuple(one for one in found if one != place)] for place in found))

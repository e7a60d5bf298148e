"""The table of sizes: each size may do at least what the smaller ones may."""

from __future__ import annotations

import itertools

import hermetic
from hermetic._base.sizes import ANYWHERE, LIMITS, LOOPBACK, NOWHERE, SIZE_NAMES, Size


class SizesTest(hermetic.HermeticTestCase):
    def test_every_size_has_a_name_and_a_row(self):
        self.assertEqual(tuple(size.value for size in Size), SIZE_NAMES)
        self.assertEqual([*LIMITS], [*Size])

    def test_a_larger_size_may_do_what_a_smaller_one_may(self):
        reach = (NOWHERE, LOOPBACK, ANYWHERE)
        rows = [(reach.index(row.network), row.processes, row.opt_in, row.time_limit) for row in LIMITS.values()]
        for smaller, larger in itertools.pairwise(rows):
            for less, more in zip(smaller, larger, strict=True):
                self.assertLessEqual(less, more)

    def test_only_small_tests_start_no_process_and_reach_no_network(self):
        self.assertEqual([size for size in Size if not LIMITS[size].processes], [Size.SMALL])
        self.assertEqual([size for size in Size if LIMITS[size].network == NOWHERE], [Size.SMALL])

    def test_the_time_limits_are_those_of_the_documentation(self):
        self.assertEqual([limits.time_limit for limits in LIMITS.values()], [1, 300, 900, 3600])

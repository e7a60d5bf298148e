"""Each test belongs to exactly one shard, and tests that share fixtures belong to the same one."""

from __future__ import annotations

import os
import re
import sys
import types
import unittest
from typing import ClassVar
from unittest import mock

import hermetic
import support
from hermetic import ConfigurationError, isolated, medium
from hermetic._settings.current_run import current_run
from hermetic._suites import shards, suite_blocks
from support import run_hermetic
from support.ordered_runs import FILES, MODULE, TESTS, OrderCase
from support.properties import given, st

setUpModule = support.some_pythons_do


def make_class(module, name, count, **attributes):
    """A TestCase class with so many tests, as if a module defined it."""
    methods = {f"test_{number}": lambda self: None for number in range(count)}
    return type(name, (unittest.TestCase,), {"__module__": module, **methods, **attributes})


def suite_of(*classes, suite=unittest.TestSuite):
    load = unittest.TestLoader().loadTestsFromTestCase
    return suite([load(cls) for cls in classes])


def shards_of(suite, count, durations=None):
    """The ids of the tests in each shard."""
    blocks = [*suite_blocks.blocks_in(suite)]
    parts = shards.parts_of(blocks, count, durations or {})
    found = [[] for _ in range(count)]
    for block in blocks:
        found[parts[suite_blocks.unit_of(block)] - 1] += [test.id() for test in suite_blocks.tests_in(block.test)]
    return found


SHAPES = st.lists(st.tuples(st.sampled_from("mn"), st.sampled_from("ABCD"), st.integers(1, 9), st.booleans()))
SECONDS = st.floats(0, 1000) | st.none()


class PropertiesTest(hermetic.HermeticTestCase):
    @given(SHAPES, st.integers(1, 12), st.lists(SECONDS, max_size=20), st.randoms())
    def test_every_test_is_in_exactly_one_shard_whatever_the_order(self, shapes, count, seconds, rnd):
        fixture = classmethod(lambda cls: None)
        classes = [make_class(module, name, size, **{"setUpClass": fixture} if fixed else {})
                   for module, name, size, fixed in shapes]  # fmt: skip
        ids = sorted(test.id() for test in suite_blocks.tests_in(suite_of(*classes)))
        durations = {name: taken for name, taken in zip(ids, seconds, strict=False) if taken is not None}
        found = shards_of(suite_of(*classes), count, durations)
        self.assertEqual(sorted(name for shard in found for name in shard), ids)
        rnd.shuffle(classes)
        again = shards_of(suite_of(*classes), count, dict(reversed(durations.items())))
        self.assertEqual([sorted(shard) for shard in again], [sorted(shard) for shard in found])

    @given(st.lists(st.integers(1, 1000), min_size=1, max_size=60), st.integers(1, 8))
    def test_no_shard_takes_longer_than_the_even_share_and_one_more_unit(self, seconds, count):
        suite = suite_of(make_class("m", "A", len(seconds)))
        durations = {f"m.A.test_{number}": float(taken) for number, taken in enumerate(seconds)}
        loads = [sum(durations[name] for name in shard) for shard in shards_of(suite, count, durations)]
        self.assertLessEqual(max(loads), sum(seconds) / count + max(seconds))


class OwnSuite(unittest.TestSuite):
    def run(self, result, debug=False):
        return super().run(result, debug)


class PlainSubclass(unittest.TestSuite):
    pass


class UnitsTest(hermetic.HermeticTestCase):
    def units_of(self, *classes, suite=unittest.TestSuite):
        return [suite_blocks.unit_of(block) for block in suite_blocks.blocks_in(suite_of(*classes, suite=suite))]

    def test_a_class_without_fixtures_can_be_parted(self):
        self.assertEqual(self.units_of(make_class("m", "A", 2)), ["m.A.test_0", "m.A.test_1"])

    def test_a_class_with_fixtures_is_kept_whole(self):
        for name in ("setUpClass", "tearDownClass"):
            cls = make_class("m", "A", 2, **{name: classmethod(lambda cls: None)})
            self.assertEqual(self.units_of(cls, hermetic.small(type("B", (cls,), {"__module__": "m"}))),
                             ["m.A"] * 2 + ["m.B"] * 2)  # fmt: skip

    def test_marks_are_no_fixtures(self):
        self.assertEqual(len(set(self.units_of(hermetic.small(make_class("m", "A", 2))))), 2)

    @mock.patch.object(current_run, "in_worker", False)  # as in the process of a run
    def test_classes_and_modules_that_share_a_process_are_kept_whole(self):
        alone, together = make_class("m", "A", 2), isolated(make_class("m", "B", 2))
        self.assertEqual(self.units_of(alone, together), ["m.A.test_0", "m.A.test_1", "m.B", "m.B"])
        with mock.patch.dict(sys.modules, m=types.ModuleType("m")):
            sys.modules["m"].__hermetic__ = isolated
            self.assertEqual(self.units_of(make_class("m", "A", 2), make_class("m", "B", 1)), ["m"] * 3)

    def test_a_module_with_fixtures_is_kept_whole(self):
        for name in ("setUpModule", "tearDownModule"):
            module = types.ModuleType("m")
            setattr(module, name, lambda: None)
            with mock.patch.dict(sys.modules, m=module):
                self.assertEqual(self.units_of(make_class("m", "A", 2), make_class("m", "B", 1)), ["m"] * 3)

    def test_a_suite_that_runs_in_its_own_way_is_kept_whole(self):
        classes = make_class("m", "A", 2), make_class("n", "B", 1)
        self.assertEqual(self.units_of(*classes, suite=OwnSuite), ["m.A.test_0"])
        self.assertEqual(len(self.units_of(*classes, suite=PlainSubclass)), 3)

    def test_functions_and_doctests_have_no_class_in_common(self):
        suite = unittest.TestSuite([unittest.FunctionTestCase(test) for test in (len, repr)])
        self.assertEqual([block.class_name for block in suite_blocks.blocks_in(suite)], ["len", "repr"])


class ParseTest(hermetic.HermeticTestCase):
    def test_a_shard_is_one_of_so_many(self):
        self.assertEqual(
            [str(shards.parse_shard(text, "--shard")) for text in ("1/1", "4/4", "2/10")], ["1/1", "4/4", "2/10"]
        )

    def test_everything_else_is_an_error_that_says_what_to_write(self):
        for text in ("0/4", "5/4", "x", "", "1", "/", "1/", "/2", "-1/2", "1/0", "0/0", "1.0/2", "1/2/3", "\u0661/2"):
            with self.subTest(text=text), self.assertRaisesRegex(ConfigurationError, "write K/N, such as 1/4"):
                shards.parse_shard(text, "--shard")


@medium
class RunTest(OrderCase):
    FILES: ClassVar = {
        **FILES,
        "test_z.py": MODULE.format("Fifth", "Sixth").replace("def setUpModule", "def no_fixture"),
    }

    def run_shards(self, count, *arguments):
        """What each shard has run, and the plans that it was made by."""
        runs = [self.run_here("--shard", f"{index}/{count}", *arguments) for index in range(1, count + 1)]
        self.assertEqual({done.returncode for _, done in runs}, {0})
        plans = {re.search(r"(?m)^Shard \d/\d: \d+ of 18 tests, plan (\w{8})$", done.stderr)[1] for _, done in runs}
        return [lines for lines, _ in runs], plans

    def test_shards_have_each_test_and_each_fixture_once(self):
        whole, _ = self.run_here()
        for count in (2, 5):
            found, plans = self.run_shards(count)
            self.assertEqual(sorted(line for lines in found for line in lines), sorted(whole))
            self.assertEqual(len(plans), 1)
        self.assertEqual(sum(not lines for lines in found), 1)  # there are four units

    def test_they_are_balanced_by_what_is_known_and_change_nothing_about_it(self):
        path = os.path.join(self.folder, ".hermetic_cache", "history.json")
        os.mkdir(os.path.dirname(path))
        slow = ", ".join(f'"{name}": {100.0 if name == TESTS[0] else 0.1}' for name in TESTS)
        text = f'{{"version": 1, "failed": [], "durations": {{{slow}}}}}'
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        (first, second), _ = self.run_shards(2)
        self.assertEqual({line.partition(".")[0].removeprefix("up ") for line in first}, {"test_x"})
        self.assertEqual({line.partition(".")[0].removeprefix("up ") for line in second}, {"test_y", "test_z"})
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), text)

    def test_it_can_be_shuffled(self):
        found, _ = self.run_shards(2, "--shuffle", "7")
        whole = self.what_ran("--shuffle", "7")
        for lines in found:
            tests = [line for line in lines if not line.startswith("up ")]
            self.assertEqual(tests, [line for line in whole if line in tests])

    def test_no_test_at_all_is_not_the_fault_of_the_shard(self):
        done = run_hermetic("discover", "--shard", "1/2", "-k", "missing", cwd=self.folder)
        self.assertEqual(done.returncode, hermetic._base.features.NO_TESTS_EXIT_STATUS)

    def test_a_wrong_shard_is_one_line_and_status_2(self):
        _, done = self.run_here("--shard", "5/4")
        self.assertEqual((done.returncode, done.stdout, len(done.stderr.splitlines())), (2, "", 1))
        self.assertIn("--shard '5/4' is not a shard", done.stderr)

"""A suite is divided into blocks, classes, and modules."""

from __future__ import annotations

import os
import sys
import types
import unittest
from unittest import mock

import hermetic
from hermetic._suites import suite_blocks, suite_tests


def case(module: str, name: str) -> type[unittest.TestCase]:
    """A class with two tests, as if a module defined it."""
    methods = {f"test_{letter}": lambda self: None for letter in "ab"}
    return type(name, (unittest.TestCase,), {"__module__": module, **methods})


def suite_of(*classes: type[unittest.TestCase], kind: type[unittest.TestSuite] = unittest.TestSuite):
    load = unittest.TestLoader().loadTestsFromTestCase
    return unittest.TestSuite([kind(load(cls)) for cls in classes])


class OwnWay(unittest.TestSuite):
    def run(self, result: unittest.TestResult, debug: bool = False) -> unittest.TestResult:
        return super().run(result, debug)


class BlocksTest(hermetic.HermeticTestCase):
    def test_each_test_of_a_plain_suite_is_one_with_its_class_and_module(self):
        blocks = [*suite_blocks.blocks_in(suite_of(case("m", "A"), case("n", "B")))]
        expected = [("m.A.test_a", "m.A", "m"), ("m.A.test_b", "m.A", "m")]
        expected += [("n.B.test_a", "n.B", "n"), ("n.B.test_b", "n.B", "n")]
        self.assertEqual([block[1:] for block in blocks], expected)

    def test_a_suite_with_a_way_of_its_own_stays_whole(self):
        (block,) = suite_blocks.blocks_in(suite_of(case("m", "A"), kind=OwnWay))
        self.assertEqual(block[1:], ("m.A.test_a", "m.A", "m"))
        self.assertEqual(suite_blocks.names_in_block(block), ["m.A.test_a", "m.A.test_b"])

    def test_a_suite_across_modules_shares_fixtures_with_nobody(self):
        load = unittest.TestLoader().loadTestsFromTestCase
        (block,) = suite_blocks.blocks_in(OwnWay([load(case("m", "A")), load(case("n", "B"))]))
        self.assertEqual(block[1:], ("m.A.test_a",) * 3)

    def test_a_function_shares_fixtures_with_nobody(self):
        def check():
            """Is a test."""

        (block,) = suite_blocks.blocks_in(unittest.FunctionTestCase(check))
        self.assertEqual({block.class_name, block.module}, {block.name})

    def test_a_module_that_could_not_be_loaded_goes_by_its_name(self):
        with mock.patch.object(sys, "path", [os.path.dirname(__file__)]):
            test = unittest.TestLoader().loadTestsFromName("shop_tests")
        (found,) = suite_tests.tests_in(test)
        self.assertTrue(suite_tests.failed_to_load(found))
        self.assertEqual(suite_tests.name_of(found), "shop_tests")
        self.assertFalse(suite_tests.failed_to_load(self))

    def test_blocks_are_grouped_in_their_order(self):
        blocks = [*suite_blocks.blocks_in(suite_of(case("m", "A"), case("n", "B"), case("m", "C")))]
        found = suite_blocks.grouped(blocks, lambda block: block.module)
        self.assertEqual({name: len(group) for name, group in found.items()}, {"m": 4, "n": 2})
        self.assertEqual([*found], ["m", "n"])

    def test_the_smallest_part_is_a_test_unless_fixtures_bind_it_to_others(self):
        (block, _) = suite_blocks.blocks_in(suite_of(case("shop_tests", "A")))
        self.assertEqual(suite_blocks.unit_of(block), "shop_tests.A.test_a")
        module = types.ModuleType("shop_tests")
        module.setUpModule = lambda: None
        with mock.patch.dict(sys.modules, shop_tests=module):
            self.assertEqual(suite_blocks.unit_of(block), "shop_tests")

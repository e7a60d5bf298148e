"""Module fixtures run in the workers if all tests of the module are isolated."""

from __future__ import annotations

import sys
import types
import unittest
from unittest import mock

import hermetic
from hermetic._running import handover


class WatchTest(hermetic.HermeticTestCase):
    def setUp(self):
        self.ran = []
        self.module = types.ModuleType("shop_tests")
        self.module.setUpModule = lambda: self.ran.append("set up")
        self.module.tearDownModule = lambda: self.ran.append("tear down")
        patch = mock.patch.dict(sys.modules, shop_tests=self.module)
        patch.start()
        self.addCleanup(patch.stop)
        handover.watch_class(type("ShopTest", (unittest.TestCase,), {"__module__": "shop_tests"}))

    def run_where(self, *, hands_over: bool, is_isolated: bool = False) -> list[str]:
        """What runs of the fixtures of the module when a runner calls them."""
        current = mock.Mock(**{"hands_tests_over.return_value": hands_over})
        groups = mock.Mock(
            **{"are_in.return_value": False, "is_wholly_isolated_module.return_value": is_isolated},
        )
        with (
            mock.patch.object(handover, "current_run", current),
            mock.patch.object(handover, "groups", groups),
        ):
            for name in ("setUpModule", "tearDownModule"):  # as runners do: from 3.14 on, `module.name` is specialized
                getattr(self.module, name)()
        return self.ran

    def test_without_isolation_they_run_as_ever(self):
        self.assertEqual(self.run_where(hands_over=False), ["set up", "tear down"])

    def test_those_of_a_module_that_is_isolated_in_part_run_here(self):
        self.assertEqual(self.run_where(hands_over=True), ["set up", "tear down"])

    def test_those_of_a_wholly_isolated_module_do_not(self):
        self.assertEqual(self.run_where(hands_over=True, is_isolated=True), [])

    def test_the_module_itself_still_has_its_own(self):
        vars(self.module)["setUpModule"]()
        self.assertEqual(self.ran, ["set up"])

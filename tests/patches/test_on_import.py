"""Functions that are called when a module is imported."""

from __future__ import annotations

import importlib.util
import sys
import unittest
from unittest import mock

import hermetic
import support
from hermetic._patches.on_import import when_imported


class ImportTest(hermetic.HermeticTestCase):
    def test_a_module_that_is_being_imported_says_so(self):
        with support.Folder(**{"beginning.py": "seen = __spec__._initializing\n"}) as folder:
            with mock.patch.object(sys, "path", [folder, *sys.path]):
                module = importlib.import_module("beginning")
        self.addCleanup(sys.modules.pop, "beginning")
        self.assertEqual((module.seen, getattr(module.__spec__, "_initializing", False)), (True, False))

    def test_a_loader_takes_another_exec_module(self):
        loader = importlib.util.find_spec("multiprocessing.spawn").loader
        loader.exec_module = lambda module: None
        self.assertIn("exec_module", vars(loader))


class WhenImportedTest(hermetic.HermeticTestCase):
    def test_a_module_that_is_there_is_used_now(self):
        used = []
        when_imported("unittest", used.append)
        self.assertEqual(used, [unittest])

    def test_another_one_is_used_once_it_has_been_executed(self):
        used = []
        when_imported("arriving", lambda module: used.append(module.VALUE))
        cancel = when_imported("arriving", lambda _: used.append("cancelled"))
        cancel()
        with support.Folder(**{"arriving.py": "VALUE = 5\n"}) as folder:
            with mock.patch.object(sys, "path", [folder, *sys.path]):
                self.assertEqual(used, [])
                importlib.import_module("arriving")
        self.addCleanup(sys.modules.pop, "arriving")
        self.assertEqual(used, [5])

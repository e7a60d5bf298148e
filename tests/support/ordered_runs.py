"""Runs a suite of four classes in two modules, and returns the order of its tests."""

from __future__ import annotations

import os
import unittest
from typing import ClassVar

from support import Folder, run_hermetic

# Two classes with a fixture each, in two modules with a fixture each; what runs is printed as it does.
MODULE = """
    import os, unittest

    def setUpModule():
        print("up", __name__)

    class {0}(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            print("up", __name__ + "." + cls.__name__)

        def setUp(self):
            print(self.id())

        def test_a(self):
            self.assertNotIn(self.id(), os.environ.get("FAILING", ""))

        test_b = test_c = test_a

    class {1}({0}):
        pass
"""
FILES = {"test_x.py": MODULE.format("First", "Second"), "test_y.py": MODULE.format("Third", "Fourth")}
CLASSES = ["test_x.First", "test_x.Second", "test_y.Fourth", "test_y.Third"]
TESTS = [f"{cls}.test_{letter}" for cls in CLASSES for letter in "abc"]


class FolderCase(unittest.TestCase):
    """Has a folder with files, in which its tests run programs."""

    FILES: ClassVar = FILES

    def setUp(self):
        folder = Folder(**self.FILES)
        self.folder = os.path.realpath(folder.__enter__())
        self.addCleanup(folder.__exit__)


class OrderCase(FolderCase):
    """Has a folder with the sample."""

    def run_here(self, *arguments, failing="", **kwargs):
        """What was set up and run, in that order, and the finished process."""
        env = {"FAILING": failing, **kwargs.pop("env", {})}
        done = run_hermetic("discover", *arguments, cwd=self.folder, env=env, **kwargs)
        return done.stdout.splitlines(), done

    def what_ran(self, *arguments, **kwargs):
        lines, _ = self.run_here(*arguments, **kwargs)
        return [line for line in lines if not line.startswith("up ")]

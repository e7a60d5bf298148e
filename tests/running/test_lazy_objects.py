"""hermetic does not evaluate lazy objects in test modules."""

from __future__ import annotations

import unittest

from hermetic import medium
from support import Folder, run_hermetic, run_python, unmeasured_processes

setUpModule = unmeasured_processes

_LAZY = """
import sys, types, unittest
import hermetic

class Lazy:
    def evaluate(self, *args):
        raise RuntimeError("evaluated")
    __class__ = __dict__ = property(evaluate)
    __getattr__ = __eq__ = __bool__ = __len__ = __iter__ = evaluate
    __hash__ = None

class LazyModule(types.ModuleType):
    def __getattribute__(self, name):
        if name not in ("__spec__", "__file__", "__name__"):  # what Python's own machinery asks for
            raise RuntimeError(f"loaded by {name}")
        return None

settings = Lazy()
sys.modules["lazy_settings"] = settings
sys.modules["lazy_module"] = LazyModule("lazy_module")

class Base(unittest.TestCase):
    settings = settings

    def test_inherited(self):
        pass
"""
_TESTS = """
import unittest
import hermetic
import lazy

class T(lazy.Base):
    lazy = lazy.settings

    @hermetic.MARK
    def test_nothing(self):
        pass

@hermetic.small
def takes(thing):
    return "taken"

class Calls(unittest.TestCase):
    def test_a_marked_function_takes_it(self):
        self.assertEqual("taken", takes(lazy.settings))
"""


@medium
class LazyObjectsTest(unittest.TestCase):
    def assert_passes(self, *arguments, mark="small", run=run_hermetic, env=None):
        with Folder(**{"lazy.py": _LAZY, "test_lazy.py": _TESTS.replace("MARK", mark)}) as folder:
            done = run(*arguments, "test_lazy", cwd=folder, env=env)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertNotIn("evaluated", done.stderr)

    def test_a_marked_test_passes(self):
        self.assert_passes()

    def test_a_marked_test_passes_under_unittest(self):
        self.assert_passes("-m", "unittest", run=run_python)

    def test_an_isolated_test_passes(self):
        self.assert_passes(mark="isolated")

    def test_tests_in_parallel_pass(self):
        self.assert_passes("-j", "2")

    def test_tests_pass_where_everything_is_forbidden(self):
        self.assert_passes(env={"HERMETIC_FORBID": "filesystem,sleep,database", "HERMETIC_DEFAULT_SIZE": "small"})

    def test_a_survey_passes(self):
        self.assert_passes("--survey")

    def test_tests_whose_leaks_are_looked_for_pass(self):
        self.assert_passes("--detect-leaks", "--leaks", "error")

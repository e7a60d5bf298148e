"""A mark without effect is an error when the class is defined."""

from __future__ import annotations

import functools
import sys
import textwrap
import types
import unittest
from unittest import mock

import hermetic
from hermetic import DecorationError, allow, isolated, medium, small
from support import Folder, run_hermetic, run_python

MARKS = {"@small": small, "@isolated": isolated, "@allow(processes=['true'])": allow(processes=["true"])}


def define(source: str, **names: object) -> types.ModuleType:
    """A module, imported from its text."""
    module = types.ModuleType("defined")
    vars(module).update(unittest=unittest, functools=functools, mock=mock, hermetic=hermetic, **names)
    sys.modules["defined"] = module
    try:
        exec(compile(textwrap.dedent(source), "defined.py", "exec"), vars(module))
    finally:
        del sys.modules["defined"]
    return module


@medium
class RefusedTest(unittest.TestCase):
    def assert_refused(self, source, place, *parts):
        """Every kind of mark is an error in the place that the text names."""
        for shown, mark in MARKS.items():
            with self.subTest(mark=shown), self.assertRaises(DecorationError) as caught:
                define(source, mark=mark)
            for part in (shown, f"has no effect on defined.{place}:", *parts):
                self.assertIn(part, str(caught.exception))

    def test_on_a_fixture(self):
        for name in ("setUp", "tearDown", "asyncSetUp", "asyncTearDown", "setUpClass", "tearDownClass"):
            source = f"class T(unittest.TestCase):\n    @mark\n    def {name}(self): pass\n"
            self.assert_refused(source, f"T.{name}", "mark the class or its tests")

    def test_on_a_fixture_that_is_a_class_method_or_a_static_method(self):
        for order in ("@classmethod\n    @mark", "@mark\n    @classmethod", "@staticmethod\n    @mark"):
            source = f"class T(unittest.TestCase):\n    {order}\n    def setUpClass(cls=None): pass\n"
            self.assert_refused(source, "T.setUpClass", "fixture")

    def test_on_a_fixture_of_djangos(self):
        source = "class T(unittest.TestCase):\n    @classmethod\n    @mark\n    def setUpTestData(cls): pass\n"
        self.assert_refused(source, "T.setUpTestData", "fixture")

    def test_on_an_asynchronous_fixture(self):
        source = "class T(unittest.IsolatedAsyncioTestCase):\n    @mark\n    async def asyncSetUp(self): pass\n"
        self.assert_refused(source, "T.asyncSetUp", "fixture")

    def test_on_a_helper_method(self):
        for name in ("helper", "_helper", "a_test", "Test_it", "tests".upper(), "run", "shortDescription"):
            source = f"class T(unittest.TestCase):\n    @mark\n    def {name}(self): pass\n"
            self.assert_refused(source, f"T.{name}", "mark the tests that call it", "begin with 'test'")

    def test_on_a_helper_of_a_mixin_once_a_test_case_inherits_it(self):
        source = "class Mixin:\n    @mark\n    def setUp(self): pass\nclass T(Mixin, unittest.TestCase): pass\n"
        self.assert_refused(source, "Mixin.setUp")

    def test_on_a_helper_of_a_hermetic_test_case(self):
        self.assert_refused("class T(hermetic.HermeticTestCase):\n    @mark\n    def helper(self): pass\n", "T.helper")

    def test_below_other_decorators(self):
        for other in ("property", "functools.cached_property", "functools.lru_cache", "mock.patch('os.getcwd')"):
            source = f"class T(unittest.TestCase):\n    @{other}\n    @mark\n    def helper(self, *_): pass\n"
            self.assert_refused(source, "T.helper")

    def test_in_a_module_that_has_the_names_of_unittest_and_uses_none(self):
        source = "from unittest import *\nclass T(TestCase):\n    @mark\n    def helper(self): pass\n"
        self.assert_refused(source, "T.helper")

    def test_in_a_partial_method_even_with_the_name_of_a_test(self):
        source = """
        class T(unittest.TestCase):
            test_1 = functools.partialmethod(mark(lambda self, number: None), 1)
        """
        self.assert_refused(source, "T.test_1")

    def test_isolated_on_a_fixture_of_a_module(self):
        for name in ("setUpModule", "tearDownModule", "load_tests"):
            with self.assertRaisesRegex(DecorationError, rf"@isolated on defined.{name}: .*__hermetic__"):
                define(f"@hermetic.isolated\ndef {name}(): pass\n")


@small
class AcceptedTest(unittest.TestCase):
    def assert_accepted(self, source):
        for mark in MARKS.values():
            define(source, mark=mark)

    def test_on_what_a_loader_takes_as_a_test(self):
        for name in ("test", "test_it", "testIt", "runTest"):
            self.assert_accepted(f"class T(unittest.TestCase):\n    @mark\n    def {name}(self): pass\n")

    def test_on_a_method_with_the_name_of_a_test_besides_its_own(self):
        self.assert_accepted("class T(unittest.TestCase):\n    @mark\n    def check(self): pass\n    test_it = check\n")

    def test_on_a_method_that_a_patched_test_calls(self):
        self.assert_accepted("""
        class T(unittest.TestCase):
            @mark
            def check(self, *_): pass
            test_it = mock.patch("os.getcwd")(check)
        """)

    def test_on_a_method_of_a_mixin_that_is_a_test_in_the_class(self):
        self.assert_accepted("""
        class Mixin:
            @mark
            def check(self): pass
        class T(Mixin, unittest.TestCase):
            test_it = Mixin.check
        """)

    def test_on_a_class_method_or_a_static_method_that_is_no_fixture(self):
        for kind in ("classmethod", "staticmethod"):
            self.assert_accepted(f"class T(unittest.TestCase):\n    @{kind}\n    @mark\n    def help(*_): pass\n")

    def test_on_methods_of_other_classes_and_on_functions(self):
        self.assert_accepted("class C:\n    @mark\n    def setUp(self): pass\n@mark\ndef helper(): pass\n")

    def test_a_size_on_a_fixture_of_a_module(self):
        define("@hermetic.small\ndef setUpModule(): pass\n")

    def test_with_the_prefix_of_a_loader(self):
        source = "class T(unittest.TestCase):\n    @mark\n    def check_it(self): pass\n"
        with mock.patch.object(unittest.TestLoader, "testMethodPrefix", "check"):
            self.assert_accepted(source)
        with mock.patch.object(unittest.defaultTestLoader, "testMethodPrefix", ("spec", "check"), create=True):
            self.assert_accepted(source)
        loader = type("Loader", (unittest.TestLoader,), {"testMethodPrefix": "check"})
        self.assert_accepted(source)
        self.assertEqual("check", loader.testMethodPrefix)  # it lives until here

    def test_in_a_module_that_builds_suites_even_below_the_class(self):
        method = "class T(unittest.TestCase):\n    @mark\n    def check_it(self): pass\n"
        for rest in (
            "def load_tests(loader, tests, pattern): return tests",
            "def suite(): return unittest.TestSuite([T('check_it')])",
            "loader = unittest.TestLoader()\nloader.testMethodPrefix = 'check'",
        ):
            with self.subTest(rest):
                self.assert_accepted(method + rest)

    def test_in_a_class_that_a_load_tests_function_makes(self):
        module = define("""
        def load_tests(loader, tests, pattern):
            class T(unittest.TestCase):
                @hermetic.small
                def check_it(self): pass
            return unittest.TestSuite([T("check_it")])
        """)
        with mock.patch.dict(sys.modules, defined=module):
            self.assertEqual(1, module.load_tests(None, None, None).countTestCases())

    def test_a_fixture_is_refused_there_all_the_same(self):
        with self.assertRaisesRegex(DecorationError, "T.setUp"):
            define("class T(unittest.TestCase):\n    @hermetic.small\n    def setUp(self): pass\nload_tests = None\n")


_MISSPELT = ("__hermetc__", "__Hermetic__", "_hermetic_", "__hermetics__", "__hermetic", "__hermeitc__", "__HERMETIC__")
_TEST = "class T(unittest.TestCase):\n    def test_it(self): pass\n"


@medium
class MisspeltAttributeTest(unittest.TestCase):
    def test_above_a_class_it_is_an_error_of_the_import(self):
        for name in _MISSPELT:
            for value in ("hermetic.small", "[hermetic.isolated]", "(hermetic.medium,)"):
                with self.assertRaisesRegex(DecorationError, rf"module defined: {name} = .*; write __hermetic__"):
                    define(f"{name} = {value}\n{_TEST}")

    def test_in_a_class_it_is_an_error_of_the_import(self):
        for name in ("__hermetc__", "_hermetic_"):
            with self.assertRaisesRegex(DecorationError, rf"class T: {name} = @small has no effect"):
                define(f"{_TEST}    {name} = hermetic.small\n")

    def test_below_a_class_it_is_an_error_of_its_tests(self):
        for arguments in (("-m", "unittest"), ("-m", "hermetic"), ("-m", "hermetic", "--isolated")):
            with Folder(
                **{"test_it.py": f"import unittest, hermetic\n{_TEST}__hermetc__ = hermetic.small\n"}
            ) as folder:
                done = run_python(*arguments, "test_it", cwd=folder)
            self.assertIn("DecorationError: module test_it: __hermetc__ = @small", done.stderr)
            self.assertEqual(1, done.returncode)

    def test_names_that_only_resemble_it_are_left_alone(self):
        for line in (
            "import hermetic as _hermetic",
            "_hermetic_folder = 'x'",
            "hermetics = [hermetic.small]",
            "__hermes__ = 1",
            "_hermetic_ = 1",
            "_mark = __hermetic__ = hermetic.small",
            "_hermetic = __hermetic__ = hermetic.small",
        ):
            with self.subTest(line):
                define(f"{line}\n{_TEST}")


@medium
class RunTest(unittest.TestCase):
    def test_the_module_is_one_error_and_the_others_run(self):
        files = {
            "test_marked.py": "import unittest, hermetic\n" + _TEST.replace("    def", "    @hermetic.small\n    def"),
            "test_misplaced.py": "import unittest, hermetic\n"
            + _TEST.replace("def test_it", "@hermetic.small\n    def setUp"),
        }
        for arguments in (("discover",), ("test_marked", "test_misplaced")):
            with self.subTest(arguments), Folder(**files) as folder:
                done = run_hermetic(*arguments, cwd=folder)
                self.assertIn("DecorationError: @small has no effect on test_misplaced.T.setUp: a fixture", done.stderr)
                self.assertIn("Ran 2 tests", done.stderr)
                self.assertEqual(1, done.returncode)

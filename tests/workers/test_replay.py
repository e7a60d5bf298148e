"""A run prints the same and exits the same with and without isolation.

Three differences are meant, and each has a test at the end.
"""

from __future__ import annotations

import re
import sys
import unittest

import support
from hermetic import medium
from hermetic._base import features
from support.transcripts import OutcomeTranscripts, SampleCase, normalised

setUpModule = support.some_pythons_do

KINDS = """
import logging, sys, unittest, warnings
import helper

class Own(Exception):
    def __init__(self, a, b):
        super().__init__(a, b)

class Lying(Exception):
    def __str__(self): raise ValueError("no text")

class Multi(ValueError):
    def __str__(self): return "first\\nsecond\\n"

class Empty(Exception):
    def __str__(self): return ""

class Quoted(KeyError): pass
class OwnFailure(AssertionError): pass
class Below(OwnFailure): pass
class OwnWarning(UserWarning): pass

class Shown:
    def __repr__(self): return "Shown()"

class Unshown:
    def __repr__(self): raise ValueError("no repr")

class ExceptionsTest(unittest.TestCase):
    def test_own(self): raise Own(1, b="x")
    def test_lying(self): raise Lying("x")
    def test_multi(self): raise Multi
    def test_empty(self): raise Empty
    def test_own_failure(self): raise OwnFailure("sub")
    def test_local(self):
        class Local(Exception): pass
        raise Local("local")
    def test_of_no_module(self): raise type("Bare", (Exception,), {"__module__": "builtins"})("x")
    def test_of_programs(self):
        class Ending(BaseException): pass
        raise Ending("e")
    def test_generator_exit(self): raise GeneratorExit
    def test_exit(self): sys.exit("bye")
    def test_key(self): {}["x\\ny"]
    def test_keys(self): raise KeyError("a", "b")
    def test_quoted(self): raise Quoted("quoted")
    def test_file(self): open("/there/is/none")
    def test_os_error(self): raise OSError(2, "no", "file")
    def test_bare(self): raise OSError
    def test_refused(self): raise ConnectionRefusedError(111, "refused")
    def test_decode(self): b"\\xff".decode("utf-8")
    def test_encode(self): "\\ud800".encode("utf-8")
    def test_stop(self): raise StopIteration(5)
    def test_two_arguments(self): raise ValueError("a", 2)
    def test_no_text(self): raise AssertionError
    def test_assert(self): assert 1 == 2, ("tuple", 1)
    def test_characters(self): raise ValueError("\\x1b[31mred\\x00\\ud800 \\ud83d\\ude00")
    def test_name(self): lenn([])
    def test_name_of_a_local(self):
        something = 1
        somethin
    def test_name_of_several_lines(self): raise NameError("two: \\nlines: x\\n")
    def test_attribute(self): [].appendd
    def test_own_attribute(self): self.asertEqual(1, 2)
    def test_attribute_of_an_object(self): raise AttributeError("text", name="x", obj=object())
    def test_import(self): import jsonn
    def test_import_from(self): from json import dumpz
    def test_import_error(self): raise ImportError("text", name="n", path="p")
    def test_syntax(self): compile("a b\\n", "<text>", "exec")
    def test_syntax_in_exec(self): exec("def f():\\n    return (1\\n")
    def test_indentation(self): compile("if 1:\\nx\\n", "x.py", "exec")
    def test_eval(self): eval("unknown + 1")
    def test_without_source(self): exec(compile("\\n\\nraise ValueError('x')", "/no/such/file.py", "exec"))

class ChainsTest(unittest.TestCase):
    def test_cause(self):
        try:
            try: 1 / 0
            except ZeroDivisionError: {}["second"]
        except KeyError as error: raise Own("third", 3) from error
    def test_context(self):
        try: 1 / 0
        except ZeroDivisionError: self.fail("while handling")
    def test_from_none(self):
        try: 1 / 0
        except ZeroDivisionError: raise Own("alone", 2) from None
    def test_loop(self):
        a, b = ValueError("a"), ValueError("b")
        a.__cause__, b.__cause__ = b, a
        raise a
    @unittest.skipIf(sys.version_info < (3, 11), "notes")
    def test_notes(self):
        error = ValueError("noted")
        error.add_note("one\\ntwo")
        error.__notes__ += [5, None]
        raise error
    @unittest.skipIf(sys.version_info < (3, 12), "3.11 forgets a line break")
    def test_notes_that_are_none(self):
        error = ValueError("noted")
        error.__notes__ = 5
        raise error
    @unittest.skipIf(sys.version_info < (3, 11), "groups")
    def test_group(self):
        def raised(number):
            try: raise ValueError(number)
            except ValueError as error: return error
        nested = ExceptionGroup("nested", [raised(2), KeyError("x")])
        raise ExceptionGroup("several", [raised(1), nested, OSError(2, "n")])
    @unittest.skipIf(sys.version_info < (3, 11), "groups")
    def test_base_group(self): raise BaseExceptionGroup("base", [GeneratorExit("x"), ValueError(1)])

class AssertionsTest(unittest.TestCase):
    def test_helper(self): helper.check(self, False)
    def test_comprehension(self): (lambda: [1 / x for x in (1, 0)])()
    def test_several_lines(self):
        self.assertEqual(
            {"a": 1, "b": [1, 2, 3]},
            {"a": 1,
             "b": [1, 2, 4]},
            "a message",
        )
    def test_long_diff(self): self.assertEqual(list(range(300)), list(range(1, 301)))
    def test_whole_diff(self):
        self.maxDiff = None
        self.assertEqual("\\n".join(map(str, range(300))), "\\n".join(map(str, range(1, 301))))
    def test_long_text(self): raise ValueError("x" * 100_000)
    def test_raises_nothing(self):
        with self.assertRaises(ValueError): pass
    def test_raises_another_text(self):
        with self.assertRaisesRegex(ValueError, "x+"): raise ValueError("y")
    def test_logs(self):
        with self.assertLogs(): pass
    def test_logging(self): logging.getLogger("x").warning("logged")
    def test_print(self):
        print("gr\u00fc\u00dfe \u20ac")
        print("error", file=sys.stderr, end="")
        self.assertEqual("\u00fc", "u")
    def test_locals(self):
        shown, long = Shown(), "x" * 100
        if sys.version_info >= (3, 12): unshown = Unshown()
        self.fail("after locals")

class VerdictsTest(unittest.TestCase):
    @unittest.expectedFailure
    def test_expected_error(self): 1 / 0
    @unittest.expectedFailure
    def test_expected_subtest(self):
        with self.subTest(a=1): self.fail()
    @unittest.expectedFailure
    def test_expected_skip(self): self.skipTest("in spite")
    def test_skip_without_reason(self): self.skipTest("")
    def test_skip_without_text(self): raise unittest.SkipTest
    def test_skip_of_lines(self): self.skipTest("one\\ntwo")
    def test_skip_of_arguments(self): raise unittest.SkipTest(5, 6)
    def test_subtests(self):
        with self.subTest(Shown(), a=Shown(), b="x\\ny"): self.fail()
        with self.subTest(): 1 / 0
        with self.subTest("\u00e9"): self.skipTest("s")
        with self.subTest(a=1):
            print("nested")
            with self.subTest(b=2): self.fail("nested")
        print("then")
        with self.subTest(""): self.fail("empty message")
    def test_subtest_and_end(self):
        with self.subTest(a=1): self.fail("in")
        self.fail("after")
    def test_subtest_and_skip(self):
        with self.subTest(a=1): self.fail("in")
        self.skipTest("after")
    def test_subtests_that_pass(self):
        for number in range(3):
            with self.subTest(number=number): pass
    def test_own_warning(self): warnings.warn("own", OwnWarning)
    def test_warning_elsewhere(self): warnings.warn("two\\nlines", stacklevel=2)
    def test_warning_of_a_file(self): warnings.warn_explicit("explicit", DeprecationWarning, "/none.py", 3)

class FixturesTest(unittest.TestCase):
    def setUp(self):
        if "skip" in self._testMethodName: self.skipTest("in setUp")
        self.addCleanup(self.clean, 1)
        self.addCleanup(self.clean, 2)
    def tearDown(self):
        if "teardown" in self._testMethodName: self.skipTest("in tearDown")
    def clean(self, number):
        if "clean" in self._testMethodName: raise ValueError(number)
        if "leave" in self._testMethodName: raise unittest.SkipTest(f"cleanup {number}")
    def test_skip(self): pass
    def test_clean(self): pass
    def test_clean_and_fail(self): self.fail()
    @unittest.expectedFailure
    def test_clean_expected(self): self.fail()
    def test_leave(self): pass
    def test_teardown(self): pass

class NamesTest(unittest.TestCase):
    def __str__(self): return "own str"
    def id(self): return "own id"
    def shortDescription(self): return "own description"
    def test_failure(self): self.fail()
    def test_subtest(self):
        with self.subTest(a=1): self.fail()
    def test_skip(self): self.skipTest("z")

class OwnFailureTest(unittest.TestCase):
    longMessage = False
    failureException = OwnFailure
    def test_assertion(self): self.assertEqual(1, 2, "m")
    def test_subtest(self):
        with self.subTest(1): self.assertEqual(1, 2, "m")
    def test_another(self): assert 0
    def test_one_below(self): raise Below("below")
    def test_subtest_of_one_below(self):
        with self.subTest(1): raise Below("below")
"""
HELPER = """
__unittest = True
def check(self, value):
    self.assertTrue(value, "checked by a helper")
"""
MARKED = """
import sys, unittest
from hermetic import isolated

class Printing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print("setUpClass", cls.__name__)
        cls.addClassCleanup(print, "class cleanup", cls.__name__)
    @classmethod
    def tearDownClass(cls): print("tearDownClass", cls.__name__)
    def test_a(self): print("a")
    def test_b(self):
        print("b")
        print("b", file=sys.stderr)
        self.fail("after printing")

@isolated
class GoodTest(Printing): pass

@isolated
class SetUpFailsTest(Printing):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        raise ValueError("in setUpClass")

@isolated("group")
class SetUpSkipsTest(Printing):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        raise unittest.SkipTest("in setUpClass")

@isolated("group")
class TearDownFailsTest(Printing):
    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        raise ValueError("in tearDownClass")

@isolated
class CleanupFailsTest(Printing):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(int, "x")

@isolated
class BothFailTest(TearDownFailsTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(int, "x")
del Printing
"""
MODULE = """
import unittest
from hermetic import isolated
__hermetic__ = isolated

def setUpModule():
    print("setUpModule")
    unittest.addModuleCleanup(print, "module cleanup")
    {set_up}

def tearDownModule():
    print("tearDownModule")
    {tear_down}

class ATest(unittest.TestCase):
    def test_a(self): print("a")
    def test_b(self): self.fail("b")
class BTest(unittest.TestCase):
    def test_c(self): self.skipTest("c")
"""
MODULES = {
    "good": ("pass", "pass"),
    "set_up_fails": ("raise ValueError('in setUpModule')", "pass"),
    "set_up_skips": ("raise unittest.SkipTest('in setUpModule')", "pass"),
    "tear_down_fails": ("pass", "raise ValueError('in tearDownModule')"),
    "cleanup_fails": ("unittest.addModuleCleanup(int, 'x')", "pass"),
}
EXPLAINED = """
import unittest

class RecursionTest(unittest.TestCase):
    def test_recursion(self):
        def endless(): endless()
        endless()

class ResourceTest(unittest.TestCase):
    def test_resource(self): open(__file__)
"""


# Tests run in other processes: each in its own, but these start slowly on Windows, where all are fresh interpreters.
ELSEWHERE = ("-j", "2") if features.WINDOWS else ("--isolated",)


class FidelityCase(SampleCase):
    """Runs samples with their tests in other processes, and in one process."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        files = {"test_kinds.py": KINDS, "helper.py": HELPER, "test_marked.py": MARKED, "explained.py": EXPLAINED}
        for name, (set_up, tear_down) in MODULES.items():
            files[f"marked_{name}.py"] = MODULE.format(set_up=set_up, tear_down=tear_down)
        support.write_files(cls.folder, files)

    def run_sample(self, *arguments, flags=(), env=None):
        done = support.run_python(*flags, "-m", "hermetic", *arguments, cwd=self.folder, env=env)
        return done.returncode, *map(normalised, (done.stdout, done.stderr))

    def assert_same(self, *arguments, contains, options=ELSEWHERE, without=(), **kwargs):
        """Compare a run with options to one without; ``contains`` keeps a comparison of two empty runs from passing."""
        plain = self.run_sample(*without, *arguments, **kwargs)
        isolated = self.run_sample(*options, *arguments, **kwargs)
        self.assertIn(contains, plain[1] + plain[2])
        for index in (2, 1, 0):
            self.assertEqual(plain[index], isolated[index])


@medium
class OutcomeFidelityTest(OutcomeTranscripts, FidelityCase):
    def test_tests_of_load_tests(self):
        self.assert_same("-v", "test_load_tests", contains="a function")

    @unittest.skipIf(sys.version_info[:3] == (3, 12, 1), "unittest of 3.12.1 cannot buffer around a skipped test")
    def test_everything_verbosely_and_buffered(self):
        self.assert_same("discover", "-v", "-b", contains="there_is_no_such_module")

    @support.posix_only("other workers")
    def test_everything_in_fresh_interpreters(self):
        names = ("test_outcomes", "test_async", "test_module_fixtures", "test_module_set_up_fails")
        options = ("--isolated", "--isolated-start", "fresh")
        self.assert_same("-v", *names, contains="in setUpModule", options=options)

    def test_failing_module_fixtures(self):
        self.assert_same("discover", "-v", "-p", "test_m*s.py", contains="skipped=2")

    def test_a_test_that_is_asked_for_twice(self):
        self.assert_same("-v", "package.test_inner", "package.test_inner", contains="Ran 6 tests")


@medium
class OutputFidelityTest(FidelityCase):
    def test_output_stands_in_its_place(self):
        names = ("test_output.PrintingTest.test_failure", "test_outcomes.OutcomeTest.test_warning")
        self.assert_same("-v", *names, contains="err of a failing test")

    def test_class_fixtures_that_fail_with_buffered_output(self):
        self.assert_same("-v", "-b", "test_class_fixtures", contains="in setUpClass")

    def test_warnings_follow_the_interpreters_option(self):
        for action in ("error", "ignore", "always", "default"):
            with self.subTest(action=action):
                self.assert_same("test_outcomes.OutcomeTest", contains="Ran ", flags=("-W", action))

    def test_warnings_follow_the_environment(self):
        self.assert_same("test_outcomes", contains="Ran ", env={"PYTHONWARNINGS": "error"})

    def test_assertions_can_be_optimised_away(self):
        self.assert_same("test_kinds.ExceptionsTest", contains="Ran ", flags=("-O",))

    def test_the_slowest_tests_are_the_same(self):
        self.assert_same("--durations", "2", "test_slow", contains="test_slower")


@medium
class KindsFidelityTest(FidelityCase):
    def test_every_kind_of_exception(self):
        self.assert_same("test_kinds", contains="checked by a helper")

    @support.not_measured
    def test_verbosely(self):
        self.assert_same("-v", "test_kinds", contains="own description")

    @support.not_measured
    def test_with_local_variables(self):
        self.assert_same("--locals", "test_kinds", contains="shown = Shown()")

    @support.not_measured
    def test_with_buffered_output(self):
        self.assert_same("-b", "test_kinds", contains="Stdout:")

    @support.not_measured
    @support.posix_only("other workers")
    def test_in_fresh_interpreters(self):
        options = ("--isolated", "--isolated-start", "fresh")
        self.assert_same("test_kinds", contains="checked by a helper", options=options)


@medium
class MarkedFidelityTest(FidelityCase):
    def assert_same_as_without_isolation(self, *arguments, contains):
        self.assert_same(*arguments, contains=contains, options=(), without=("--no-isolation",))

    def test_class_fixtures(self):
        self.assert_same_as_without_isolation("-v", "test_marked", contains="in tearDownClass")

    def test_class_fixtures_with_buffered_output(self):
        self.assert_same_as_without_isolation("-v", "-b", "test_marked", contains="class cleanup")

    def test_class_fixtures_with_failfast(self):
        self.assert_same_as_without_isolation("-f", "test_marked", contains="FAILED (failures=1, errors=")

    def test_module_fixtures(self):
        for name in MODULES:
            with self.subTest(name=name):
                self.assert_same_as_without_isolation("-v", f"marked_{name}", contains="setUpModule")

    def test_module_fixtures_with_buffered_output(self):
        names = [f"marked_{name}" for name in MODULES]
        self.assert_same_as_without_isolation("-b", *names, contains="Stdout:")


@medium
class DifferencesTest(FidelityCase):
    def test_each_process_has_the_fixtures_of_its_class(self):
        _, plain, _ = self.run_sample("test_class_fixtures.GoodTest")
        _, isolated, _ = self.run_sample("--isolated", "test_class_fixtures.GoodTest")
        around = "setUpClass\n{}tearDownClass\nclass cleanup\n"
        self.assertEqual(plain, around.format("test_one\ntest_two\n"))
        self.assertEqual(isolated, around.format("test_one\n") + around.format("test_two\n"))

    def test_the_depth_of_the_stack_is_another(self):
        texts = [self.run_sample(*options, "explained.RecursionTest")[2] for options in ((), ("--isolated",))]
        plain, isolated = (re.sub(r"repeated 9\d\d more", "repeated", text) for text in texts)
        self.assertIn("[Previous line repeated times]", plain)
        self.assertEqual(plain, isolated)

    def test_the_warning_of_a_resource_has_the_same_advice_to_trace_it(self):
        _, _, plain = self.run_sample("explained.ResourceTest")
        _, _, isolated = self.run_sample("--isolated", "explained.ResourceTest")
        advice = "ResourceWarning: Enable tracemalloc to get the object allocation traceback\n"
        self.assertIn(advice, plain)
        self.assertEqual(plain, isolated)

"""Groups of isolated tests: their members, their fixtures, their time limit, and their end."""

from __future__ import annotations

import sys
import types
import unittest
from unittest import mock

import hermetic
import support
from hermetic import medium
from hermetic._base import features
from hermetic._rules import groups
from support.isolation_runs import HEAD, IsolationCase, Run

setUpModule = support.some_pythons_do

# Processes start slowly on Windows, and their imports count; those that are measured write files when they end.
SECOND = 4.0 if features.WINDOWS or support.IS_MEASURED else 1.0

FIXTURES = """
def setUpModule(): note("setUpModule " + __name__)
def tearDownModule(): note("tearDownModule " + __name__)
@isolated("shared")
class Case(unittest.TestCase):
    setUpClass, tearDownClass = fixtures(__name__)
    def test_it(self): note(__name__)
"""


def around(module: str, worker: int) -> list[str]:
    """The places of a module of ``FIXTURES`` whose tests run in a worker."""
    steps = ("setUpModule", "setUpClass", "", "tearDownClass", "tearDownModule")
    return [f"{step} {module}@{worker}".strip() for step in steps]


@medium
class ReachTest(IsolationCase):
    def test_a_group_reaches_across_modules(self):
        files = {f"test_{name}.py": HEAD + FIXTURES for name in "ab"}
        run = Run("", "test_a", "test_b", **files)
        self.assert_places(run, *around("test_a", 1), *around("test_b", 1))

    def test_it_keeps_its_process_while_others_run(self):
        run = Run("""
class A(unittest.TestCase):
    @isolated("one")
    def test_a(self): note("a")
    def test_b(self): note("b")
    @isolated
    def test_c(self): note("c")
class B(unittest.TestCase):
    @isolated("two")
    def test_d(self): note("d")
    @isolated("one")
    def test_e(self): note("e")
""")
        self.assert_places(run, "a@1", "b@0", "c@2", "d@3", "e@1")

    def test_state_goes_from_one_class_to_the_next(self):
        run = Run("""
SEEN = []
@isolated("one")
class A(unittest.TestCase):
    def test_a(self): SEEN.append("a")
@isolated("one")
class B(unittest.TestCase):
    def test_b(self): self.assertEqual(SEEN, ["a"])
class C(unittest.TestCase):
    def test_c(self): self.assertEqual(SEEN, [])
""")
        self.assert_places(run)

    def test_names_of_groups_are_not_those_of_classes_or_modules(self):
        run = Run("""
@isolated
class A(unittest.TestCase):
    def test_a(self): note("a")
@isolated("A")
class B(unittest.TestCase):
    def test_b(self): note("b")
@isolated("test_it.A")
class C(unittest.TestCase):
    def test_c(self): note("c")
@isolated("test_it")
class D(unittest.TestCase):
    def test_d(self): note("d")
""")
        self.assert_places(run, "a@1", "b@2", "c@3", "d@4")

    def test_a_class_that_is_run_twice_has_a_process_each_time(self):
        source = "@isolated\nclass A(unittest.TestCase):\n    def test_a(self): note('a')\n"
        source += "class B(unittest.TestCase):\n    def test_b(self): note('b')\n"
        self.assert_places(Run(source, "test_it.A", "test_it.B", "test_it.A"), "a@1", "b@0", "a@2")

    LATE = """
        import os, unittest
        import hermetic  # nothing has loaded the mark yet

        def note(what): print(what, "HERMETIC_ISOLATED" in os.environ, flush=True)
        def setUpModule(): note("setUpModule")
        class LateTest(unittest.TestCase):
            def test_it(self): note("test")

        __hermetic__ = hermetic.isolated
    """

    def test_a_module_may_get_the_first_mark_of_all_below_its_classes(self):
        for runner in ("hermetic", "unittest"):
            for start in ("auto", "fresh"):
                with self.subTest(runner=runner, start=start), support.Folder(**{"test_late.py": self.LATE}) as folder:
                    env = {"HERMETIC_ISOLATED_START": start}
                    done = support.run_python("-m", runner, "test_late", cwd=folder, env=env)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn("test True", done.stdout.splitlines())
                    # unittest has asked for the fixture before the test began.
                    self.assertEqual("setUpModule False" in done.stdout, runner == "unittest")


@medium
class FixturesTest(IsolationCase):
    def test_the_fixtures_of_each_class_run_once_in_the_process_of_the_group(self):
        run = Run("""
@isolated("one")
class A(unittest.TestCase):
    setUpClass, tearDownClass = fixtures("A")
    def test_a(self): note("a")
    def test_b(self): note("b")
@isolated("one")
class B(unittest.TestCase):
    setUpClass, tearDownClass = fixtures("B")
    def test_c(self): note("c")
""")
        first = ("setUpClass A@1", "a@1", "b@1", "tearDownClass A@1")
        self.assert_places(run, *first, "setUpClass B@1", "c@1", "tearDownClass B@1")

    def test_a_class_in_two_groups_has_its_fixtures_in_both(self):
        run = Run("""
class A(unittest.TestCase):
    setUpClass, tearDownClass = fixtures("A")
    @isolated("one")
    def test_a(self): note("a")
    @isolated("two")
    def test_b(self): note("b")
    @isolated("one")
    def test_c(self): note("c")
""")
        self.assertEqual((run.status, run.places[:5]), (0, ["setUpClass A@1", "a@1", "setUpClass A@2", "b@2", "c@1"]))
        self.assertEqual(sorted(run.places[5:]), ["tearDownClass A@1", "tearDownClass A@2"])

    FAILING = """
@isolated
class A(unittest.TestCase):
    @classmethod
    def {fixture}(cls): raise {error}("above")
    def test_a(self): pass
    def test_b(self): pass
class B(unittest.TestCase):
    def test_c(self): pass
"""

    def test_a_set_up_that_fails_is_one_error_of_the_class(self):
        run = Run(self.FAILING.format(fixture="setUpClass", error="ValueError"))
        self.assertEqual(run.text.count("\nERROR: "), 1)
        self.assertIn("\nERROR: setUpClass (test_it.A)\n", run.text)
        self.assertRegex(run.text, r"Ran 1 test in .*\n\nFAILED \(errors=1\)\n")

    def test_a_set_up_that_skips_is_one_skip_of_the_class(self):
        run = Run(self.FAILING.format(fixture="setUpClass", error="unittest.SkipTest"), "-v", "test_it")
        self.assertEqual(run.text.count("skipped 'above'\n"), 1)
        self.assertRegex(run.text, r"Ran 1 test in .*\n\nOK \(skipped=1\)\n")

    def test_a_tear_down_that_fails_is_one_error_of_the_class(self):
        run = Run(self.FAILING.format(fixture="tearDownClass", error="ValueError"))
        self.assertIn("\nERROR: tearDownClass (test_it.A)\n", run.text)
        self.assertRegex(run.text, r"Ran 3 tests in .*\n\nFAILED \(errors=1\)\n")

    def test_fixtures_of_modules_that_fail_are_one_error_of_the_module(self):
        for fixture, ran in (("setUpModule", 0), ("tearDownModule", 3)):
            with self.subTest(fixture=fixture):
                source = self.FAILING.format(fixture="helper", error="ValueError").replace("@isolated\n", "")
                run = Run(f"__hermetic__ = isolated\ndef {fixture}(): raise ValueError('module')\n{source}")
                self.assertIn(f"\nERROR: {fixture} (test_it)\n", run.text)
                self.assertRegex(run.text, rf"Ran {ran} tests in .*\n\nFAILED \(errors=1\)\n")

    def test_a_group_that_fails_to_end_is_one_error_that_names_it(self):
        run = Run("""
import atexit
@isolated("one")
class A(unittest.TestCase):
    def test_a(self): atexit.register(os._exit, 7)
class B(unittest.TestCase):
    def test_b(self): note("b")
""")
        self.assertEqual((run.status, run.places, run.text.count("\nERROR: ")), (1, ["b@0"], 1), run.text)
        self.assertIn("the process of @isolated('one'): ", run.text)
        self.assertIn("ended with exit status 7", run.text)

    def test_with_buffered_output_too(self):
        run = Run("""
import atexit
@isolated("one")
class A(unittest.TestCase):
    def test_a(self): atexit.register(os._exit, 7)
""", "-b", "test_it")  # fmt: skip
        self.assertIn("the process of @isolated('one'): ", run.text)
        self.assertTrue(run.text.endswith("FAILED (errors=1)\n"), run.text)


@medium
class EndTest(IsolationCase):
    def test_after_a_crash_the_rest_of_the_group_goes_on_in_a_new_process(self):
        run = Run("""
@isolated
class A(unittest.TestCase):
    setUpClass, tearDownClass = fixtures("A")
    def test_a(self): note("a")
    def test_b(self): os._exit(0)
    def test_c(self): note("c")
    def test_d(self): note("d")
""")
        second = ("setUpClass A@2", "c@2", "d@2", "tearDownClass A@2")
        self.assertEqual((run.status, run.places), (1, ["setUpClass A@1", "a@1", *second]), run.text)
        self.assertIn("[H007] isolated test test_it.A.test_b: ended with exit status 0 before it finished", run.text)
        self.assertTrue(run.text.endswith("FAILED (errors=1)\n"), run.text)

    def test_the_tests_of_a_group_share_its_seconds(self):
        run = Run(f"""
@isolated("one", timeout={1.5 * SECOND})
class A(unittest.TestCase):
    def test_a(self):
        note("a")
        time.sleep({SECOND})
    def test_b(self): time.sleep({SECOND})
    def test_c(self): note("c")
""")
        self.assertEqual((run.status, run.places), (1, ["a@1", "c@2"]), run.text)
        self.assertIn("[H007] isolated test test_it.A.test_b: timed out: the group @isolated('one', ", run.text)

    def test_after_a_crash_the_rest_has_what_is_left_of_the_seconds(self):
        text = f"""
@isolated(timeout={3 * SECOND})
class A(unittest.TestCase):
    def test_a(self):
        time.sleep({2 * SECOND})
        os._exit(0)
    def test_b(self): time.sleep({2 * SECOND})
class B(unittest.TestCase):
    def test_c(self): pass
"""
        for options in ((), ("-j", "2"), ("--isolated-start", "fresh")):
            with self.subTest(options=options):
                run = Run(text, *options)
                self.assertIn("isolated test test_it.A.test_b: timed out: the group @isolated(timeout=", run.text)

    @support.posix_only("signals that stop a process")
    def test_while_the_run_is_stopped_no_time_counts(self):
        text = """
import subprocess
RUN = os.getpid()  # the module is imported there
@isolated(timeout=1)
class A(unittest.TestCase):
    def test_a(self):
        subprocess.run(["sh", "-c", f"kill -STOP {RUN}; sleep 3; kill -CONT {RUN}"])
"""
        for options in ((), ("-j", "2")):
            with self.subTest(options=options):
                run = Run(text, *options)
                self.assertEqual(run.status, 0, run.text)

    def test_a_class_that_times_out_is_named(self):
        run = Run("""
@isolated(timeout=0.5)
class A(unittest.TestCase):
    def test_a(self): time.sleep(600)
""")
        self.assertIn("timed out: the group @isolated(timeout=0.5) class test_it.A used", run.text)

    def test_time_between_the_tests_of_a_group_does_not_count(self):
        run = Run(f"""
class A(unittest.TestCase):
    @isolated("one", timeout={SECOND})
    def test_a(self): note("a")
    def test_b(self): time.sleep({1.5 * SECOND})
    @isolated("one", timeout={SECOND})
    def test_c(self): note("c")
""")
        self.assert_places(run, "a@1", "c@1")

    def test_failfast_stops_before_the_rest_of_the_group(self):
        run = Run("""
@isolated
class A(unittest.TestCase):
    setUpClass, tearDownClass = fixtures("A")
    def test_a(self): self.fail()
    def test_b(self): note("b")
""", "-f", "test_it")  # fmt: skip
        self.assertEqual(run.places, ["setUpClass A@1", "tearDownClass A@1"])
        self.assertRegex(run.text, r"Ran 1 test in .*\n\nFAILED \(failures=1\)\n")

    def test_a_name_pattern_leaves_the_others_out(self):
        run = Run("""
@isolated
class A(unittest.TestCase):
    def test_a(self): note("a")
    def test_b(self): note("b")
""", "-k", "test_b", "test_it")  # fmt: skip
        self.assert_places(run, "b@1")

    def test_a_module_that_exits_at_import_in_the_worker_is_an_error(self):
        run = Run("""
@isolated
class A(unittest.TestCase):
    def test_a(self): note("a")
if os.environ.get("HERMETIC_ISOLATED"): os._exit(5)
""", "--isolated-start", "fresh", "test_it")  # fmt: skip
        self.assertEqual((run.status, run.places), (1, []))
        self.assertIn("[H007] isolated test test_it.A.test_a: ended with exit status 5 before it finished", run.text)


def nothing(*_: object) -> None:
    """A fixture."""


class OwnFixturesTest(hermetic.HermeticTestCase):
    def test_a_plain_class_has_none_and_neither_has_one_of_ours(self):
        for base in (unittest.TestCase, hermetic.HermeticTestCase, unittest.IsolatedAsyncioTestCase):
            with self.subTest(base=base):
                self.assertFalse(groups.has_class_fixtures(type("Plain", (base,), {})))

    def test_a_fixture_counts_in_the_class_and_in_those_that_inherit_it(self):
        for name in ("setUpClass", "tearDownClass"):
            base = type("Base", (unittest.TestCase,), {name: classmethod(nothing)})
            with self.subTest(name=name):
                self.assertTrue(groups.has_class_fixtures(base))
                self.assertTrue(groups.has_class_fixtures(type("Derived", (base,), {})))

    def test_fixtures_of_tests_do_not_count(self):
        self.assertFalse(groups.has_class_fixtures(type("Case", (unittest.TestCase,), {"setUp": nothing})))

    def test_a_module_has_those_that_it_defines(self):
        for name, answer in (("setUpModule", True), ("tearDownModule", True), ("setUpClass", False)):
            module = types.ModuleType("shop_tests")
            setattr(module, name, nothing)
            with self.subTest(name=name), mock.patch.dict(sys.modules, shop_tests=module):
                self.assertEqual(groups.has_module_fixtures("shop_tests"), answer)

    def test_a_module_that_is_not_loaded_has_none(self):
        self.assertFalse(groups.has_module_fixtures("nothing.of_this_name"))

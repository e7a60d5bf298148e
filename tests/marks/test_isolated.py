"""@isolated on methods, classes and modules: which process each test and each fixture runs in."""

from __future__ import annotations

import pickle

import hermetic
import support
from hermetic import DecorationError, HermeticTestCase, medium
from support.isolation_runs import HEAD, IsolationCase, Run

setUpModule = support.some_pythons_do


def each_in_its_own(*steps: str) -> list[str]:
    """The places of steps around the tests a and b, which are the dots among them, in workers 1 and 2."""
    return [f"{name if step == '...' else step}@{number}" for number, name in ((1, "a"), (2, "b")) for step in steps]


@medium
class MethodsTest(IsolationCase):
    def test_a_bare_mark_gives_each_test_a_process(self):
        run = Run("""
class Case(unittest.TestCase):
    @isolated
    def test_a(self): note("a")
    @isolated()
    def test_b(self): note("b")
    def test_c(self): note("c")
""")
        self.assert_places(run, "a@1", "b@2", "c@0")

    def test_a_name_is_a_process_for_all_tests_of_that_name(self):
        run = Run("""
class Case(unittest.TestCase):
    @isolated("one")
    def test_a(self): note("a")
    @isolated(group="two", timeout=30)
    def test_b(self): note("b")
    @isolated(group="one")
    def test_c(self): note("c")
    @isolated("two")
    def test_d(self): note("d")
""")
        self.assert_places(run, "a@1", "b@2", "c@1", "d@2")

    def test_a_time_out_is_an_error_of_that_test_alone(self):
        run = Run("""
class Case(unittest.TestCase):
    @isolated(timeout=0.5)
    def test_a(self): time.sleep(600)
    @isolated(timeout=30)
    def test_b(self): note("b")
""")
        self.assertEqual((run.status, run.places), (1, ["b@1"]))
        self.assertIn("hermetic.IsolationError: [H007] isolated test test_it.Case.test_a: timed out", run.text)
        self.assertRegex(run.text, r"used \d+\.\d of its 0\.5 seconds")
        self.assertTrue(run.text.endswith("FAILED (errors=1)\n"), run.text)

    def test_what_a_test_changes_is_gone_after_it(self):
        run = Run("""
STATE = []
class Case(unittest.TestCase):
    @isolated
    def test_a(self):
        STATE.append(1)
        os.environ["SEEN"] = "1"
        sys.modules["seen"] = os
    @isolated
    def test_b(self): self.test_c()
    def test_c(self): self.assertEqual((STATE, "SEEN" in os.environ, "seen" in sys.modules), ([], False, False))
""")
        self.assertEqual(run.status, 0, run.text)

    def test_the_fixtures_of_the_class_run_in_each_process_that_has_tests_of_it(self):
        run = Run("""
class Case(unittest.TestCase):
    setUpClass, tearDownClass = fixtures("Case")
    @isolated
    def test_a(self): note("a")
    def test_b(self): note("b")
""")
        here = ("setUpClass Case@0", "setUpClass Case@1", "a@1", "tearDownClass Case@1", "b@0", "tearDownClass Case@0")
        self.assert_places(run, *here)

    def test_they_do_not_run_where_it_has_none(self):
        run = Run("""
class Case(unittest.TestCase):
    setUpClass, tearDownClass = fixtures("Case")
    @isolated
    def test_a(self): note("a")
    @isolated("b")
    def test_b(self): note("b")
""")
        self.assert_places(run, *each_in_its_own("setUpClass Case", "...", "tearDownClass Case"))

    def test_a_skipped_test_needs_no_process(self):
        run = Run("""
class Case(unittest.TestCase):
    def run(self, *args):
        note("run " + self._testMethodName)
        return super().run(*args)
    @isolated
    @unittest.skip("above")
    def test_a(self): note("a")
    @unittest.skip("below")
    @isolated
    def test_b(self): note("b")
""", "-v", "test_it")  # fmt: skip
        self.assert_places(run, "run test_a@0", "run test_b@0")
        self.assertIn("skipped 'above'", run.text)


@medium
class ClassesTest(IsolationCase):
    def test_the_tests_of_a_class_share_a_process_with_its_fixtures(self):
        run = Run("""
@isolated
class Case(unittest.TestCase):
    setUpClass, tearDownClass = fixtures("Case")
    def test_a(self): note("a")
    def test_b(self): note("b")
class Free(unittest.TestCase):
    def test_c(self): note("c")
""")
        self.assert_places(run, "setUpClass Case@1", "a@1", "b@1", "tearDownClass Case@1", "c@0")

    def test_state_goes_from_one_method_to_the_next(self):
        run = Run("""
@isolated(timeout=60)
class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.seen = []
    @classmethod
    def tearDownClass(cls): note(cls.seen)
    def test_a(self): self.seen.append("a")
    def test_b(self): self.assertEqual(self.seen, ["a"])
""")
        self.assert_places(run, "['a']@1")

    def test_class_cleanups_run_there(self):
        run = Run("""
@isolated
class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.addClassCleanup(note, "cleanup")
    def test_a(self): note("a")
""")
        self.assert_places(run, "a@1", "cleanup@1")

    def test_each_class_has_a_process_and_classes_of_one_name_share_one(self):
        run = Run("""
@isolated
class A(unittest.TestCase):
    def test_it(self): note("A")
@isolated
class B(unittest.TestCase):
    def test_it(self): note("B")
@isolated("shared")
class C(unittest.TestCase):
    def test_it(self): note("C")
@isolated("shared")
class D(unittest.TestCase):
    def test_it(self): note("D")
""")
        self.assert_places(run, "A@1", "B@2", "C@3", "D@3")

    def test_the_mark_of_a_method_wins_over_that_of_its_class(self):
        run = Run("""
@isolated("class")
class Case(unittest.TestCase):
    setUpClass, tearDownClass = fixtures("Case")
    def test_a(self): note("a")
    @isolated
    def test_b(self): note("b")
    def test_c(self): note("c")
""")
        own = ("setUpClass Case@2", "b@2", "tearDownClass Case@2")
        self.assert_places(run, "setUpClass Case@1", "a@1", *own, "c@1", "tearDownClass Case@1")

    def test_a_subclass_inherits_the_mark_and_has_a_process_of_its_own(self):
        run = Run("""
@isolated
class Base(unittest.TestCase):
    setUpClass, tearDownClass = fixtures("any")
    def test_it(self): note(type(self).__name__)
class Other(Base): pass
@isolated("named")
class Third(Base): pass
""")
        names = ("Base", "Other", "Third")
        each = [(f"setUpClass any@{n}", f"{name}@{n}", f"tearDownClass any@{n}") for n, name in enumerate(names, 1)]
        self.assert_places(run, *(line for lines in each for line in lines))

    def test_a_mark_on_a_mixin_holds_for_the_classes_that_use_it(self):
        run = Run("""
@isolated
class Mixin:
    def test_a(self): note(type(self).__name__ + " a")
class First(Mixin, unittest.TestCase):
    def test_b(self): note("First b")
class Second(Mixin, unittest.TestCase): pass
class Free(unittest.TestCase):
    def test_c(self): note("c")
""")
        self.assert_places(run, "First a@1", "First b@1", "c@0", "Second a@2")

    def test_marks_on_methods_of_a_mixin_hold_for_those_methods(self):
        run = Run("""
class Mixin:
    @isolated("mixed")
    def test_a(self): note(type(self).__name__ + " a")
    def test_b(self): note(type(self).__name__ + " b")
class First(Mixin, unittest.TestCase): pass
class Second(Mixin, unittest.TestCase): pass
""")
        self.assert_places(run, "First a@1", "First b@0", "Second a@1", "Second b@0")

    def test_an_own_run_method_runs_in_both(self):
        run = Run("""
@isolated
class Case(unittest.TestCase):
    def run(self, result=None):
        note("run")
        return super().run(result)
    def test_a(self): note("a")
""")
        self.assertIn("run@1", run.places)
        self.assertEqual(run.places[-1], "a@1")
        self.assertEqual(run.status, 0, run.text)


@medium
class ModulesTest(IsolationCase):
    MODULE = """
def setUpModule():
    note("setUpModule")
    unittest.addModuleCleanup(note, "module cleanup")
def tearDownModule(): note("tearDownModule")
class A(unittest.TestCase):
    setUpClass, tearDownClass = fixtures("A")
    def test_it(self): note("A")
class B(unittest.TestCase):
    def test_it(self): note("B")
"""
    IN_ONE_PROCESS = (
        "setUpModule@1", "setUpClass A@1", "A@1", "tearDownClass A@1", "B@1", "tearDownModule@1", "module cleanup@1",
    )  # fmt: skip

    def test_the_tests_of_a_module_share_a_process_with_all_fixtures(self):
        for mark in ("isolated", "isolated()", "isolated('name')", "isolated(timeout=60)", "[isolated, medium]"):
            with self.subTest(mark=mark):
                self.assert_places(Run(f"__hermetic__ = {mark}\n{self.MODULE}"), *self.IN_ONE_PROCESS)

    def test_the_mark_may_stand_below_the_classes(self):
        self.assert_places(Run(f"{self.MODULE}__hermetic__ = (medium, isolated)\n"), *self.IN_ONE_PROCESS)

    def test_each_module_has_a_process(self):
        other = f"{HEAD}__hermetic__ = isolated\nclass C(unittest.TestCase):\n    def test_it(self): note('C')\n"
        run = Run(f"__hermetic__ = isolated\n{self.MODULE}", "test_it", "test_other", **{"test_other.py": other})
        self.assert_places(run, *self.IN_ONE_PROCESS, "C@2")

    def test_the_mark_of_a_class_wins_over_that_of_its_module(self):
        run = Run("""
__hermetic__ = isolated
def setUpModule(): note("setUpModule")
@isolated
class A(unittest.TestCase):
    def test_it(self): note("A")
class B(unittest.TestCase):
    def test_it(self): note("B")
""")
        self.assert_places(run, "setUpModule@1", "A@1", "setUpModule@2", "B@2")

    def test_the_fixtures_run_in_both_where_only_some_tests_are_isolated(self):
        run = Run("""
def setUpModule(): note("setUpModule")
def tearDownModule(): note("tearDownModule")
class A(unittest.TestCase):
    @isolated
    def test_a(self): note("a")
    def test_b(self): note("b")
""")
        worker = ("setUpModule@1", "a@1", "tearDownModule@1")
        self.assert_places(run, "setUpModule@0", *worker, "b@0", "tearDownModule@0")

    def test_they_run_in_workers_alone_where_each_test_has_a_mark_of_its_own(self):
        run = Run("""
def setUpModule(): note("setUpModule")
def tearDownModule(): note("tearDownModule")
class A(unittest.TestCase):
    @isolated
    def test_a(self): note("a")
    @isolated
    def test_b(self): note("b")
""")
        self.assert_places(run, *each_in_its_own("setUpModule", "...", "tearDownModule"))


@medium
class SizesTest(IsolationCase):
    START = "        subprocess.run([sys.executable, '-c', ''], check=True)\n"

    def test_a_small_isolated_test_is_guarded(self):
        for marks in ("@small\n    @isolated", "@isolated\n    @small", "@small\n    @isolated('g')"):
            with self.subTest(marks=marks):
                run = Run(f"class Case(unittest.TestCase):\n    {marks}\n    def test_a(self):\n{self.START}")
                self.assertTrue(run.text.endswith("FAILED (errors=1)\n"), run.text)
                self.assertIn(
                    "hermetic.SubprocessViolationError: [H003] subprocess violation: small test test_it.Case.test_a"
                    " started",
                    run.text,
                )

    def test_what_it_swallows_is_an_error_too(self):
        run = Run(f"""
@small
@isolated
class Case(unittest.TestCase):
    def test_a(self):
        try:
    {self.START}
        except hermetic.HermeticError:
            note("swallowed")
""")
        self.assertEqual((run.status, run.places), (1, ["swallowed@1"]))
        self.assertIn("violations: H003 subprocess: 1 in 1 test\n  test_it.Case.test_a started", run.text)

    def test_a_medium_one_may_start_processes(self):
        case = f"class Case(unittest.TestCase):\n    def test_a(self):\n{self.START}"
        run = Run(f"__hermetic__ = [medium, isolated]\n{case}")
        self.assertEqual(run.status, 0, run.text)

    def test_the_size_of_a_method_and_the_isolation_of_its_class_both_hold(self):
        run = Run(f"""
@isolated
@medium
class Case(unittest.TestCase):
    def test_a(self):
{self.START}
    @small
    def test_b(self):
{self.START}
""", "-v", "test_it")  # fmt: skip
        self.assertRegex(run.text, r"test_a \(.*\) \.\.\. ok\n")
        self.assertRegex(run.text, r"test_b \(.*\) \.\.\. ERROR\n")

    def test_the_default_size_holds_for_isolated_tests(self):
        source = f"class Case(unittest.TestCase):\n    @isolated\n    def test_a(self):\n{self.START}"
        self.assertEqual(Run(source).status, 0)
        self.assertIn("[H003]", Run(source, "--default-size", "small", "test_it").text)

    def test_in_mode_warn_the_summary_has_what_was_let_happen(self):
        source = f"@small\n@isolated\nclass Case(unittest.TestCase):\n    def test_a(self):\n{self.START}"
        run = Run(source, "--mode", "warn", "test_it")
        self.assertEqual(run.status, 0, run.text)
        self.assertIn("HermeticWarning: [H003]", run.text)
        self.assertIn("warnings: H003 subprocess: 1 in 1 test\n  test_it.Case.test_a started", run.text)

    def test_class_fixtures_are_guarded_in_the_worker(self):
        run = Run(f"""
@small
@isolated
class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
{self.START}
    def test_a(self): note("a")
""")
        self.assertEqual((run.status, run.places), (1, []))
        self.assertIn("ERROR: setUpClass (test_it.Case)", run.text)


@medium
class KindsOfTestsTest(IsolationCase):
    PARAMETERS = """
class Case(unittest.TestCase):
    def __init__(self, name="test_it", value=None):
        super().__init__(name)
        self.value = value
    @isolated
    def test_it(self): note(self.value)
def load_tests(loader, tests, pattern):
    return unittest.TestSuite(Case(value=value) for value in ("x", "y"))
"""

    def test_tests_that_load_tests_made_keep_what_they_were_given(self):
        for start in ("auto", "fresh"):
            with self.subTest(start=start):
                run = Run(self.PARAMETERS, "--isolated-start", start, "test_it")
                self.assert_places(run, "x@1", "y@2")

    LOCAL = """
def make():
    @isolated
    class Local(unittest.TestCase):
        def test_a(self): note("a")
    return Local
def load_tests(loader, tests, pattern):
    return loader.loadTestsFromTestCase(make())
"""

    @support.linux_only("workers that are forked")
    def test_a_local_class_can_be_isolated_by_a_fork(self):
        self.assert_places(Run(self.LOCAL), "a@1")

    def test_for_a_fresh_interpreter_a_local_class_is_an_error_that_says_what_to_do(self):
        run = Run(self.LOCAL, "--isolated-start", "fresh", "test_it")
        self.assertEqual((run.status, run.places), (1, []))
        self.assertIn(
            "[H007] test_it.make.<locals>.Local cannot be isolated: it is defined in a function; define it at module"
            " level",
            run.text,
        )

    def test_async_tests_have_a_process_and_a_loop_of_their_own(self):
        run = Run("""
@isolated
class Case(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self): note("asyncSetUp")
    async def asyncTearDown(self): note("asyncTearDown")
    async def test_a(self):
        await asyncio.sleep(0)
        note("a")
    @isolated
    async def test_b(self): note("b")
""")
        self.assert_places(run, *each_in_its_own("asyncSetUp", "...", "asyncTearDown"))

    def test_a_hermetic_test_case_can_be_isolated(self):
        run = Run("""
@isolated
class Case(hermetic.HermeticTestCase):
    def test_a(self): note("a")
    def test_b(self): subprocess.run(["true"])
""")
        self.assertEqual((run.status, run.places), (1, ["a@1"]))
        self.assertIn("small test test_it.Case.test_b started", run.text)

    def test_an_expected_failure_stays_one_in_either_order_of_the_marks(self):
        run = Run("""
class Case(unittest.TestCase):
    @isolated
    @unittest.expectedFailure
    def test_a(self): self.fail()
    @unittest.expectedFailure
    @isolated
    def test_b(self): self.fail()
""")
        self.assertTrue(run.text.endswith("OK (expected failures=2)\n"), run.text)

    def test_debug_runs_in_the_process_that_calls_it(self):
        run = Run("""
class Case(unittest.TestCase):
    @isolated
    def test_a(self): note("a")
class Outer(unittest.TestCase):
    def test_b(self): Case("test_a").debug()
""", "test_it.Outer")  # fmt: skip
        self.assert_places(run, "a@0")


class DecorationTest(HermeticTestCase):
    def assert_error(self, text: str, function: object, *args: object, **kwargs: object) -> None:
        with self.assertRaisesRegex(DecorationError, text):
            function(*args, **kwargs)  # type: ignore[operator]

    def test_a_name_that_is_none_is_refused(self):
        for name in ("", 5, b"name", ["name"]):
            with self.subTest(name=name):
                self.assert_error("is not a name; write one", hermetic.isolated, group=name)

    def test_a_time_out_that_is_no_number_of_seconds_is_refused(self):
        for timeout in (0, -1, float("nan"), float("inf"), "5", True, [1]):
            with self.subTest(timeout=timeout):
                self.assert_error("is not a number of seconds above 0", hermetic.isolated, timeout=timeout)

    def test_two_isolations_on_one_thing_are_refused(self):
        marked = hermetic.isolated(lambda self: None)
        self.assert_error("already has @isolated; remove it or @isolated", hermetic.isolated("name"), marked)

    def test_what_cannot_be_marked_is_refused(self):
        for thing in (5, ["test"], object()):
            with self.subTest(thing=thing):
                self.assert_error("@isolated takes a test method, a function or a class", hermetic.isolated, thing)

    def test_it_shows_itself_as_it_is_written(self):
        isolated = hermetic.isolated
        marks = (isolated, isolated("a"), isolated(timeout=3), isolated("a", timeout=3))
        expected = ["@isolated", "@isolated('a')", "@isolated(timeout=3)", "@isolated('a', timeout=3)"]
        self.assertEqual([repr(mark) for mark in marks], expected)

    def test_what_is_given_later_is_added(self):
        isolated = hermetic.isolated
        marks = (isolated("a")(timeout=3), isolated(timeout=3)("a"), isolated("a")(), isolated("a")(group="b"))
        expected = ["@isolated('a', timeout=3)"] * 2 + ["@isolated('a')", "@isolated('b')"]
        self.assertEqual([repr(mark) for mark in marks], expected)
        marked = isolated(lambda self: None, timeout=3)
        self.assertEqual(marked.__hermetic__[0].isolation, (None, 3, None))

    def test_it_comes_back_from_pickling_the_same(self):
        for mark in (hermetic.isolated, hermetic.isolated("a"), hermetic.isolated(timeout=3)):
            with self.subTest(mark=mark):
                back = pickle.loads(pickle.dumps(mark))
                self.assertEqual((repr(back), back.isolation), (repr(mark), mark.isolation))

    def test_a_function_keeps_its_name_and_its_documentation(self):
        def documented() -> None:
            """Documented."""

        marked = hermetic.isolated(documented)
        self.assertEqual((marked.__name__, marked.__doc__), ("documented", "Documented."))

    @medium
    def test_wrong_marks_of_a_module_are_one_error_of_its_tests(self):
        for mark, text in (
            ("'isolated'", "is not a mark or a list of marks"),
            ("[isolated, isolated('x')]", "has more than one isolation"),
        ):
            with self.subTest(mark=mark):
                run = Run(f"__hermetic__ = {mark}\nclass A(unittest.TestCase):\n    def test_a(self): note('a')\n")
                self.assertEqual((run.status, run.places), (1, []))
                self.assertIn(text, run.text)

    def test_functions_share_the_bare_mark_and_one_with_arguments_is_another(self):
        bare, again, named = (
            mark(lambda: None) for mark in (hermetic.isolated, hermetic.isolated(), hermetic.isolated("a"))
        )
        self.assertEqual([mark.isolation for mark in named.__hermetic__], [("a", None, None)])
        self.assertEqual((bare.__hermetic__, again.__hermetic__), ((hermetic.isolated,), (hermetic.isolated,)))

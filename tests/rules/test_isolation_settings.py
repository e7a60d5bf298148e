"""Settings of isolation from all four places, for suites without marks, scripts, and ``hermetic.main()``."""

from __future__ import annotations

import unittest

import support
from hermetic import HermeticTestCase, medium
from hermetic._base import features
from support.isolation_runs import HEAD, IsolationCase, Run

setUpModule = support.some_pythons_do

LEGACY = """
def setUpModule():
    note("setUpModule")
    unittest.addModuleCleanup(note, "module cleanup")
def tearDownModule(): note("tearDownModule")
class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        note("setUpClass")
        cls.addClassCleanup(note, "class cleanup")
    @classmethod
    def tearDownClass(cls): note("tearDownClass")
    def setUp(self): self.addCleanup(note, "cleanup")
    def test_a(self): note("a")
    def test_b(self): note("b")
"""
BEFORE, AFTER = ("setUpModule", "setUpClass"), ("cleanup", "tearDownClass", "class cleanup", "tearDownModule")
EACH_ISOLATED = [
    f"{step}@{number}" for number, name in ((1, "a"), (2, "b")) for step in (*BEFORE, name, *AFTER, "module cleanup")
]
NONE_ISOLATED = [f"{step}@0" for step in (*BEFORE, "a", "cleanup", "b", *AFTER, "module cleanup")]
MARKED = "class Case(unittest.TestCase):\n    @isolated\n    def test_a(self): note('a')\n"
SLOW = "class Case(unittest.TestCase):\n    {mark}\n    def test_a(self): time.sleep(600)\n"


@medium
class IsolatedTest(IsolationCase):
    def test_each_test_of_a_legacy_suite_has_a_process_with_all_fixtures(self):
        self.assert_places(Run(LEGACY, "--isolated", "test_it"), *EACH_ISOLATED)

    def test_without_it_the_same_suite_runs_in_one(self):
        self.assert_places(Run(LEGACY), *NONE_ISOLATED)

    def test_marks_have_their_groups_all_the_same(self):
        run = Run("""
@isolated
class A(unittest.TestCase):
    def test_a(self): note("a")
    def test_b(self): note("b")
class B(unittest.TestCase):
    def test_c(self): note("c")
    @isolated("x")
    def test_d(self): note("d")
    @isolated("x")
    def test_e(self): note("e")
""", "--isolated", "test_it")  # fmt: skip
        self.assert_places(run, "a@1", "b@1", "c@2", "d@3", "e@3")

    def test_setup_cfg_can_ask_for_it(self):
        files = {"setup.cfg": "[tool:hermetic]\nisolated = true\n"}
        self.assert_places(Run(LEGACY, **files), *EACH_ISOLATED)

    @unittest.skipUnless(features.HAS_TOMLLIB, "pyproject.toml is read from Python 3.11 on")
    def test_pyproject_can_ask_for_it(self):
        files = {"pyproject.toml": "[tool.hermetic]\nisolated = true\n"}
        self.assert_places(Run(LEGACY, **files), *EACH_ISOLATED)

    def test_the_variable_of_the_workers_does_not_ask_for_it(self):
        with support.Folder(
            **{"test_it.py": "import unittest\nclass A(unittest.TestCase):\n    def test_a(self): pass\n"}
        ) as folder:
            done = support.run_hermetic("-v", "test_it", cwd=folder, env={"HERMETIC_ISOLATED": "1"})
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_tests_that_could_not_be_loaded_are_errors_as_ever(self):
        run = Run("import there_is_none\n", "--isolated", "test_it", "test_missing")
        self.assertEqual(run.status, 1)
        self.assertRegex(run.text, r"Ran 2 tests in .*\n\nFAILED \(errors=2\)\n")

    @support.linux_only("workers that have all that is imported, unpickled")
    def test_function_and_doc_tests_are_isolated(self):
        source = '''
def documented():
    """
    >>> os.environ.get("HERMETIC_ISOLATED")
    '1'
    """
def load_tests(loader, tests, pattern):
    import doctest
    return unittest.TestSuite([unittest.FunctionTestCase(noting("function")), doctest.DocTestSuite(__name__)])
'''
        self.assert_places(Run(source, "--isolated", "test_it"), "function@1")


@medium
class NoIsolationTest(IsolationCase):
    def test_all_run_in_the_process_of_the_run(self):
        self.assert_places(Run(f"__hermetic__ = isolated\n{LEGACY}", "--no-isolation", "test_it"), *NONE_ISOLATED)

    def test_it_wins_over_the_other_option(self):
        self.assert_places(Run(LEGACY, "--isolated", "--no-isolation", "test_it"), *NONE_ISOLATED)

    def test_the_environment_can_ask_for_it(self):
        self.assert_places(Run(MARKED, env={"HERMETIC_NO_ISOLATION": "1"}), "a@0")

    def test_sizes_hold_without_isolation(self):
        source = "@small\n@isolated\nclass A(unittest.TestCase):\n    def test_a(self): subprocess.run(['true'])\n"
        self.assertIn("[H003]", Run(source, "--no-isolation", "test_it").text)


@medium
class TimeoutTest(IsolationCase):
    def test_the_option_is_the_budget_of_tests_whose_mark_has_none(self):
        run = Run(SLOW.format(mark="@isolated"), "--isolated-timeout", "0.5", "test_it")
        self.assertRegex(run.text, r"timed out: the test used \d+\.\d of its 0\.5 seconds")

    def test_it_is_that_of_unmarked_tests_too(self):
        run = Run(SLOW.format(mark=""), "--isolated", "--isolated-timeout=0.5", "test_it")
        self.assertIn("of its 0.5 seconds", run.text)

    def test_the_environment_and_the_file_can_set_it(self):
        source = SLOW.format(mark="@isolated")
        files = {"setup.cfg": "[tool:hermetic]\nisolated_timeout = 0.5\n"}
        self.assertIn("of its 0.5 seconds", Run(source, **files).text)
        self.assertIn("of its 0.25 seconds", Run(source, env={"HERMETIC_ISOLATED_TIMEOUT": "0.25"}, **files).text)

    def test_that_of_a_mark_wins(self):
        run = Run(SLOW.format(mark="@isolated(timeout=0.5)"), "--isolated-timeout", "300", "test_it")
        self.assertIn("of its 0.5 seconds", run.text)

    def test_the_stack_of_the_test_is_in_the_report(self):
        seconds = 10 if features.WINDOWS else 0.5  # the imports of a new interpreter are a part of them
        run = Run(SLOW.format(mark=f"@isolated(timeout={seconds})"))
        self.assertRegex(run.text, r'File ".*test_it\.py", line \d+ in test_a')


@medium
class StartTest(IsolationCase):
    OUTCOMES = """
def setUpModule(): note("setUpModule")
@isolated
class A(unittest.TestCase):
    setUpClass, tearDownClass = fixtures("A")
    def test_error(self): 1 / 0
    def test_failure(self): self.assertEqual([1], [2])
    def test_skip(self): self.skipTest("here")
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.expectedFailure
    def test_unexpected(self): pass
    def test_exit(self): os._exit(3)
    @isolated
    def test_success(self): note("success")
    @small
    def test_violation(self): subprocess.run(["true"])
"""

    def test_fresh_interpreters_come_to_the_same_verdicts_in_the_same_places(self):
        runs = [Run(self.OUTCOMES, "-v", "--isolated-start", start, "test_it") for start in ("auto", "fresh")]
        auto, fresh = ([line for line in run.text.splitlines() if " ... " in line or "=1" in line] for run in runs)
        self.assertEqual(len(auto), 9, runs[0].text)
        self.assertEqual(auto, fresh)
        self.assertEqual(runs[0].places, runs[1].places)

    def test_the_environment_can_choose_it(self):
        run = Run(MARKED + "note('imported')\n", env={"HERMETIC_ISOLATED_START": "fresh"})
        self.assert_places(run, "imported@0", "imported@1", "a@1")

    @support.linux_only("workers that are forked")
    def test_a_fork_imports_nothing_again(self):
        self.assert_places(Run(MARKED + "note('imported')\n"), "imported@0", "a@1")

    def test_a_fresh_interpreter_has_path_folder_arguments_and_environment(self):
        source = """
FACTS = repr([os.getcwd(), sys.path, sys.argv, os.environ.get("SEEN"), sys.flags.optimize])
if "HERMETIC_ISOLATED" not in os.environ: os.environ["FACTS"] = FACTS
class A(unittest.TestCase):
    @isolated
    def test_a(self): self.assertEqual(FACTS, os.environ["FACTS"])
"""
        run = Run(source, "--isolated-start", "fresh", "test_it", env={"SEEN": "1", "PYTHONOPTIMIZE": "1"})
        self.assertEqual(run.status, 0, run.text)


@medium
class ShownTest(HermeticTestCase):
    def test_show_config_has_what_the_command_line_gave(self):
        with support.Folder(**{"setup.cfg": ""}) as folder:
            options = ("--isolated", "--isolated-timeout", "2.50", "--isolated-start", "fresh", "--no-isolation")
            done = support.run_hermetic("--show-config", *options, cwd=folder, env={"HERMETIC_LEAKS": "off"})
        for line in (
            "isolated = true  (command line)", "no_isolation = true  (command line)",
            "isolated_timeout = 2.5  (command line)", "isolated_start = fresh  (command line)",
            "leaks = off  (environment)",
        ):  # fmt: skip
            self.assertIn(line, done.stdout.splitlines())

    def test_a_wrong_value_is_one_message_and_status_2(self):
        options = ("--isolated-timeout", "soon"), ("--isolated-timeout=0",), ("--isolated-timeout", "nan")
        for arguments in options:
            with self.subTest(arguments=arguments), support.Folder(**{"setup.cfg": ""}) as folder:
                done = support.run_hermetic(*arguments, "discover", cwd=folder)
                self.assertEqual((done.returncode, done.stdout, len(done.stderr.splitlines())), (2, "", 1))
                self.assertIn("--isolated-timeout ", done.stderr)
                self.assertIn("is not a number of seconds above 0", done.stderr)

    def test_a_wrong_variable_is_one_message_and_status_2(self):
        for name, value, text in (
            ("HERMETIC_ISOLATED_TIMEOUT", "-1", "= '-1' is not a number of seconds above 0"),
            ("HERMETIC_NO_ISOLATION", "maybe", "= 'maybe' is not true or false"),
            ("HERMETIC_ISOLATED_START", "warm", "= 'warm' is not one of auto or fresh"),
        ):
            with self.subTest(name=name), support.Folder(**{"setup.cfg": ""}) as folder:
                done = support.run_hermetic("discover", cwd=folder, env={name: value})
                self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1))
                self.assertIn(f"error: environment: {name} {text}", done.stderr)

    def test_a_switch_takes_no_value(self):
        with support.Folder(**{"setup.cfg": ""}) as folder:
            done = support.run_hermetic("--isolated=true", "discover", cwd=folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--isolated", done.stderr)


@medium
class ScriptsTest(IsolationCase):
    RUNNERS = {  # noqa: RUF012 - a constant
        "a legacy guarded main": "if __name__ == '__main__':\n    unittest.main()\n",
        "a legacy unguarded main": "unittest.main()\n",
        "a runner of its own": (
            "if __name__ == '__main__':\n    suite = unittest.defaultTestLoader.loadTestsFromName('__main__')\n"
            "    sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())\n"
        ),
        "our main": "if __name__ == '__main__':\n    hermetic.main()\n",
    }
    CLASS = """
@isolated
class A(unittest.TestCase):
    setUpClass, tearDownClass = fixtures("A")
    def test_a(self): note("a")
    def test_b(self): note("b")
"""
    PLACES = ("setUpClass A@1", "a@1", "b@1", "tearDownClass A@1")

    def test_the_tests_of_a_script_are_isolated(self):
        for name, end in self.RUNNERS.items():
            with self.subTest(name):
                self.assert_places(Run(self.CLASS + end, "--script", "test_it.py"), *self.PLACES)

    def test_in_fresh_interpreters_the_script_runs_nothing_again(self):
        for name, end in self.RUNNERS.items():
            with self.subTest(name):
                run = Run(self.CLASS + end, "--isolated-start", "fresh", "--script", "test_it.py")
                self.assert_places(run, *self.PLACES)

    def test_the_option_reaches_the_runs_of_a_script(self):
        run = Run(f"{LEGACY}unittest.main()\n", "--isolated", "--script", "test_it.py")
        self.assert_places(run, *EACH_ISOLATED)

    def test_hermetic_main_takes_the_options(self):
        files = {"test_it.py": f"{HEAD}{LEGACY}if __name__ == '__main__':\n    hermetic.main()\n", "setup.cfg": ""}
        with support.Folder(**files) as folder:
            shown = {
                option: support.run_python("test_it.py", option, cwd=folder).stdout.count("setUpModule")
                for option in ("--isolated", "--no-isolation")
            }
        self.assertEqual(shown, {"--isolated": 2, "--no-isolation": 1})

    def test_a_run_that_a_test_starts_is_isolated_too(self):
        run = Run("""
class Inner(unittest.TestCase):
    @isolated
    def test_inner(self): note("inner")
class Outer(unittest.TestCase):
    def test_outer(self):
        result = hermetic.TestRunner(stream=open(os.devnull, "w")).run(Inner("test_inner"))
        self.assertTrue(result.wasSuccessful(), result.errors)
        note("outer")
""", "test_it.Outer")  # fmt: skip
        self.assert_places(run, "inner@1", "outer@0")

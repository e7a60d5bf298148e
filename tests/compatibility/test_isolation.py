"""Isolated tests have the same verdicts under every host.

The hosts are those of support/hosts.py. What ran where is told by the suite itself (samples' isolation_notes.py).
"""

from __future__ import annotations

import glob
import importlib.util
import os
import re
import sys
import textwrap
import time
import unittest
from collections import defaultdict
from unittest import mock

from hermetic import medium
from hermetic._base import features
from support import Folder, hosts, package_folder, run_hermetic, run_python, some_pythons_do, write_files
from support.host_verdicts import ERROR, FAILURE, OK, SKIP, XFAIL, XPASS
from support.hosts import Run, ids_of_tests, installed, suite_folder

if importlib.util.find_spec("pytest") is None:  # nor is any other host there
    setUpModule = some_pythons_do

SUITE = ("test_isolated_methods", "test_isolated_classes")
EXPECTATIONS = ("test_isolated_expectations",)
CLEAN = ("test_isolated_clean", "test_isolated_module")

BAD = {ERROR, FAILURE}  # hosts differ in which of the two they call it
# On Windows, ctypes raises an exception instead.
SEGFAULT = "access violation" if features.WINDOWS else r"\[H007\] .* ended by SIGSEGV(.|\n)*in string_at"
EXPECTED = {  # names of test methods: the kinds that their outcome may be, what its text says
    r"test_(\d_)?passes\w*(\[1\])?": ({OK}, ""),
    r"test_fails_in_a_subtest": (BAD, "1 == 1"),
    r"test_\w+_and_fails": (BAD, "1 != 2"),
    r"test_errs": (BAD, "ValueError: broken"),
    r"test_skips\w*": ({SKIP}, ""),
    r"test_(\d_)?exits": (BAD, r"\[H007\] .* ended with exit status 0 before it finished"),
    r"test_segfaults": (BAD, SEGFAULT),
    r"test_hangs": (BAD, r"\[H007\] .* timed out: the test used \d+\.\d of its 1 seconds(.|\n)*in test_hangs"),
    r"test_violates\w*": (BAD, r"\[H003\] subprocess violation: small test"),
    r"test_expected_failure": ({XFAIL}, ""),
    r"test_unexpected_success": ({XPASS, *BAD}, ""),
}
_GRACE = 20.0  # seconds that a zygote has to see that it is alone: hosts' own workers leave by os._exit
NAMED_TWICE = "test_unexpected_success"  # by some hosts: where it happens, and at the end


# Hosts write files of their own to the current folder, which the suite's processes would be asked about.
QUIET = "[tool:hermetic]\nleaks = off\n"


def problems(run: Run, tests: set[str]) -> list[str]:
    """What is wrong with a host's verdicts; nothing, if each test has the one outcome that it should have."""
    found = []
    for test in sorted(tests):
        method = test.rpartition(".")[2]
        kinds, text = next(expected for name, expected in EXPECTED.items() if re.fullmatch(name, method))
        own = [entry for entry in run.entries if entry.test == test]
        right = [entry for entry in own if entry.kind in kinds and re.search(text, entry.text)]
        # A test that fails in a subtest may pass as a whole.
        others = [entry for entry in own if entry not in right and not (entry.kind == OK and "subtest" in method)]
        if others or not 1 <= len(right) <= (2 if method == NAMED_TWICE else 1):
            found.append(f"{test}: {own}")
    return found


def shown(run: Run, *found: str) -> str:
    return "\n".join(["", *found, "", run.output[-hosts.OUTPUT_SHOWN :]])


def notes(folder: str) -> list[list[str]]:
    """What ran where: what, the kind of process, its number."""
    with open(os.path.join(folder, ".notes"), encoding="utf-8") as file:
        return [line.split() for line in file]


def processes_in(folder: str) -> list[str]:
    """The processes whose current folder it is."""
    found = []
    for link in glob.glob("/proc/[0-9]*/cwd"):
        try:
            found += [link] if os.readlink(link) == folder else []
        except OSError:
            continue  # it has ended, or is another user's
    return found


def left_of(folder: str, temporary: str) -> list[str]:
    """What is left on disk and running of a run in a folder."""
    return glob.glob(os.path.join(temporary, "hermetic-*")) + processes_in(folder)


class IsolationTests:
    """The tests of every host.

    Attributes:
        host: the host, one of support/hosts.py.
        suite: the modules that it runs, without those that pass.
    """

    host: type
    suite: tuple[str, ...] = (*SUITE, *EXPECTATIONS)

    def run_suite(self, *modules: str) -> tuple[Run, str]:
        """What the host makes of modules, and the folder that it ran in; nothing of ours is left there."""
        if getattr(self.host, "__unittest_skip__", False):
            self.skipTest(self.host.__unittest_skip_why__)  # type: ignore[attr-defined]
        host = self.host()
        host.skip_where_skipped_tests_are_not_started()
        folder = suite_folder(self, modules)  # type: ignore[arg-type]
        temporary = os.path.join(folder, ".tmp")
        os.mkdir(temporary)
        write_files(folder, {"setup.cfg": QUIET})
        with mock.patch.dict(os.environ, TMPDIR=temporary):
            run = host.run_host(folder, modules)
        deadline = time.monotonic() + _GRACE
        while (left := left_of(folder, temporary)) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual([], left, shown(run))  # type: ignore[attr-defined]
        return run, folder

    @medium
    def test_each_isolated_test_has_its_verdict_and_fixtures_run_with_it(self) -> None:
        run, folder = self.run_suite(*self.suite)
        tests = {test for test in ids_of_tests(self.suite, "") if ".test_never" not in test}
        found = problems(run, tests)
        self.assertEqual([], found, shown(run, *found))  # type: ignore[attr-defined]
        self.assertNotEqual(0, run.status)  # type: ignore[attr-defined]
        ran = notes(folder)
        self.assertEqual({"worker"}, {kind for _, kind, _ in ran}, ran)  # type: ignore[attr-defined]
        self.assertNotIn("never", {what for what, _, _ in ran})  # type: ignore[attr-defined]
        self.assertEqual(2, len({pid for what, _, pid in ran if what == "method"}), ran)  # type: ignore[attr-defined]

    @medium
    def test_clean_isolated_suite_is_green_and_groups_share_a_process(self) -> None:
        run, folder = self.run_suite(*CLEAN)
        found = problems(run, {*ids_of_tests(CLEAN, "")})
        self.assertEqual([], found, shown(run, *found))  # type: ignore[attr-defined]
        self.assertEqual(0, run.status, shown(run))  # type: ignore[attr-defined]
        ran = notes(folder)
        self.assertEqual({"here"}, {what for what, kind, _ in ran if kind == "host"}, ran)  # type: ignore[attr-defined]
        processes = defaultdict(list)
        for what, _, pid in ran:
            processes[pid].append(what)
        self.check_processes([*processes.values()])

    def check_processes(self, processes: list[list[str]]) -> None:
        """What ran together: each class and module between its fixtures, each group in its order."""
        expected = [
            ["ClassTest.setUpClass", "class", "class", "ClassTest.tearDownClass"],
            ["another"],
            ["group", "group"],
            ["here"],
            ["setUpModule", "module", "module", "tearDownModule"],
        ]
        self.assertEqual(expected, sorted(processes))  # type: ignore[attr-defined]


class UnittestIsolationTest(IsolationTests, unittest.TestCase):
    host = hosts.Unittest


class HermeticIsolationTest(IsolationTests, unittest.TestCase):
    host = hosts.Hermetic


class PytestIsolationTest(IsolationTests, unittest.TestCase):
    host = hosts.Pytest

    @medium
    def test_each_isolated_function_has_its_verdict(self) -> None:
        modules = ("test_isolated_functions",)
        run, _ = self.run_suite(*modules)
        found = problems(run, {entry.test for entry in run.entries})
        self.assertEqual([], found, shown(run, *found))
        self.assertEqual(17, len(run.entries), shown(run))
        self.assertEqual(1, run.status)

    @medium
    def test_a_module_is_set_up_in_the_process_of_its_function(self) -> None:
        run, _ = self.run_suite("test_isolated_set_up")
        self.assertEqual([OK], [entry.kind for entry in run.entries])


class XdistIsolationTest(PytestIsolationTest):
    host = hosts.Xdist

    def check_processes(self, processes: list[list[str]]) -> None:
        # It deals out the tests of a class: each of its own processes has workers for those that it got.
        for ran in processes:
            if ran[0].endswith(".setUpClass"):
                self.assertEqual(["ClassTest.setUpClass", "ClassTest.tearDownClass"], [ran[0], ran[-1]])
            if ran[0] == "setUpModule":
                self.assertEqual("tearDownModule", ran[-1])


class UnittestParallelIsolationTest(IsolationTests, unittest.TestCase):
    host = hosts.UnittestParallel


class UnittestParallelByClassIsolationTest(UnittestParallelIsolationTest):
    host = hosts.UnittestParallelByClass


class UnittestParallelThreadsIsolationTest(UnittestParallelIsolationTest):
    host = hosts.UnittestParallelThreads


class GreenIsolationTest(IsolationTests, unittest.TestCase):
    host = hosts.Green


class GreenProcessesIsolationTest(GreenIsolationTest):
    host = hosts.GreenProcesses


class Nose2IsolationTest(IsolationTests, unittest.TestCase):
    host = hosts.Nose2


class Nose2ProcessesIsolationTest(Nose2IsolationTest):
    host = hosts.Nose2Processes


class TesttoolsRunIsolationTest(IsolationTests, unittest.TestCase):
    host = hosts.TesttoolsRun


class StestrIsolationTest(IsolationTests, unittest.TestCase):
    host = hosts.Stestr


class DjangoIsolationTest(IsolationTests, unittest.TestCase):
    host = hosts.Django


class DjangoProcessesIsolationTest(DjangoIsolationTest):
    host = hosts.DjangoProcesses


class TrialIsolationTest(IsolationTests, unittest.TestCase):
    host = hosts.Trial
    suite = SUITE  # its reporter cannot take the expected failures of other TestCase classes than its own


PRINTING = """
    import os, sys, unittest
    from hermetic import isolated

    class PrintingTest(unittest.TestCase):
        @isolated
        def test_fails(self):
            print("printed to stdout")
            print("printed to stderr", file=sys.stderr)
            os.write(1, b"written to 1\\n")
            self.fail("afterwards")

        @isolated
        def test_passes(self):
            print("printed quietly")
"""
PRINTED = {"printed to stdout", "printed to stderr", "written to 1"}


class OutputTest(unittest.TestCase):
    @medium
    def test_buffered_output_is_shown_where_a_test_fails(self) -> None:
        with Folder(**{"test_printing.py": PRINTING}) as folder:
            for runner in ("unittest", "hermetic"):
                done = run_python("-m", runner, "-b", cwd=folder)
                self.assertLessEqual(PRINTED, {*done.stderr.splitlines()})
                self.assertNotIn("printed quietly", done.stderr + done.stdout)
                done = run_python("-m", runner, cwd=folder)
                self.assertEqual({"printed to stdout", "written to 1", "printed quietly"}, {*done.stdout.splitlines()})


@installed("pytest", "pytest")
class PytestOptionsTest(unittest.TestCase):
    @medium
    def test_output_is_shown_as_the_capture_options_say(self) -> None:
        with Folder(**{"test_printing.py": PRINTING}) as folder:
            for capture in ("fd", "sys"):
                output = run_pytest(folder, f"--capture={capture}")
                self.assertLessEqual(PRINTED, {*output.splitlines()})
                self.assertNotIn("printed quietly", output)
            self.assertIn("printed quietly", run_pytest(folder, "-s"))
            output = run_pytest(folder, "--show-capture=no")
            self.assertFalse(PRINTED & {*output.splitlines()}, output)

    @medium
    def test_selection_and_stopping_are_as_for_other_tests(self) -> None:
        with Folder(**{"test_printing.py": PRINTING}) as folder:
            self.assertIn("1 passed, 1 deselected", run_pytest(folder, "-k", "passes"))
            self.assertIn("1 failed in", run_pytest(folder, "-x"))
            self.assertIn("call     test_printing.py", run_pytest(folder, "--durations=0", "-vvv"))
            run_python("-m", "pytest", cwd=folder)
            again = run_python("-m", "pytest", "--last-failed", cwd=folder).stdout
        self.assertIn("1 failed, 1 deselected", again)

    @medium
    def test_modules_of_one_name_are_told_apart_and_filters_and_conftest_hold(self) -> None:
        module = """
            import os, unittest, warnings
            from hermetic import isolated

            class NameTest(unittest.TestCase):
                @isolated
                def test_{0}(self):
                    self.assertEqual("{0}", os.environ["BY_CONFTEST"])
                    with self.assertRaises(UserWarning):
                        warnings.warn("{0}")
        """
        files = {f"{name}/test_same.py": module.format(name) for name in ("one", "two")}
        files |= {f"{name}/conftest.py": f"import os\nos.environ['BY_CONFTEST'] = '{name}'" for name in ("one",)}
        files["two/test_same.py"] = files["two/test_same.py"].replace('"two", os', '"one", os')
        with Folder(**files) as folder:
            output = run_pytest(folder, "--import-mode=importlib", "-W", "error")
        self.assertIn("2 passed", output)


def run_pytest(folder: str, *options: str) -> str:
    return run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", *options, cwd=folder).stdout


class WithoutIsolationTest(unittest.TestCase):
    def check(self, *command: str) -> None:
        with Folder(**{"test_notes.py": self.MODULE}) as folder:
            done = run_python(*command, cwd=folder, env={"HERMETIC_NO_ISOLATION": "1"})
        self.assertEqual(["setUpModule", "setUpClass", "test"], re.findall(r"in the host: (\w+)", done.stdout))
        self.assertEqual(0, done.returncode, done.stderr)

    MODULE = """
        import os, unittest
        from hermetic import isolated

        __hermetic__ = isolated

        def note(what):
            print("in the worker:" if "HERMETIC_ISOLATED" in os.environ else "in the host:", what)

        def setUpModule():
            note("setUpModule")

        class NoteTest(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                note("setUpClass")

            @isolated("group")
            def test_here(self):
                note("test")
    """

    @medium
    def test_all_runs_in_the_process_of_the_runner(self) -> None:
        self.check("-m", "unittest")
        self.check("-m", "hermetic")

    @medium
    @installed("pytest", "pytest")
    def test_all_runs_in_the_process_of_pytest_and_its_debugger(self) -> None:
        self.check("-m", "pytest", "-s", "--pdb")

    @medium
    @installed("pytest", "pytest")
    def test_debugger_of_pytest_stands_where_the_test_failed(self) -> None:
        failing = self.MODULE.replace('note("test")', "value = 6 * 7; raise ValueError(value)")
        with Folder(**{"test_notes.py": failing}) as folder:
            environment = {"HERMETIC_NO_ISOLATION": "1"}
            typed = "p value\nq\n"
            done = run_python("-m", "pytest", "--pdb", cwd=folder, env=environment, stdin=typed)
        self.assertRegex(done.stdout, r"\(Pdb\) 42\n")


class ScriptTest(unittest.TestCase):
    MODULE = """
        import os, threading, unittest
        from hermetic import isolated

        class ScriptTest(unittest.TestCase):
            @isolated
            def test_passes(self):
                self.assertIn("HERMETIC_ISOLATED", os.environ)

            @isolated
            def test_fails(self):
                self.fail("on purpose")
    """

    @medium
    def test_tests_of_a_script_are_isolated_with_a_guard_and_without(self) -> None:
        guarded = "\n        if __name__ == '__main__':\n            unittest.main()\n"
        with Folder(
            **{"guarded.py": self.MODULE + guarded, "bare.py": self.MODULE + "\n        unittest.main()\n"}
        ) as folder:
            for script in ("guarded.py", "bare.py"):
                done = run_python(script, cwd=folder)
                self.assertIn("Ran 2 tests", done.stderr)
                self.assertIn("FAILED (failures=1)", done.stderr)
                self.assertEqual(1, done.stderr.count("AssertionError: on purpose"))
                self.assertEqual(1, done.returncode)

    @medium
    def test_tests_that_were_typed_in_cannot_be_isolated(self) -> None:
        done = run_python("-", stdin=textwrap.dedent(self.MODULE) + "\nunittest.main()\n")
        self.assertIn("FAILED (errors=2)", done.stderr)
        self.assertIn(
            "[H007] __main__.ScriptTest cannot be isolated: it was typed in an interactive session", done.stderr
        )
        self.assertEqual(1, done.returncode)

    @medium
    def test_what_cannot_be_sent_is_an_error_under_unittest_and_none_under_hermetic(self) -> None:
        given = """
            def load_tests(loader, tests, pattern):
                for test in (suite := unittest.TestSuite([ScriptTest("test_passes"), ScriptTest("test_passes")])):
                    test.lock = threading.Lock()
                return suite
        """
        with Folder(**{"test_given.py": self.MODULE.replace("\n        ", "\n            ") + given}) as folder:
            done = run_python("-m", "unittest", "test_given", cwd=folder)
            self.assertIn("FAILED (errors=2)", done.stderr)
            self.assertRegex(
                done.stderr, r"\[H007\] .*'lock' cannot be sent .*create it in setUp, or make it picklable"
            )
            done = run_hermetic("test_given", cwd=folder)
        self.assertEqual(0 if features.LINUX else 1, done.returncode, done.stderr)  # only forks need not be sent it


class InterpreterTest(unittest.TestCase):
    MODULE = """
        import json, os, sys, unittest
        from hermetic import isolated

        def facts():
            flags = {name: getattr(sys.flags, name) for name in dir(sys.flags)}
            flags = {name: value for name, value in flags.items() if isinstance(value, int)}
            own = {"path": sys.path, "argv": sys.argv, "folder": os.getcwd(), "warnings": sys.warnoptions}
            return {**flags, **own, "debug": __debug__, "doc": facts.__doc__, "bytecode": sys.dont_write_bytecode}

        class FactsTest(unittest.TestCase):
            @isolated
            def test_there(self):
                print(json.dumps(facts(), sort_keys=True))

            def test_here(self):
                print(json.dumps(facts(), sort_keys=True))
    """
    START = "import sys, unittest; sys.path[:0] = {}; unittest.main(module=None, argv=['suite', 'facts'])"

    def check(self, *options: str) -> None:
        with Folder(**{"facts.py": self.MODULE}) as folder:
            start = self.START.format([folder, package_folder()])  # -I, -E and -P leave PYTHONPATH or the folder out
            for how in ("auto", "fresh"):
                done = run_python(*options, "-c", start, cwd=folder, env={"HERMETIC_ISOLATED_START": how})
                here, *there = done.stdout.splitlines() or [done.stderr]
                self.assertEqual([here], there, done.stderr)

    @medium
    def test_optimizing_options_reach_the_workers(self) -> None:
        self.check("-O", "-B", "-bb", "-W", "error::DeprecationWarning", "-X", "dev", "-X", "utf8")
        self.check("-OO", "-u", "-X", "utf8=0", "-X", "faulthandler", "-X", "tracemalloc=2")

    @medium
    def test_isolating_options_reach_the_workers(self) -> None:
        self.check("-I")
        self.check("-E", "-s", *(["-P"] if sys.version_info >= (3, 11) else []))


@unittest.skipIf("COVERAGE_FILE" in os.environ, "it measures by itself, and would write to the same file")
class ToolsTest(unittest.TestCase):
    FILES = {  # noqa: RUF012 - only read
        "shop.py": "def sell():\n    return 'sold'\n\ndef leave():\n    import os\n    os._exit(3)\n",
        "test_shop.py": """
            import cProfile, pstats, shop, sys, unittest
            from hermetic import isolated

            class ShopTest(unittest.TestCase):
                @isolated
                def test_sells(self):
                    self.assertEqual("sold", shop.sell())

                @isolated
                def test_leaves(self):
                    shop.leave()

                @isolated
                def test_is_profiled(self):
                    with cProfile.Profile() as profile:
                        shop.sell()
                    self.assertIn("sell", {name for _, _, name in pstats.Stats(profile).stats})

                @isolated
                def test_calls_are_seen(self):
                    seen = []
                    sys.setprofile(lambda frame, event, _: seen.append(frame.f_code.co_name))
                    shop.sell()
                    sys.setprofile(None)
                    self.assertIn("sell", seen)
        """,
        ".coveragerc": "[run]\nsource_pkgs = shop\nparallel = true\npatch = subprocess, _exit\n",
    }

    @medium
    def test_profilers_work_in_workers(self) -> None:
        with Folder(**self.FILES) as folder:
            for runner in ("unittest", "hermetic"):
                done = run_python("-m", runner, "-k", "profiled", "-k", "seen", cwd=folder)
                self.assertEqual(0, done.returncode, done.stderr)

    def check_coverage(self, *command: str) -> None:
        with Folder(**self.FILES) as folder:
            for how in ("auto", "fresh"):
                environment = {"HERMETIC_ISOLATED_START": how}
                done = run_python("-m", "coverage", "run", *command, cwd=folder, env=environment)
                self.assertEqual(1, done.returncode, done.stderr)
                run_python("-m", "coverage", "combine", cwd=folder)
                report = run_python("-m", "coverage", "report", "-m", cwd=folder).stdout
                self.assertRegex(report, r"shop\.py +5 +0 +100%")

    @medium
    @installed("coverage", "coverage")
    def test_lines_that_only_isolated_tests_run_are_measured(self) -> None:
        self.check_coverage("-m", "hermetic")
        self.check_coverage("-m", "unittest")

    @medium
    @installed("coverage", "coverage")
    @installed("pytest", "pytest")
    def test_lines_that_only_isolated_tests_run_are_measured_under_pytest(self) -> None:
        self.check_coverage("-m", "pytest", "-p", "no:cacheprovider")

"""Scripts whose children import the main module again: each test runs once, and only in the parent."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import sys
import unittest

import support
from hermetic import medium
from support import Folder, run_python
from support.sample_runs import METHODS, WALL_SECONDS

setUpModule = support.some_pythons_do

MAX_STARTS = 12  # of a scenario: the Pool's two workers, a process, and what Python starts for itself

# Counts the processes that are started, whoever starts them, and refuses one too many: no failure here runs away.
_COUNTER = """
    import os
    starts = os.environ["STARTS"]
    with open(starts, "ab") as file:
        file.write(b".")
    if os.stat(starts).st_size > 40:
        os._exit(99)
"""

_TESTS = """
    import concurrent.futures, multiprocessing, os, sys, unittest
    import hermetic
    multiprocessing.set_start_method(os.environ["METHOD"], force=True)
    import work

    class ProcessTest(unittest.TestCase):
        def setUp(self):
            with open(os.environ["RUNS"], "a") as file:
                file.write(f"{os.getpid()} {self._testMethodName}\\n")

        def test_functions_of_a_module(self):
            self.assertEqual(work.in_pool(work.double), [2, 4])

        def test_functions_of_main(self):
            function = getattr(sys.modules["__main__"], "triple", work.triple)
            self.assertEqual(work.in_pool(function), [3, 6])

        def test_a_process_and_its_child(self):
            process = multiprocessing.Process(target=work.start_another)
            process.start()
            process.join(30)
            self.assertEqual(process.exitcode, 0)
"""

_WORK = """
    import multiprocessing

    def double(number):
        return 2 * number

    def triple(number):
        return 3 * number

    def in_pool(function):
        with multiprocessing.Pool(2) as pool:
            return pool.map(function, [1, 2])

    def start_another():
        process = multiprocessing.Process(target=double, args=(1,))
        process.start()
        process.join(30)
        raise SystemExit(process.exitcode)
"""

_TRIPLE = "def triple(number):\n    return 3 * number\n"
_LOAD = "suite = unittest.defaultTestLoader.loadTestsFromName('test_sample')\n"
_SCRIPTS = {
    "runner_unguarded_with_sys_exit": f"""
import sys, unittest, hermetic
{_TRIPLE}{_LOAD}
result = hermetic.TestRunner().run(suite)
sys.exit(not result.wasSuccessful())
""",
    "main_unguarded": f"""
import hermetic
from test_sample import *
{_TRIPLE}
hermetic.main()
""",
    "main_guarded": f"""
import hermetic
from test_sample import *
{_TRIPLE}
if __name__ == "__main__":
    hermetic.main()
""",
    "legacy_main_unguarded": f"""
import unittest
from test_sample import *
{_TRIPLE}
unittest.main()
""",
    "legacy_runner_unguarded": f"""
import unittest
{_TRIPLE}{_LOAD}
unittest.TextTestRunner().run(suite)
""",
    "legacy_runner_with_sys_exit": f"""
import sys, unittest
{_TRIPLE}{_LOAD}
sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())
""",
    "suite_and_result": f"""
import sys, unittest
{_TRIPLE}{_LOAD}
result = unittest.TestResult()
suite.run(result)
sys.exit(f"{{len(result.errors)}} {{result.failures}}" if not result.wasSuccessful() else 0)
""",
    "runner_in_an_imported_helper": f"""
import helper
{_TRIPLE}
helper.run_all()
""",
    "exit_that_is_caught": f"""
import hermetic
from test_sample import *
{_TRIPLE}
status = None
try:
    hermetic.main()
except SystemExit as error:
    status = error.code
finally:
    print("cleaned up")
raise SystemExit(status)
""",
    "everything_is_caught": f"""
import sys, hermetic
from test_sample import *
{_TRIPLE}
try:
    hermetic.main()
except:
    if sys.exc_info()[1].code:
        raise
""",
}
_HELPER = """
    import sys, unittest
    def run_all():
        suite = unittest.defaultTestLoader.loadTestsFromName("test_sample")
        sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())
"""


class ScriptCase(unittest.TestCase):
    """Runs scripts beside the sample, with every process counted."""

    def run_script(self, method, *arguments, script="", **files):
        files = {
            "count/sitecustomize.py": _COUNTER, "test_sample.py": _TESTS, "work.py": _WORK, "helper.py": _HELPER,
            "runtest.py": script, **files,
        }  # fmt: skip
        with Folder(**files) as folder:
            runs, starts = (os.path.join(folder, name) for name in ("runs", "starts"))
            package = os.path.dirname(os.path.dirname(sys.modules["hermetic"].__file__))
            env = {
                "RUNS": runs,
                "STARTS": starts,
                "METHOD": method,
                "PYTHONPATH": os.pathsep.join((os.path.join(folder, "count"), package)),
            }
            done = run_python(*arguments, cwd=folder, env=env, timeout=WALL_SECONDS)
            started = os.path.getsize(starts)
            lines = pathlib.Path(runs).read_text(encoding="utf-8").splitlines() if os.path.exists(runs) else []
        return done, lines, started

    def assert_each_test_ran_once(self, done, lines, started):
        self.assertEqual(done.returncode, 0, done.stderr)
        names = ["test_a_process_and_its_child", "test_functions_of_a_module", "test_functions_of_main"]
        self.assertEqual(sorted(line.split()[1] for line in lines), names, done.stderr)
        self.assertEqual(len({line.split()[0] for line in lines}), 1, "in one process")
        self.assertLessEqual(started, MAX_STARTS, done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def check(self, name, *arguments, methods=METHODS):
        for method in methods:
            with self.subTest(method=method):
                self.assert_each_test_ran_once(*self.run_script(method, *arguments, script=_SCRIPTS[name]))


@medium
class UnguardedScriptTest(ScriptCase):
    def test_main_without_a_guard(self):
        self.check("main_unguarded", "runtest.py")

    def test_main_with_a_guard(self):
        self.check("main_guarded", "runtest.py")

    def test_a_runner_and_sys_exit(self):
        self.check("runner_unguarded_with_sys_exit", "runtest.py")

    def test_as_a_module(self):
        self.check("runner_unguarded_with_sys_exit", "-m", "runtest")

    def test_a_suite_that_is_run_with_a_result(self):
        self.check("suite_and_result", "runtest.py", methods=["spawn"])

    def test_a_runner_in_a_module_that_the_script_imports(self):
        self.check("runner_in_an_imported_helper", "runtest.py", methods=["spawn"])

    def test_a_script_that_catches_the_exit(self):
        self.check("exit_that_is_caught", "runtest.py", methods=["spawn"])

    def test_a_script_that_catches_everything(self):
        self.check("everything_is_caught", "runtest.py", methods=["spawn"])


@medium
class LegacyScriptTest(ScriptCase):
    """Nothing of hermetic in the script: its test module imports it, or the command line runs it."""

    def test_unittest_main(self):
        self.check("legacy_main_unguarded", "runtest.py")

    def test_a_runner_without_an_exit(self):
        self.check("legacy_runner_unguarded", "runtest.py", methods=["spawn"])

    def test_a_runner_with_sys_exit_as_a_module(self):
        self.check("legacy_runner_with_sys_exit", "-m", "runtest", methods={*METHODS} & {"spawn", "forkserver"})

    def test_the_option_script(self):
        self.check("legacy_main_unguarded", "-m", "hermetic", "--script", "runtest.py")

    def test_the_option_script_and_sys_exit(self):
        script = ("-m", "hermetic", "--script", "runtest.py")
        self.check("legacy_runner_with_sys_exit", *script, methods=["spawn"])


@medium
class CommandLineTest(ScriptCase):
    def test_discover(self):
        self.check("main_guarded", "-m", "hermetic", "discover")

    @unittest.skipUnless(importlib.util.find_spec("pytest"), "pytest is not installed")
    def test_pytest(self):
        self.check("main_guarded", "-m", "pytest", "-p", "no:cacheprovider", "test_sample.py")


if __name__ == "__main__":
    unittest.main()

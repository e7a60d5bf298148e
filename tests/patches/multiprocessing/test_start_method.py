"""The start method of multiprocessing is spawn by default, and is restored after the run."""

from __future__ import annotations

import multiprocessing
import os
import unittest

import support
from hermetic import medium
from hermetic._base import features
from support import Folder, run_hermetic, run_python

setUpModule = support.some_pythons_do

# Coverage imports multiprocessing itself, in each process that it measures.
UNMEASURED = {"COVERAGE_PROCESS_CONFIG": ""}
_METHODS = multiprocessing.get_all_start_methods()

# Says which method holds when the module is imported and when its test runs, and what a child says.
_SAMPLE = """
    import multiprocessing, sys, unittest

    print("at import:", multiprocessing.get_start_method(allow_none=ALLOW_NONE))

    class SampleTest(unittest.TestCase):
        def test_method(self):
            print("in a test:", multiprocessing.get_start_method())
            print("of a context:", multiprocessing.get_context().get_start_method())
""".replace("ALLOW_NONE", "False")

_STARTS_A_PROCESS = """
    import multiprocessing, os, unittest

    def work(queue):
        queue.put(os.getpid())

    class ProcessTest(unittest.TestCase):
        def test_process(self):
            queue = multiprocessing.Queue()
            process = multiprocessing.Process(target=work, args=(queue,))
            process.start()
            self.assertEqual(process.pid, queue.get(timeout=30))
            process.join()
            self.assertEqual(0, process.exitcode)
            print(type(process._popen).__module__)

        def test_pool(self):
            with multiprocessing.Pool(2) as pool:
                self.assertEqual([1, 2, 3], pool.map(abs, [-1, 2, -3]))
"""


def own_method() -> str:
    """The start method that this Python takes when nobody says anything."""
    run = run_python("-c", "import multiprocessing; print(multiprocessing.get_start_method())")
    return run.stdout.strip()


class StartMethodCase(unittest.TestCase):
    """Runs one test module."""

    def run_module(self, text, *arguments, **kwargs):
        with Folder(**{"test_sample.py": text}) as folder:
            return run_hermetic(*arguments, cwd=folder, **kwargs)

    def assert_method(self, method, run):
        self.assertEqual(0, run.returncode, run.stderr)
        expected = f"at import: {method}\nin a test: {method}\nof a context: {method}\n"
        self.assertEqual(expected, run.stdout)


@medium
class StartMethodTest(StartMethodCase):
    def test_it_is_spawn_by_default(self):
        self.assert_method("spawn", self.run_module(_SAMPLE))

    def test_it_is_spawn_by_default_for_names_too(self):
        self.assert_method("spawn", self.run_module(_SAMPLE, "test_sample"))

    def test_the_option_sets_it(self):
        for method in _METHODS:
            with self.subTest(method=method):
                self.assert_method(method, self.run_module(_SAMPLE, "--start-method", method))

    def test_the_option_can_leave_it_to_the_platform(self):
        self.assert_method(own_method(), self.run_module(_SAMPLE, "--start-method", "platform"))

    def test_the_variable_sets_it(self):
        for method in _METHODS:
            with self.subTest(method=method):
                self.assert_method(method, self.run_module(_SAMPLE, env={"HERMETIC_START_METHOD": method}))

    def test_the_variable_can_leave_it_to_the_platform(self):
        self.assert_method(own_method(), self.run_module(_SAMPLE, env={"HERMETIC_START_METHOD": "platform"}))

    @support.posix_only("start method but spawn")
    def test_the_option_wins_over_the_variable(self):
        env = {"HERMETIC_START_METHOD": "forkserver"}
        self.assert_method("fork", self.run_module(_SAMPLE, "--start-method", "fork", env=env))

    @support.posix_only("start method but spawn")
    def test_setup_cfg_sets_it(self):
        files = {"test_sample.py": _SAMPLE, "setup.cfg": "[tool:hermetic]\nstart_method = fork\n"}
        with Folder(**files) as folder:
            self.assert_method("fork", run_hermetic(cwd=folder))

    def test_it_is_set_where_multiprocessing_was_imported_at_start_up(self):
        with Folder(**{"test_sample.py": _SAMPLE, "early/sitecustomize.py": "import multiprocessing\n"}) as folder:
            path = os.pathsep.join((os.path.join(folder, "early"), support.package_folder()))
            run = run_hermetic(cwd=folder, env={"PYTHONPATH": path})
            self.assert_method("spawn", run)

    def test_a_run_that_needs_no_multiprocessing_does_not_import_it(self):
        text = "import sys, unittest\nprint('multiprocessing' in sys.modules)\n"
        self.assertEqual("False\n", self.run_module(text, env=UNMEASURED).stdout)


@support.posix_only("start method but spawn")
@medium
class OwnStartMethodTest(StartMethodCase):
    def test_a_module_can_set_its_own_without_force(self):
        text = _SAMPLE.replace("    print(", "    multiprocessing.set_start_method('fork')\n    print(", 1)
        self.assert_method("fork", self.run_module(text))

    def test_a_module_can_set_it_back_to_that_of_the_platform(self):
        text = _SAMPLE.replace("    print(", "    multiprocessing.set_start_method(None, force=True)\n    print(", 1)
        run = self.run_module(text)
        self.assertEqual(0, run.returncode, run.stderr)
        self.assertIn("at import: ", run.stdout)

    def test_set_twice_without_force_is_the_usual_error(self):
        twice = "[multiprocessing.set_start_method(method) for method in ('fork', 'spawn')]"
        text = _SAMPLE.replace("    print(", f"    {twice}\n    print(", 1)
        run = self.run_module(text)
        self.assertIn("RuntimeError: context has already been set", run.stderr)
        self.assertEqual(1, run.returncode)

    def test_asking_with_allow_none_says_that_nobody_has_set_one(self):
        run = self.run_module(_SAMPLE.replace("allow_none=False", "allow_none=True"))
        self.assertEqual("at import: None\nin a test: spawn\nof a context: spawn\n", run.stdout)

    def test_a_context_of_its_own_is_left_alone(self):
        text = _SAMPLE.replace("get_context()", "get_context('fork')")
        self.assertIn("of a context: fork\n", self.run_module(text).stdout)


@medium
class StartTest(StartMethodCase):
    def test_processes_and_pools_start_by_every_method(self):
        spawn = "popen_spawn_win32" if features.WINDOWS else "popen_spawn_posix"
        names = {"fork": "popen_fork", "spawn": spawn, "forkserver": "popen_forkserver"}
        for method in _METHODS:
            with self.subTest(method=method):
                run = self.run_module(_STARTS_A_PROCESS, "--start-method", method)
                self.assertEqual(0, run.returncode, run.stderr)
                self.assertIn(names[method], run.stdout)
                self.assertIn("Ran 2 tests", run.stderr)

    @support.posix_only("start method but spawn")
    def test_executors_start_by_the_method(self):
        text = """
            import concurrent.futures, os, unittest
            class ExecutorTest(unittest.TestCase):
                def test_executor(self):
                    with concurrent.futures.ProcessPoolExecutor(1) as executor:
                        print(executor._mp_context.get_start_method(), executor.submit(abs, -3).result())
        """
        for method in ("spawn", "fork"):
            with self.subTest(method=method):
                self.assertEqual(f"{method} 3\n", self.run_module(text, "--start-method", method).stdout)


_RESTORES = """
    import sys, types, unittest
    BEFORE
    import hermetic

    class SampleTest(unittest.TestCase):
        def test_method(self):
            import multiprocessing
            IN_THE_TEST
            print("in the run:", multiprocessing.get_start_method())

    hermetic.main(argv=["program", *sys.argv[1:]], exit=False)
    import multiprocessing
    print("after it:", multiprocessing.get_start_method(allow_none=True))
    AFTER
    print("at last:", multiprocessing.get_start_method())
"""


@support.posix_only("start method but spawn")
@medium
class RestoreTest(unittest.TestCase):
    def run_main(self, *arguments, before="", in_the_test="", after=""):
        text = _RESTORES.replace("BEFORE", before).replace("IN_THE_TEST", in_the_test).replace("AFTER", after)
        with Folder(**{"sample.py": text}) as folder:
            return run_python("sample.py", *arguments, cwd=folder)

    def assert_printed(self, run, *lines):
        self.assertEqual(0, run.returncode, run.stderr)
        self.assertIn("\nOK\n", run.stderr)
        self.assertEqual(list(lines), run.stdout.splitlines())

    def test_what_was_unset_is_unset_again(self):
        run = self.run_main("--start-method", "forkserver")
        self.assert_printed(run, "in the run: forkserver", "after it: None", f"at last: {own_method()}")

    def test_what_was_unset_is_unset_again_with_an_early_import(self):
        run = self.run_main("--start-method", "forkserver", before="import multiprocessing")
        self.assert_printed(run, "in the run: forkserver", "after it: None", f"at last: {own_method()}")

    def test_what_was_unset_can_be_set_without_force_afterwards(self):
        run = self.run_main(after="multiprocessing.set_start_method('fork')")
        self.assert_printed(run, "in the run: spawn", "after it: None", "at last: fork")

    def test_what_was_set_is_set_again(self):
        before = "import multiprocessing; multiprocessing.set_start_method('fork')"
        run = self.run_main("--start-method", "forkserver", before=before)
        self.assertEqual(["after it: fork", "at last: fork"], run.stdout.splitlines()[1:])

    def test_what_was_set_holds_over_the_default(self):
        before = "import multiprocessing; multiprocessing.set_start_method('fork')"
        self.assert_printed(self.run_main(before=before), "in the run: fork", "after it: fork", "at last: fork")

    def test_what_a_test_set_is_gone_afterwards(self):
        run = self.run_main(in_the_test="multiprocessing.set_start_method('fork')")
        self.assert_printed(run, "in the run: fork", "after it: None", f"at last: {own_method()}")

    def test_two_runs_have_a_method_each(self):
        again = "hermetic.main(argv=['program', '--start-method', 'forkserver'], exit=False)"
        run = self.run_main("--start-method", "fork", after=again)
        self.assertEqual("in the run: fork", run.stdout.splitlines()[0])
        self.assertEqual(["in the run: forkserver", f"at last: {own_method()}"], run.stdout.splitlines()[2:])

    def test_the_platforms_own_leaves_everything_as_it_is(self):
        run = self.run_main("--start-method", "platform")
        self.assertEqual([f"in the run: {own_method()}"], run.stdout.splitlines()[:1])

    def test_wrong_usage_leaves_everything_as_it_is(self):
        text = """
            import contextlib, multiprocessing, hermetic
            with contextlib.suppress(SystemExit):
                hermetic.main(argv=["program", "--there-is-none"], exit=False)
            print(multiprocessing.get_start_method(allow_none=True), multiprocessing.get_start_method())
        """
        with Folder(**{"sample.py": text}) as folder:
            run = run_python("sample.py", cwd=folder)
        self.assertEqual(f"None {own_method()}\n", run.stdout)

    def test_no_finder_is_left_behind(self):
        text = """
            import sys, types, unittest, hermetic
            before = list(sys.meta_path)
            hermetic.main(types.ModuleType("empty"), argv=["program"], exit=False)
            print(sys.meta_path == before, "multiprocessing" in sys.modules)
        """
        with Folder(**{"sample.py": text}) as folder:
            run = run_python("sample.py", cwd=folder, env=UNMEASURED)
        self.assertEqual("True False\n", run.stdout)


if __name__ == "__main__":
    unittest.main()

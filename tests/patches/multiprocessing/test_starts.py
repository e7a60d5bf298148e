"""A process that is started during an import is refused with one error, and the other tests run."""

from __future__ import annotations

import unittest
from multiprocessing import get_all_start_methods

import hermetic
import support
from hermetic import medium
from support.sample_runs import METHODS, SampleRunCase

setUpModule = support.unmeasured_processes
_STARTS = {
    "pool": "RESULT = multiprocessing.Pool(2).map(abs, [-1])",
    "process": "multiprocessing.Process(target=abs, args=(1,)).start()",
    "manager": "MANAGER = multiprocessing.Manager()",
    "executor": "concurrent.futures.ProcessPoolExecutor(1).submit(abs, -1).result()",
}


@medium
class StartAtImportTest(SampleRunCase):
    TESTS = """
        import unittest
        class SampleTest(unittest.TestCase):
            def test_sample(self):
                print("the other module ran")
    """

    def files(self):
        found = {}
        for name, start in _STARTS.items():
            found[f"thing_{name}.py"] = f"import concurrent.futures, multiprocessing\n\n{start}\n"
            found[f"test_{name}.py"] = f"import thing_{name}\n"
        return found

    def test_it_is_one_error_that_names_module_and_line(self):
        for method in METHODS:
            with self.subTest(method=method):
                done, errors = self.run_sample("--start-method", method, **self.files())
                texts = {f"test_{name}": f"H008] multiprocessing violation: module thing_{name} " for name in _STARTS}
                self.assert_errors(errors, done, texts)
                for name, text in errors:
                    self.assertIn(f"  at thing_{name.partition('_')[2]}.py:3 in <module>: ", text)
                self.assertEqual((done.returncode, done.stdout), (1, "the other module ran\n"))
                self.assertNotIn("start method", done.stderr, "no process was started")

    def test_it_is_reported_where_the_module_swallows_it(self):
        tests = """
            import multiprocessing, unittest
            try:
                POOL = multiprocessing.Pool(1)
            except Exception:
                POOL = None

            class SwallowTest(unittest.TestCase):
                def test_without_it(self):
                    self.assertIsNone(POOL)
        """
        done, [(_, text)] = self.run_sample(**{"test_sample.py": tests})
        self.assertIn("[H008] multiprocessing violation: module test_sample started a process", text)
        self.assertIn("Ran 1 test", done.stderr)

    def test_a_script_ends_with_it(self):
        script = "import unittest\nfrom test_process import *\nfrom test_sample import *\nunittest.main()\n"
        done, _ = self.run_sample("--script", "run.py", **self.files(), **{"run.py": script})
        self.assertIn("[H008] multiprocessing violation: module thing_process ", done.stderr)
        self.assertEqual((done.returncode, done.stdout), (1, ""))

    def test_an_import_within_a_test_is_an_import(self):
        test = """
            import unittest
            class LateTest(unittest.TestCase):
                def test_late(self):
                    import thing_pool
        """
        done, errors = self.run_sample("test_late", **self.files(), **{"test_late.py": test})
        self.assert_errors(errors, done, {"test_late": "H008] multiprocessing violation: module thing_pool "})

    @support.posix_only("start method but spawn")
    def test_a_module_that_runs_tests_while_it_is_imported_starts_nothing_itself(self):
        test = """
            import multiprocessing, unittest
            class StarterTest(unittest.TestCase):
                def test_start(self):
                    process = multiprocessing.get_context("fork").Process(target=abs, args=(1,))
                    process.start()
                    process.join()
            if __name__ == "starter":
                unittest.main("starter", argv=["program"], exit=False)
        """
        done, _ = self.run_sample("--script", "run.py", **{"starter.py": test, "run.py": "import starter\n"})
        self.assertIn("Ran 1 test", done.stderr)
        self.assertIn("\nOK\n", done.stderr)

    @support.posix_only("start method but spawn")
    def test_the_setting_allows_it(self):
        thing = "import multiprocessing\n\nMANAGER = multiprocessing.get_context('fork').Manager()\n"
        test = """
            import thing, unittest
            class ManagerTest(unittest.TestCase):
                def test_manager(self):
                    self.assertEqual(list(thing.MANAGER.list([1])), [1])
        """
        files = {"thing.py": thing, "test_manager.py": test}
        done, errors = self.run_sample("--processes-at-import", "allow", "test_manager", **files)
        self.assertEqual((done.returncode, errors), (0, []), done.stderr)


if __name__ == "__main__":
    unittest.main()


HAS_FORK_SERVER = "forkserver" in get_all_start_methods()


TESTS = """
    import multiprocessing, unittest, hermetic

    def start():
        process = multiprocessing.get_context("forkserver").Process(target=int)
        process.start()
        process.join()
        return process.exitcode

    class Case(unittest.TestCase):
        MEDIUM
        @hermetic.small
        def test_2_small(self): start()
        @hermetic.small
        def test_3_swallows(self):
            try:
                start()
            except Exception:
                pass
        @hermetic.large
        def test_4_large(self): self.assertEqual(start(), 0)
"""


MEDIUM = """
        @hermetic.medium
        def test_1_medium(self): self.assertEqual(start(), 0)
"""


@hermetic.medium  # it starts processes
@unittest.skipUnless(HAS_FORK_SERVER, "this platform has no fork server")
class ForkServerTest(unittest.TestCase):
    def run_tests(self, tests: str, *options: str) -> str:
        with support.Folder(**{"test_it.py": tests}) as folder:
            return support.run_hermetic("-v", "--time-limits", "off", *options, "test_it", cwd=folder).stderr

    def test_a_small_test_cannot_use_a_server_that_runs_already(self) -> None:
        err = self.run_tests(TESTS.replace("MEDIUM", MEDIUM.strip()))
        self.assertRegex(err, r"test_1_medium \(.*ok\n", err)
        self.assertRegex(err, r"test_2_small \(.*ERROR\n", err)
        self.assertRegex(err, r"test_3_swallows \(.*ERROR\n", err)
        self.assertRegex(err, r"test_4_large \(.*ok\n", err)
        self.assertIn("\nviolations: H003 subprocess: 2 in 2 tests\n", err)

    def test_the_start_of_the_server_itself_is_no_second_violation(self) -> None:
        err = self.run_tests(TESTS.replace("MEDIUM", ""), "--mode", "warn")
        self.assertIn("\nwarnings: H003 subprocess: 2 in 2 tests\n", err)
        self.assertRegex(err, r"\nOK\n", err)

    def test_a_program_can_be_allowed(self) -> None:
        allowed = "@hermetic.allow(processes=['python*'])\n        @hermetic.small\n        def test_2_small"
        err = self.run_tests(TESTS.replace("MEDIUM", "").replace("@hermetic.small\n        def test_2_small", allowed))
        self.assertRegex(err, r"test_2_small \(.*ok\n", err)
        self.assertRegex(err, r"test_3_swallows \(.*ERROR\n", err)

    def test_a_run_without_sizes_is_left_alone(self) -> None:
        plain = TESTS.replace("MEDIUM", "").replace("@hermetic.small", "").replace("@hermetic.large", "")
        self.assertRegex(self.run_tests(plain), r"\nOK\n")

"""Child processes get the policy of the running test by every route, and their violations are reported.

What they attempt sends nothing, should it be let through: a datagram socket is connected to an address.
"""

from __future__ import annotations

import unittest

import support
from hermetic import medium
from hermetic._base import features
from support.sample_runs import METHODS, SampleRunCase

setUpModule = support.some_pythons_do

_WORK = """
    import contextlib, multiprocessing, socket, subprocess, sys

    def attempt():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
            sock.connect(("203.0.113.7", 9))  # an error of the system says that there is no network

    def attempt_quietly():
        try:
            attempt()
        except BaseException:
            pass

    def in_a_child():
        process = multiprocessing.Process(target=attempt_quietly)
        process.start()
        process.join()

    def in_a_program(**kwargs):
        code = "import sys; sys.path.insert(0, '.'); import work; work.attempt_quietly()"
        subprocess.run([sys.executable, "-c", code], **kwargs)
"""
_FOUND = "H001] network violation"


@medium
class RoutesTest(SampleRunCase):
    WORK = _WORK
    TESTS = """
        import asyncio, concurrent.futures, hermetic, multiprocessing, os, subprocess, sys, unittest, work

        @hermetic.medium
        class RouteTest(unittest.TestCase):
            def run_process(self, target):
                process = multiprocessing.Process(target=target)
                process.start()
                process.join()

            def test_process(self):
                self.run_process(work.attempt_quietly)

            def test_child_of_a_child(self):
                self.run_process(work.in_a_child)

            def test_program_of_a_child(self):
                self.run_process(work.in_a_program)

            def test_executor(self):
                with concurrent.futures.ProcessPoolExecutor(1) as executor:
                    executor.submit(work.attempt_quietly).result()

            def test_exception_of_an_executor(self):
                with concurrent.futures.ProcessPoolExecutor(1) as executor:
                    executor.submit(work.attempt).result()

            @unittest.skipUnless(hasattr(os, "fork"), "there is no fork")
            def test_fork(self):
                child = os.fork()
                if not child:
                    work.attempt_quietly()
                    os._exit(0)
                os.waitpid(child, 0)

            def test_program(self):
                work.in_a_program()

            def test_program_without_an_environment(self):
                work.in_a_program(env={})

            def test_program_by_the_shell(self):
                os.system(f'{sys.executable} -c "import work; work.attempt_quietly()"')

            @unittest.skipUnless(hasattr(os, "posix_spawn"), "there is no posix_spawn")
            def test_program_by_posix_spawn(self):
                code = "import work; work.attempt_quietly()"
                os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ), 0)

            def test_program_by_asyncio(self):
                async def run():
                    code = "import work; work.attempt_quietly()"
                    await (await asyncio.create_subprocess_exec(sys.executable, "-c", code)).wait()
                asyncio.run(run())

            def test_block(self):
                with hermetic.guard("large"):
                    self.run_process(work.attempt)

            @hermetic.large
            def test_larger_size(self):
                self.run_process(work.attempt)
                work.in_a_program()

        class LegacyTest(unittest.TestCase):
            def test_no_size(self):
                process = multiprocessing.Process(target=work.attempt)
                process.start()
                process.join()
                self.assertEqual(process.exitcode, 0)
    """

    def test_every_route_is_held_to_the_size(self):
        held = (
            "process", "child_of_a_child", "program_of_a_child", "executor", "exception_of_an_executor", "program",
            "program_without_an_environment", "program_by_the_shell", "program_by_asyncio",
            *(() if features.WINDOWS else ("fork", "program_by_posix_spawn")),
        )  # fmt: skip
        for method in METHODS:
            with self.subTest(method=method):
                done, errors = self.run_sample("--start-method", method)
                self.assert_errors(errors, done, {f"test_{name}": _FOUND for name in held})
                self.assertIn("Ran 14 tests", done.stderr)


@medium
class LongLivedChildTest(SampleRunCase):
    """One child, and tests of several sizes that give it something to do."""

    WORK = _WORK
    TESTS = """
        import concurrent.futures, hermetic, os, unittest, work

        class LongLivedTest(unittest.TestCase):
            @hermetic.large
            def test_1_large(self):
                type(self).executor = concurrent.futures.ProcessPoolExecutor(1)
                self.executor.submit(work.attempt).result()

            @hermetic.medium
            def test_2_medium(self):
                self.executor.submit(work.attempt_quietly).result()

            @hermetic.large
            def test_3_large(self):
                self.executor.submit(work.attempt).result()

            def test_4_no_size(self):
                self.executor.submit(work.attempt).result()

            @hermetic.small
            def test_5_small(self):
                self.executor.submit(work.attempt_quietly).result()

            @classmethod
            def tearDownClass(cls):
                cls.executor.shutdown()
    """

    def test_it_is_judged_by_the_test_that_is_running(self):
        for method in METHODS:
            with self.subTest(method=method):
                done, errors = self.run_sample("--start-method", method)
                self.assert_errors(errors, done, {"test_2_medium": _FOUND, "test_5_small": _FOUND})


@medium
class EnvironmentOfProgramsTest(SampleRunCase):
    TESTS = """
        import ast, hermetic, os, subprocess, sys, unittest

        code = "import os; print([*os.environ])"
        OF_WINDOWS = ast.literal_eval(subprocess.check_output([sys.executable, "-c", code], env={}, text=True))

        @hermetic.medium
        class EnvironmentTest(unittest.TestCase):
            def shown(self, *arguments, **kwargs):
                code = "import os, sys; print((dict(os.environ), [p for p in sys.path if 'child_site' in p]))"
                command = [sys.executable, *arguments, "-c", code]
                return subprocess.run(command, capture_output=True, text=True, check=True, **kwargs).stdout

            def test_python_programs_see_nothing_of_it(self):
                for env in ({"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONPATH": "/somewhere"}):
                    shown, paths = ast.literal_eval(self.shown(env=env))
                    if os.name == "nt":  # every process gets some variables there
                        shown = {name: value for name, value in shown.items() if name not in OF_WINDOWS}
                    self.assertEqual((shown, paths), (env, []))

            def test_this_process_sees_nothing_of_it(self):
                before = dict(os.environ)
                os.system("exit 0")
                self.shown()
                self.assertEqual(os.environ, before)

            def test_the_own_sitecustomize_runs(self):
                code = "import sitecustomize; print(sitecustomize.OWN)"
                command = [sys.executable, "-c", code]
                done = subprocess.run(command, env={"PYTHONPATH": "own"}, capture_output=True, text=True)
                self.assertEqual((done.stdout, done.stderr), ("True\\n", ""))

            def test_programs_that_read_no_environment_run(self):
                for option in ("-E", "-I", "-S"):
                    self.assertIn("PATH", self.shown(option))
    """

    def test_it_is_as_the_test_has_it(self):
        done, _ = self.run_sample(**{"own/sitecustomize.py": "OWN = True\n"})
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()

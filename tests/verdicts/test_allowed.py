"""A violation that a mode, the baseline, or an exception allows does not allow what follows from it.

What the children attempt sends nothing when it is let through: a datagram socket is connected to an address.
"""

from __future__ import annotations

import os
import unittest

import support
from hermetic import medium
from support import Folder, run_hermetic
from support.sample_runs import SampleRunCase

setUpModule = support.some_pythons_do

_WORK = """
    import os, socket

    def attempt():
        if os.path.exists("quiet"):
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            try:
                sock.connect(("203.0.113.7", 9))
            except Exception:
                pass
"""
# Every route by which a child is started, and `attempt` in it.
_ROUTES = """
    import multiprocessing, os, pty, subprocess, sys, threading, unittest
    from work import attempt

    PROGRAM = [sys.executable, "-c", "import work; work.attempt()"]
    NESTED = [sys.executable, "-c", f"import subprocess; subprocess.run({PROGRAM})"]

    class RouteTest(unittest.TestCase):
        def forked(self, function):
            child = os.fork()
            if not child:
                try:
                    function()
                finally:
                    os._exit(0)
            os.waitpid(child, 0)

        def started(self, method):
            process = multiprocessing.get_context(method).Process(target=attempt)
            process.start()
            process.join()

        def test_fork(self):
            self.forked(attempt)

        def test_fork_of_a_fork(self):
            self.forked(lambda: self.forked(attempt))

        def test_fork_by_multiprocessing(self):
            self.started("fork")

        def test_spawn(self):
            self.started("spawn")

        def test_forkserver(self):
            self.started("forkserver")

        def test_program(self):
            subprocess.run(PROGRAM)

        def test_program_without_an_environment(self):
            subprocess.run(PROGRAM, env={})

        def test_program_of_a_program(self):
            subprocess.run(NESTED)

        def test_program_of_a_fork(self):
            self.forked(lambda: subprocess.run(PROGRAM))

        def test_program_of_a_thread(self):
            thread = threading.Thread(target=subprocess.run, args=(PROGRAM,))
            thread.start()
            thread.join()

        def test_shell(self):
            os.system(f'{sys.executable} -c "import work; work.attempt()"')

        def test_posix_spawn(self):
            os.waitpid(os.posix_spawn(sys.executable, PROGRAM, os.environ), 0)

        def test_exec(self):
            self.forked(lambda: os.execv(sys.executable, PROGRAM))

        def test_exec_with_an_environment(self):
            self.forked(lambda: os.execve(sys.executable, PROGRAM, {}))

        def test_exec_found_on_the_path(self):
            self.forked(lambda: os.execlp(sys.executable, *PROGRAM))

        def test_spawnv(self):
            os.spawnv(os.P_WAIT, sys.executable, PROGRAM)

        def test_terminal(self):
            pty.spawn(PROGRAM, lambda fd: os.read(fd, 100))
"""
_NUMBER = _ROUTES.count("def test_")
_SMALL = ("--default-size", "small")


@support.posix_only("fork and pseudo-terminals")
@medium
@support.not_measured
class EveryRouteTest(SampleRunCase):
    WORK = _WORK
    TESTS = _ROUTES

    def test_what_children_do_in_mode_warn_is_in_the_summary(self) -> None:
        for options in ((), ("-j", "2"), ("--isolated",)):
            with self.subTest(options=options):
                done, _ = self.run_sample(*_SMALL, "--mode", "warn", *options)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f"\nwarnings: H001 network: {_NUMBER} in {_NUMBER} tests\n", done.stderr)

    def test_what_children_do_counts_in_a_survey(self) -> None:
        for options in ((), ("-j", "2"), ("--isolated",)):
            with self.subTest(options=options):
                done, _ = self.run_sample("--survey", *options)
                self.assertIn(f"sizes: {_NUMBER} large", done.stdout)

    def test_what_children_of_known_violations_do_is_an_error(self) -> None:
        with Folder(**{"setup.cfg": "", "quiet": "", "work.py": _WORK, "test_sample.py": _ROUTES}) as folder:
            run_hermetic(*_SMALL, "--write-baseline", cwd=folder)
            known = run_hermetic(*_SMALL, cwd=folder)
            self.assertEqual(known.returncode, 0, known.stderr)
            os.unlink(os.path.join(folder, "quiet"))
            done = run_hermetic(*_SMALL, cwd=folder)
        self.assertIn(f"\nviolations: H001 network: {_NUMBER} in {_NUMBER} tests\n", done.stderr)

    def test_what_children_of_medium_tests_do_is_an_error(self) -> None:
        done, errors = self.run_sample("--default-size", "medium")
        self.assertEqual(len(errors), _NUMBER, done.stderr)
        self.assertTrue(all("H001] network violation" in text for _, text in errors), done.stderr)


@support.posix_only("fork")
@medium
class WarningTest(SampleRunCase):
    WORK = _WORK
    TESTS = """
        import os, subprocess, sys, unittest
        from work import attempt

        class WarningTest(unittest.TestCase):
            def test_output_of_a_program(self):
                code = "import work; work.attempt()"
                done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
                self.assertEqual((done.stdout, done.stderr), ("", ""))

            def test_fork(self):
                child = os.fork()
                if not child:
                    attempt()
                    os._exit(0)
                os.waitpid(child, 0)
    """

    def test_the_run_warns_and_the_child_does_not(self) -> None:
        for options in ((), ("-j", "2"), ("--isolated",)):
            with self.subTest(options=options):
                done, errors = self.run_sample(*_SMALL, "--mode", "warn", *options)
                self.assertEqual(errors, [], done.stderr)
                self.assertEqual(
                    done.stderr.count("work.py:8: HermeticWarning: [H001] network violation"), 2, done.stderr
                )

    def test_nothing_is_warned_of_in_a_survey(self) -> None:
        done, _ = self.run_sample("--survey")
        self.assertNotIn("HermeticWarning", done.stderr)

    def test_a_warning_that_is_an_error_is_one_of_the_test(self) -> None:
        done, errors = self.run_sample(
            "--mode", "warn", **{"setup.cfg": "", "test_sample.py": _WARNED_CHILD}, env={"PYTHONWARNINGS": "error"}
        )
        self.assert_errors(errors, done, {"test_fork": "H001] network violation"})


_WARNED_CHILD = """
    import os, unittest, hermetic
    from work import attempt

    @hermetic.medium
    class WarnedTest(unittest.TestCase):
        def test_fork(self):
            child = os.fork()
            if not child:
                attempt()
                os._exit(0)
            os.waitpid(child, 0)
"""


_OWNERS = {
    "import of test_sample": "",
    "setUpModule (test_sample)": ", 3 times",
    "setUpClass (test_sample.OutsideTest)": "",
}


@support.posix_only("fork")
@medium
class OutsideOfTestsTest(SampleRunCase):
    WORK = _WORK
    TESTS = """
        import hermetic, multiprocessing, os, subprocess, sys, unittest
        from work import attempt

        def start():
            subprocess.run([sys.executable, "-c", "import work; work.attempt()"])

        start()

        def setUpModule():
            start()
            process = multiprocessing.get_context("spawn").Process(target=attempt)
            process.start()
            process.join()
            child = os.fork()
            if not child:
                attempt()
                os._exit(0)
            os.waitpid(child, 0)

        class OutsideTest(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                start()

            def test_nothing(self):
                pass
    """

    def assert_named(self, text: str) -> None:
        for owner, times in _OWNERS.items():
            self.assertIn(f"\n  {owner} connected to 203.0.113.7:9 (work.py:8){times}\n", text)

    def test_children_of_imports_and_fixtures_are_named_by_them(self) -> None:
        marked = self.TESTS.replace("def start", "__hermetic__ = hermetic.medium\n\n        def start")
        for options, text in ((("--default-size", "medium"), self.TESTS), ((), marked), (_SMALL, marked)):
            with self.subTest(options=options):
                done, _ = self.run_sample(*options, **{"test_sample.py": text})
                self.assert_named(done.stderr)
        done, _ = self.run_sample(*_SMALL, "--mode", "warn")
        self.assert_named(done.stderr)

    def test_they_count_in_a_survey(self) -> None:
        done, _ = self.run_sample("--survey")
        self.assertRegex(done.stdout, r"@large +class OutsideTest: .*hosts: 203.0.113.7:9")
        self.assertIn("import of test_sample: hosts: 203.0.113.7:9; commands:", done.stdout)


@support.posix_only("fork")
@medium
class BlockTest(SampleRunCase):
    WORK = _WORK
    TESTS = """
        import hermetic, multiprocessing, os, subprocess, sys, unittest
        from work import attempt

        class BlockTest(unittest.TestCase):
            def test_program_of_an_allowed_one(self):
                with hermetic.allow(processes=["*"]):
                    subprocess.run([sys.executable, "-c", "import sys; sys.path.insert(0, '.'); "
                                                          "import work; work.attempt()"])

            def test_process_of_an_allowed_one(self):
                with hermetic.allow(processes=["*"]):
                    process = multiprocessing.Process(target=attempt)
                    process.start()
                    process.join()

            @hermetic.medium
            def test_child_leaves_the_block(self):
                for block in (hermetic.allow(hosts=["203.0.113.7"]), hermetic.guard("large")):
                    with block:
                        child = os.fork()
                    if not child:
                        attempt()
                        os._exit(0)
                    os.waitpid(child, 0)

            @hermetic.medium
            def test_block_in_a_child(self):
                child = os.fork()
                if not child:
                    with hermetic.allow(hosts=["somewhere.test"]):
                        attempt()
                    os._exit(0)
                os.waitpid(child, 0)

            @hermetic.medium
            def test_program_in_a_block_after_another_program(self):
                command = [sys.executable, "-c", ""]
                subprocess.run(command, check=True)
                with hermetic.guard("medium"):
                    subprocess.run(command, check=True)
    """

    def test_a_child_is_judged_in_a_block_and_after_it(self) -> None:
        done, errors = self.run_sample(*_SMALL)
        names = ("program_of_an_allowed_one", "process_of_an_allowed_one", "child_leaves_the_block", "block_in_a_child")
        self.assert_errors(errors, done, {f"test_{name}": "H001] network violation" for name in names})
        self.assertIn("connected to 203.0.113.7:9 (work.py:8), 2 times", done.stderr)


if __name__ == "__main__":
    unittest.main()

"""If the system refuses files, processes, or standard streams, only the tests that need them report errors."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
import unittest

import support
from hermetic import HermeticTestCase, medium
from hermetic._suites.history import RunHistory
from support.surroundings import CHILD, RAN, SUITE, VERDICTS, shell

setUpModule = support.some_pythons_do_and_the_measured

ISOLATED = r"\[H007\] isolated test test_mixed\.MixedTest\.test_is_alone: its process could not be started"
NO_PROCESSES = """
import os, subprocess
from hermetic._base import system
def refuse(*arguments, **options):
    raise BlockingIOError(11, "Resource temporarily unavailable")
os.fork = system.fork = subprocess.Popen._execute_child = refuse
original = system.original
system.original = lambda module, name: refuse if name == "posix_spawn" else original(module, name)
"""


FEW_FILES = """
import os, unittest
from hermetic import isolated

@isolated
class FilesTest(unittest.TestCase):
    def test_closes_what_it_sees(self):
        os.closerange(3, 220)

    def test_gets_low_numbers(self):
        self.assertLess(os.open(os.devnull, os.O_RDONLY), 20)
"""
MAC_FOLDER = len("/var/folders/ab/cdefghij0123456789klmnop0000gn/T")
SOCKETS = """
import multiprocessing.connection, unittest
from hermetic import isolated, medium

class SocketsTest(unittest.TestCase):
    @isolated
    @medium
    def test_path_fits(self):
        with multiprocessing.connection.Listener(family="AF_UNIX") as listener:
            self.assertLessEqual(len(listener.address), 103)  # what macOS takes: sun_path has 104
"""


class MemoryTest(HermeticTestCase):
    def test_to_read_the_history_takes_no_more_than_there_is(self) -> None:
        with support.Folder(**{"history.json": '{"version": 1, "failed": ["a.B.c"], "durations": {}}'}) as folder:
            tracemalloc.start()
            self.addCleanup(tracemalloc.stop)
            failed = RunHistory(os.path.join(folder, "history.json"), is_own=False).failed
            peak = tracemalloc.get_traced_memory()[1]
        self.assertEqual(["a.B.c"], [*failed])
        self.assertLess(peak, 10_000_000)


@medium
@support.posix_only("sh")
class LimitsTest(unittest.TestCase):
    def run_suite(self, script: str, *arguments: str):
        with support.Folder(**{"test_mixed.py": SUITE}) as folder:
            return support.run_hermetic("discover", "-s", ".", *arguments, cwd=folder, by=shell(script))

    def test_without_file_descriptors_isolated_tests_are_errors(self) -> None:
        ran = self.run_suite("ulimit -n 8")
        self.assertRegex(ran.stderr, ISOLATED + r": \[Errno 24\] Too many open files")
        self.assertRegex(ran.stderr, r"\nERROR: test_swallows .*\n(.*\n)+FAIL: test_fails ")
        self.assertIn(RAN, ran.stderr)

    def test_own_files_are_out_of_the_way_of_tests_under_the_limit_of_macos(self) -> None:
        for way in ("auto", "fresh"):
            with support.Folder(**{"test_files.py": FEW_FILES}) as folder, self.subTest(way):
                arguments = ("--isolated-start", way, "--sandbox", "off", "test_files")
                ran = support.run_hermetic(*arguments, cwd=folder, by=shell("ulimit -n 256"))
                self.assertTrue(ran.stderr.endswith("\nOK\n"), ran.stderr)

    def test_a_usual_folder_of_macos_leaves_room_for_sockets(self) -> None:
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # that of a worker is too long already
            support.write_files(folder, {"test_sockets.py": SOCKETS})
            temporary = os.path.join(folder, "T".rjust(MAC_FOLDER - len(folder) - 1, "t"))
            os.mkdir(temporary)
            self.assertEqual(MAC_FOLDER, len(temporary))
            for way in ("auto", "fresh"):
                arguments = ("--isolated-start", way, "test_sockets")
                ran = support.run_hermetic(*arguments, cwd=folder, env={"TMPDIR": temporary})
                self.assertTrue(ran.stderr.endswith("\nOK\n"), ran.stderr)

    def test_standard_files_that_are_closed_are_no_channels(self) -> None:
        ran = self.run_suite("exec <&- >&-", "-j", "2")
        self.assertTrue(ran.stderr.endswith(VERDICTS), ran.stderr)


@medium
@support.linux_only("forked workers")
class ProcessesTest(unittest.TestCase):
    def run_without(self, *arguments: str):
        script = f"{NO_PROCESSES}\nimport hermetic\nhermetic.main(module='test_mixed', argv={['x', *arguments]!r})\n"
        with support.Folder(**{"test_mixed.py": SUITE, "script.py": script}) as folder:
            return support.run_python("script.py", cwd=folder)

    def test_without_processes_isolated_tests_are_errors(self) -> None:
        ran = self.run_without("--sandbox", "auto")
        self.assertRegex(ran.stderr, ISOLATED + r": \[Errno 11\] Resource temporarily unavailable")
        self.assertIn("sandbox: off, because a trial failed: [Errno 11] ", ran.stderr)
        self.assertIn(RAN, ran.stderr)

    def test_without_processes_all_that_is_shared_out_is_errors(self) -> None:
        ran = self.run_without("-j", "2")
        self.assertTrue(ran.stderr.endswith("\nFAILED (errors=6)\n"), ran.stderr)


@medium
@unittest.skipUnless(hasattr(os, "getuid") and os.getuid() == 0, "only root may become another user")
class UsersTest(unittest.TestCase):
    SUITE = f"""
        import subprocess, sys, unittest
        from hermetic import allow, medium, small

        NOBODY = dict(user=54321, group=54321, extra_groups=[], capture_output=True, text=True)

        class UserTest(unittest.TestCase):
            @medium
            def test_starts(self):
                ran = subprocess.run([sys.executable, "-c", "print('ran')"], **NOBODY)
                self.assertEqual("ran", ran.stdout.strip())

            @small
            @allow(processes=["*"])
            def test_starts_one_that_swallows(self):
                ran = subprocess.run([sys.executable, "-c", {CHILD!r}], **NOBODY)
                self.assertEqual(0, ran.returncode, ran.stderr)
    """

    def test_a_child_of_another_user_runs_and_says_what_it_cannot_report(self) -> None:
        python = next(filter(_is_for_all, (sys.executable, "/usr/bin/python3")), None)
        if python is None:
            self.skipTest("nobody else may run this Python, or that of the system")
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # that of a worker is for nobody else
            os.chmod(folder, 0o755)
            support.write_files(folder, {"test_user.py": self.SUITE})
            shutil.copytree(os.path.join(support.package_folder(), "hermetic"), os.path.join(folder, "hermetic"))
            ran = self.run_suite(python, folder)
        told = r"70 : hermetic could not report this to the run: \[Errno 13\] [^\n]*\n\[H001\] "
        self.assertRegex(ran.stderr.replace("!= ", ""), told)
        self.assertTrue(ran.stderr.endswith("\nFAILED (failures=1)\n"), ran.stderr)

    def run_suite(self, python: str, folder: str) -> subprocess.CompletedProcess[str]:
        with support.not_inherited():
            environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
            return subprocess.run(
                [python, "-m", "hermetic"],
                cwd=folder, env=environment, capture_output=True, text=True, timeout=support.TIMEOUT,
            )  # fmt: skip


def _is_for_all(python: str) -> bool:
    """Whether another user may run a Python, and hermetic supports it."""
    command = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 10))"]
    try:
        with support.not_inherited():
            ran = subprocess.run(command, user=54321, group=54321, extra_groups=[], capture_output=True)
    except OSError:
        return False
    return ran.returncode == 0

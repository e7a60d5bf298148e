"""hermetic works without a current folder, temporary folders, /proc, /dev, or a home folder."""

from __future__ import annotations

import os
import unittest

import support
from hermetic import medium
from support import surroundings
from support.surroundings import RAN, SUITE, VERDICTS, mounted, shell

setUpModule = support.some_pythons_do_and_the_measured

LEAVES_NO_FOLDER = """
import os, tempfile, unittest
from hermetic import small

class FirstTest(unittest.TestCase):
    def test_goes_to_a_folder_and_removes_it(self):
        folder = tempfile.mkdtemp()
        os.chdir(folder)
        os.rmdir(folder)
"""
FOLDER_OF_A_HOST = """
import os, tempfile, unittest
with tempfile.TemporaryDirectory() as folder:
    os.environ["TMPDIR"] = folder
    from test_host import HostTest
    suite = unittest.TestSuite(map(HostTest, ("test_1", "test_2")))
    result = unittest.TextTestRunner().run(suite)
raise SystemExit(not result.wasSuccessful())
"""
HOSTED = """
import os, unittest
import hermetic

class HostTest(unittest.TestCase):
    @hermetic.isolated("group")
    def test_1(self):
        pass

    def test_2(self):  # the group's process is still there
        self.assertEqual(os.listdir(os.environ["TMPDIR"]), [])
"""
NO_FOLDERS = """
from hermetic._base import own_files
def refuse(*arguments):
    raise PermissionError(13, "Permission denied")
own_files._open = own_files._mkdir = refuse
import hermetic
hermetic.main(module="test_mixed", argv=["x"])
"""


@medium
@support.posix_only("way to remove a folder in use")
class CurrentFolderTest(unittest.TestCase):
    def test_that_was_removed_before_is_one_clear_error(self) -> None:
        ran = support.run_hermetic("-v", by=shell('cd "$(mktemp -d)"; rmdir "$PWD"'))
        text = " -m hermetic: error: the current folder was removed; change to an existing folder\n"
        self.assertEqual((2, text), (ran.returncode, ran.stderr[-len(text) :]))

    def run_suite(self, *arguments: str):
        with support.Folder(**{"test_first.py": LEAVES_NO_FOLDER, "test_mixed.py": SUITE}) as folder:
            return support.run_hermetic("discover", "-s", folder, *arguments, cwd=folder)

    def test_that_a_test_has_removed_costs_no_verdict(self) -> None:
        ran = self.run_suite("--isolated-start", "fresh", "--annotations", "github")
        self.assertTrue(ran.stderr.endswith(VERDICTS), ran.stderr)
        self.assertRegex(ran.stderr, r"::error file=\S*test_mixed.py,line=\d+,title=test_mixed.MixedTest.test_fails::")

    def test_that_a_test_has_removed_is_surveyed_without(self) -> None:
        ran = self.run_suite("--survey")
        self.assertIn("\n  sizes: ", ran.stdout)


@medium
@support.linux_only("a record of the environment that a process started with")
class FolderOfAHostTest(unittest.TestCase):
    def test_nothing_of_ours_is_in_the_way_of_a_runner_that_removes_its_temporary_folder(self) -> None:
        with support.Folder(**{"run.py": FOLDER_OF_A_HOST, "test_host.py": HOSTED}) as folder:
            ran = support.run_python("run.py", cwd=folder)
        self.assertEqual(ran.returncode, 0, ran.stderr)


@medium
@support.linux_only("forked workers")
class NoFoldersTest(unittest.TestCase):
    def test_where_nothing_can_be_written_the_tests_that_need_it_are_errors(self) -> None:
        with support.Folder(**{"test_mixed.py": SUITE, "script.py": NO_FOLDERS}) as folder:
            ran = support.run_python("script.py", cwd=folder)
        no_folder = "hermetic found no writable folder for temporary files; set TMPDIR to one\n"
        self.assertIn(f".test_is_alone: its process could not be started: {no_folder}", ran.stderr)
        file = "hermetic could not create the file for violations of child processes"
        self.assertIn(f"\nhermetic.GuardError: [H009] no report file: {file}: {no_folder}", ran.stderr)
        self.assertNotIn("bug in hermetic", ran.stderr)
        self.assertIn(RAN, ran.stderr)


@medium
class BareSystemTest(surroundings.MountingTest):
    def run_suite(self, script: str, *arguments: str):
        with support.Folder(**{"test_mixed.py": SUITE}) as folder:
            return support.run_hermetic("discover", "-s", folder, *arguments, by=mounted(script), cwd=folder)

    def test_without_proc_there_is_no_sandbox_and_all_else(self) -> None:
        ran = self.run_suite("mount -t tmpfs tmpfs /proc", "--sandbox", "auto")
        self.assertIn("sandbox: off, because /proc is not mounted\n", ran.stderr)
        self.assertTrue(ran.stderr.endswith(VERDICTS), ran.stderr)

    def test_without_devices_isolated_tests_are_errors(self) -> None:
        ran = self.run_suite("mount -t tmpfs tmpfs /dev")
        reason = f"its process could not be started: [Errno 2] No such file or directory: '{os.devnull}'\n"
        self.assertIn(f".test_is_alone: {reason}", ran.stderr)
        self.assertIn(RAN, ran.stderr)

    def test_where_only_the_home_can_be_written_all_goes_well(self) -> None:
        read_only = "mkdir home; for each in /tmp /var/tmp; do mount -o bind,ro $each $each; done"
        with_home = f"{read_only}; mount -t tmpfs tmpfs home; export HOME=$PWD/home TMPDIR=/nonexistent"
        ran = self.run_suite(with_home)
        self.assertTrue(ran.stderr.endswith(VERDICTS), ran.stderr)

"""A full disk is reported, and leaves no incomplete file."""

from __future__ import annotations

import os
import unittest

import support
from hermetic import medium
from support import surroundings
from support.surroundings import SUITE, VERDICTS, mounted, shell

setUpModule = support.some_pythons_do_and_the_measured

FULL_DISK = "mount -t tmpfs -o size=64k tmpfs disk && dd if=/dev/zero of=disk/filling bs=4k 2>/dev/null; {}"


@medium
class FullDiskTest(surroundings.MountingTest):
    def run_suite(self, folder: str, then: str, *arguments: str):
        support.write_files(folder, {"test_mixed.py": SUITE})
        os.mkdir(os.path.join(folder, "disk"))
        by = mounted(f"cd {folder}; {FULL_DISK.format(then)}")
        return support.run_hermetic("discover", "-s", folder, *arguments, by=by, cwd=folder)

    def test_for_temporary_files_is_passed_over(self):
        leftovers = "trap 'ls disk >&2' EXIT; (\"$@\"); exit"
        with support.Folder() as folder:
            ran = self.run_suite(folder, f"export TMPDIR={folder}/disk; {leftovers}")
        self.assertTrue(ran.stderr.endswith(f"{VERDICTS}filling\n"), ran.stderr)

    def test_as_the_current_folder_costs_the_reports_and_no_verdict(self):
        reports = "--json=report.json", "--html=report.html", "--junit-xml=report.xml"
        with support.Folder() as folder:
            ran = self.run_suite(folder, "cd disk; trap 'ls -A >&2' EXIT; (\"$@\"); exit", *reports)
        self.assertEqual(ran.stderr.count("could not be written: OSError: [Errno 28] No space left on device\n"), 3)
        self.assertTrue(ran.stderr.endswith(f"{VERDICTS}filling\n"), ran.stderr)


@medium
@support.posix_only("limits on files")
class NoRoomTest(unittest.TestCase):
    @unittest.skipIf(support.IS_MEASURED, "this run is measured: coverage would have no room, either")
    def test_beyond_the_largest_file_no_verdict_is_lost(self):
        with support.Folder(**{"test_mixed.py": SUITE.replace('print("printed")', "pass")}) as folder:
            os.mkdir(os.path.join(folder, "tmp"))
            env = {"TMPDIR": os.path.join(folder, "tmp")}
            ran = support.run_hermetic(cwd=folder, by=shell("ulimit -f 0"), env=env)
            left = os.listdir(env["TMPDIR"])
        self.assertIn("hermetic could not report this to the run: [Errno 27] File too large\n[H001] ", ran.stderr)
        self.assertTrue(ran.stderr.endswith(VERDICTS), ran.stderr)
        self.assertEqual([], left)

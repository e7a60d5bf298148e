"""Where reports are written, and what happens where they cannot be."""

from __future__ import annotations

import os

import hermetic
from hermetic import medium
from support import Folder, posix_only, run_hermetic
from support.report_runs import MIDDLE


@medium
class WhereTest(hermetic.HermeticTestCase):
    def test_a_run_without_reports_loads_nothing_for_them(self):
        line = (
            "self.assertEqual([name for name in sys.modules if '_reports' in name or '_results.recording' in name], [])"
        )
        with Folder(**{"test_it.py": MIDDLE.format(line)}) as folder:
            self.assertEqual(run_hermetic("test_it", cwd=folder).returncode, 0)

    def refused(self, folder, *arguments):
        done = run_hermetic(*arguments, "test_it", cwd=folder)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr.count("\n"), 1)
        return done.stderr

    def test_a_path_that_cannot_be_written_is_one_error_before_the_run(self):
        with Folder(**{"test_it.py": "print('loaded')"}) as folder:
            self.assertIn("does not exist; create it first", self.refused(folder, "--json", "missing/report.json"))
            self.assertIn("is not a regular file", self.refused(folder, "--html", os.devnull))
            self.assertIn("is a folder", self.refused(folder, "--junit-xml", "."))
            self.assertIn("cannot be written", self.refused(folder, "--json", "x" * 300))
            self.assertIn("two reports share one file", self.refused(folder, "--json", "same", "--html", "./same"))
            self.assertEqual(os.listdir(folder), ["test_it.py"])

    @posix_only("symbolic links without a privilege")
    def test_a_symbolic_link_stays_one(self):
        with Folder(**{"test_it.py": MIDDLE.format("pass"), "old.json": "old"}) as folder:
            os.symlink("old.json", os.path.join(folder, "report.json"))
            run_hermetic("--json", "report.json", "test_it", cwd=folder)
            self.assertTrue(os.path.islink(os.path.join(folder, "report.json")))
            self.assertGreater(os.path.getsize(os.path.join(folder, "old.json")), 100)

    def test_a_path_in_a_file_of_settings_starts_from_that_folder(self):
        files = {
            "setup.cfg": "[tool:hermetic]\njson = report.json\n",
            "below__slash__test_it.py": MIDDLE.format("pass"),
        }
        with Folder(**files) as folder:
            done = run_hermetic("test_it", cwd=os.path.join(folder, "below"))
            left = {*os.listdir(folder)} - {".hermetic_cache"}  # which is there when a test took a millisecond
            self.assertEqual((done.returncode, left), (0, {"below", "report.json", "setup.cfg"}))

    def test_a_report_that_cannot_be_written_any_more_fails_the_run(self):
        line = "os.mkdir('report.json')"
        with Folder(**{"test_it.py": MIDDLE.format(line)}) as folder:
            done = run_hermetic("--json", "report.json", "test_it", cwd=folder)
        self.assertIn("report.json could not be written: ", done.stderr)
        self.assertEqual(done.returncode, 1)

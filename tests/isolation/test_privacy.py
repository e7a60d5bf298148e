"""Other users and other programs cannot reach the files of hermetic or the channels to its workers."""

from __future__ import annotations

import os
import stat
import tempfile

from hermetic import HermeticTestCase, medium
from hermetic._base import file_replacement, own_files
from support import Folder, linux_only, posix_only, run_hermetic, some_pythons_do

setUpModule = some_pythons_do

MODULE = """
    import os, socket, stat, subprocess, sys, tempfile, unittest
    from hermetic import isolated, medium
    os.umask(int(os.environ["MASK"], 8))

    LIST = '''
    import os
    for name in os.listdir("/proc/self/fd"):
        try:
            print(name, os.readlink("/proc/self/fd/" + name))
        except OSError:
            pass  # that of the folder itself
    '''

    def tell(folder):
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            is_folder = os.path.isdir(path)
            print("mode", "folder" if is_folder else "file", oct(stat.S_IMODE(os.stat(path).st_mode)), path, flush=True)
            if is_folder:
                tell(path)

    @medium
    class ATest(unittest.TestCase):
        @isolated
        def test_what_a_program_inherits(self):
            subprocess.run([sys.executable, "-c", LIST], close_fds=False)

        @isolated
        def test_what_is_on_disk(self):
            subprocess.run(["true"])  # from now on, there is a file for reports
            tell(os.environ["HERE"])

    @medium
    class OtherTest(unittest.TestCase):
        def test_what_is_on_disk(self):
            subprocess.run(["true"])
            tell(os.environ["HERE"])
"""


@linux_only("such modes and descriptors of files")
@medium
class WorkerTest(HermeticTestCase):
    def run_with(self, mask, *arguments):
        with Folder(test_a__slash__x="") as outer, Folder(**{"test_a.py": MODULE}) as folder:
            here = os.path.join(outer, "tmp")
            os.mkdir(here)
            env = {"MASK": mask, "HERE": here, "TMPDIR": here, "PYTHONDONTWRITEBYTECODE": "1"}
            done = run_hermetic("--history", "off", *arguments, "test_a", cwd=folder, env=env)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout.splitlines()

    def test_files_are_0600_and_folders_0700_whatever_the_umask(self):
        for arguments in (("0",), ("0777",), ("0", "-j", "2")):
            lines = [line.split() for line in self.run_with(*arguments) if line.startswith("mode")]
            with self.subTest(arguments):
                self.assertEqual({("folder", "0o700"), ("file", "0o600")}, {(kind, mode) for _, kind, mode, _ in lines})
                self.assertGreaterEqual(len(lines), 6)

    def test_a_program_inherits_no_way_to_hermetic(self):
        links = [line for line in self.run_with("022") if line[:1].isdigit()]
        self.assertEqual(3, sum(line.split()[0] in "012" for line in links))
        self.assertEqual([], [line for line in links if "socket:" in line or "pipe:" in line])


@posix_only("modes of files")
@medium  # it writes files
class FilesTest(HermeticTestCase):
    def setUp(self):
        mask = os.umask(0)
        self.addCleanup(os.umask, mask)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "report.xml")

    def mode(self, path):
        return oct(stat.S_IMODE(os.stat(path).st_mode))

    def test_a_private_file_stays_private_when_it_is_opened_again(self):
        for flags in ("wb", "ab", "wb"):
            with open(self.path, flags, opener=own_files.open_private):
                self.assertEqual("0o600", self.mode(self.path))

    def test_a_report_in_the_place_of_a_private_file_is_private_while_it_is_written(self):
        with open(self.path, "wb", opener=own_files.open_private):
            pass
        seen = []
        with self.subTest("the file beside it"):
            replace = file_replacement._replace
            file_replacement._replace = lambda old, new: (seen.append(self.mode(old)), replace(old, new))
            self.addCleanup(setattr, file_replacement, "_replace", replace)
            file_replacement.replace_file(self.path, b"text")
        self.assertEqual((["0o600"], "0o600"), (seen, self.mode(self.path)))

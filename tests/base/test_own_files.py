"""A test that empties, removes, or closes the temporary folder affects only itself."""

from __future__ import annotations

import os
import time

from hermetic import HermeticTestCase, medium
from hermetic._base import own_files
from hermetic._isolation import process_tree
from support import Folder, posix_only, run_python, some_pythons_do_and_the_measured
from support.sample_runs import SampleRunCase

setUpModule = some_pythons_do_and_the_measured

HARM = """
import os, shutil, subprocess, sys, tempfile, unittest
from hermetic import allow, medium, small

WHERE = os.environ["WHERE"]  # the folder for temporary files of the run

def empty():
    for entry in os.scandir(WHERE):
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else os.unlink(entry)

def remove():
    shutil.rmtree(WHERE, ignore_errors=True)

def close():
    os.chmod(WHERE, 0)

harm = {"empty": empty, "remove": remove, "close": close}[os.environ["HARM"]]
VIOLATE = [sys.executable, "-c", '''
import contextlib, socket
with contextlib.suppress(Exception):
    socket.create_connection(("127.0.0.1", 9), 1)
''']
"""
MANY = f"""{HARM}
class HarmTest(unittest.TestCase):
    def test_harm(self):
        harm()
"""
OTHERS = """
import tempfile, unittest
class OthersTest(unittest.TestCase):
    def test_first(self):
        pass
    def test_uses_the_folder(self):
        self.assertTrue(tempfile.gettempdir())
    def test_last(self):
        print("written")
"""
CHILDREN = f"""{HARM}
@small
@allow(processes=[sys.executable])
class ChildrenTest(unittest.TestCase):
    def test_1_harms_with_a_child(self):
        subprocess.run([sys.executable, "-c", ""], check=True)
        harm()

    def test_2_has_a_child_that_violates(self):
        subprocess.run(VIOLATE, check=True)

    def test_3_harms_and_starts_a_child_then(self):
        harm()
        subprocess.run(VIOLATE, check=True)

    def test_4_harms_without_a_child(self):
        harm()

    def test_5_passes(self):
        subprocess.run([sys.executable, "-c", ""], check=True)
"""
LIVING = f"""{HARM}
@medium
class LivingTest(unittest.TestCase):
    def test_harms_while_a_child_runs(self):
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
            harm()
            child.communicate(b"\\\\n")
"""


WITHIN = f"""{HARM}
class WithinTest(unittest.TestCase):
    def test_is_harmed_from_outside(self):
        remove()
        tempfile.TemporaryFile().close()
        os.rmdir(tempfile.mkdtemp())
"""


@medium
class SweepingInterpreterTest(HermeticTestCase):
    def test_what_begins_with_the_path_is_removed_once_the_pipe_is_closed(self):
        with Folder(**{"h-1__slash__a": "", "h-2.jsonl": "", "other": ""}) as folder:
            before = {*process_tree.living_children()}
            pipe = own_files.start_sweeping_interpreter(os.path.join(folder, "h-"))
            started = {*process_tree.living_children()} - before
            self.assertEqual(len(os.listdir(folder)), 3)
            os.close(pipe)
            while len(os.listdir(folder)) > 1:
                time.sleep(0.01)
            self.assertEqual(os.listdir(folder), ["other"])
        for pid in started:
            os.waitpid(pid, 0)  # nobody else waits for it


@medium
@posix_only("way to remove a file in use")
class RemovedFolderTest(SampleRunCase):
    def run_harmed(self, text: str, harm: str, *arguments: str, **files: str):
        self.TESTS = text
        with Folder() as folder:
            where = os.path.join(folder, "tmp")
            os.mkdir(where)
            env = {**os.environ, "TMPDIR": where, "WHERE": where, "HARM": harm}
            try:
                return self.run_sample(*arguments, env=env, **files)
            finally:
                if os.path.isdir(where):
                    os.chmod(where, 0o700)

    def test_the_tests_of_other_workers_pass(self):
        for harm in ("empty", "remove", "close"):
            for options in (("--isolated",), ("--isolated", "--isolated-start", "fresh"), ()):
                with self.subTest(harm=harm, options=options):
                    arguments = ("-j", "2", *options, "test_sample", "test_others")
                    done, _ = self.run_harmed(MANY, harm, *arguments, **{"test_others.py": OTHERS})
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_who_lost_reports_of_children_is_an_error_and_the_next_children_report(self):
        for harm in ("empty", "remove"):
            with self.subTest(harm=harm):
                done, errors = self.run_harmed(CHILDREN, harm, "test_sample")
                violation = "connected to 127.0.0.1:9"
                expected = {
                    "test_1_harms_with_a_child": "[H009] lost report: ",
                    "test_2_has_a_child_that_violates": violation,
                    "test_3_harms_and_starts_a_child_then": violation,
                }
                self.assert_errors(errors, done, expected)

    def test_a_test_finds_the_folder_though_it_is_removed_meanwhile(self):
        done, _ = self.run_harmed(WITHIN, "remove", "--isolated", "test_sample")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_while_a_child_runs_its_reports_are_lost(self):
        for options in ((), ("--isolated",)):
            with self.subTest(options=options):
                done, errors = self.run_harmed(LIVING, "empty", *options, "test_sample")
                self.assert_errors(errors, done, {"test_harms_while_a_child_runs": "[H009] lost report: "})


@medium
class FolderTest(HermeticTestCase):
    def test_a_new_file_and_a_new_folder_are_made_in_the_folder_that_was_set(self):
        script = (
            "import sys\nfrom hermetic._base import own_files\nown_files.use_temporary_folder(sys.argv[1])\n"
            "print(own_files.new_folder('x'), own_files.new_file('y'))\n"
        )
        with Folder() as folder:
            done = run_python("-c", script, folder)
            self.assertEqual([os.path.dirname(path) for path in done.stdout.split()], [folder, folder], done.stderr)

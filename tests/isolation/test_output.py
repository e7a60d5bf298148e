"""The beginning and the end of each test's output are reported; the rest is dropped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

from hermetic import medium
from hermetic._base import features
from hermetic._isolation import output
from hermetic._isolation.output import HEAD_BYTES, TAIL_BYTES, Output, Stream
from support import Folder, posix_only, run_python


class StreamTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hermetic-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "out")
        self.stream = Stream(self.path)
        self.addCleanup(self.stream.close)
        self.fd = self.stream.writing

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.fd, data) :]

    def test_nothing_is_nothing(self):
        self.assertEqual((self.stream.read(), self.stream.read_end()), ("", ""))

    def test_text_is_relayed_as_it_comes(self):
        for text in ("one\n", "two", "\nthrée\n"):
            self.write(text.encode())
            self.assertEqual(self.stream.read(), text)
        self.assertEqual(self.stream.read_end(), "")

    def test_characters_that_are_written_in_pieces_come_out_whole(self):
        text = "aé€😀z"
        shown = ""
        for byte in text.encode():
            self.write(bytes([byte]))
            shown += self.stream.read()
        self.assertEqual(shown + self.stream.read_end(), text)

    def test_a_character_that_is_never_finished_is_shown_at_the_end_of_its_test(self):
        self.write(b"a\xe2\x82")
        self.assertEqual(self.stream.read() + self.stream.read_end(), "a\\xe2\\x82")
        self.write(b"\xacb")
        self.assertEqual(self.stream.read_end(), "\\xacb")

    def test_on_windows_a_line_ends_as_in_text(self):
        text = ""
        with mock.patch.object(output.features, "WINDOWS", True):
            for part in (b"one\r", b"\ntwo\r\n", b"10 %\r20 %\r"):
                self.write(part)
                text += self.stream.read()
            text += self.stream.read_end()
        self.assertEqual(text, "one\ntwo\n10 %\r20 %\r")

    def test_bytes_that_are_no_text_are_shown_escaped(self):
        self.write(b"\xff\x00\x1b[31m\xfe\n")
        self.assertEqual(self.stream.read(), "\\xff\x00\x1b[31m\\xfe\n")

    def test_output_up_to_both_limits_is_complete(self):
        data = os.urandom(HEAD_BYTES // 2 + TAIL_BYTES // 2).hex().encode()
        self.write(data)
        self.assertEqual(self.stream.read() + self.stream.read_end(), data.decode())

    def test_of_more_the_beginning_and_the_end_come_through(self):
        self.write(b"<" + b"x" * (HEAD_BYTES + 5 * TAIL_BYTES) + b">")
        shown = self.stream.read() + self.stream.read_end()
        self.assertRegex(shown, rf"(?s)\A<x+\n\[\.\.\. {4 * TAIL_BYTES + 2} bytes left out \.\.\.\]\nx+>\Z")
        self.assertEqual(shown.count("x") + 2 + 4 * TAIL_BYTES + 2, HEAD_BYTES + 5 * TAIL_BYTES + 2)

    def test_the_end_may_come_in_small_pieces(self):
        self.write(b"x" * (HEAD_BYTES + 2 * TAIL_BYTES))
        shown = self.stream.read()
        for number in range(100):
            self.write(f"line {number}\n".encode())
            shown += self.stream.read()
        self.assertTrue((shown + self.stream.read_end()).endswith("x" + "".join(f"line {n}\n" for n in range(100))))

    def test_a_character_at_the_cut_is_not_put_together_with_another(self):
        self.write(b"x" * (HEAD_BYTES - 2) + "€".encode() + b"y" * TAIL_BYTES + b"\xac" + b"z" * (TAIL_BYTES - 1))
        shown = self.stream.read() + self.stream.read_end()
        self.assertNotIn("€", shown)
        self.assertRegex(shown, r"x\\xe2\\x82\n\[\.\.\. \d+ bytes left out \.\.\.\]\n\\xacz")

    def test_each_test_has_limits_of_its_own(self):
        for _ in range(2):
            self.write(b"x" * (HEAD_BYTES + 2 * TAIL_BYTES))
            self.stream.read()
            self.assertIn("left out", self.stream.read_end())
        self.write(b"short")
        self.assertEqual(self.stream.read_end(), "short")

    def test_a_large_file_is_emptied_and_goes_on(self):
        with mock.patch.object(output, "_MAX_FILE_BYTES", 1000):
            shown = ""
            for number in range(20):
                self.write(b"%03d" % number * 100)
                shown += self.stream.read()
                self.assertLessEqual(self.stream.size(), 1300)
            self.assertEqual(shown + self.stream.read_end(), "".join(f"{number:03}" * 100 for number in range(20)))

    def test_who_writes_without_end_is_not_read_without_end(self):
        read_at = output._read_at

        def read_while_more_is_written(*arguments):
            self.assertLess(self.stream.size(), 100_000)
            self.write(b"x" * 1000)
            return read_at(*arguments)

        self.write(b"x")
        with mock.patch.object(output, "_read_at", read_while_more_is_written):
            self.assertLess(len(self.stream.read()), HEAD_BYTES)

    def test_an_emptied_stream_is_as_at_first(self):
        self.write(b"abc")
        self.stream.read_end()
        self.stream.empty()
        self.assertEqual(self.stream.size(), 0)
        self.write(b"def")
        self.assertEqual(self.stream.read(), "def")

    @medium
    def test_a_program_that_inherits_it_appends_too_after_it_was_emptied(self):
        self.write(b"before")
        self.stream.empty()
        subprocess.run([sys.executable, "-c", "import os; os.write(1, b'inherited')"], stdout=self.fd, check=True)
        self.write(b" and after")
        self.assertEqual(self.stream.read(), "inherited and after")

    @posix_only("pread to do without")
    def test_without_pread_it_reads_the_same(self):
        self.write(b"abc")
        self.addCleanup(setattr, os, "pread", os.pread)
        del os.pread
        self.assertEqual(self.stream.read(), "abc")


class OutputTest(unittest.TestCase):
    def test_a_worker_s_files_are_told_apart(self):
        with tempfile.TemporaryDirectory(prefix="hermetic-test-") as folder:
            streams = Output(folder)
            opened = output.take_over(folder, streams.descriptors())
            for name in ("out", "err", "stacks"):
                os.write(opened[name], name.encode())
            self.assertEqual(streams.read(end=True), [("out", "out"), ("err", "err")])
            self.assertEqual((streams.read(), streams.stacks.read_end()), ([], "stacks"))
            streams.empty()
            self.assertEqual([*streams.sizes(), streams.stacks.size()], [0, 0, 0])
            streams.close()
            for name in ("out", "err", "stacks") if features.WINDOWS else ():  # elsewhere, the worker inherits them
                os.close(opened[name])

    @posix_only("way to remove an open file")
    def test_a_worker_writes_to_its_files_though_a_test_has_removed_its_folder(self):
        with tempfile.TemporaryDirectory(prefix="hermetic-test-") as folder:
            streams = Output(folder)
            self.assertEqual([], os.listdir(folder))
        opened = output.take_over(folder, streams.descriptors())
        os.write(opened["out"], b"text")
        self.assertEqual(streams.read(end=True), [("out", "text")])
        streams.close()


LOCKING = """
import contextlib, os, shutil
from hermetic._base import own_files
from hermetic._isolation import output

folder = own_files.new_folder("left-")
os.makedirs(f"{folder}/locked/inner")
for where in ("", "locked", "locked/inner"):
    path = os.path.join(folder, where, "read_only")
    open(path, "w").close()
    os.chmod(path, 0o400)
if os.name == "posix":
    os.symlink(os.path.abspath("other"), f"{folder}/locked/link")
os.chmod(f"{folder}/locked", 0)
"""
# Root may do everything, but not in a namespace that does not know root.
AS_A_USER = ("unshare", "-U") if features.LINUX and os.geteuid() == 0 else ()


@medium
class LockedFolderTest(unittest.TestCase):
    def test_it_is_removed_with_what_a_test_has_made_inaccessible_or_read_only(self):
        with Folder(other__slash__file="") as folder:
            other = os.path.join(folder, "other")
            os.chmod(other, 0o500)
            mode = os.stat(other).st_mode
            code = f"{LOCKING}output.remove_folder(folder)\nprint(os.listdir())"
            done = run_python("-c", code, cwd=folder, env={"TMPDIR": folder}, by=AS_A_USER)
            self.assertEqual(done.stdout, "['other']\n", done.stderr)
            self.assertEqual(os.stat(other).st_mode, mode)

    def test_that_of_a_process_that_was_killed_is_removed_too(self):
        with Folder() as folder:
            run_python("-c", f"{LOCKING}os._exit(1)", cwd=folder, env={"TMPDIR": folder}, by=AS_A_USER)
            while os.listdir(folder):
                time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()

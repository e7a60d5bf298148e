"""Several processes append to one file and replace it, and nothing that they write is lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import types
from unittest import mock

import hermetic
from hermetic._base import features, shared_files
from support import TIMEOUT, not_inherited, package_folder

PROCESSES, LINES = 6, 100
WRITER = f"""
import sys
sys.path.insert(0, sys.argv[1])
from hermetic._base import shared_files
for _ in range({LINES}):
    shared_files.append(sys.argv[2], b"x" * 300 + b"\\n")
"""


@hermetic.medium  # it writes files, and starts processes
class AppendTest(hermetic.HermeticTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "shared")
        with open(self.path, "xb"):
            pass

    def contents(self) -> bytes:
        with open(self.path, "rb") as file:
            return file.read()

    def test_the_size_is_returned_and_line_ends_are_kept(self) -> None:
        self.assertEqual([shared_files.append(self.path, line) for line in (b"a\n", b"bc\n")], [2, 5])
        self.assertEqual(self.contents(), b"a\nbc\n")

    def test_a_file_that_is_not_there_is_not_made(self) -> None:
        os.unlink(self.path)
        with self.assertRaises(FileNotFoundError):
            shared_files.append(self.path, b"a")
        self.assertFalse(os.path.exists(self.path))

    def test_a_part_of_the_data_is_an_error(self) -> None:
        with mock.patch.object(shared_files.system, "write", lambda *_: 1), self.assertRaises(OSError) as caught:
            shared_files.append(self.path, b"ab")
        self.assertEqual(caught.exception.errno, errno.ENOSPC)

    def test_processes_at_the_same_time_lose_nothing(self) -> None:
        command = [sys.executable, "-c", WRITER, package_folder(), self.path]
        with not_inherited():
            writers = [subprocess.Popen(command) for _ in range(PROCESSES)]
            self.assertEqual([writer.wait(TIMEOUT) for writer in writers], [0] * PROCESSES)
        self.assertEqual(self.contents(), (b"x" * 300 + b"\n") * PROCESSES * LINES)

    def appended_on_windows(self, *, busy: int) -> list[tuple[str, int]]:
        """How often the file was locked and unlocked, and where, if others have it so many times before."""
        calls: list[tuple[str, int]] = []

        def locking(descriptor: int, how: str, count: int) -> None:
            calls.append((how, os.lseek(descriptor, 0, os.SEEK_CUR)))
            self.assertEqual(count, 1)
            if len(calls) <= busy:
                raise PermissionError(errno.EACCES, "Permission denied")

        msvcrt = types.SimpleNamespace(locking=locking, LK_NBLCK="lock", LK_UNLCK="unlock")
        windows = mock.patch.object(features, "WINDOWS", True), mock.patch.dict(sys.modules, msvcrt=msvcrt)  # type: ignore[dict-item]
        with windows[0], windows[1]:
            shared_files.append(self.path, b"a")
        return calls

    def test_on_windows_the_file_is_locked_beyond_its_contents(self) -> None:
        at = 2**30
        self.assertEqual(self.appended_on_windows(busy=2), [*[("lock", at)] * 3, ("unlock", at)])
        self.assertEqual(self.contents(), b"a")

    def test_on_windows_a_file_that_stays_locked_is_an_error(self) -> None:
        with mock.patch.object(shared_files, "_LOCK_SECONDS", 0), self.assertRaises(TimeoutError):
            self.appended_on_windows(busy=10**6)
        self.assertEqual(self.contents(), b"")


class AtLastTest(hermetic.HermeticTestCase):
    def test_only_windows_refuses_a_file_for_a_moment(self) -> None:
        for is_windows, most, expected in ((True, 2.0, ["new"]), (True, -1.0, []), (False, 2.0, [])):
            with (
                self.subTest(is_windows=is_windows, most=most),
                mock.patch.object(features, "WINDOWS", is_windows),
                mock.patch.object(shared_files, "_OPEN_SECONDS", most),
            ):
                replace = mock.Mock(side_effect=[PermissionError, PermissionError, "new"])
                found = []
                try:
                    found.append(shared_files.at_last(replace, "one", "other"))
                except PermissionError:
                    pass
                self.assertEqual(found, expected)
                replace.assert_called_with("one", "other")

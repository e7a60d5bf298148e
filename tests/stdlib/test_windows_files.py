"""Files of Windows, by stand-ins for its modules."""

from __future__ import annotations

from unittest import mock

from hermetic import HermeticTestCase
from hermetic._stdlib import windows_files

DISK, CHARACTERS, PIPE = 1, 2, 3


class WindowsFilesTest(HermeticTestCase):
    def setUp(self):
        self.winapi, self.msvcrt = mock.Mock(), mock.Mock()
        for name in ("winapi", "msvcrt"):
            patch = mock.patch.object(windows_files, name, getattr(self, name))
            patch.start()
            self.addCleanup(patch.stop)

    def test_a_descriptor_is_of_a_copy_that_no_process_inherits(self):
        self.winapi.GetCurrentProcess.return_value = 7
        self.assertIs(windows_files.own_file(5), self.msvcrt.open_osfhandle.return_value)
        self.assertEqual(self.winapi.DuplicateHandle.call_args.args[:5], (7, 5, 7, 0, False))

    def test_a_file_to_append_to_has_no_other_rights(self):
        self.assertIs(windows_files.open_to_append("path"), self.msvcrt.open_osfhandle.return_value)
        self.assertEqual(self.winapi.CreateFile.call_args.args[:3], ("path", 4, 3))

    def test_pipes_and_consoles_may_make_one_wait(self):
        for kind, is_console, waits in (
            (DISK, False, False), (PIPE, False, True), (CHARACTERS, True, True), (CHARACTERS, False, False),
        ):  # fmt: skip
            self.winapi.GetFileType.return_value = kind
            with self.subTest(kind=kind), mock.patch.object(windows_files.os, "isatty", return_value=is_console):
                self.assertEqual(windows_files.may_wait(1), waits)

    def test_a_pipe_is_ready_that_holds_something_or_is_closed(self):
        for found, is_ready in (((3, 0), True), ((0, 0), False), (BrokenPipeError(), True)):
            self.winapi.PeekNamedPipe.side_effect = [found]
            with self.subTest(found=found):
                self.assertEqual(windows_files.is_ready(1), is_ready)

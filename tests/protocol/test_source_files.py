"""Files that a worker names are opened for their source only if they are regular files."""

from __future__ import annotations

import linecache
import os
import tempfile
import unittest
from unittest import mock

from hermetic import HermeticTestCase
from hermetic._protocol import source_files


class NoteTest(HermeticTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        patch = mock.patch.dict(linecache.cache, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def path(self, name: str, text: str = "") -> str:
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def lines_after(self, path: str) -> list[str]:
        source_files.note(path)
        return linecache.getlines(path)

    def test_the_lines_of_a_plain_file_are_read_as_ever(self):
        self.assertEqual(self.lines_after(self.path("shop.py", "one\ntwo\n")), ["one\n", "two\n"])

    @unittest.skipUnless(hasattr(os, "mkfifo"), "needs named pipes")
    def test_pipes_devices_and_folders_have_no_lines(self):
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)
        for path in (pipe, "/dev/zero", self.folder):
            with self.subTest(path=path):
                self.assertEqual(self.lines_after(path), [])

    def test_a_file_that_is_too_large_has_none(self):
        with mock.patch.object(source_files, "_MAX_BYTES", 7):
            self.assertEqual(self.lines_after(self.path("large.py", "one\ntwo\n")), [])

    def test_names_that_are_no_paths_have_none(self):
        self.assertEqual(self.lines_after("a\0b.py"), [])

    def test_lines_that_came_from_no_file_are_kept(self):
        linecache.cache["cell.py"] = (9, None, ["the line\n"], "cell.py")
        self.assertEqual(self.lines_after("cell.py"), ["the line\n"])

    def test_names_that_nobody_looks_for_are_left_alone(self):
        for name in ("", "<string>"):
            source_files.note(name)
        self.assertEqual(linecache.cache, {})


class PossibleTest(HermeticTestCase):
    def test_what_no_file_has_in_its_name_is_escaped(self):
        for name, shown in (("shop.py", "shop.py"), ("a\0b", "a\\0b"), ("\ud800\u00e9", "\\ud800\u00e9")):
            with self.subTest(shown=shown):
                self.assertEqual(source_files.possible(name), shown)

"""Tracebacks made of plain data look like a worker's tracebacks."""

from __future__ import annotations

import linecache
import os
import sys
import tempfile
import traceback
import unittest
from unittest import mock

import support
from hermetic import HermeticTestCase
from hermetic._base import features
from hermetic._protocol import tracebacks


def frame(line: int = 3, positions: list[int | None] | None = None, **fields: object) -> list[object]:
    """A frame as a worker describes it."""
    described = {"filename": "/gone/shop.py", "name": "buy", "qualname": "Shop.buy", "first_line": 1, "line": line}
    described |= {
        "positions": positions or [],
        "module": "shop",
        "is_unittest": False,
        "locals": {},
        "is_hidden": False,
    }
    return [*{**described, **fields}.values()]


class TracebacksTest(HermeticTestCase):
    def test_each_frame_has_its_file_its_function_and_its_line(self):
        found = traceback.extract_tb(tracebacks.traceback_of([frame(3), frame(7, name="pay")]))
        self.assertEqual([(entry.filename, entry.name, entry.lineno) for entry in found],
                         [("/gone/shop.py", "buy", 3), ("/gone/shop.py", "pay", 7)])  # fmt: skip

    def test_without_frames_there_is_none(self):
        self.assertIsNone(tracebacks.traceback_of([]))

    @unittest.skipUnless(features.CODE_HAS_POSITIONS, "columns came with Python 3.11")
    def test_the_columns_of_the_line_are_those_of_the_worker(self):
        (entry,) = traceback.extract_tb(tracebacks.traceback_of([frame(3, [3, 4, 8, 15])]))
        self.assertEqual((entry.lineno, entry.end_lineno, entry.colno, entry.end_colno), (3, 4, 8, 15))

    @unittest.skipUnless(features.CODE_HAS_POSITIONS, "columns came with Python 3.11")
    def test_places_that_no_instruction_has_are_left_out(self):
        for positions in ([3, 2, 1, 0], [1, 10**6, 0, 1], [1, 1, 0, 2**31], [1, 1, -2, 5], [1, None, 1, 1]):
            with self.subTest(positions=positions):
                (entry,) = traceback.extract_tb(tracebacks.traceback_of([frame(3, positions)]))
                self.assertEqual((entry.lineno, entry.colno), (3, None))

    def test_local_variables_show_what_the_worker_showed(self):
        found = tracebacks.traceback_of([frame(locals={"price": "<Price 5>"})])
        self.assertEqual(repr(found.tb_frame.f_locals["price"]), "<Price 5>")

    def test_frames_of_unittest_and_hidden_ones_are_marked_as_such(self):
        plain = tracebacks.traceback_of([frame()]).tb_frame
        marked = tracebacks.traceback_of([frame(is_unittest=True, is_hidden=True)]).tb_frame
        self.assertEqual([("__unittest" in found.f_globals, "__tracebackhide__" in found.f_locals)
                          for found in (plain, marked)], [(False, False), (True, True)])  # fmt: skip

    def test_the_module_is_named_and_only_its_loader_is_taken_over(self):
        names = tracebacks.traceback_of([frame(module=__name__)]).tb_frame.f_globals
        self.assertEqual((names["__name__"], names["__loader__"]), (__name__, sys.modules[__name__].__loader__))
        self.assertNotIn("TracebacksTest", names)

    def test_an_error_that_nothing_raised_stands_where_it_is_put(self):
        (entry,) = traceback.extract_tb(tracebacks.traceback_at(__file__, "test_here", 7))
        self.assertEqual(
            (os.path.basename(entry.filename), entry.name, entry.lineno), ("test_tracebacks.py", "test_here", 7)
        )


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
        tracebacks.note_source_file(path)
        return linecache.getlines(path)

    def test_the_lines_of_a_plain_file_are_read_as_ever(self):
        self.assertEqual(self.lines_after(self.path("shop.py", "one\ntwo\n")), ["one\n", "two\n"])

    @support.posix_only("named pipes in folders")
    def test_pipes_devices_and_folders_have_no_lines(self):
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)
        for path in (pipe, "/dev/zero", self.folder):
            with self.subTest(path=path):
                self.assertEqual(self.lines_after(path), [])

    def test_a_file_that_is_too_large_has_none(self):
        with mock.patch.object(tracebacks, "_MAX_BYTES", 7):
            self.assertEqual(self.lines_after(self.path("large.py", "one\ntwo\n")), [])

    def test_names_that_are_no_paths_have_none(self):
        self.assertEqual(self.lines_after("a\0b.py"), [])

    def test_lines_that_came_from_no_file_are_kept(self):
        linecache.cache["cell.py"] = (9, None, ["the line\n"], "cell.py")
        self.assertEqual(self.lines_after("cell.py"), ["the line\n"])

    def test_names_that_nobody_looks_for_are_left_alone(self):
        for name in ("", "<string>"):
            tracebacks.note_source_file(name)
        self.assertEqual(linecache.cache, {})


class PossibleTest(HermeticTestCase):
    @support.posix_only("characters that no file name has")
    def test_what_no_file_has_in_its_name_is_escaped(self):
        for name, shown in (("shop.py", "shop.py"), ("a\0b", "a\\0b"), ("\ud800\u00e9", "\\ud800\u00e9")):
            with self.subTest(shown=shown):
                self.assertEqual(tracebacks.possible_filename(name), shown)

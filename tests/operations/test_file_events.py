"""Audit events of the file system as operations, and those that are not an operation of the test."""

from __future__ import annotations

import os
import sys
import tempfile
from unittest import mock

import hermetic
import support
from hermetic._base.sizes import DATABASE
from hermetic._operations import file_events, lasting

READERS = file_events.READERS
PROJECT_FILE = os.path.abspath(os.path.join(os.sep, "project", "notes.txt"))
SHOP = os.path.abspath("/data/shop.db")


class PathsTest(hermetic.HermeticTestCase):
    @support.posix_only("folders without a drive")
    def test_a_project_in_a_temporary_folder_is_no_temporary_file(self) -> None:
        with (
            mock.patch.object(lasting, "project_root", lambda: "/tmp/project"),
            mock.patch.object(tempfile, "tempdir", "/tmp"),
        ):
            self.assertFalse(lasting.is_temporary("/tmp/project/notes.txt"))
            self.assertTrue(lasting.is_temporary("/tmp/other"))

    @support.posix_only("folders without a drive")
    def test_a_temporary_folder_in_the_project_is_one(self) -> None:
        with (
            mock.patch.object(lasting, "project_root", lambda: "/project"),
            mock.patch.object(tempfile, "tempdir", "/project/tmp"),
        ):
            self.assertTrue(lasting.is_temporary("/project/tmp/x"))
            self.assertFalse(lasting.is_temporary("/project/tmpx"))

    def test_files_in_memory_lie_on_no_device(self) -> None:
        answers = {"/dev/null": True, "/proc/self/maps": True, "/dev/shm/x": False, "/data/dev/null.txt": False}
        for path, answer in answers.items():
            with self.subTest(path):
                self.assertEqual(file_events.is_no_file(path), answer)

    def test_a_folder_without_an_init_file_is_no_part_of_the_program(self) -> None:
        with mock.patch.dict(sys.modules, namespace=mock.Mock(__path__=["/project"], __file__=None)):
            self.assertFalse(file_events.is_part_of_program("/project/notes.txt"))


class EventsTest(hermetic.HermeticTestCase):
    def test_opening_is_reading_or_writing_by_its_flags(self):
        for flags, action in ((os.O_RDONLY, "read"), (os.O_RDWR, "write"), (os.O_WRONLY | os.O_APPEND, "write")):
            with self.subTest(flags=flags):
                operation = READERS["open"](PROJECT_FILE, "r", flags)
                self.assertEqual((operation.action, operation.api), (action, "builtins.open"))

    def test_an_open_without_a_mode_is_that_of_the_os_module(self):
        self.assertEqual(READERS["open"](PROJECT_FILE, None, os.O_RDONLY).api, "os.open")

    def test_an_operation_has_its_full_path_and_one_for_people(self):
        operation = READERS["os.remove"](os.path.join("data", os.pardir, "notes.txt"), -1)
        self.assertEqual((operation.action, operation.target), ("remove", "notes.txt"))
        self.assertEqual(operation.host, os.path.join(os.getcwd(), "notes.txt"))

    def test_a_name_within_an_open_folder_and_a_descriptor_are_no_operations(self):
        self.assertIsNone(READERS["os.remove"]("notes.txt", 5))
        self.assertIsNone(READERS["os.truncate"](5, 0))

    def test_a_link_is_made_where_its_new_name_is(self):
        self.assertEqual(READERS["os.symlink"]("/etc/hosts", PROJECT_FILE, -1).host, PROJECT_FILE)

    def test_moving_into_the_project_is_an_operation_like_moving_out_of_it(self):
        temporary = os.path.join(tempfile.gettempdir(), "x")
        self.assertEqual(READERS["os.rename"](temporary, PROJECT_FILE, -1, -1).host, PROJECT_FILE)
        self.assertEqual(READERS["os.rename"](PROJECT_FILE, temporary, -1, -1).host, PROJECT_FILE)

    def test_reading_the_standard_library_is_none_and_writing_to_it_is_one(self):
        self.assertIsNone(READERS["open"](os.__file__, "r", os.O_RDONLY))
        self.assertIsNotNone(READERS["open"](os.__file__, "w", os.O_WRONLY))

    def test_a_listing_without_a_folder_is_of_the_current_one(self):
        with mock.patch.object(file_events, "is_part_of_program", return_value=False):
            self.assertEqual(READERS["os.listdir"](None).host, os.getcwd())


class ConnectTest(hermetic.HermeticTestCase):
    def opened(self, database: object) -> tuple[str, str]:
        operation = file_events.DATABASE_READERS["sqlite3.connect"](database)
        self.assertEqual((operation.kind, operation.action, operation.api), (DATABASE, "open", "sqlite3.connect"))
        return operation.target, operation.host

    def test_a_file_is_named_by_its_path(self):
        self.assertEqual(self.opened("shop.db"), ("shop.db", os.path.join(os.getcwd(), "shop.db")))
        self.assertEqual(self.opened(os.fsencode(SHOP)), (SHOP, SHOP))

    def test_databases_in_memory_have_one_name(self):
        for database in ("", ":memory:", "file::memory:?cache=shared", "file:x?mode=memory"):
            with self.subTest(database=database):
                self.assertEqual(self.opened(database), (":memory:", ":memory:"))

    def test_a_uri_is_named_as_it_was_written(self):
        self.assertEqual(self.opened("file:shop.db?mode=ro"), ("file:shop.db?mode=ro",) * 2)

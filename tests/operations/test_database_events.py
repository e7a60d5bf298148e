"""Audit events of databases as operations."""

from __future__ import annotations

import os

import hermetic
from hermetic._base.sizes import DATABASE
from hermetic._operations.database_events import READERS


class ConnectTest(hermetic.HermeticTestCase):
    def opened(self, database: object) -> tuple[str, str]:
        operation = READERS["sqlite3.connect"](database)
        self.assertEqual((operation.kind, operation.action, operation.api), (DATABASE, "open", "sqlite3.connect"))
        return operation.target, operation.host

    def test_a_file_is_named_by_its_path(self):
        self.assertEqual(self.opened("shop.db"), ("shop.db", os.path.join(os.getcwd(), "shop.db")))
        self.assertEqual(self.opened(b"/data/shop.db"), ("/data/shop.db", "/data/shop.db"))

    def test_databases_in_memory_have_one_name(self):
        for database in ("", ":memory:", "file::memory:?cache=shared", "file:x?mode=memory"):
            with self.subTest(database=database):
                self.assertEqual(self.opened(database), (":memory:", ":memory:"))

    def test_a_uri_is_named_as_it_was_written(self):
        self.assertEqual(self.opened("file:shop.db?mode=ro"), ("file:shop.db?mode=ro",) * 2)

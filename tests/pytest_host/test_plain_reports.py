"""Reports and warnings keep their types as plain data, and nothing that is forged is taken for one."""

from __future__ import annotations

import importlib
import json
import pathlib
import unittest
import warnings
from typing import Any

from hermetic import small
from support.hosts import installed


@small
@installed("pytest", "pytest")
class PlainReportsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.tested: Any = importlib.import_module("hermetic._pytest_host.plain_reports")

    def through(self, value: object) -> object:
        """A value after its way through JSON."""
        return self.tested.from_plain(json.loads(json.dumps(self.tested.to_plain(value))))

    def test_values_keep_their_types(self) -> None:
        for value in (
            *(None, True, 1, 1.5, "text", "\udc80", b"\xff", pathlib.Path("a/b"), [], (), ("a", ["b", ("c",)])),
            *({"a": 1, 2: ("b",)}, {1, 2}, frozenset({1})),
        ):
            found = self.through(value)
            self.assertEqual((type(value), value), (type(found), found))

    def test_other_objects_become_their_text(self) -> None:
        class Broken:
            def __repr__(self) -> str:
                raise ValueError

        self.assertEqual(repr(object), self.through(object))
        self.assertEqual({"a": "<repr() failed>"}, self.through({"a": Broken()}))
        nested: list[Any] = []
        nested.append(nested)
        self.assertIn("...", str(self.through(nested)))

    def test_forged_data_is_refused(self) -> None:
        for data in ([], ["list"], ["eval", "1"], ["bytes", "xy"], ["dict", [1]], {"a": 1}, ["path", 3]):
            with self.subTest(data=data), self.assertRaises(ValueError):
                self.tested.from_plain(data)
        for data in (["dict", []], ["dict", [["text", "a"]]], "text"):
            with self.subTest(data=data), self.assertRaises(ValueError):
                self.tested.decoded_warning(data)

    def test_warnings(self) -> None:
        shown = warnings.WarningMessage(UnicodeWarning("one"), UnicodeWarning, "file.py", 3)
        data = json.loads(json.dumps(self.tested.encoded_warning(shown, "runtest", "a::b", ("file.py", 3, "b"))))
        found = self.tested.decoded_warning(data)
        self.assertEqual(("runtest", "a::b", ("file.py", 3, "b")), (found["when"], found["nodeid"], found["location"]))
        message = found["warning_message"]
        self.assertEqual(
            (UnicodeWarning, "one", "file.py", 3),
            (message.category, str(message.message), message.filename, message.lineno),
        )

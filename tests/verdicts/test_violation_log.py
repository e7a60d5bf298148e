"""The violation log is created once, read line by line, and replaced if a test removes it."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from unittest import mock

from hermetic import GuardError, HermeticTestCase, medium
from hermetic._base import features
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._verdicts import scopes, violation_data, violation_log


@medium  # it writes files
class ViolationLogTest(HermeticTestCase):
    def setUp(self):
        patch = mock.patch.multiple(scopes.running, faults=[])
        patch.start()
        self.addCleanup(patch.stop)
        self.log = violation_log.ViolationLog()
        self.assertFalse(self.log.is_mine)
        self.log.make()
        self.addCleanup(self.remove)

    def remove(self) -> None:
        for path in (self.log.path, *self.log.beside):
            if os.path.exists(path):
                os.unlink(path)

    def append(self, text: str) -> None:
        with open(self.log.path, "a", encoding="utf-8", newline="") as file:
            file.write(text)

    def test_it_is_made_once_and_nobody_else_can_read_it(self):
        path = self.log.path
        self.log.make()
        self.assertEqual((self.log.path, self.log.is_mine), (path, True))
        if not features.WINDOWS:  # where modes say nothing, and the user's temporary folder is the user's alone
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o077, 0)

    def test_each_complete_line_is_read_once(self):
        self.append("one\ntwo\nthr")
        self.assertEqual([*self.log.read_lines()], [b"one\n", b"two\n"])
        self.append("ee\n")
        self.assertEqual([*self.log.read_lines()], [b"three\n"])

    def test_one_that_was_removed_or_emptied_is_replaced_at_the_same_path(self):
        path = self.log.path
        for lose in (os.unlink, lambda path: os.truncate(path, 0)):
            self.append("one\n")
            list(self.log.read_lines())
            lose(path)
            self.assertEqual([*self.log.read_lines()], [])
            self.append("new\n")
            self.assertEqual([*self.log.read_lines()], [b"new\n"])
            self.assertEqual(self.log.path, path)

    def test_where_children_could_write_the_loss_is_an_error(self):
        self.log.awaits = True
        os.unlink(self.log.path)
        self.log.make()
        (fault,) = scopes.running.faults
        self.assertIn("[H009] lost report: the file for violations of child processes was removed", str(fault))

    def test_files_beside_it_are_made_once(self):
        path = f"{self.log.path}.7"
        self.log.make_beside(path)
        self.assertIn(path, self.log.beside)
        os.unlink(path)
        self.log.make_beside(path)
        self.assertFalse(os.path.exists(path))

    def test_a_process_whose_violations_could_not_be_recorded_is_refused(self):
        with self.assertRaisesRegex(GuardError, r"\[H009\] no report file: .*No space left"):
            with violation_log.refusing():
                raise OSError(28, "No space left on device")
        self.assertEqual(len(scopes.running.faults), 1)


OPERATION = Operation("network", "connect", "203.0.113.7:443", "socket.connect", host="203.0.113.7", port=443)


VIOLATION = Violation("H001", "small", "a.b.c", OPERATION, CallSite("net.py", 7, "fetch", "net", "connect()", ""))


FIELDS = violation_data.violation_fields(VIOLATION)


@medium  # it writes a file
class CollectTest(HermeticTestCase):
    def collected(self, *lines):
        """Collect a log with these lines, and return the violations that it warns of."""
        with tempfile.NamedTemporaryFile("w", delete=False, encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        self.addCleanup(os.unlink, file.name)
        log = violation_log.ViolationLog()
        log.path = file.name
        with mock.patch.multiple(scopes.running, log=log, warned=[], faults=[]):
            violation_log.collect_entries()
            self.faults = scopes.running.faults
            return scopes.running.warned

    def test_lines_that_are_no_entries_are_errors_and_hide_no_entry(self):
        report = {"serial": 1, "warned": True, "silently": True, "violation": FIELDS}
        junk = ["", "junk", "{", "[]", "1", '"x"', "{}", "[" * 100_000, json.dumps({"serial": [], "violation": FIELDS})]
        junk += [json.dumps({**report, name: None}) for name in ("serial", "violation")]
        self.assertEqual([VIOLATION], self.collected(*junk, json.dumps(report), *junk))
        (fault,) = self.faults
        self.assertIn(f"[H009] unread report: child processes wrote {2 * len(junk)} report lines", str(fault))

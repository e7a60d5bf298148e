"""Child processes write their violations to the violation log."""

from __future__ import annotations

import json
import os
import tempfile

from hermetic import HermeticTestCase, medium
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._verdicts import log_writing, scopes, violation_data

OPERATION = Operation("network", "connect", "203.0.113.7:443", "socket.connect", host="203.0.113.7", port=443)

VIOLATION = Violation("H001", "small", "a.b.c", OPERATION, CallSite("net.py", 7, "fetch", "net", "connect()", ""))

FIELDS = violation_data.violation_fields(VIOLATION)


@medium  # it writes a file
class SendTest(HermeticTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "log")
        with open(self.path, "w", encoding="utf-8"):
            pass
        self.scope = scopes.Scope(self, None)
        self.scope.log_path = self.path

    def entries(self) -> list[dict[str, object]]:
        with open(self.path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def test_the_process_of_the_run_sends_nothing(self):
        self.assertFalse(log_writing.send_violation(self.scope, VIOLATION, warned=False))
        self.assertEqual(self.entries(), [])

    def test_a_child_writes_one_entry_under_the_serial_that_the_run_knows(self):
        self.scope.home, self.scope.serial_in_log = -1, 7
        self.assertTrue(log_writing.send_violation(self.scope, VIOLATION, warned=True))
        self.assertEqual(self.entries(), [log_writing.log_entry(7, VIOLATION, warned=True, silently=False)])

    def test_a_fault_is_an_entry_of_its_own(self):
        log_writing.send_fault(self.scope, "[H009] internal error")
        self.assertEqual(self.entries(), [{"serial": self.scope.serial, "fault": "[H009] internal error"}])

    def test_a_log_that_was_removed_is_no_error(self):
        os.unlink(self.path)
        self.scope.home = -1
        self.assertTrue(log_writing.send_violation(self.scope, VIOLATION, warned=True))
        self.assertFalse(os.path.exists(self.path))

    def test_without_a_later_test_an_operation_belongs_to_the_scope_itself(self):
        self.assertIs(log_writing.test_now(self.scope), self.scope)

    def test_a_later_test_that_is_announced_is_what_an_operation_belongs_to(self):
        fields = {"serial": self.scope.serial + 1, "test": "a later test", "policy": None}
        with open(log_writing.current_path(self.path), "w", encoding="utf-8") as file:
            json.dump(fields, file)
        later = log_writing.test_now(self.scope)
        self.assertEqual((later.name, later.known_serial), ("a later test", fields["serial"]))

    def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pipe")
            if not hasattr(os, "mkfifo"):
                self.skipTest("needs named pipes")
            os.mkfifo(path)
            with self.assertRaises(OSError):
                log_writing.write_entry(path, log_writing.log_entry(1, VIOLATION, warned=True, silently=False))
            self.assertEqual(["pipe"], os.listdir(folder))

"""Reading the violation log: invalid lines are errors, and do not hide valid entries."""

from __future__ import annotations

import json
import os
import tempfile
from unittest import mock

from hermetic import HermeticTestCase, medium
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._verdicts import log_reading, scopes, violation_data, violation_log

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
            log_reading.collect_entries()
            self.faults = scopes.running.faults
            return scopes.running.warned

    def test_lines_that_are_no_entries_are_errors_and_hide_no_entry(self):
        report = {"serial": 1, "warned": True, "silently": True, "violation": FIELDS}
        junk = ["", "junk", "{", "[]", "1", '"x"', "{}", "[" * 100_000, json.dumps({"serial": [], "violation": FIELDS})]
        junk += [json.dumps({**report, name: None}) for name in ("serial", "violation")]
        self.assertEqual([VIOLATION], self.collected(*junk, json.dumps(report), *junk))
        (fault,) = self.faults
        self.assertIn(f"[H009] unread report: child processes wrote {2 * len(junk)} report lines", str(fault))

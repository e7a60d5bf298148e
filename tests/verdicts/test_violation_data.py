"""Violations as plain data, and back: what another process sends may be anything."""

from __future__ import annotations

import json

from hermetic import HermeticTestCase
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._verdicts import violation_data

OPERATION = Operation("network", "connect", "203.0.113.7:443", "socket.connect", host="203.0.113.7", port=443)
VIOLATION = Violation("H001", "small", "a.b.c", OPERATION, CallSite("net.py", 7, "fetch", "net", "connect()", ""))
FIELDS = violation_data.violation_fields(VIOLATION)


class ViolationTest(HermeticTestCase):
    def test_a_violation_survives_the_way_home(self):
        self.assertEqual(VIOLATION, violation_data.violation_of(json.loads(json.dumps(FIELDS))))

    def test_a_port_and_a_line_are_what_the_caller_wrote(self):
        for port, line in (("https", None), (None, 0), (True, 7)):
            fields = {
                **FIELDS,
                "operation": {**FIELDS["operation"], "port": port},
                "site": {**FIELDS["site"], "line": line},
            }
            with self.subTest(port=port, line=line):
                self.assertEqual(port, violation_data.violation_of(fields).operation.port)

    def test_what_is_none_is_refused(self):
        odd = [None, [], "x", {}, {**FIELDS, "code": "H999"}, {**FIELDS, "site": None}, {**FIELDS, "more": 1}]
        for name, value in (("kind", "odd"), ("action", "odd"), ("target", 1), ("port", []), ("host", None)):
            odd.append({**FIELDS, "operation": {**FIELDS["operation"], name: value}})
        for fields in odd:
            with self.subTest(fields), self.assertRaises(ValueError):
                violation_data.violation_of(fields)

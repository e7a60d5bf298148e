"""Lines in a report file that are no reports: children of the test write there, and they may be anything."""

from __future__ import annotations

import json
import os
import tempfile
from unittest import mock

from hermetic import HermeticTestCase, medium
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._verdicts import child_reports, report_files, scopes

OPERATION = Operation("network", "connect", "203.0.113.7:443", "socket.connect", host="203.0.113.7", port=443)
VIOLATION = Violation("H001", "small", "a.b.c", OPERATION, CallSite("net.py", 7, "fetch", "net", "connect()", ""))
FIELDS = child_reports.violation_fields(VIOLATION)


class ViolationTest(HermeticTestCase):
    def test_a_violation_survives_the_way_home(self):
        self.assertEqual(VIOLATION, child_reports.violation_of(json.loads(json.dumps(FIELDS))))

    def test_a_port_and_a_line_are_what_the_caller_wrote(self):
        for port, line in (("https", None), (None, 0), (True, 7)):
            fields = {
                **FIELDS,
                "operation": {**FIELDS["operation"], "port": port},
                "site": {**FIELDS["site"], "line": line},
            }
            with self.subTest(port=port, line=line):
                self.assertEqual(port, child_reports.violation_of(fields).operation.port)

    def test_what_is_none_is_refused(self):
        odd = [None, [], "x", {}, {**FIELDS, "code": "H999"}, {**FIELDS, "site": None}, {**FIELDS, "more": 1}]
        for name, value in (("kind", "odd"), ("action", "odd"), ("target", 1), ("port", []), ("host", None)):
            odd.append({**FIELDS, "operation": {**FIELDS["operation"], name: value}})
        for fields in odd:
            with self.subTest(fields), self.assertRaises(ValueError):
                child_reports.violation_of(fields)


@medium  # it writes a file
class ReportsTest(HermeticTestCase):
    def collected(self, *lines):
        """The violations that were warned of in a report file with these lines."""
        with tempfile.NamedTemporaryFile("w", delete=False, encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        self.addCleanup(os.unlink, file.name)
        reports = report_files.Reports()
        reports.path = file.name
        running = mock.patch.multiple(scopes.running, warned=[], faults=[])
        with mock.patch.object(child_reports, "_reports", reports), running:
            child_reports.collect()
            self.faults = scopes.running.faults
            return scopes.running.warned

    def test_lines_that_are_no_reports_are_errors_and_hide_no_report(self):
        report = {"serial": 1, "warned": True, "silently": True, "violation": FIELDS}
        junk = ["", "junk", "{", "[]", "1", '"x"', "{}", "[" * 100_000, json.dumps({"serial": [], "violation": FIELDS})]
        junk += [json.dumps({**report, name: None}) for name in ("serial", "violation")]
        self.assertEqual([VIOLATION], self.collected(*junk, json.dumps(report), *junk))
        (fault,) = self.faults
        self.assertIn(f"[H009] unread report: child processes reported {2 * len(junk)} lines", str(fault))

    def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pipe")
            if not hasattr(os, "mkfifo"):
                self.skipTest("needs named pipes")
            os.mkfifo(path)
            child_reports.append(path, 1, VIOLATION, warned=True)
            self.assertEqual(["pipe"], os.listdir(folder))

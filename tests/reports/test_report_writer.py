"""The reports of a program: where they are written to, and what is said when that fails."""

from __future__ import annotations

import os
from unittest import mock

import hermetic
from hermetic import ConfigurationError
from hermetic._reports import report_writer
from hermetic._reports.report_writer import ReportWriter
from hermetic._reports.test_records import Entry, RunRecord, TestRecord
from support import Folder

RUN = RunRecord(["hermetic"], "1", "3", "linux", 0.0, tests=[TestRecord("m.C.test", entries=[Entry("error", line=3)])])


class WritingTest(hermetic.HermeticTestCase):
    def setUp(self):
        folder = Folder(old="old report")
        self.folder = folder.__enter__()
        self.addCleanup(folder.__exit__)

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def test_each_report_is_written_where_it_was_asked_for(self):
        paths = {"junit_xml": self.path("new.xml"), "json": self.path("old"), "html": self.path("new.html")}
        self.assertEqual(ReportWriter(paths).write(RUN), [])
        beginnings = {}
        for name, path in paths.items():
            with open(path, encoding="utf-8") as file:
                beginnings[name] = file.read(5)
        self.assertEqual(beginnings, {"junit_xml": "<?xml", "json": '{\n "f', "html": "<!DOC"})

    def test_a_folder_that_is_not_there_is_an_error_before_the_run(self):
        with self.assertRaises(ConfigurationError):
            ReportWriter({"json": self.path("missing/report.json")})

    def test_a_path_that_cannot_be_resolved_is_an_error_before_the_run(self):
        with (
            mock.patch.object(os.path, "realpath", side_effect=OSError(5, "General failure")),  # of a device of Windows
            self.assertRaisesRegex(ConfigurationError, "json: .* cannot be written: General failure"),
        ):
            ReportWriter({"json": self.path("report.json")})

    def test_two_reports_in_one_file_are_an_error_that_names_both(self):
        paths = {"json": self.path("same"), "html": os.path.join(self.folder, ".", "same")}
        with self.assertRaisesRegex(ConfigurationError, "json, html: two reports share one file"):
            ReportWriter(paths)

    def test_a_report_that_cannot_be_made_is_a_line_and_the_others_are_written(self):
        reports = ReportWriter({"json": self.path("report.json"), "html": self.path("report.html")})
        with mock.patch.dict(report_writer._FORMATS, json=mock.Mock(side_effect=ValueError("broken"))):
            (trouble,) = reports.write(RUN)
        self.assertIn("report.json could not be written: ValueError: broken", trouble)
        self.assertTrue(os.path.exists(self.path("report.html")))

    def test_annotations_are_made_for_the_system_that_is_asked_for(self):
        self.assertEqual(ReportWriter({}).annotations(RUN.tests), [])
        (line,) = ReportWriter({}, "github").annotations(RUN.tests)
        self.assertTrue(line.startswith("::error"), line)

"""Reports escape any text that tests produce."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import hermetic
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._reports import ci_annotations, html_report, json_report, junit_report, plain_text
from hermetic._reports.test_records import CaughtWarning, Entry, RunRecord, TestRecord

ANYTHING = "".join(map(chr, [*range(0x300), *range(0x2000, 0x2100), *range(0xD7FE, 0xE001), 0xFDD0, 0xFFFE, 0x1F600]))


def run_of_anything():
    """A run in which every text is made up."""
    text = ANYTHING
    violation = Violation(
        "H001", text, text, Operation("network", "connect", text, text), CallSite(text, 1, text, text, text, text)
    )
    record = TestRecord(
        text, module=text, class_name=text, name=text, file=text, line=1, size=text, group=text, worker=text
    )
    for outcome in ("error", "failure", "unexpected_success", "expected_failure", "skip"):
        record.noted("entries").append(Entry(outcome, text, text, text, text, text, 1))
    record.violations, record.warned = [violation], [violation]
    record.warnings, record.leaks = [CaughtWarning(text, text, text, 1)], [text]
    record.stdout = record.stderr = text
    return RunRecord([text], text, text, text, 0.0, ended_early=text, tests=[record], warnings=record.warnings)


class IdentifierTest(hermetic.HermeticTestCase):
    def test_texts_that_differ_are_told_apart_on_one_line(self):
        texts = ["a b", "a  b", "a\nb", "a\tb", "a\rb", "a\0b", "a\udc80b", "ab"]
        shown = [plain_text.identifier(text) for text in texts]
        self.assertEqual(len(set(shown)), len(texts))
        self.assertEqual([len(text.splitlines()) for text in shown], [1] * len(texts))


class AnythingTest(hermetic.HermeticTestCase):
    @classmethod
    def setUpClass(cls):
        cls.run_record = run_of_anything()

    def test_json_keeps_it(self):
        text = json_report.text(self.run_record)
        self.assertTrue(text.isascii())
        self.assertEqual(json.loads(text)["tests"][0]["stdout"], plain_text.without_surrogates(ANYTHING))

    def test_junit_xml_shows_it(self):
        case = ET.fromstring(junit_report.text(self.run_record).encode()).find("testsuite/testcase")
        self.assertEqual(case.findtext("system-out"), plain_text.visible(ANYTHING))

    def test_html_shows_it(self):
        page = html_report.text(self.run_record)
        page.encode()
        tags = ("<script", "<img", "<details", "</details", "<body")
        self.assertEqual([page.count(tag) for tag in tags], [1, 0, 7, 7, 1])

    def test_each_annotation_is_one_line_of_printable_text(self):
        for name in ("github", "azure"):
            for line in ci_annotations.annotation_lines(self.run_record.tests, name, {}):
                self.assertEqual(line.splitlines(), [line])
                self.assertIsNone(plain_text._UNSAFE.search(line))


class VisibleTest(hermetic.HermeticTestCase):
    def test_what_cannot_be_shown_is_written_as_python_writes_it(self):
        self.assertEqual(plain_text.visible("a\x00\x1b[31m\udc80\u202e\rb"), r"a\x00\x1b[31m\udc80\u202e\rb")

    def test_lines_and_tabs_stay(self):
        self.assertEqual(plain_text.visible("a\tb\r\nc\nd"), "a\tb\nc\nd")

    def test_one_line_is_one(self):
        self.assertEqual(plain_text.one_line("a\n b\u2028c\td"), r"a b\u2028c d")

    def test_colours_are_taken_out(self):
        self.assertEqual(plain_text.without_colours("\x1b[1;31mred\x1b[0m"), "red")

"""The JUnit XML report: its schema, the counts that CI systems use, and escaping."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import unittest
from xml.etree import ElementTree as ET

import hermetic
from hermetic import medium
from hermetic._reports import junit_report
from hermetic._reports.test_records import Entry, RunRecord, TestRecord
from support import Folder
from support.report_runs import MIDDLE, run_reported, sample_reports

HAS_JUNITPARSER = importlib.util.find_spec("junitparser") is not None

# Jenkins' schema, as its xunit plugin and pytest have it, with the file and the line of pytest's own format. Of each
# element: the attributes that it must have, those that it may have, and its children in their order, each with how
# often it may come.
MANY = 10**9
SCHEMA = {
    "testsuites": ("", "name time tests failures disabled errors", {"testsuite": MANY}),
    "testsuite": (
        "name tests",
        "failures errors time disabled skipped timestamp hostname id package",
        {"properties": 1, "testcase": MANY, "system-out": 1, "system-err": 1},
    ),
    "properties": ("", "", {"property": MANY}),
    "property": ("name value", "", {}),
    "testcase": (
        "name",
        "assertions time classname status file line",
        {
            "skipped": 1,
            "error": MANY,
            "failure": MANY,
            "rerunFailure": MANY,
            "rerunError": MANY,
            "flakyFailure": MANY,
            "flakyError": MANY,
            "system-out": MANY,
            "system-err": MANY,
        },
    ),
    **dict.fromkeys(
        ("rerunFailure", "rerunError", "flakyFailure", "flakyError"),
        ("type", "message", {"stackTrace": 1, "system-out": 1, "system-err": 1}),
    ),
    "stackTrace": ("", "", {}),
    "skipped": ("", "message type", {}),
    "error": ("", "message type", {}),
    "failure": ("", "message type", {}),
    "system-out": ("", "", {}),
    "system-err": ("", "", {}),
}


def offences(element: ET.Element) -> list[str]:
    """What the schema has against an element, and all in it."""
    required, optional, children = SCHEMA[element.tag]
    found = [f"{element.tag} without {name}" for name in required.split() if name not in element.attrib]
    allowed = {*required.split(), *optional.split()}
    found += [f"{element.tag} with {name}" for name in element.attrib if name not in allowed]
    order, tags = [*children], [child.tag for child in element]
    found += [f"{tag} in {element.tag}" for tag in tags if tag not in children]
    if not found and (tags != sorted(tags, key=order.index) or any(tags.count(tag) > children[tag] for tag in order)):
        found.append(f"{element.tag} with {tags}")
    return found + [offence for child in element for offence in offences(child)]


class JUnitCase(hermetic.HermeticTestCase):
    """Reads the report of the sample."""

    def setUp(self):
        self.root = ET.fromstring(sample_reports().read("--junit-xml"))

    def case(self, class_name, name):
        (found,) = self.root.iterfind(f"*[@name='test_outcomes.{class_name}']/testcase[@name='{name}']")
        return found


@medium
class SchemaTest(JUnitCase):
    def test_it_keeps_to_the_schema(self):
        self.assertEqual(offences(self.root), [])

    def test_a_test_case_has_the_place_of_its_test(self):
        in_json = {
            record["name"]: str(record["line"]) for record in json.loads(sample_reports().read("--json"))["tests"]
        }
        placed = [case for case in self.root.iter("testcase") if case.get("file")]
        self.assertGreater(len(placed), 10)
        for case in placed:
            with self.subTest(case=case.get("name")):
                self.assertEqual((case.get("file"), case.get("line")), ("test_outcomes.py", in_json[case.get("name")]))

    def test_the_schema_forbids_something(self):
        text = "<testsuites><testsuite name='a'><system-out/><testcase name='b' size='c'/></testsuite></testsuites>"
        found = offences(ET.fromstring(text))
        self.assertEqual(found, ["testsuite without tests", "testcase with size"])

    def test_times_are_seconds_and_timestamps_are_iso_8601(self):
        for element in self.root.iter():
            if element.tag in ("testsuites", "testsuite", "testcase"):
                self.assertRegex(element.attrib["time"], r"^\d+\.\d{3}$")
        for suite in self.root:
            self.assertRegex(suite.attrib["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")


@medium
class ContentsTest(JUnitCase):
    def test_each_class_is_a_suite(self):
        names = [suite.attrib["name"] for suite in self.root]
        classes = ("Fixture", "Group", "Isolated", "Outcomes", "Sizes")
        self.assertEqual(sorted(names), [f"test_outcomes.{name}Test" for name in classes])

    def test_suites_count_their_cases(self):
        for suite in self.root:
            cases = suite.findall("testcase")
            self.assertEqual(int(suite.attrib["tests"]), len(cases))
            self.assertEqual(int(suite.attrib["skipped"]), len(suite.findall("testcase/skipped")))
            bad = [case for case in cases if case.find("error") is not None or case.find("failure") is not None]
            self.assertEqual(int(suite.attrib["errors"]) + int(suite.attrib["failures"]), len(bad))

    def test_outcomes_have_the_elements_of_junit(self):
        expected = {
            "test_passes": [],
            "test_fails": ["failure"],
            "test_has_an_error": ["error"],
            "test_is_skipped": ["skipped"],
            "test_fails_as_expected": ["skipped"],
            "test_passes_unexpectedly": ["failure"],
            "test_has_subtests": ["error", "failure"],
        }
        found = {name: [child.tag for child in self.case("OutcomesTest", name)] for name in expected}
        for tags in found.values():
            tags[:] = [tag for tag in tags if not tag.startswith("system-")]
        self.assertEqual(found, expected)

    def test_a_failed_fixture_is_a_case_of_its_class(self):
        self.assertEqual(self.case("FixtureTest", "setUpClass").find("error").attrib["type"], "RuntimeError")

    def test_sizes_and_violations_are_properties(self):
        suite = self.root.find("*[@name='test_outcomes.SizesTest']")
        found = {(item.attrib["name"], item.attrib["value"].partition(" (")[0]) for item in suite.iter("property")}
        self.assertLessEqual(
            {
                ("size of test_is_medium", "medium"),
                ("violation of test_swallows", "H001 socket.socket.connect 127.0.0.1:9"),
                ("violation of test_starts_a_process", "H003 subprocess.Popen git --version"),
            },
            found,
        )

    def test_an_isolated_test_has_its_group_its_time_and_its_output(self):
        case = self.case("IsolatedTest", "test_takes_its_time")
        self.assertGreaterEqual(float(case.attrib["time"]), 0.05)
        self.assertEqual(case.findtext("system-out"), "from the worker\n")
        groups = [item.attrib["value"] for item in self.root.find("*[@name='test_outcomes.GroupTest']/properties")]
        self.assertTrue(all(re.match(r"@isolated\('db'\), worker \d+$", group) for group in groups), groups)

    def test_hostile_text_stays_text(self):
        message = self.case("OutcomesTest", "test_is_hostile").find("failure").attrib["message"]
        self.assertIn("]]></failure><script>alert(1)</script>", message)
        self.assertIn(r"\x00\x07\x1b[2J\x1b]0;x\x07\udc80\ufffe\u202e", message)
        self.assertNotRegex(sample_reports().read("--junit-xml"), "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ufffe]")


class RetriesTest(hermetic.HermeticTestCase):
    def report(self, **fields):
        run = RunRecord([], "", "", "", 0.0, tests=[TestRecord("m.C.test", "test", "m", "C", "test", **fields)])
        root = ET.fromstring(junit_report.text(run))
        self.assertEqual(offences(root), [])
        return root.find("testsuite")

    def attempt(self, outcome, message):
        entry = Entry(outcome, type="OSError", message=message, text=f"Traceback: {message}")
        return TestRecord("m.C.test", entries=[entry], stdout=f"out of {message}")

    def test_a_flaky_test_passes_and_shows_its_failed_attempts(self):
        attempts = [self.attempt("failure", "one"), self.attempt("error", "two"), TestRecord("m.C.test", passed=True)]
        suite = self.report(passed=True, attempts=attempts, diagnosis="it is slow")
        case = suite.find("testcase")
        self.assertEqual((suite.attrib["failures"], suite.attrib["errors"]), ("0", "0"))
        self.assertEqual([child.tag for child in case], ["flakyFailure", "flakyError"])
        self.assertEqual(case[0].attrib, {"message": "one", "type": "OSError"})
        self.assertEqual([child.text for child in case[0]], ["Traceback: one", "out of one"])
        properties = [(item.attrib["name"], item.attrib["value"]) for item in suite.iter("property")]
        self.assertEqual(properties, [("attempts of test", "3"), ("diagnosis of test", "it is slow")])

    def test_a_test_that_never_passes_has_its_first_failure_and_its_reruns(self):
        attempts = [self.attempt("failure", "one"), self.attempt("failure", "two"), self.attempt("error", "three")]
        suite = self.report(entries=attempts[0].entries, attempts=attempts)
        case = suite.find("testcase")
        self.assertEqual((suite.attrib["failures"], suite.attrib["errors"]), ("1", "0"))
        self.assertEqual([child.tag for child in case], ["failure", "rerunFailure", "rerunError"])


class WritingTest(hermetic.HermeticTestCase):
    def test_elements_are_written_as_the_standard_library_writes_them(self):
        root = ET.Element("testsuites", name="a & b <c> \"d\" 'e' \t\r\n é \U0001f600")
        suite = ET.SubElement(root, "testsuite")
        ET.SubElement(suite, "testcase", name="plain", time="0.000")
        ET.SubElement(suite, "error", message="").text = '1 < 2 & 3 > 2 "" ]]>\n second line\n'
        written = "\n".join(junit_report._lines_of(root))
        ET.indent(root, " ")
        self.assertEqual(written, ET.tostring(root, encoding="unicode"))


@medium
class EarlyEndTest(hermetic.HermeticTestCase):
    def test_a_run_that_ended_early_has_a_case_that_says_so(self):
        with Folder(**{"test_it.py": MIDDLE.format("signal.raise_signal(signal.SIGINT)")}) as folder:
            root = ET.fromstring(run_reported(folder, "test_it").read("--junit-xml"))
        errors = {case.attrib["name"]: case.find("error") for case in root.iter("testcase")}
        self.assertEqual([*errors], ["test_first", "test_middle", "the_run"])
        self.assertEqual(errors["test_middle"].attrib["type"], "interrupted")
        self.assertIn("Ctrl-C, after 2 of 3 tests", errors["the_run"].attrib["message"])
        self.assertEqual(offences(root), [])


@medium
@unittest.skipUnless(HAS_JUNITPARSER, "junitparser is not installed")
class ParserTest(hermetic.HermeticTestCase):
    def test_a_parser_of_others_reads_it(self):
        import junitparser

        with Folder(**{"junit.xml": ""}) as folder:
            path = os.path.join(folder, "junit.xml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(sample_reports().read("--junit-xml"))
            suites = junitparser.JUnitXml.fromfile(path)
        outcomes = {case.name: [type(result).__name__ for result in case.result] for suite in suites for case in suite}
        self.assertEqual(len(outcomes), 20)
        self.assertEqual(outcomes["test_has_subtests"], ["Error", "Failure"])
        self.assertEqual((suites.tests, suites.failures), (20, 4))

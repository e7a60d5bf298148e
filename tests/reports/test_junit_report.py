"""The JUnit XML report: its schema, the counts that CI systems use, and escaping."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import re
import unittest
from typing import NamedTuple
from xml.etree import ElementTree as ET

import hermetic
from hermetic import medium
from hermetic._reports import junit_report
from hermetic._reports.test_records import Entry, RunRecord, TestRecord
from support import Folder
from support.report_runs import MIDDLE, run_reported, sample_reports

HAS_JUNITPARSER = importlib.util.find_spec("junitparser") is not None

# The schema of Jenkins' xunit plugin, as far as the report uses it. Of each element: the attributes that it must have,
# those that it may have, and its children.
SCHEMA = {
    "testsuites": ("", "name time tests failures errors", "testsuite"),
    "testsuite": ("name tests failures errors", "time skipped timestamp id", "properties testcase"),
    "properties": ("", "", "property"),
    "property": ("name value", "", ""),
    "testcase": (
        "name",
        "time classname",
        "skipped error failure rerunFailure rerunError flakyFailure flakyError system-out system-err",
    ),
    **dict.fromkeys(("skipped", "error", "failure"), ("", "message type", "")),
    **dict.fromkeys(
        ("rerunFailure", "rerunError", "flakyFailure", "flakyError"),
        ("type", "message", "stackTrace system-out system-err"),
    ),
    **dict.fromkeys(("stackTrace", "system-out", "system-err"), ("", "", "")),
}


def offences(element: ET.Element, *, more: str = "") -> list[str]:
    """What the schema has against an element, and all in it.

    Args:
        more: further attributes that a test case may have.
    """
    required, optional, children = map(str.split, SCHEMA[element.tag])
    allowed = {*required, *optional, *(more.split() if element.tag == "testcase" else ())}
    found = [f"{element.tag} without {name}" for name in required if name not in element.attrib]
    found += [f"{element.tag} with {name}" for name in element.attrib if name not in allowed]
    found += [f"{child.tag} in {element.tag}" for child in element if child.tag not in children]
    return found or [offence for child in element for offence in offences(child, more=more)]


class JUnitCase(hermetic.HermeticTestCase):
    """Reads the report of the sample."""

    def setUp(self):
        self.root = ET.fromstring(sample_reports().read("--junit-xml"))

    def case(self, class_name, name):
        (found,) = self.root.iterfind(f"*[@name='test_outcomes.{class_name}']/testcase[@name='{name}']")
        return found


@medium
class SchemaTest(JUnitCase):
    def test_it_keeps_to_the_schema_but_for_files_and_lines(self):
        self.assertEqual(offences(self.root, more="file line"), [])

    def test_the_strict_one_keeps_to_the_schema_and_is_the_same_otherwise(self):
        run = RunRecord([], "", "", "", 0.0, tests=sample_tests())
        strict, extended = (ET.fromstring(junit_report.text(run, is_strict=strict)) for strict in (True, False))
        self.assertEqual(offences(strict), [])
        self.assertIn("testcase with file", offences(extended))
        for case in extended.iter("testcase"):
            for name in ("file", "line"):
                case.attrib.pop(name, None)
        self.assertEqual(ET.tostring(strict), ET.tostring(extended))

    def test_a_setting_chooses_the_schema(self):
        with Folder(**{"test_it.py": MIDDLE.format("pass")}) as folder:
            done = run_reported(folder, "--junit-schema", "strict", "test_it")
        self.assertEqual(offences(ET.fromstring(done.read("--junit-xml"))), [])

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
        for text, offence in (
            ("<testsuite name='a' tests='1' failures='0'/>", "testsuite without errors"),
            ("<testcase name='b' line='1'/>", "testcase with line"),
            ("<testcase name='b'><properties/></testcase>", "properties in testcase"),
        ):
            self.assertEqual(offences(ET.fromstring(text)), [offence])

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
            "test_has_subtests": ["error"],
            "test_fails_twice": ["error"],
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
        run = RunRecord(
            [], "", "", "", 0.0, tests=[TestRecord("m.C.test", module="m", class_name="C", name="test", **fields)]
        )
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
        written = "\n".join(junit_report._add_lines([], root))
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
        self.assertEqual(offences(root, more="file line"), [])


def sample_tests() -> list[TestRecord]:
    """A test with each kind of result, and tests with several."""
    failure = Entry("failure", "", "AssertionError", "1 != 2", "Traceback\nAssertionError: 1 != 2\n", "/t/test_a.py", 7)
    error = Entry("error", "", "KeyError", "'key'", "Traceback\nKeyError: 'key'\n", "/t/test_a.py", 8)
    skip = Entry("skip", message="not today")
    of_subtest = [dataclasses.replace(entry, subtest=f"(i={i})") for i, entry in enumerate((failure, error, skip))]
    entries = {
        "failure": [failure],
        "error": [error],
        "skip": [skip],
        "failure_and_error": [failure, error],
        "subtests": of_subtest,
        "failed_subtest": of_subtest[:1],
        "skip_and_error": [skip, error],
        "expected_failure": [dataclasses.replace(failure, outcome="expected_failure")],
        "unexpected_success": [Entry("unexpected_success")],
    }
    names = {"module": "test_a", "class_name": "ATest", "file": os.path.abspath("test_a.py"), "line": 5}
    tests = [TestRecord(f"test_a.ATest.{name}", name=name, entries=found, **names) for name, found in entries.items()]
    attempts = [TestRecord("test_a.ATest.flaky", entries=[failure]), TestRecord("test_a.ATest.flaky", passed=True)]
    flaky = TestRecord("test_a.ATest.flaky", name="flaky", passed=True, attempts=attempts, **names)
    return [*tests, flaky, TestRecord("test_a.ATest.passes", name="passes", passed=True, **names)]


class Read(NamedTuple):
    """What a reader makes of a test case."""

    status: str
    text: str
    place: tuple[str, str] | None = None


def read_as_gitlab(case: ET.Element) -> Read:
    """As GitLab reads it: a failure comes before an error, which comes before a skip; several make a list."""
    for tag, status in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
        found = case.findall(tag)
        if found:
            return Read(status, "".join(element.text or "" for element in found), (case.get("file", ""), ""))
    return Read("passed", "", (case.get("file", ""), ""))


def read_as_first_of_github(case: ET.Element) -> Read:
    """As dorny/test-reporter reads it: the first failure, or else the first error; a place in Java's traces alone."""
    found = case.findall("failure") or case.findall("error")
    if found:
        return Read("failed", found[0].text or "")
    skipped = case.find("skipped")
    return Read("passed", "") if skipped is None else Read("skipped", skipped.text or "")


def read_as_second_of_github(case: ET.Element) -> Read:
    """As mikepenz/action-junit-report reads it: a skip is counted besides, so it must not be there with a failure."""
    failure, error, skipped = (case.find(tag) for tag in ("failure", "error", "skipped"))
    found = error if failure is None else failure
    place = case.get("file", ""), case.get("line", "")
    if found is not None:
        assert skipped is None, "counted twice"
        return Read("failed", found.text or "", place)
    return Read("passed", "", place) if skipped is None else Read("skipped", skipped.text or "", place)


def read_as_jenkins(case: ET.Element) -> Read:
    """As Jenkins' JUnit plugin reads it: a skip comes first, then an error, then a failure."""
    for tag, status in (("skipped", "skipped"), ("error", "failed"), ("failure", "failed")):
        found = case.find(tag)
        if found is not None:
            return Read(status, found.text or "")
    return Read("passed", "")


READERS = (read_as_gitlab, read_as_first_of_github, read_as_second_of_github, read_as_jenkins)


class ReadersTest(hermetic.HermeticTestCase):
    """The readers are what the sources of these programs say, in as many lines as that takes."""

    def setUp(self):
        self.root = ET.fromstring(junit_report.text(RunRecord([], "", "", "", 0.0, tests=sample_tests())))
        self.cases = {case.attrib["name"]: case for case in self.root.iter("testcase")}

    def test_all_readers_agree_on_the_status_and_on_the_text(self):
        for name, case in self.cases.items():
            with self.subTest(name):
                found = [reader(case) for reader in READERS]
                self.assertEqual(len({(read.status, read.text) for read in found}), 1, found)

    def test_the_status_is_that_of_the_test(self):
        found = {name: read_as_gitlab(case).status for name, case in self.cases.items()}
        passed, skipped = {"passes", "flaky"}, {"skip", "expected_failure"}
        expected = {n: "passed" if n in passed else "skipped" if n in skipped else "failed" for n in self.cases}
        self.assertEqual(found, expected)

    def test_a_test_with_several_results_shows_each(self):
        for name in ("failure_and_error", "subtests"):
            (result,) = self.cases[name].findall("*")
            self.assertEqual((result.tag, result.get("type")), ("error", "KeyError"))
            for part in ("AssertionError: 1 != 2", "KeyError: 'key'"):
                self.assertIn(part, result.text)
        message = self.cases["subtests"].find("error").get("message")
        self.assertEqual(message, "failure: (i=0) 1 != 2; error: (i=1) 'key'")

    def test_readers_of_places_find_them(self):
        for name, case in self.cases.items():
            with self.subTest(name):
                self.assertEqual(read_as_gitlab(case).place, ("test_a.py", ""))
                self.assertEqual(read_as_second_of_github(case).place, ("test_a.py", "5"))

    @unittest.skipUnless(HAS_JUNITPARSER, "junitparser is not installed")
    def test_junitparser_agrees_with_them(self):
        import junitparser

        statuses = {"Failure": "failed", "Error": "failed", "Skipped": "skipped"}
        read = junitparser.JUnitXml.fromstring(ET.tostring(self.root))
        cases = [case for suite in read for case in suite]
        self.assertEqual(len(cases), len(self.cases))
        for case in cases:
            with self.subTest(case.name):
                found = [(statuses[type(result).__name__], result.text or "") for result in case.result]
                self.assertEqual(found or [("passed", "")], [read_as_gitlab(self.cases[case.name])[:2]])


@medium
@unittest.skipUnless(HAS_JUNITPARSER, "junitparser is not installed")
class ParserTest(hermetic.HermeticTestCase):
    def test_a_parser_of_others_reads_it(self):
        import junitparser

        suites = junitparser.JUnitXml.fromstring(sample_reports().read("--junit-xml").encode())
        outcomes = {case.name: [type(result).__name__ for result in case.result] for suite in suites for case in suite}
        self.assertEqual(len(outcomes), 20)
        self.assertEqual(outcomes["test_has_subtests"], ["Error"])
        self.assertEqual((suites.tests, suites.failures), (20, 4))

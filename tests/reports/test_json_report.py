"""The JSON report, and the records that all reports are made from."""

from __future__ import annotations

import inspect
import json
import os
import time
from collections import Counter

from hermetic import HermeticTestCase, medium
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._reports import json_report
from hermetic._reports.test_records import CaughtWarning, Entry, RunRecord, TestRecord
from support import ROOT
from support.report_runs import SampleReportCase, fields_of

VIOLATION = Violation("H001", "small", "a", Operation("network", "connect", "b", "c"), CallSite("", 0, "", "", "", ""))
TEXTS = "id kind module class_name name file size worker group stdout stderr diagnosis"
OTHER_VALUES = {  # for each field of a record, one that a test which has just passed does not have
    **{name: f"%s {name} é" for name in TEXTS.split()},
    "line": 7,
    "started": 1.23456789,
    "duration": 1.5e-05,
    "subtests": 2,
    "all_skipped": True,
    "passed": False,
    "leaks": ["a leak"],
    "entries": [Entry("failure")],
    "warnings": [CaughtWarning("a", "b", "c", 1)],
    "violations": [VIOLATION],
    "warned": [VIOLATION],
    "attempts": [TestRecord("first")],
    "phases": {"setUp": 0.1},  # of an attempt, and not of the test
}


class WritingTest(HermeticTestCase):
    def written(self, *names: str, passed: bool = False) -> str:
        run = RunRecord([], "", "", "", 0.0, tests=[TestRecord(name, passed=passed) for name in names])
        return json_report.text(run)

    def test_any_text_comes_back_but_for_lone_surrogates(self):
        names = ["plain", 'a}, {"id": "b', "\\ud800", "\U0001f600", "\n\t\x00", "\udc80", "\ud83d \ude00"]
        expected = [*names[:5], "\\udc80", "\\ud83d \\ude00"]
        for passed in (True, False):
            with self.subTest(passed=passed):
                text = self.written(*names, passed=passed)
                text.encode()
                self.assertEqual([test["id"] for test in json.loads(text)["tests"]], expected)

    def test_each_test_has_a_line(self):
        lines = self.written("a", "b", 'c}, {"id": "d').splitlines()
        self.assertEqual(len([line for line in lines if line.startswith('  {"id": ')]), 3)

    def test_the_line_of_a_success_has_all_that_is_known_of_it(self):
        self.assertEqual({*OTHER_VALUES}, {*inspect.get_annotations(TestRecord)})
        for name, value in OTHER_VALUES.items():
            with self.subTest(name):
                record = TestRecord(**{"id": "a", "passed": True, name: value})
                self.assertEqual(json_report._line(record), json.dumps(json_report._test(record)))

    def test_a_run_without_tests_has_an_empty_list(self):
        self.assertEqual(json.loads(self.written())["tests"], [])


@medium
class OutcomesTest(SampleReportCase):
    def test_every_outcome_is_told_apart(self):
        expected = {
            "passes": "success",
            "fails": "failure",
            "has_an_error": "error",
            "is_skipped": "skip",
            "fails_as_expected": "expected_failure",
            "passes_unexpectedly": "unexpected_success",
            "has_subtests": "error",
            "fails_twice": "error",
        }
        found = {name: self.tests[f"OutcomesTest.test_{name}"]["outcome"] for name in expected}
        self.assertEqual(found, expected)

    def test_a_test_has_an_entry_for_each_thing_that_went_wrong(self):
        self.assertEqual(
            sorted(self.outcomes("OutcomesTest.test_fails_twice")),
            [("error", "", "division by zero"), ("failure", "", "in its body")],
        )

    def test_subtests_are_counted_and_told_apart(self):
        name = "OutcomesTest.test_has_subtests"
        self.assertEqual(
            sorted(self.outcomes(name)),
            [
                ("error", "[number] (number=2)", "two"),
                ("failure", "[number] (number=1)", "one"),
                ("skip", "[number] (number=3)", "three"),
            ],
        )
        self.assertEqual(self.tests[name]["subtests"], 4)

    def test_an_entry_has_the_type_the_place_and_the_text_of_the_exception(self):
        (entry,) = self.tests["OutcomesTest.test_has_an_error"]["entries"]
        self.assertEqual(
            (entry["type"], entry["message"], os.path.basename(entry["file"])),
            ("KeyError", "'missing'", "test_outcomes.py"),
        )
        self.assertRegex(entry["text"], rf"(?s)^Traceback .*, line {entry['line']}, in .*KeyError: ")

    def test_a_skip_has_its_reason(self):
        self.assertEqual(self.tests["OutcomesTest.test_is_skipped"]["reason"], "not today")

    def test_a_failed_fixture_is_a_record_of_its_own(self):
        record = self.tests["setUpClass (test_outcomes.FixtureTest)"]
        self.assertEqual(
            [record[key] for key in ("kind", "module", "class", "name", "outcome")],
            ["fixture", "test_outcomes", "FixtureTest", "setUpClass", "error"],
        )

    def test_the_totals_are_those_of_the_records(self):
        totals = self.report["totals"]
        kinds = [record["kind"] for record in self.report["tests"]]
        self.assertEqual((totals["tests"], totals["fixtures"], totals["not_run"]), (19, 1, 1))
        self.assertEqual([kinds.count("test"), kinds.count("fixture")], [19, 1])
        outcomes = Counter(record["outcome"] for record in self.report["tests"])
        self.assertEqual({outcome: totals[outcome] for outcome in outcomes}, dict(outcomes))


@medium
class FactsTest(SampleReportCase):
    def test_a_test_has_its_names_and_its_place(self):
        record = self.tests["SizesTest.test_is_medium"]
        self.assertEqual(
            [record[key] for key in ("module", "class", "name", "size")],
            ["test_outcomes", "SizesTest", "test_is_medium", "medium"],
        )
        self.assertEqual(os.path.basename(record["file"]), "test_outcomes.py")
        self.assertGreater(record["line"], 1)

    def test_a_violation_has_its_code_its_target_and_its_call_site(self):
        (violation,) = self.tests["SizesTest.test_swallows"]["violations"]
        self.assertEqual(
            [violation[key] for key in ("code", "reported_as", "target", "api", "function", "source")],
            [
                "H001",
                "error",
                "127.0.0.1:9",
                "socket.socket.connect",
                "test_swallows",
                'client.connect(("127.0.0.1", 9))',
            ],
        )
        self.assertEqual(self.report["totals"]["violations"], 2)

    def test_durations_are_those_of_the_process_that_ran_the_test(self):
        for name in ("OutcomesTest.test_passes", "IsolatedTest.test_takes_its_time"):
            with self.subTest(test=name):
                record = self.tests[name]
                self.assertGreaterEqual(record["duration"], 0.05)
                self.assertLessEqual(record["started"] + record["duration"], self.report["duration"])

    def test_an_isolated_test_names_its_worker_and_its_group(self):
        first, second = (self.tests[f"GroupTest.test_{name}"] for name in ("fails_there", "is_in_the_same"))
        self.assertEqual((first["worker"], first["group"]), (second["worker"], "@isolated('db')"))
        self.assertRegex(first["worker"], r"^worker \d+$")
        self.assertNotEqual(first["worker"], self.tests["IsolatedTest.test_leaks"]["worker"])
        self.assertEqual(self.tests["OutcomesTest.test_passes"]["worker"], "main")

    def test_a_leak_is_with_its_test(self):
        self.assertEqual(self.tests["IsolatedTest.test_leaks"]["leaks"], ["environment variable added: LEAKED"])

    def test_warnings_are_with_their_tests(self):
        for name, category in (("OutcomesTest.test_warns", "Deprecation"), ("GroupTest.test_is_in_the_same", "User")):
            with self.subTest(test=name):
                self.assertEqual([w["category"] for w in self.tests[name]["warnings"]], [f"{category}Warning"])

    def test_captured_output_is_with_its_test(self):
        record = self.tests["OutcomesTest.test_prints"]
        self.assertEqual((record["stdout"], record["stderr"]), ("to stdout\n", "to stderr\n"))
        self.assertEqual(self.tests["IsolatedTest.test_takes_its_time"]["stdout"], "from the worker\n")

    def test_the_run_says_what_it_was(self):
        self.assertEqual((self.report["format"], self.report["version"]), ("hermetic-report", 1))
        self.assertEqual(self.report["command"][-1], "test_outcomes")
        self.assertEqual((self.report["successful"], self.report["ended_early"]), (False, None))
        self.assertLess(abs(time.time() - self.report["started"]), 3600)

    def test_half_characters_are_written_out(self):
        self.assertIn("\\udc80", self.outcomes("OutcomesTest.test_is_hostile")[0][2])


@medium
class SchemaTest(SampleReportCase):
    def test_every_field_is_documented(self):
        with open(os.path.join(ROOT, "docs", "reference", "json-schema.md"), encoding="utf-8") as file:
            text = file.read()
        self.assertEqual([name for name in sorted(fields_of(self.report)) if f"`{name}`" not in text], [])

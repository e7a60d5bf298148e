"""The failures of the HTML report: the first one first, and those with one cause together."""

from __future__ import annotations

import re

import hermetic
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._reports import html_failures
from hermetic._reports.test_records import Entry, TestRecord

TRACEBACK = 'Traceback:\n  File "test_m.py", line {}, in test\n  File "helper.py", line {}, in check\nAssertionError\n'


def error(name="m.C.a", message="gone", kind="OSError", **fields):
    return TestRecord(name, entries=[Entry("error", type=kind, message=message)], **fields)


def failure(name, line_of_test, line_of_helper):
    text = TRACEBACK.format(line_of_test, line_of_helper)
    return TestRecord(name, entries=[Entry("failure", type="AssertionError", message="1 != 2", text=text)])


class CauseTest(hermetic.HermeticTestCase):
    def assert_causes(self, count, *records):
        self.assertEqual(len({html_failures.cause(record) for record in records}), count)

    def test_errors_with_the_same_exception_and_message_have_one(self):
        self.assert_causes(1, error(message="no port 5001"), error(message="no port 5002\nmore"))
        self.assert_causes(1, error(message="<X at 0x7f12ab>"), error(message="<X at 0x55aa00>"))
        self.assert_causes(1, error("m.C.a", "m.C.a is gone"), error("m.C.b", "m.C.b is gone"))

    def test_another_exception_or_message_is_another_one(self):
        self.assert_causes(3, error(), error(message="lost"), error(kind="KeyError"))

    def test_failures_at_the_same_line_of_a_helper_have_one_and_others_do_not(self):
        self.assert_causes(1, failure("a", 1, 9), failure("b", 2, 9))
        self.assert_causes(2, failure("a", 1, 8), failure("b", 1, 9))

    def test_violations_that_do_the_same_have_one(self):
        found = []
        for test, target in (("a", "git"), ("b", "git"), ("c", "hg")):
            operation = Operation("process", "start", target, "subprocess.Popen")
            violation = Violation("H003", "small", test, operation, CallSite("", 0, "", "", "", ""))
            found.append(error(test, f"[H003] {test}", violations=[violation]))
        self.assert_causes(2, *found)

    def test_a_test_without_an_entry_has_one(self):
        self.assert_causes(2, TestRecord("interrupted"), error())


class SectionTest(hermetic.HermeticTestCase):
    def section(self, *records):
        numbered = list(enumerate(records, start=1))
        return "\n".join(html_failures.failures(numbered, None, lambda _: ""))

    def test_they_are_in_the_order_in_which_they_failed(self):
        page = self.section(error("late", "x", started=2.0), TestRecord("p", passed=True), error("early", started=1.0))
        self.assertEqual(re.findall(r"<b>(\w+)</b>", page), ["early", "late"])
        self.assertEqual(re.findall(r'id="test-\d"|failed first', page), ['id="test-3"', "failed first", 'id="test-1"'])

    def test_what_has_one_cause_is_together_and_most_of_many_are_closed(self):
        page = self.section(
            *(error(f"t{n}", f"port {n}", started=n) for n in range(9)), error("other", "x", started=0.5)
        )
        self.assertIn('9 tests with one cause</h3>\n<p class="message">OSError: port 0</p>', page)
        self.assertIn("<summary>4 more</summary>", page)
        self.assertIn("2 causes", page)
        self.assertLess(page.index("t8"), page.index("other"))
        self.assertEqual(page.count("<details"), page.count("</details>"))

    def test_thousands_of_failures_have_an_element_or_two_each_and_all_their_text(self):
        records = [error(f"t{n}", f"{n}") for n in range(1500)]
        for record in records:
            record.stdout = f"printed by {record.id}."
        page = self.section(*records)
        self.assertEqual(page.count('<details class="test brief'), 500)
        self.assertIn("<summary>t1499</summary><pre>1499\nprinted by t1499.</pre></details>", page)
        self.assertEqual(page.count('id="test-'), 1500)

    def test_a_flaky_test_that_passes_is_in_a_section_of_its_own(self):
        attempts = [error("m.C.flaky"), TestRecord("m.C.flaky", passed=True)]
        page = self.section(TestRecord("m.C.flaky", passed=True, attempts=attempts), error("m.C.bad"))
        self.assertLess(page.index('id="flaky"'), page.index("m.C.flaky"))
        self.assertNotIn("m.C.flaky", page.partition('id="flaky"')[0])

    def test_a_run_without_failures_has_no_section(self):
        self.assertEqual(self.section(TestRecord("p", passed=True)), "")

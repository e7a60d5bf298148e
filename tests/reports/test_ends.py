"""Reports of tests with skipped subtests, of tests that ended their worker, and of workers."""

from __future__ import annotations

import functools
import json
import os
import shutil
from xml.etree import ElementTree as ET

import hermetic
import support
from hermetic import medium
from support import Folder
from support.report_runs import SAMPLE, Reported, run_reported

setUpModule = support.some_pythons_do

WAYS = ((), ("-j", "2"), ("--isolated",))
SLOW = ("times_out", "crashes", "exits", "interrupts", "passes", "a_passes", "b_crashes", "c_passes", "never_begins")
WORKERS = """
    import os, time, unittest

    class A(unittest.TestCase):
        def note(self):
            time.sleep(0.02)
            print(os.getpid())
            if self.id().endswith("C.test_2"):
                os.abort()

        test_1 = test_2 = test_3 = note

    class B(A): pass
    class C(A): pass
    class D(A): pass
"""


@functools.cache
def reported(*arguments: str) -> Reported:
    """The reports of the sample."""
    with Folder() as folder:
        shutil.copy(os.path.join(SAMPLE, "test_ends.py"), folder)
        history = os.path.join(folder, "history.json")
        found = run_reported(folder, *arguments, "-v", "--durations", "0", "--history", history, "test_ends")
        with open(history, encoding="utf-8") as file:
            found.files["history"] = file.read()
    return found


def records(found: Reported) -> dict[str, dict[str, object]]:
    return {record["name"]: record for record in json.loads(found.read("--json"))["tests"]}


@medium
class SkippedSubtestsTest(hermetic.HermeticTestCase):
    def test_a_test_is_skipped_if_all_of_its_subtests_were(self):
        expected = {
            "test_all": ("skip", "no database 0; no database 1"),
            "test_some": ("success", ""),
            "test_nested": ("skip", "no database 0; no database 1"),
            "test_some_and_one_fails": ("failure", ""),
            "test_all_and_itself": ("skip", "nothing left"),
        }
        for way in WAYS:
            with self.subTest(way=way):
                tests = records(reported(*way))
                self.assertEqual({n: (tests[n]["outcome"], tests[n]["reason"]) for n in expected}, expected)

    def test_junit_has_a_skipped_element_or_a_property_with_each_reason(self):
        for way in WAYS:
            with self.subTest(way=way):
                root = ET.fromstring(reported(*way).read("--junit-xml"))
                cases = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
                self.assertEqual(cases["test_all"], ["skipped"])
                self.assertEqual(cases["test_some"], [])
                self.assertEqual(cases["test_some_and_one_fails"], ["failure"])
                skip = root.find(".//testcase[@name='test_all']/skipped")
                self.assertEqual(skip.get("message"), "no database 0; no database 1")
                self.assertEqual(skip.text, "(number=0) no database 0\n(number=1) no database 1")
                values = [p.get("value") for p in root.iter("property") if p.get("name").startswith("skipped subtest")]
                self.assertEqual(values.count("(number=1) no database 1"), 2)  # of some, and of all and itself

    def test_html_has_each_reason(self):
        for way in WAYS:
            page = reported(*way).read("--html")
            self.assertTrue("<dt>skip reason</dt><dd>no database 0; no database 1</dd>" in page, way)
            self.assertTrue(
                'Skipped <code>(number=1)</code></h4>\n<pre class="message">no database 1</pre>' in page, way
            )


@medium
class DeadTestsTest(hermetic.HermeticTestCase):
    def test_every_report_has_the_time_that_they_took(self):
        for way in WAYS[1:]:
            tests = records(reported(*way))
            for name in SLOW if way == ("--isolated",) else SLOW[:5]:
                with self.subTest(way=way, name=name):
                    least = 0.7 if name == "times_out" else 0.2
                    self.assertGreaterEqual(tests[f"test_{name}"]["duration"], least)
                    self.assertGreaterEqual(tests[f"test_{name}"]["started"], 0.0)

    def test_the_slowest_tests_and_the_history_have_them(self):
        for way in WAYS:
            found = reported(*way)
            _, _, listed = found.stderr.partition("lowest test durations")
            durations = json.loads(found.files["history"])["durations"]
            for name in SLOW[:5]:
                with self.subTest(way=way, name=name):
                    self.assertRegex(listed, rf"(?m)^[0-9.]+s +test_{name}\b")
                    self.assertGreaterEqual(durations[f"test_ends.DyingTest.test_{name}"], 0.2)


@medium
class WorkersTest(hermetic.HermeticTestCase):
    def named(self, *arguments):
        """Pairs of process and worker, of the tests that came to their end."""
        with Folder(**{"test_workers.py": WORKERS}) as folder:
            found = run_reported(folder, *arguments, "test_workers")
        tests = json.loads(found.read("--json"))["tests"]
        self.assertEqual(len(tests), 12)
        return {(test["stdout"], test["worker"]) for test in tests}

    def test_each_process_has_one_name_of_its_own(self):
        for way in (("-j", "2"), ("-j", "2", "--isolated"), ("--isolated",), ("-j", "3", "--isolated-start", "fresh")):
            with self.subTest(way=way):
                found = self.named(*way)
                self.assertEqual(len({process for process, _ in found}), len(found))
                self.assertEqual({name for _, name in found}, {f"worker {n + 1}" for n in range(len(found))})

"""Annotations for CI systems: detection of the system, the format, and escaping."""

from __future__ import annotations

import hermetic
from hermetic import medium
from hermetic._reports import ci_annotations
from hermetic._reports.test_records import Entry, TestRecord
from support import Folder, run_hermetic

FAILING = """
import unittest

class FirstTest(unittest.TestCase):
    def test_fails(self):
        with self.subTest("a:b,c"):
            self.fail("100% wrong\\n::error::injected")
"""


class LinesTest(hermetic.HermeticTestCase):
    def lines(self, name, entry, environ=None, **fields):
        return ci_annotations.annotation_lines(
            [TestRecord("module.Test.test", entries=[entry], **fields)], name, environ or {}
        )

    def test_github(self):
        entry = Entry("error", "(i=1)", message="50%\r\nof it", file="/build/tests/a,b.py", line=7)
        self.assertEqual(
            self.lines("github", entry, {"GITHUB_WORKSPACE": "/build"}),
            ["::error file=tests/a%2Cb.py,line=7,title=module.Test.test (i=1)::50%25%0Aof it"],
        )

    def test_azure(self):
        entry = Entry("failure", message="50%\nof it", file="/build/tests/a;b].py", line=7)
        self.assertEqual(
            "".join(self.lines("azure", entry, {"BUILD_SOURCESDIRECTORY": "/build"})),
            "##vso[task.logissue type=error;sourcepath=tests/a%3Bb%5D.py;linenumber=7;]"
            "module.Test.test: 50%AZP25 of it",
        )

    def test_the_place_is_that_of_the_test_where_there_is_no_other(self):
        lines = self.lines("github", Entry("unexpected_success"), {}, file="build/test_a.py", line=3)
        self.assertEqual(lines, ["::error file=build/test_a.py,line=3,title=module.Test.test::unexpected success"])

    def test_what_is_no_failure_has_none(self):
        for outcome in ("skip", "expected_failure"):
            self.assertEqual(self.lines("github", Entry(outcome)), [])

    def test_a_flaky_test_has_a_warning_with_its_first_failure(self):
        failed = [TestRecord("module.Test.test", entries=[Entry("failure", message=text)]) for text in ("one", "two")]
        attempts = [*failed, TestRecord("module.Test.test", passed=True)]
        record = TestRecord("module.Test.test", passed=True, attempts=attempts)
        lines = ci_annotations.annotation_lines([record], "github", {})
        self.assertEqual(lines, ["::warning title=flaky%3A module.Test.test::one"])

    def test_control_characters_are_shown_as_text(self):
        (line,) = self.lines("github", Entry("error", message="\x1b[2J\x00\n##vso[x]", file="a\nb.py", line=1))
        self.assertTrue(line.isprintable(), line)

    def test_there_are_not_too_many(self):
        records = [TestRecord("module.Test.test", entries=[Entry("error")])] * 1000
        self.assertEqual(len(ci_annotations.annotation_lines(records, "github", {})), 50)


@medium
class DetectionTest(hermetic.HermeticTestCase):
    def annotations(self, *arguments, **environment):
        with Folder(**{"test_it.py": FAILING}) as folder:
            done = run_hermetic(*arguments, "test_it", cwd=folder, env=environment)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return [line for line in done.stderr.splitlines() if line.startswith(("::error f", "##vso"))]

    def test_github_actions_is_found(self):
        self.assertEqual(
            "".join(self.annotations(GITHUB_ACTIONS="true")),
            "::error file=test_it.py,line=6,title=test_it.FirstTest.test_fails [a%3Ab%2Cc]"
            "::100%25 wrong%0A::error::injected",
        )

    def test_azure_pipelines_is_found(self):
        self.assertRegex(
            self.annotations(TF_BUILD="True")[0], r"^##vso\[task\.logissue type=error;sourcepath=test_it\.py"
        )

    def test_they_can_be_turned_off_and_on(self):
        self.assertEqual(self.annotations("--annotations", "off", GITHUB_ACTIONS="true"), [])
        self.assertEqual(len(self.annotations("--annotations", "github")), 1)
        self.assertEqual(self.annotations(), [])

    def test_of_several_runs_each_has_its_own(self):
        script = FAILING + "\nfor _ in range(3):\n    unittest.main(exit=False)\n"
        with Folder(**{"script.py": script}) as folder:
            done = run_hermetic("--annotations", "github", "--script", "script.py", cwd=folder)
        self.assertEqual(done.stderr.count("\n::error "), 3)

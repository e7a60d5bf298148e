"""The JSON reports of shards become one run of the history."""

from __future__ import annotations

import json
import os
import unittest

import support
from hermetic import HermeticTestCase, medium
from hermetic._settings.values import Settings
from hermetic._suites import report_merge
from support import Folder, run_hermetic

setUpModule = support.some_pythons_do_and_the_measured

SUITE = """
    import os, time, unittest

    class ATest(unittest.TestCase):
        def test_fails(self):
            time.sleep(0.01)
            self.assertNotIn("FAILING", os.environ)

    class BTest(unittest.TestCase):
        def test_is_slow(self):
            time.sleep(0.01)

    class CTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            assert "FAILING" not in os.environ

        def test_c(self):
            pass
"""


def report(*tests, **fields):
    described = [{"kind": "test", "outcome": "success", "duration": 1.0, **test} for test in tests]
    return {"format": "hermetic-report", "version": 1, "started": 1.0, "duration": 2.0, "tests": described, **fields}


class MergeCase(HermeticTestCase):
    def setUp(self):
        folder = Folder()
        self.folder = folder.__enter__()
        self.addCleanup(folder.__exit__)
        self.history = os.path.join(self.folder, "history.json")

    def merge(self, *reports):
        paths = [os.path.join(self.folder, f"{number}.json") for number in range(len(reports))]
        for path, content in zip(paths, reports, strict=True):
            with open(path, "w", encoding="latin-1") as file:
                file.write(content if isinstance(content, str) else json.dumps(content))
        return report_merge.merge(paths, Settings(history=self.history))

    def read(self):
        with open(self.history, encoding="utf-8") as file:
            return json.load(file)


class MergeTest(MergeCase):
    def test_the_tests_of_all_reports_are_one_run(self):
        said = self.merge(
            report({"id": "m.A.a"}, {"id": "m.A.b", "outcome": "failure"}, started=5.0, code="c"),
            report({"id": "m.B.a", "duration": 0.0}, {"id": "m.B.b", "outcome": "skip"}, duration=9.0, code="c"),
        )
        self.assertRegex(said, r"^Added a run of 4 tests \(1 failed\) from 2 reports to .*history\.json\.$")
        found = self.read()
        self.assertEqual((found["durations"], found["failed"]), ({"m.A.a": 1.0, "m.A.b": 1.0}, ["m.A.b"]))
        (run,) = found["runs"]
        expected = {"started": 1.0, "seconds": 9.0, "tests": 4, "failures": 1, "code": "c", "failed": ["m.A.b"]}
        self.assertEqual(run, {**expected, "passed": [], "flaky": []})

    def test_reports_of_different_code_have_none(self):
        self.merge(report({"id": "a"}, code="c"), report({"id": "b"}, code="d"))
        self.assertEqual(self.read()["runs"][0]["code"], "")

    def test_reports_that_are_merged_twice_are_one_run(self):
        for _ in range(2):
            self.merge(report({"id": "a", "outcome": "error"}), report({"id": "b"}))
        self.assertEqual([run["tests"] for run in self.read()["runs"]], [2])

    def test_a_report_that_is_named_twice_counts_once(self):
        one = report({"id": "a", "outcome": "error"})
        self.assertIn("Added a run of 2 tests (1 failed) from 2 reports", self.merge(one, report({"id": "b"}), one))
        self.assertEqual([run["tests"] for run in self.read()["runs"]], [2])

    def test_a_test_that_failed_before_has_passed(self):
        self.merge(report({"id": "m.C.a", "outcome": "error"}))
        self.merge(report({"id": "m.C.a"}, {"id": "m.C.b"}, started=2.0))
        found = self.read()
        self.assertEqual((found["failed"], [run["passed"] for run in found["runs"]]), ([], [[], ["m.C.a"]]))

    def test_a_fixture_that_failed_counts_as_its_class_and_a_flaky_test_is_one(self):
        self.merge(
            report({"id": "setUpClass (m.C)", "kind": "fixture", "outcome": "error"}, {"id": "m.D.d", "flaky": True})
        )
        (run,) = self.read()["runs"]
        self.assertEqual((run["tests"], run["failed"], run["flaky"]), (1, ["m.C"], ["m.D.d"]))


class ForeignFilesTest(MergeCase):
    def test_any_other_file_is_one_clear_error_and_changes_nothing(self):
        for content, reason in (
            ("", "it is not JSON"),
            ("{", "it is not JSON"),
            ("[" * 100_000, "it is not JSON"),
            ("\xff", "it is not JSON"),
            ([], "it is not a JSON report of hermetic, which --json writes"),
            ({"version": 1, "failed": [], "durations": {}}, "it is not a JSON report of hermetic"),
            (report(version=2), "its version is 2, and this hermetic reads version 1"),
            (report(started="now"), "its start and its duration are not numbers of seconds"),
            (report(tests=None), "its tests are not as hermetic writes them"),
            (report({"id": 1}), "its tests are not as"),
            (report({"id": "a", "outcome": "lost"}), "its tests are not as"),
            (report({"id": "a", "duration": float("nan")}), "its tests are not as"),
            (report({"id": "a", "kind": ["test"]}), "its tests are not as"),
            (report(code=1), "its code is not a text"),
        ):
            with self.subTest(content=str(content)[:40]):
                with self.assertRaises(report_merge.ConfigurationError) as caught:
                    self.merge(report({"id": "a"}), content)
                self.assertIn(f"--history-merge {os.path.join(self.folder, '1.json')}: {reason}", str(caught.exception))
                self.assertFalse(os.path.exists(self.history))

    def test_a_missing_file_and_no_history_are_errors(self):
        for paths, history, reason in (
            (["missing.json"], "auto", "--history-merge missing.json: No such file"),
            ([], "off", "--history-merge needs a history, but history = off"),
        ):
            with self.assertRaisesRegex(report_merge.ConfigurationError, reason):
                report_merge.merge(paths, Settings(history=history))


@medium
class ProgramTest(unittest.TestCase):
    def test_shards_that_are_merged_leave_the_history_of_a_whole_run(self):
        found = []
        for shards in (("1/2", "2/2"), ()):
            with Folder(**{"test_it.py": SUITE}) as folder:
                self.shards_of(folder, shards)
                with open(os.path.join(folder, ".hermetic_cache", "history.json"), encoding="utf-8") as file:
                    history = json.load(file)
            (run,) = history["runs"]
            facts = [run[name] for name in ("tests", "failures", "code", "passed", "flaky")]
            found.append((sorted(history["failed"]), sorted(history["durations"]), sorted(run["failed"]), facts))
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[0][0], ["test_it.ATest.test_fails", "test_it.CTest"])

    def shards_of(self, folder, shards):
        env = {"FAILING": ""}
        if not shards:
            run_hermetic("test_it", cwd=folder, env=env)
            return
        files = [f"shard-{number}.json" for number in range(len(shards))]
        for shard, file in zip(shards, files, strict=True):
            run_hermetic("--shard", shard, "--json", file, "test_it", cwd=folder, env=env)
        self.assertFalse(os.path.exists(os.path.join(folder, ".hermetic_cache")))
        done = run_hermetic("--history-merge", *files, cwd=folder)
        path = os.path.join(".hermetic_cache", "history.json")
        self.assertEqual(done.stdout, f"Added a run of 2 tests (2 failed) from 2 reports to {path}.\n")
        self.assertEqual(done.returncode, 0)

    def test_a_foreign_file_is_a_usage_error(self):
        with Folder(**{"foreign.json": "{}"}) as folder:
            done = run_hermetic("--history-merge", "foreign.json", cwd=folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--history-merge foreign.json: it is not a JSON report of hermetic, which --json", done.stderr)

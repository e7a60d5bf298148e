"""The history file may be deleted, damaged, or shared between runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unittest
from unittest import mock

import support
from hermetic import medium
from hermetic._suites import history_file
from hermetic._suites.history import RunHistory
from support import Folder, run_hermetic

setUpModule = support.some_pythons_do_and_the_measured

SAMPLE = """
    import os, time, unittest

    class SampleTest(unittest.TestCase):
        def test_fails(self):
            time.sleep(0.01)
            self.assertNotIn("FAILING", os.environ)

        def test_is_slow(self):
            time.sleep(0.01)

        @unittest.skip("reason")
        def test_is_skipped(self):
            pass
"""
FAILS, SLOW = (f"test_it.SampleTest.test_{what}" for what in ("fails", "is_slow"))


ODD_NAMES = """
    import os, unittest

    class OddTest(unittest.TestCase):
        def test_passes(self):
            pass

    ids = ["x" * 1100, "x" * 1101, "two\\nlines", "\\0", "\\ud83d\\ude00", "\\udc80", "\N{SNOWMAN}", " (b)", "1.5"]
    for name in ids:
        setattr(OddTest, f"test_{name}", lambda self: self.fail())
"""


class HistoryCase(unittest.TestCase):
    """Has a folder with a sample."""

    def setUp(self):
        folder = Folder(**{"test_it.py": SAMPLE})
        self.folder = os.path.realpath(folder.__enter__())
        self.addCleanup(folder.__exit__)
        self.path = os.path.join(self.folder, ".hermetic_cache", "history.json")

    def run_here(self, *arguments, **env):
        return run_hermetic(*arguments, "test_it", cwd=self.folder, env={"FAILING": "", **env})

    def read(self, path=None):
        with open(path or self.path, encoding="utf-8") as file:
            return json.load(file)

    def write(self, text):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path, "w", encoding="latin-1") as file:
            file.write(text)


@medium
class FileTest(HistoryCase):
    def test_it_lies_beside_the_configuration_and_is_ignored_by_version_control(self):
        support.write_files(self.folder, {"setup.cfg": "", "below/test_it.py": SAMPLE})
        run_hermetic("test_it", cwd=os.path.join(self.folder, "below"), env={"FAILING": ""})
        found = self.read()
        self.assertEqual((found["version"], found["failed"]), (1, [FAILS]))
        self.assertLessEqual({FAILS, SLOW}, {*found["durations"]})
        self.assertEqual(sorted(os.listdir(os.path.dirname(self.path))), [".gitignore", "CACHEDIR.TAG", "history.json"])

    def test_it_can_be_elsewhere_or_nowhere(self):
        self.run_here("--history", "other.json")
        self.run_here(HERMETIC_HISTORY="off")
        self.run_here(TEST_SRCDIR=self.folder)  # of Bazel: nothing that is written stays
        self.assertEqual(sorted(os.listdir(self.folder)), ["__pycache__", "other.json", "test_it.py"])
        self.assertEqual(self.read(os.path.join(self.folder, "other.json"))["failed"], [FAILS])

    def test_where_it_cannot_be_written_the_run_is_as_without(self):
        self.write("")
        os.remove(self.path)
        os.mkdir(self.path)
        done = self.run_here()
        self.assertEqual(done.stderr.count("hermetic: "), 1)  # what is there cannot be read
        done = self.run_here("--history", os.path.join("missing", "history.json"))
        self.assertIn("history.json could not be written: No such file or directory\n", done.stderr)
        self.assertEqual(done.stderr.count("hermetic: "), 1)

    def test_the_durations_of_isolated_tests_are_those_of_their_workers(self):
        self.run_here("--isolated")
        found = self.read()
        self.assertEqual(found["failed"], [FAILS])
        self.assertLessEqual({FAILS, SLOW}, {*found["durations"]})

    def test_a_damaged_one_is_ignored_with_one_line_and_replaced(self):
        for text in (
            "", "{", "[]", "[" * 100_000, '{"version": 2, "failed": [], "durations": {}}', '{"version": 1}',
            '{"version": 1, "failed": [1], "durations": {}}', '{"version": 1, "failed": [], "durations": {"a": "1"}}',
            '{"version": 1, "failed": [], "durations": {"a": NaN}}', "\xff",
            '{"version": 1, "failed": [], "durations": {}, "runs": [{}]}',
            '{"version": 1, "failed": [], "durations": {}, "runs": [[]]}',
            '{"version": 1, "failed": [], "durations": {}, "runs": [{"started": 1}]}',
        ):  # fmt: skip
            with self.subTest(text=text[:20]):
                self.write(text)
                with mock.patch("sys.stderr") as stderr:
                    self.assertEqual(RunHistory(self.path, is_own=True).failed, {})
                ((line,), _) = stderr.write.call_args
                self.assertRegex(line, rf"\Ahermetic: the history {re.escape(self.path)} is ignored: .+\n\Z")
        done = self.run_here()
        self.assertEqual((done.returncode, done.stderr.count("is ignored")), (1, 1))
        self.assertEqual(self.read()["failed"], [FAILS])

    def test_a_run_of_fast_tests_that_pass_leaves_nothing(self):
        known = RunHistory(self.path, is_own=True)
        known.addTiming(self, 0.0, 0.0009)
        known.save(unittest.TestResult())
        self.assertFalse(os.path.exists(os.path.dirname(self.path)))

    def test_a_test_keeps_the_time_that_it_was_last_said_to_take(self):
        for times in ((5.0, 0.0), (9.0, 7.0), (1.0,)):
            known = RunHistory(self.path, is_own=True)
            for seconds in times:
                known.addTiming(self, 0.0, seconds)
            known.save(unittest.TestResult())
            expected = {self.id(): times[-1]} if times[-1] else {}
            self.assertEqual(RunHistory(self.path, is_own=True).durations, expected)


@medium
class RunsTest(HistoryCase):
    def runs_of(self, *arguments, **env):
        self.run_here(*arguments, **env)
        return self.read()["runs"]

    def test_each_run_is_an_entry_with_the_digest_of_its_code_where_that_tells_something(self):
        (first,) = self.runs_of()
        self.assertEqual((first["tests"], first["failures"], first["failed"]), (3, 1, [FAILS]))
        self.assertRegex(first["code"], "^[0-9a-f]{8}$")
        self.assertEqual(run_hermetic("test_it", cwd=self.folder).returncode, 0)
        later = self.runs_of()[1:]
        self.assertEqual([(run["passed"], run["failed"]) for run in later], [([FAILS], []), ([], [FAILS])])
        self.assertEqual({run["code"] for run in later}, {first["code"]})

    def test_workers_of_every_kind_make_the_same_entry(self):
        found, codes = [], []
        support.write_files(self.folder, {"script.py": "import unittest\nunittest.main(module=None)\n"})
        for way in ((), ("-j", "2"), ("--isolated",), ("--script", "script.py")):
            run = self.runs_of(*way)[-1]
            found.append([run[name] for name in ("tests", "failures", "failed", "passed", "flaky")])
            codes.append(run["code"])
        self.assertEqual(found, [[3, 1, [FAILS], [], []]] * 4)
        self.assertEqual(len({*codes[:3]}), 1)  # the script is code of its own

    def test_a_report_lists_the_tests_that_are_flaky_over_time(self):
        self.run_here()
        run_hermetic("--json", "report.json", "test_it", cwd=self.folder)
        history = self.read(os.path.join(self.folder, "report.json"))["history"]
        self.assertEqual(history["changes"], {FAILS: "fixed"})
        expected = {"id": FAILS, "failed": 1, "passed": 1, "retried": 0, "runs_ago": 1}
        self.assertEqual(history["flaky"], [expected])
        support.write_files(self.folder, {"test_it.py": SAMPLE + "\n# other code\n"})
        os.remove(self.path)
        run_hermetic("test_it", cwd=self.folder)
        support.write_files(self.folder, {"test_it.py": SAMPLE})
        self.run_here("--json", "report.json")
        history = self.read(os.path.join(self.folder, "report.json"))["history"]
        self.assertEqual((history["changes"], history["flaky"]), ({FAILS: "new_failure"}, []))


@medium
class OddIdsTest(HistoryCase):
    def test_a_test_that_failed_is_run_again_whatever_its_id_is(self):
        support.write_files(self.folder, {"test_it.py": ODD_NAMES})
        for way in ((), ("-j", "2"), ("--isolated",)):
            with self.subTest(way=way):
                self.assertIn("Ran 10 tests", self.run_here(*way).stderr)
                done = self.run_here(*way, "--last-failed")
                self.assertIn("Ran 9 tests", done.stderr)
                self.assertIn("failures=9", done.stderr)
                os.remove(self.path)


@medium
class SharedTest(HistoryCase):
    def test_runs_at_the_same_time_lose_nothing_of_each_other(self):
        script = """
            import sys, types
            from hermetic._suites.history import RunHistory
            for number in range(20):
                test = types.SimpleNamespace(id=lambda: f"m.C.test_{sys.argv[2]}_{number}")
                history = RunHistory(sys.argv[1], is_own=True)
                history.addTiming(test, 0.0, 1.0)
                history.save(types.SimpleNamespace(failures=[(test, "")]))
        """
        support.write_files(self.folder, {"writer.py": script})
        env = {**os.environ, "PYTHONPATH": support.package_folder()}
        command = [sys.executable, os.path.join(self.folder, "writer.py"), self.path]
        with support.not_inherited():
            writers = [subprocess.Popen([*command, str(number)], env=env) for number in range(4)]
            self.assertEqual([writer.wait(support.TIMEOUT) for writer in writers], [0] * 4)
        expected = sorted(f"m.C.test_{writer}_{number}" for writer in range(4) for number in range(20))
        found = self.read()
        self.assertEqual((sorted(found["failed"]), sorted(found["durations"])), (expected, expected))
        self.assertEqual(
            [name for name in os.listdir(os.path.dirname(self.path)) if "lock" in name or "tmp" in name], []
        )

    def test_a_run_that_waits_too_long_for_another_goes_on_without(self):
        self.write("{}")
        with history_file._locked(f"{self.path}.lock"), mock.patch.object(history_file, "_LOCK_SECONDS", 0.0):
            with self.assertRaisesRegex(TimeoutError, "another run is"), history_file._locked(f"{self.path}.lock"):
                self.fail("both have it")

    def test_what_a_forked_copy_of_the_run_knows_is_not_saved(self):
        known = RunHistory(self.path, is_own=True)
        known.addTiming(self, 0.0, 1.0)
        known._pid += 1
        known.save(unittest.TestResult())
        self.assertFalse(os.path.exists(self.path))

"""Under ``-j``, a suite runs in one process if its earlier runs have shown that workers would take longer."""

from __future__ import annotations

import json
import os
import types
import unittest
from unittest import mock

from hermetic import medium, small
from hermetic._base import real
from hermetic._suites.pace import Pace
from support import Folder, run_hermetic


class PlainTest(unittest.TestCase):
    def test_it(self):
        """Do nothing."""


class FixtureTest(PlainTest):
    @classmethod
    def setUpClass(cls):
        """Do nothing, for an unknown time."""


@small
class PaceTest(unittest.TestCase):
    def setUp(self):
        self.history = types.SimpleNamespace(paces={}, seconds=0.0)
        self.history.note_pace = self.history.paces.__setitem__

    def run_once(self, cls, seconds, in_tests=0.0):
        """Whether a suite runs alone, and what is known of it after a run that takes so many seconds."""
        self.history.seconds = in_tests
        with mock.patch.object(real, "perf_counter", side_effect=[0.0, seconds]):
            pace = Pace([cls("test_it")], 2, self.history)
            pace.note()
        (known,) = self.history.paces.values()
        return pace.is_alone, known

    def test_a_suite_that_workers_slow_down_runs_alone_from_then_on(self):
        self.assertEqual(self.run_once(PlainTest, 1.0, in_tests=0.1), (False, {"2": 1.0, "1": 0.07}))
        self.assertEqual(self.run_once(PlainTest, 0.9), (True, {"2": 1.0, "1": 0.07}))

    def test_a_suite_that_workers_speed_up_keeps_them(self):
        self.assertEqual(self.run_once(PlainTest, 1.0, in_tests=1.9), (False, {"2": 1.0, "1": 1.33}))
        self.assertEqual(self.run_once(PlainTest, 1.1, in_tests=2.1)[0], False)

    def test_a_suite_that_turns_out_to_be_slower_alone_gets_its_workers_back(self):
        self.run_once(PlainTest, 1.0, in_tests=1.0)
        self.assertEqual(self.run_once(PlainTest, 1.5), (True, {"2": 1.0, "1": 1.5}))
        self.assertEqual(self.run_once(PlainTest, 1.0)[0], False)

    def test_the_time_of_fixtures_in_workers_is_not_guessed(self):
        for _ in range(2):
            self.assertEqual(self.run_once(FixtureTest, 1.0, in_tests=0.1), (False, {"2": 1.0}))


TESTS = """
    import unittest
    from hermetic import isolated

    class FirstTest(unittest.TestCase):
        def test_it(self): pass

    class LastTest(unittest.TestCase):
        {mark}
        def test_it(self): pass
"""


@medium
class RunsTest(unittest.TestCase):
    def workers_of(self, mark, seconds=None):
        """The processes that the tests of a run with ``-j 2`` run in, when the suite took so many seconds before."""
        with Folder(**{"test_it.py": TESTS.format(mark=mark)}) as folder:
            path = os.path.join(folder, ".hermetic_cache", "history.json")
            os.mkdir(os.path.dirname(path))
            name = "2 test_it.FirstTest.test_it test_it.LastTest.test_it"
            known = {"version": 1, "durations": {}, "failed": [], "paces": {name: seconds} if seconds else {}}
            with open(path, "w", encoding="utf-8") as file:
                json.dump(known, file)
            done = run_hermetic("-j", "2", "--json", "report.json", "test_it", cwd=folder)
            self.assertIn("Ran 2 tests", done.stderr)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                found = {test["worker"] for test in json.load(file)["tests"]}
            with open(path, encoding="utf-8") as file:
                return found, json.load(file).get("paces", {}).get(name)

    def test_the_first_run_has_workers_and_is_measured(self):
        found, paces = self.workers_of("")
        self.assertNotIn("main", found)
        self.assertEqual(sorted(paces), ["1", "2"])

    def test_a_run_that_is_quicker_alone_has_none(self):
        self.assertEqual(self.workers_of("", {"1": 900.0, "2": 901.0})[0], {"main"})
        self.assertNotIn("main", self.workers_of("", {"1": 901.0, "2": 900.0})[0])

    def test_an_isolated_test_is_isolated_however_quick_its_suite_is(self):
        self.assertNotIn("main", self.workers_of("@isolated", {"1": 900.0, "2": 901.0})[0])


if __name__ == "__main__":
    unittest.main()

"""The contents of the history: what a run adds and drops, and how much is kept."""

from __future__ import annotations

import os
import tempfile
from unittest import mock

import hermetic
from hermetic._base.records import PastRun
from hermetic._suites import history_file


class MergedTest(hermetic.HermeticTestCase):
    def merged(self, durations, failed, *, ran=(), failing=()):
        known = history_file.History(dict.fromkeys(durations, 1.0), dict.fromkeys(failed), {}, ())
        found = known.merged(dict(ran), dict.fromkeys(failing), {})
        return found.durations, [*found.failed]

    def test_what_failed_is_forgotten_when_it_passes_and_with_it_what_is_around_it(self):
        found = self.merged([], ["m.C.a", "m.C.b", "m.C", "m", "n"], ran={"m.C.a": 0.0})
        self.assertEqual(found, ({}, ["m.C.b", "n"]))

    def test_what_did_not_run_is_remembered(self):
        found = self.merged(["m.C.a"], ["m.C.a"], ran={"n.C.b": 2.0}, failing=["n.C.b"])
        self.assertEqual(found, ({"m.C.a": 1.0, "n.C.b": 2.0}, ["m.C.a", "n.C.b"]))

    def test_a_test_that_has_become_fast_is_forgotten(self):
        self.assertEqual(self.merged(["a", "b"], [], ran={"a": 0.0009}), ({"b": 1.0}, []))

    def test_the_paces_of_suites_are_replaced_and_the_latest_are_kept(self):
        known = history_file.History({}, {}, {"a": {"2": 1.0}, "b": {"2": 2.0}}, ())
        with mock.patch.object(history_file, "_MAX_SUITES", 2):
            self.assertEqual([*known.merged({}, {}, {"a": {"1": 3.0}}).paces.items()][1], ("a", {"1": 3.0}))
            self.assertEqual([*known.merged({}, {}, {"c": {}}).paces], ["b", "c"])

    def test_what_ran_last_is_kept_when_there_is_too_much(self):
        with mock.patch.object(history_file, "_MAX_ENTRIES", 2):
            found = self.merged("abc", "abc", ran={"a": 2.0}, failing="defg")
        self.assertEqual(found, ({"c": 1.0, "a": 2.0}, [*"bcdefg"]))

    def test_ids_that_are_long_together_are_too_much_too_but_no_failure_of_the_last_run(self):
        with mock.patch.object(history_file, "_MAX_CHARACTERS", 9):
            found = self.merged(["a" * 4, "b" * 4], ["c" * 9, "d"], ran={"e" * 4: 2.0}, failing=["f" * 90])
        self.assertEqual(found, ({"b" * 4: 1.0, "e" * 4: 2.0}, ["d", "f" * 90]))


class LockTest(hermetic.HermeticTestCase):
    def test_on_windows_the_lock_file_is_closed_before_it_is_removed(self):
        opened = []

        def open_file(*arguments):
            opened.append(open(*arguments))
            return opened[-1]

        def unlink(path):
            if not opened[-1].closed:
                raise PermissionError(path)
            os.unlink(path)

        with tempfile.TemporaryDirectory() as folder:
            with (
                mock.patch.multiple(history_file.real, open_file=open_file, unlink=unlink),
                mock.patch.object(history_file.shared_files, "try_lock", lambda _: True),
                mock.patch.object(history_file.features, "WINDOWS", True),
                history_file._locked(os.path.join(folder, "lock")),
            ):
                self.assertEqual(os.listdir(folder), ["lock"])
            self.assertEqual(os.listdir(folder), [])


class RunsTest(hermetic.HermeticTestCase):
    def run_of(self, started, failed=(), passed=(), flaky=()):
        return PastRun(started, 1.0, 1, len(failed), "", tuple(failed), tuple(passed), tuple(flaky))

    def after(self, *runs):
        known = history_file.History({}, {}, {}, ())
        for run in runs:
            known = known.merged({}, {}, {}, run)
        return known.runs

    def test_the_latest_runs_are_kept_whatever_there_were(self):
        found = self.after(*(self.run_of(float(number)) for number in range(1000)))
        self.assertEqual([run.started for run in found], [float(number) for number in range(950, 1000)])

    def test_a_run_that_is_added_again_replaces_its_entry(self):
        found = self.after(self.run_of(1.0), self.run_of(2.0, ["a"]), self.run_of(2.0, ["b"]))
        self.assertEqual([run.failed for run in found], [(), ("b",)])

    def test_a_run_keeps_so_many_names_and_characters_and_the_count_of_all(self):
        many, long = [f"test_{number}" for number in range(10_000)], ["x" * 60_000, "y" * 60_000]
        (run,) = self.after(self.run_of(1.0, many, long, many))
        self.assertEqual((run.failures, run.failed), (10_000, tuple(many[:500])))
        self.assertEqual((run.passed, run.flaky), (tuple(long[:1]), tuple(many[:500])))

    def test_a_file_with_more_than_that_is_cut_when_it_is_read(self):
        run = {**self.run_of(1.0, ["a"] * 1000)._asdict(), "started": 0.0}
        content = {"version": 1, "failed": [], "durations": {}, "runs": [{**run, "started": n} for n in range(60)]}
        content["runs"] = [{**run, "failed": ["a"] * 1000, "passed": [], "flaky": []} for run in content["runs"]]
        found = history_file._checked(content).runs
        self.assertEqual((len(found), found[0].started, len(found[0].failed)), (50, 10, 500))

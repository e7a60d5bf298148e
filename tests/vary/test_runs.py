"""Runs under variations, in real processes: every test gets a verdict, whatever the tests do, and nothing is left."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from unittest import mock

import support
from hermetic import HermeticTestCase, medium
from hermetic._base import features
from hermetic._isolation import process_tree, windows_processes
from hermetic._variations import catalogue
from hermetic._vary.process import ProcessLimits, VariedProcess
from hermetic._vary.runs import Asked, OutOfBudgetError, Runs
from hermetic._vary.verdicts import FAILS, FIXTURE, IS_SKIPPED, MODULE, PASSES, TEST, THE_PROGRAM, Subject
from support import Folder, not_inherited, package_folder

setUpModule = support.some_pythons_do_and_the_measured

SUITE = """
    import os, signal, subprocess, sys, time, unittest

    class ATest(unittest.TestCase):
        def test_a(self): pass
        def test_b(self): self.fail("first\\nsecond")
        @unittest.skip("not now")
        def test_c(self): pass

    class FixtureTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls): raise KeyError("no")
        def test_a(self): pass

    def load_tests(loader, tests, pattern):
        tests.addTest(ATest("test_a"))
        return tests
"""
HOSTILE = """
    import faulthandler, os, subprocess, sys, tempfile, time, unittest

    class ATest(unittest.TestCase):
        def test_a(self): pass
        def test_dies(self): faulthandler._read_null()
        def test_hangs(self): time.sleep(1000)
        def test_leaves(self):
            process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
            with open({notes!r}, "w") as file:
                file.write(str(process.pid))
        def test_z(self): os.makedirs(os.path.join(tempfile.gettempdir(), "a", "b"), 0o500)
"""
CRASH = "access violation (exit status 0xc0000005)" if features.WINDOWS else "SIGSEGV"
SILENCE = 20.0 if features.WINDOWS else 5.0  # seconds: processes start slowly on Windows


def of(name, number=0, module="test_x"):
    return Subject(TEST, f"{module}.{name}", number)


class StartTest(HermeticTestCase):
    def test_a_process_that_cannot_be_put_into_a_job_is_ended(self):
        with (
            tempfile.TemporaryDirectory() as temporary,
            mock.patch.object(tempfile, "tempdir", temporary),
            mock.patch.object(features, "WINDOWS", new=True),
            mock.patch.object(windows_processes, "Job", side_effect=OSError("no more jobs")),
            mock.patch.object(subprocess, "Popen") as start,
        ):
            with self.assertRaisesRegex(OSError, "no more jobs"):
                VariedProcess((), None, ProcessLimits(1.0, 1.0))
            self.assertEqual(os.listdir(temporary), [])
        self.assertEqual(start.return_value.method_calls, [mock.call.kill(), mock.call.wait()])


@medium
class RunsTest(HermeticTestCase):
    def setUp(self):
        self.told = []

    def runs(self, folder, *words, ends_at=math.inf, jobs=1):
        """Runs of the suite in a folder."""
        environ = {"PYTHONPATH": package_folder(), "HERMETIC_DEFAULT_SIZE": "medium"}
        command = [sys.executable, "-m", "hermetic", "discover", "-s", folder, *words]
        for patched in (mock.patch.dict(os.environ, environ), mock.patch.object(sys, "orig_argv", command)):
            patched.start()
            self.addCleanup(patched.stop)
        return Runs(jobs, ends_at, self.told.append)

    def each(self, runs, *asked):
        process_tree.adopt_orphans()
        with not_inherited():
            return runs.each([Asked(*run) for run in asked])

    def test_each_subject_has_a_verdict(self):
        with Folder(**{"test_x.py": SUITE, "test_y.py": "import nothing_of_this_name\n"}) as folder:
            (found,) = self.each(self.runs(folder), ((), None))
        self.assertEqual(
            {subject: verdict[:2] for subject, verdict in found.items()},
            {
                of("ATest.test_a"): (PASSES, ""),
                of("ATest.test_a", 1): (PASSES, ""),
                of("ATest.test_b"): (FAILS, "AssertionError: first"),
                of("ATest.test_c"): (IS_SKIPPED, "not now"),
                Subject(FIXTURE, "setUpClass (test_x.FixtureTest)", 0): (FAILS, "KeyError: 'no'"),
                Subject(MODULE, "test_y", 0): (FAILS, "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
            },
        )

    def test_a_failure_ends_no_run(self):
        with Folder(**{"test_x.py": SUITE}) as folder:
            whole, stopped = (self.each(self.runs(folder, *words), ((), None))[0] for words in ((), ("--failfast",)))
        self.assertEqual({*stopped}, {*whole})

    def test_only_the_chosen_tests_run_and_several_runs_at_a_time(self):
        with Folder(**{"test_x.py": SUITE}) as folder:
            one, other = self.each(
                self.runs(folder, jobs=2), ((), (of("ATest.test_a", 1),)), ((), (of("ATest.test_b"),))
            )
        self.assertEqual([*one], [of("ATest.test_a", 1)])
        self.assertEqual([*other], [of("ATest.test_b")])
        self.assertEqual(self.told, [1, 2])

    def test_a_test_that_ends_its_process_or_hangs_fails_and_the_others_run(self):
        with (
            tempfile.TemporaryDirectory() as temporary,
            mock.patch.object(tempfile, "tempdir", temporary),
            Folder(**{"test_x.py": HOSTILE.format(notes=os.path.join(temporary, "notes"))}) as folder,
        ):
            runs = self.runs(folder)
            runs._limits = ProcessLimits(120.0, SILENCE)
            runs._all = tuple(of(f"ATest.test_{name}") for name in ("a", "dies", "hangs", "leaves", "z"))
            (found,) = self.each(runs, ((), None))
            with open(os.path.join(temporary, "notes"), encoding="utf-8") as notes:
                pid = int(notes.read())
            left = {*os.listdir(temporary)} - {"notes", os.path.basename(folder)}
        self.assertEqual(
            {subject.name.rpartition("_")[2]: verdict.outcome for subject, verdict in found.items()},
            {"a": PASSES, "dies": FAILS, "hangs": FAILS, "leaves": PASSES, "z": PASSES},
        )
        self.assertEqual(found[of("ATest.test_dies")].text, f"{CRASH} while it ran")
        self.assertEqual(found[of("ATest.test_hangs")].text, f"it did not end within {SILENCE:.0f} s while it ran")
        self.assertEqual(runs.processes, 3)
        self.assertIsNone(process_tree.command_of(pid))
        self.assertEqual(left, set())

    def test_a_program_that_does_not_start_is_a_verdict(self):
        with Folder() as folder:
            runs = self.runs(os.path.join(folder, "missing"))
            (found,) = self.each(runs, ((), None))
        self.assertEqual([*found], [THE_PROGRAM])
        self.assertEqual(found[THE_PROGRAM].outcome, FAILS)
        self.assertIn("missing", found[THE_PROGRAM].text)

    def test_variations_are_set_in_the_order_of_the_catalogue(self):
        suite = """
            import os, sys, unittest

            class ATest(unittest.TestCase):
                def test_a(self): self.assertEqual(os.environ["CI"], "true")
                def test_b(self): self.assertEqual(sys.flags.bytes_warning, 2)
                def test_c(self): self.assertLess(sys.getswitchinterval(), 1e-4)
        """
        names = ("bytes-warning=error", "thread-switch=1e-6", "ci=set", "order=reversed")
        with Folder(**{"test_x.py": suite}) as folder:
            (found,) = self.each(self.runs(folder), (tuple(catalogue.BY_NAME[name] for name in names), None))
        self.assertEqual([subject.name[-1] for subject in found], ["c", "b", "a"])
        self.assertEqual([verdict.outcome for verdict in found.values()], [PASSES] * 3, found)

    def test_no_run_starts_when_the_time_is_spent(self):
        with self.assertRaises(OutOfBudgetError):
            self.each(self.runs("missing", ends_at=-math.inf), ((), None))

"""Under every host, each violation is one error of its test, and there is no other error.

Each host runs tests/samples/compatibility in a process of its own. A host that is not installed is skipped;
tests/compatibility/requirements.txt lists those that pip can install.
"""

from __future__ import annotations

import unittest

from hermetic import medium
from support import host_verdicts as verdicts
from support import hosts, unmeasured_processes
from support.hosts import OUTPUT_SHOWN, SAMPLES, ids_of_tests

setUpModule = unmeasured_processes


class HostTests:
    """The tests of every host, which is mixed into their test case."""

    def run_suite(self, modules: tuple[str, ...]) -> hosts.Run:
        """Run a copy of modules of the suite under the host."""
        return self.run_host(hosts.suite_folder(self, modules), modules)  # type: ignore[attr-defined,arg-type]

    @medium
    def test_each_violation_is_one_error_of_its_test(self) -> None:
        self.skip_where_skipped_tests_are_not_started()
        run = self.run_suite(self.violating)
        found = verdicts.problems(run.entries, ids_of_tests(self.violating, self.settings), last_only=self.last_only)
        self.assertEqual([], found, "\n".join(["", *found, "", run.output[-OUTPUT_SHOWN:]]))  # type: ignore[attr-defined]
        self.assertNotEqual(0, run.status)  # type: ignore[attr-defined]

    @medium
    def test_clean_suite_is_green(self) -> None:
        self.skip_where_skipped_tests_are_not_started()
        run = self.run_suite(self.clean)
        found = verdicts.problems(run.entries, ids_of_tests(self.clean, self.settings))
        self.assertEqual([], found, "\n".join(["", *found, "", run.output[-OUTPUT_SHOWN:]]))  # type: ignore[attr-defined]
        self.assertEqual(0, run.status, run.output)  # type: ignore[attr-defined]

    @medium
    def test_violations_in_class_fixtures_are_one_error_each(self) -> None:
        if self.class_fixtures:
            self.skipTest(self.class_fixtures)  # type: ignore[attr-defined]
        run = self.run_suite(("test_class_fixtures",))
        named = [
            match["test"]
            for entry in run.entries
            for match in [verdicts.VIOLATION.search(entry.text)]
            if match and entry.kind in (verdicts.ERROR, verdicts.FAILURE)
        ]
        expected = [
            "setUpClass (test_class_fixtures.RaisedInSetUpTest)",
            "setUpClass (test_class_fixtures.SwallowedInSetUpTest)",
            "tearDownClass (test_class_fixtures.SwallowedInTearDownTest)",
        ]
        self.assertEqual(expected, sorted(named), run.output)  # type: ignore[attr-defined]
        self.assertNotEqual(0, run.status)  # type: ignore[attr-defined]


class UnittestTest(HostTests, hosts.Unittest, unittest.TestCase):
    @medium
    def test_result_of_the_host_may_use_the_network(self) -> None:
        done = self.command("reporting_runner.py", "test_marked_classes", folder=SAMPLES)
        found = verdicts.problems(verdicts.parse_text(done.stderr), ids_of_tests(("test_marked_classes",), ""))
        self.assertEqual([], found, done.stderr[-OUTPUT_SHOWN:])


class HermeticTest(HostTests, hosts.Hermetic, unittest.TestCase):
    pass


class PytestFunctionTests:
    """What only pytest runs: functions, and classes that are no TestCase."""

    @medium
    def test_functions_and_plain_classes_have_their_verdicts(self) -> None:
        run = self.run_suite(("test_functions",))
        found = verdicts.problems(run.entries, sorted({entry.test for entry in run.entries}), last_only=True)
        self.assertEqual([], found, "\n".join(["", *found, "", run.output[-OUTPUT_SHOWN:]]))
        self.assertEqual(21, len(run.entries), run.output)
        self.assertEqual(1, run.status)

    @medium
    def test_expected_failure_of_a_function_hides_no_violation(self) -> None:
        run = self.run_suite(("test_function_marks",))
        found = verdicts.problems(run.entries, sorted({entry.test for entry in run.entries}), last_only=True)
        self.assertEqual([], found, run.output[-OUTPUT_SHOWN:])
        self.assertEqual(4, len(run.entries), run.output)
        self.assertEqual(1, run.status)


class PytestTest(PytestFunctionTests, HostTests, hosts.Pytest, unittest.TestCase):
    pass


class XdistTest(PytestFunctionTests, HostTests, hosts.Xdist, unittest.TestCase):
    pass


class PytestWithTesttoolsTest(HostTests, hosts.PytestWithTesttools, unittest.TestCase):
    pass


class PytestWithTwistedTest(HostTests, hosts.PytestWithTwisted, unittest.TestCase):
    pass


class UnittestParallelTest(HostTests, hosts.UnittestParallel, unittest.TestCase):
    pass


class UnittestParallelByClassTest(HostTests, hosts.UnittestParallelByClass, unittest.TestCase):
    pass


class UnittestParallelThreadsTest(HostTests, hosts.UnittestParallelThreads, unittest.TestCase):
    pass


class GreenTest(HostTests, hosts.Green, unittest.TestCase):
    pass


class GreenProcessesTest(HostTests, hosts.GreenProcesses, unittest.TestCase):
    pass


class Nose2Test(HostTests, hosts.Nose2, unittest.TestCase):
    pass


class Nose2ProcessesTest(HostTests, hosts.Nose2Processes, unittest.TestCase):
    pass


class TesttoolsRunTest(HostTests, hosts.TesttoolsRun, unittest.TestCase):
    pass


class StestrTest(HostTests, hosts.Stestr, unittest.TestCase):
    pass


class DjangoTest(HostTests, hosts.Django, unittest.TestCase):
    pass


class DjangoProcessesTest(HostTests, hosts.DjangoProcesses, unittest.TestCase):
    pass


class TrialTest(HostTests, hosts.Trial, unittest.TestCase):
    pass


class TrialProcessesTest(HostTests, hosts.TrialProcesses, unittest.TestCase):
    pass

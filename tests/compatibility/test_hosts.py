"""The same verdicts under every host: each recorded violation is one error of its test, and nothing else.

Each host runs tests/samples/compatibility in a process of its own. A host that is not installed is skipped;
tests/compatibility/requirements.txt lists those that pip can install.
"""

from __future__ import annotations

import functools
import glob
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass

from hermetic import medium
from support import ROOT, run_python

from . import verdicts
from .verdicts import Entry

SAMPLES = os.path.join(ROOT, "tests", "samples", "compatibility")
TIMEOUT = 60.0  # seconds for a host to run the suite
OUTPUT_SHOWN = int(os.environ.get("HOST_OUTPUT_SHOWN", "3000"))  # characters of a host's output, when a test fails

SYNC = ("test_marked_methods", "test_marked_classes", "test_marked_module")
VIOLATING = (*SYNC, "test_expected_failures", "test_async")
CLEAN = ("test_clean", "test_clean_async")


@dataclass(frozen=True)
class Run:
    """What a host made of a suite."""

    status: int
    entries: list[Entry]
    output: str


def installed(name: str, package: str) -> unittest.TestCase:
    """A class decorator that skips where a module is not installed, naming the package that has it."""
    missing = importlib.util.find_spec(name) is None
    return unittest.skipIf(missing, f"not installed: {package}")  # type: ignore[return-value]


def suite_folder(test: unittest.TestCase, modules: tuple[str, ...]) -> str:
    """A copy of the suite with some of its test modules, for hosts that find tests by themselves."""
    folder = tempfile.mkdtemp(prefix="hermetic-host-")
    test.addCleanup(shutil.rmtree, folder, ignore_errors=True)
    for path in glob.glob(os.path.join(SAMPLES, "*.py")):
        module = os.path.basename(path).removesuffix(".py")
        if not module.startswith("test_") or module in modules:
            shutil.copy(path, folder)
    return folder


@functools.cache
def test_ids(modules: tuple[str, ...], settings: str) -> list[str]:
    """The ids of the tests in modules of the suite."""
    script = (
        "import sys, unittest\n"
        "def flat(suite):\n"
        "    for item in suite:\n"
        "        yield from flat(item) if isinstance(item, unittest.TestSuite) else [item.id()]\n"
        "print(*flat(unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:])), sep='\\n')\n"
    )
    completed = run_python(
        "-c", script, *modules, cwd=SAMPLES, env={"DJANGO_SETTINGS_MODULE": settings, "PYTHONDONTWRITEBYTECODE": "1"}
    )
    return [line for line in completed.stdout.splitlines() if not line.startswith("unittest.loader.")]


class HostTests:
    """The tests of every host.

    Attributes:
        violating: the modules that it runs, with violations in them.
        clean: those without.
        last_only: whether it shows but the last outcome of a test.
        class_fixtures: why it cannot report errors in class fixtures; empty if it can.
        unstarted: what it makes of a test that is stopped without having been started, which is what the unittest of
            Python 3.12.1, and no other, does to tests that a decorator skips; empty if it copes.
    """

    violating: tuple[str, ...] = VIOLATING
    clean: tuple[str, ...] = CLEAN
    last_only = False
    class_fixtures = ""
    unstarted = ""
    settings = ""

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        """Run modules of the suite, which lie in a folder, under the host."""
        raise NotImplementedError

    def command(self, *arguments: str, folder: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run this Python on arguments in a folder."""
        return run_python(*arguments, cwd=folder, env={"PYTHONDONTWRITEBYTECODE": "1", **env}, timeout=TIMEOUT)

    def run_suite(self, modules: tuple[str, ...]) -> Run:
        """Run a copy of modules of the suite under the host."""
        return self.run_host(suite_folder(self, modules), modules)  # type: ignore[arg-type]

    def skip_where_skipped_tests_are_not_started(self) -> None:
        """Skip where the host, without any hermetic, garbles what every suite of ours has in it: a skipped test."""
        if self.unstarted and sys.version_info[:3] == (3, 12, 1):
            reason = f"Python 3.12.1 does not start a test that a decorator skips, and {self.unstarted}"
            self.skipTest(reason)  # type: ignore[attr-defined]

    @medium
    def test_each_violation_is_one_error_of_its_test(self) -> None:
        self.skip_where_skipped_tests_are_not_started()
        run = self.run_suite(self.violating)
        found = verdicts.problems(run.entries, test_ids(self.violating, self.settings), last_only=self.last_only)
        self.assertEqual([], found, "\n".join(["", *found, "", run.output[-OUTPUT_SHOWN:]]))  # type: ignore[attr-defined]
        self.assertNotEqual(0, run.status)  # type: ignore[attr-defined]

    @medium
    def test_clean_suite_is_green(self) -> None:
        self.skip_where_skipped_tests_are_not_started()
        run = self.run_suite(self.clean)
        found = verdicts.problems(run.entries, test_ids(self.clean, self.settings))
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


class UnittestTest(HostTests, unittest.TestCase):
    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "unittest", "discover", "-v", folder=folder)
        return Run(done.returncode, verdicts.parse_text(done.stderr), done.stderr)

    @medium
    def test_result_of_the_host_may_use_the_network(self) -> None:
        done = self.command("reporting_runner.py", "test_marked_classes", folder=SAMPLES)
        found = verdicts.problems(verdicts.parse_text(done.stderr), test_ids(("test_marked_classes",), ""))
        self.assertEqual([], found, done.stderr[-OUTPUT_SHOWN:])


class HermeticTest(HostTests, unittest.TestCase):
    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "hermetic", "discover", "-v", folder=folder)
        return Run(done.returncode, verdicts.parse_text(done.stderr), done.stderr)


class PytestHost(HostTests):
    options: tuple[str, ...] = ()

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        options = ("-q", "-p", "no:cacheprovider", "-rx", "--xfail-tb", "--junit-xml=report.xml", *self.options)
        done = self.command("-m", "pytest", *options, folder=folder)
        return Run(done.returncode, verdicts.parse_junit(os.path.join(folder, "report.xml")), done.stdout + done.stderr)


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
    def test_expected_failure_of_a_function_that_names_its_exception_hides_no_violation(self) -> None:
        run = self.run_suite(("test_function_marks",))
        found = verdicts.problems(run.entries, sorted({entry.test for entry in run.entries}), last_only=True)
        self.assertEqual([], found, run.output[-OUTPUT_SHOWN:])
        self.assertEqual(2, len(run.entries), run.output)
        self.assertEqual(1, run.status)

    @medium
    def test_expected_failure_of_a_function_by_any_exception_shows_its_violation_if_asked(self) -> None:
        run = self.run_suite(("test_function_limits",))
        self.assertEqual([verdicts.XFAIL] * 2, [entry.kind for entry in run.entries], run.output)
        shown = {match["test"] for match in verdicts.VIOLATION.finditer(run.output)}  # by -rx --xfail-tb
        self.assertEqual({entry.test for entry in run.entries}, shown, run.output)
        self.assertEqual(0, run.status)


@installed("pytest", "pytest")
class PytestTest(PytestFunctionTests, PytestHost, unittest.TestCase):
    pass


@installed("xdist", "pytest-xdist")
class XdistTest(PytestFunctionTests, PytestHost, unittest.TestCase):
    options = ("-n2",)


@installed("pytest", "pytest")
@installed("testtools", "testtools")
class PytestWithTesttoolsTest(PytestHost, unittest.TestCase):
    violating = ("test_testtools",)


@installed("pytest", "pytest")
@installed("twisted", "Twisted")
class PytestWithTwistedTest(PytestHost, unittest.TestCase):
    violating = ("test_trial",)


@installed("unittest_parallel", "unittest-parallel")
class UnittestParallelTest(HostTests, unittest.TestCase):
    # It pickles the tests, and async ones cannot be pickled since Python 3.11.
    violating = (*SYNC, "test_expected_failures")
    clean = ("test_clean",)
    options: tuple[str, ...] = ()

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "unittest_parallel", "-v", "-j", "2", *self.options, folder=folder)
        return Run(done.returncode, verdicts.parse_text(done.stderr), done.stderr)


class UnittestParallelByClassTest(UnittestParallelTest):
    options = ("--level", "class")


class UnittestParallelThreadsTest(UnittestParallelTest):
    violating = VIOLATING
    clean = CLEAN
    options = ("--thread",)


@installed("green", "green")
class GreenTest(HostTests, unittest.TestCase):
    processes = "1"
    class_fixtures = "green forgets errors in setUpClass, whatever they are, and ends with 0"
    unstarted = "green fails when it is to stop it"

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "green", "-vv", "--termcolor", "-T", "-s", self.processes, *modules, folder=folder)
        return Run(done.returncode, verdicts.parse_green(done.stdout), done.stdout + done.stderr)


class GreenProcessesTest(GreenTest):
    processes = "2"


@installed("nose2", "nose2")
class Nose2Test(HostTests, unittest.TestCase):
    unstarted = "nose2 does not name it"
    options: tuple[str, ...] = ()

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "nose2", "-v", *self.options, *modules, folder=folder)
        return Run(done.returncode, verdicts.parse_text(done.stderr), done.stderr)


class Nose2ProcessesTest(Nose2Test):
    unstarted = ""
    options = ("--plugin", "nose2.plugins.mp", "-N", "2")


@installed("testtools", "testtools")
class TesttoolsRunTest(HostTests, unittest.TestCase):
    violating = (*VIOLATING, "test_testtools")
    unstarted = "testtools does not name it"

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "testtools.run", "-v", *modules, folder=folder)
        return Run(done.returncode, verdicts.parse_text(done.stdout), done.stdout + done.stderr)


@installed("stestr", "stestr")
class StestrTest(HostTests, unittest.TestCase):
    violating = (*VIOLATING, "test_testtools")
    last_only = True

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        with open(os.path.join(folder, ".stestr.conf"), "w", encoding="utf-8") as file:
            file.write("[DEFAULT]\ntest_path=.\ngroup_regex=([^\\.]*\\.)*\n")
        stestr = "import sys, stestr.cli; sys.exit(stestr.cli.main())"
        done = self.command("-c", stestr, "run", "--concurrency", "2", folder=folder, PYTHON=sys.executable)
        (path,) = glob.glob(os.path.join(folder, ".stestr", "0")) or [os.devnull]
        with open(path, "rb") as file:
            return Run(done.returncode, verdicts.parse_subunit(file.read()), done.stdout + done.stderr)


class DjangoHost(HostTests):
    violating = (*VIOLATING, "test_django")
    settings = "django_settings"
    options: tuple[str, ...] = ()

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        arguments = ("-m", "django", "test", "-v", "2", *self.options, *modules)
        done = self.command(*arguments, folder=folder, DJANGO_SETTINGS_MODULE="django_settings")
        return Run(done.returncode, verdicts.parse_text(done.stderr), done.stdout + done.stderr)


@installed("django", "Django")
class DjangoTest(DjangoHost, unittest.TestCase):
    pass


@installed("django", "Django")
@installed("tblib", "tblib")  # without it, Django cannot bring any failure home
class DjangoProcessesTest(DjangoHost, unittest.TestCase):
    # It pickles the tests, and async ones cannot be pickled since Python 3.11.
    violating = (*SYNC, "test_expected_failures", "test_django")
    clean = ("test_clean",)
    unstarted = "Django's processes report its verdict as that of another test"
    options = ("--parallel", "2")


@installed("twisted", "Twisted")
class TrialTest(HostTests, unittest.TestCase):
    # Its reporter cannot take the expected failures of other TestCase classes than its own.
    violating = (*SYNC, "test_trial")
    clean = ("test_clean",)
    class_fixtures = "trial never calls setUpClass"
    unstarted = "trial does not name it"

    options: tuple[str, ...] = ()

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "twisted.trial", "--reporter=bwverbose", *self.options, *modules, folder=folder)
        return Run(done.returncode, verdicts.parse_trial(done.stdout), done.stdout + done.stderr)


@installed("twisted", "Twisted")
class TrialProcessesTest(TrialTest):
    options = ("-j", "2")  # its workers send no errors of subtests home

"""The runners that hermetic works under: how to start them, their limitations, and their reports."""

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

from hermetic._base import features
from support import ROOT, host_verdicts, run_python
from support.host_verdicts import Entry

SAMPLES = os.path.join(ROOT, "tests", "samples", "compatibility")
TIMEOUT = 180.0 if features.WINDOWS else 60.0  # seconds for a host to run the suite: processes start slowly there
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
def ids_of_tests(modules: tuple[str, ...], settings: str) -> list[str]:
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


class Host:
    """A runner of tests, which runs a copy of the suite in a process of its own.

    Attributes:
        violating: the modules that it runs, with violations in them.
        clean: those without.
        last_only: whether it may show only the last outcome of a test.
        class_fixtures: why it cannot report errors in class fixtures; empty if it can.
        unstarted: how it misreports a test that is stopped without having been started; empty if it does not. Only the
            unittest of Python 3.12.1 does this, to tests that a decorator skips.
    """

    violating: tuple[str, ...] = VIOLATING
    clean: tuple[str, ...] = CLEAN
    last_only = False
    class_fixtures = ""
    unstarted = ""
    settings = ""

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        """Run modules of the suite from a folder under the host."""
        raise NotImplementedError

    def command(self, *arguments: str, folder: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run this Python on arguments in a folder."""
        # On a busy machine, a warning of a slow test would stand between the name of the test and its outcome.
        env = {"PYTHONDONTWRITEBYTECODE": "1", "HERMETIC_TIME_LIMITS": "off", **env}
        return run_python(*arguments, cwd=folder, env=env, timeout=TIMEOUT)

    def skip_where_skipped_tests_are_not_started(self) -> None:
        """Skip where the host, even without hermetic, misreports a test that a decorator skips."""
        if self.unstarted and sys.version_info[:3] == (3, 12, 1):
            reason = f"Python 3.12.1 does not start a test that a decorator skips, and {self.unstarted}"
            raise unittest.SkipTest(reason)


class Unittest(Host):
    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "unittest", "discover", "-v", folder=folder)
        return Run(done.returncode, host_verdicts.parse_text(done.stderr), done.stderr)


class Hermetic(Host):
    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "hermetic", "discover", "-v", folder=folder)
        return Run(done.returncode, host_verdicts.parse_text(done.stderr), done.stderr)


class PytestHost(Host):
    last_only = True  # a failure is the cause of the error that it is shown with
    options: tuple[str, ...] = ()

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        options = ("-q", "-p", "no:cacheprovider", "-rx", "--xfail-tb", "--junit-xml=report.xml", *self.options)
        done = self.command("-m", "pytest", *options, folder=folder)
        return Run(
            done.returncode, host_verdicts.parse_junit(os.path.join(folder, "report.xml")), done.stdout + done.stderr
        )


@installed("pytest", "pytest")
class Pytest(PytestHost):
    pass


@installed("xdist", "pytest-xdist")
class Xdist(PytestHost):
    options = ("-n2",)


@installed("pytest", "pytest")
@installed("testtools", "testtools")
class PytestWithTesttools(PytestHost):
    violating = ("test_testtools",)


@installed("pytest", "pytest")
@installed("twisted", "Twisted")
class PytestWithTwisted(PytestHost):
    violating = ("test_trial",)


@installed("unittest_parallel", "unittest-parallel")
class UnittestParallel(Host):
    # It pickles the tests, and async ones cannot be pickled since Python 3.11.
    violating = (*SYNC, "test_expected_failures")
    clean = ("test_clean",)
    options: tuple[str, ...] = ()

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "unittest_parallel", "-v", "-j", "2", *self.options, folder=folder)
        return Run(done.returncode, host_verdicts.parse_text(done.stderr), done.stderr)


class UnittestParallelByClass(UnittestParallel):
    options = ("--level", "class")


class UnittestParallelThreads(UnittestParallel):
    violating = VIOLATING
    clean = CLEAN
    options = ("--thread",)


@installed("green", "green")
class Green(Host):
    processes = "1"
    class_fixtures = "green forgets errors in setUpClass, whatever they are, and ends with 0"
    unstarted = "green fails when it is to stop it"

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "green", "-vv", "--termcolor", "-T", "-s", self.processes, *modules, folder=folder)
        return Run(done.returncode, host_verdicts.parse_green(done.stdout), done.stdout + done.stderr)


class GreenProcesses(Green):
    processes = "2"


@installed("nose2", "nose2")
class Nose2(Host):
    unstarted = "nose2 does not name it"
    options: tuple[str, ...] = ()

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "nose2", "-v", *self.options, *modules, folder=folder)
        return Run(done.returncode, host_verdicts.parse_text(done.stderr), done.stderr)


class Nose2Processes(Nose2):
    unstarted = ""
    options = ("--plugin", "nose2.plugins.mp", "-N", "2")


@installed("testtools", "testtools")
class TesttoolsRun(Host):
    violating = (*VIOLATING, "test_testtools")
    unstarted = "testtools does not name it"

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "testtools.run", "-v", *modules, folder=folder)
        return Run(done.returncode, host_verdicts.parse_text(done.stdout), done.stdout + done.stderr)


@installed("stestr", "stestr")
class Stestr(Host):
    violating = (*VIOLATING, "test_testtools")
    last_only = True

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        with open(os.path.join(folder, ".stestr.conf"), "w", encoding="utf-8") as file:
            file.write("[DEFAULT]\ntest_path=.\ngroup_regex=([^\\.]*\\.)*\n")
        stestr = "import sys, stestr.cli; sys.exit(stestr.cli.main())"
        done = self.command("-c", stestr, "run", "--concurrency", "2", folder=folder, PYTHON=sys.executable)
        (path,) = glob.glob(os.path.join(folder, ".stestr", "0")) or [os.devnull]
        with open(path, "rb") as file:
            return Run(done.returncode, host_verdicts.parse_subunit(file.read()), done.stdout + done.stderr)


class DjangoHost(Host):
    violating = (*VIOLATING, "test_django")
    settings = "django_settings"
    options: tuple[str, ...] = ()

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        arguments = ("-m", "django", "test", "-v", "2", *self.options, *modules)
        done = self.command(*arguments, folder=folder, DJANGO_SETTINGS_MODULE="django_settings")
        return Run(done.returncode, host_verdicts.parse_text(done.stderr), done.stdout + done.stderr)


@installed("django", "Django")
class Django(DjangoHost):
    pass


@installed("django", "Django")
@installed("tblib", "tblib")  # without it, Django cannot bring any failure home
class DjangoProcesses(DjangoHost):
    # It pickles the tests, and async ones cannot be pickled since Python 3.11.
    violating = (*SYNC, "test_expected_failures", "test_django")
    clean = ("test_clean",)
    unstarted = "Django's processes report its verdict as that of another test"
    options = ("--parallel", "2")


@installed("twisted", "Twisted")
class Trial(Host):
    # Its reporter cannot take the expected failures of other TestCase classes than its own.
    violating = (*SYNC, "test_trial")
    clean = ("test_clean",)
    class_fixtures = "trial never calls setUpClass"
    unstarted = "trial does not name it"

    options: tuple[str, ...] = ()

    def run_host(self, folder: str, modules: tuple[str, ...]) -> Run:
        done = self.command("-m", "twisted.trial", "--reporter=bwverbose", *self.options, *modules, folder=folder)
        return Run(done.returncode, host_verdicts.parse_trial(done.stdout), done.stdout + done.stderr)


@installed("twisted", "Twisted")
class TrialProcesses(Trial):
    options = ("-j", "2")  # its workers send no errors of subtests home

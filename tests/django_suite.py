"""Django's own test suite, under its own runner and with hermetic: each test has the same outcome in all ways.

    python tests/django_suite.py                                   # all apps, in all ways: about an hour on two cores
    python tests/django_suite.py transactions signals --django 5.2.19 --ways runner runner-small --parallel 1

pip downloads the source distribution of Django. The Python that runs this must have what Django requires (asgiref,
sqlparse), and tblib, with which Django's processes report failures. The databases are SQLite's, in memory.

Every test whose outcome differs is a failure of this program, and so is another exit status.
"""

from __future__ import annotations

import argparse
import collections
import glob
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VERSION = "6.1.3"
SECONDS = 1200  # for each run

# Left out: mail and auth_tests, which need rights or minutes, and what waits for most of its time (cache).
APPS = (
    *("async", "backends", "basic", "csrf_tests", "file_storage", "fixtures", "fixtures_regress", "get_or_create"),
    *("handlers", "multiple_database", "select_for_update", "serializers", "servers", "sessions_tests", "signals"),
    *("staticfiles_tests", "test_client", "test_client_regress", "test_runner", "test_utils", "transaction_hooks"),
    "transactions",
)
# Those that need neither the network nor a process.
SMALL_APPS = (
    *("basic", "csrf_tests", "fixtures_regress", "get_or_create", "multiple_database", "select_for_update"),
    *("serializers", "sessions_tests", "signals", "test_client", "test_client_regress", "transaction_hooks"),
    "transactions",
)
ISOLATED_APPS = ("multiple_database", "signals", "test_client_regress", "transaction_hooks", "transactions")


@dataclass(frozen=True)
class Way:
    """A way to run the suite.

    Attributes:
        before: what stands between Python and the script.
        runner: the value of TEST_RUNNER.
        variables: settings of hermetic.
        apps: those that can be run this way.
    """

    before: tuple[str, ...] = ()
    runner: str = "django.test.runner.DiscoverRunner"
    variables: tuple[tuple[str, str], ...] = ()
    apps: tuple[str, ...] = APPS


def _ways(name: str, *before: str, runner: str = Way.runner) -> dict[str, Way]:
    """The ways to use hermetic by a script or a runner: without marks, with each size, and isolated."""
    found = {name: Way(before, runner)}
    for size in ("large", "medium", "small"):
        apps = SMALL_APPS if size == "small" else APPS
        found[f"{name}-{size}"] = Way(before, runner, (("HERMETIC_DEFAULT_SIZE", size),), apps)
    found[f"{name}-isolated"] = Way(before, runner, (("HERMETIC_ISOLATED", "true"),), ISOLATED_APPS)
    return found


OWN = Way()
WAYS = {
    **_ways("script", "-m", "hermetic", "--script"),
    **_ways("runner", runner="hermetic.django.TestRunner"),
}


class Suite:
    """Django's source distribution, unpacked.

    Args:
        folder: where to unpack it.
        version: of Django.
    """

    def __init__(self, folder: str, version: str) -> None:
        pip = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--no-binary", ":all:"]
        command = [*pip, "--dest", folder, f"Django=={version}"]
        subprocess.run(command, check=True, timeout=SECONDS)
        (path,) = glob.glob(os.path.join(folder, "*.tar.gz"))
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
        (self._folder,) = glob.glob(os.path.join(folder, "[Dd]jango-*", ""))
        with open(os.path.join(self._folder, "tests", "compared.py"), "w", encoding="utf-8") as file:
            file.write('import os\nfrom test_sqlite import *\nTEST_RUNNER = os.environ["COMPARED_RUNNER"]\n')

    def run(self, way: Way, apps: list[str], parallel: int) -> tuple[int, str]:
        """Run apps, and return the exit status and the output."""
        arguments = [*way.before, "runtests.py", "--settings=compared", f"--parallel={parallel}", "-v2", *apps]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HERMETIC_")}
        path = os.pathsep.join([self._folder, ROOT])
        env = {**kept, "PYTHONPATH": path, "COMPARED_RUNNER": way.runner, **dict(way.variables)}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=os.path.join(self._folder, "tests"), env=env, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS,
        )  # fmt: skip
        return done.returncode, done.stdout


_TEST = re.compile(r"^\w+ \(([\w.]+)\)", re.MULTILINE)
_OUTCOME = re.compile(
    r"(?:\.\.\. |^|\W)(ok|FAIL|ERROR|skipped ['\"].*|expected failure|unexpected success)$", re.MULTILINE
)
_REST = re.compile(r"^[=-]{70}$", re.MULTILINE)


Outcomes = collections.Counter[tuple[str, str]]


def outcomes(output: str) -> Outcomes:
    """Each test with its outcome, from the progress lines of a run; tests print something between the two."""
    progress = _REST.split(output, maxsplit=1)[0]
    begins = [*_TEST.finditer(progress)]
    ends = [*(match.start() for match in begins[1:]), len(progress)]
    found: Outcomes = collections.Counter()
    for begin, end in zip(begins, ends, strict=True):
        outcome = _OUTCOME.search(progress, begin.end(), end)
        found[begin[1], outcome[1] if outcome else "no outcome"] += 1
    return found


def differences(own: Outcomes, other: Outcomes) -> list[str]:
    """What differs between the outcomes of two runs."""
    if not own:
        return ["no tests were run"]
    found = [f"{test}: {outcome}, not under hermetic" for test, outcome in sorted((own - other).elements())]
    return found + [f"{test}: {outcome}, only under hermetic" for test, outcome in sorted((other - own).elements())]


class Comparison:
    """Compares runs of some apps with one under Django's own runner.

    Args:
        suite: the suite.
        apps: the apps.
        logs: the folder for the output of each run; None if nobody wants it.
    """

    def __init__(self, suite: Suite, apps: list[str], logs: str | None) -> None:
        self._suite = suite
        self._apps = apps
        self._logs = logs
        self._own: dict[int, tuple[int, Outcomes]] = {}  # by the number of processes

    def compare(self, name: str, parallel: int) -> list[str]:
        """Run the apps in a way, and return what differs."""
        if parallel not in self._own:
            self._own[parallel] = self._run("own", OWN, self._apps, parallel)
        own_status, own = self._own[parallel]
        chosen = [app for app in self._apps if app in WAYS[name].apps]
        if not chosen:
            return []
        status, found = self._run(name, WAYS[name], chosen, parallel)
        expected = collections.Counter({key: n for key, n in own.items() if key[0].partition(".")[0] in chosen})
        different = differences(expected, found)
        return different if status == own_status else [*different, f"exit status {status}, not {own_status}"]

    def _run(self, name: str, way: Way, apps: list[str], parallel: int) -> tuple[int, Outcomes]:
        status, output = self._suite.run(way, apps, parallel)
        if self._logs is not None:
            with open(os.path.join(self._logs, f"{name}-{parallel}.log"), "w", encoding="utf-8") as file:
                file.write(output)
        found = outcomes(output)
        print(f"{name}, --parallel {parallel}: {sum(found.values())} tests, exit status {status}", flush=True)
        return status, found


def main() -> int:
    """Run all that was asked for, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("apps", nargs="*", metavar="APP", default=[*APPS])
    parser.add_argument("--django", default=VERSION, help=f"the version of Django (default {VERSION})")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=[*WAYS])
    parser.add_argument("--parallel", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--logs", metavar="FOLDER", help="where to keep the output of each run")
    options = parser.parse_args()
    status = 0
    with tempfile.TemporaryDirectory(prefix="hermetic-django-") as folder:
        comparison = Comparison(Suite(folder, options.django), options.apps, options.logs)
        for name in options.ways:
            for parallel in options.parallel:
                for line in comparison.compare(name, parallel):
                    print(f"  {line}", flush=True)
                    status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())

"""The basic helpers of the tests: running programs in their own process, temporary folders, and results."""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from collections.abc import Sequence
from typing import Any
from unittest import mock

import hermetic
from hermetic._base import features
from hermetic._base.features import ANNOTATING_CI
from hermetic._verdicts import scopes

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Seconds for any process that a test starts: on a machine with much to do, and on Windows, it may take many.
TIMEOUT = 360.0 if features.WINDOWS else 180.0
# By coverage, which then is in the processes of the tests as well.
IS_MEASURED = any(name.startswith("COVERAGE_PROCESS_") for name in os.environ)
_NOT_INHERITED = ("HERMETIC_", "CI", "PYTHON", "TEST_", "TESTBRIDGE_", "XML_OUTPUT_FILE", *ANNOTATING_CI)
# Elsewhere, pipes have the encoding of the locale, which is UTF-8.
_OF_THE_PLATFORM = {"PYTHONUTF8": "1"} if features.WINDOWS else {}
# For tests of a great many processes, of which other tests measure the same code.
not_measured = unittest.skipIf(IS_MEASURED, "each of its processes would take a tracer's time")


_LEAVES_OUT, _WHY = "FEWER_TESTS" in os.environ, "FEWER_TESTS is set: other Pythons do these"
# Of what takes minutes, in modules that otherwise run on each Python.
on_few_pythons = unittest.skipIf(_LEAVES_OUT, _WHY)


def some_pythons_do() -> None:
    """Skip a slow module that rarely differs between Pythons, as its ``setUpModule``, where FEWER_TESTS is set."""
    if _LEAVES_OUT:
        raise unittest.SkipTest(_WHY)


def some_pythons_do_and_the_measured() -> None:
    """The ``setUpModule`` of a module that ``some_pythons_do``, but that is needed for the coverage of its code."""
    if not IS_MEASURED:
        some_pythons_do()


def unmeasured_processes() -> None:
    """Start the processes of a module, as its ``setUpModule``, without coverage: it takes them longer than their work.

    It is for modules with many processes that run no code of hermetic which those of other modules do not run, too.
    """
    environment = mock.patch.dict(os.environ)
    environment.start()
    unittest.addModuleCleanup(environment.stop)
    for name in [name for name in os.environ if name.startswith("COVERAGE_PROCESS_")]:
        del os.environ[name]


def posix_only(what: str) -> Any:
    """A decorator of tests and their classes: skip them on Windows.

    Args:
        what: what they try, which Windows does not have.
    """
    return unittest.skipIf(features.WINDOWS, f"Windows has no {what}")


def linux_only(what: str) -> Any:
    """A decorator of tests and their classes: skip them elsewhere than on Linux.

    Args:
        what: what they try, which only Linux has.
    """
    return unittest.skipUnless(features.LINUX, f"only Linux has {what}")


def posix_module(name: str) -> Any:
    """Import a module that only POSIX systems have; elsewhere, skip the module of tests that is being imported."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise unittest.SkipTest(f"there is no {name} on {sys.platform}") from None


def run_python(
    *arguments: str,
    cwd: str | None = None,
    env: dict[str, str] | None = None,
    stdin: str = "",
    timeout: float = TIMEOUT,
    by: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run this Python with the checkout (or the installed package) importable, and return what it printed.

    Args:
        arguments: as on the command line, after ``python``.
        cwd: the folder that it runs in.
        env: variables to be added; those of hermetic, CI and Python's own are not inherited.
        stdin: its standard input.
        timeout: seconds.
        by: a command that starts the one which follows it.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED)}
    environment = {**inherited, "PYTHONPATH": package_folder(), "NO_COLOR": "1", **_OF_THE_PLATFORM, **(env or {})}
    with not_inherited():
        return subprocess.run(
            [*by, sys.executable, *arguments],
            cwd=cwd,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
        )


def not_inherited() -> contextlib.AbstractContextManager[None]:
    """A block in which a test starts programs without its own policy, because they are what is tested."""
    scope = scopes.active()
    is_small = scope is not None and scope.policy is not None and scope.policy.size is hermetic.Size.SMALL
    return contextlib.nullcontext() if is_small else hermetic.guard("large")


def run_hermetic(*arguments: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    """Run ``python -m hermetic`` with arguments; see ``run_python`` for the others."""
    return run_python("-m", "hermetic", *arguments, **kwargs)  # type: ignore[arg-type]


def package_folder() -> str:
    """The folder that hermetic is imported from."""
    import hermetic

    return os.path.dirname(os.path.dirname(os.path.abspath(hermetic.__file__)))


def in_network_namespace(*command: str) -> list[str]:
    """A command in a namespace with no network but loopback, which has the address 203.0.113.7, too."""
    if features.WINDOWS:
        raise unittest.SkipTest("Windows has no network namespaces")
    script = 'ip link set lo up && ip addr add 203.0.113.7/32 dev lo && exec "$@"'
    return ["unshare", "-rn", "sh", "-c", script, "sh", *command]


class Folder:
    """A temporary folder with files; a context manager that yields its path.

    Args:
        files: file name to text; the text is dedented.
    """

    def __init__(self, **files: str) -> None:
        self._files = {name.replace("__slash__", "/"): text for name, text in files.items()}

    def __enter__(self) -> str:
        self._folder = tempfile.TemporaryDirectory(prefix="hermetic-test-")
        write_files(self._folder.name, self._files)
        return self._folder.name

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def write_files(folder: str, files: dict[str, str]) -> None:
    """Write files, dedented, below a folder; names may hold slashes."""
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text).lstrip("\n"))


class EventResult(unittest.TestResult):
    """A result that records the names of its calls, in ``events``."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []


def _logging(name: str):  # type: ignore[no-untyped-def]
    def method(self, *args):  # type: ignore[no-untyped-def]
        self.events.append(name)
        return getattr(unittest.TestResult, name)(self, *args)

    return method


_EVENTS = "startTest stopTest addSuccess addError addFailure addSkip addExpectedFailure addUnexpectedSuccess addSubTest"
for _name in _EVENTS.split():
    setattr(EventResult, _name, _logging(_name))


def run_tests(cls: type[unittest.TestCase]) -> EventResult:
    """Run the tests of a class with their fixtures, and return the result."""
    result = EventResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(cls).run(result)
    return result

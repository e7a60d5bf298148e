"""Runs of ``manage.py test`` in copies of a project, with what became of each test."""

from __future__ import annotations

import os
import shutil
import tempfile
import unittest
from dataclasses import dataclass, field

from support import ROOT, host_verdicts, run_python, write_files

PROJECT = os.path.join(ROOT, "tests", "samples", "django_project")
MODULES = ("databases", "environment", "sizes")  # of tests, without ``test_``
TIMEOUT = 100.0  # seconds for a run


@dataclass(frozen=True)
class ManageRun:
    """A run of Django's test command.

    Attributes:
        status: the exit status.
        output: what it printed.
        outcomes: by the class and method of each test, its outcomes in their order.
    """

    status: int
    output: str
    outcomes: dict[str, list[str]] = field(default_factory=dict)

    def not_ok(self) -> dict[str, list[str]]:
        """The outcomes of the tests that have others than ``ok``."""
        return {name: outcomes for name, outcomes in self.outcomes.items() if outcomes != [host_verdicts.OK]}


class Project:
    """A copy of the project in a temporary folder, which is removed at the end of a test case's class.

    Args:
        modules: those of MODULES that it has.
        database: ``memory``, ``file``, or ``postgresql``.
        variables: of the environment of each run.
        files: more files, by name.
    """

    def __init__(
        self,
        owner: type[unittest.TestCase],
        *modules: str,
        database: str = "memory",
        variables: dict[str, str] | None = None,
        **files: str,
    ) -> None:
        self.folder = tempfile.mkdtemp(prefix="hermetic-django-")
        owner.addClassCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        others = [f"test_{name}.py" for name in MODULES if name not in modules]
        shutil.copytree(PROJECT, self.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", *others))
        write_files(self.folder, files)
        self._variables = {"PROJECT_DATABASE": database, **(variables or {})}

    def run(self, *arguments: str, by: tuple[str, ...] = (), **variables: str) -> ManageRun:
        """Run ``manage.py test`` with arguments.

        Args:
            by: what stands before ``manage.py``.
        """
        done = run_python(
            *by, "manage.py", "test", "-v2", "--noinput", *arguments,
            cwd=self.folder, env={**self._variables, **variables}, timeout=TIMEOUT,
        )  # fmt: skip
        outcomes: dict[str, list[str]] = {}
        for entry in host_verdicts.parse_text(done.stderr):
            outcomes.setdefault(".".join(entry.test.split(".")[-2:]), []).append(entry.kind)
        return ManageRun(done.returncode, done.stdout + done.stderr, outcomes)

"""Runs the command line: ``python -m hermetic [options] [unittest's arguments]``."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

from .._patches import installation
from . import arguments, run_setup, script, usage
from .program import TestProgram


def main() -> None:
    """Run the tests or the script that the command line names, and exit with the status."""
    gc.freeze()  # nothing that exists so far is garbage, so collections can skip it
    _warn_of_foreign_package()
    installation.report_at_exit(is_first=True)
    program = os.path.basename(sys.argv[0])
    ours, rest = arguments.split_arguments(sys.argv[1:], program)
    if ours.script is None:
        TestProgram(module=None)
        return
    with contextlib.ExitStack() as while_running:
        with usage.configuration_errors(program):
            text = run_setup.text_instead(run_setup.use_settings(ours, while_running), ours)
        if text is not None:
            usage.show(text)
            return
        with usage.configuration_errors(program):
            run_setup.vary(ours)
        script.run_script(ours.script, rest, program)


def run_console_script() -> None:
    """Run the command ``hermetic`` as ``python -m hermetic`` runs: tests are imported from the current folder."""
    if not getattr(sys.flags, "safe_path", False):  # -P, from 3.11 on
        sys.path[0] = os.getcwd()
    main()


def _warn_of_foreign_package() -> None:
    """Warn when another project's ``hermetic`` package is on the path: one of the two hides the other."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    ours = _version_file(here)
    for folder in sys.path:
        other = os.path.join(os.path.abspath(folder), "hermetic")
        is_there = os.path.isfile(os.path.join(other, "__init__.py"))
        if is_there and (not ours or _version_file(other) != ours):  # a checkout and its installed copy are one project
            sys.stderr.write(f"hermetic: warning: another package named hermetic, in {other}, is not used\n")
    if any(name.startswith("hermetic_seal-") for name in _names_beside(here)):
        sys.stderr.write(
            f"hermetic: warning: hermetic-seal, installed in {os.path.dirname(here)}, has the same import name: the"
            " two overwrite each other's files; install them in separate environments\n"
        )


def _version_file(package: str) -> str:
    """Return the text of a package's ``_version.py``, or "" where it has none or is in an archive."""
    try:
        with open(os.path.join(package, "_version.py"), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _names_beside(folder: str) -> list[str]:
    try:
        return os.listdir(os.path.dirname(folder))
    except OSError:  # imported from an archive
        return []

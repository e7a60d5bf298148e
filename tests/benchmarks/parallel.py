"""What ``-j`` is worth: the wall time of real suites, against unittest alone and other tools that run in parallel.

    python tests/benchmarks/parallel.py --sources FOLDER --python PYTHON
    python tests/benchmarks/parallel.py --sources FOLDER --python PYTHON --rounds 3 --suites markdown
    python tests/benchmarks/parallel.py --sources FOLDER --python PYTHON --suites genshi --isolated
    python tests/benchmarks/parallel.py --sources FOLDER --python PYTHON --suites empty

The folder holds the unpacked source archives of the suites (pip download --no-deps --no-binary :all: NAME); the
interpreter has unittest-parallel, pytest and pytest-xdist: what it lacks is left out, and what fails is named. All
variants are run in turn; the medians are compared.
"""

from __future__ import annotations

import argparse
import glob
import os
import statistics
import subprocess
from collections import namedtuple

from measuring import measure


class Suite(namedtuple("Suite", ("archive", "folder", "start", "pattern"))):  # noqa: PYI024 - as the product does it
    """A suite that people ship.

    Attributes:
        archive: how the folder of its sources begins.
        folder: in there, that the suite is run in; its tests import what is in the former.
        start: the folder with the tests, from there.
        pattern: of their files.
    """

    __slots__ = ()


SUITES = {
    "docutils": Suite("docutils-", "test", ".", "test*.py"),
    "markdown": Suite("markdown-", ".", "tests", "test*.py"),
    "empty": Suite("empty-", ".", ".", "test*.py"),  # 6,000 tests, which this program writes
    "genshi": Suite("genshi-", ".", "genshi", "test*.py"),
    "supervisor": Suite("supervisor-", ".", "supervisor/tests", "test*.py"),
    "simplejson": Suite("simplejson-", ".", "simplejson", "test*.py"),
}
LEVELS = ("module", "class", "test")


def write_empty(sources: str) -> None:
    """Write the suite of empty tests."""
    folder = os.path.join(sources, "empty-6000")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "test_empty.py"), "w", encoding="utf-8") as file:
        file.write("import unittest\n")
        for number in range(60):
            tests = "".join(f"    def test_{test}(self): pass\n" for test in range(100))
            file.write(f"class Test{number}(unittest.TestCase):\n{tests}")


def commands(python: str, suite: Suite, jobs: int, *, isolated: bool) -> dict[str, list[str]]:
    """The variants: name to command."""
    discovery = ["discover", "-s", suite.start, "-p", suite.pattern, "-t", "."]
    found = {
        "unittest": [python, "-m", "unittest", *discovery],
        "hermetic": [python, "-m", "hermetic", *discovery],
        f"hermetic -j {jobs}": [python, "-m", "hermetic", "-j", str(jobs), *discovery],
    }
    if isolated:
        found["hermetic --isolated"] = [python, "-m", "hermetic", "--isolated", *discovery]
        found[f"hermetic --isolated -j {jobs}"] = [python, "-m", "hermetic", "--isolated", "-j", str(jobs), *discovery]
    if has(python, "unittest_parallel"):
        parallel = [python, "-m", "unittest_parallel", "-j", str(jobs), "-p", suite.pattern, "-s", suite.start]
        for level in LEVELS:
            found[f"unittest-parallel, {level}"] = [*parallel, "-t", ".", "--level", level]
    if has(python, "xdist"):
        pytest = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", f"python_files={suite.pattern}"]
        for how in ("load", "loadscope"):
            found[f"pytest-xdist, {how}"] = [*pytest, "-n", str(jobs), "--dist", how, suite.start]
    return found


def has(python: str, module: str) -> bool:
    """Whether an interpreter has a module."""
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def measure_suite(name: str, options: argparse.Namespace) -> None:
    """All variants in turn; one round before them is not counted, and what fails in it is left out."""
    suite = SUITES[name]
    sources = next(iter(sorted(glob.glob(os.path.join(options.sources, f"{suite.archive}*", "")))), None)
    if sources is None:
        print(f"\nabsent: {name}")
        return
    folder = os.path.join(sources, suite.folder)
    variants = commands(options.python, suite, options.jobs, isolated=options.isolated)
    times: dict[str, list[float]] = {variant: [] for variant in variants}
    cpu: dict[str, list[float]] = {variant: [] for variant in variants}
    for number in range(options.rounds + 1):
        for variant in [*times]:
            try:
                cost = measure(variants[variant], folder, packages=[sources])
            except SystemExit:
                del times[variant]
                continue
            if number:
                times[variant].append(cost.seconds)
                cpu[variant].append(cost.cpu)
    print(f"\n{name}\n\n| variant | s, median | min | max | CPU s, median |\n|---|---|---|---|---|")
    for variant in variants:
        found = times.get(variant)
        if found:
            numbers = (statistics.median(found), min(found), max(found), statistics.median(cpu[variant]))
            print(f"| {variant} | {' | '.join(f'{number:.2f}' for number in numbers)} |")
        else:
            print(f"| {variant} | fails | | | |")


def main() -> None:
    """Measure all, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", required=True, help="the folder with the unpacked sources of the suites")
    parser.add_argument("--python", required=True, help="an interpreter with the other tools")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--isolated", action="store_true", help="measure --isolated, too")
    parser.add_argument("--suites", nargs="*", default=[*SUITES])
    options = parser.parse_args()
    if "empty" in options.suites:
        write_empty(options.sources)
    print(f"{options.jobs} processes, {options.rounds} rounds")
    for name in options.suites:
        measure_suite(name, options)


if __name__ == "__main__":
    main()

"""What hermetic costs: per test, per import, per start. Ratios of CPU medians, all variants interleaved in one run.

    python tests/benchmarks/overhead.py                     # all rows: 10,000 tests, 9 rounds
    python tests/benchmarks/overhead.py --tests 2000 --rounds 5
    python tests/benchmarks/overhead.py --rows marks        # or hosts, start, imports, reports, pytest

pytest, alone and with the plugins pytest-test-categories and pytest-socket, is measured beside them when the
Python that runs this has them installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import sys
import tempfile

from measuring import measure

METHODS_PER_CLASS = 100
ROWS = ("marks", "hosts", "start", "imports", "reports", "pytest")

HEADS = {
    "unmarked": "import unittest\n",
    "small": "import unittest\nfrom hermetic import small\n",
    "methods": "import unittest\nfrom hermetic import small\n",
    "marked": "import pytest, unittest\n",
}
CLASS = "{decorator}class Test{number}(unittest.TestCase):\n"
METHOD = "    def test_{number}(self): self.assertEqual({number}, {number})\n"
DECORATORS = {"small": "@small\n", "marked": "@pytest.mark.small\n"}
METHOD_DECORATORS = {"methods": "    @small\n"}


def write_suite(folder: str, kind: str, tests: int) -> None:
    """A module of trivial tests, as many as asked for."""
    lines = [HEADS[kind]]
    for number in range(tests):
        if number % METHODS_PER_CLASS == 0:
            lines.append(CLASS.format(decorator=DECORATORS.get(kind, ""), number=number // METHODS_PER_CLASS))
        lines.append(METHOD_DECORATORS.get(kind, "") + METHOD.format(number=number))
    with open(os.path.join(folder, f"test_{kind}.py"), "w", encoding="utf-8") as file:
        file.writelines(lines)


def variants(rows: str) -> dict[str, tuple[str, list[str]]]:
    """Name to base (what its ratio is taken against) and command."""
    python = sys.executable
    unittest, hermetic = [python, "-m", "unittest"], [python, "-m", "hermetic"]
    forbidden = ["--forbid", "filesystem,database,sleep"]
    names = "import unittest\nfrom hermetic import *"
    return {
        "marks": {
            "unittest": ("", [*unittest, "test_unmarked"]),
            "hermetic, unmarked": ("unittest", [*hermetic, "test_unmarked"]),
            "hermetic, all small": ("unittest", [*hermetic, "test_small"]),
            "hermetic, each method small": ("unittest", [*hermetic, "test_methods"]),
            "hermetic, all small, all forbidden": ("unittest", [*hermetic, *forbidden, "test_small"]),
        },
        "hosts": {
            "unittest": ("", [*unittest, "test_unmarked"]),
            "unittest, all small": ("unittest", [*unittest, "test_small"]),
            "unittest, each method small": ("unittest", [*unittest, "test_methods"]),
        },
        "start": {
            "python -m unittest, one test": ("", [*unittest, "one"]),
            "python -m hermetic, one test": ("python -m unittest, one test", [*hermetic, "one"]),
        },
        "imports": {
            "import unittest": ("", [python, "-c", "import unittest"]),
            "import unittest, hermetic": ("import unittest", [python, "-c", "import unittest, hermetic"]),
            "... and its public names": ("import unittest", [python, "-c", names]),
        },
        "reports": {
            "hermetic, unmarked": ("", [*hermetic, "test_unmarked"]),
            "hermetic, JSON": ("hermetic, unmarked", [*hermetic, "--json", "report.json", "test_unmarked"]),
            "hermetic, HTML": ("hermetic, unmarked", [*hermetic, "--html", "report.html", "test_unmarked"]),
            "hermetic, JUnit XML": ("hermetic, unmarked", [*hermetic, "--junit-xml", "report.xml", "test_unmarked"]),
        },
        "pytest": pytest_variants(python) if importlib.util.find_spec("pytest") else {},
    }[rows]


def pytest_variants(python: str) -> dict[str, tuple[str, list[str]]]:
    """pytest, alone and with those of the plugins that are installed."""
    pytest = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    plugins = ("pytest_socket", "socket", "pytest_test_categories", "test_categories")
    without = [part for plugin in plugins for part in ("-p", f"no:{plugin}")]
    found = {"pytest": ("", [*pytest, *without, "test_unmarked.py"])}
    if importlib.util.find_spec("pytest_socket"):
        plugin = ["-p", "no:test_categories", "-p", "no:pytest_test_categories", "--disable-socket"]
        found["pytest-socket"] = ("pytest", [*pytest, *plugin, "test_unmarked.py"])
    if importlib.util.find_spec("pytest_test_categories"):
        plugin = ["--test-categories-enforcement=strict"]
        found["pytest-test-categories"] = ("pytest", [*pytest, *plugin, "test_marked.py"])
    return found


def measure_all(commands: dict[str, tuple[str, list[str]]], folder: str, rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each command, in turn; one round before them is not counted."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, (_, command) in commands.items():
            seconds = measure(command, folder).cpu
            if number:
                times[name].append(seconds)
    return times


def print_table(commands: dict[str, tuple[str, list[str]]], times: dict[str, list[float]]) -> None:
    """One row a variant: median, smallest, largest, ratio of medians to its base, and the difference."""
    print("| variant | CPU s, median | min | max | ratio | difference, ms |")
    print("|---|---|---|---|---|---|")
    for name, (base, _) in commands.items():
        median = statistics.median(times[name])
        ratio = f"{median / statistics.median(times[base]):.3f} of {base}" if base else ""
        difference = f"{(median - statistics.median(times[base])) * 1000:+.1f}" if base else ""
        print(f"| {name} | {median:.3f} | {min(times[name]):.3f} | {max(times[name]):.3f} | {ratio} | {difference} |")


def main() -> None:
    """Write the suites, run everything, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9, help="three times as many for the start and the imports")
    parser.add_argument("--rows", nargs="*", choices=ROWS, default=ROWS)
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {options.tests} tests, {options.rounds} rounds\n")
    with tempfile.TemporaryDirectory() as folder:
        for kind in HEADS:
            write_suite(folder, kind, options.tests)
        alone = os.path.join(folder, "alone")  # where no history of other tests is read
        os.mkdir(alone)
        with open(os.path.join(alone, "one.py"), "w", encoding="utf-8") as file:
            file.write("import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n")
        for rows in options.rows:
            is_short = rows in ("start", "imports")
            commands = variants(rows)
            found = measure_all(commands, alone if is_short else folder, options.rounds * (3 if is_short else 1))
            print(f"{rows}\n")
            print_table(commands, found)
            print()


if __name__ == "__main__":
    main()

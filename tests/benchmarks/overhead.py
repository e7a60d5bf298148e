"""What hermetic costs: per test, per import, per start. Ratios of CPU medians, all variants interleaved in one run.

    python tests/benchmarks/overhead.py                     # 10,000 tests, 9 rounds
    python tests/benchmarks/overhead.py --tests 2000 --rounds 5

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


def variants(kind: str) -> dict[str, tuple[str, list[str]]]:
    """Name to base (what its ratio is taken against) and command."""
    python = sys.executable
    if kind == "start":
        return {
            "python -m unittest, one test": ("", [python, "-m", "unittest", "one"]),
            "python -m hermetic, one test": ("python -m unittest, one test", [python, "-m", "hermetic", "one"]),
            "import unittest": ("", [python, "-c", "import unittest"]),
            "import unittest, hermetic": ("import unittest", [python, "-c", "import unittest, hermetic"]),
            "... and its public names": (
                "import unittest",
                [python, "-c", "import unittest\nfrom hermetic import *"],
            ),
        }
    found = {
        "unittest": ("", [python, "-m", "unittest", "test_unmarked"]),
        "hermetic, unmarked": ("unittest", [python, "-m", "hermetic", "test_unmarked"]),
        "hermetic, all small": ("unittest", [python, "-m", "hermetic", "test_small"]),
        "hermetic, each method small": ("unittest", [python, "-m", "hermetic", "test_methods"]),
        "hermetic, all small, all forbidden": (
            "unittest",
            [python, "-m", "hermetic", "--forbid", "filesystem,database,sleep", "test_small"],
        ),
        "unittest, all small": ("unittest", [python, "-m", "unittest", "test_small"]),
        "unittest, each method small": ("unittest", [python, "-m", "unittest", "test_methods"]),
    }
    if importlib.util.find_spec("pytest"):
        pytest = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        without = [
            "-p",
            "no:pytest_socket",
            "-p",
            "no:socket",
            "-p",
            "no:pytest_test_categories",
            "-p",
            "no:test_categories",
        ]
        found["pytest"] = ("", [*pytest, *without, "test_unmarked.py"])
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
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {options.tests} tests, {options.rounds} rounds\n")
    with tempfile.TemporaryDirectory() as folder:
        for kind in HEADS:
            write_suite(folder, kind, options.tests)
        with open(os.path.join(folder, "one.py"), "w", encoding="utf-8") as file:
            file.write("import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n")
        for kind, rounds in (("tests", options.rounds), ("start", options.rounds * 3)):
            commands = variants(kind)
            print_table(commands, measure_all(commands, folder, rounds))
            print()


if __name__ == "__main__":
    main()

"""How a run grows with its tests: CPU time and memory of 1,000, 10,000 and 100,000 empty tests.

    python tests/benchmarks/growth.py                 # 3 rounds
    python tests/benchmarks/growth.py --most 10000 --isolated 1000

With and without ``-j 2`` (which has no history here, so that it always has workers), and isolated. All variants are run
in turn; the medians are compared. Each row shows what one more test costs, next to the suite of a tenth of its size.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile

from measuring import Cost, measure

CLASS = 100  # tests in each class
VARIANTS = {
    "unittest": ["-m", "unittest"],
    "hermetic": ["-m", "hermetic"],
    "hermetic -j 2": ["-m", "hermetic", "-j", "2", "--history", "off"],
    "hermetic --isolated": ["-m", "hermetic", "--isolated", "--history", "off"],
}


def write_suite(folder: str, tests: int) -> None:
    """A module of empty tests."""
    lines = ["import unittest\n"]
    for number in range(tests):
        if number % CLASS == 0:
            lines.append(f"class Test{number}(unittest.TestCase):\n")
        lines.append(f"    def test_{number:06}(self): pass\n")
    with open(os.path.join(folder, f"test_{tests}.py"), "w", encoding="utf-8") as file:
        file.writelines(lines)


def sizes_of(variant: str, options: argparse.Namespace) -> list[int]:
    """The numbers of tests that a variant runs."""
    most = options.isolated if variant.endswith("--isolated") else options.most
    return [tests for tests in (1_000, 10_000, 100_000) if tests <= most]


def print_table(costs: dict[tuple[str, int], list[Cost]]) -> None:
    """One row for each variant and size."""
    print("| variant | tests | CPU s | µs for each further test | peak MB of the run | kB for each further test |")
    print("|---|---|---|---|---|---|")
    medians = {key: [statistics.median(column) for column in zip(*rows, strict=True)] for key, rows in costs.items()}
    for (variant, tests), (cpu, _, megabytes) in medians.items():
        before = medians.get((variant, tests // 10))
        further = tests - tests // 10
        more = ("", "")
        if before is not None:
            time, memory = (cpu - before[0]) / further * 1e6, (megabytes - before[2]) / further * 1e3
            more = f"{time:.0f}", f"{memory:.1f}"
        print(f"| {variant} | {tests:,} | {cpu:.2f} | {more[0]} | {megabytes:.0f} | {more[1]} |")


def main() -> None:
    """Measure all, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=int, default=100_000, help="the largest number of tests")
    parser.add_argument("--isolated", type=int, default=10_000, help="the largest number of isolated tests; 0 for none")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {options.rounds} rounds\n")
    keys = [(variant, tests) for variant in VARIANTS for tests in sizes_of(variant, options)]
    costs: dict[tuple[str, int], list[Cost]] = {key: [] for key in keys}
    with tempfile.TemporaryDirectory(prefix="hermetic-benchmark-") as folder:
        for tests in {tests for _, tests in keys}:
            write_suite(folder, tests)
            measure([sys.executable, "-c", f"import test_{tests}"], folder)  # it is compiled
        for _ in range(options.rounds):
            for variant, tests in keys:
                costs[variant, tests].append(measure([sys.executable, *VARIANTS[variant], f"test_{tests}"], folder))
    print_table(costs)


if __name__ == "__main__":
    main()

"""How a run grows with its tests: CPU time and memory of suites of 1,000, 10,000 and 100,000 tests of one kind.

    python tests/benchmarks/growth.py                                      # empty tests, 3 rounds
    python tests/benchmarks/growth.py --most 10000 --isolated 1000
    python tests/benchmarks/growth.py --kinds failures output --rounds 1
    python tests/benchmarks/growth.py --kinds processes --most 10000 --variants hermetic "hermetic -j 2"

With and without ``-j 2`` (which has no history here, so that it always has workers), and isolated. All variants are run
in turn; the medians are compared. Each row shows what one more test costs, next to the suite of a tenth of its size. A
run that takes longer than ``--limit`` seconds is ended, and its row says so.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections import namedtuple

from measuring import Cost, measure, measure_within

CLASS = 100  # tests in each class
SIZES = (1_000, 10_000, 100_000)
VARIANTS = {
    "unittest": ["-m", "unittest"],
    "hermetic": ["-m", "hermetic"],
    "hermetic -j 2": ["-m", "hermetic", "-j", "2", "--history", "off"],
    "hermetic --isolated": ["-m", "hermetic", "--isolated", "--history", "off"],
}


class Kind(namedtuple("Kind", ("body", "in_class", "head", "status"), defaults=(CLASS, "", 0))):  # noqa: PYI024
    """A kind of test.

    Attributes:
        body: its code.
        in_class: the number of tests in each class.
        head: what the module begins with.
        status: the exit status of a run.
    """

    __slots__ = ()


KINDS = {
    "empty": Kind("pass"),
    "failures": Kind("self.assertEqual([1, 2], [1, 3])", status=1),
    "output": Kind("print('text ' * 20)"),
    "processes": Kind("subprocess.run(['true'])", head="import subprocess\n"),
    "classes": Kind("pass", in_class=1),  # each with a class of its own
    "module": Kind("pass", head="def setUpModule(): pass\n"),  # all in one worker
}


def write_suite(folder: str, name: str, tests: int) -> None:
    """A module of tests of one kind."""
    kind = KINDS[name]
    lines = [f"import unittest\n{kind.head}"]
    for number in range(tests):
        if number % kind.in_class == 0:
            lines.append(f"class Test{number}(unittest.TestCase):\n")
        lines.append(f"    def test_{number:06}(self): {kind.body}\n")
    with open(os.path.join(folder, f"test_{name}_{tests}.py"), "w", encoding="utf-8") as file:
        file.writelines(lines)


def sizes_of(variant: str, options: argparse.Namespace) -> list[int]:
    """The numbers of tests that a variant runs."""
    most = options.isolated if variant.endswith("--isolated") else options.most
    return [tests for tests in SIZES if tests <= most]


def print_table(costs: dict[tuple[str, str, int], list[Cost]]) -> None:
    """One row for each kind, variant and size."""
    print("| tests | variant | number | CPU s | µs for each further test | peak MB | kB for each further test |")
    print("|---|---|---|---|---|---|---|")
    medians = {key: [*map(statistics.median, zip(*rows, strict=True))] for key, rows in costs.items() if rows}
    for kind, variant, tests in costs:
        if (kind, variant, tests) not in medians:
            print(f"| {kind} | {variant} | {tests:,} | too long | | | |")
            continue
        cpu, _, megabytes = medians[kind, variant, tests]
        before = medians.get((kind, variant, tests // 10))
        further = tests - tests // 10
        more = ("", "")
        if before is not None:
            time, memory = (cpu - before[0]) / further * 1e6, (megabytes - before[2]) / further * 1e3
            more = f"{time:.0f}", f"{memory:.1f}"
        print(f"| {kind} | {variant} | {tests:,} | {cpu:.2f} | {more[0]} | {megabytes:.0f} | {more[1]} |")


def main() -> None:
    """Measure all, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", choices=[*KINDS], default=["empty"])
    parser.add_argument("--variants", nargs="+", choices=[*VARIANTS], default=[*VARIANTS])
    parser.add_argument("--most", type=int, default=100_000, help="the largest number of tests")
    parser.add_argument("--isolated", type=int, default=10_000, help="the largest number of isolated tests; 0 for none")
    parser.add_argument("--limit", type=float, default=600, help="the seconds that a run may take")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {options.rounds} rounds\n")
    keys = [
        (kind, variant, tests)
        for kind in options.kinds
        for variant in options.variants
        for tests in sizes_of(variant, options)
    ]
    costs: dict[tuple[str, str, int], list[Cost]] = {key: [] for key in keys}
    with tempfile.TemporaryDirectory(prefix="hermetic-benchmark-") as folder:
        for kind, tests in {(kind, tests) for kind, _, tests in keys}:
            write_suite(folder, kind, tests)
            measure([sys.executable, "-c", f"import test_{kind}_{tests}"], folder)  # it is compiled
        for _ in range(options.rounds):
            for kind, variant, tests in keys:
                command = [sys.executable, *VARIANTS[variant], f"test_{kind}_{tests}"]
                cost = measure_within(options.limit, command, folder, status=KINDS[kind].status)
                costs[kind, variant, tests] += [] if cost is None else [cost]
    print_table(costs)


if __name__ == "__main__":
    main()

"""What isolation costs with pytest as host: CPU for each isolated item, against pytest-forked.

    python tests/benchmarks/pytest_host.py                        # 200 items, 7 rounds
    python tests/benchmarks/pytest_host.py --items 50 --rounds 3

The interpreter needs pytest 8.4 and pytest-forked. (With pytest 9.2, pytest-forked 1.7.5 fails every test.) All
variants are run in turn. What the same items take in one process is subtracted from the medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile

from measuring import measure

PLAIN, FORKED, OURS, GROUPED = "plain", "pytest-forked", "hermetic", "hermetic, one group"
MARKS = {
    PLAIN: "",
    FORKED: "@pytest.mark.forked\n",
    OURS: "@pytest.mark.isolated\n",
    GROUPED: "@pytest.mark.isolated('group')\n",
}
WITHOUT = {PLAIN: ("hermetic", "forked"), FORKED: ("hermetic",), OURS: ("forked",), GROUPED: ("forked",)}


def command_of(variant: str) -> list[str]:
    """The command that runs the items of a variant."""
    left_out = [part for name in WITHOUT[variant] for part in ("-p", f"no:{name}")]
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *left_out, file_of(variant)]


def file_of(variant: str) -> str:
    """The file of a variant."""
    return f"test_{'_'.join(variant.replace(',', '').replace('-', ' ').split())}.py"


def write_suites(folder: str, items: int) -> None:
    """Write a file of trivial items for each variant."""
    for variant, mark in MARKS.items():
        with open(os.path.join(folder, file_of(variant)), "w", encoding="utf-8") as file:
            file.write("import pytest\n")
            file.writelines(f"{mark}def test_{number:04}(): pass\n" for number in range(items))


def main() -> None:
    """Measure, and print what an item costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    spent: dict[str, list[float]] = {variant: [] for variant in MARKS}
    with tempfile.TemporaryDirectory() as folder:
        write_suites(folder, options.items)
        for _ in range(options.rounds + 1):
            for variant, found in spent.items():
                found.append(measure(command_of(variant), folder).cpu)
    medians = {variant: statistics.median(found[1:]) for variant, found in spent.items()}  # the first fills caches
    costs = {variant: (cpu - medians[PLAIN]) / options.items for variant, cpu in medians.items() if variant != PLAIN}
    for variant, cost in costs.items():
        print(f"{variant:20} {cost * 1000:6.2f} ms of CPU for each item, {cost / costs[FORKED]:5.2f} of pytest-forked")


if __name__ == "__main__":
    main()

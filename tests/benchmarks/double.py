"""What a doubled command costs beside a real one. Wall-clock medians, all variants interleaved in one process.

python tests/benchmarks/double.py               # 400 rounds
python tests/benchmarks/double.py --rounds 100
"""

from __future__ import annotations

import argparse
import asyncio  # noqa: F401 - the double stands in it as well, where it is loaded
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from hermetic import SubprocessMock

TRUE = ["true"]
NUMBER = 10  # runs that one measurement is the mean of


def seconds(function, number: int) -> float:
    """The mean time of a call."""
    started = time.perf_counter()
    for _ in range(number):
        function()
    return (time.perf_counter() - started) / number


def run() -> None:
    """A command that is not captured."""
    subprocess.run(TRUE, check=True)


def run_captured() -> None:
    """A command whose output is captured."""
    subprocess.run(TRUE, check=True, capture_output=True)


def doubled(function) -> float:
    """The time of a command within a double."""
    with SubprocessMock() as double:
        double.mock_run(TRUE, stdout="some output\n" if function is run_captured else "", times=NUMBER)
        return seconds(function, NUMBER)


def enter_and_leave() -> None:
    """An empty block."""
    with SubprocessMock():
        pass


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=400)
    rounds = parser.parse_args().rounds
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        found = {
            "run, real": seconds(run, 1),
            "run, doubled": doubled(run),
            "run captured, real": seconds(run_captured, 1),
            "run captured, doubled": doubled(run_captured),
            "enter and leave": seconds(enter_and_leave, NUMBER),
        }
        for name, value in found.items():
            times.setdefault(name, []).append(value)
    print(f"Python {sys.version.split()[0]}, {rounds} rounds\n")
    print("| variant | ms, median | of the real one |\n|---|---|---|")
    for name, values in times.items():
        real = times.get(name.replace("doubled", "real"), values)
        ratio = f"{statistics.median(values) / statistics.median(real):.2f}" if real is not values else ""
        print(f"| {name} | {statistics.median(values) * 1000:.3f} | {ratio} |")


if __name__ == "__main__":
    main()

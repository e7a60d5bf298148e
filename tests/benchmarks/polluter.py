"""What ``--bisect`` is worth: the wall time until a polluter is found, against detect-test-pollution.

    python tests/benchmarks/polluter.py --python PYTHON
    python tests/benchmarks/polluter.py --python PYTHON --rounds 3 --tests 2000

The interpreter has pytest and detect-test-pollution; without the latter, only ours is measured. The suite is made for
it: classes of ten tests, fifty to a module, one of which changes what the last test of all looks at. Both tools are
run in turn, with the polluter in the same place, and must name it; the medians are compared.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import tempfile
import time
from collections import namedtuple

from measuring import ROOT

_PER_CLASS, _PER_MODULE = 10, 50
_PLACES = {"early": 0.1, "in the middle": 0.45, "late": 0.95}  # of the polluter, among all


class Found(namedtuple("Found", ("seconds", "steps"))):  # noqa: PYI024 - as the product does it
    """How a polluter was found.

    Attributes:
        seconds: of wall time.
        steps: how often tests were run before the last one, or None if the tool does not say.
    """

    __slots__ = ()


def write_suite(folder: str, count: int, polluter: int) -> tuple[str, str]:
    """Write a suite of so many tests; return the ids of the polluter, by its place, and of the test that it makes fail.

    Args:
        folder: the path.
        count: how many tests.
        polluter: its place.
    """
    with open(os.path.join(folder, "shared_state.py"), "w", encoding="utf-8") as file:
        file.write("discount = 0\n")
    ids = []
    for module in range(math.ceil(count / _PER_MODULE)):
        lines = ["import unittest", "import shared_state"]
        for number in range(module * _PER_MODULE, min((module + 1) * _PER_MODULE, count)):
            if number % _PER_CLASS == 0:
                lines += ["", f"class Test{number // _PER_CLASS:05}(unittest.TestCase):"]
            does = "self.assertTrue(sorted(map(str, range(100))))"
            does = "shared_state.discount = 5" if number == polluter else does
            does = "self.assertEqual(shared_state.discount, 0)" if number == count - 1 else does
            lines += [f"    def test_{number:05}(self):", f"        {does}"]
            ids.append(f"test_{module:04}.Test{number // _PER_CLASS:05}.test_{number:05}")
        with open(os.path.join(folder, f"test_{module:04}.py"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    return ids[polluter], ids[-1]


def find(command: list[str], folder: str, named: str) -> Found:
    """Run a tool, which must name the polluter.

    Raises:
        SystemExit: it does not.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HERMETIC_", "PYTHON"))}
    environment.update(PYTHONPATH=ROOT)
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode or named not in done.stdout:
        raise SystemExit(f"{' '.join(command)} ended with status {done.returncode}\n{done.stdout}{done.stderr}")
    steps = sum(" after " in line and not line.startswith("test_") for line in done.stderr.splitlines())
    return Found(seconds, steps or sum("running step" in line for line in done.stdout.splitlines()) + 2)


def commands(python: str, polluter: str, victim: str) -> dict[str, tuple[list[str], str]]:
    """The tools: name to command, and how it names the polluter."""
    found = {"hermetic --bisect": ([python, "-m", "hermetic", "discover", "--bisect", victim], polluter)}
    if subprocess.run([python, "-c", "import detect_test_pollution"], capture_output=True, check=False).returncode == 0:
        program = "import sys, detect_test_pollution; sys.exit(detect_test_pollution.main())"  # -m does not work
        other = [python, "-c", program, "--tests", ".", "--failing-test", as_pytest_names_it(victim)]
        found["detect-test-pollution"] = other, as_pytest_names_it(polluter)
    return found


def as_pytest_names_it(name: str) -> str:
    """The id of a test of a class in a module, in pytest's way."""
    return name.replace(".", ".py::", 1).replace(".test", "::test")


def main() -> None:
    """Measure all, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="an interpreter with pytest and detect-test-pollution")
    parser.add_argument("--tests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{options.tests} tests, {options.rounds} rounds; log2(n) + 3 = {math.log2(options.tests) + 3:.1f}\n")
    print("| polluter | tool | s, median | min | max | runs of earlier tests |\n|---|---|---|---|---|---|")
    for place, share in _PLACES.items():
        with tempfile.TemporaryDirectory() as folder:
            ids = write_suite(folder, options.tests, int(options.tests * share))
            variants = commands(options.python, *ids)
            found: dict[str, list[Found]] = {name: [] for name in variants}
            for _ in range(options.rounds):
                for name, (command, named) in variants.items():
                    found[name].append(find(command, folder, named))
        for name, each in found.items():
            seconds = [one.seconds for one in each]
            numbers = (statistics.median(seconds), min(seconds), max(seconds))
            print(
                f"| {place} | {name} | {' | '.join(f'{n:.2f}' for n in numbers)} | {max(one.steps for one in each)} |"
            )


if __name__ == "__main__":
    main()

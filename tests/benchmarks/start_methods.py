"""What hermetic adds to a child of multiprocessing, by start method: both sides in one run, in turn.

    python tests/benchmarks/start_methods.py [ROUNDS]

Each side is a process of its own that starts children one by one and waits for each; the medians are compared. The
child runs a function of the standard library, so that nothing but Python and hermetic is loaded in it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

_CHILDREN = 15  # of each side in each round
_BUDGETS = {"fork": "1 ms more", "spawn": "10 % more", "forkserver": "10 ms more"}

_CODE = """
import multiprocessing, sys, time, unittest
{setup}
method, children = sys.argv[1], int(sys.argv[2])
context = multiprocessing.get_context(method)

def start():
    process = context.Process(target=abs, args=(1,))
    process.start()
    process.join()
    assert process.exitcode == 0

class ChildTest(unittest.TestCase):
    def test_children(self):
        start()  # starts the helpers, too
        for _ in range(children):
            before = time.perf_counter()
            start()
            print(time.perf_counter() - before)

unittest.main(argv=["benchmark"])
"""
_SIDES = {
    "plain": _CODE.format(setup=""),
    "hermetic": _CODE.format(setup="import hermetic"),
    "medium": _CODE.format(setup="import hermetic; __hermetic__ = hermetic.medium"),
}


def seconds(side: str, method: str) -> list[float]:
    """What each child of a run took."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    command = [sys.executable, "-c", _SIDES[side], method, str(_CHILDREN)]
    env = {**os.environ, "PYTHONPATH": root}
    with tempfile.TemporaryDirectory() as folder:  # away from this project's settings
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for method in ("fork", "spawn", "forkserver"):
        taken: dict[str, list[float]] = {side: [] for side in _SIDES}
        for _ in range(rounds):
            for side, values in taken.items():
                values.extend(seconds(side, method))
        plain = statistics.median(taken["plain"])
        print(f"{method}: plain {plain * 1000:.2f} ms (budget: {_BUDGETS[method]})")
        for side in ("hermetic", "medium"):
            median = statistics.median(taken[side])
            print(f"  {side:9} {median * 1000:.2f} ms, {(median - plain) * 1000:+.2f} ms, {median / plain:.2f} times")


if __name__ == "__main__":
    main()

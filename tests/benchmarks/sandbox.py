"""What the kernel sandbox costs: per system call that is judged, per call that is not, per worker.

    python tests/benchmarks/sandbox.py                   # 5 rounds
    python tests/benchmarks/sandbox.py --rounds 3 --workers 20

All variants are measured in turn, and the least of each is shown: what comes on top of that is other work.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile

from measuring import ROOT, measure

CALLS = """
import ctypes, os, socket, struct, time, unittest
from hermetic import isolated, medium
native_connect, native_getppid = ctypes.CDLL(None).connect, ctypes.CDLL(None).getppid
address = struct.pack("=H", 2) + struct.pack(">H", 9) + socket.inet_aton("127.0.0.1") + bytes(8)
class Test(unittest.TestCase):
    def show(self, what, call, *arguments):
        least = float("inf")
        for _ in range(20):
            started = time.perf_counter()
            for _ in range(500):
                call(*arguments)
            least = min(least, (time.perf_counter() - started) / 500)
        print(f"{what}: {least * 1e6:.2f} us")
    def calls(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            self.show("connect", native_connect, sock.fileno(), address, 16)
        self.show("getppid", native_getppid)
"""
SANDBOXES = ("off", "kernel")
TEST = """
    @isolated(sandbox="{sandbox}")
    @medium
    def test_{number:05}(self): {body}
"""


def write(folder: str, sandbox: str, workers: int) -> None:
    """A module that measures calls, and one of trivial tests, each with a worker of its own."""
    for name, count, body in (("calls", 1, "self.calls()"), ("workers", workers, "pass")):
        tests = [TEST.format(sandbox=sandbox, number=number, body=body) for number in range(count)]
        with open(os.path.join(folder, f"test_{name}_{sandbox}.py"), "w", encoding="utf-8") as file:
            file.write(CALLS + "".join(tests))


def times_of_calls(folder: str, sandbox: str) -> dict[str, float]:
    """The microseconds that each call takes."""
    command = [sys.executable, "-m", "hermetic", f"test_calls_{sandbox}"]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": ROOT}, capture_output=True, text=True, check=True
    )
    return {name: float(value) for name, value in re.findall(r"(\w+): ([\d.]+) us", done.stdout)}


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=100)
    options = parser.parse_args()
    least: dict[tuple[str, str], float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for sandbox in SANDBOXES:
            write(folder, sandbox, options.workers)
        for _ in range(options.rounds):
            for sandbox in SANDBOXES:
                cost = measure([sys.executable, "-m", "hermetic", f"test_workers_{sandbox}"], folder)
                found = {**times_of_calls(folder, sandbox), "worker": cost.seconds / options.workers * 1e6}
                for name, value in found.items():
                    least[name, sandbox] = min(value, least.get((name, sandbox), value))
    print("| | without, µs | in a sandbox, µs | difference |\n|---|---|---|---|")
    for name in ("connect", "getppid", "worker"):
        off, on = least[name, "off"], least[name, "kernel"]
        print(f"| {name} | {off:.2f} | {on:.2f} | {on - off:+.2f} |")


if __name__ == "__main__":
    main()

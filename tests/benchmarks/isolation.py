"""What isolation costs: CPU and time per isolated test, against other tools and against what no tool can go below.

    python tests/benchmarks/isolation.py                      # 100 tests, 7 rounds
    python tests/benchmarks/isolation.py --tests 20 --rounds 3 --memory 0
    python tests/benchmarks/isolation.py --slope 200 1000 --rounds 3
    python tests/benchmarks/isolation.py --peers PYTHON --pytest9 PYTHON

The other tools are measured where an interpreter that has them is given: ``--peers`` one with pytest-isolated and
unittest-parallel, ``--pytest9`` one with pytest-forked and pytest-isolate, which need another pytest. With numpy in all
of them, a second module is measured that imports it. All variants are run in turn; the medians are compared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

from measuring import Cost, measure

GROUPS = 10

PLAIN, OURS, PYTEST = "plain", "ours", "pytest"
HEADS = {
    PLAIN: "import unittest, {module}\n",
    OURS: "import unittest, {module}\nfrom hermetic import isolated\n",
    PYTEST: "import unittest, pytest, {module}\n",
}
BARE_FORK = """
import os, unittest, {module}
for _ in range({tests}):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
"""
STARTS = """
import subprocess, sys
for _ in range({tests}):
    subprocess.run([sys.executable, *{arguments!r}], check=True)
"""


def write_suite(  # noqa: PLR0913 - what there is to vary
    folder: str, name: str, kind: str, module: str, tests: int, *, grouped: bool = False
) -> None:
    """A module of trivial tests: each to be isolated alone, or ten groups of them."""
    lines = [HEADS[kind].format(module=module), "class Test(unittest.TestCase):\n"]
    for number in range(tests):
        group = f"group {number * GROUPS // tests}"
        if kind == OURS:
            lines.append(f"    @isolated({group!r})\n" if grouped else "    @isolated\n")
        elif kind == PYTEST and grouped:
            lines.append(f"    @pytest.mark.isolated(group={group!r})\n")
        lines.append(f"    def test_{number:05}(self): pass\n")
    with open(os.path.join(folder, f"{name}.py"), "w", encoding="utf-8") as file:
        file.writelines(lines)


def write_suites(folder: str, module: str, tests: int) -> None:
    """The modules that the variants run."""
    for kind in HEADS:
        write_suite(folder, f"test_{kind}", kind, module, tests)
        write_suite(folder, f"test_{kind}_grouped", kind, module, tests, grouped=True)


def floors(module: str, tests: int) -> dict[str, list[str]]:
    """What no tool can go below: name to command."""
    importing = f"import unittest, {module}"
    return {
        "fork, _exit, waitpid": [sys.executable, "-c", BARE_FORK.format(module=module, tests=tests)],
        "python -I -S -c pass": [
            *(sys.executable, "-c", STARTS.format(tests=tests, arguments=["-I", "-S", "-c", "pass"])),
        ],
        f"python -c '{importing}'": [sys.executable, "-c", STARTS.format(tests=tests, arguments=["-c", importing])],
    }


def ours() -> dict[str, list[str]]:
    """Our own variants, in the runner of ours and in unittest's."""
    python = sys.executable
    fresh = (
        "import os, sys; os.environ['HERMETIC_ISOLATED_START'] = 'fresh'; import unittest; unittest.main(module=None)"
    )
    return {
        "hermetic": [python, "-m", "hermetic", "test_ours"],
        "hermetic, 10 groups": [python, "-m", "hermetic", "test_ours_grouped"],
        "hermetic, fresh": [python, "-m", "hermetic", "--isolated-start", "fresh", "test_ours"],
        "hermetic, fresh, 10 groups": [python, "-m", "hermetic", "--isolated-start", "fresh", "test_ours_grouped"],
        "unittest": [python, "-m", "unittest", "test_ours"],
        "unittest, 10 groups": [python, "-m", "unittest", "test_ours_grouped"],
        "unittest, fresh": [python, "-c", fresh, "test_ours"],
    }


def peers(options: argparse.Namespace, module: str) -> dict[str, list[str]]:
    """The tools that the given interpreters have; others are named as absent."""
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    parallel = ["-m", "unittest_parallel", "--level", "test", "--disable-process-pooling", "-j", "2", "-p"]
    wanted = {
        "pytest-isolated": (options.peers, "pytest_isolated", [*pytest, "--isolated", "test_pytest.py"]),
        "pytest-isolated, 10 groups": (options.peers, "pytest_isolated", [*pytest, "test_pytest_grouped.py"]),
        "unittest-parallel": (options.peers, "unittest_parallel", [*parallel, "test_plain.py"]),
        "pytest-forked": (options.pytest9, "pytest_forked", [*pytest, "--forked", "test_plain.py"]),
        "pytest-isolate": (options.pytest9, "pytest_isolate", [*pytest, "--isolate", "test_plain.py"]),
    }
    found = {}
    for name, (python, package, arguments) in wanted.items():
        if python and can_import(python, package) and can_import(python, module):
            found[name] = [python, *arguments]
        else:
            print(f"absent: {name}")
    return found


def can_import(python: str, module: str) -> bool:
    """Whether an interpreter has a module."""
    command = [python, "-c", f"import {module}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def print_table(times: dict[str, list[Cost]], tests: int) -> None:
    """One row a variant: medians per test, and ratios of CPU to a bare fork and to ours."""
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in times.items()}
    fork, own = (medians[name][0] for name in ("fork, _exit, waitpid", "hermetic"))
    print("| variant | CPU ms per test | time ms per test | CPU : bare fork | CPU : hermetic |")
    print("|---|---|---|---|---|")
    for name, (cpu, seconds, _) in medians.items():
        per_test = f"{cpu / tests * 1000:.2f} | {seconds / tests * 1000:.2f}"
        print(f"| {name} | {per_test} | {cpu / fork:.2f} | {cpu / own:.2f} |")


def measure_module(options: argparse.Namespace, module: str) -> None:
    """All variants in turn; one round before them is not counted."""
    print(f"\n{options.tests} tests in a module that imports {module}\n")
    with tempfile.TemporaryDirectory(prefix="hermetic-benchmark-") as folder:
        write_suites(folder, module, options.tests)
        commands = {**floors(module, options.tests), **ours(), **peers(options, module)}
        times: dict[str, list[Cost]] = {name: [] for name in commands}
        for number in range(options.rounds + 1):
            for name, command in commands.items():
                found = measure(command, folder)
                if number:
                    times[name].append(found)
    print_table(times, options.tests)


def measure_slope(few: int, many: int, rounds: int) -> None:
    """What one more isolated test costs, without the start of the runner, next to one more bare fork."""
    cpu: dict[tuple[str, int], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="hermetic-benchmark-") as folder:
        for tests in (few, many):
            write_suite(folder, f"test_{tests}", OURS, "json", tests)
        for number in range(rounds + 1):
            for tests in (few, many):
                fork = [sys.executable, "-c", BARE_FORK.format(module="json", tests=tests)]
                for name, command in {
                    "fork": fork,
                    "ours": [sys.executable, "-m", "hermetic", f"test_{tests}"],
                }.items():
                    found = measure(command, folder)
                    if number:
                        cpu.setdefault((name, tests), []).append(found.cpu)
    slopes = {
        name: (statistics.median(cpu[name, many]) - statistics.median(cpu[name, few])) / (many - few) * 1000
        for name in ("fork", "ours")
    }
    print(
        f"CPU ms per test from {few} to {many}: bare fork {slopes['fork']:.2f}, hermetic {slopes['ours']:.2f},", end=""
    )
    print(f" {slopes['ours'] / slopes['fork']:.2f} bare forks")


def measure_memory(many: int, few: int = 100) -> None:
    """The size of the parent for many isolated tests, against that for few."""
    sizes = {}
    with tempfile.TemporaryDirectory(prefix="hermetic-benchmark-") as folder:
        for tests in (few, many):
            write_suite(folder, f"test_{tests}", OURS, "json", tests)
            plain = f"test_{tests}_plain"
            write_suite(folder, plain, PLAIN, "json", tests)
            sizes[tests] = (
                measure([sys.executable, "-m", "hermetic", f"test_{tests}"], folder).megabytes,
                measure([sys.executable, "-m", "hermetic", plain], folder).megabytes,
            )
    print("\n| tests | peak MB of the parent, isolated | not isolated |\n|---|---|---|")
    for tests, (isolated, plain_size) in sizes.items():
        print(f"| {tests} | {isolated:.1f} | {plain_size:.1f} |")


def main() -> None:
    """Measure all, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--modules", nargs="*", default=["json", "numpy"])
    parser.add_argument("--memory", type=int, default=10_000, help="isolated tests for the memory; 0 for none")
    parser.add_argument("--peers", help="an interpreter with pytest-isolated and unittest-parallel")
    parser.add_argument("--pytest9", help="an interpreter with pytest-forked and pytest-isolate")
    parser.add_argument("--slope", type=int, nargs=2, metavar=("FEW", "MANY"), help="measure that alone")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {options.rounds} rounds")
    if options.slope:
        measure_slope(*options.slope, options.rounds)
        return
    for module in options.modules:
        if can_import(sys.executable, module):
            measure_module(options, module)
        else:
            print(f"\nabsent: {module}")
    if options.memory:
        measure_memory(options.memory)


if __name__ == "__main__":
    main()

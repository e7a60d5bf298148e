"""What hermetic's plugin costs, and whether it changes anything, in the suites of other projects under pytest.

    python tests/benchmarks/pytest_suites.py FOLDER             # 5 rounds of ten suites
    python tests/benchmarks/pytest_suites.py FOLDER --rounds 3 --only toolz

No test of these projects has a mark of hermetic. Each suite runs with the plugin and with ``-p no:hermetic`` in turn,
and is collected in both ways. The outcomes of all tests must be equal. The Python that runs this needs pytest and what
the suites need: attrs, cloudpickle, freezegun, hypothesis, pretend and tomli_w. The source distributions are downloaded
with pip into the folder, and are used from there if they are there.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tarfile

from measuring import ROOT

# Project, version, what pytest runs in its folder, and the folder of the package if that is below.
SUITES = (
    ("attrs", "26.1.0", ["tests"], "src"),
    ("click", "8.5.1", ["tests", "--ignore=tests/test_deprecations.py"], "src"),
    ("humanize", "4.17.0", ["tests"], "src"),
    ("iniconfig", "2.3.1", ["testing"], "src"),
    ("itsdangerous", "2.2.0", ["tests"], "src"),
    ("markupsafe", "3.0.4", ["tests"], "src"),
    ("more_itertools", "11.2.1", ["tests"], ""),
    ("packaging", "26.4", ["tests"], "src"),
    ("pluggy", "1.7.0", ["testing", "--ignore=testing/benchmark.py"], "src"),
    ("toolz", "1.2.0", ["toolz"], ""),
)
SECONDS = 600  # for a suite

# A plugin for one run: it writes the outcome of each phase of each test.
OUTCOMES = """
import json, os

outcomes = []

def pytest_runtest_logreport(report):
    outcomes.append([report.nodeid, report.when, report.outcome, hasattr(report, "wasxfail")])

def pytest_sessionfinish():
    with open(os.environ["SUITE_OUTCOMES"], "w", encoding="utf-8") as file:
        json.dump(outcomes, file)
"""


def unpacked(name: str, version: str, folder: str) -> str:
    """Return the folder of a source distribution, which is downloaded if it is not there."""
    path = os.path.join(folder, f"{name}-{version}")
    if not os.path.exists(f"{path}.tar.gz"):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", name]
        subprocess.run([*command, "--dest", folder, f"{name}=={version}"], check=True, timeout=SECONDS)
    if not os.path.exists(path):
        with tarfile.open(f"{path}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return path


def run(folder: str, source: str, options: list[str], outcomes: str = "") -> float:
    """Run pytest in a folder, and return the CPU seconds of all its processes.

    Args:
        folder: of the project.
        source: the folder of its package, relative.
        options: for pytest.
        outcomes: the path of a file for the outcomes; empty to write none.
    """
    path = os.pathsep.join([os.path.join(folder, source), ROOT, os.path.dirname(folder)])
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HERMETIC_", "PYTEST"))}
    environment |= {
        "PYTHONPATH": path,
        "SUITE_OUTCOMES": outcomes,
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONHASHSEED": "1",
    }
    if outcomes:
        options = ["-p", "outcomes_plugin", *options]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *options]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=False, cwd=folder, env=environment, timeout=SECONDS, stdout=-1, stderr=-2)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{done.stdout.decode()}\n{' '.join(command)} in {folder}: exit code {done.returncode}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


WAYS = {"without": ["-p", "no:hermetic"], "with": []}


def outcomes_of(folder: str, source: str, options: list[str], way: str) -> list[object]:
    """Return the outcome of each phase of each test."""
    path = os.path.join(os.path.dirname(folder), f"outcomes-{way}.json")
    run(folder, source, [*options, *WAYS[way]], path)
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def measured(folder: str, source: str, options: list[str], rounds: int) -> dict[str, list[float]]:
    """Return the CPU seconds of each round, by the way it was run in; the order within a round is drawn."""
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way in random.sample([*WAYS], len(WAYS)):
            times[way].append(run(folder, source, [*options, *WAYS[way]]))
    return times


def row(name: str, times: dict[str, list[float]]) -> str:
    """Return the cells of a table: seconds, and ratios of the medians and of the minima."""
    medians = {way: statistics.median(found) for way, found in times.items()}
    minima = {way: min(found) for way, found in times.items()}
    cells = [name, f"{medians['without']:.3f}", f"{medians['with']:.3f}"]
    cells += [f"{found['with'] / found['without']:.3f}" for found in (medians, minima)]
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Run the suites, print tables, and return the exit status: 1 if an outcome differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="the name of one project")
    options = parser.parse_args()
    folder = os.path.abspath(options.folder)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "outcomes_plugin.py"), "w", encoding="utf-8") as file:
        file.write(OUTCOMES)
    wrong, lines = [], []
    totals: dict[str, dict[str, list[float]]] = {}
    for name, version, arguments, source in SUITES:
        if options.only not in (None, name):
            continue
        project = unpacked(name, version, folder)
        without, with_plugin = (outcomes_of(project, source, arguments, way) for way in WAYS)
        if without != with_plugin:
            wrong.append(
                f"{name}: {[pair for pair in zip(without, with_plugin, strict=False) if pair[0] != pair[1]][:5]}"
            )
        tests = len({report[0] for report in with_plugin})
        print(
            f"{name} {version}: {tests} tests, {'other' if without != with_plugin else 'the same'} outcomes", flush=True
        )
        for kind, more in (("run", []), ("collection", ["--collect-only"])):
            times = measured(project, source, [*arguments, *more], options.rounds)
            lines.append(row(f"{name}, {tests} tests" if kind == "run" else f"{name}, collection", times))
            print(lines[-1], flush=True)
            total = totals.setdefault(kind, {way: [0.0] * options.rounds for way in WAYS})
            for way, found in times.items():
                total[way] = [known + more for known, more in zip(total[way], found, strict=True)]
    print("\n| suite | CPU s without | with | ratio of medians | of minima |\n|---|---|---|---|---|")
    print("\n".join([*lines, *(row(f"all, {kind}", times) for kind, times in totals.items())]))
    for line in wrong:
        print(f"different outcomes: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Proves that hermetic fails closed: whatever function of hermetic fails in a run, the run is not green.

    python tests/injection/harness.py                   # all functions, suites and calls: about half an hour
    python tests/injection/harness.py --sample 100      # a hundredth of the faults, another one each day
    python tests/injection/harness.py --suite "a leak" --target hermetic._guards.audit:judge

Each suite has one trouble alone, so that the right end of a run is a failure. Each function of hermetic that a run of
the suite calls is made to raise an exception once, at its first call in a process, or at its third: one function a
run. A run that ends with exit status 0 has lost its verdict.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import dataclasses
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import support
from injection.suites import SUITES, Suite

SECONDS = 60.0  # after which a run counts as hung
CALLS = (1, 3)

# The code under test calls these, and nothing of hermetic stands between: if one of them failed before its first
# statement, nobody could see it. They do nothing but call another function, and keep what it fails with.
OUTERMOST = {
    "hermetic._guards.audit_hook:_listeners.hook",
    "hermetic._guards.audit_hook:_call_both",
    "hermetic._verdicts.faults:entrance.decide_and_call",
    "hermetic._verdicts.faults:shielded.judge_or_refuse",
    "hermetic._patches.sleeps:_GuardedSleep.__call__",
}


@dataclasses.dataclass
class Fault:
    """A function that fails in a run.

    Attributes:
        suite: what is run.
        target: the function, as ``module:name``.
        call: which of its calls in a process fails.
    """

    suite: Suite
    target: str
    call: int

    def __str__(self):
        return f"{self.suite.name}: call {self.call} of {self.target}"


class Harness:
    """Runs suites with faults; a context manager that makes, and removes, what it needs.

    Its Python is a virtual environment, because each process that the run starts has to load ``fault``.
    """

    def __enter__(self):
        self._folder = tempfile.mkdtemp(prefix="hermetic-injection-")
        environment = os.path.join(self._folder, "python")
        venv.create(environment, symlinks=True)
        self._python = os.path.join(environment, "bin", "python")
        packages = os.path.join(
            environment, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages"
        )
        shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "fault.py"), packages)
        pytest = importlib.util.find_spec("pytest")
        beside = os.path.dirname(os.path.dirname(pytest.origin)) if pytest is not None else packages
        with open(os.path.join(packages, "fault.pth"), "w", encoding="utf-8") as file:
            file.write(f"{beside}\nimport fault\n")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, suite, **variables):
        """The exit status of a run, None for one that hangs, and what it printed.

        Args:
            suite: what to run.
            **variables: as of ``fault``.
        """
        with support.Folder(**suite.files) as folder:
            command = support.in_network_namespace(self._python, *suite.arguments)
            inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
            environment = {**inherited, "PYTHONPATH": support.package_folder(), "TMPDIR": folder, "NO_COLOR": "1"}
            process = subprocess.Popen(
                command, cwd=folder, env=environment | variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, text=True, errors="replace", start_new_session=True,
            )  # fmt: skip
            try:
                return None, process.communicate(timeout=SECONDS)[0], process.returncode
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                return "hang", process.communicate()[0], None

    def functions_of(self, suite):
        """The functions that a run of a suite calls, in the order of their first calls."""
        log = os.path.join(self._folder, "log")
        with open(log, "w", encoding="utf-8"):
            pass
        _, output, status = self.run(suite, FAULT_LOG=log)
        if not status:
            raise AssertionError(f"{suite.name}: without a fault, exit status {status}\n{output}")
        with open(log, encoding="utf-8") as file:
            return [name for name in dict.fromkeys(file.read().split()) if name not in OUTERMOST]

    def verdict(self, fault):
        """``red``, ``green`` or ``hang``, and what the run printed."""
        hang, output, status = self.run(fault.suite, FAULT_TARGET=fault.target, FAULT_CALL=str(fault.call))
        return hang or ("red" if status else "green"), output


def faults_of(harness, suites=SUITES, calls=CALLS):
    """All faults of some suites."""
    return [Fault(suite, target, call) for suite in suites for target in harness.functions_of(suite) for call in calls]


def sampled(faults, divisor, day):
    """A share of faults, which is another one each day, until all have had their turn."""
    return faults[day % divisor :: divisor]


def judged(harness, faults, processes=2):
    """Yields each fault with its verdict and its output, in any order."""
    with concurrent.futures.ThreadPoolExecutor(processes) as pool:
        pending = {pool.submit(harness.verdict, fault): fault for fault in faults}
        for done in concurrent.futures.as_completed(pending):
            yield pending[done], *done.result()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="run one in N of the faults")
    parser.add_argument("--suite", action="append", metavar="NAME", help="run the suites whose names contain this")
    parser.add_argument("--target", metavar="MODULE:NAME", help="have this function fail alone")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="runs at a time (2)")
    given = parser.parse_args()
    suites = [suite for suite in SUITES if any(part in suite.name for part in given.suite or [""])]
    counts, started = collections.Counter(), time.time()
    with Harness() as harness:
        faults = sampled(faults_of(harness, suites), given.sample, int(time.time() // 86400))
        faults = [fault for fault in faults if given.target in (None, fault.target)]
        print(f"{len(faults)} faults", flush=True)
        for fault, verdict, output in judged(harness, faults, given.processes):
            counts[verdict] += 1
            if verdict != "red" or given.target:
                print(f"{verdict}: {fault}", *([output] if given.target else []), sep="\n", flush=True)
    print(f"{sum(counts.values())} faults, {counts['green']} green, {counts['hang']} hangs, "
          f"{time.time() - started:.0f} s")  # fmt: skip
    return 1 if counts["green"] or counts["hang"] else 0


if __name__ == "__main__":
    sys.exit(main())

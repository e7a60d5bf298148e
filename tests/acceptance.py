"""The acceptance suites, which are no part of this project, and the figures that they must come to.

    python tests/acceptance.py FOLDER [--python PYTHON]    # hermetic must be importable by that Python

The folder has ``battery``, ways to reach the network or start a process, each run in a network of its own and judged
from outside, and ``robustness``, tests that are hostile to the process that runs them. Any figure that is worse than
expected is a failure, and so is one that is better, until it is written down here.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import tempfile

# Attacks that raise no audit event without the kernel sandbox: by C functions that were bound before the test, by
# sockets that were connected before it, and in medium tests, which may start programs, by those programs.
_EARLY = {
    "n_ctypes_connect_early",
    "n_inherited_fd_write",
    "n_inherited_sendfile",
    "n_io_uring_connect",
    "n_preconnected_send",
}
_PROGRAMS = {"c_exec_curl", "c_os_system_curl", "c_udp_bash"}
ESCAPES = {"small": {*_EARLY, "p_ctypes_system_early"}, "medium": {*_EARLY, *_PROGRAMS}}

# Medium tests may start processes, but syscall() of the C library may also connect, and which of both cannot be seen.
REFUSED = {"small": set[str](), "medium": {"p_ctypes_syscall_execve", "p_ctypes_syscall_fork"}}
SECONDS = 300  # for each suite


def battery(folder: str, python: str, size: str) -> list[str]:
    """What escapes from a size, or is refused or reported though it is free, other than expected."""
    command = ["--guard-cmd", "{python} -m hermetic discover -s {testdir}", "--style", "unittest"]
    command += ["--prelude", f"from hermetic import {size}", "--decorator", f"@{size}", "--violation", r"\[H00[0-9]\]"]
    results = results_of(os.path.join(folder, "battery", "battery.py"), *command, "--size", size, "--python", python)
    by_verdict: dict[str, set[str]] = {}
    for result in results["results"]:
        if not all(is_importable(name, python) for name in result["needs"]):
            result["verdict"] = "without its library"
        by_verdict.setdefault(result["verdict"], set()).add(result["name"])
    print(f"battery, {size}:", ", ".join(f"{len(names)} {verdict}" for verdict, names in sorted(by_verdict.items())))
    expected = {"ESCAPE": ESCAPES[size], "OVERBLOCK": REFUSED[size], "FALSEREP": set()}
    return [
        f"battery, {size}: {name}: {verdict}{'' if name in found else ' no longer: take it off the list'}"
        for verdict, names in expected.items()
        for found in [by_verdict.get(verdict, set())]
        for name in sorted(found ^ names)
    ]


@functools.cache
def is_importable(name: str, python: str) -> bool:
    """Whether a Python has a library."""
    return subprocess.run([python, "-c", f"import {name}"], check=False, capture_output=True).returncode == 0


def robustness(folder: str, python: str) -> list[str]:
    """The hostile cases that were not as they must be."""
    program = os.path.join(folder, "robustness", "robustness.py")
    results = results_of(program, "--python", python, "--jobs", "2")
    wrong = [f"robustness: {result['case']}: {result['wrong']}" for result in results if result["wrong"]]
    print(f"robustness: {len(results) - len(wrong)} of {len(results)} cases as they must be")
    return wrong if results else ["robustness: there are no cases"]


def results_of(program: str, *arguments: str) -> object:
    """What an acceptance suite writes."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "results.json")
        subprocess.run([sys.executable, program, *arguments, "--out", out], check=False, timeout=SECONDS, stdout=-3)
        with open(out, encoding="utf-8") as file:
            return json.load(file)


def main() -> int:
    """Run them all, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    wrong = [line for size in ESCAPES for line in battery(options.folder, options.python, size)]
    wrong += robustness(options.folder, options.python)
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

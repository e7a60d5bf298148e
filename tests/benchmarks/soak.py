"""A long run of all that tests do to a runner: are all verdicts right, and does nothing grow without end? Linux only.

    python tests/benchmarks/soak.py                                     # 20,000 tests, two processes
    python tests/benchmarks/soak.py --tests 2000 --kept 1500 -- -j 4 --json report.json

Tests that pass, fail, are skipped, print, do what their size forbids, crash, hang, and leave threads, processes and
files: not isolated, alone, and in groups. Modules of a thousand are alike, so all parts of a long run do the same, and
what a test must come to is known from its name. Memory, file descriptors, processes and temporary files of the run are
looked at from outside, through /proc.

A figure is flat unless both its minimum and its maximum over the last quarter of the run are above those over the
second quarter by more than ``FIGURES`` allows, and, for the memory of the run, what may be kept of the tests between
them; the first quarter warms up. What is in use at the moment goes up and down, so either may be above by chance, while
what is never given back raises both. The status is 0 if all are flat, all verdicts are right, and neither processes nor
temporary files are left.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, namedtuple

from measuring import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MODULE_TESTS = 1000
GROUPS = 10  # in each module
PERIOD = 0.02  # seconds between two looks: a run of a few seconds needs several in each quarter
PASSES, FAILS, ERROR, SKIPPED, EXPECTED, UNEXPECTED = "passes", "FAIL", "ERROR", "skipped", "expected", "unexpected"
MIB = 1024 * 1024


class Kind(namedtuple("Kind", ("name", "share", "body", "outcome", "told"), defaults=(PASSES, ""))):  # noqa: PYI024
    """A kind of test.

    Attributes:
        name: of its methods.
        share: of a thousand tests.
        body: a line of code.
        outcome: what it must come to.
        told: the summary that it must be counted in besides: ``H001``, ``H003``, ``leaks`` or none.
    """

    __slots__ = ()


ALONE, GROUPED = "@isolated(timeout=60)", '@isolated("{group}", timeout=60)'

# By what stands above their methods.
KINDS = {
    "": (
        Kind("passes", 270, "self.assertEqual(1, 1)"),
        Kind("fails", 15, "self.assertEqual({'a': [*range(50)]}, {'a': 1})", FAILS),
        Kind("is_an_error", 15, "json.loads('{' * 100)", ERROR),
        Kind("is_skipped", 10, "self.skipTest('not now')", SKIPPED),
        Kind("fails_in_one_of_its_subtests", 10, "self.run_subtests()", FAILS),
        Kind("prints", 40, "self.print()"),
        Kind("exits", 2, "os._exit(0)", ERROR),
        Kind("is_killed", 2, "os.kill(os.getpid(), signal.SIGKILL)", ERROR),
    ),
    "@unittest.expectedFailure": (
        Kind("fails_as_expected", 10, "self.fail()", EXPECTED),
        Kind("passes_unexpectedly", 5, "pass", UNEXPECTED),
    ),
    "@small": (
        Kind("starts_a_process", 15, "subprocess.run(['true'])", ERROR, "H003"),
        Kind("connects_and_swallows_it", 15, "self.connect()", ERROR, "H001"),
    ),
    ALONE: (
        Kind("passes_alone", 262, "self.assertEqual(1, 1)"),
        Kind("fails_alone", 20, "self.assertEqual({'a': [*range(50)]}, {'a': 1})", FAILS),
        Kind("prints_alone", 20, "self.print()"),
        Kind("segfaults", 20, "ctypes.string_at(0)", ERROR),
        Kind("exits_alone", 20, "os._exit(0)", ERROR),
        Kind("is_killed_alone", 20, "os.kill(os.getpid(), signal.SIGKILL)", ERROR),
        Kind("leaves_a_file", 20, "os.close(tempfile.mkstemp()[0])", PASSES, "leaks"),
        Kind("leaves_a_socket", 20, "[end.detach() for end in socket.socketpair()]", PASSES, "leaks"),
        Kind("leaves_a_thread", 2, "threading.Thread(target=time.sleep, args=(60,)).start()", PASSES, "leaks"),
        Kind("starts_and_awaits_a_process", 4, "subprocess.run(['true'])"),
        Kind("leaves_a_process", 2, "subprocess.Popen(['sleep', '60'])", PASSES, "leaks"),
        Kind("leaves_an_orphan", 2, "subprocess.run(['setsid', 'sh', '-c', 'sleep 60 &'])", PASSES, "leaks"),
    ),
    f"@small\n    {ALONE}": (Kind("starts_a_process_alone", 20, "subprocess.run(['true'])", ERROR, "H003"),),
    "@isolated(timeout=0.5)": (Kind("hangs", 1, "time.sleep(60)", ERROR),),
    GROUPED: (
        Kind("passes_in_a_group", 118, "self.assertEqual(1, 1)"),
        Kind("fails_in_a_group", 20, "self.fail()", FAILS),
        Kind("is_killed_in_a_group", 10, "os.kill(os.getpid(), signal.SIGKILL)", ERROR),
        Kind("leaves_a_file_in_a_group", 10, "os.close(tempfile.mkstemp()[0])", PASSES, "leaks"),
    ),
}  # fmt: skip

HEAD = """\
import contextlib, ctypes, json, os, signal, socket, subprocess, tempfile, threading, time, unittest
from hermetic import isolated, small

class Soaked(unittest.TestCase):
    def run_subtests(self):
        for number in range(5):
            with self.subTest(number=number):
                self.assertNotEqual(number, 3)

    def print(self):
        print("printed")
        os.write(2, b"written\\n" * 100)

    def connect(self):
        with contextlib.suppress(Exception), socket.socket() as sock:
            sock.connect(("127.0.0.1", 9))
"""


def write_suite(folder: str, tests: int) -> Counter[Kind]:
    """Write modules of all kinds of tests, as many as asked for, and return how many there are of each."""
    written: Counter[Kind] = Counter()
    for number, left in enumerate(range(tests, 0, -MODULE_TESTS)):
        name = f"test_{number:03}"
        counts = kinds_of(min(left, MODULE_TESTS))
        written.update(counts)
        with open(os.path.join(folder, f"{name}.py"), "w", encoding="utf-8") as file:
            file.write(HEAD)
            file.writelines(classes_of(name, counts))
    return written


def kinds_of(tests: int) -> Counter[Kind]:
    """How many tests of each kind there are in a module: at least one, and of the first kind what is left."""
    first, *others = (kind for kinds in KINDS.values() for kind in kinds)
    counts = Counter({kind: max(1, kind.share * tests // MODULE_TESTS) for kind in others})
    counts[first] = tests - counts.total()
    return counts


def classes_of(module: str, counts: Counter[Kind]) -> Iterator[str]:
    """The text of a class for each mark, with its kinds in turn."""
    for place, (mark, kinds) in enumerate(KINDS.items()):
        yield f"\nclass Test{place}(Soaked):\n"
        for number in range(max(counts[kind] for kind in kinds)):
            head = f"    {mark.format(group=f'{module} {number % GROUPS}')}\n" if mark else ""
            for kind in kinds:
                if number < counts[kind]:
                    yield f"{head}    def test_{number:03}_{kind.name}(self):\n        {kind.body}\n"


# What the run says, and what it must say ------------------------------------------------------------------------------


def expected_of(counts: Counter[Kind]) -> Counter[str]:
    """How often the run must say what, as ``said_in`` has it."""
    found: Counter[str] = Counter()
    for kind, number in counts.items():
        found["tests"] += number
        if kind.outcome in {FAILS, ERROR}:
            found[f"{kind.outcome} {kind.name}"] += number
        elif kind.outcome != PASSES:
            found[kind.outcome] += number
        if kind.told:
            found[kind.told] += number
    return found


def said_in(output: str) -> Counter[str]:
    """What a run said: how many tests it ran, which kinds failed how often, and its summaries."""
    found: Counter[str] = Counter()
    headings = re.findall(r"^(ERROR|FAIL): (?:test_\d+_)?(\w+)", output, flags=re.MULTILINE)
    found.update(f"{outcome} {kind}" for outcome, kind in headings)
    for name, pattern in {
        "tests": r"^Ran (\d+) tests in",
        SKIPPED: r"^FAILED \(.*skipped=(\d+)",
        EXPECTED: r"^FAILED \(.*expected failures=(\d+)",
        UNEXPECTED: r"^FAILED \(.*unexpected successes=(\d+)",
        "H001": r"^violations: .*H001 network: (\d+) in",
        "H003": r"^violations: .*H003 subprocess: (\d+) in",
        "leaks": r"^leaks: H007 isolation: (\d+)",
    }.items():
        found[name] = sum(map(int, re.findall(pattern, output, flags=re.MULTILINE)))
    return found


# What it takes --------------------------------------------------------------------------------------------------------


class Figure(namedtuple("Figure", ("name", "allowed"))):  # noqa: PYI024
    """Something that must not grow without end.

    Attributes:
        name: with its unit.
        allowed: by how much its minimum and its maximum over the last quarter may be above those over the second.
    """

    __slots__ = ()


FIGURES = (
    Figure("memory of the run, MiB", 2),
    Figure("memory of the zygote, MiB", 2),
    Figure("memory of the largest worker, MiB", 4),
    Figure("file descriptors of the run", 2),
    Figure("file descriptors of the zygote", 2),
    Figure("most file descriptors of a worker", 2),
    Figure("processes", 4),
    Figure("processes that nobody has waited for", 2),
    Figure("temporary files and folders", 10),
)


class Process(namedtuple("Process", ("parent", "state", "memory", "descriptors"))):  # noqa: PYI024
    """What /proc says of one.

    Attributes:
        parent: the process id of its parent.
        state: a letter, as of ps.
        memory: MiB that it has in memory, what it shares with others included.
        descriptors: how many it has open.
    """

    __slots__ = ()


def process(pid: int) -> Process | None:
    """A process; None if there is none of that id any more."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        descriptors = 0 if fields[0] == "Z" else len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return None
    return Process(int(fields[1]), fields[0], int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / MIB, descriptors)


def tree(root: int) -> dict[int, Process]:
    """A process and all that descend from it, by their ids: parents first."""
    found = {int(pid): process(int(pid)) for pid in os.listdir("/proc") if pid.isdigit()}
    children: dict[int, list[int]] = {}
    for pid, known in found.items():
        if known is not None:
            children.setdefault(known.parent, []).append(pid)
    order = [root]
    for pid in order:
        order += children.get(pid, [])
    return {pid: known for pid in order if (known := found.get(pid)) is not None}


def look(root: int, folder: str) -> dict[str, float]:
    """All figures as they are now; none before there is a worker."""
    processes = tree(root)
    zygote = next((pid for pid, known in processes.items() if known.parent == root), 0)
    workers = [known for known in processes.values() if known.parent == zygote and known.state != "Z"]
    if not workers or root not in processes:
        return {}
    numbers = (
        processes[root].memory,
        processes[zygote].memory,
        max(worker.memory for worker in workers),
        processes[root].descriptors,
        processes[zygote].descriptors,
        max(worker.descriptors for worker in workers),
        len(processes),
        sum(known.state == "Z" for known in processes.values()),
        sum(len(folders) + len(files) for _, folders, files in os.walk(folder)),
    )
    return {figure.name: number for figure, number in zip(FIGURES, numbers, strict=True)}


def watch(command: list[str], folder: str) -> tuple[str, list[dict[str, float]], list[str]]:
    """Run a command, and return what it printed, the figures while it ran, and what it has left."""
    temporary = os.path.join(folder, "tmp")
    os.mkdir(temporary)
    marker = f"SOAK={folder}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HERMETIC_", "PYTHON"))}
    environment.update(PYTHONPATH=ROOT, TMPDIR=temporary, SOAK=folder, NO_COLOR="1")
    looks = []
    with open(os.path.join(folder, "output"), "w+b") as output:
        running = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        while running.poll() is None:
            looks.append(look(running.pid, temporary))
            time.sleep(PERIOD)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return text, [found for found in looks if found], [*end_those_with(marker), *os.listdir(temporary)]


def end_those_with(marker: str) -> Iterator[str]:
    """End all processes with a variable, and name them."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/environ", "rb") as file:
                is_ours = marker.encode() in file.read().split(b"\0")
            with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                line = file.read().replace("\0", " ").strip()
            if is_ours and line:
                os.kill(int(pid), signal.SIGKILL)
                yield f"process {line}"


# What comes of it -----------------------------------------------------------------------------------------------------


def print_figures(looks: list[dict[str, float]], kept: float) -> bool:
    """One row a figure; whether all are flat, but for so many MiB of results that the run has to keep."""
    quarter = max(1, len(looks) // 4)
    second, last = looks[quarter : 2 * quarter], looks[-quarter:]
    all_flat = True
    print("| | second quarter | last quarter | flat |\n|---|---|---|---|")
    for figure in FIGURES:
        allowed = figure.allowed + (kept if figure is FIGURES[0] else 0)
        before, after = ([found[figure.name] for found in part] for part in (second, last))
        is_flat = min(after) <= min(before) + allowed or max(after) <= max(before) + allowed
        all_flat = all_flat and is_flat
        ranges = " | ".join(f"{min(part):.1f} to {max(part):.1f}" for part in (before, after))
        print(f"| {figure.name} | {ranges} | {'yes' if is_flat else '**no**'} |")
    return all_flat


def main() -> int:
    """Write the suite, run it, print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=20_000)
    parser.add_argument("--kept", type=int, default=500, help="bytes that the run may keep of a test (reports: 1500)")
    parser.add_argument("--output", metavar="FILE", help="where to write what the run printed")
    parser.add_argument("arguments", nargs="*", help="of the run (default: -j 2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hermetic-soak-") as folder:
        expected = expected_of(write_suite(folder, options.tests))
        started = time.perf_counter()
        command = [sys.executable, "-m", "hermetic", "discover", *(options.arguments or ["-j", "2"])]
        output, looks, left = watch(command, folder)
        seconds = time.perf_counter() - started
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(output)
    print(f"Python {sys.version.split()[0]}, {options.tests} tests, {seconds:.0f} s, {len(looks)} looks\n")
    all_flat = print_figures(looks, options.tests / 2 * options.kept / MIB)
    said = said_in(output)
    wrong = {what: (said[what], expected[what]) for what in {*said, *expected} if said[what] != expected[what]}
    for what, (was, should_be) in sorted(wrong.items()):
        print(f"wrong: {what}: {was}, not {should_be}")
    for what in left:
        print(f"left: {what}")
    return int(bool(wrong or left or not all_flat))


if __name__ == "__main__":
    sys.exit(main())

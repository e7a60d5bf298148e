"""Run the tests of other pytest plugins against hermetic's plugin, and compare the results with the tables.

    PYTHONPATH=. python tests/peer_suites.py                          # all; some minutes
    PYTHONPATH=. python tests/peer_suites.py --quick                  # a selection
    PYTHONPATH=. python tests/peer_suites.py --peer pytest-forked     # one of the plugins
    PYTHONPATH=. python tests/peer_suites.py --write                  # all, and update the page about migration

The Python that runs this, or that ``--python`` names, needs pytest and, unless ``--quick`` is given, pytest-xdist,
pytest-timeout, httpx and starlette. None of the plugins may be installed. Their tests are downloaded with pip, as part
of the source distributions, changed by the tables in ``tests/peers``, and run in a network namespace. Each result that
is not in the tables is an error: so is a test that is listed as different but passes without a change, and a pattern
that matches no test.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile

import support
from peers import Peer, Tests, categories, forked, isolated, sockets

PEERS = (sockets.PEER, categories.PEER, isolated.PEER, forked.PEER)
DOWNLOAD_SECONDS, RUN_SECONDS = 300, 900
NO_TESTS = 5  # pytest's exit code
MOST_LINES = 40  # of the text of a failure
PAGE = os.path.join(support.ROOT, "docs", "how-to", "migrate-from-other-tools.md")
BEGIN, END = "<!-- by tests/peer_suites.py: begin -->\n", "<!-- by tests/peer_suites.py: end -->\n"

SETTINGS = "[pytest]\npython_functions = test_* it_*\npython_classes = Test* Describe*\n"
# A plugin for the runs: it leaves out tests, and writes down the outcome of each.
OUTCOMES = """
import json, os

wanted = json.loads(os.environ["PEER_TESTS"])
outcomes = {}

def pytest_collection_modifyitems(session, config, items):
    outcomes.update(dict.fromkeys((item.nodeid for item in items), ""))
    if wanted is not None:
        items[:] = [item for item in items if item.nodeid in wanted]

def pytest_runtest_logreport(report):
    if report.outcome != "passed" or report.when == "call":
        known = outcomes[report.nodeid]
        text = "" if hasattr(report, "wasxfail") or not report.failed else str(report.longrepr)
        outcomes[report.nodeid] = known if text == "" and known else text or report.outcome

def pytest_sessionfinish():
    with open(os.environ["PEER_OUTCOMES"], "w", encoding="utf-8") as file:
        json.dump(outcomes, file)
"""


def download(peer: Peer, python: str, folder: str) -> str:
    """Download the source distribution of a plugin, and return the folder with its files."""
    path = os.path.join(folder, f"{peer.name.replace('-', '_')}-{peer.version}.tar.gz")
    if not os.path.exists(path):
        command = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", peer.name, "--dest", folder]
        subprocess.run([*command, f"{peer.name}=={peer.version}"], check=True, timeout=DOWNLOAD_SECONDS)
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")
    return path.removesuffix(".tar.gz")


def prepare(peer: Peer, source: str, folder: str) -> list[str]:
    """Write the adapted tests into a folder, and return the paths of the files with tests."""
    for name in {*peer.files, *peer.helpers}:
        with open(os.path.join(source, peer.folder, name), encoding="utf-8") as file:
            text = peer.adapted(os.path.basename(name), file.read())
        write(os.path.join(folder, peer.folder, name), text)
    conftest = os.path.join(folder, peer.folder, "conftest.py")
    if peer.conftest:
        write(conftest, peer.conftest, mode="a")
    write(os.path.join(folder, "outcomes_plugin.py"), OUTCOMES)
    write(os.path.join(folder, "pytest.ini"), SETTINGS)
    return [os.path.join(peer.folder, name) for name in peer.files]


def write(path: str, text: str, mode: str = "w") -> None:
    """Write a file, and make its folder."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, mode, encoding="utf-8") as file:
        file.write(text)


def run(folder: str, files: list[str], python: str, tests: list[str] | None) -> dict[str, str]:
    """Run tests, or only collect them if there are none to run.

    Returns:
        The id of each collected test, and its outcome: a word, the text of a failure, or nothing.
    """
    results = os.path.join(folder, "outcomes.json")
    path = os.pathsep.join([support.package_folder(), folder])
    names = ("HOME", "LANG", "PATH", "TERM")
    environment = {name: os.environ[name] for name in names if name in os.environ}
    environment |= {"PYTHONPATH": path, "PEER_TESTS": json.dumps(tests), "PEER_OUTCOMES": results, "COLUMNS": "80"}
    options = [
        "-p",
        "outcomes_plugin",
        "-p",
        "pytester",
        "-p",
        "no:cacheprovider",
        "--runpytest=subprocess",
        "-q",
        "--tb=short",
    ]
    command = support.in_network_namespace(python, "-m", "pytest", *options, *files)
    done = subprocess.run(
        command, check=False, cwd=folder, env=environment, timeout=RUN_SECONDS, stdout=-1, stderr=-2, text=True
    )
    if done.returncode not in (0, 1, NO_TESTS):
        raise SystemExit(f"{done.stdout}\npytest ended with exit code {done.returncode}")
    with open(results, encoding="utf-8") as file:
        return json.load(file)


class Results:
    """The results of the tests of a plugin.

    Args:
        peer: the plugin.
        ids: the ids of all its tests, without folders.
    """

    def __init__(self, peer: Peer, ids: list[str]) -> None:
        self.peer = peer
        self.differing = [(tests, sorted(tests.matching(ids))) for tests in peer.differs]
        self.left_out = [(tests, sorted(tests.matching(ids))) for tests in peer.left_out]
        listed = [name for _, names in (*self.differing, *self.left_out) for name in names]
        self.passing = sorted({*ids} - {*listed})
        self.wrong = [f"{name}: it is in the table twice" for name in {*listed} if listed.count(name) > 1]
        self.wrong += [f"no test matches {pattern}" for pattern in self._unused(ids)]

    def _unused(self, ids: list[str]) -> list[str]:
        tables = (*self.peer.differs, *self.peer.left_out)
        return [name for tests in tables for name in tests.names if not Tests("", [name]).matching(ids)]

    def compare(self, outcomes: dict[str, str]) -> None:
        """Add what is not as the table says."""
        may_fail = {name for tests, names in self.differing if tests.changes is None for name in names}
        for name, outcome in outcomes.items():
            if name in may_fail and outcome == "passed":
                self.wrong.append(f"{name}: passes; it is listed as different")
            elif name not in may_fail and outcome not in ("passed", "skipped"):
                self.wrong.append(f"{name}: {last_lines(outcome) or 'did not run'}")
            elif outcome == "skipped":
                self.wrong.append(f"{name}: skipped; install what it needs, or leave it out")


def last_lines(text: str) -> str:
    """Return the end of a long text."""
    return "\n".join(text.splitlines()[-MOST_LINES:])


def results_of(peer: Peer, python: str, downloads: str | None, *, quick: bool) -> Results:
    """Run the tests of a plugin."""
    with tempfile.TemporaryDirectory(prefix="hermetic-peers-") as folder:
        work = os.path.join(folder, "tests")
        files = prepare(peer, download(peer, python, downloads or folder), work)
        full = {without_folder(name): name for name in run(work, files, python, [])}
        results = Results(peer, [*full])
        left_out = {name for _, names in results.left_out for name in names}
        chosen = Tests("", peer.quick).matching(full) if quick else {*full}
        outcomes = run(work, files, python, [full[name] for name in sorted(chosen - left_out)])
        results.compare({name: outcomes[full[name]] for name in sorted(chosen - left_out)})
    count = f"{len(chosen - left_out)} of {len(full)} tests run, {len(results.wrong)} not as listed"
    print(f"{peer.name} {peer.version}: {count}", flush=True)
    return results


def without_folder(name: str) -> str:
    """Return the id of a test without the folder of its file."""
    path, separator, rest = name.partition("::")
    return os.path.basename(path) + separator + rest


def page_text(found: list[Results]) -> str:
    """Return the part of the page about migration that lists the results."""
    lines = ["| plugin | tests | pass | differ | left out |\n", "|---|---|---|---|---|\n"]
    for results in found:
        counts = [sum(len(names) for _, names in table) for table in (results.differing, results.left_out)]
        passing = len(results.passing)
        row = [f"{results.peer.name} {results.peer.version}", passing + sum(counts), passing, *counts]
        lines.append(f"| {' | '.join(map(str, row))} |\n")
    for results in found:
        lines.append(f"\n{results.peer.name}:\n\n| tests | |\n|---|---|\n")
        for tests, names in results.differing:
            lines.append(f"| {len(names)} {'differ' if len(names) > 1 else 'differs'} | {tests.why} |\n")
        for tests, names in results.left_out:
            lines.append(f"| {len(names)} left out | They test {tests.why}. |\n")
    return BEGIN + "".join(lines) + END


def update_page(text: str, *, write_it: bool) -> list[str]:
    """Compare the page with the results, or update it, and return what is wrong."""
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    if write_it:
        write(PAGE, before + text + after)
    return [] if write_it or page == before + text + after else [f"{PAGE} has other results: run this with --write"]


def main() -> int:
    """Run the tests, compare the page with the results, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--peer", choices=[peer.name for peer in PEERS], help="run the tests of this plugin only")
    parser.add_argument("--quick", action="store_true", help="run a selection of the tests")
    parser.add_argument("--write", action="store_true", help="update the page about migration")
    parser.add_argument("--downloads", metavar="FOLDER", help="keep the downloads here, and use those that are there")
    options = parser.parse_args()
    chosen = [peer for peer in PEERS if options.peer in (None, peer.name)]
    found = [results_of(peer, options.python, options.downloads, quick=options.quick) for peer in chosen]
    wrong = [f"{results.peer.name}: {line}" for results in found for line in results.wrong]
    if not options.peer:
        wrong += update_page(page_text(found), write_it=options.write)
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

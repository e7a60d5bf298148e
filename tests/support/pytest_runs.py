"""Runs of pytest on files that a test has written, with the outcome of each item."""

from __future__ import annotations

import re
from dataclasses import dataclass

from support import Folder, run_python

_OUTCOME = re.compile(r"^(PASSED|FAILED|ERROR|XFAIL|XPASS|SUBFAILED\S*) (\S+::\S+|\S+\.py)", re.MULTILINE)
_SKIP = re.compile(r"^SKIPPED \[(\d+)\]", re.MULTILINE)


@dataclass(frozen=True)
class PytestRun:
    """A run of pytest.

    Attributes:
        status: the exit status.
        output: what pytest printed.
        outcomes: by the name of each item, the words of its lines in the short summary, in their order.
    """

    status: int
    output: str
    outcomes: dict[str, list[str]]

    def named(self, word: str) -> set[str]:
        """The names of the items with an outcome."""
        return {name for name, words in self.outcomes.items() if word in words}


def run_pytest(files: dict[str, str], *options: str, env: dict[str, str] | None = None) -> PytestRun:
    """Run pytest on files, and return what it made of them."""
    with Folder(**files) as folder:
        arguments = ("-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=short", "--strict-markers", *options)
        done = run_python(*arguments, cwd=folder, env=env)
    outcomes: dict[str, list[str]] = {}
    for word, name in _OUTCOME.findall(done.stdout):
        outcomes.setdefault(name.partition("::")[2] or name, []).append(word)
    return PytestRun(done.returncode, done.stdout + done.stderr, outcomes)

"""What the tests of other pytest plugins become under hermetic: a table for each plugin.

``tests/peer_suites.py`` runs the tests by these tables.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Change = tuple[str, str]  # a regular expression, and what replaces each match


@dataclass(frozen=True)
class Tests:
    """Tests with the same result, and the reason.

    Attributes:
        why: the reason, a sentence for the documentation.
        names: patterns of test ids without the folder; ``*`` matches anything.
        changes: what to replace in these tests, so that they expect what hermetic does; None for tests that fail.
    """

    why: str
    names: Sequence[str]
    changes: Sequence[Change] | None = None

    def matching(self, ids: Iterable[str]) -> set[str]:
        """Return the ids that any of the patterns matches."""
        return {name for name in ids if any(matches(pattern, name) for pattern in self.names)}


@dataclass(frozen=True)
class Peer:
    """A plugin, and what its tests become.

    Attributes:
        name: the distribution.
        version: its version.
        folder: the folder of the tests in the source distribution.
        files: the files with tests of what users see.
        helpers: other files that these tests need.
        changes: what to replace in all files: the plugin's names by hermetic's.
        errors: patterns of the tests that count crashes, time-outs or violations as failures: hermetic's are errors.
        conftest: code to add to ``conftest.py``.
        differs: tests that hermetic fails, or that pass after a change of what they expect.
        left_out: tests of features that are not about sizes or isolation.
        quick: patterns of the tests that a quick run takes.
    """

    name: str
    version: str
    folder: str
    files: Sequence[str]
    helpers: Sequence[str] = ()
    changes: Sequence[Change] = ()
    errors: Sequence[str] = ()
    conftest: str = ""
    differs: Sequence[Tests] = ()
    left_out: Sequence[Tests] = ()
    quick: Sequence[str] = field(default=("*",))

    def adapted(self, file: str, text: str) -> str:
        """Return the text of a file of tests with all changes."""
        for pattern, replacement in self.changes:
            text = re.sub(pattern, replacement, text)
        for tests in (Tests("", self.errors, [(r"(assert_outcomes\([^)]*)failed=", r"\1errors=")]), *self.differs):
            text = _changed(file, text, tests)
        return text


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern matches the id of a test; only ``*`` is special."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None


def _changed(file: str, text: str, tests: Tests) -> str:
    """Make the changes in the functions that the patterns name."""
    bases = [pattern.partition("[")[0] for pattern in tests.names]
    lines = text.splitlines(keepends=True)
    # From the last function to the first, so that line numbers stay right.
    for name, first, last in sorted(_functions(ast.parse(text), f"{file}::"), key=lambda found: -found[1]):
        if tests.changes and any(matches(base, name) for base in bases):
            body = "".join(lines[first:last])
            for pattern, replacement in tests.changes:
                body = re.sub(pattern, replacement, body)
            lines[first:last] = [body]
    return "".join(lines)


def _functions(tree: ast.AST, prefix: str) -> Iterable[tuple[str, int, int]]:
    """Yield the name of each test function, with the numbers of its lines."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}::")
        elif isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            yield (
                f"{prefix}{node.name}",
                min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1,
                node.end_lineno,
            )

"""Chooses the tests of a run by what is asked of each test: its size, its name, a pattern."""

from __future__ import annotations

import codecs
import sys
import unittest

from .._base import real
from .._base.errors import ConfigurationError, DecorationError
from .._base.sizes import SIZE_NAMES
from .._base.spelling import hint
from .._rules import policies
from . import suite_blocks, suite_tests
from .history_file import owners_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .suite_blocks import SuiteBlock

    Condition = Callable[[Any], bool]

NO_SIZE = "none"


class Selection:
    """Conditions that the tests of a run fulfil; it is true if there are any.

    A suite with its own way to run tests is chosen as a whole, if a test in it fulfils them. A module that could not be
    loaded is chosen too, because nobody knows its tests, unless it is left out by its name.

    Args:
        is_of_script: whether there may be several runs, each of which loads a part of the tests.

    Attributes:
        may_be_empty: whether it is no error if it chooses no test.
    """

    def __init__(self, *, is_of_script: bool) -> None:
        self._is_of_script = is_of_script
        self.may_be_empty = False
        self._conditions: list[Condition] = []
        self._named: list[_NamedTests] = []

    def __bool__(self) -> bool:
        return bool(self._conditions)

    def require(self, condition: Condition) -> None:
        """Choose no test for which a condition is false."""
        self._conditions.append(lambda test: suite_tests.failed_to_load(test) or condition(test))

    def require_name(self, names: Iterable[str], option: str) -> None:
        """Choose only tests that are named, or whose class, module or package is.

        Args:
            option: the option that names them, for messages.
        """
        wanted = _NamedTests(names, option)
        self._named.append(wanted)
        self._conditions.append(lambda test: wanted.has(test) or suite_tests.failed_to_load(test))

    def leave_out(self, names: Iterable[str], option: str) -> None:
        """Choose no test that is named, or whose class, module or package is; arguments as of ``require_name``."""
        unwanted = _NamedTests(names, option)
        self._named.append(unwanted)
        self._conditions.append(lambda test: not unwanted.has(test))

    def chosen(self, blocks: list[SuiteBlock]) -> list[SuiteBlock]:
        """Return the blocks with tests that fulfil all conditions.

        Raises:
            ConfigurationError: as ``check_names``, unless later runs may have these tests.
        """
        for condition in self._conditions:
            blocks = [block for block in blocks if any([*map(condition, suite_tests.tests_in(block.test))])]
        if not self._is_of_script:
            self.check_names()
        return blocks

    def check_names(self) -> None:
        """Check that each name was that of a test.

        Raises:
            ConfigurationError: one was not.
        """
        for names in self._named:
            names.check()


def chosen(suite: Any, condition: Condition) -> Any:
    """Return the tests of a suite that fulfil a condition."""
    selection = Selection(is_of_script=False)
    selection.require(condition)
    return unittest.TestSuite([block.test for block in selection.chosen([*suite_blocks.blocks_in(suite)])])


def with_sizes(text: str) -> Condition:
    """Return what tells whether a test has one of these sizes.

    Args:
        text: names of sizes, or ``none``, with commas or spaces between them.

    Raises:
        ConfigurationError: there is no such size.
    """
    sizes, known = {*text.replace(",", " ").split()}, (*SIZE_NAMES, NO_SIZE)
    wrong = sorted(sizes.difference(known))
    if wrong or not sizes:
        near = hint(wrong[0], known) if wrong else ""
        raise ConfigurationError(f"--size {text!r}: write sizes such as small,medium, or {NO_SIZE}{near}")

    def has_size(test: Any) -> bool:
        try:
            return size_name(test) in sizes
        except DecorationError:
            return True  # the test reports it

    return has_size


def size_name(test: Any) -> str:
    """Return the size of a test by its name, or ``none``.

    Raises:
        DecorationError: the marks of the test are wrong.
    """
    size = policies.size_of(test)
    return NO_SIZE if size is None else size.value


class _NamedTests:
    """Tests that are named, or whose class, module or package is; arguments as of ``Selection.require_name``."""

    def __init__(self, names: Iterable[str], option: str) -> None:
        self._names = dict.fromkeys(names)
        self._option = option
        self._missing = dict(self._names)  # those that no test has had so far
        self._known: dict[str, None] = {}

    def has(self, test: Any) -> bool:
        name = suite_tests.name_of(test)
        places = [name, *owners_of(name)]
        if self._missing:
            self._known.update(dict.fromkeys(places))
            for found in [*self._missing]:
                if found in places or (suite_tests.failed_to_load(test) and found.startswith(f"{name}.")):
                    del self._missing[found]
        return any(place in self._names for place in places)

    def check(self) -> None:
        if self._missing:
            name, *others = self._missing
            more = f" (and {len(others)} more)" if others else ""
            raise ConfigurationError(f"{self._option}: no test is named {name!r}{more}{hint(name, self._known)}")


def _decoded(data: bytes) -> str:
    """Decode text in UTF-8, or in UTF-16 with a byte order mark, as PowerShell writes what is redirected to a file."""
    return data.decode("utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8")


def names_in_file(path: str) -> list[str]:
    """Read the names of tests from a file, such as ``--list`` prints: the first column of each line.

    Empty lines are left out, and lines that begin with ``#``.

    Args:
        path: of the file; ``-`` for standard input.

    Raises:
        ConfigurationError: the file cannot be read, or has no names.
    """
    try:
        if path == "-":
            text = sys.stdin.read()
        else:
            with real.open_file(path, "rb") as file:
                text = _decoded(file.read())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"--tests-from {path}: {reason}") from None
    lines = [line.strip().replace("\t", "  ").partition("  ")[0] for line in text.removeprefix("\ufeff").splitlines()]
    names = [line for line in lines if line and not line.startswith("#")]
    if not names:
        raise ConfigurationError(f"--tests-from {path}: there are no names in it; write the id of a test in each line")
    return names

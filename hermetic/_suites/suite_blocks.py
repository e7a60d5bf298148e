"""Takes a suite apart into blocks that can be moved, left out, or run elsewhere without changing what the tests do.

    block   a test; or a suite with its own way to run tests, which is kept whole
    class   blocks that run one after another, because they share ``setUpClass``
    module  classes that run one after another, because they share ``setUpModule``

Classes and modules are identified by name, so that every process that loads the same tests finds the same blocks.
"""

from __future__ import annotations

import unittest
from collections import namedtuple

from .._rules import groups
from .._settings.current_run import current_run
from .suite_tests import name_of, tests_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any


class SuiteBlock(namedtuple("SuiteBlock", ("test", "name", "class_name", "module"))):  # noqa: PYI024 - as Policy
    """A part of a suite that is moved as a whole.

    Attributes:
        name: the id of the test, or of the first test in the suite.
        class_name: the module and class of the block; its name, if it shares no fixtures.
        module: the module of the block; its name, if it shares no fixtures.
    """

    __slots__ = ()
    test: Any
    name: str
    class_name: str
    module: str


def blocks_in(suite: Any) -> Iterator[SuiteBlock]:
    """The blocks of a suite, in its order."""
    if not isinstance(suite, unittest.TestCase) and _is_plain(suite):
        for test in suite:
            yield from blocks_in(test)
    else:
        yield _block(suite)


def _is_plain(suite: Any) -> bool:
    """Whether a suite only runs one test after another."""
    plain = unittest.TestSuite
    return isinstance(suite, plain) and all(
        getattr(type(suite), name) is getattr(plain, name) for name in ("run", "__call__", "__iter__", "debug")
    )


def _block(test: Any) -> SuiteBlock:
    tests = [*tests_in(test)]
    name = name_of(tests[0]) if tests else ""
    classes = {id(type(one)): type(one) for one in tests}  # a metaclass may leave its classes without a hash
    modules = {cls.__module__ for cls in classes.values()}
    if len(modules) != 1 or modules & {"unittest.case", "unittest.loader", "doctest"}:
        return SuiteBlock(test, name, name, name)  # tests of several modules, or functions, which have no fixtures
    (module,) = modules
    qualname = type(tests[0]).__qualname__ if len(classes) == 1 else name
    return SuiteBlock(test, name, f"{module}.{qualname}", module)


def names_in_block(block: SuiteBlock) -> list[str]:
    """The names of the tests of a block, as ``name_of`` returns them."""
    return [name_of(test) for test in tests_in(block.test)]


def grouped(blocks: Iterable[SuiteBlock], key: Callable[[SuiteBlock], str]) -> dict[str, list[SuiteBlock]]:
    """The blocks by a key, in their order."""
    groups: dict[str, list[SuiteBlock]] = {}
    for block in blocks:
        groups.setdefault(key(block), []).append(block)
    return groups


def unit_of(block: SuiteBlock) -> str:
    """The name of the smallest part of the suite that must stay together with a block: module, class, or block."""
    first = next(tests_in(block.test), None)
    isolated_with = _isolated_with(first)
    if isolated_with == "module" or groups.has_module_fixtures(block.module):
        return block.module
    if isolated_with == "class" or groups.has_class_fixtures(type(first)):
        return block.class_name
    return block.name


def _isolated_with(test: Any) -> str | None:
    """The kind of group that an isolated test belongs to, such as ``class`` or ``module``; None for other tests."""
    if not current_run.hands_tests_over() or not isinstance(test, unittest.TestCase):
        return None
    group = groups.of_test_if_right(test)
    return group.key[0] if group is not None and group.key is not None else None

"""A suite taken apart, into what can be moved, left out, or run elsewhere without changing what the tests do.

    Block   a test; or a suite that runs its tests in a way of its own, and is left as it is
    class   blocks that run one after another, because they share ``setUpClass``
    module  classes that do, because they share ``setUpModule``

Names, not objects, tell classes and modules apart, so that every process that loads the same tests finds the same.
"""

from __future__ import annotations

import unittest
from collections import namedtuple

from .._rules import fixtures, groups
from .._settings.current_run import current_run
from .._verdicts.owner_names import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

__unittest = True

_FAILED_TO_LOAD = "unittest.loader._FailedTest."  # how the id of what stands for a module begins that has failed


class Block(namedtuple("Block", ("test", "name", "class_name", "module"))):  # noqa: PYI024 - as Policy
    """What is moved as one.

    Attributes:
        test: a test, or a suite.
        name: the id of the test, or of the first in the suite.
        class_name: the class that it belongs to, with its module; the name, for what shares no fixtures.
        module: the module that it belongs to; the name, for what shares no fixtures.
    """

    __slots__ = ()
    test: Any
    name: str
    class_name: str
    module: str


def blocks_in(suite: Any) -> Iterator[Block]:
    """The blocks of a suite, in its order.

    Args:
        suite: a suite or a test.
    """
    if not isinstance(suite, unittest.TestCase) and _is_plain(suite):
        for test in suite:
            yield from blocks_in(test)
    else:
        yield _block(suite)


def _is_plain(suite: Any) -> bool:
    """Whether a suite does nothing but run one test after another."""
    plain = unittest.TestSuite
    return isinstance(suite, plain) and all(
        getattr(type(suite), name) is getattr(plain, name) for name in ("run", "__call__", "__iter__", "debug")
    )


def tests_in(suite: Any) -> Iterator[Any]:
    """The tests of a suite, and of those in it."""
    if isinstance(suite, unittest.TestCase) or not hasattr(suite, "__iter__"):
        yield suite
    else:
        for test in suite:
            yield from tests_in(test)


def _block(test: Any) -> Block:
    tests = [*tests_in(test)]
    name = name_of(tests[0]) if tests else ""
    classes = {id(type(one)): type(one) for one in tests}  # a metaclass may leave its classes without a hash
    modules = {cls.__module__ for cls in classes.values()}
    if len(modules) != 1 or modules & {"unittest.case", "unittest.loader", "doctest"}:
        return Block(test, name, name, name)  # of several modules; or of functions, which have no fixtures
    (module,) = modules
    qualname = type(tests[0]).__qualname__ if len(classes) == 1 else name
    return Block(test, name, f"{module}.{qualname}", module)


def name_of(test: Any) -> str:
    """The id of a test; of what stands for a module that could not be loaded, the module's name."""
    return owner_name(test).removeprefix(_FAILED_TO_LOAD)


def names_in(block: Block) -> list[str]:
    """The ids of the tests of a block, as of ``name_of``."""
    return [name_of(test) for test in tests_in(block.test)]


def failed_to_load(test: Any) -> bool:
    """Whether a test stands for a module that could not be loaded."""
    return owner_name(test).startswith(_FAILED_TO_LOAD)


def grouped(blocks: Iterable[Block], key: Callable[[Block], str]) -> dict[str, list[Block]]:
    """The blocks by a key, as they come."""
    groups: dict[str, list[Block]] = {}
    for block in blocks:
        groups.setdefault(key(block), []).append(block)
    return groups


def unit_of(block: Block) -> str:
    """The name of the smallest part of a suite that a block cannot be parted from: module, class, or the block."""
    first = next(tests_in(block.test), None)
    isolated_with = _isolated_with(first)
    if isolated_with == "module" or fixtures.has_module_fixtures(block.module):
        return block.module
    if isolated_with == "class" or fixtures.has_class_fixtures(type(first)):
        return block.class_name
    return block.name


def _isolated_with(test: Any) -> str | None:
    """What a test shares the process with that it is isolated in: ``class``, ``module``, or another thing."""
    if not current_run.hands_tests_over() or not isinstance(test, unittest.TestCase):
        return None
    group = groups.of_test_if_right(test)
    return group.key[0] if group is not None and group.key is not None else None

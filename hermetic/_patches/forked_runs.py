"""Patches what loads and runs tests, in forked copies of a run: a copy that comes back to it is ended.

A child that is forked while tests are loaded or run may do what it likes, until it returns to what loads or runs them:
from there on it would run the same tests as its parent. It is ended there, and its parent reports it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import unittest

from .._base import real
from .._stdlib import unittest_internals
from .._verdicts import scopes
from . import installation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .._guards.forked_copies import Fork

__unittest = True


def while_loading() -> contextlib.AbstractContextManager[None]:
    """A block that loads tests: a forked copy that loads or runs tests itself is ended."""
    return _watched(_end_at_seams, lambda: None)


def while_running(result: Any) -> contextlib.AbstractContextManager[None]:
    """A block that runs tests: a forked copy is ended when its runner next reports to the result."""
    return _watched(functools.partial(_end_at_result, result), lambda: result.current_test)


@contextlib.contextmanager
def loads_watched() -> Iterator[None]:
    """A block in which each load by a ``unittest.TestLoader`` is a ``while_loading`` block."""
    originals = {name: getattr(unittest.TestLoader, name) for name in _LOADS}
    for name, original in originals.items():
        setattr(unittest.TestLoader, name, _watched_load(original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(unittest.TestLoader, name, original)


_LOADS = ("loadTestsFromName", "loadTestsFromNames", "discover")  # they import


def _watched_load(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def load(*args: Any, **kwargs: Any) -> Any:
        with while_loading():
            return original(*args, **kwargs)

    return load


class _Block:
    """A block in which forks are watched.

    Args:
        put_in: is called in a forked copy, with the function that ends the copy.
    """

    def __init__(self, put_in: Callable[[Callable[..., Any]], None], current_test: Callable[[], Any]) -> None:
        self.put_in = put_in
        self.current_test = current_test
        self.home = real.get_pid()


class _Watch:
    """The blocks that this process is in. One instance, in this module.

    Attributes:
        blocks: the innermost last.
        fork: the last fork in one of them; None for none.
    """

    def __init__(self) -> None:
        self.blocks: list[_Block] = []
        self.fork: Fork | None = None


_watch = _Watch()


def leave_blocks() -> None:
    """Leave the blocks that the parent of this process is in: this process runs none of their tests."""
    _watch.blocks.clear()


@contextlib.contextmanager
def _watched(put_in: Callable[[Callable[..., Any]], None], current_test: Callable[[], Any]) -> Iterator[None]:
    _look_at_forks()
    _watch.blocks.append(_Block(put_in, current_test))
    try:
        yield
    finally:
        _watch.blocks.pop()
        if _watch.fork is not None or scopes.running.has_log:
            installation.parts().forked_copies.collect_entries()


@functools.cache
def _look_at_forks() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_child=_after_fork)


def _before_fork() -> None:
    if _watch.blocks and _watch.blocks[-1].home == real.get_pid() and not scopes.is_unjudged():
        _watch.fork = None
        _watch.fork = installation.parts().forked_copies.new_fork(_watch.blocks[-1].current_test)


def _after_fork() -> None:
    if not scopes.is_unjudged():
        for block in _watch.blocks:
            block.put_in(_end)


def _end(*_: Any, **__: Any) -> None:
    """End this process, which is a copy that has come back."""
    installation.parts().forked_copies.end_copy(_watch.fork)


def _end_at_result(result: Any, end: Callable[..., Any]) -> None:
    for name in _TOLD:
        setattr(result, name, end)


_TOLD = (
    "startTest", "stopTest", "stopTestRun", "addSuccess", "addError", "addFailure", "addSkip", "addExpectedFailure",
    "addUnexpectedSuccess",
)  # fmt: skip  # of the calls that a result gets, those that come of a runner alone


def _end_at_seams(end: Callable[..., Any]) -> None:
    for cls, names in _SEAMS.items():
        for name in names:
            setattr(cls, name, end)


# Whatever loads or runs tests, with the methods that others are built on.
_SEAMS: dict[type, tuple[str, ...]] = {
    unittest.TestProgram: ("__init__",),
    unittest.TestLoader: (*_LOADS, unittest_internals.LOADER_IMPORT, "loadTestsFromModule", "loadTestsFromTestCase"),
    unittest.TextTestRunner: ("run",),
    unittest.TestSuite: ("run", "debug"),
    unittest.TestCase: ("run", "debug"),
}

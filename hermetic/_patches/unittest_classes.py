"""Patches unittest: how TestCase classes are defined, the methods of some, ``TextTestRunner.run``, and the clock."""

from __future__ import annotations

import contextlib
import functools
import importlib
import types
import unittest

from .._base import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

__unittest = True


def watch_definitions(look: Callable[[Any], None]) -> None:
    """Call a function with each TestCase class that is defined from now on."""
    original = unittest.TestCase.__dict__.get("__init_subclass__")

    def __init_subclass__(cls: Any, /, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - takes the place of one
        if original is not None:
            original.__get__(None, cls)(*args, **kwargs)
        else:
            super(unittest.TestCase, cls).__init_subclass__(*args, **kwargs)
        look(cls)

    unittest.TestCase.__init_subclass__ = classmethod(__init_subclass__)  # type: ignore[assignment]


def replace_methods(cls: Any, makers: Mapping[str, Callable[[Any, Callable[..., Any]], Any]]) -> None:
    """Replace methods of a TestCase class.

    Args:
        makers: for each method, makes the replacement from the class and from the method that the class would have
            without it, as a function of the test and its arguments.
    """
    for name, make in makers.items():
        setattr(cls, name, make(cls, _method(cls, name)))


def _method(cls: Any, name: str) -> Callable[..., Any]:
    own: Callable[..., Any] | None = vars(cls).get(name)
    # Otherwise the next class in the order of the test's own class, which may be IsolatedAsyncioTestCase.
    return own or (lambda self, *args: getattr(super(cls, self), name)(*args))


def replace_class_fixture(cls: Any, name: str, run: Callable[[Any, Callable[[], None]], None]) -> None:
    """Replace a class fixture of a TestCase class, unless that is done.

    Args:
        name: ``setUpClass`` or ``tearDownClass``.
        run: is called with the class whose fixture it is, and with the fixture that it would have had.
    """
    if hasattr(getattr(cls, name), "__hermetic_fixture__"):
        return
    own: Any = vars(cls).get(name)

    @functools.wraps(real.function_of(getattr(cls, name)))
    def fixture(owner: Any) -> None:
        inner = getattr(super(cls, owner), name) if own is None else own
        if hasattr(own, "__get__"):  # a partial has none before Python 3.13
            inner = own.__get__(None, owner)
        run(owner, inner)

    fixture.__hermetic_fixture__ = True  # type: ignore[attr-defined]
    setattr(cls, name, classmethod(fixture))


@contextlib.contextmanager
def runs_replaced(make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """For a block, replace ``TextTestRunner.run``."""
    original = unittest.TextTestRunner.run
    unittest.TextTestRunner.run = make(original)  # type: ignore[method-assign]
    try:
        yield
    finally:
        unittest.TextTestRunner.run = original  # type: ignore[method-assign]


@contextlib.contextmanager
def clock_kept() -> Iterator[None]:
    """For a block, make unittest time the run and its tests by a clock that no test can stop."""
    clock = types.SimpleNamespace(**{**vars(importlib.import_module("time")), "perf_counter": real.perf_counter})
    timing = [vars(importlib.import_module(f"unittest.{name}")) for name in ("runner", "case")]
    timing = [names for names in timing if "time" in names]  # that of tests from Python 3.12 on
    kept = [names["time"] for names in timing]
    for names in timing:
        names["time"] = clock
    try:
        yield
    finally:
        for names, module in zip(timing, kept, strict=True):
            names["time"] = module

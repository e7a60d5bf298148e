"""Patches unittest's loaders: a module that cannot be loaded is one error, and the other modules run."""

from __future__ import annotations

import contextlib
import functools
import sys
import unittest

from .._base import real
from .._base.errors import RunEndedEarly
from .._stdlib import unittest_internals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__unittest = True


@contextlib.contextmanager
def failing_alone(loader: Any) -> Iterator[None]:
    """For a block, make a loader turn the failed import of a named module into a test that fails, or is skipped.

    unittest does so for an ``ImportError``. A module that is named twice is imported once. A ``SystemExit`` out of
    ``load_tests`` is an error of its module, whether the module was named or discovered.
    """
    if "loadTestsFromName" in vars(loader):  # a program within another one
        yield
        return
    patch = _Patch(loader)
    loader.loadTestsFromName, loader.loadTestsFromModule = patch.load_tests_from_name, patch.load_tests_from_module
    try:
        yield
    finally:
        del loader.loadTestsFromName, loader.loadTestsFromModule


class _Patch:
    """The replacements of two methods of a loader."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._load_module = loader.loadTestsFromModule
        self._load = loader.loadTestsFromName
        self._failed: set[str] = set()  # the modules whose import has failed

    def load_tests_from_name(self, name: str, module: Any = None) -> Any:
        loader = self._loader
        if module is not None or "loadTestsFromName" not in vars(loader):
            return self._load(name, module)
        if self._failed.intersection(_modules_in(name)):
            return loader.suiteClass()  # its error stands at the first of its names
        del loader.loadTestsFromName  # a load_tests function gets errors as exceptions
        try:
            return self._load(name)
        except BaseException as error:
            missing = _not_imported(name)
            if missing is None or isinstance(error, KeyboardInterrupt):
                raise
            self._failed.add(missing)
            return unittest_internals.test_of_failed_import(loader, missing, error)
        finally:
            loader.loadTestsFromName = self.load_tests_from_name

    def load_tests_from_module(self, module: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._load_module(module, *args, **kwargs)
        except real.system_exit as error:
            wrapped = RunEndedEarly(f"sys.exit({error.code!r}) while the tests of {module.__name__} were loaded")
            return unittest_internals.test_of_failed_load_tests(self._loader, module.__name__, error, wrapped)


@contextlib.contextmanager
def failing_alone_in_programs() -> Iterator[None]:
    """For a block, apply ``failing_alone`` to the loader of every ``unittest.main``."""
    create = unittest.TestProgram.createTests

    @functools.wraps(create)
    def create_tests(self: Any, *args: Any, **kwargs: Any) -> None:
        with failing_alone(self.testLoader):
            create(self, *args, **kwargs)

    unittest.TestProgram.createTests = create_tests  # type: ignore[method-assign]
    try:
        yield
    finally:
        unittest.TestProgram.createTests = create  # type: ignore[method-assign]


def _not_imported(name: str) -> str | None:
    """The outermost module of a dotted name that is not imported; None where the rest names something in a module."""
    missing = next((part for part in _modules_in(name) if part not in sys.modules), None)
    if missing is None:
        return None
    parent, _, child = missing.rpartition(".")
    names = real.names_in(sys.modules.get(parent))
    return missing if not parent or ("__path__" in names and child not in names) else None


def _modules_in(name: str) -> Iterator[str]:
    """The modules that a dotted name may mean, the outermost first: ``a``, ``a.b``, ``a.b.C``."""
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))

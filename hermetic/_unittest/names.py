"""Tests that are named on the command line: a module that cannot be imported is one error, as in a discovery."""

from __future__ import annotations

import contextlib
import sys

from .. import _real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__unittest = True


@contextlib.contextmanager
def failing_alone(loader: Any) -> Iterator[None]:
    """For a block, have a loader turn the failed import of a named module into a test that fails, or is skipped.

    unittest does so for an ``ImportError``. A module that is named twice is imported once.
    """
    load = loader.loadTestsFromName
    failed: set[str] = set()

    def load_tests_from_name(name: str, module: Any = None) -> Any:
        if module is not None or "loadTestsFromName" not in vars(loader):
            return load(name, module)
        if failed.intersection(_modules_in(name)):
            return loader.suiteClass()  # its error stands at the first of its names
        del loader.loadTestsFromName  # a load_tests function is told of errors by exceptions
        try:
            return load(name)
        except Exception as error:
            missing = _not_imported(name)
            if missing is None:
                raise
            failed.add(missing)
            return _real.test_of_failed_import(loader, missing, error)
        finally:
            loader.loadTestsFromName = load_tests_from_name

    loader.loadTestsFromName = load_tests_from_name
    try:
        yield
    finally:
        del loader.loadTestsFromName


def _not_imported(name: str) -> str | None:
    """The outermost module of a dotted name that is not imported; None where the rest names something in a module."""
    missing = next((part for part in _modules_in(name) if part not in sys.modules), None)
    if missing is None:
        return None
    parent, _, child = missing.rpartition(".")
    names = _real.names_in(sys.modules.get(parent))
    return missing if not parent or ("__path__" in names and child not in names) else None


def _modules_in(name: str) -> Iterator[str]:
    """The modules that a dotted name may mean, the outermost first: ``a``, ``a.b``, ``a.b.C``."""
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))

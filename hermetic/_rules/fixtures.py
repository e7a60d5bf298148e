"""Tells whether classes and modules have fixtures of their own."""

from __future__ import annotations

import sys
import unittest

from .._base import real

_CLASS_FIXTURES, _MODULE_FIXTURES = ("setUpClass", "tearDownClass"), ("setUpModule", "tearDownModule")


def has_module_fixtures(name: str) -> bool:
    """Whether a module, by its name, has a fixture."""
    names = real.names_in(sys.modules.get(name))
    return any(names.get(fixture) is not None for fixture in _MODULE_FIXTURES)


def has_class_fixtures(cls: type) -> bool:
    """Whether a class defines or inherits a fixture that is not unittest's."""
    return any(_is_overridden(cls, fixture) for fixture in _CLASS_FIXTURES)


def _is_overridden(cls: type, name: str) -> bool:
    import inspect  # not worth its start-up time where nothing is parted

    own = real.function_of(getattr(cls, name, None))  # of ours, it is what they stand before
    return own is not None and inspect.unwrap(own) is not real.function_of(getattr(unittest.TestCase, name))

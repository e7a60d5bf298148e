"""Finds where a test is defined in the user's code."""

from __future__ import annotations

import inspect
import sys

from .._stdlib import unittest_internals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def place_of(test: Any) -> tuple[str, str, int]:
    """Return the file, the name and the line of a test's method, or of its class."""
    name = unittest_internals.test_method_name(test)
    method: Any = getattr(test, "function", None) or getattr(type(test), name, None)
    code = getattr(inspect.unwrap(method), "__code__", None)
    if code is None:
        module = sys.modules.get(type(test).__module__)
        return str(getattr(module, "__file__", "<unknown>")), type(test).__qualname__, 1
    return code.co_filename, code.co_name, code.co_firstlineno

"""Inspects the standard library without the changes that hermetic makes."""

from __future__ import annotations

import inspect
import json

import support


def original(function: object) -> object:
    """A function without our guard around it: this process may be guarded by now."""
    return inspect.unwrap(function)  # type: ignore[arg-type]


def last_line(code: str) -> object:
    """What a fresh, unguarded interpreter prints as its last line, read as JSON."""
    done = support.run_python("-I", "-c", code)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])

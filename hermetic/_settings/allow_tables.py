"""Reads the ``allow`` tables of configuration files: path patterns with what they allow."""

from __future__ import annotations

import os

from .._base import spelling
from .._base.errors import ConfigurationError
from .._policy import allowances
from .kinds import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._policy.decision import Allowance

_KEYS = ("hosts", "processes", "files", "databases")  # the fields of an Allowance


def read_table(patterns: Any, origin: str) -> dict[str, Allowance]:
    """Check the ``allow`` table of a file, and return what each path pattern allows.

    Args:
        patterns: the table.
        origin: the path of the file.

    Raises:
        ConfigurationError: it has a wrong pattern, key or value; the text names the place.
    """
    if not isinstance(patterns, dict):
        message = f'{origin}: allow = {patterns!r} is not a table; write a table such as allow."tests/db/*"'
        raise ConfigurationError(message)
    return {pattern: _allowance(pattern, table, origin) for pattern, table in patterns.items()}


def shown(allowance: Allowance) -> str:
    """Return an allowance as ``--show-config`` prints it."""
    return " ".join(f"{key}={list(entries)}" for key, entries in zip(_KEYS, allowance, strict=True) if entries)


def _allowance(pattern: str, table: Any, origin: str) -> Allowance:
    place = f"{origin}, allow {pattern!r}"
    trouble = allowances.path_pattern(pattern, os.path.dirname(origin))
    if trouble:
        raise ConfigurationError(f"{place}: {trouble}")
    if not isinstance(table, dict):
        raise ConfigurationError(f"{place}: {table!r} is not a table with {listed(_KEYS)}")
    for key, value in table.items():
        if key not in _KEYS:
            hint = spelling.hint(key, _KEYS)
            raise ConfigurationError(f"{place}: unknown key {key!r}{hint}; write one of {listed(_KEYS)}")
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigurationError(f"{place}: {key} = {value!r} is not a list of strings")
    try:
        return allowances.allowance(table)
    except ConfigurationError as error:
        raise ConfigurationError(f"{place}: {error}") from None

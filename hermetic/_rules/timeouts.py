"""Finds the time-out of a test: that of the nearest mark ``@timeout`` on its method, its classes or its module."""

from __future__ import annotations

from collections import namedtuple

from .._base.errors import DecorationError
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from . import marking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .marking import AnyMark


class Timeout(namedtuple("Timeout", ("seconds", "reason"))):  # noqa: PYI024 - as Policy
    """The time limit that a mark gives a test.

    Attributes:
        seconds: the seconds.
        reason: the mark and its place, for people.
    """

    __slots__ = ()
    seconds: float
    reason: str


def of_test(test: object) -> Timeout | None:
    """Return the time-out of a test; None for a test without a mark, or with wrong marks, which its policy reports."""
    if not current_run.timeouts_are_marked:
        return None
    own, name = marking.own_method(test), unittest_internals.test_method_name(test)
    if own is None or not hasattr(own, "__hermetic__"):  # Django puts a function around async methods
        return timeout_of_method(type(test), name)
    return _find(type(test), name, own)


def of_settings() -> Timeout | None:
    """Return the time-out that the setting ``test_timeout`` gives all tests; None if it gives none."""
    seconds = current_run.settings.test_timeout
    return None if seconds is None else Timeout(seconds, "")


def as_option(timeout: Timeout | None) -> dict[str, Any]:
    """Return the option that a request to a worker has for the time-out of its test."""
    return {} if timeout is None else {"timeout": [*timeout]}


def timeout_of_method(cls: type, name: str) -> Timeout | None:
    """Return the time-out of a test method; None if no mark gives one."""
    return marking.found_once(_find, cls, name)


def _find(cls: type, name: str, own: Any = None) -> Timeout | None:
    full_name = f"{cls.__module__}.{cls.__qualname__}"
    holders = {"method": f"{full_name}.{name}", "class": full_name, "module": cls.__module__}
    try:
        return nearest_timeout((where, holders[where], marks) for where, marks in marking.marks_of(cls, name, own))
    except DecorationError:
        return None


def nearest_timeout(placed: Iterable[tuple[str, str, Iterable[AnyMark]]]) -> Timeout | None:
    """Return the time-out that the first of some marks gives; None if none does.

    Args:
        placed: marks, each with the kind and the name of what they are on; the nearest first.
    """
    for where, holder, marks in placed:
        for mark in marks:
            if mark.timeout is not None:
                return Timeout(mark.timeout, f"{mark!r} on {where} {holder}".rstrip())
    return None

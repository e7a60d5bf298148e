"""Takes findings out of lists that other threads, signal handlers and destructors append to at any time.

A list of findings (violations, faults, warnings) is only ever changed by operations that are atomic in every build of
Python: an element is appended, or removed. To copy such a list and clear it would lose what is appended in between.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


def take_all(found: list[T]) -> list[T]:
    """Remove the elements of a list, and return them. An element goes to one of several threads that do this."""
    taken: list[T] = []
    while found:
        try:
            taken.append(found.pop(0))
        except IndexError:  # another thread has taken the last one
            break
    return taken


def take_where(found: list[T], is_wanted: Callable[[T], bool]) -> list[T]:
    """Remove some of the elements of a list, and return them, as ``take_all`` does."""
    taken: list[T] = []
    for element in tuple(found):
        if is_wanted(element):
            try:
                found.remove(element)
            except ValueError:  # another thread has taken it
                continue
            taken.append(element)
    return taken

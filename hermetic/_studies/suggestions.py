"""Finds the size that fits each observed test, and whether to decorate its class or its method.

the test has a size that is enough     decorate nothing
all others of a class fit one size     decorate the class
otherwise                              decorate each method with the largest size that its tests need
"""

from __future__ import annotations

import inspect
import os
import sys
from collections import namedtuple

from .._base import real
from .._base.errors import DecorationError
from .._base.sizes import LIMITS, Size
from .._operations import callsite
from .._policy.decision import Policy, refuses
from .._rules import marking
from .._settings.current_run import current_run
from .source_edits import CannotEditError, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .._base.records import Operation

_SIZES: tuple[Size, ...] = tuple(Size)


# A test fits a size if it takes at most this part of the size's time limit, because other machines may be slower.
TIME_MARGIN = 0.8
_BY_DEFAULT = "default_size"  # the place of a size that nobody has marked


class Observed(  # as Policy
    namedtuple("Observed", ("id", "cls", "method", "size", "why", "used", "seconds"), defaults=((), 0.0))  # noqa: PYI024
):
    """A test that was observed.

    Attributes:
        size: the smallest size that fits; None if it is not known.
        why: why the size is not known.
        used: the operations that a small test may not do.
        seconds: the duration of the test.
    """

    __slots__ = ()
    id: str
    cls: type
    method: str
    size: Size | None
    why: str
    used: Sequence[Operation]
    seconds: float


class ProposedMark(namedtuple("ProposedMark", ("size", "owner", "method", "tests"))):  # noqa: PYI024 - as Policy
    """A mark that a class or a method should get.

    Attributes:
        size: the size.
        owner: the qualified name of the class, or of the class that defines the method.
        method: the name of the method; empty for a mark on the class.
        tests: the tests that get their size from the mark.
    """

    __slots__ = ()
    size: Size
    owner: str
    method: str
    tests: list[Observed]


def _allows(size: Size, operations: Iterable[Operation], forbid: tuple[str, ...]) -> bool:
    policy = Policy(size, forbid=forbid)
    return not any(refuses(policy, operation) for operation in operations)


def smallest(operations: Iterable[Operation], seconds: float, forbid: tuple[str, ...]) -> Size:
    """The smallest size that allows what a test used, and whose time limit leaves a margin.

    Args:
        operations: the operations of the test that a small test may not do.
        forbid: the opt-in columns of the size table that are judged.
    """
    operations = [*operations]
    for size in _SIZES:
        if seconds <= LIMITS[size].time_limit * TIME_MARGIN and _allows(size, operations, forbid):
            return size
    return _SIZES[-1]


def largest(sizes: Iterable[Size]) -> Size:
    """The largest of some sizes."""
    return max(sizes, key=_SIZES.index)


def present_size(cls: type, method: str) -> tuple[Size | None, str]:
    """The size of a test, and its place: ``method``, ``class``, ``module``, ``HermeticTestCase``, ``default_size``."""
    try:
        for place, marks in marking.marks_of(cls, method):
            for mark in marks:
                if isinstance(mark.size, Size):
                    return mark.size, place
    except DecorationError:
        return None, ""  # the test reports the error itself
    default: Size | None = getattr(cls, "hermetic_default_size", None)
    return (default, "HermeticTestCase") if default else (current_run.settings.default_size, _BY_DEFAULT)


def size_near_limit(test: Observed) -> Size | None:
    """The size of a test, if the test keeps its time limit, but not with a margin."""
    present, _ = present_size(test.cls, test.method)
    if test.size is None or present is None:
        return None
    limit = LIMITS[present].time_limit
    return present if limit * TIME_MARGIN < test.seconds <= limit and not _needs_mark(test) else None


def larger_than_needed(test: Observed) -> Size | None:
    """The size that somebody has marked a test with, if it fits a smaller one."""
    present, place = present_size(test.cls, test.method)
    if test.size is None or present is None or place == _BY_DEFAULT:
        return None
    return present if _SIZES.index(present) > _SIZES.index(test.size) else None


class MarkPlan:
    """The decorators that a suite needs.

    Attributes:
        marks: the marks, by file and by the line of the definition.
        troubles: a message for each definition that cannot be marked.
    """

    def __init__(self, tests: Sequence[Observed]) -> None:
        self.marks: dict[str, dict[int, ProposedMark]] = {}
        self.troubles: list[str] = []
        self._sources: dict[str, Source | CannotEditError] = {}
        self._marked_classes: dict[int, ProposedMark] = {}  # by id(): a metaclass may leave its classes without a hash
        self._by_place: dict[Any, list[Observed]] = {}
        by_class: dict[int, list[Observed]] = {}
        for test in tests:
            by_class.setdefault(id(test.cls), []).append(test)
            self._by_place.setdefault(_place_of_method(test) or test.id, []).append(test)
        for members in sorted(by_class.values(), key=lambda members: len(members[0].cls.__mro__)):
            self._plan_class(members[0].cls, members)

    def _plan_class(self, cls: type, members: list[Observed]) -> None:
        needing = [test for test in members if _needs_mark(test)]
        others = [test for test in members if not _needs_mark(test)]
        is_free = not any(getattr(mark, "size", None) for mark in _as_tuple(vars(cls).get("__hermetic__", ())))
        is_alone = all(test.size and present_size(cls, test.method)[1] == "method" for test in others)
        if is_free and is_alone and len({test.size for test in needing}) == 1:
            trouble = self._mark_class(cls, needing)
            self._tell(f"class {cls.__module__}.{cls.__qualname__}", needing[0].size, trouble)
            return
        left = [(test, trouble) for test in needing if (trouble := self._mark_method(test))]
        # A method that is not in the source can get its size from the class, if no other test is affected.
        by_class = [test for test, _ in left if present_size(cls, test.method)[1] != "method"]
        if by_class and is_free and is_alone and not self._mark_class(cls, by_class):
            left = [(test, trouble) for test, trouble in left if present_size(cls, test.method)[1] == "method"]
        for test, trouble in left:
            self._tell(test.id, test.size, trouble)

    def _tell(self, name: str, size: Size | None, trouble: str) -> None:
        if trouble and size is not None:
            self.troubles.append(f"{name} fits @{size.value}, but {trouble}")

    def _inherited(self, cls: type) -> ProposedMark | None:
        """The mark that a class inherits from a base class that will be marked."""
        for base in cls.__mro__[1:]:
            if id(base) in self._marked_classes:
                return self._marked_classes[id(base)]
            if "__hermetic__" in vars(base):
                return None
        return None

    def _mark_class(self, cls: type, tests: list[Observed]) -> str:
        """Mark a class with the largest size that some tests need; return why that is impossible, or an empty text."""
        size = _largest(tests)
        inherited = self._inherited(cls)
        if inherited and inherited.size is size:
            inherited.tests.extend(tests)
            return ""
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        try:
            line = self._source(file).class_line(cls.__qualname__)
        except CannotEditError as error:
            return str(error)
        if line is None:
            return f"is not written in {shown_file(file)}: mark what creates it"
        mark = self._marked_classes[id(cls)] = ProposedMark(size, cls.__qualname__, "", [*tests])
        self.marks.setdefault(str(file), {})[line] = mark
        return ""

    def _mark_method(self, test: Observed) -> str:
        """Mark a method with the largest size that its tests need; return why that is impossible, or an empty text."""
        sharing = self._by_place[_place_of_method(test) or test.id]
        try:
            file, line = self._place_of(test, sharing)
        except CannotEditError as error:
            return str(error)
        owner = inspect.unwrap(getattr(test.cls, test.method)).__qualname__.rpartition(".")[0]
        self.marks.setdefault(file, {})[line] = ProposedMark(_largest(sharing), owner, test.method, sharing)
        return ""

    def _place_of(self, test: Observed, sharing: list[Observed]) -> tuple[str, int]:
        """The file and the line where the method of a test begins."""
        unknown = [other.id for other in sharing if other.size is None]
        if unknown:
            raise CannotEditError(f"its method is run as {unknown[0]}, which was not observed to its end")
        present, place = present_size(test.cls, test.method)
        if present is not None and place == "method":
            raise CannotEditError(f"is marked @{present.value}: change that mark")
        file, first_line = _place_of_method(test) or (None, 0)
        line = self._source(file).method_line(test.method, first_line)
        if line is None:
            raise CannotEditError(f"is not written as {test.method} in {shown_file(file)}: mark what creates it")
        return str(file), line

    def _source(self, file: str | None) -> Source:
        if file is None or not is_of_project(file):
            raise CannotEditError("is not defined in a file of this project")
        if file not in self._sources:
            self._sources[file] = _read(file)
        found = self._sources[file]
        if isinstance(found, CannotEditError):
            raise found
        return found

    def edited(self) -> dict[str, tuple[bytes, bytes]]:
        """The old and new bytes of each file that changes; a file that cannot be edited is a trouble without marks."""
        found = {}
        for file, marks in sorted(self.marks.items()):
            try:
                source = self._source(file)
                found[file] = source.data, source.marked({line: mark.size.value for line, mark in marks.items()})
            except CannotEditError as error:
                del self.marks[file]
                self.troubles.append(f"{shown_file(file)}: {error}")
        return found


def _largest(tests: Iterable[Observed]) -> Size:
    return largest(test.size for test in tests if test.size is not None)


def _needs_mark(test: Observed) -> bool:
    present, place = present_size(test.cls, test.method)
    if test.size is None or present is None or present is test.size:
        return test.size is not None and present is None
    if _SIZES.index(present) > _SIZES.index(test.size):
        return place == _BY_DEFAULT
    is_in_time = test.seconds <= LIMITS[present].time_limit
    return not (is_in_time and _allows(present, test.used, current_run.settings.forbid))


def _place_of_method(test: Observed) -> tuple[str, int] | None:
    """The file and the line of the function that a test runs, inside its decorators; None if it is not known."""
    function = getattr(test.cls, test.method, None)
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return None if code is None else (code.co_filename, code.co_firstlineno)


def _as_tuple(marks: Any) -> tuple[Any, ...]:
    return tuple(marks) if isinstance(marks, (list, tuple)) else (marks,)


def _read(file: str) -> Source | CannotEditError:
    try:
        with real.open_file(file, "rb") as opened:
            return Source(opened.read())
    except OSError as error:
        return CannotEditError(f"its file cannot be read: {error}")
    except CannotEditError as error:
        return error


def is_of_project(file: str) -> bool:
    """Whether a file may be edited: it is below the current folder or the settings' folder, and not installed."""
    folders = [os.path.abspath(current_run.settings.root)]
    try:
        full = os.path.abspath(file)
        folders.append(real.get_cwd())
    except FileNotFoundError:  # a test has removed the current folder
        full = file
    is_below = any(full.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)
    return is_below and not any(part in full for part in callsite.SITE_PACKAGES)


def shown_file(file: str | None) -> str:
    """A path, in the form that messages show."""
    return callsite.shown_path(file) if file else "any file"

"""The marks ``@small``, ``@medium``, ``@large``, ``@xlarge`` and ``@allow(...)``.

A mark is written to the ``__hermetic__`` attribute of a function, a class, or (by assignment) a module. A marked
function is wrapped, so that the policy applies to its body for every caller. A marked class, and a TestCase with marked
methods, is protected as a whole, fixtures and cleanups included (``class_protection``).
"""

from __future__ import annotations

import functools
import inspect
import operator
import types
import unittest

from .._base.errors import ConfigurationError, DecorationError
from .._base.sizes import Size
from .._patches import installation
from .._policy.decision import NO_ALLOWANCE, Allowance
from .._rules import marking, policies
from .._running import class_protection
from .._settings.current_run import current_run
from .._verdicts import scopes, subjects
from .._verdicts.blocks import PolicyBlock, take_entered
from .block_wrappers import wrapping
from .guard import as_allowance, function_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, NoReturn, overload

    from .block_wrappers import T
    from .guard import Entries

__unittest = True  # keeps our frames out of unittest's tracebacks


_NOTHING = object()


class Mark:
    """A size, or an exception to one, to be put on a test, a class or a module.

    Attributes:
        size: the size that it gives; None for a mark that gives none.
        allowance: the exceptions that it makes.
        isolation: the name of the group of processes that it puts tests into (None for one that has none), the
            seconds that they may take, and whether the kernel holds them to their sizes (None for what the settings
            say); None for a mark that isolates nothing.
        retries: how often a failed test is run again; None for a mark that does not say.
        timeout: the seconds that a test may take; None for a mark that gives no time-out.
    """

    size: Size | None = None
    allowance: Allowance = NO_ALLOWANCE
    isolation: tuple[str | None, float | None, str | None] | None = None
    retries: int | None = None
    timeout: float | None = None
    _alone: tuple[Mark, ...] = ()  # the marks of all that has this one only, which results recognize; none at first

    @property
    def mark(self) -> Any:
        """This mark in the form of the host: pytest reads it from a list ``pytestmark``.

        Raises:
            AttributeError: the host has no marks of its own.
        """
        return current_run.mark_of_host(self)

    def __call__(self, marked: T, /) -> T:
        """Mark a function, a method or a class, and return it.

        Raises:
            DecorationError: the object cannot be marked, or it already has a size, an isolation, a number of retries
                or a time-out, and this mark gives another one.
        """
        found: Any = marked
        if isinstance(found, types.FunctionType):
            return self._mark_function(found)  # type: ignore[no-any-return]
        if isinstance(found, (staticmethod, classmethod)):
            found = type(found)(self._mark_function(found.__func__))
        elif isinstance(found, type):
            self._mark_class(found)
        else:
            raise DecorationError(f"{self!r} takes a test method, a function or a class, not {_described(found)}")
        return found  # type: ignore[no-any-return]

    def _mark_class(self, cls: Any) -> None:
        try:
            cls.__hermetic__ = self._added_to(cls, cls.__dict__.get("__hermetic__", ()))
        except (AttributeError, TypeError) as error:
            raise DecorationError(f"{self!r} cannot be put on {_described(cls)}: {error}") from error
        if issubclass(cls, unittest.TestCase):
            class_protection.protect_class(cls)
        else:  # a mixin for TestCases, or a test class of pytest's: only its methods can carry the policy
            for name, method in list(vars(cls).items()):
                if name.startswith("test") and inspect.isfunction(method):
                    setattr(cls, name, self._wrap(method, marking.marks_on(method, method.__qualname__)))

    def _wrap(self, function: Any, marks: Any) -> Any:
        """A function that applies its marks when it is called."""
        return _wrapping(marks)(function)

    def _mark_function(self, function: Any) -> Any:
        marks = self._added_to(function, getattr(function, "__hermetic__", ()))
        marked = self._wrap(function, marks)
        marked.__hermetic__ = marks
        current_run.functions_are_marked = True
        return marked

    def _added_to(self, marked: Any, marks: Any) -> tuple[marking.AnyMark, ...]:
        """Return the marks of an object together with this one."""
        others = self._compatible(marked, marks) if marks or type(marks) is not tuple else ()
        return (self, *others) if others else self._alone or (self,)

    def _compatible(self, marked: Any, marks: Any) -> tuple[marking.AnyMark, ...]:
        """Return the marks that something has already, unless this one contradicts them."""
        found = marking.as_marks(marks, _described(marked))
        for attribute in marking.EXCLUSIVE:
            rivals = [mark for mark in found if getattr(mark, attribute) is not None]
            if rivals and getattr(self, attribute) is not None:
                other = f"the size {rivals[0]!r}" if attribute == "size" else repr(rivals[0])
                raise DecorationError(f"{_described(marked)} already has {other}; remove it or {self!r}")
        return found


class SizeMark(Mark):
    """Gives a size to a test method (also an async one), a class or a plain function.

    For a module, write ``__hermetic__ = hermetic.small``, or a list of marks. A mark keeps the signature, the type,
    the name, ``__wrapped__`` and pickling, and works above and below ``mock.patch``. ``@small()`` is ``@small``.

    Raises:
        DecorationError: on an object that the mark cannot protect, and for a second size on the same object.
    """

    def __init__(self, size: Size) -> None:
        self.size: Size | None = size
        self._alone = (self,)

    if TYPE_CHECKING:

        @overload
        def __call__(self, /) -> SizeMark: ...
        @overload
        def __call__(self, marked: T, /) -> T: ...

    def __call__(self, marked: Any = _NOTHING, /) -> Any:
        """Mark a test or a class; without one, return the mark, so that ``@small()`` is ``@small``."""
        return self if marked is _NOTHING else Mark.__call__(self, marked)

    def __repr__(self) -> str:
        assert self.size is not None
        return f"@{self.size.value}"

    def __reduce__(self) -> str:
        assert self.size is not None
        return self.size.value  # pickles as the global of that name


class allow(Mark):  # noqa: N801 - used as a function: `@allow(...)`, `with allow(...):`
    """An explicit exception to a size, on a test, a class, a module, or as a ``with`` block.

    On a function that a test calls, the exception applies during that call, in addition to what the test may do.

    Args:
        hosts: a name, an address, a network (``10.0.0.0/8``, ``fd00::/8``), or the path of a unix socket. All but the
            path may have a port: ``name:port``, ``10.0.0.0/8:5432``, ``[ipv6]:port``, ``[fd00::/8]:5432``. Without a
            port, or with the port ``*``, all ports are allowed. A name may contain ``*``; the test may look it up, and
            connect to its addresses. A network allows its addresses, but looks up no names. ``connect()`` allows the
            test to fetch that C function through ctypes; hermetic does not check what that function reaches.
        processes: programs, by name or full path; both may contain ``*``. hermetic does not check what an allowed
            program does.
        files: files and folders, by full path or relative to the current folder; ``*`` also matches slashes. For tests
            that may not use the file system.
        databases: paths as in ``files``, and ``:memory:``. For tests that may not use databases.

    Raises:
        ConfigurationError: an argument is not a list of strings, or an entry can never match, for example a URL
            or a network with host bits (``10.1.2.3/8``) in ``hosts``, arguments in ``processes``, or ``./`` or ``~`` at
            the start of a path in ``files``. The text says what to write instead.

    Example:
        >>> @allow(hosts=["db.test:5432"], processes=["git"])
        ... def test_sync(): ...
    """

    def __init__(
        self,
        *marked: NoReturn,
        hosts: Entries = (),
        processes: Entries = (),
        files: Entries = (),
        databases: Entries = (),
    ) -> None:
        if marked or (hosts, processes, files, databases) == ((), (), (), ()):
            wrong: tuple[object, ...] = marked
            given = [entry for entry in wrong if isinstance(entry, str)] or ["..."]
            raise ConfigurationError(
                f"allow needs to know what to allow: write @allow(hosts={given}), @allow(processes={given}),"
                f" @allow(files={given}) or @allow(databases={given})"
            )
        self.allowance = as_allowance(hosts=hosts, processes=processes, files=files, databases=databases)
        self._entered: list[PolicyBlock | None] = []

    def __repr__(self) -> str:
        given = zip(self.allowance._fields, self.allowance, strict=True)
        return f"@allow({', '.join(f'{name}={list(value)}' for name, value in given if value)})"

    def __enter__(self) -> None:
        block = _allowing(self.allowance)
        if block is not None:
            block.__enter__()
        self._entered.append(block)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        block = take_entered(self._entered)
        if block is not None:
            block.__exit__()


current_run.mark_types = (Mark,)
installation.install_if_possible()  # a mark is about to be used, and the guard applies to the imports from here on
small = SizeMark(Size.SMALL)
medium = SizeMark(Size.MEDIUM)
large = SizeMark(Size.LARGE)
xlarge = SizeMark(Size.XLARGE)


def _described(marked: Any) -> str:
    name = getattr(marked, "__qualname__", None)
    if name is None:
        return f"{type(marked).__name__} {marked!r}"
    kind = "class" if isinstance(marked, type) else "function"
    return f"{kind} {marked.__module__}.{name}"


def _allowing(allowance: Allowance) -> PolicyBlock | None:
    """A block in which there are exceptions to the policy in force; None where no policy is."""
    outer = subjects.scope_in_force()
    if outer is None or outer.policy is None:
        return None
    scope = scopes.Scope(outer.owner, outer.policy.allowing(allowance))
    scope.within(outer)
    scope.charged_to = outer.charged_to or outer  # a violation in the block is the test's
    scope.charged_to.touched = True
    return PolicyBlock(scope)


def _allowance_alone(marks: tuple[marking.AnyMark, ...]) -> Allowance:
    """The exceptions of a function whose marks give no size: they add to what holds where it is called."""
    if any(mark.size for mark in marks):
        return NO_ALLOWANCE
    return functools.reduce(operator.or_, (mark.allowance for mark in marks), NO_ALLOWANCE)


@functools.cache
def _wrapping(marks: tuple[marking.AnyMark, ...]) -> Callable[[Any], Any]:
    """The decorator of all functions with these marks: they share what they can, because suites have thousands."""
    return wrapping(functools.partial(_test_block, marks))


def _test_block(marks: tuple[marking.AnyMark, ...], function: Any, args: tuple[Any, ...]) -> PolicyBlock | None:
    """The block for a call of a marked function; None if the test that calls it is being judged already."""
    test = args[0] if marking.is_method_call(args) else None
    scope = scopes.active()
    if test is not None and scope is not None and scope.owner is test:
        return None  # the usual case, without the questions below
    owner = test if test is not None else function_name(function)
    if scopes.is_of(scope, owner):
        return None
    if test is None and scope is not None and _allowance_alone(marks) != NO_ALLOWANCE:
        return _allowing(_allowance_alone(marks))
    policy = policies.of_test(test) if test is not None else policies.of_function(function, marks, args)
    if policy is None:
        return None
    block = PolicyBlock(scopes.Scope(owner, policy))
    # A function that no TestCase runs is all the test that there is, where it is no part of another.
    process = scopes.running.process
    block.is_test = test is None and (process is None or process.policy is None)
    if test is not None:
        # What a cleanup raises cannot be taken for an expected failure of the test.
        test.addCleanup(block.conclude, None)
        block.concluded_elsewhere = True
    return block

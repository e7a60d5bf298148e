"""``guard(size)``: holds a block or a function to a size, without any test framework."""

from __future__ import annotations

import inspect

from .._base import spelling
from .._base.errors import ConfigurationError, DecorationError
from .._base.sizes import OFF, SIZE_NAMES, Size
from .._patches.installation import install
from .._policy import allowances
from .._policy.decision import Allowance, Policy
from .._settings.current_run import current_run
from .._verdicts import scopes
from .._verdicts.blocks import PolicyBlock, take_entered
from .block_wrappers import wrapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Literal, TypeAlias

    from .._rules.marking import AnyMark
    from .block_wrappers import T

    Entries: TypeAlias = list[str] | tuple[str, ...]
    AnySize: TypeAlias = Literal["small", "medium", "large", "xlarge"] | Size | AnyMark

__unittest = True  # keeps our frames out of unittest's tracebacks


class guard:  # noqa: N801 - used as a function: `with guard("small"):`, `@guard("small")`
    """Enforces a size in a ``with`` block, or in each call of a decorated function, without a test framework.

    The function may be an async function, a generator, an async generator, a static method or a class method. If the
    block swallows a violation, ``guard`` raises it again when the block ends. It applies to its own thread and task,
    and to the threads and tasks that start inside it.

    Args:
        size: ``small``, ``medium``, ``large`` or ``xlarge``, as a string or a ``Size``.
        hosts: exceptions, as in ``allow``.
        processes: exceptions, as in ``allow``.
        files: exceptions, as in ``allow``.
        databases: exceptions, as in ``allow``.

    Raises:
        ConfigurationError: the size is not one of the four, or the configuration is wrong.
        ViolationError: in the block, at the operation that the size forbids.

    Example:
        >>> with guard("small"):
        ...     sum([1, 2])
        3
    """

    def __init__(
        self,
        size: AnySize,
        *,
        hosts: Entries = (),
        processes: Entries = (),
        files: Entries = (),
        databases: Entries = (),
    ) -> None:
        if inspect.isroutine(size) or inspect.isclass(size):
            raise DecorationError('@guard needs a size: write @guard("small")')
        self._size = as_size(size)
        self._allowance = as_allowance(hosts=hosts, processes=processes, files=files, databases=databases)
        self._entered: list[PolicyBlock | None] = []

    def _block(self, owner: str) -> PolicyBlock | None:
        settings = current_run.settings
        if settings.mode == OFF:
            return None
        install(settings.forbid)
        outer = scopes.active()
        if outer is not None:
            outer.touched = True  # the block may outlive it, and its serial must differ from those of later scopes
        policy = Policy(self._size, self._allowance, settings.mode, settings.forbid)
        return PolicyBlock(scopes.Scope(owner, policy).within(outer))

    def __enter__(self) -> None:
        block = self._block(f"hermetic.guard({self._size.value!r})")
        self._entered.append(block)
        if block is not None:
            block.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, traceback: TracebackType | None
    ) -> None:
        block = take_entered(self._entered)
        if block is not None:
            block.__exit__()
            block.conclude(exception)

    def __call__(self, function: T, /) -> T:
        """Hold each call of a function to the size.

        Raises:
            DecorationError: for anything but a function.
        """
        if isinstance(function, (staticmethod, classmethod)):
            return type(function)(self(function.__func__))
        if not inspect.isroutine(function) or not hasattr(function, "__name__"):
            raise DecorationError(f"@guard({self._size.value!r}) takes a function or a method, not {function!r}")
        guarded: T = wrapping(lambda *_: self._block(function_name(function)))(function)
        return guarded


def as_size(size: object) -> Size:
    """A size given by the user.

    Raises:
        ConfigurationError: it is none of the four.
    """
    if isinstance(size, Size):
        return size
    if isinstance(size, str) and size in SIZE_NAMES:
        return Size(size)
    mark_size = getattr(size, "size", None)
    if isinstance(mark_size, Size):
        return mark_size
    hint = spelling.hint(size, SIZE_NAMES) if isinstance(size, str) else ""
    raise ConfigurationError(f"{size!r} is not a test size{hint}; write one of {', '.join(map(repr, SIZE_NAMES))}")


def as_allowance(**given: Any) -> Allowance:
    """An allowance given by the user: its fields by their names.

    Raises:
        ConfigurationError: not lists of strings, or an entry that can never match.
    """
    for name, value in given.items():
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            raise ConfigurationError(f"{name}={value!r}: write a list of strings, such as {name}=[{_EXAMPLES[name]!r}]")
    return allowances.allowance(given)


_EXAMPLES = {"hosts": "db.test:5432", "processes": "git", "files": "tests/data/*", "databases": ":memory:"}


def function_name(function: Any) -> str:
    """A function's full name, for messages."""
    return f"{function.__module__}.{function.__qualname__}"

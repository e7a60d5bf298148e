"""The mark ``@isolated``. Importing this module turns isolation on."""

from __future__ import annotations

import functools
import inspect

from .._base.errors import DecorationError
from .._rules import groups, marking, misplaced_marks
from .._settings.current_run import current_run
from .._settings.values import SANDBOXES
from .marks import Mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias, overload

    from .block_wrappers import T

    Sandbox: TypeAlias = Literal["kernel", "auto", "off"]

__unittest = True  # keeps our frames out of unittest's tracebacks


class IsolatedMark(Mark):
    """Runs tests in a separate process, with or without arguments, alone or together with a size.

    On a method, the test gets its own process. On a class or a module, all its tests and their fixtures share one.
    The nearest mark wins: on the method, its class, the base classes in the order of inheritance, the module.

    Args:
        group: the name of a group; its tests share a process, in any class or module.
        timeout: the seconds that the test, or all tests of the group together, may take. The default is the setting
            ``isolated_timeout``.
        sandbox: ``"kernel"`` makes the kernel enforce sizes for the process and everything that it starts, native code
            included. ``"auto"`` does so where it is possible, and ``"off"`` does not. The default is the setting
            ``sandbox``. If ``"kernel"`` is not possible, the test is an error that says what is missing.

    Raises:
        DecorationError: the name is empty or not a string, the timeout is not a number above 0, the sandbox is unknown,
            or the object has a second isolation mark.
    """

    def __init__(self, group: str | None = None, timeout: float | None = None, sandbox: str | None = None) -> None:
        if group is not None and not (isinstance(group, str) and group):
            raise DecorationError(f"@isolated: group={group!r} is not a name; write one such as @isolated('database')")
        number = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
        if timeout is not None and not (number and 0 < timeout < float("inf")):
            raise DecorationError(f"@isolated: timeout={timeout!r} is not a number of seconds above 0")
        if sandbox is not None and sandbox not in SANDBOXES:
            accepted = ", ".join(map(repr, SANDBOXES))
            raise DecorationError(f"@isolated: sandbox={sandbox!r} is unknown; write one of {accepted}")
        self.isolation = group, timeout, sandbox

    if TYPE_CHECKING:

        @overload
        def __call__(
            self, *, group: str | None = None, timeout: float | None = None, sandbox: Sandbox | None = None
        ) -> IsolatedMark: ...
        @overload
        def __call__(
            self, group: str, /, *, timeout: float | None = None, sandbox: Sandbox | None = None
        ) -> IsolatedMark: ...
        @overload
        def __call__(
            self,
            marked: T,
            /,
            *,
            group: str | None = None,
            timeout: float | None = None,
            sandbox: Sandbox | None = None,
        ) -> T: ...

    def __call__(
        self, *marked: Any, group: str | None = None, timeout: float | None = None, sandbox: str | None = None
    ) -> Any:
        """Mark a test or a class; with a name or keywords, return a mark that does."""
        if marked and isinstance(marked[0], str) and group is None:
            group, marked = marked[0], marked[1:]
        given: Any = (group, timeout, sandbox)
        mark = self  # tests with the same mark share what is found for it
        if given != (None, None, None):
            both: Any = zip(given, self.isolation or (), strict=True)
            mark = IsolatedMark(*(before if new is None else new for new, before in both))
        return Mark.__call__(mark, *marked) if marked else mark

    def _wrap(self, function: Any, marks: Any) -> Any:
        misplaced_marks.refuse_on_function(function, self)
        groups.note_surroundings()
        return _handed_over(super()._wrap(function, marks))

    def __repr__(self) -> str:
        assert self.isolation is not None
        group, timeout, sandbox = self.isolation
        given = [repr(group)] * (group is not None) + [f"timeout={timeout!r}"] * (timeout is not None)
        given += [f"sandbox={sandbox!r}"] * (sandbox is not None)
        return f"@isolated({', '.join(given)})" if given else "@isolated"

    def __reduce__(self) -> tuple[Any, ...]:
        return IsolatedMark, self.isolation or ()


def _handed_over(function: Any) -> Any:
    """A function whose calls run in a worker, but for tests of a TestCase, which are handed over as a whole."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # pytest's way of leaving a frame out
        if not current_run.hands_tests_over() or marking.is_method_call(args):
            return function(*args, **kwargs)
        if current_run.settings.no_isolation:
            return function(*args, **kwargs)
        from . import isolated_calls  # saves 14 ms where tests are methods of TestCases

        return isolated_calls.call(wrapper, args, kwargs)

    if not inspect.iscoroutinefunction(function):
        return wrapper

    @functools.wraps(function)
    async def coroutine_wrapper(*args: Any, **kwargs: Any) -> Any:  # unittest and pytest ask which kind it is
        return await wrapper(*args, **kwargs)

    return coroutine_wrapper


current_run.watches_processes = True
isolated = IsolatedMark()

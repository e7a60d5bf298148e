"""The mark ``@retries(number)``: how often a failed test is run again."""

from __future__ import annotations

from .._base.errors import DecorationError
from .._settings.current_run import current_run
from .marks import Mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True


class retries(Mark):  # noqa: N801 - used as a function: `@retries(2)`
    """Runs a failed test again, each time in a new process, until it passes or the retries are used up.

    A test that passes then is flaky: it is reported as such, with its first failure. The mark is for a test method or a
    TestCase class; for a module, write ``__hermetic__ = hermetic.retries(2)``. The nearest mark wins, also over the
    setting ``retries``. Under pytest, it needs the plugin pytest-rerunfailures.

    Args:
        number: the number of retries; 0 for none.

    Raises:
        DecorationError: the argument is not a whole number, or the object has a second number of retries.

    Example:
        >>> @retries(2)
        ... def test_sync(self): ...
    """

    def __init__(self, number: int) -> None:
        if type(number) is not int or number < 0:
            shown = getattr(number, "__qualname__", repr(number))
            raise DecorationError(f"@retries takes a whole number, not {shown}; write one such as @retries(2)")
        self.retries = number
        current_run.retries_are_marked = current_run.watches_processes = True

    def _wrap(self, function: Any, marks: Any) -> Any:
        return function

    def __repr__(self) -> str:
        return f"@retries({self.retries})"

    def __reduce__(self) -> tuple[Any, ...]:
        return retries, (self.retries,)

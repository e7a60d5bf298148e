"""The mark ``@timeout(seconds)``."""

from __future__ import annotations

from .._base.errors import DecorationError
from .._settings.current_run import current_run
from .marks import Mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True  # keeps our frames out of unittest's tracebacks


class timeout(Mark):  # noqa: N801 - used as a function: `@timeout(5)`
    """Limits the time of a test, its fixtures ``setUp`` and ``tearDown`` and its cleanups included.

    On a class or a module (``__hermetic__ = hermetic.timeout(5)``), it limits each test there. The nearest mark wins:
    on the method, its class, the base classes in the order of inheritance, the module. It takes precedence over the
    setting ``test_timeout``.

    A test that takes longer is interrupted, and is an error (H006). If it runs in a worker, because it is isolated or
    the run is parallel, the worker is ended (H007).

    Args:
        seconds: the seconds that the test may take.

    Raises:
        DecorationError: the argument is not a number above 0, or the object has a second time-out.

    Example:
        >>> @timeout(5)
        ... def test_sync(self): ...
    """

    def __init__(self, seconds: float) -> None:
        number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
        if not (number and 0 < seconds < float("inf")):
            raise DecorationError(
                f"@timeout: {seconds!r} is not a number of seconds above 0; write one such as @timeout(5)"
            )
        self.timeout: float | None = seconds
        current_run.timeouts_are_marked = True

    def __repr__(self) -> str:
        return f"@timeout({self.timeout:g})"

    def __reduce__(self) -> tuple[Any, ...]:
        return timeout, (self.timeout,)

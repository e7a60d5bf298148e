"""Time that counts: not that in which this process was stopped, as by Ctrl-Z or SIGSTOP.

The system does not say for how long a process was stopped, but it sends SIGCONT at the end of that. What came before
the last SIGCONT is counted for nobody.
"""

from __future__ import annotations

import contextlib
import math
import signal

from . import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_SIGNAL = getattr(signal, "SIGCONT", None)  # none on Windows, where no process is stopped


class _Continued:
    """When this process was last continued, by ``perf_counter``. One instance, in this module."""

    at = -math.inf


_continued = _Continued()


def counted_from(moment: float) -> float:
    """The moment since when the time counts that has passed since a moment, both by ``perf_counter``."""
    return max(moment, _continued.at)


def note_stops() -> bool:
    """Have the end of each stop noted from now on; False where that cannot be, or a program handles the signal."""
    if _SIGNAL is None or signal.getsignal(_SIGNAL) != signal.SIG_DFL:
        return False
    try:
        real.set_signal_handler(_SIGNAL, _note)
    except ValueError:  # this is not the main thread
        return False
    return True


@contextlib.contextmanager
def stops_noted() -> Iterator[None]:
    """Have the end of each stop noted for a block."""
    is_noted = note_stops()
    try:
        yield
    finally:
        if is_noted and _SIGNAL is not None and signal.getsignal(_SIGNAL) is _note:
            real.set_signal_handler(_SIGNAL, real.DEFAULT_SIGNAL)


def _note(_number: int, _frame: Any) -> None:
    _continued.at = real.perf_counter()

"""Excludes from time limits the time in which this process was stopped by Ctrl-Z or SIGSTOP.

The system does not report how long a process was stopped, but it sends SIGCONT when the process continues. Time limits
therefore ignore everything before the last SIGCONT.
"""

from __future__ import annotations

import contextlib
import signal

from . import real
from .sizes import NO_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_SIGNAL = getattr(signal, "SIGCONT", None)  # Windows has no such signal, and stops no processes


class _Continued:
    """Holds the time at which this process was last continued, by ``perf_counter``. One instance, in this module."""

    at = -NO_LIMIT


_continued = _Continued()


def counted_from(moment: float) -> float:
    """Return when to start counting the time since a moment: then, or at the last SIGCONT (``perf_counter``)."""
    return max(moment, _continued.at)


def note_stops() -> bool:
    """Note each SIGCONT from now on; False if that is impossible, or the program handles the signal."""
    if _SIGNAL is None or real.signal_handler(_SIGNAL) != real.DEFAULT_SIGNAL:
        return False
    try:
        real.set_signal_handler(_SIGNAL, _note)
    except ValueError:  # this is not the main thread
        return False
    return True


@contextlib.contextmanager
def stops_noted() -> Iterator[None]:
    """Note each SIGCONT for a block."""
    is_noted = note_stops()
    try:
        yield
    finally:
        if is_noted and _SIGNAL is not None and real.signal_handler(_SIGNAL) is _note:
            real.set_signal_handler(_SIGNAL, real.DEFAULT_SIGNAL)


def _note(_number: int, _frame: Any) -> None:
    _continued.at = real.perf_counter()

"""The clock of doubled children: real time, plus the time that their parents would have spent waiting for them."""

from __future__ import annotations

from .._base import real


class Clock:
    """Runs like ``time.monotonic``, and jumps where only a wait for a doubled child would make time pass."""

    def __init__(self) -> None:
        self._skipped = 0.0  # seconds

    def now(self) -> float:
        """The instant, in seconds."""
        return real.monotonic() + self._skipped

    def skip_to(self, instant: float) -> None:
        """Jump to a later instant."""
        self._skipped += max(0.0, instant - self.now())


clock = Clock()

"""Draws the live line of a run, as a program of its own, in a row of the terminal that nothing else writes to.

It is a process of its own, started with this file alone, because a run must not have a thread of ours (tests fork, and
count threads), and because it outlives a run that is killed, so that the terminal is whole again. The row is taken out
of what the terminal scrolls (DECSTBM, https://vt100.net/docs/vt510-rm/DECSTBM.html): whatever tests and their children
write, they never meet it. Each drawing is one write().

The run leaves its status in memory that both share (``live_line``); a byte, or the end, of a pipe ends this program.

    python drawing.py MEMORY PIPE TERMINAL COLOURS      (three file descriptors; 0 or 1)
"""

from __future__ import annotations

import mmap
import os
import select
import signal
import sys
import time
import unicodedata
from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

MEMORY_BYTES = 8192
PATIENCE = 0.5  # seconds that a run may take without a line
_TICK = 0.2  # seconds between two drawings
_MIN_ROWS, _MIN_COLUMNS = 4, 30
_SAVE, _RESTORE, _RED, _PLAIN = "\x1b7", "\x1b8", "\x1b[31m", "\x1b[0m"


class Status(namedtuple("Status", ("began", "expected", "total", "done", "failed", "running"))):  # noqa: PYI024 - as Policy
    """How far a run is.

    Attributes:
        began: when it began; all times are seconds of ``monotonic``.
        expected: the seconds that it is likely to take in all; 0 if that is not known.
        total: how many tests it has.
        done: how many of them have ended.
        failed: how many have failed.
        running: the ids of those that are at work, and when each began.
    """

    __slots__ = ()
    began: float
    expected: float
    total: int
    done: int
    failed: int
    running: Sequence[tuple[str, float]]


def parse(text: str) -> Status:
    """The status that a text holds.

    Args:
        text: a line of numbers in the order of ``Status``, and for each running test one with its beginning and id.

    Raises:
        ValueError: it holds none.
    """
    numbers, *lines = text.splitlines()
    began, expected, total, done, failed = numbers.split()
    running = []
    for line in lines:
        start, _, name = line.partition(" ")
        running.append((name, float(start)))
    return Status(float(began), float(expected), int(total), int(done), int(failed), running)


# --- the text --------------------------------------------------------------------------------------------------------


def line_of(status: Status, now: float, columns: int, *, coloured: bool = False) -> str:
    """The live line."""
    failed = f"{status.failed} failed" if status.failed else ""
    expected = f" of about {_time(status.expected)}" if status.expected >= 1 else ""
    parts = [f"{status.done}/{status.total}", failed, f"{_time(now - status.began)}{expected}"]
    left = ", ".join(part for part in parts if part)
    line = _cut(left + _running(status, now, columns - len(left) - 2), columns)
    return line.replace(failed, f"{_RED}{failed}{_PLAIN}", 1) if coloured and failed else line


def _running(status: Status, now: float, columns: int) -> str:
    """The tests that are at work, the oldest first: as many as there is room for, under as long a name."""
    oldest = sorted(status.running, key=lambda pair: pair[1])
    ages = [_time(now - start) for _, start in oldest]
    names = [name for name, _ in oldest]
    shortest = [name.rpartition(".")[2] for name in names]
    for shown in (names, [".".join(name.split(".")[-2:]) for name in names], shortest):
        text = _joined(shown, ages)
        if _width(text) <= columns:
            return f": {text}" if text else ""
    for count in range(len(oldest) - 1, 0, -1):
        text = _joined(shortest[:count], ages[:count]) + f", and {len(oldest) - count} more"
        if _width(text) <= columns:
            return f": {text}"
    room = columns - len(ages[0]) - 1
    return f": {_cut(shortest[0], room)} {ages[0]}" if room > 1 else ""


def _joined(names: list[str], ages: list[str]) -> str:
    return ", ".join(f"{_printable(name)} {age}" for name, age in zip(names, ages, strict=True))


def _time(seconds: float) -> str:
    minutes, seconds = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}" if minutes else f"{seconds} s"


def _printable(text: str) -> str:
    """A text without what would move the cursor, or do worse."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _width(text: str) -> int:
    return sum(_columns_of(character) for character in text)


def _columns_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _cut(text: str, columns: int) -> str:
    text = _printable(text)
    if _width(text) <= columns:
        return text
    kept, left = "", columns - 1
    for character in text:
        left -= _columns_of(character)
        if left < 0:
            break
        kept += character
    return f"{kept}\u2026"


# --- the terminal ----------------------------------------------------------------------------------------------------


class Row:
    """The last row of a terminal."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._rows = 0  # of the terminal, when the last of them was taken; 0 while it is free

    def columns(self) -> int:
        """How many columns it has; 0 where there is no row to be taken now."""
        try:
            size = os.get_terminal_size(self._terminal)
            is_ours = os.tcgetpgrp(self._terminal) == os.getpgrp()  # else a shell has it, or an editor
        except OSError:
            return 0
        return size.columns if is_ours and size.lines >= _MIN_ROWS and size.columns >= _MIN_COLUMNS else 0

    def draw(self, text: str) -> None:
        """Show a text there; it is short enough."""
        rows = os.get_terminal_size(self._terminal).lines
        taking = ""
        if rows != self._rows:
            # The cursor must not be in the row: one line down, which scrolls if need be, and up again.
            taking = self._freeing() + f"\x1bD{_SAVE}\x1b[1;{rows - 1}r{_RESTORE}\x1b[A"
            self._rows = rows
        self._write(f"{taking}{_SAVE}\x1b[{rows};1H{_PLAIN}{text}\x1b[K{_RESTORE}")

    def free(self) -> None:
        """Give it back, empty."""
        self._write(self._freeing())
        self._rows = 0

    def _freeing(self) -> str:
        return f"{_SAVE}\x1b[r\x1b[{self._rows};1H\x1b[2K{_RESTORE}" if self._rows else ""

    def _write(self, text: str) -> None:
        try:
            os.write(self._terminal, text.encode(sys.stderr.encoding, "replace"))
        except OSError:
            pass  # the terminal has gone


# --- the program -----------------------------------------------------------------------------------------------------


class _Drawing:
    def __init__(self, memory: int, pipe: int, terminal: int, *, coloured: bool) -> None:
        self._memory = mmap.mmap(memory, MEMORY_BYTES, access=mmap.ACCESS_READ)
        self._pipe = pipe
        self._run = os.getppid()
        self._row = Row(terminal)
        self._coloured = coloured

    def go_on(self) -> None:
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        signal.signal(signal.SIGTSTP, self._stop)
        waiting = PATIENCE
        try:
            while not poll.poll(waiting * 1000) and os.getppid() == self._run:
                waiting = _TICK
                self._draw()
        finally:
            self._row.free()

    def _draw(self) -> None:
        columns = self._row.columns()
        status = self._status()
        if not columns:
            self._row.free()
        elif status is not None:
            self._row.draw(line_of(status, time.monotonic(), columns - 1, coloured=self._coloured))

    def _status(self) -> Status | None:
        """The status; None while it is being written: the next one comes soon."""
        turn, length = self._memory[0], int.from_bytes(self._memory[1:3], "big")
        data = self._memory[3 : 3 + length]
        try:
            return None if turn % 2 or self._memory[0] != turn else parse(data.decode("utf-8", "replace"))
        except ValueError:
            return None

    def _stop(self, *_: Any) -> None:
        """Ctrl-Z: the shell has the terminal to itself."""
        self._row.free()
        os.kill(os.getpid(), signal.SIGSTOP)


def main(arguments: Sequence[str]) -> None:
    """Draw until the run has ended."""
    memory, pipe, terminal, coloured = map(int, arguments)
    for name in ("SIGINT", "SIGQUIT", "SIGTTOU"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)  # these are for the run
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _Drawing(memory, pipe, terminal, coloured=bool(coloured)).go_on()


if __name__ == "__main__":
    main(sys.argv[1:])

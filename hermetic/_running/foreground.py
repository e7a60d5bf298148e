"""Runs commands in the foreground, as ``--watch`` and ``--repeat`` do; a command ends with this process."""

from __future__ import annotations

import contextlib
import signal
import sys

from .._base import features
from .._isolation import process_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

_SIGNAL_BASE = 128  # shells add it to the number of the signal that has ended a program
_GRACE = 5.0  # seconds between asking a command to end and killing it


def ending_signals() -> list[int]:
    """Return the signals that ask this process to end, without those that it ignores, as under nohup."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    return [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Leave a block when a signal asks the process to end, so that no process and no file is left."""

    def leave(number: int, _: Any) -> None:
        raise SystemExit(_SIGNAL_BASE + number)

    numbers = ending_signals()
    before = [signal.signal(number, leave) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def run_command(words: Sequence[str], environ: Mapping[str, str], folder: str | None = None) -> tuple[int, bool]:
    """Run a command to its end, in a folder or in the current one.

    The terminal sends Ctrl-C to the command and to this process, which waits, because the command prints a summary.
    If a signal asks this process to end, or kills it on Linux, the command is asked to end, too.

    Returns:
        The exit status, in the form of shells, and whether there was a Ctrl-C.
    """
    import subprocess  # costs 4 ms at start

    with ended_by_signals():
        child = subprocess.Popen(  # noqa: S603 - what has started this program
            words,
            env=environ,
            cwd=folder,
            preexec_fn=_end_with_parent if features.LINUX else None,  # noqa: PLW1509 - there are no threads
        )
        was_interrupted = False
        try:
            while child.returncode is None:
                try:
                    child.wait()
                except KeyboardInterrupt:
                    was_interrupted = True
        finally:
            if child.returncode is None:
                child.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(_GRACE)
                child.kill()
                child.wait()
    status = child.returncode
    return (status if status >= 0 else _SIGNAL_BASE - status), was_interrupted


def tell(line: str) -> None:
    """Print a line about the runs of a command, apart from their output."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _end_with_parent() -> None:
    process_tree.die_with_parent(signal.SIGTERM)

"""Runs a command in the foreground, in the place of this program: it ends with this process."""

from __future__ import annotations

import contextlib
import signal

from .._base import features
from .._isolation import process_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

_SIGNAL_BASE = 128  # of the status of a program that a signal has ended, as shells have it
_GRACE = 5.0  # seconds that a command has to end after it was told to


def ending_signals() -> list[int]:
    """Return the signals that tell this process to end, without those that it ignores, as under nohup."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    return [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Leave a block when the process is told to end, so that it leaves neither a process nor a file."""

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

    It gets Ctrl-C from the terminal, as this process does, and is waited for, because it sums itself up. If this
    process is told to end, or is killed on Linux, the command is told to end.

    Returns:
        its exit status, as shells have it, and whether there was a Ctrl-C.
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


def _end_with_parent() -> None:
    process_tree.die_with_parent(signal.SIGTERM)

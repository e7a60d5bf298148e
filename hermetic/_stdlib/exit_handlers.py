"""Runs, and drops, the functions that ``atexit`` and ``threading`` call when the interpreter exits."""

from __future__ import annotations

import atexit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def forget_exit_handlers() -> None:
    """Drop the atexit handlers that the parent process registered, as multiprocessing does in forked processes."""
    atexit._clear()


def run_exit_handlers() -> None:
    """Run the atexit handlers, the last registered one first."""
    atexit._run_exitfuncs()


def run_threading_exit_handlers(threading: Any) -> None:
    """Run the handlers that the interpreter calls before it joins the threads: executors stop their threads there."""
    for call in reversed(threading._threading_atexits):
        call()

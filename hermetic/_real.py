"""Originals of the standard library that we call ourselves, and every private name of it that we lean on.

The suite under test may replace any function while it runs: what the guard itself needs is bound here,
when hermetic is imported. tests/test_stdlib_seams.py asserts that each private name exists with the shape
that we rely on, on every supported Python.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import itertools
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

open_file = builtins.open
get_pid = os.getpid
get_cwd = os.getcwd
unlink = os.unlink
get_frame = sys._getframe
exit_process = os._exit
perf_counter = time.perf_counter
stat = os.stat
environ = os.environ


_TEMPORARY_FOLDERS = [
    *(os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)),
    *("/tmp", "/var/tmp", "/usr/tmp"),  # noqa: S108 - the order of the tempfile module; files are created exclusively
]
_numbers = itertools.count().__next__


def new_file(
    prefix: str, _open: Any = os.open, _close: Any = os.close, _flags: int = os.O_CREAT | os.O_EXCL | os.O_WRONLY
) -> str:
    """An empty file in the temporary folder as it was at import: tests replace tempfile, and remove its folder."""
    for folder in (*_TEMPORARY_FOLDERS, os.path.expanduser("~"), get_cwd()):
        for _ in range(100):
            path = os.path.join(folder, f"{prefix}{get_pid()}-{_numbers()}.jsonl")
            try:
                _close(_open(path, _flags, 0o600))
            except FileExistsError:
                continue
            except OSError:
                break
            return path
    raise FileNotFoundError("hermetic found no folder to write the reports of child processes to")


def test_method_name(test: object) -> str:
    """The name of the method that a TestCase runs; empty for a test that has none."""
    return getattr(test, "_testMethodName", "")


def catch_handler_was_called(handler: object) -> bool:
    """Whether the handler that ``unittest.installHandler`` puts on SIGINT has seen a Ctrl-C."""
    return bool(getattr(handler, "called", False))


INTERPRETER_MODULES = ("_interpreters", "_xxsubinterpreters")  # the latter before 3.13


def interpreters_module() -> ModuleType | None:
    """The module behind sub-interpreters; None for none."""
    for name in INTERPRETER_MODULES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def class_cleanup_exceptions(cls: type) -> list[BaseException]:
    """What ``doClassCleanups`` has caught from the class cleanups that ran so far."""
    return [info[1] for info in getattr(cls, "tearDown_exceptions", ())]


@functools.cache
def socket_module() -> Any:
    """The C module ``_socket``, imported when first asked for: not worth its start-up time before there is a socket.

    It is kept, because at shutdown nothing can be imported any more, and sockets are judged even then.
    """
    return importlib.import_module("_socket")

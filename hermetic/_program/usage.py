"""Reports wrong usage: one message that says what to write instead, and exit status 2."""

from __future__ import annotations

import contextlib
import errno
import os
import sys

from .._base import features
from .._base.errors import ConfigurationError, GuardError
from .._patches import process_exits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn


@contextlib.contextmanager
def configuration_errors(program: str) -> Iterator[None]:
    """Report wrong settings as one message with exit status 2, and a missing guard with exit status 1."""
    try:
        yield
    except ConfigurationError as error:
        fail(program, str(error))
    except GuardError as error:
        fail(program, str(error), status=1)


def show(text: str) -> None:
    """Print what was asked for; whoever reads it through a pipe may stop reading at any line."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError) and not (features.WINDOWS and error.errno == errno.EINVAL):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at exit


def fail(program: str, message: str, *, status: int = 2) -> NoReturn:
    """Print an error message, and exit."""
    sys.stderr.write(f"{program}: error: {message}\n")
    process_exits.exit_program(status)

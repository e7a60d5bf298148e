"""Wrong usage: one message, which says what to write instead, and status 2."""

from __future__ import annotations

import contextlib
import sys

from .._errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

__unittest = True


@contextlib.contextmanager
def configuration_errors(program: str) -> Iterator[None]:
    """Show wrong settings as wrong usage is shown: one message, status 2."""
    try:
        yield
    except ConfigurationError as error:
        fail(program, str(error))


def fail(program: str, message: str, *, status: int = 2) -> NoReturn:
    """Show a message, and exit."""
    sys.stderr.write(f"{program}: error: {message}\n")
    sys.exit(status)

"""Source files that a worker names: those that must not be opened to show a line are marked for linecache.

Tracebacks show lines of source, so they open the files that they name. A pipe would block, and a device has no end.
"""

from __future__ import annotations

import linecache
import os
import stat
import sys

from .._base import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_BYTES = 50_000_000  # of a source file


def note(filename: str) -> None:
    """Keep linecache from opening a file that is not a regular file with content.

    Args:
        filename: the name, as in a code object.
    """
    if not filename or (filename.startswith("<") and filename.endswith(">")):
        return  # linecache does not open such files
    known: Any = linecache.cache.get(filename)
    if known is not None and len(known) > 1 and known[1] is None:
        return  # its lines did not come from a file, and are kept
    folders = ("",) if os.path.isabs(filename) else ("", *sys.path)
    if not all(_is_harmless(os.path.join(folder, filename)) for folder in folders if isinstance(folder, str)):
        linecache.cache[filename] = (0, None, [], filename)


def possible(filename: str) -> str:
    """The name, with characters escaped that no file name has: tracers look for the file of all code that runs."""
    name = filename.replace("\0", "\\0")
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return name.encode(errors="backslashreplace").decode()
    return name


def _is_harmless(path: str) -> bool:
    try:
        found = real.stat(path)
    except OSError:
        return True  # there is nothing to open
    except ValueError:
        return False  # not a path, which linecache does not expect
    return stat.S_ISREG(found.st_mode) and 0 < found.st_size <= _MAX_BYTES

"""Files that a worker names: whoever shows a line of one does not open it, unless that can do no harm.

A report shows the source of the lines in its tracebacks, so it opens the files. One that is a pipe or a device would
be waited for, or read without end.
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

_MAX_BYTES = 50_000_000  # of a file that is taken for a source


def note(filename: str) -> None:
    """See to it that nobody opens a file for the lines that it has, if it is no plain file with some.

    Args:
        filename: as a code object has it.
    """
    if not filename or (filename.startswith("<") and filename.endswith(">")):
        return  # nobody looks for such a file
    known: Any = linecache.cache.get(filename)
    if known is not None and len(known) > 1 and known[1] is None:
        return  # its lines have not come from a file, and are not asked for again
    folders = ("",) if os.path.isabs(filename) else ("", *sys.path)
    if not all(_is_harmless(os.path.join(folder, filename)) for folder in folders if isinstance(folder, str)):
        linecache.cache[filename] = (0, None, [], filename)


def possible(filename: str) -> str:
    """The name, with what no file has in its name escaped: tracers look for the file of all that runs."""
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
        return True  # there is nothing to be opened
    except ValueError:
        return False  # it is no path, and linecache does not expect that
    return stat.S_ISREG(found.st_mode) and 0 < found.st_size <= _MAX_BYTES

"""Where reports are written: the path is tried before the run, and the file replaced in one step after it."""

from __future__ import annotations

import os
import stat

from .._base import own_files, real
from .._base.errors import ConfigurationError

_replace, _change_mode = os.replace, os.chmod  # saved: a test may leave a mock of them behind


def check(path: str, setting: str) -> None:
    """Make sure that a file can be written.

    Args:
        path: absolute, symbolic links resolved.
        setting: that it is the value of.

    Raises:
        ConfigurationError: it cannot; the text says why.
    """
    folder = os.path.dirname(path)
    if os.path.isdir(path):
        raise ConfigurationError(f"{setting}: {path} is a folder; write the path of a file")
    if os.path.exists(path) and not os.path.isfile(path):  # to replace /dev/null would break more than the run
        raise ConfigurationError(f"{setting}: {path} is no regular file; write the path of one")
    if not os.path.isdir(folder):
        raise ConfigurationError(f"{setting}: there is no folder {folder} for {os.path.basename(path)}; make it first")
    try:
        temporary = _temporary(path)
        with real.open_file(temporary, "xb"):
            pass
        real.unlink(temporary)
    except OSError as error:
        raise ConfigurationError(f"{setting}: {path} cannot be written: {error.strerror or error}") from error


def write(path: str, text: str) -> None:
    """Write a file, so that there is never a part of it to be read.

    Args:
        path: as of ``check``.
        text: without lone surrogates.

    Raises:
        OSError: it could not be written; the file is as it was.
    """
    replace(path, text.encode())


def replace(path: str, data: bytes) -> None:
    """The same with bytes; a file that is there keeps its permissions.

    Args:
        path: absolute, symbolic links resolved.
        data: all of the file.

    Raises:
        OSError: it could not be written; the file is as it was.
    """
    temporary = _temporary(path)
    is_there = os.path.exists(path)
    # What only the user may read of the file, nobody else may read meanwhile.
    opener = own_files.open_private if is_there else None
    try:
        with real.open_file(temporary, "xb", opener=opener) as file:
            file.write(data)
        if is_there:
            _change_mode(temporary, stat.S_IMODE(real.stat(path).st_mode))
        _replace(temporary, path)
    except BaseException:
        try:
            real.unlink(temporary)
        except OSError:
            pass  # it was never made
        raise


def _temporary(path: str) -> str:
    """A name beside the file: one in another folder might lie on another disk."""
    return f"{path}.{real.get_pid()}-{real.random_bytes(4).hex()}.tmp"

"""Checks that a file can be written, and replaces its contents in one step."""

from __future__ import annotations

import os
import stat

from . import own_files, real, shared_files
from .errors import ConfigurationError

_replace, _change_mode = os.replace, os.chmod  # kept, because a test may leave a mock in their place


def writable_path(path: str, setting: str) -> str:
    """Make sure that a file can be written, and return its absolute path, with symbolic links resolved.

    Args:
        setting: the setting whose value the path is.

    Raises:
        ConfigurationError: the file cannot be written; the text says why.
    """
    if os.path.isdir(path):
        raise ConfigurationError(f"{setting}: {path} is a folder; write the path of a file")
    if os.path.exists(path) and not os.path.isfile(path):  # replacing /dev/null would break more than the run
        raise ConfigurationError(f"{setting}: {path} is not a regular file; write the path of a regular file")
    try:
        path = os.path.realpath(path)
    except OSError as error:  # on Windows, of names that the system keeps for devices
        raise _unwritable(path, setting, error) from error
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise ConfigurationError(
            f"{setting}: the folder {folder} for {os.path.basename(path)} does not exist; create it first"
        )
    try:
        temporary = _temporary(path)
        with real.open_file(temporary, "xb"):
            pass
        real.unlink(temporary)
    except OSError as error:
        raise _unwritable(path, setting, error) from error
    return path


def _unwritable(path: str, setting: str, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{setting}: {path} cannot be written: {error.strerror or error}")


def replace_file(path: str, data: bytes) -> None:
    """Replace the bytes of a file in one step; an existing file keeps its permissions.

    Args:
        path: the absolute path, with symbolic links resolved.

    Raises:
        OSError: the file could not be written, and is unchanged.
    """
    temporary = _temporary(path)
    is_there = os.path.exists(path)
    # A private file must not be readable by others under its temporary name.
    opener = own_files.open_private if is_there else None
    try:
        with real.open_file(temporary, "xb", opener=opener) as file:
            file.write(data)
        if is_there:
            _change_mode(temporary, stat.S_IMODE(real.stat(path).st_mode))
        shared_files.at_last(_replace, temporary, path)
    except BaseException:
        try:
            real.unlink(temporary)
        except OSError:
            pass  # it was never created
        raise


def _temporary(path: str) -> str:
    """A temporary path in the folder of the file, because another folder might be on another disk."""
    return f"{path}.{real.get_pid()}-{real.random_bytes(4).hex()}.tmp"

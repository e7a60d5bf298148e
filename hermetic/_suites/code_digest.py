"""Computes the digest of a project's imported modules, which shows whether two runs ran the same code."""

from __future__ import annotations

import os
import sys

from .._base import real
from .._verdicts import scopes

_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def loaded_files(root: str) -> list[str]:
    """The source files of the loaded modules of a project, without installed ones.

    Args:
        root: the folder of the project.
    """
    start = os.path.join(os.path.abspath(root), "")
    found = set()
    for module in [*sys.modules.values()]:
        path = real.names_in(module).get("__file__")  # not an attribute, which a lazy object would look up
        if isinstance(path, str) and path.startswith(start) and not any(part in path for part in _INSTALLED):
            found.add(path)
    return sorted(found)


def digest(root: str, files: list[str]) -> str:
    """The digest of the names and contents of some files, equal on every machine; empty for no files."""
    crc32 = real.import_module("zlib").crc32
    check = 0
    with scopes.unjudged():
        for path in files:
            name = path.removeprefix(f"{root}{os.sep}").replace(os.sep, "/")  # by methods, which no test has replaced
            try:
                with real.open_file(path, "rb") as file:
                    content = file.read().replace(b"\r\n", b"\n")
            except OSError:  # in an archive, or removed since
                content = b""
            check = crc32(content, crc32(f"\n{name}\n".encode("utf-8", "surrogatepass"), check))
    return f"{check:08x}" if files else ""

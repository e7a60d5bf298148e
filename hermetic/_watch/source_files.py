"""Lists the files of a project that ``--watch`` watches, and finds the changes between two looks at them."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Signature = tuple[int, int]  # the time of the last change in nanoseconds, and the size

CONFIGURATION = ("pyproject.toml", "setup.cfg", "hermetic-baseline.txt")  # files that all tests depend on
_SKIPPED = ("__pycache__", "node_modules", "site-packages", "dist-packages")  # folders
_ENVIRONMENT = "pyvenv.cfg"  # in the folder of a virtual environment


def files_in(folders: Iterable[str]) -> dict[str, Signature]:
    """Return the signature of each Python and configuration file in some folders and the folders below them.

    Hidden folders, virtual environments and folders of installed packages are left out.
    """
    found: dict[str, Signature] = {}
    for folder in folders:
        for entry in _entries(folder):
            try:
                status = entry.stat()
            except OSError:  # the file was removed meanwhile
                continue
            found[entry.path] = status.st_mtime_ns, status.st_size
    return found


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            inside = [*entries]
    except OSError:
        return
    names = {entry.name for entry in inside}
    if _ENVIRONMENT in names:
        return
    for entry in inside:
        if entry.name.endswith(".py") or entry.name in CONFIGURATION:
            yield entry
        elif not entry.name.startswith(".") and entry.name not in _SKIPPED and _is_folder(entry):
            yield from _entries(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)  # a link may lead to a parent folder
    except OSError:
        return False


def changes(before: Mapping[str, Signature], after: Mapping[str, Signature]) -> set[str]:
    """Return the new, changed and removed files."""
    return {path for path in {*before, *after} if before.get(path) != after.get(path)}

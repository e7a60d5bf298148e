"""Variations of paths and of how files are made."""

from __future__ import annotations

import functools
import os

from .variation import Variation, in_shell, not_on_windows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Folders that no copy of a tree has: caches, repositories, environments.
NOT_COPIED = (".git", ".hg", "__pycache__", ".tox", ".nox", ".venv", "venv", "node_modules", ".mypy_cache")
_MOST_BYTES, _MOST_FILES = 100_000_000, 20_000  # of a tree that is copied
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")


def _temporary(value: str, name: str, why: str) -> Variation:
    environ = dict.fromkeys(_TEMPORARY, "{folder}/" + name)
    return Variation("temporary-folder", value, f"TMPDIR with {why}", environ, (name,))


def _move(_: Any) -> None:
    """Change to another folder, once the tests are loaded."""
    import tempfile

    folder = os.path.join(tempfile.gettempdir(), "elsewhere")
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)


def _tree(value: str, name: str, why: str) -> Variation:
    return Variation("tree", value, f"the current folder is a copy whose path has {why}", tree=name, reason=_uncopied)


@functools.cache
def _uncopied() -> str:
    """Why the current folder is not copied."""
    size = count = 0
    for folder, folders, files in os.walk(os.curdir):
        folders[:] = [name for name in folders if name not in NOT_COPIED]
        for path in (os.path.join(folder, name) for name in (*folders, *files)):
            if os.path.isdir(path) or os.path.isfile(path):  # not a broken link, a pipe, or a socket
                if not os.access(path, os.R_OK):
                    return f"{os.path.relpath(path)} in the current folder cannot be read"
                size += os.lstat(path).st_size
        count += len(folders) + len(files)
        # The walk ends here: to look at all of a home folder or of a drive takes minutes.
        if size > _MOST_BYTES:
            return f"the current folder has more than {_MOST_BYTES // 1_000_000} MB"
        if count > _MOST_FILES:
            return f"the current folder has more than {_MOST_FILES} files"
    return ""


def _mask(umask: str) -> Variation:
    return Variation("umask", umask, f"umask {umask}", prefix=in_shell(f"umask {umask}"), reason=not_on_windows)


VARIATIONS = (
    _temporary("non-ascii", "é☃", "letters that are not ASCII"),  # first, to be in one batch with locale=C
    _temporary("blank", "a b", "a blank"),
    _temporary("quote", "it's", "a quote"),
    _temporary("long", "l" * 90, "90 characters more"),
    _tree("non-ascii", "é☃", "letters that are not ASCII"),
    _tree("blank", "a b", "a blank"),
    _tree("quote", "it's", "a quote"),
    _tree("long", "l" * 90, "90 characters more"),
    Variation("current-folder", "elsewhere", "another current folder, once the tests are loaded", within=_move),
    *map(_mask, ("077", "000")),
)

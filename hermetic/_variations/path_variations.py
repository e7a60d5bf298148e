"""Variations of paths and of how files are made."""

from __future__ import annotations

import os

from .variation import Variation, in_shell, not_on_windows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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


def _mask(umask: str) -> Variation:
    return Variation("umask", umask, f"umask {umask}", prefix=in_shell(f"umask {umask}"), reason=not_on_windows)


VARIATIONS = (
    _temporary("blank", "a b", "a blank"),
    _temporary("quote", "it's", "a quote"),
    _temporary("non-ascii", "é☃", "letters that are not ASCII"),
    _temporary("long", "l" * 90, "90 characters more"),
    Variation("current-folder", "elsewhere", "another current folder, once the tests are loaded", within=_move),
    *map(_mask, ("077", "000")),
)

"""Installs the parts of the guard that judge files, databases and sleep, which only the setting ``forbid`` turns on."""

from __future__ import annotations

from .._base.sizes import DATABASE, FILESYSTEM, SLEEP
from .._guards import audit
from .._operations import file_events
from . import sleeps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_READERS = {FILESYSTEM: file_events.READERS, DATABASE: file_events.DATABASE_READERS, SLEEP: sleeps.READERS}


def watch_columns(columns: Iterable[str]) -> None:
    """Watch columns of the size table, from now on."""
    for column in columns:
        audit.watch_column(column, _READERS[column])
        if column == SLEEP:
            sleeps.patch_sleeps()

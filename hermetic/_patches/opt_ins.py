"""Installs the parts of the guard that judge files, databases and sleep, which only the setting ``forbid`` turns on."""

from __future__ import annotations

from .._base.sizes import DATABASE, FILESYSTEM, SLEEP
from .._guards import audit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def watch(columns: Iterable[str]) -> None:
    """Watch columns of the size table, from now on.

    Args:
        columns: some of ``sizes.OPT_IN``, none of them watched so far.
    """
    for column in columns:
        _WATCH[column]()


def _watch_files() -> None:
    from .._operations import file_events  # as the two below: for whoever asks for it

    audit.watch(FILESYSTEM, file_events.READERS)


def _watch_databases() -> None:
    from .._operations import database_events

    audit.watch(DATABASE, database_events.READERS)


def _watch_sleep() -> None:
    from . import sleeps

    audit.watch(SLEEP, sleeps.READERS)
    sleeps.patch()


_WATCH = {FILESYSTEM: _watch_files, DATABASE: _watch_databases, SLEEP: _watch_sleep}

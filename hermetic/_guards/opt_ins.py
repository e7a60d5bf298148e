"""The columns of the size table that are judged only where the setting ``forbid`` names them.

Loaded for a run that asks for one: without, neither their events are read nor anything is patched.
"""

from __future__ import annotations

from .._sizes import DATABASE, FILESYSTEM, SLEEP
from . import audit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def watch(columns: Iterable[str]) -> None:
    """Have columns watched, from now on.

    Args:
        columns: some of ``_sizes.OPT_IN``, none of them watched so far.
    """
    for column in columns:
        _WATCH[column]()


def _watch_files() -> None:
    from . import files  # as the two below: for whoever asks for it

    audit.watch(FILESYSTEM, files.READERS)


def _watch_databases() -> None:
    from . import databases

    audit.watch(DATABASE, databases.READERS)


def _watch_sleep() -> None:
    from . import sleeps

    audit.watch(SLEEP, sleeps.READERS)
    sleeps.patch()


_WATCH = {FILESYSTEM: _watch_files, DATABASE: _watch_databases, SLEEP: _watch_sleep}

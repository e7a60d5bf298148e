"""H004: databases that are opened in this process. Those behind a socket are the network's (H001)."""

from __future__ import annotations

from .._base.sizes import DATABASE
from . import callsite, events, file_events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._base.records import Operation

IN_MEMORY = ":memory:"


def _connect(database: Any, *_: Any) -> Operation | None:
    if callsite.is_acting_for_itself(file_events.ACTING_FOR_THEMSELVES):
        return None  # coverage keeps its data in one
    text = events.text_of(database)
    is_uri = text.startswith("file:")
    if not text or text == IN_MEMORY or (is_uri and (IN_MEMORY in text or "mode=memory" in text)):
        target = full = IN_MEMORY  # the nameless one lives as long as its connection, too
    elif is_uri:
        target = full = text
    else:
        full = file_events.full_path(text)
        target = callsite.shown_path(full)
    operation: Operation = events.records().Operation(DATABASE, "open", target, "sqlite3.connect", family="", host=full)
    return operation


READERS: dict[str, Callable[..., Operation | None]] = {"sqlite3.connect": _connect}

"""Reads the opening of databases in this process as operations (H004). Database servers count as network (H001)."""

from __future__ import annotations

from .._base.records import Operation
from .._base.sizes import DATABASE
from . import callsite, events, file_events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

IN_MEMORY = ":memory:"


def _connect(database: Any, *_: Any) -> Operation | None:
    if callsite.is_acting_for_itself(file_events.ACTING_FOR_THEMSELVES):
        return None  # coverage stores its data in a database
    text = events.argument_text(database)
    is_uri = text.startswith("file:")
    if not text or text == IN_MEMORY or (is_uri and (IN_MEMORY in text or "mode=memory" in text)):
        target = full = IN_MEMORY  # a database without a name lives as long as its connection, too
    elif is_uri:
        target = full = text
    else:
        full = file_events.full_path(text)
        target = callsite.shown_path(full)
    return Operation(DATABASE, "open", target, "sqlite3.connect", family="", host=full)


READERS: dict[str, Callable[..., Operation | None]] = {"sqlite3.connect": _connect}

"""Reads the filters of the warnings module, and the text that it shows with a warning."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def warning_filters() -> list[Any]:
    """Return the filters of the warnings module."""
    return sys.modules["warnings"].filters  # type: ignore[no-any-return]


def allocation_of(message: Any) -> str:
    """Return the part of a shown ``WarningMessage`` that says where its source was allocated; empty if unknown."""
    warnings = sys.modules["warnings"]
    with_source, without = (
        warnings._formatwarnmsg_impl(warnings.WarningMessage("", message.category, "", 0, line="", source=source))
        for source in (message.source, None)
    )
    return with_source.removeprefix(without)  # type: ignore[no-any-return]

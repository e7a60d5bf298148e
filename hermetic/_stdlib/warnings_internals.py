"""Reads the filters of the warnings module, and intercepts the warnings that it shows."""

from __future__ import annotations

import contextlib
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


def warning_filters() -> list[Any]:
    """Return the filters of the warnings module."""
    return sys.modules["warnings"].filters  # type: ignore[no-any-return]


@contextlib.contextmanager
def warnings_shown_by(show: Callable[[Any, Callable[[Any], None]], None]) -> Iterator[None]:
    """For a block, call a function instead of showing a warning.

    A replacement of ``warnings.showwarning`` would not get the warning's source. If there is one already, it is passed
    on as what would have shown the warning. Warnings that ``catch_warnings`` records are not shown.

    Args:
        show: gets the ``WarningMessage``, and the function that would have shown it.
    """
    warnings = sys.modules["warnings"]
    name = "_showwarnmsg_impl" if warnings.showwarning is warnings._showwarning_orig else "showwarning"
    before = getattr(warnings, name)

    def show_message(message: Any) -> None:
        context = getattr(warnings, "_get_context", None)  # from 3.14 on, threads may have warnings of their own
        if context is not None and context().log is not None:
            before(message)
        else:
            show(message, before)

    def show_arguments(message: Any, category: Any, filename: str, lineno: int, *rest: Any, **named: Any) -> None:
        shown = warnings.WarningMessage(message, category, filename, lineno, *rest, **named)
        show(shown, lambda _: before(message, category, filename, lineno, *rest, **named))

    ours = show_message if name == "_showwarnmsg_impl" else show_arguments
    setattr(warnings, name, ours)
    try:
        yield
    finally:
        if getattr(warnings, name) is ours:
            setattr(warnings, name, before)


def forget_shown_by() -> None:
    """Restore the original ``warnings.showwarning``."""
    warnings = sys.modules["warnings"]
    warnings.showwarning = warnings._showwarning_orig  # type: ignore[attr-defined]


def allocation_of(message: Any) -> str:
    """Return the part of a shown ``WarningMessage`` that says where its source was allocated; empty if unknown."""
    warnings = sys.modules["warnings"]
    with_source, without = (
        warnings._formatwarnmsg_impl(warnings.WarningMessage("", message.category, "", 0, line="", source=source))
        for source in (message.source, None)
    )
    return with_source.removeprefix(without)  # type: ignore[no-any-return]

"""Patches the warnings module: a function is called with each warning that is about to be shown."""

from __future__ import annotations

import contextlib
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Show = Callable[[Any], None]


@contextlib.contextmanager
def warnings_shown_by(show: Callable[[Any, Show], None]) -> Iterator[None]:
    """For a block, call a function instead of showing warnings. Warnings that ``catch_warnings`` records are not shown.

    Args:
        show: is called with a ``WarningMessage``, and with the function that would have shown it.
    """
    warnings = sys.modules["warnings"]
    # A replacement of `showwarning` is not given the source of a warning, so it is replaced only if somebody else has.
    name = "_showwarnmsg_impl" if warnings.showwarning is warnings._showwarning_orig else "showwarning"
    original = getattr(warnings, name)
    ours = (_showing_messages if name == "_showwarnmsg_impl" else _showing_arguments)(show, original)
    setattr(warnings, name, ours)
    try:
        yield
    finally:
        if getattr(warnings, name) is ours:
            setattr(warnings, name, original)


def _showing_messages(show: Callable[[Any, Show], None], original: Show) -> Show:
    # From 3.14 on, threads may have warnings of their own, which are then recorded elsewhere.
    context = getattr(sys.modules["warnings"], "_get_context", None)

    def show_message(message: Any) -> None:
        if context is not None and context().log is not None:
            original(message)
        else:
            show(message, original)

    return show_message


def _showing_arguments(show: Callable[[Any, Show], None], original: Callable[..., None]) -> Callable[..., None]:
    message_type = sys.modules["warnings"].WarningMessage

    def show_arguments(message: Any, category: Any, filename: str, lineno: int, *rest: Any, **named: Any) -> None:
        shown = message_type(message, category, filename, lineno, *rest, **named)
        show(shown, lambda _: original(message, category, filename, lineno, *rest, **named))

    return show_arguments


def put_back() -> None:
    """Restore the original ``warnings.showwarning``, even if something else replaced it."""
    warnings = sys.modules["warnings"]
    warnings.showwarning = warnings._showwarning_orig  # type: ignore[attr-defined]

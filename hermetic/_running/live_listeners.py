"""Adds the listeners that show a run while it goes on: the progress, failures when they happen, and pdb."""

from __future__ import annotations

import contextlib

from .._results import progress
from .._settings.current_run import current_run
from .._terminal import colours
from .failures import FailedTests, ImmediateFailures
from .post_mortem import PostMortem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any


def follow(
    result: Any, tests: Iterable[Any], total: int, durations: Mapping[str, float], jobs: int
) -> contextlib.AbstractContextManager[None]:
    """Have the result of a run told to people while it goes on; arguments as of ``progress.following``.

    Returns:
        What takes the progress away after a block.
    """
    is_terminal, debugs = colours.is_terminal(result.summary_stream), current_run.debugs
    if (
        debugs
        or current_run.settings.show_failures == "now"
        or (is_terminal and current_run.settings.show_failures == "auto")
    ):
        result.add_listener(ImmediateFailures(result))
    if debugs:
        result.add_listener(PostMortem(result, total))
    # pdb has the terminal for itself.
    following = contextlib.nullcontext() if debugs else progress.following(result, tests, total, durations, jobs)
    result.add_listener(FailedTests())
    return following

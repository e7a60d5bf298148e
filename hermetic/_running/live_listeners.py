"""Sets up what people see of a run while it goes on: colours, the progress, failures when they happen, and pdb."""

from __future__ import annotations

import contextlib

from .._results import progress
from .._settings.current_run import current_run
from .._terminal import colours, unittest_colours
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
    unittest_colours.colour(getattr(result, "stream", None))
    when, debugs = current_run.settings.show_failures, current_run.debugs
    is_terminal = colours.is_terminal(result.summary_stream)
    if debugs or when == "now" or (when == "auto" and is_terminal):
        result.add_listener(ImmediateFailures(result))
    if debugs:
        result.add_listener(PostMortem(result, total))
    # pdb has the terminal for itself.
    following = contextlib.nullcontext() if debugs else progress.following(result, tests, total, durations, jobs)
    if debugs or when == "now" or is_terminal:
        result.add_listener(FailedTests())
    return following

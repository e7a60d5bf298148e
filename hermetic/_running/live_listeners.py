"""Sets up what a terminal shows during a run: colours, the progress, failures when they happen, and pdb."""

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
    """Add the listeners that show a run while it is running; arguments as for ``progress.following``.

    Returns:
        A context manager that removes the progress from the terminal.
    """
    unittest_colours.colour(getattr(result, "stream", None))
    when, debugs = current_run.settings.show_failures, current_run.debugs
    is_terminal = colours.is_terminal(result.summary_stream)
    if debugs or when == "now" or (when == "auto" and is_terminal):
        result.add_listener(ImmediateFailures(result))
    if debugs:
        result.add_listener(PostMortem(result, total))
    # pdb needs the whole terminal.
    following = contextlib.nullcontext() if debugs else progress.following(result, tests, total, durations, jobs)
    if debugs or when == "now" or is_terminal:
        result.add_listener(FailedTests())
    return following

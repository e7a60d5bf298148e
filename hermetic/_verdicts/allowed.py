"""Violations that were allowed to happen: kept for the summary, and warned of by the process that has the run.

A child process prints no warning: its stderr belongs to the test, which may compare it.
"""

from __future__ import annotations

import warnings

from .._base.errors import HermeticWarning
from .._policy import messages
from . import scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._base.records import Violation


def note(violation: Violation, *, silently: bool) -> None:
    """Keep a violation for the summary, unless it is known already, and warn of it.

    Args:
        violation: the violation.
        silently: whether there is no warning: it is observed, or in the baseline.

    Raises:
        HermeticWarning: the warning filters make errors of warnings.
    """
    if _is_told(violation):
        return
    scopes.running.warned.append(violation)
    if not silently:
        site, text = violation.site, messages.headline(violation)
        warnings.warn_explicit(text, HermeticWarning, site.filename or "<unknown>", site.line, site.module)


def _is_told(warned: Violation) -> bool:
    """Whether the kernel tells what the guard of a child has told before it let it happen."""
    what = warned.test, warned.operation.target
    return warned.operation.pid is not None and any(
        (found.test, found.operation.target) == what and found.operation.pid is None for found in scopes.running.warned
    )

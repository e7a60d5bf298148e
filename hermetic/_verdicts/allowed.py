"""Notes violations that were allowed, for the summary, and warns about them.

Only the run's process warns: the stderr of a child process belongs to the test.
"""

from __future__ import annotations

import warnings

from .._base.errors import HermeticWarning
from .._policy import messages
from . import scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._base.records import Violation


def note_allowed(violation: Violation, *, silently: bool) -> None:
    """Note a violation for the summary, unless the guard of a child has noted it already, and warn about it.

    Args:
        silently: whether to omit the warning, because the run observes, or the baseline lists the violation.

    Raises:
        HermeticWarning: the warning filters turn warnings into errors.
    """
    if _is_noted(violation):
        return
    scopes.running.warned.append(violation)
    if not silently:
        site, text = violation.site, messages.headline(violation)
        warnings.warn_explicit(text, HermeticWarning, site.filename or "<unknown>", site.line, site.module)


def _is_noted(warned: Violation) -> bool:
    """Whether the kernel sandbox reports what the guard of a child process has reported before."""
    what = warned.test, warned.operation.target
    return warned.operation.pid is not None and any(
        (found.test, found.operation.target) == what and found.operation.pid is None for found in scopes.running.warned
    )

"""Finds out which violations a reported exception shows, and trims tracebacks."""

from __future__ import annotations

from .._base.errors import ViolationError
from . import findings, scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType


def surfaced(ledger: list[ViolationError], exception: BaseException | None) -> list[ViolationError]:
    """Remove from a ledger the violations that a reported exception shows: the same, an equal one, or its text.

    Of an exception that skips a test, runners show only the reason.

    Returns:
        The removed violations, and the other violations that the exception shows.
    """
    if exception is None or is_skip(exception):
        return []
    shown = list(chain(exception))
    removed = findings.take_where(ledger, lambda error: any(_shows(found, error) for found in shown))
    violations = [error.violation for error in removed]
    return removed + [
        found for found in shown if isinstance(found, ViolationError) and found.violation not in violations
    ]


def is_skip(exception: BaseException) -> bool:
    """Whether unittest, trial or pytest skip a test by an exception, or ``pytest.xfail()`` raises it."""
    return any(cls.__name__ in ("SkipTest", "Skipped", "XFailed") for cls in type(exception).__mro__)


def _shows(found: BaseException, error: ViolationError) -> bool:
    if isinstance(found, ViolationError):
        return found is error or found.violation == error.violation
    try:  # another interpreter, or a worker, sends exceptions as text
        return str(error).partition("\n")[0] in str(found)
    except Exception:  # noqa: BLE001 - the user's exceptions may do anything in str()
        return False


def chain(exception: BaseException) -> Iterable[BaseException]:
    """Yield an exception, its causes, its contexts, and the members of its groups."""
    pending: list[BaseException] = [exception]
    seen: set[int] = set()
    while pending:
        found = pending.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        # Tracebacks do not show what `raise ... from None` hides.
        shown = found.__cause__ if found.__suppress_context__ else found.__context__
        pending += [shown] if shown is not None else []
        pending += _members(found)


def _members(exception: BaseException) -> list[BaseException]:
    """Return the exceptions of a group; in other exceptions, an attribute of that name may be anything."""
    try:
        members = getattr(exception, "exceptions", ())
        return [member for member in members if isinstance(member, BaseException)]
    except Exception:  # noqa: BLE001 - the user's exceptions may do anything
        return []


def strike_refusals(exception: BaseException | None) -> None:
    """Drop the refusals of doubles that a reported exception shows."""
    if scopes.running.refusals and exception is not None and not is_skip(exception):
        shown = {id(found) for found in chain(exception)}
        findings.take_where(scopes.running.refusals, lambda error: id(error) in shown)


def trim(exception: BaseException | None, package: str = __name__.partition(".")[0]) -> None:
    """Cut hermetic's frames off the end of a traceback, so that it ends at the refused call."""
    traceback = last = None if exception is None else exception.__traceback__
    while traceback is not None:
        if not _is_ours(traceback, package):
            last = traceback
        traceback = traceback.tb_next
    if last is not None:
        last.tb_next = None


def trim_all(exception: BaseException | None) -> None:
    """Trim the tracebacks of an exception and of all exceptions that it shows."""
    if exception is not None:
        for found in chain(exception):
            trim(found)


def _is_ours(traceback: TracebackType, package: str) -> bool:
    module = str(traceback.tb_frame.f_globals.get("__name__"))
    return module == package or module.startswith(package + ".")

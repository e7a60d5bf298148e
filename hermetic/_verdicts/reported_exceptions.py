"""Finds out which violations a reported exception shows, and cuts our own frames off its traceback."""

from __future__ import annotations

from .._base.errors import ViolationError
from . import scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType


def surfaced(ledger: list[ViolationError], exception: BaseException | None) -> list[ViolationError]:
    """Strike out of a ledger what a reported exception shows: itself, its equal from a child, or its text.

    Of an exception that skips, runners show the reason alone.

    Returns:
        What was struck out, and the violations that the exception shows besides.
    """
    if exception is None or is_skip(exception):
        return []
    shown = list(chain(exception))
    struck: list[ViolationError] = []
    left: list[ViolationError] = []
    for error in ledger:
        (struck if any(_shows(found, error) for found in shown) else left).append(error)
    ledger[:] = left
    violations = [error.violation for error in struck]
    return struck + [
        found for found in shown if isinstance(found, ViolationError) and found.violation not in violations
    ]


def is_skip(exception: BaseException) -> bool:
    """Whether unittest, trial or pytest skip by it, or pytest.xfail() raises it; none of them needs to be there."""
    return any(cls.__name__ in ("SkipTest", "Skipped", "XFailed") for cls in type(exception).__mro__)


def _shows(found: BaseException, error: ViolationError) -> bool:
    if isinstance(found, ViolationError):
        return found is error or found.violation == error.violation
    try:  # what an exception of another interpreter, or of a worker, came home as
        return str(error).partition("\n")[0] in str(found)
    except Exception:  # noqa: BLE001 - the str() of the user's exceptions may do anything
        return False


def chain(exception: BaseException) -> Iterable[BaseException]:
    """An exception with its causes, contexts and the members of its groups."""
    pending: list[BaseException] = [exception]
    seen: set[int] = set()
    while pending:
        found = pending.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        # What `raise ... from None` hides, no traceback shows.
        shown = found.__cause__ if found.__suppress_context__ else found.__context__
        pending += [shown] if shown is not None else []
        pending += _members(found)


def _members(exception: BaseException) -> list[BaseException]:
    """The exceptions of a group; other exceptions may hold anything, or fail, under that name."""
    try:
        members = getattr(exception, "exceptions", ())
        return [member for member in members if isinstance(member, BaseException)]
    except Exception:  # noqa: BLE001 - the user's exceptions may do anything
        return []


def strike_refusals(exception: BaseException | None) -> None:
    """Strike out of the refusals what a reported exception shows."""
    if scopes.running.refusals and exception is not None and not is_skip(exception):
        shown = {id(found) for found in chain(exception)}
        scopes.running.refusals[:] = [error for error in scopes.running.refusals if id(error) not in shown]


def trim(exception: BaseException | None, package: str = __name__.partition(".")[0]) -> None:
    """Cut our own frames off the end of a traceback, so that it ends at the call that was refused."""
    traceback = last = None if exception is None else exception.__traceback__
    while traceback is not None:
        if not _is_ours(traceback, package):
            last = traceback
        traceback = traceback.tb_next
    if last is not None:
        last.tb_next = None


def trim_all(exception: BaseException | None) -> None:
    """Trim an exception and all that it shows: a guarded function is no part of what the user called."""
    if exception is not None:
        for found in chain(exception):
            trim(found)


def _is_ours(traceback: TracebackType, package: str) -> bool:
    module = str(traceback.tb_frame.f_globals.get("__name__"))
    return module == package or module.startswith(package + ".")

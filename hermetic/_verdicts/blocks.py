"""Puts a block of code under a policy, and raises its unreported violations at the end.

A block is in force for its task and the tasks created in it, through a ContextVar.
"""

from __future__ import annotations

import contextlib

from . import findings, reported_exceptions, scopes, violation_log
from .several_violations import merged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .scopes import Scope

__unittest = True  # keeps our frames out of unittest's tracebacks


class PolicyBlock:
    """A scope that can be entered and left several times, and is concluded once.

    Attributes:
        concluded_elsewhere: whether other code calls ``conclude``, so that leaving the block does not.
        is_test: whether the block is a whole test, for which the kernel sandbox judges native code as well.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.concluded_elsewhere = False
        self.is_test = False
        self._before: list[Scope | None] = []

    def __enter__(self) -> None:
        self._before.append(scopes.block_scope.get())
        scopes.block_scope.set(self.scope)
        if self.is_test and scopes.running.sandbox is not None:
            scopes.running.sandbox.scope_changed(self.scope)

    def __exit__(self, *_: object) -> None:
        scopes.block_scope.set(self._before.pop())
        if self.is_test and scopes.running.sandbox is not None:
            scopes.running.sandbox.scope_changed(scopes.running.process)
        elif scopes.running.sandbox is not None:
            scopes.running.sandbox.let_pass_no_more()

    @contextlib.contextmanager
    def concluding(self) -> Iterator[None]:
        """Conclude at the end of the enclosed code, unless other code does."""
        exception: BaseException | None = None
        try:
            yield
        except BaseException as error:
            exception = error
            raise
        finally:
            if self.concluded_elsewhere:
                reported_exceptions.surfaced(self.scope.ledger, exception)
            else:
                self.conclude(exception)

    def conclude(self, exception: BaseException | None) -> None:
        """End the scope, and raise its violations that the exception which leaves it does not show."""
        if self.scope.has_children:
            violation_log.collect_entries()
        reported_exceptions.surfaced(self.scope.ledger, exception)
        self.scope.ended = True
        left = findings.take_all(self.scope.ledger)
        if left:
            raise merged(left) from exception


def take_entered(entered: list[PolicyBlock | None]) -> PolicyBlock | None:
    """Return the block that is being left: an object may be entered in several tasks and threads at once."""
    current = scopes.block_scope.get()
    for block in reversed(entered[:]):
        if block is not None and block.scope is current:
            entered.remove(block)
            return block
    return entered.pop()

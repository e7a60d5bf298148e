"""Defines every exception and warning of hermetic.

    HermeticError
     +-- ConfigurationError          (also a ValueError)
     +-- DecorationError             (also a TypeError)
     +-- GuardError
     +-- IsolationError
     +-- RunEndedEarly
     +-- ConflictError                (these four also an AssertionError)
     +-- UnassertedInteractionsError
     +-- UnmockedInteractionError
     +-- UnusedMocksError
     +-- ViolationError
          +-- NetworkViolationError
          +-- FilesystemViolationError
          +-- SubprocessViolationError
          +-- DatabaseViolationError
          +-- SleepViolationError
          +-- MultiprocessingViolationError
          +-- TimeLimitViolationError
    HermeticWarning                  (a UserWarning)
    TestInterrupted                  (a BaseException)

A violation is not an AssertionError, so runners report it as an error and not as a failure. The errors of doubles are
AssertionErrors: they are what the test asserts. All exceptions can be pickled: they hold nothing but their arguments.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .records import Violation


class HermeticError(Exception):
    """Base of everything that hermetic raises."""


class ConfigurationError(HermeticError, ValueError):
    """A setting has a wrong name, value or type; the text names the file, the key and what is accepted."""


class DecorationError(HermeticError, TypeError):
    """A mark was put on something that it cannot protect; the text names the thing."""


class GuardError(HermeticError):
    """H009: hermetic could not guard a test, or failed while it judged or recorded what the test did."""


class IsolationError(HermeticError):
    """H007: an isolated test crashed, timed out, left something behind, or cannot be isolated; the text says which."""


class RunEndedEarly(HermeticError):  # noqa: N818 - it names what happened to the run, as KeyboardInterrupt does
    """The run stopped before its last test; the text says what stopped it."""


class ViolationError(HermeticError):
    """A test did what its size does not allow.

    Args:
        violation: the record of what was done, by which test, and where.
        text: the finished message; ``str()`` of the error.
    """

    def __init__(self, violation: Violation, text: str) -> None:
        super().__init__(violation, text)
        self.violation = violation

    def __str__(self) -> str:
        return str(self.args[1])


class NetworkViolationError(ViolationError):
    """H001: the network, or a name server, was used."""


class FilesystemViolationError(ViolationError):
    """H002: a file or a folder was used that is no part of the program; with ``forbid = filesystem``."""


class SubprocessViolationError(ViolationError):
    """H003: a process, or a second interpreter, was started."""


class DatabaseViolationError(ViolationError):
    """H004: a database was opened; with ``forbid = database``."""


class SleepViolationError(ViolationError):
    """H005: time was slept away; with ``forbid = sleep``."""


class MultiprocessingViolationError(ViolationError):
    """H008: a process was started during an import or beyond a ceiling, or the worker of a Pool has died."""


class TimeLimitViolationError(ViolationError):
    """H006: a test took longer than its size may, or was interrupted; the text has the stacks of all threads then."""


class ConflictError(HermeticError, AssertionError):
    """Somebody else has replaced what a double stands in; the text says what, and by what."""


class UnassertedInteractionsError(HermeticError, AssertionError):
    """A strict double was used in ways that the test does not assert; the text has the lines to paste."""


class UnmockedInteractionError(HermeticError, AssertionError):
    """A double was used in a way that is not scripted; the text says what was expected, and what differs."""


class UnusedMocksError(HermeticError, AssertionError):
    """Something that was scripted was never used; the text says what, and where it was scripted."""


class TestInterrupted(BaseException):
    """Ends a test that has used up its time; it is reported as a ``TimeLimitViolationError``."""

    __test__ = False  # pytest: not a test class, in spite of its name


class HermeticWarning(UserWarning):
    """A violation in mode ``warn``: reported, and let happen."""


for _class in (
    HermeticError,
    ConfigurationError,
    DecorationError,
    GuardError,
    IsolationError,
    RunEndedEarly,
    ViolationError,
    NetworkViolationError,
    FilesystemViolationError,
    SubprocessViolationError,
    DatabaseViolationError,
    SleepViolationError,
    MultiprocessingViolationError,
    TimeLimitViolationError,
    ConflictError,
    UnassertedInteractionsError,
    UnmockedInteractionError,
    UnusedMocksError,
    HermeticWarning,
    TestInterrupted,
):
    _class.__module__ = "hermetic"  # tracebacks show the public name
del _class


_ADVICE = """\
  {rule}
  This is a bug in hermetic: please report it with the traceback.
  docs: hermetic/docs/reference/messages.md#h009"""
_REFUSED = "hermetic refuses every operation that it cannot judge or record."


def internal_error_text(error: BaseException, what: str = "hermetic failed", rule: str = _REFUSED) -> str:
    """The message of an internal error, with its traceback.

    Args:
        error: the exception that was raised inside hermetic.
        what: what failed, and where.
        rule: the consequence.
    """
    shown = "\n".join(f"    {line}" for line in traceback_text(error).splitlines())
    headline = f"[H009] internal error: {what}: {type(error).__name__}: {error}"
    return f"{headline}\n{shown}\n{_ADVICE.format(rule=rule)}"


def traceback_text(error: BaseException) -> str:
    """The traceback of an exception, as Python prints it.

    Python 3.15 looks for the module that a ModuleNotFoundError names, and raises if the package around that module
    cannot be imported. The text then has the traceback and the exception alone, without its causes.
    """
    import traceback  # not worth its start-up time before the first fault

    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - an error that cannot be shown in full is reported all the same
        lines = traceback.format_tb(error.__traceback__)
        return f"Traceback (most recent call last):\n{''.join(lines)}{type(error).__name__}: {error}\n"

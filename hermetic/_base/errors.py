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

from .command import explained

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .records import Violation


class HermeticError(Exception):
    """The base class of all errors of hermetic. A message with a code ends with the command that explains it."""

    def __str__(self) -> str:
        return explained(super().__str__())


class ConfigurationError(HermeticError, ValueError):
    """A setting has a wrong name, value or type. The text names the file, the key and the accepted values."""


class DecorationError(HermeticError, TypeError):
    """A mark is on an object that it cannot protect. The text names the object."""


class GuardError(HermeticError):
    """H009: hermetic could not guard a test, or failed while it judged or recorded what the test did."""


class IsolationError(HermeticError):
    """H007: an isolated test crashed, timed out, or cannot be isolated.

    With ``leaks = error``, it is also the error of a test that leaked state.
    """


class RunEndedEarly(HermeticError):  # noqa: N818 - it names what happened to the run, as KeyboardInterrupt does
    """The run ended early, for example through ``os._exit``. It is the error of the test that ended the run."""


class ViolationError(HermeticError):
    """A test did something that its size forbids.

    It is not an ``AssertionError``, so runners report it as an error.

    Args:
        violation: the record: ``code``, ``size``, ``test``, ``operation`` (``kind``, ``action``, ``target``, ...) and
            ``site`` (``filename``, ``line``, ``function``, ...).
        text: the whole message, which is also ``str()`` of the error.
    """

    def __init__(self, violation: Violation, text: str) -> None:
        super().__init__(violation, text)
        self.violation = violation

    def __str__(self) -> str:
        return str(self.args[1])


class NetworkViolationError(ViolationError):
    """H001: a test used the network, or looked up a name."""


class FilesystemViolationError(ViolationError):
    """H002: a test used a file or a folder that is not part of the program, with ``forbid = filesystem``."""


class SubprocessViolationError(ViolationError):
    """H003: a test started a process, or a second interpreter."""


class DatabaseViolationError(ViolationError):
    """H004: a test opened a database, with ``forbid = database``."""


class SleepViolationError(ViolationError):
    """H005: a test slept, with ``forbid = sleep``."""


class MultiprocessingViolationError(ViolationError):
    """H008: a process was started during an import or beyond a limit, or the worker of a Pool has died.

    It applies to tests of every size.
    """


class TimeLimitViolationError(ViolationError):
    """H006: a test exceeded its size's time limit, with ``time_limits = strict``.

    It is also the error of an interrupted test. The text then has the stacks of all threads.
    """


class ConflictError(HermeticError, AssertionError):
    """Something else has replaced a function that the double uses, such as ``subprocess.run``."""


class UnassertedInteractionsError(HermeticError, AssertionError):
    """With ``strict=True``, the test did not assert an interaction. The text has the lines to paste."""


class UnmockedInteractionError(HermeticError, AssertionError):
    """A command ran that is not scripted, that ran out of order, or that got other input.

    It is raised at the call, and again at the end of the test if the code under test swallows it.
    """


class UnusedMocksError(HermeticError, AssertionError):
    """A scripted command or look-up was never used. The text lists the ``file:line`` of each."""


class TestInterrupted(BaseException):
    """Interrupts a test after ``test_timeout``. The test is reported with a ``TimeLimitViolationError``."""

    __test__ = False  # pytest: not a test class, in spite of its name


class HermeticWarning(UserWarning):
    """A violation in mode ``warn``, or state that a test leaked."""


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


_REPORT = "  This is a bug in hermetic: please report it with the traceback."
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
    return f"{headline}\n{shown}\n  {rule}\n{_REPORT}"


def traceback_text(error: BaseException) -> str:
    """The traceback of an exception, as Python prints it.

    Python 3.15 looks for the module that a ModuleNotFoundError names, and raises if the package around that module
    cannot be imported. The same happens where source files cannot be opened. The text then has the places in the code
    and the exception alone, without its causes.
    """
    import traceback  # not worth its start-up time before the first fault

    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - an error that cannot be shown in full is reported all the same
        places = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
        lines = [f'  File "{code.co_filename}", line {line}, in {code.co_name}\n' for code, line in places]
        return f"Traceback (most recent call last):\n{''.join(lines)}{type(error).__name__}: {error}\n"

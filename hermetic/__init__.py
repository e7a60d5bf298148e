"""Hermetic tests for people who use unittest.

    import unittest
    from hermetic import HermeticTestCase, medium, small

    class PriceTest(HermeticTestCase):            # small unless it says otherwise
        def test_total(self):
            self.assertEqual(sum([1, 2]), 3)

    class LegacyTest(unittest.TestCase):          # any unittest class, any runner
        @small
        def test_parse(self): ...

        @medium
        def test_cache(self): ...                 # localhost only; may start processes

A small test reaches no network and starts no process, a medium one reaches localhost only; a violation is always
reported as an error of the test, even when the code under test swallowed the exception.

``python -m hermetic discover`` takes every option of ``python -m unittest discover``.
"""

from importlib import import_module as _import_module

from ._errors import (
    ConfigurationError,
    ConflictError,
    DatabaseViolationError,
    DecorationError,
    FilesystemViolationError,
    GuardError,
    HermeticError,
    HermeticWarning,
    IsolationError,
    MultiprocessingViolationError,
    NetworkViolationError,
    RunEndedEarly,
    SleepViolationError,
    SubprocessViolationError,
    TestInterrupted,
    TimeLimitViolationError,
    UnassertedInteractionsError,
    UnmockedInteractionError,
    UnusedMocksError,
    ViolationError,
)
from ._unittest import watch as _watch
from ._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._doubles.subprocess_mock import SubprocessMock
    from ._guards.guard import guard
    from ._multiprocessing.start_method import start_method
    from ._sizes import Size
    from ._unittest.case import HermeticTestCase
    from ._unittest.isolated import isolated
    from ._unittest.marks import allow, large, medium, small, xlarge
    from ._unittest.program import TestProgram as main
    from ._unittest.run_result import TestResult
    from ._unittest.runner import TestRunner

__all__ = [
    "ConfigurationError",
    "ConflictError",
    "DatabaseViolationError",
    "DecorationError",
    "FilesystemViolationError",
    "GuardError",
    "HermeticError",
    "HermeticTestCase",
    "HermeticWarning",
    "IsolationError",
    "MultiprocessingViolationError",
    "NetworkViolationError",
    "RunEndedEarly",
    "Size",
    "SleepViolationError",
    "SubprocessMock",
    "SubprocessViolationError",
    "TestInterrupted",
    "TestResult",
    "TestRunner",
    "TimeLimitViolationError",
    "UnassertedInteractionsError",
    "UnmockedInteractionError",
    "UnusedMocksError",
    "ViolationError",
    "__version__",
    "allow",
    "guard",
    "isolated",
    "large",
    "main",
    "medium",
    "small",
    "start_method",
    "xlarge",
]

# Names that are loaded when they are first asked for: a legacy suite under our runner needs few of them.
_LAZY = {
    "HermeticTestCase": ("._unittest.case", "HermeticTestCase"),
    "Size": ("._sizes", "Size"),
    "SubprocessMock": ("._doubles.subprocess_mock", "SubprocessMock"),
    "TestResult": ("._unittest.run_result", "TestResult"),
    "TestRunner": ("._unittest.runner", "TestRunner"),
    "allow": ("._unittest.marks", "allow"),
    "guard": ("._guards.guard", "guard"),
    "isolated": ("._unittest.isolated", "isolated"),
    "large": ("._unittest.marks", "large"),
    "main": ("._unittest.program", "TestProgram"),
    "medium": ("._unittest.marks", "medium"),
    "small": ("._unittest.marks", "small"),
    "start_method": ("._multiprocessing.start_method", "start_method"),
    "xlarge": ("._unittest.marks", "xlarge"),
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    value = getattr(_import_module(module, __name__), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


_watch()

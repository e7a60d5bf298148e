"""Hermetic tests for people who use unittest.

    import unittest
    from hermetic import HermeticTestCase, medium, small

    class PriceTest(HermeticTestCase):            # small by default
        def test_total(self):
            self.assertEqual(sum([1, 2]), 3)

    class LegacyTest(unittest.TestCase):          # any unittest class, any runner
        @small
        def test_parse(self): ...

        @medium
        def test_cache(self): ...                 # may use localhost and start processes

A small test may not use the network or start a process; a medium test may only use localhost. Every violation is
reported as an error of the test, even if the code under test has swallowed the exception.

``python -m hermetic discover`` accepts every option of ``python -m unittest discover``.
"""

from functools import partial as _partial
from importlib import import_module as _import_module

from ._base.supported_python import check as _check

_check()  # first: other Pythons cannot read the other modules

from ._base.errors import (
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
from ._running import watch as _watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._base.sizes import Size
    from ._doubles.subprocess_mock import SubprocessMock
    from ._marks.guard import guard
    from ._marks.isolated import isolated
    from ._marks.marks import allow, large, medium, small, xlarge
    from ._marks.retries import retries
    from ._marks.start_method_blocks import start_method
    from ._marks.timeout import timeout
    from ._program.program import TestProgram as main
    from ._results.run_result import TestResult
    from ._running.case import HermeticTestCase
    from ._running.runner import TestRunner
    from ._version import __version__

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
    "retries",
    "small",
    "start_method",
    "timeout",
    "xlarge",
]

# Names that are imported on first use: a legacy suite under this runner needs few of them.
_LAZY = {
    "HermeticTestCase": ("._running.case", "HermeticTestCase"),
    "Size": ("._base.sizes", "Size"),
    "SubprocessMock": ("._doubles.subprocess_mock", "SubprocessMock"),
    "TestResult": ("._results.run_result", "TestResult"),
    "TestRunner": ("._running.runner", "TestRunner"),
    "__version__": ("._version", "__version__"),
    "allow": ("._marks.marks", "allow"),
    "guard": ("._marks.guard", "guard"),
    "isolated": ("._marks.isolated", "isolated"),
    "large": ("._marks.marks", "large"),
    "main": ("._program.program", "TestProgram"),
    "medium": ("._marks.marks", "medium"),
    "retries": ("._marks.retries", "retries"),
    "small": ("._marks.marks", "small"),
    "start_method": ("._marks.start_method_blocks", "start_method"),
    "timeout": ("._marks.timeout", "timeout"),
    "xlarge": ("._marks.marks", "xlarge"),
}


if not TYPE_CHECKING:  # where it would make every misspelt name an object

    def __getattr__(name):  # type: (str) -> object
        if name not in _LAZY:
            text = "module {!r} has no attribute {!r}"
            raise AttributeError(text.format(__name__, name))
        module, attribute = _LAZY[name]
        value = getattr(_import_module(module, __name__), attribute)
        globals()[name] = value
        return value


__dir__ = _partial(sorted, __all__)

_watch()

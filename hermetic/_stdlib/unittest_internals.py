"""Reads and makes the private objects of unittest: subtests, failed imports, output buffers, outcomes.

Modules of unittest are imported within functions: processes without tests load this file too.
"""

from __future__ import annotations

import contextlib
import re
import sys

from .._base import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any

_COLOURS = r"\x1b\[[0-9;]*m"
_VERDICTS = ("OK", "FAILED", "NO TESTS RAN")  # with which the last line of a runner begins
LOADER_IMPORT = "_get_module_from_name"  # the method of TestLoader that imports modules for discovery
_PHASES = {  # of a test, by the methods that run them
    "_callSetUp": "setUp",
    "_callTestMethod": "test method",
    "_callTearDown": "tearDown",
    "doCleanups": "cleanups",
}
# The methods of a TestCase through which its ``run`` calls the code of the test.
TEST_CODE_CALLERS = ("_callSetUp", "_callTestMethod", "_callTearDown", "_callCleanup")


def _unittest_case() -> Any:
    return sys.modules.get("unittest.case") or real.import_module("unittest.case")


def test_method_name(test: object) -> str:
    """Return the name of the method that a TestCase runs; empty for other objects."""
    return getattr(test, "_testMethodName", "")


def keep_patterns(parser: argparse.ArgumentParser) -> None:
    """Have a parser of unittest return the patterns of ``-k`` as they were written."""
    main: Any = sys.modules["unittest.main"]
    parser.register("type", main._convert_select_pattern, str)


def drop_tests(suite: Any) -> None:
    """Remove all tests from a suite and from the suites in it, as each does with a test that it has run."""
    if hasattr(suite, "_removeTestAtIndex"):  # a suite of unittest's kind, and no test
        for test in suite._tests:
            drop_tests(test)
        suite._tests.clear()


def test_of_failed_import(loader: Any, name: str, error: BaseException) -> Any:
    """Make the test by which discovery reports a module that failed to import, or was skipped."""
    module = real.import_module("unittest.loader")
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next  # begins in the loader, as in a discovery
    if isinstance(error, _unittest_case().SkipTest):
        return module._make_skipped_test(name, error, loader.suiteClass)
    lines = real.import_module("traceback").format_exception(type(error), error, error.__traceback__)
    message = f"Failed to import test module: {name}\n{''.join(lines)}"
    loader.errors.append(message)
    return module._make_failed_test(name, ImportError(message), loader.suiteClass, message)[0]


def test_of_failed_load_tests(loader: Any, name: str, error: BaseException, wrapped: Exception) -> Any:
    """Make the test by which a loader reports a module whose ``load_tests`` failed."""
    module = real.import_module("unittest.loader")
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next  # begins in the loader, as in unittest's own report
    test, message = module._make_failed_load_tests(name, wrapped, loader.suiteClass)
    loader.errors.append(message)
    return test


def catch_handler_was_called(handler: object) -> bool:
    """Whether the SIGINT handler of ``unittest.installHandler`` has received a Ctrl-C."""
    return bool(getattr(handler, "called", False))


def class_cleanup_exceptions(cls: type) -> list[BaseException]:
    """Return what ``doClassCleanups`` has caught from the class cleanups that ran so far."""
    return [info[1] for info in getattr(cls, "tearDown_exceptions", ())]


def error_holder(description: str) -> Any:
    """Make the object that unittest passes to a result instead of a test for an error of a fixture."""
    return real.import_module("unittest.suite")._ErrorHolder(description)


def sub_test(test: Any, message: Any, params: dict[str, Any]) -> Any:
    """Make the object that unittest passes to a result for a subtest."""
    case = _unittest_case()
    return case._SubTest(test, case._subtest_msg_sentinel if message is None else message, params)


def sub_test_parts(sub_test: Any) -> tuple[Any, dict[str, Any]] | None:
    """Return the message and the parameters of a subtest; None for other objects."""
    case = _unittest_case()
    if not isinstance(sub_test, case._SubTest):
        return None
    message = sub_test._message
    return (None if message is case._subtest_msg_sentinel else message), dict(sub_test.params)


@contextlib.contextmanager
def outcome_of(test: Any, result: Any) -> Iterator[None]:
    """Give a test that is not running the outcome of a running one: pytest reads it before Python 3.11."""
    test._outcome = _unittest_case()._Outcome(result)
    try:
        yield
    finally:
        test._outcome = None


def buffer_output(result: Any) -> bool:
    """Start the output buffer of a result, as suites do around fixtures; False if it has none, or buffers already."""
    buffers = getattr(result, "buffer", False) and hasattr(result, "_setupStdout")
    if not buffers or getattr(result, "_stdout_buffer", None) is sys.stdout:
        return False
    result._setupStdout()
    return True


@contextlib.contextmanager
def past_buffer(result: Any) -> Iterator[None]:
    """Show what is written to standard error, even while a result buffers the output of a test."""
    buffer = getattr(result, "_stderr_buffer", None)
    if buffer is None or sys.stderr is not buffer:
        yield
        return
    sys.stderr = result._original_stderr
    try:
        yield
    finally:
        sys.stderr = buffer


def is_on_new_line(result: Any, test: Any) -> bool:
    """Whether a verbose result has ended its line after a failure of a test: before 3.11, not for a subtest."""
    return bool(getattr(result, "_newline", not hasattr(test, "test_case")))


def coloured_flavour(result: Any, flavour: str) -> str:
    """Return ERROR or FAIL in the colour in which a result shows it, from Python 3.14 on."""
    theme = getattr(result, "_theme", None)
    return flavour if theme is None else f"{theme.fail}{flavour}{theme.reset}"


@contextlib.contextmanager
def success_written_as(word: str, result: Any, test: Any) -> Iterator[None]:
    """Have a result of unittest's write another word for ``ok`` in a block, in the colour of a warning, with -v."""
    if not getattr(result, "showAll", False):
        yield
        return
    before, result.showAll = len(result.expectedFailures), False
    try:
        yield
    finally:
        result.showAll = True
    word = word if len(result.expectedFailures) == before else "expected failure"
    word = in_colour_of_warnings(word, result)
    if hasattr(result, "_write_status"):
        result._write_status(test, word)
    else:  # before Python 3.11
        result.stream.writeln(word)
        result.stream.flush()


def in_colour_of_warnings(text: str, result: Any) -> str:
    """Return a text in the colour in which a result shows what is no failure, from Python 3.14 on."""
    theme = getattr(result, "_theme", None)
    return text if theme is None else f"{theme.warn}{text}{theme.reset}"


def release_output(result: Any) -> None:
    """Stop the output buffer that ``buffer_output`` started."""
    result._restoreStdout()


def runs_test_code(test: Any, frame: FrameType | None) -> bool:
    """Whether a running test is in its own code, rather than between that code and its result.

    Args:
        test: the test. If its class overrides ``run``, this cannot be determined, and the answer is True.
        frame: the innermost frame of its thread.
    """
    run = _unittest_case().TestCase.run.__code__
    while frame is not None:
        code = frame.f_code
        if (code is run or code.co_name in TEST_CODE_CALLERS) and frame.f_locals.get("self") is test:
            return code is not run
        frame = frame.f_back
    return True


def cancel_what_it_awaits(test: Any) -> None:
    """Cancel what an async test awaits, if its clean-up would wait for that, as until Python 3.10."""
    task = getattr(test, "_asyncioCallsTask", None)
    if task is not None:
        task.get_loop().call_soon_threadsafe(task.cancel)


@contextlib.contextmanager
def phases_timed(test: Any) -> Iterator[dict[str, float]]:
    """Measure the phases of a test that runs in a block.

    Yields:
        The seconds of the phases that have ended, by their names for people.
    """
    seconds: dict[str, float] = {}
    for method, name in _PHASES.items():
        setattr(test, method, _timed(getattr(test, method), name, seconds))
    try:
        yield seconds
    finally:
        for method in _PHASES:
            vars(test).pop(method, None)


def _timed(method: Any, name: str, seconds: dict[str, float]) -> Any:
    def timed(*args: Any, **kwargs: Any) -> Any:
        began = real.perf_counter()
        try:
            return method(*args, **kwargs)
        finally:
            seconds[name] = real.perf_counter() - began

    return timed


def phase_in(stacks: str) -> str:
    """Return the phase that a test was in, from the stacks of its process; empty if they do not show it."""
    return next((name for method, name in _PHASES.items() if re.search(rf"\bin {method}$", stacks, re.MULTILINE)), "")


def test_has_failed(test: Any) -> bool:
    """Whether a test has failed (expectedly or not) or was skipped by the time its cleanups run."""
    outcome = test._outcome
    return outcome is not None and not (outcome.success and outcome.expectedFailure is None)


def unreported_errors(test: Any) -> list[BaseException]:
    """Return what a test has raised and its result learns only after the cleanups: everything before Python 3.11."""
    outcome = test._outcome
    expected = getattr(outcome, "expectedFailure", None)
    found = [info for _, info in getattr(outcome, "errors", ()) if info]
    return [info[1] for info in ([*found, expected] if expected else found)]


def add_to_last_line(stream: Any, info: str) -> None:
    """Add an entry to the last line of a run, such as ``OK (skipped=1)``.

    Args:
        stream: the decorated stream of a ``TextTestRunner`` that has yet to write this line.
    """
    if not hasattr(stream, "writeln"):
        return  # another runner, with other lines
    write, has_verdict, counts = stream.write, False, ""

    def write_with_info(text: str) -> Any:
        nonlocal has_verdict, counts
        if not has_verdict:
            has_verdict = re.sub(_COLOURS, "", text) in _VERDICTS
            return write(text)
        counts += text
        if not counts.endswith("\n"):
            return len(text)
        stream.write = write
        before = counts.removesuffix("\n")
        write(f"{before[:-1]}, {info})" if before.endswith(")") else f"{before} ({info})")  # a call, as unittest's
        return write("\n")

    stream.write = write_with_info


def fixture_of(frame: FrameType, callee: FrameType | None = None) -> tuple[str, type | str] | None:
    """Find the fixture or ``load_tests`` of a frame: its name as unittest writes it, and its class or module.

    Args:
        callee: the frame that it calls; a module cleanup is recognized by its caller.
    """
    name, module = frame.f_code.co_name, str(frame.f_globals.get("__name__"))
    if name == "doModuleCleanups" and callee is not None:
        name, module = "tearDownModule", str(callee.f_globals.get("__name__"))
    if name in ("setUpModule", "tearDownModule", "load_tests"):
        return f"{name} ({module})", module
    cls = frame.f_locals.get("cls") if name in ("setUpClass", "tearDownClass") else None
    return (f"{name} ({cls.__module__}.{cls.__qualname__})", cls) if isinstance(cls, type) else None

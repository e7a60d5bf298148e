"""Originals of the standard library that we call ourselves, and every private name of it that we lean on.

The suite under test may replace any function while it runs: what the guard itself needs is bound here,
when hermetic is imported. tests/base/test_real.py asserts that each private name exists with the shape
that we rely on, on every supported Python.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import gc
import importlib
import os
import sys
import types

from . import features, system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

open_file = builtins.open
import_module = importlib.import_module
get_pid = os.getpid
get_cwd = os.getcwd
unlink = os.unlink
get_frame = sys._getframe
exit_process = os._exit
audit = sys.audit
system_exit = SystemExit
# Tools that stop the clock for a test put theirs wherever a module has one of time's by whatever name: not so here.
perf_counter: Callable[[], float] = system.bound("time", "perf_counter")
monotonic: Callable[[], float] = system.bound("time", "monotonic")
wall_clock: Callable[[], float] = system.bound("time", "time")
process_time: Callable[[], float] = system.bound("time", "process_time")
sleep = system.sleep
stat = os.stat
environ = os.environ
random_bytes = os.urandom


def names_in(thing: object) -> Any:
    """The names that a module or a class defines; none for anything else.

    The thing itself is not asked: a module may load when an attribute is read, and an object may stand in for one
    that is created then.
    """
    for kind in (types.ModuleType, type):
        if issubclass(type(thing), kind):
            return vars(kind)["__dict__"].__get__(thing)
    return {}


def function_of(method: Any) -> Any:
    """The function of a bound method; anything else that can be called, a static method's function too, as it is."""
    return getattr(method, "__func__", method)


def test_method_name(test: object) -> str:
    """The name of the method that a TestCase runs; empty for a test that has none."""
    return getattr(test, "_testMethodName", "")


def drop_tests(suite: Any) -> None:
    """Have a suite, and those in it, hold their tests no longer, as each does with a test that it has run."""
    if hasattr(suite, "_removeTestAtIndex"):  # a suite of unittest's kind, and no test
        for test in suite._tests:
            drop_tests(test)
        suite._tests.clear()


LOADER_IMPORT = "_get_module_from_name"  # the method of TestLoader by which a discovery imports


def test_of_failed_import(loader: Any, name: str, error: BaseException) -> Any:
    """The test by which a discovery reports a module that it could not import, or that is skipped.

    Args:
        loader: the loader that has failed.
        name: the module.
        error: what its import raised.
    """
    module = import_module("unittest.loader")
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next  # begins in the loader, as in a discovery
    if isinstance(error, import_module("unittest").SkipTest):
        return module._make_skipped_test(name, error, loader.suiteClass)
    lines = import_module("traceback").format_exception(type(error), error, error.__traceback__)
    message = f"Failed to import test module: {name}\n{''.join(lines)}"
    loader.errors.append(message)
    return module._make_failed_test(name, ImportError(message), loader.suiteClass, message)[0]


def test_of_failed_load_tests(loader: Any, name: str, error: BaseException, wrapped: Exception) -> Any:
    """The test by which a loader reports a module whose ``load_tests`` has failed.

    Args:
        loader: the loader; the error is being handled.
        name: the module.
        error: what was raised.
        wrapped: what the test raises in its place.
    """
    module = import_module("unittest.loader")
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next  # begins in the loader, as unittest's own report
    test, message = module._make_failed_load_tests(name, wrapped, loader.suiteClass)
    loader.errors.append(message)
    return test


def catch_handler_was_called(handler: object) -> bool:
    """Whether the handler that ``unittest.installHandler`` puts on SIGINT has seen a Ctrl-C."""
    return bool(getattr(handler, "called", False))


INTERPRETER_MODULES = ("_interpreters", "_xxsubinterpreters")  # the latter before 3.13


def interpreters_module() -> types.ModuleType | None:
    """The module behind sub-interpreters; None for none."""
    for name in INTERPRETER_MODULES:
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


@contextlib.contextmanager
def unittest_keeps_time() -> Iterator[None]:
    """Have unittest time the run and its tests by a clock that no test can stop."""
    clock = types.SimpleNamespace(**{**vars(import_module("time")), "perf_counter": perf_counter})
    timing = [vars(import_module(f"unittest.{name}")) for name in ("runner", "case")]
    timing = [names for names in timing if "time" in names]  # that of tests from Python 3.12 on
    kept = [names["time"] for names in timing]
    for names in timing:
        names["time"] = clock
    try:
        yield
    finally:
        for names, module in zip(timing, kept, strict=True):
            names["time"] = module


def class_cleanup_exceptions(cls: type) -> list[BaseException]:
    """What ``doClassCleanups`` has caught from the class cleanups that ran so far."""
    return [info[1] for info in getattr(cls, "tearDown_exceptions", ())]


@functools.cache
def socket_module() -> Any:
    """The C module ``_socket``, imported when first asked for: not worth its start-up time before there is a socket.

    It is kept, because at shutdown nothing can be imported any more, and sockets are judged even then.
    """
    return import_module("_socket")


def class_namespace(cls: type) -> dict[str, Any]:
    """The namespace of a class itself, of which ``__dict__`` is a view: attributes of C types cannot be set."""
    (namespace,) = gc.get_referents(cls.__dict__)
    assert type(namespace) is dict
    return namespace


def forget_cached_attributes(cls: type) -> None:
    """Have attributes of a class looked up anew, after its namespace was changed behind the interpreter's back."""
    if features.INTERPRETERS_SHARE_C_TYPES:  # to clear the caches of one interpreter would spoil those of the others
        ctypes = importlib.import_module("ctypes")
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))
        return
    clear = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache
    clear()
    subclasses: list[type] = type.__subclasses__(cls)
    for subclass in subclasses:
        with contextlib.suppress(TypeError):  # a C type has nothing cached but what was cleared
            type.__setattr__(subclass, "_hermetic", None)  # a class is looked through anew once it has changed
            type.__delattr__(subclass, "_hermetic")


# --- what isolated tests change, and where CPython's own regression tests look for it as well ----------------------


def signal_handlers() -> dict[int, Any]:
    """The handlers of all signals; without the detour over enumerations, which costs more than the rest together."""
    import _signal  # type: ignore[import-not-found]

    handlers = {}
    for number in range(1, _signal.NSIG):
        try:
            handlers[number] = _signal.getsignal(number)
        except ValueError:  # the C library keeps some to itself
            continue
    return handlers


def environment() -> dict[Any, Any]:
    """The environment as the system has it, undecoded."""
    return os.environ._data.copy()  # type: ignore[attr-defined,no-any-return]


def decoded_variable(name: Any) -> str:
    """The name of a variable as it is in ``environment``, for people."""
    return name if isinstance(name, str) else os.fsdecode(name)


DEFAULT_SIGNAL, IGNORE_SIGNAL = 0, 1  # SIG_DFL and SIG_IGN as C has them


def set_signal_handler(number: int, handler: Any) -> Any:
    """``signal.signal`` without its detour over enumerations; returns the handler before."""
    import _signal

    return _signal.signal(number, handler)


def warning_filters() -> list[Any]:
    """The filters of the warnings module."""
    return sys.modules["warnings"].filters  # type: ignore[no-any-return]


@contextlib.contextmanager
def warnings_shown_by(show: Callable[[Any, Callable[[Any], None]], None]) -> Iterator[None]:
    """For a block, have a function called with each ``WarningMessage`` to be shown, and with what would have shown it.

    A function in the place of ``warnings.showwarning`` would not be told the source of the warning. Where there is one
    already, it is what would have shown them. What ``catch_warnings`` records is not shown.
    """
    warnings = sys.modules["warnings"]
    name = "_showwarnmsg_impl" if warnings.showwarning is warnings._showwarning_orig else "showwarning"
    before = getattr(warnings, name)

    def show_message(message: Any) -> None:
        context = getattr(
            warnings, "_get_context", None
        )  # from 3.14 on, of those threads that have warnings of their own
        if context is not None and context().log is not None:
            before(message)
        else:
            show(message, before)

    def show_arguments(message: Any, category: Any, filename: str, lineno: int, *rest: Any, **named: Any) -> None:
        shown = warnings.WarningMessage(message, category, filename, lineno, *rest, **named)
        show(shown, lambda _: before(message, category, filename, lineno, *rest, **named))

    ours = show_message if name == "_showwarnmsg_impl" else show_arguments
    setattr(warnings, name, ours)
    try:
        yield
    finally:
        if getattr(warnings, name) is ours:
            setattr(warnings, name, before)


def forget_shown_by() -> None:
    """Undo what has replaced ``warnings.showwarning``."""
    warnings = sys.modules["warnings"]
    warnings.showwarning = warnings._showwarning_orig  # type: ignore[attr-defined]


def allocation_of(message: Any) -> str:
    """What a ``WarningMessage`` is shown with because of its source: where that was allocated, if it is known."""
    warnings = sys.modules["warnings"]
    with_source, without = (
        warnings._formatwarnmsg_impl(warnings.WarningMessage("", message.category, "", 0, line="", source=source))
        for source in (message.source, None)
    )
    return with_source.removeprefix(without)  # type: ignore[no-any-return]


def logging_handlers(logging: Any) -> tuple[Any, ...]:
    """The named and the ordered registers of logging's handlers."""
    return dict(logging._handlers), list(logging._handlerList)


def event_loop_policy(events: Any) -> Any:
    """The event loop policy, if one is set: to ask for it would set one."""
    return events._event_loop_policy


def sysconfig_state(sysconfig: Any) -> tuple[Any, ...] | None:
    """The configuration variables and the installation schemes; None before they were asked for."""
    variables = sysconfig._CONFIG_VARS
    return None if variables is None else (dict(variables), {**sysconfig._INSTALL_SCHEMES})


def url_opener(request: Any) -> Any:
    """The opener that ``install_opener`` has set."""
    return request._opener


def url_temporary_files(request: Any) -> list[str]:
    """The files that ``urlretrieve`` has left for ``urlcleanup``."""
    return list(request._url_tempfiles)


def enumerate_threads(threading: Any) -> list[Any]:
    """The threads that run, as ``threading.enumerate`` has them; a test may have replaced that.

    What gevent and eventlet register there instead has no thread of the system: nothing is left running with it.
    """
    running = sys._current_frames()
    active = [thread for thread in [*threading._active.values()] if thread.ident in running]
    return [*active, *threading._limbo.values()]


new_lock, start_thread = system.bound("_thread", "allocate_lock"), system.bound("_thread", "start_new_thread")
get_thread_id: Callable[[], int] = system.bound("_thread", "get_ident")


_MAX_FRAMES = 20  # that are shown of a stack: what runs a test is of no interest


def stacks(besides: int) -> str:
    """The stacks of all threads but one, the innermost call last.

    Args:
        besides: the identifier of the thread that is left out.
    """
    import traceback  # not worth its start-up time before somebody wants to see them

    threading = sys.modules.get("threading")
    names = {thread.ident: thread.name for thread in (enumerate_threads(threading) if threading else ())}
    return "\n".join(
        f"{names.get(ident, 'a thread')}:\n{''.join(traceback.format_stack(frame, _MAX_FRAMES)).rstrip()}"
        for ident, frame in sys._current_frames().items()
        if ident != besides
    )


def threads_of_executors() -> set[Any]:
    """The threads of every executor that there is, of loky's too."""
    found: set[Any] = set()
    for name, threads in _EXECUTORS:
        found.update(getattr(sys.modules.get(name), threads, ()))
    return found


_EXECUTORS = (
    ("concurrent.futures.thread", "_threads_queues"),
    ("concurrent.futures.process", "_threads_wakeups"),
    ("loky.process_executor", "_threads_wakeups"),
    ("joblib.externals.loky.process_executor", "_threads_wakeups"),
)


MULTIPROCESSING_FOLDER = "pymp-"  # how the folder for its sockets begins


def helper_files() -> list[int]:
    """The file descriptors that multiprocessing holds for its resource tracker and its fork server."""
    tracker = sys.modules.get("multiprocessing.resource_tracker")
    forkserver = sys.modules.get("multiprocessing.forkserver")
    found = [tracker._resource_tracker._fd] if tracker else []
    found += [forkserver._forkserver._forkserver_alive_fd] if forkserver else []
    return [fd for fd in found if fd is not None]


def run_threading_exit_handlers(threading: Any) -> None:
    """What the interpreter does before it joins the threads: executors tell theirs to end."""
    for call in reversed(threading._threading_atexits):
        call()


# --- what a worker needs ---------------------------------------------------------------------------------------------


def forget_exit_handlers() -> None:
    """Drop the handlers that were registered with atexit: they are the business of the process that registered them.

    multiprocessing does the same in the processes that it forks.
    """
    import atexit

    atexit._clear()


def run_exit_handlers() -> None:
    """Run the handlers that were registered with atexit, the last one first."""
    import atexit

    atexit._run_exitfuncs()


def interpreter_flags() -> list[str]:
    """The command line options that start an interpreter like this one."""
    import subprocess

    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    for name, value in sys._xoptions.items():  # subprocess knows those of Python alone
        option = name if value is True else f"{name}={value}"
        if option not in flags and name != "importtime":
            flags += ["-X", option]
    if "importtime" in flags:  # it is the run's own imports that are looked at
        index = flags.index("importtime")
        del flags[index - 1 : index + 1]
    return flags


# What a SyntaxError is shown by; the last one, from 3.14 on, is what finds misspelt keywords.
SYNTAX_ERROR_FIELDS: dict[str, type] = {
    **dict.fromkeys(("msg", "filename", "text"), str),
    **dict.fromkeys(("lineno", "offset", "end_lineno", "end_offset"), int),
    "_metadata": tuple,
}


def _unittest_case() -> Any:
    return import_module("unittest.case")  # not worth its start-up time where there is no test


def error_holder(description: str) -> Any:
    """What unittest hands a result in the place of a test for an error of a fixture; runners know its class."""
    return import_module("unittest.suite")._ErrorHolder(description)


def sub_test(test: Any, message: Any, params: dict[str, Any]) -> Any:
    """What unittest hands a result for a subtest.

    Args:
        test: the test that it is in.
        message: None for none.
        params: what it is told apart by.
    """
    case = _unittest_case()
    return case._SubTest(test, case._subtest_msg_sentinel if message is None else message, params)


def sub_test_parts(sub_test: Any) -> tuple[Any, dict[str, Any]] | None:
    """The message and the parameters of a subtest; None for what is no subtest."""
    case = _unittest_case()
    if not isinstance(sub_test, case._SubTest):
        return None
    message = sub_test._message
    return (None if message is case._subtest_msg_sentinel else message), dict(sub_test.params)


@contextlib.contextmanager
def outcome_of(test: Any, result: Any) -> Iterator[None]:
    """Give a test that is not running the outcome that it has while it runs: pytest reads it, before Python 3.11."""
    test._outcome = _unittest_case()._Outcome(result)
    try:
        yield
    finally:
        test._outcome = None


def buffer_output(result: Any) -> bool:
    """Have a result that buffers output begin to, as suites do around fixtures; False if it does not, or has begun."""
    buffers = getattr(result, "buffer", False) and hasattr(result, "_setupStdout")
    if not buffers or getattr(result, "_stdout_buffer", None) is sys.stdout:
        return False
    result._setupStdout()
    return True


@contextlib.contextmanager
def past_buffer(result: Any) -> Iterator[None]:
    """Have what is written to standard error shown, although a result buffers the output of the test that it is at."""
    buffer = getattr(result, "_stderr_buffer", None)
    if buffer is None or sys.stderr is not buffer:
        yield
        return
    sys.stderr = result._original_stderr
    try:
        yield
    finally:
        sys.stderr = buffer


def release_output(result: Any) -> None:
    """The opposite of ``buffer_output``."""
    result._restoreStdout()


# --- what the double of subprocess stands in -------------------------------------------------------------------------

POPEN_START, POPEN_POLL, POPEN_WAIT = "_execute_child", "_internal_poll", "_wait"  # methods of Popen
SUBPROCESS_CLOCK, SUBPROCESS_SELECTOR, SUBPROCESS_FORK_EXEC = "_time", "_PopenSelector", "_fork_exec"
ASYNCIO_START = "_make_subprocess_transport"  # a method of the event loop


def child_was_started(popen: Any, pid: int, files: Iterable[int]) -> None:
    """Do for a Popen what remains to be done when its child has started.

    Args:
        popen: the object.
        pid: the child's number.
        files: both ends of its three pipes, as ``_execute_child`` gets them.
    """
    popen.pid = pid
    popen._child_created = True
    popen._close_pipe_fds(*files)


def selector_event_loop() -> type:
    """The class of asyncio's event loops that start subprocesses."""
    return import_module("asyncio.unix_events")._UnixSelectorEventLoop  # type: ignore[no-any-return]


def selector_of_loop(loop: Any) -> Any:
    """What an event loop waits on."""
    return loop._selector


def process_exited(transport: Any, returncode: int) -> None:
    """Tell a transport of asyncio's that its process has ended."""
    transport._process_exited(returncode)


# The methods of a TestCase through which its ``run`` calls what the test consists of.
TEST_CODE_CALLERS = ("_callSetUp", "_callTestMethod", "_callTearDown", "_callCleanup")


def runs_test_code(test: Any, frame: types.FrameType | None) -> bool:
    """Whether a test that is running is in its own code, and not between that and its result.

    Args:
        test: the test; whether one whose class has a ``run`` of its own is there cannot be told, and is taken for true.
        frame: the innermost frame of its thread.
    """
    run = _unittest_case().TestCase.run.__code__
    while frame is not None:
        code = frame.f_code
        if (code is run or code.co_name in TEST_CODE_CALLERS) and frame.f_locals.get("self") is test:
            return code is not run
        frame = frame.f_back
    return True


def test_has_failed(test: Any) -> bool:
    """Whether a test has failed (as expected, or not) or was skipped, by the time its cleanups run."""
    outcome = test._outcome
    return outcome is not None and not (outcome.success and outcome.expectedFailure is None)


def unreported_errors(test: Any) -> list[BaseException]:
    """What a test has raised, and its result is told only after the cleanups: before Python 3.11, that is all of it."""
    outcome = test._outcome
    expected = getattr(outcome, "expectedFailure", None)
    found = [info for _, info in getattr(outcome, "errors", ()) if info]
    return [info[1] for info in ([*found, expected] if expected else found)]

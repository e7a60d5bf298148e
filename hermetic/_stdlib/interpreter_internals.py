"""Reads and changes what the interpreter keeps: threads and their stacks, exit handlers, attributes of C types."""

from __future__ import annotations

import atexit
import contextlib
import gc
import signal
import sys

from .._base import features, real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_FRAMES = 20  # the outer frames of a stack only show the test runner
_EXECUTORS = (
    ("concurrent.futures.thread", "_threads_queues"),
    ("concurrent.futures.process", "_threads_wakeups"),
    ("loky.process_executor", "_threads_wakeups"),
    ("joblib.externals.loky.process_executor", "_threads_wakeups"),
)


def enumerate_threads(threading: Any) -> list[Any]:
    """List the running threads as ``threading.enumerate`` does, which a test may have replaced.

    The greenlets that gevent and eventlet register as threads are left out: no system thread belongs to them.

    Args:
        threading: the module; None where nothing has imported it, so that there are no threads that Python knows.
    """
    if threading is None:
        return []
    running = sys._current_frames()
    active = [thread for thread in [*threading._active.values()] if thread.ident in running]
    return [*active, *threading._limbo.values()]


def stacks(besides: int) -> str:
    """Format the stacks of all threads but one, the innermost call last."""
    import traceback  # unittest has loaded it; children of tests need it only here

    threading = sys.modules.get("threading")
    names = {thread.ident: thread.name for thread in enumerate_threads(threading)}
    return "\n".join(
        f"{names.get(ident, 'a thread')}:\n{''.join(traceback.format_stack(frame, _MAX_FRAMES)).rstrip()}"
        for ident, frame in sys._current_frames().items()
        if ident != besides
    )


def interrupt_main_thread(main: int, number: int) -> None:
    """Have the main thread run the handler of a signal, also from ``time.sleep``.

    Args:
        main: the identifier of the main thread.
        number: the signal; its handler is a function of Python.
    """
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, number)
        return
    signal.raise_signal(number)  # Windows has it handled in this thread, which tells the main thread
    ctypes = real.import_module("ctypes")
    event = ctypes.pythonapi._PyOS_SigintEvent  # ends a sleep, whatever the signal
    event.restype = ctypes.c_void_p
    ctypes.windll.kernel32.SetEvent(ctypes.c_void_p(event()))


def threads_of_executors() -> set[Any]:
    """Return the threads of every executor, including loky's."""
    found: set[Any] = set()
    for name, threads in _EXECUTORS:
        held = getattr(sys.modules.get(name), threads, None)
        if held is not None:  # a WeakKeyDictionary, which other threads extend
            found.update(thread() for thread in held.keyrefs())
    return found


def forget_exit_handlers() -> None:
    """Drop the atexit handlers that the parent process registered, as multiprocessing does in forked processes."""
    atexit._clear()


def run_exit_handlers() -> None:
    """Run the atexit handlers, the last registered one first."""
    atexit._run_exitfuncs()


def run_threading_exit_handlers(threading: Any) -> None:
    """Run the handlers that the interpreter calls before it joins the threads: executors stop their threads there."""
    for call in reversed(threading._threading_atexits):
        call()


def class_namespace(cls: type) -> dict[str, Any]:
    """Return the dictionary behind the read-only ``__dict__`` of a class."""
    (namespace,) = gc.get_referents(cls.__dict__)
    assert type(namespace) is dict
    return namespace


def forget_cached_attributes(cls: type) -> None:
    """Clear the interpreter's attribute caches of a class whose namespace was changed directly."""
    if features.INTERPRETERS_SHARE_C_TYPES:  # clearing the caches of one interpreter would corrupt those of the others
        ctypes = real.import_module("ctypes")
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))
        return
    clear = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache
    clear()
    subclasses: list[type] = type.__subclasses__(cls)
    for subclass in subclasses:
        with contextlib.suppress(TypeError):  # a C type, whose caches are cleared already
            type.__setattr__(subclass, "_hermetic", None)  # changing a class invalidates its own caches
            type.__delattr__(subclass, "_hermetic")

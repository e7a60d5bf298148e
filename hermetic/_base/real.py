"""Binds the functions of the standard library that hermetic calls itself, before a test can replace them."""

from __future__ import annotations

import builtins
import functools
import importlib
import os
import sys
import types

from . import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
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
# freezegun and similar tools replace every module attribute that is a function of time, under any name, but not these.
perf_counter: Callable[[], float] = system.bound("time", "perf_counter")
monotonic: Callable[[], float] = system.bound("time", "monotonic")
wall_clock: Callable[[], float] = system.bound("time", "time")
process_time: Callable[[], float] = system.bound("time", "process_time")
sleep = system.sleep
stat = os.stat
environ = os.environ
random_bytes = os.urandom
new_lock, start_thread = system.bound("_thread", "allocate_lock"), system.bound("_thread", "start_new_thread")
new_recursive_lock = system.bound("_thread", "RLock")
get_thread_id: Callable[[], int] = system.bound("_thread", "get_ident")

_signal = import_module("_signal")  # an import statement in a function takes a worker far more time than the call

INTERPRETER_MODULES = ("_interpreters", "_xxsubinterpreters")  # the latter before 3.13
DEFAULT_SIGNAL, IGNORE_SIGNAL = 0, 1  # SIG_DFL and SIG_IGN in C
# The attributes that show a SyntaxError; the last one, from 3.14 on, is what finds misspelt keywords.
SYNTAX_ERROR_FIELDS: dict[str, type] = {
    **dict.fromkeys(("msg", "filename", "text"), str),
    **dict.fromkeys(("lineno", "offset", "end_lineno", "end_offset"), int),
    "_metadata": tuple,
}


def new_reentrant_lock() -> Any:
    """Create a lock of ``threading``, or one of the same kind where nothing has imported that module.

    Its handler after each fork would cost an isolated test a hundred pages of memory.
    """
    return (sys.modules.get("threading") or import_module("_thread")).RLock()


def names_in(thing: object) -> Any:
    """Return the namespace of a module or a class; an empty one for other objects.

    No attribute of the object is read: that may load a lazy module, or create the object behind a proxy.
    """
    for kind in (types.ModuleType, type):
        if issubclass(type(thing), kind):
            return vars(kind)["__dict__"].__get__(thing)
    return {}


def function_of(method: Any) -> Any:
    """Return the function of a bound method; any other callable, including a static method's function, unchanged."""
    return getattr(method, "__func__", method)


def interpreters_module() -> types.ModuleType | None:
    """Return the module behind sub-interpreters; None if there is none."""
    for name in INTERPRETER_MODULES:
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


@functools.cache
def socket_module() -> Any:
    """Import the C module ``_socket`` when it is first needed: most runs never open a socket.

    The module is kept: nothing can be imported at shutdown, when sockets are still judged.
    """
    return import_module("_socket")


def relative_path(path: str, start: str = os.curdir) -> str:
    """Return a path from a folder; on Windows, the absolute path if the folder is on another drive."""
    try:
        return os.path.relpath(path, start)
    except ValueError:
        return os.path.abspath(path)


def live_environment() -> dict[Any, Any]:
    """Return the environment variables as the system stores them, undecoded: those of now, and of later."""
    return os.environ._data  # type: ignore[attr-defined,no-any-return]


def environment() -> dict[Any, Any]:
    """Return a copy of the environment variables as the system stores them, undecoded."""
    return live_environment().copy()


def decoded_variable(name: Any) -> str:
    """Decode a name from ``environment`` for messages."""
    return name if isinstance(name, str) else os.fsdecode(name)


def signal_handlers() -> dict[int, Any]:
    """Return the handlers of all signals by number, without ``signal``'s enumerations, which cost far more time."""
    return dict(zip(_SIGNALS, map(_signal.getsignal, _SIGNALS), strict=True))


def _has_handler(number: int) -> bool:
    try:
        _signal.getsignal(number)
    except ValueError:  # reserved by the C library
        return False
    return True


_SIGNALS = [*filter(_has_handler, range(1, _signal.NSIG))]


def change_blocked_signals(how: int, signals: Iterable[int]) -> set[int]:
    """Block or unblock signals as ``signal.pthread_sigmask`` does, and return those that were blocked; none on Windows.

    Args:
        how: ``SIG_BLOCK``, ``SIG_UNBLOCK`` or ``SIG_SETMASK``.
    """
    if not hasattr(_signal, "pthread_sigmask"):
        return set()
    before: set[int] = _signal.pthread_sigmask(how, signals)
    return before


def signal_handler(number: int) -> Any:
    """Return the handler of a signal without ``signal``'s enumerations: ``DEFAULT_SIGNAL`` for the default."""
    return _signal.getsignal(number)


def set_signal_handler(number: int, handler: Any) -> Any:
    """Set a signal handler without ``signal``'s enumerations, and return the previous one."""
    return _signal.signal(number, handler)

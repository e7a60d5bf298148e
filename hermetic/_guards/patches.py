"""The few patches, each on the lowest seam of a route that raises no audit event. Installed once, never taken out.

    socket.socket.listen                      no event
    socket.socket.connect, bind, sendto, ...  a name in the address is looked up before the event
    socket.getnameinfo                        the event does not tell a numeric answer from a reverse look-up
    _posixsubprocess.fork_exec                no event before 3.14 (every spawned multiprocessing child);
                                              it tells the program of the policy, as do posix_spawn, exec, system
    _interpreters.create, run_string, ...     no event on 3.13; in another interpreter there is no hook
    _thread.start_new_thread, ...             no event before 3.12; the new thread adopts the starter's scope
    ThreadPoolExecutor.submit                 the work adopts the submitter's scope

A patch is an entrance (``faults``): it asks the judge, or hands on a scope; the original then does the work.
"""

from __future__ import annotations

import _thread
import functools
import gc
import importlib
import os
import sys
import types

from .. import _env, _real
from . import audit, environment, events, faults, inheritance, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from .state import Scope


def install() -> None:
    """Patch what is loaded, and see to it that the rest is patched when it comes into use."""
    # A C module that nobody has imported yet cannot have been aliased: no need to look through the heap.
    in_use = {name for name in ("threading", "_posixsubprocess", *_real.INTERPRETER_MODULES) if name in sys.modules}
    _replace([*_thread_patches(), *_program_patches(), *_interpreter_patches()], sweep=bool(in_use))
    patch_loaded_sockets()


def patch_loaded_sockets() -> None:
    """Patch the socket classes that there are by now; at shutdown, when nothing can be imported, it is too late."""
    if "_socket" in sys.modules:
        for cls in _real.socket_module().socket.__subclasses__():
            if not hasattr(cls, "__hermetic_guard__"):
                _patch_socket_class(cls)


def _replace(patches: list[tuple[ModuleType, str, Any]], *, sweep: bool) -> None:
    """Put guarded functions in the place of originals.

    Args:
        patches: module, name and replacement.
        sweep: whether to replace what other modules have imported by name, as in
            ``from _posixsubprocess import fork_exec``; it takes one pass over the heap.
    """
    replacements = {}
    for module, name, replacement in patches:
        original = getattr(module, name)
        replacements[id(original)] = original, replacement
        setattr(module, name, replacement)
    originals = [original for original, _ in replacements.values()]
    for holder in gc.get_referrers(*originals) if sweep else ():
        if type(holder) is dict and "__name__" in holder:
            for key, value in list(holder.items()):
                if id(value) in replacements:
                    holder[key] = replacements[id(value)][1]


def _guarded(original: Callable[..., Any], operation_of: Callable[..., Any]) -> Callable[..., Any]:
    """A function that asks the judge first."""

    def ask(*args: Any, **kwargs: Any) -> None:
        operation = operation_of(*args, **kwargs)
        if operation is not None:
            audit.judge(operation)

    guarded: Callable[..., Any] = faults.entrance(original, ask)
    return guarded


# --- sockets ---------------------------------------------------------------------------------------------------


def on_new_socket(args: tuple[Any, ...]) -> None:
    """Patch the class of a socket when the first one of it is made.

    Not before: ``import socket`` would cost every start-up, and ``importlib.reload(socket)`` makes a new class.
    """
    cls = type(args[0])
    if not hasattr(cls, "__hermetic_guard__"):
        _patch_socket_class(cls)
    for patch in on_sockets:
        patch()


on_sockets: list[Callable[[], None]] = []  # what is to be patched once sockets are in use


def _patch_socket_class(cls: type) -> None:
    """Guard the class that stands just above the C type, through which all others inherit."""
    _socket = _real.socket_module()
    python_classes = [base for base in cls.__mro__ if base is not _socket.socket and issubclass(base, _socket.socket)]
    if not python_classes:
        return  # a raw _socket.socket: it cannot be patched, so its bind is refused instead
    lowest: Any = python_classes[-1]
    complete = True
    for method, operation_of in _SOCKET_METHODS.items():
        original: Any = getattr(lowest, method, None)
        if original is None and method in _env.MAY_BE_MISSING:
            continue
        if type(original) not in (types.FunctionType, types.MethodDescriptorType):
            complete = False  # somebody's mock, which wins: we come back with the next socket
        elif not hasattr(original, "__hermetic_guard__"):
            setattr(lowest, method, _guarded(original, operation_of))
    if complete:
        lowest.__hermetic_guard__ = True
    module = sys.modules.get("socket")
    if module is not None and not hasattr(module.getnameinfo, "__hermetic_guard__"):
        _patch_getnameinfo(_socket)


def _name_in_address(method: str, sock: Any, address: Any = None, *_: Any) -> Any:
    """The look-up that C does for a name before it raises the event; None for a numeric address."""
    _socket = _real.socket_module()
    if type(address) is not tuple or not address or sock.family not in (_socket.AF_INET, _socket.AF_INET6):
        return None
    if not isinstance(address[0], (str, bytes, bytearray)):
        return None
    return events.resolve_operation(f"socket.socket.{method}", address[0])


_SOCKET_METHODS: dict[str, Callable[..., Any]] = {
    "listen": lambda sock, *_: events.listen_operation(sock),
    **{method: functools.partial(_name_in_address, method) for method in ("connect", "connect_ex", "bind")},
    "sendto": lambda sock, *args: _name_in_address("sendto", sock, *args[-1:]),
    "sendmsg": lambda sock, *args: _name_in_address("sendmsg", sock, *args[3:4]),
}


def _patch_getnameinfo(_socket: Any) -> None:
    original = _socket.getnameinfo
    numeric_host = _socket.NI_NUMERICHOST

    def decide(sockaddr: Any = None, flags: Any = 0, /, *_: Any) -> Callable[[], Any] | None:
        is_numeric = isinstance(flags, int) and flags & numeric_host
        return functools.partial(_unjudged, original, sockaddr, flags) if is_numeric else None

    guarded_getnameinfo = faults.entrance(original, decide)
    _replace([(_socket, "getnameinfo", guarded_getnameinfo)], sweep=True)


def _unjudged(function: Callable[..., Any], *args: Any) -> Any:
    with state.unjudged():
        return function(*args)


# --- processes and interpreters --------------------------------------------------------------------------------


def _program_patches() -> list[tuple[ModuleType, str, Any]]:
    """The functions that start programs: each of them tells the program of the policy."""
    patches = [
        (module, name, tell(getattr(module, name)))
        for module in (os, importlib.import_module(os.name))
        for name, tell in environment.TELLING.items()
        if _is_present(module, name)
    ]
    if _env.WINDOWS:
        winapi: Any = importlib.import_module("_winapi")
        return [*patches, (winapi, "CreateProcess", environment.telling_create_process(winapi.CreateProcess))]
    seams = {"fork_exec": importlib.import_module("_posixsubprocess")}
    subprocess = sys.modules.get("subprocess")
    if subprocess is not None and hasattr(subprocess, _real.SUBPROCESS_FORK_EXEC):
        seams[_real.SUBPROCESS_FORK_EXEC] = subprocess  # a debugger may have wrapped it apart from the original
    guarded: dict[Any, Any] = {}
    for name, module in seams.items():
        original = getattr(module, name)
        patches.append((module, name, guarded.setdefault(original, _guarded_fork_exec(original))))
    return patches


def _guarded_fork_exec(original: Callable[..., Any]) -> Callable[..., Any]:
    def operation_of(argv: Any, executables: Any, *_: Any) -> Any:
        if audit.announced_by_popen():
            return None
        return events.READERS["_posixsubprocess.fork_exec"](executables, argv)

    telling = environment.telling_fork_exec(original)
    return _guarded(telling, operation_of) if _env.FORK_EXEC_RAISES_NO_EVENT else telling


def _is_present(module: ModuleType, name: str) -> bool:
    """Whether there is a function of that name: a platform may lack some, by ``_env.MAY_BE_MISSING``."""
    return hasattr(module, name) or name not in _env.MAY_BE_MISSING


# Whatever lets code run in another interpreter, where no hook of ours would see it.
_INTERPRETER_FUNCTIONS = ("create", "run_string", "run_func", "exec", "call")


def _interpreter_patches() -> list[tuple[ModuleType, str, Any]]:
    interpreters = _real.interpreters_module()
    if interpreters is None:
        return []
    return [
        (interpreters, name, _guarded_interpreter_function(interpreters, name))
        for name in _INTERPRETER_FUNCTIONS
        if hasattr(interpreters, name)
    ]


def _guarded_interpreter_function(interpreters: Any, name: str) -> Callable[..., Any]:
    """Refuse it, or see to it that the other interpreter has a guard of its own before it runs anything."""
    original = getattr(interpreters, name)
    run_string = interpreters.run_string

    def ask(*args: Any, **kwargs: Any) -> None:
        audit.judge(events.interpreter_operation())
        scope = state.active()
        interpreter = args[0] if args else kwargs.get("id")
        if name != "create" and interpreter is not None and scope is not None and scope.policy is not None:
            run_string(interpreter, inheritance.boot_code("_guards.inheritance", inheritance.described(scope)))

    guarded: Callable[..., Any] = faults.entrance(original, ask)
    return guarded


# --- threads ---------------------------------------------------------------------------------------------------


def _thread_patches() -> list[tuple[ModuleType, str, Any]]:
    names = ("start_new_thread", "start_new", "start_joinable_thread")
    return [(_thread, name, _starting_in_scope(getattr(_thread, name))) for name in names if _is_present(_thread, name)]


def _starting_in_scope(original: Callable[..., Any]) -> Callable[..., Any]:
    def decide(function: Any = None, *args: Any, **kwargs: Any) -> Callable[[], Any] | None:
        scope = state.active()
        if scope is None or not callable(function):
            return None
        scope.touched = True
        if "concurrent.futures.thread" in sys.modules:
            _patch_executor(sys.modules["concurrent.futures.thread"])
        return functools.partial(original, functools.partial(_run_in_scope, scope, function), *args, **kwargs)

    guarded: Callable[..., Any] = faults.entrance(original, decide)
    return guarded


def _run_in_scope(scope: Scope, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    before = state.adopt(scope)
    try:
        return function(*args, **kwargs)
    finally:
        state.adopt(before)


def _patch_executor(module: ModuleType) -> None:
    """Hand the submitter's scope on with the work: the first thread of an executor tells that one is in use."""
    cls: Any = module.ThreadPoolExecutor
    original = cls.submit
    if hasattr(original, "__hermetic_guard__") or type(original) is not types.FunctionType:
        return  # done, or somebody's mock, which wins

    def decide(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Callable[[], Any] | None:
        scope = state.active()
        if scope is None:
            return None
        scope.touched = True
        return functools.partial(original, self, _run_in_scope, scope, fn, *args, **kwargs)

    cls.submit = faults.entrance(original, decide)

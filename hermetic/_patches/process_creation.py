"""Patches what starts processes, threads and interpreters, at the lowest level, where no audit event tells enough.

    methods of _socket.socket, getnameinfo    no event, or one too late or too vague (``sockets``)
    _posixsubprocess.fork_exec                no event before 3.14 (every spawned multiprocessing child);
                                              it tells the program of the policy, as do posix_spawn, exec, system
    _winapi.CreateProcess, WaitNamedPipe      an event that misreads the command line; no event
    _interpreters.create, run_string, ...     no event on 3.13; in another interpreter there is no hook
    _thread.start_new_thread, ...             no event before 3.12; the new thread adopts the starter's scope
    ThreadPoolExecutor.submit                 the work adopts the submitter's scope

Each replacement is an entrance (``faults``): it asks the judge, or hands on a scope; the original then does the work.
All of them are installed once, and stay until the process ends.
"""

from __future__ import annotations

import _thread
import functools
import importlib
import os
import sys
import types

from .._base import features, real
from .._guards import audit, environment, inheritance
from .._operations import events, windows_events
from .._stdlib import subprocess_internals
from .._verdicts import faults, scopes, subjects
from . import replacing, sockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from .._verdicts.scopes import Scope


def patch_process_creation() -> None:
    """Patch what is loaded; the rest is patched when it comes into use."""
    # A C module that nobody has imported yet cannot have been aliased: no need to look through the heap.
    in_use = {
        name for name in ("threading", "_posixsubprocess", "_winapi", *real.INTERPRETER_MODULES) if name in sys.modules
    }
    patches = [*_thread_patches(), *_program_patches(), *_interpreter_patches()]
    replacing.replace_everywhere(
        [(vars(module), name, guarded) for module, name, guarded in patches], sweep=bool(in_use)
    )
    sockets.patch_if_loaded()


# --- processes and interpreters --------------------------------------------------------------------------------


def _program_patches() -> list[tuple[ModuleType, str, Any]]:
    """The functions that start programs: each of them tells the program of the policy."""
    patches = [
        (module, name, tell(getattr(module, name)))
        for module in (os, importlib.import_module(os.name))
        for name, tell in environment.TELLING.items()
        if _is_present(module, name)
    ]
    if features.WINDOWS:
        return [*patches, *windows_patches(importlib.import_module("_winapi"))]
    seams = {"fork_exec": importlib.import_module("_posixsubprocess")}
    subprocess = sys.modules.get("subprocess")
    fork_exec = subprocess_internals.SUBPROCESS_FORK_EXEC
    if subprocess is not None and callable(getattr(subprocess, fork_exec, None)):  # gevent has None there
        seams[fork_exec] = subprocess  # a debugger may have wrapped it apart from the original
    guarded: dict[Any, Any] = {}
    for name, module in seams.items():
        original = getattr(module, name)
        patches.append((module, name, guarded.setdefault(original, _guarded_fork_exec(original))))
    return patches


def windows_patches(winapi: Any) -> list[tuple[ModuleType, str, Any]]:
    """The functions of ``_winapi`` whose audit events tell nothing: that of ``CreateProcess`` misreads its argument."""

    def creation(*args: Any, **kwargs: Any) -> Any:
        return None if audit.is_announced_by_popen() else windows_events.create_process_operation(*args, **kwargs)

    telling = environment.telling_create_process(winapi.CreateProcess)
    waiting = functools.partial(windows_events.pipe_operation, "_winapi.WaitNamedPipe", "connect")
    return [
        (winapi, "CreateProcess", replacing.guarded(telling, creation)),
        (winapi, "WaitNamedPipe", replacing.guarded(winapi.WaitNamedPipe, lambda name, *_: waiting(name))),
    ]


def _guarded_fork_exec(original: Callable[..., Any]) -> Callable[..., Any]:
    def operation_of(argv: Any, executables: Any, *_: Any) -> Any:
        if audit.is_announced_by_popen():
            return None
        return events.READERS["_posixsubprocess.fork_exec"](executables, argv)

    telling = environment.telling_fork_exec(original)
    return replacing.guarded(telling, operation_of) if features.FORK_EXEC_RAISES_NO_EVENT else telling


def _is_present(module: ModuleType, name: str) -> bool:
    """Whether there is a function of that name: a platform may lack some, by ``features.MAY_BE_MISSING``."""
    return hasattr(module, name) or name not in features.MAY_BE_MISSING


# The functions that let code run in another interpreter, where no hook of hermetic would see it.
_INTERPRETER_FUNCTIONS = ("create", "run_string", "run_func", "exec", "call")


def _interpreter_patches() -> list[tuple[ModuleType, str, Any]]:
    interpreters = real.interpreters_module()
    if interpreters is None:
        return []
    return [
        (interpreters, name, _guarded_interpreter_function(interpreters, name))
        for name in _INTERPRETER_FUNCTIONS
        if hasattr(interpreters, name)
    ]


def _guarded_interpreter_function(interpreters: Any, name: str) -> Callable[..., Any]:
    """A function that refuses the call, or first installs a guard in the other interpreter."""
    original = getattr(interpreters, name)
    run_string = interpreters.run_string

    def ask(*args: Any, **kwargs: Any) -> None:
        audit.judge(events.interpreter_operation())
        interpreter = args[0] if args else kwargs.get("id")
        if name != "create" and hasattr(interpreter, "__index__"):  # or the original raises an error
            _guard_interpreter(interpreter, run_string)

    unknown = getattr(interpreters, "InterpreterNotFoundError", ())
    guarded: Callable[..., Any] = faults.entrance(original, ask, *([unknown] if unknown else []))
    return guarded


def _guard_interpreter(interpreter: Any, run_string: Callable[..., Any]) -> None:
    """Put another interpreter under the policy in force; under none, if there is none any more."""
    scope = subjects.scope_in_force()
    payload = None if scope is None or scope.policy is None else inheritance.describe(scope)
    if payload is not None:
        scopes.running.guarded_interpreters.add(int(interpreter))
    elif int(interpreter) not in scopes.running.guarded_interpreters:
        return
    if features.INTERPRETERS_SHARE_C_TYPES:
        sockets.patch_socket_type()  # the functions of this interpreter are to be there, as it outlives the other one
    failure = run_string(interpreter, inheritance.boot_code("_children.child_boot", payload))
    if failure is not None:  # before 3.13, run_string raises it
        raise RuntimeError(f"another interpreter could not be guarded: {failure.formatted}")


# --- threads ---------------------------------------------------------------------------------------------------


def _thread_patches() -> list[tuple[ModuleType, str, Any]]:
    names = ("start_new_thread", "start_new", "start_joinable_thread")
    return [(_thread, name, _starting_in_scope(getattr(_thread, name))) for name in names if _is_present(_thread, name)]


def _starting_in_scope(original: Callable[..., Any]) -> Callable[..., Any]:
    def decide(function: Any = None, *args: Any, **kwargs: Any) -> Callable[[], Any] | None:
        scope = scopes.active()
        if scope is None or not callable(function):
            return None
        scope.touched = True
        if "concurrent.futures.thread" in sys.modules:
            _patch_executor(sys.modules["concurrent.futures.thread"])
        return functools.partial(original, functools.partial(_run_in_scope, scope, function), *args, **kwargs)

    guarded: Callable[..., Any] = faults.entrance(original, decide)
    return guarded


def _run_in_scope(scope: Scope, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    before = scopes.adopt(scope)
    try:
        return function(*args, **kwargs)
    finally:
        scopes.adopt(before)


def _patch_executor(module: ModuleType) -> None:
    """Patch ``submit`` to pass the submitter's scope on with the work. Called when a thread starts."""
    cls: Any = module.ThreadPoolExecutor
    original = cls.submit
    if hasattr(original, "__hermetic_guard__") or type(original) is not types.FunctionType:
        return  # done, or somebody's mock, which wins

    def decide(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Callable[[], Any] | None:
        scope = scopes.active()
        if scope is None:
            return None
        if _runs_in_interpreters(self):
            audit.judge(events.interpreter_operation())
            return None
        scope.touched = True
        return functools.partial(original, self, _run_in_scope, scope, fn, *args, **kwargs)

    cls.submit = faults.entrance(original, decide)


def _runs_in_interpreters(executor: Any) -> bool:
    """Whether an executor hands its work to other interpreters, where no scope of this one can go."""
    module = sys.modules.get("concurrent.futures.interpreter")
    return module is not None and isinstance(executor, module.InterpreterPoolExecutor)

"""The environment of programs that a test starts: Python programs read the test's policy in it (child_site).

It is added where the program is started, whatever environment the caller gives; ``os.environ`` is left as it is.
What a Python with ``-E``, ``-I`` or ``-S`` does not read, and other programs, only the kernel could hold to a policy.
"""

from __future__ import annotations

import functools
import os

from .. import _real
from .._sizes import ANYWHERE, LIMITS, OBSERVE
from . import callsite, faults, inheritance, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child_site")


def telling_fork_exec(original: Callable[..., Any]) -> Callable[..., Any]:
    """``_posixsubprocess.fork_exec``, which gets the environment as a list of bytes; None for that of this process."""

    @functools.wraps(original)
    def guarded(*args: Any) -> Any:
        if not callsite.is_inside("multiprocessing.util", depth=3):  # those are told by their preparation data
            added = _to_be_added(dict(entry.split(b"=", 1) for entry in args[_FORK_EXEC_ENV] or _own()))
            if added:
                kept = [entry for entry in args[_FORK_EXEC_ENV] or _own() if entry.split(b"=", 1)[0] not in added]
                told = kept + [name + b"=" + value for name, value in added.items()]
                args = (*args[:_FORK_EXEC_ENV], told, *args[_FORK_EXEC_ENV + 1 :])
        return original(*args)

    return guarded


_FORK_EXEC_ENV = 5  # where the environment stands among its arguments


def telling_posix_spawn(original: Callable[..., Any]) -> Callable[..., Any]:
    """``os.posix_spawn`` and ``os.posix_spawnp``, which get the environment as a mapping."""

    @functools.wraps(original)
    def guarded(path: Any, argv: Any, env: Any, *args: Any, **kwargs: Any) -> Any:
        return original(path, argv, _told(env), *args, **kwargs)

    return guarded


def telling_system(original: Callable[..., Any]) -> Callable[..., Any]:
    """``os.system``, whose program gets the environment that C knows: that is changed meanwhile, unseen by Python."""

    @functools.wraps(original)
    def guarded(command: Any) -> Any:
        added = _to_be_added(_real.environment())
        for name, value in added.items():
            _put(name, value)
        try:
            return original(command)
        finally:
            for name in added:
                _put(name, _real.environment().get(name))

    return guarded


def _put(name: bytes, value: bytes | None) -> None:
    if value is None:
        os.unsetenv(os.fsdecode(name))
    else:
        os.putenv(os.fsdecode(name), os.fsdecode(value))


def _own() -> list[bytes]:
    return [name + b"=" + value for name, value in _real.environment().items()]


def _told(env: Mapping[Any, Any] | None) -> Mapping[Any, Any] | None:
    given = _real.environment()  # what None stands for, from 3.13 on
    if env is not None:
        given = {os.fsencode(name): os.fsencode(value) for name, value in env.items()}
    added = _to_be_added(given)
    return {**given, **added} if added else env


@faults.shielded
def _to_be_added(environment: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The variables that tell a program of the policy in force; none where there is nothing to be held to."""
    scope = state.active()
    if scope is None or scope.policy is None:
        return {}
    limits = LIMITS[scope.policy.size]
    is_free = limits.network == ANYWHERE or not (limits.processes or scope.policy.allowance.processes)
    if is_free and scope.policy.mode != OBSERVE:
        return {}
    described = inheritance.described(scope)
    code: str = inheritance.boot_code("_guards.inheritance", described, described)
    path = environment.get(b"PYTHONPATH", b"")
    folder = os.fsencode(_FOLDER)
    return {b"HERMETIC_CHILD": code.encode(), b"PYTHONPATH": folder + os.pathsep.encode() + path if path else folder}

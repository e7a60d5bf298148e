"""Patches multiprocessing.spawn: spawned children get the policy of their test with their preparation data.

Every child that is not forked, and the fork server, gets its data from ``spawn.get_preparation_data``, and unpickles it
before it does anything else. hermetic adds an object that runs code when it is unpickled: before the child has its
``sys.path``, and even under ``-I`` or with an empty environment.
"""

from __future__ import annotations

import functools
import sys
import threading

from . import main_guard, start_method

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def patch_spawn(spawn: Any) -> None:
    """Send every child its policy, from now on."""
    original = spawn.get_preparation_data
    if hasattr(original, "__hermetic_guard__"):
        return

    @functools.wraps(original)
    def get_preparation_data(name: str) -> dict[str, Any]:
        data: dict[str, Any] = original(name)
        if name == _FORK_SERVER:
            # Main would be run within the fork server from 3.14 on, where nobody could stop it.
            return {key: value for key, value in data.items() if not key.startswith("init_main_")}
        return {"hermetic": _Boot(_boot_code(data)), **data}

    get_preparation_data.__hermetic_guard__ = True  # type: ignore[attr-defined]
    spawn.get_preparation_data = get_preparation_data


_FORK_SERVER = "ignore"  # the name that it asks for its own data with


def _boot_code(data: dict[str, Any]) -> str:
    from ..._guards import inheritance  # saves 5 ms in spawned children that start none themselves

    described = inheritance.describe_in_force()
    payload = {
        "scope": described,
        "start_method": start_method.default_method(),
        "reimports_main": any(key.startswith("init_main_") for key in data),
        "main_at": _place_in_main(),
    }
    return inheritance.boot_code("_children.spawned", payload, described)


def _place_in_main() -> int | None:
    """The instruction that the main script is at; None if it is not running."""
    if main_guard.reimported.was:
        return main_guard.reimported.up_to
    names = sys.modules["__main__"].__dict__
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None:
        if frame.f_globals is names and frame.f_code.co_name == "<module>":
            return frame.f_lasti
        frame = frame.f_back
    return None


class _Boot:
    """Pickles as a call of ``exec``, so that unpickling it needs neither hermetic nor a path to it."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (self.code, {"__name__": "hermetic_boot"})

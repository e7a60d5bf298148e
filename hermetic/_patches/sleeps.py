"""Patches time.sleep and asyncio.sleep, which are judged as H005 where the setting ``forbid`` names sleep.

``sleep(0)`` is allowed: it lets others run. So are time-outs: they wait for something else than the time.
"""

from __future__ import annotations

import functools
import sys
import time
import types

from .._base import features
from .._base.records import Operation
from .._base.sizes import SLEEP
from .._guards import audit, audit_hook
from .._operations import callsite
from .._verdicts import faults
from . import replacing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _time_sleep(seconds: Any = 0, *_args: Any) -> Operation | None:
    whose, module, _function = callsite.caller()
    if whose == "ours" or (whose == "stdlib" and module != "sched"):
        return None  # Popen.wait(timeout=...) waits for its child
    return _operation("time.sleep", seconds)


def _operation(api: str, seconds: Any) -> Operation | None:
    if not isinstance(seconds, (int, float)) or not seconds > 0:
        return None  # or it is an error, which the original raises
    return Operation(SLEEP, "sleep", f"{seconds:g} s", api, family="")


READERS: dict[str, Callable[..., Operation | None]] = {"time.sleep": _time_sleep}


def patch_sleeps() -> None:
    """Patch what raises no event: ``time.sleep`` before 3.13, and ``asyncio.sleep`` as soon as that is in use."""
    if not features.SLEEP_RAISES_AN_EVENT:
        replacing.replace_everywhere([(vars(time), "sleep", _GuardedSleep(time.sleep))], sweep=True)
    _patch_asyncio()
    # An event loop makes sockets before it runs anything.
    audit_hook.add_listener("socket.__new__", faults.shielded(lambda _: _patch_asyncio()))


class _GuardedSleep:
    """``time.sleep`` behind the judge. No function: as an attribute of a class, a function would become a method."""

    def __init__(self, original: Callable[..., None]) -> None:
        functools.update_wrapper(self, original)
        self._sleep = faults.entrance(original, self._judge)

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        self._sleep(*args, **kwargs)

    def __reduce__(self) -> str:
        return "sleep"  # pickles as the global of that name, as the original does

    @staticmethod
    def _judge(*args: Any, **_: Any) -> None:
        operation = _time_sleep(*args)
        if operation is not None:
            audit.judge(operation)


def _patch_asyncio() -> None:
    tasks: Any = sys.modules.get("asyncio.tasks")
    original = getattr(tasks, "sleep", None)
    if type(original) is not types.FunctionType or hasattr(original, "__hermetic_guard__"):
        return  # not loaded, or somebody's mock, which wins; or done

    @faults.shielded
    def ask(delay: Any) -> None:
        operation = _operation("asyncio.sleep", delay)
        if operation is not None:
            audit.judge(operation)

    @functools.wraps(original)
    async def guarded_sleep(delay: Any, result: Any = None) -> Any:  # mock.patch has to see that it is async
        ask(delay)
        return await original(delay, result)

    guarded_sleep.__hermetic_guard__ = True  # type: ignore[attr-defined]
    replacing.replace_everywhere([(vars(tasks), "sleep", guarded_sleep)], sweep=True)

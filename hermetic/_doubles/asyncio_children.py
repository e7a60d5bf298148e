"""Doubled children under asyncio: its own transport and streams, with the child reporting its end."""

from __future__ import annotations

import contextlib
import math
import subprocess
import threading
import weakref
from asyncio import base_subprocess

from .._base import features
from .._patches import child_starts
from .._stdlib import subprocess_internals
from .active_doubles import doubles
from .doubled_child import THREAD_NAME, clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .doubled_child import Child


class _Popen(subprocess_internals.asyncio_popen()):  # type: ignore[misc]
    """The Popen objects of asyncio, which on Windows get its own pipes as files."""

    def __init__(self, args: Any, stdin: Any, stdout: Any, stderr: Any, **kwargs: Any) -> None:
        if features.WINDOWS:
            pipes = (number for number, file in enumerate((stdin, stdout, stderr)) if file == subprocess.PIPE)
            self.asyncio_pipes = frozenset(pipes)
        super().__init__(args, stdin=stdin, stdout=stdout, stderr=stderr, **kwargs)


class DoubledTransport(base_subprocess.BaseSubprocessTransport):
    """A transport whose child is a doubled one; asyncio's own would look for its process by number."""

    def _start(self, args: Any, shell: Any, stdin: Any, stdout: Any, stderr: Any, bufsize: Any, **kwargs: Any) -> None:
        pipes = {"stdin": stdin, "stdout": stdout, "stderr": stderr}
        self._proc = _Popen(args, shell=shell, universal_newlines=False, bufsize=bufsize, **pipes, **kwargs)

    def watch(self, loop: Any) -> None:
        """Report the child's end to the loop."""
        self._loop = loop
        self._popen = self.get_extra_info("subprocess")
        self._child: Child | None = vars(self._popen).get("hermetic_child")
        if self._child is None:  # a real one, by ``allow``
            threading.Thread(target=self._wait_for_real_child, daemon=True).start()
        else:
            self._child.listen(self._look_soon)
            if self._child.duration:
                _virtual_time_of(loop).transports.add(self)

    @property
    def sleeps_for(self) -> float | None:
        """Virtual seconds until the child ends; None while it is not asleep."""
        child = self._child
        return child.remaining if child is not None and child.is_asleep else None

    @property
    def files(self) -> set[int]:
        """Those that the loop waits on for the child."""
        pipes: list[Any] = [self.get_pipe_transport(number) for number in range(3)]
        return {pipe.get_extra_info("pipe").fileno() for pipe in pipes if pipe is not None and not pipe.is_closing()}

    def _wait_for_real_child(self) -> None:
        status = self._popen.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(subprocess_internals.process_exited, self, status)

    def _look_soon(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        if self._child is None or self.get_returncode() is not None:
            return
        remaining = self._child.remaining
        status = self._child.poll()
        if status is not None:
            subprocess_internals.process_exited(self, status)
        elif remaining is not None and remaining < math.inf:
            self._loop.call_later(remaining, self._look)

    async def _wait(self) -> Any:
        if self._child is not None and self.get_returncode() is None:
            self._child.awaited = True
            self._look_soon()  # as with a real child, the protocol hears of the end before the waiting coroutine
        return await super()._wait()

    def send_signal(self, signal: int) -> None:
        super().send_signal(signal)  # knows whether there is a process; on newer Pythons it finds none by its number
        if self._child is not None:
            self._child.send_signal(signal)


class _VirtualTime:
    """The time of a loop: it jumps when the loop would idle, and doubled children are all that it waits for.

    Once a loop has it, it keeps it: what is scheduled by a clock that went back would be late.

    Attributes:
        transports: those of the doubled children that take their time.
    """

    def __init__(self, loop: Any) -> None:
        self.transports: weakref.WeakSet[DoubledTransport] = weakref.WeakSet()
        self._selector = subprocess_internals.selector_of_loop(loop)
        self._real_time, self._real_select = loop.time, self._selector.select
        self._skipped = 0.0  # seconds
        child_starts.replace_time(loop, self.time, self.select)

    def time(self) -> float:
        return self._real_time() + self._skipped  # type: ignore[no-any-return]

    def select(self, timeout: float | None = None) -> Any:
        ready = self._real_select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        seconds = self._seconds_to_skip(math.inf if timeout is None else timeout)
        if not 0 < seconds < math.inf:
            return self._real_select(timeout)
        self._skipped += seconds
        clock.skip_to(clock.now() + seconds)
        return self._real_select(0)

    def _seconds_to_skip(self, timeout: float) -> float:
        """Until a timer of the loop or a child is due; 0 where something else may come first."""
        running = [transport for transport in self.transports if transport.get_returncode() is None]
        sleeping = [transport.sleeps_for for transport in running]
        others = [thread for thread in threading.enumerate() if thread.name != THREAD_NAME]
        files = subprocess_internals.awaited_files(self._selector).difference(
            *(transport.files for transport in running)
        )
        if not running or None in sleeping or len(others) > 1 or len(files) > 1:  # this thread, and what wakes the loop
            return 0
        return min(timeout, *(seconds for seconds in sleeping if seconds is not None))


def _virtual_time_of(loop: Any) -> _VirtualTime:
    time = getattr(loop.time, "__self__", None)
    return time if isinstance(time, _VirtualTime) else _VirtualTime(loop)


def making_transport(original: Any) -> Any:
    """The replacement of an event loop's ``_make_subprocess_transport``: a double's child, or else the original."""

    async def make_subprocess_transport(loop: Any, protocol: Any, *args: Any, **kwargs: Any) -> Any:
        if doubles.answering() is None:
            return await original(loop, protocol, *args, **kwargs)
        waiter = loop.create_future()
        kwargs["waiter"] = waiter
        transport = DoubledTransport(loop, protocol, *args, **kwargs)
        try:
            await waiter
        except BaseException:
            transport.close()
            raise
        transport.watch(loop)  # no earlier: a real child has not ended by the time that it has started
        return transport

    make_subprocess_transport.hermetic_double = True  # type: ignore[attr-defined]
    return make_subprocess_transport

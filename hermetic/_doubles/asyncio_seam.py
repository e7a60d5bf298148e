"""Doubled children under asyncio: its own transport and streams, told of the end by the child and not by a watcher."""

from __future__ import annotations

import contextlib
import math
import subprocess
import threading
from asyncio import base_subprocess

from .. import _real
from . import seam

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .child import Child


class DoubledTransport(base_subprocess.BaseSubprocessTransport):
    """A transport whose child is a doubled one; asyncio's own would look for its process by number."""

    def _start(self, args: Any, shell: Any, stdin: Any, stdout: Any, stderr: Any, bufsize: Any, **kwargs: Any) -> None:
        pipes = {"stdin": stdin, "stdout": stdout, "stderr": stderr}
        self._proc = subprocess.Popen(args, shell=shell, universal_newlines=False, bufsize=bufsize, **pipes, **kwargs)

    def watch(self, loop: Any) -> None:
        """Have the loop told of the child's end."""
        self._loop = loop
        self._popen = self.get_extra_info("subprocess")
        self._child: Child | None = vars(self._popen).get("hermetic_child")
        if self._child is None:  # a real one, by ``allow``
            threading.Thread(target=self._wait_for_real_child, daemon=True).start()
        else:
            self._child.listen(self._look_soon)

    def _wait_for_real_child(self) -> None:
        status = self._popen.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(_real.process_exited, self, status)

    def _look_soon(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        if self._child is None or self.get_returncode() is not None:
            return
        remaining = self._child.remaining
        status = self._child.poll()
        if status is not None:
            _real.process_exited(self, status)
        elif remaining is not None and remaining < math.inf:
            self._loop.call_later(remaining, self._look)

    async def _wait(self) -> Any:
        if self._child is not None and self.get_returncode() is None:
            self._child.awaited = True
            self._look()
        return await super()._wait()

    def send_signal(self, signal: int) -> None:
        super().send_signal(signal)  # knows whether there is a process; on newer Pythons it finds none by its number
        if self._child is not None:
            self._child.send_signal(signal)


def replacement(original: Any) -> Any:
    """What takes the place of a loop's ``_make_subprocess_transport``."""

    async def make_subprocess_transport(loop: Any, protocol: Any, *args: Any, **kwargs: Any) -> Any:
        if seam.active() is None:
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

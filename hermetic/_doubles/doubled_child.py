"""A child process of a double: no process, but it has real pipes to its parent, and a life on the virtual clock.

    started   its output is on its way to the pipes; what its parent writes is read, by a thread where that may block
    written   all output is out, or the function has returned; from here, its duration runs on the virtual clock
    ended     it has an exit status; it holds no file any more

It ends when somebody looks: who waits for it makes the virtual clock jump.
"""

from __future__ import annotations

import errno
import math
import operator
import os
import signal
import threading

from .._base import features, real
from .._base.errors import UnmockedInteractionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

THREAD_NAME = "doubled child"
READER_NAME = "reader of a doubled child"  # those of ``communicate``, on Windows
_HARMLESS = frozenset(
    getattr(signal, name, 0)
    for name in ("SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU")
) | {0}


CONSOLE_EVENTS = (0, 1)  # CTRL_C_EVENT and CTRL_BREAK_EVENT, which only Windows has names for


class Clock:
    """Runs like ``time.monotonic``, and jumps where only a wait for a doubled child would make time pass."""

    def __init__(self) -> None:
        self._skipped = 0.0  # seconds
        self._lock = real.new_lock()

    def now(self) -> float:
        """The instant, in seconds."""
        return real.monotonic() + self._skipped

    def skip_to(self, instant: float) -> None:
        """Jump to a later instant."""
        with self._lock:
            self._skipped += max(0.0, instant - self.now())


clock = Clock()


class Child:
    """The common part of both kinds of children: a scripted one, and one that is a function.

    Args:
        files: its own file descriptors by number: 0, 1, 2, as far as it has them.
        returncode: how it ends by itself, as ``Popen.returncode`` has it.
        duration: virtual seconds from its last output to its end.
        on_end: called once with the child; what it returns is raised where the test waits for the child.

    Attributes:
        returncode: None until it has ended.
        awaited: whether to end even if its parent may still write to it.
        sent: what it has read of its standard input so far.
        error: what the function that plays it has raised.
        is_read_by_thread: whether threads read its output while another one waits for it.
    """

    def __init__(
        self,
        files: dict[int, int],
        returncode: int,
        duration: float,
        on_end: Callable[[Child], BaseException | None],
    ) -> None:
        self.returncode: int | None = None
        self.awaited = False
        self.sent = bytearray()
        self.error: BaseException | None = None
        self.is_read_by_thread = False
        self._files = files
        self._scripted_returncode = returncode
        self.duration = duration
        self._ends_at = math.inf
        self._written = threading.Event()
        self._is_ending = False
        self._ending = threading.RLock()  # who comes second waits for the first to have ended it
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._on_end = on_end
        self._failure: BaseException | None = None
        self._listener: Callable[[], None] = lambda: None

    @property
    def reads(self) -> bool:
        """Whether it waits for what its parent may yet write."""
        return False

    @property
    def is_asleep(self) -> bool:
        """Whether there is nothing left for it to do but to let its duration pass."""
        return self._written.is_set() and self.duration > 0 and self.returncode is None

    @property
    def remaining(self) -> float | None:
        """Virtual seconds until it ends by itself; None while that cannot be told."""
        if not self._written.is_set() or (self.reads and not self.awaited):
            return None
        return max(0.0, self._ends_at - clock.now())

    def listen(self, listener: Callable[[], None]) -> None:
        """Have a function called, in any thread, whenever the child may have come nearer to its end; and now."""
        self._listener = listener
        listener()

    def poll(self) -> int | None:
        """Its exit status, if it has ended by now."""
        if self.returncode is None and self.remaining == 0:
            self._end(self._scripted_returncode)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Its exit status; None when it does not end within some (virtual) seconds."""
        deadline = math.inf if timeout is None else clock.now() + timeout
        if not self._written.wait(None if timeout is None else min(max(timeout, 0), threading.TIMEOUT_MAX)):
            return None
        if self.returncode is None and deadline == self._ends_at == math.inf:
            self._wait_for_signal()
        if self.returncode is None:
            if self._ends_at > deadline:
                clock.skip_to(deadline)
                return None
            clock.skip_to(self._ends_at)
            self._end(self._scripted_returncode)
        return self.returncode

    def _wait_for_signal(self) -> None:
        if all(thread.name == READER_NAME for thread in threading.enumerate() if thread != threading.current_thread()):
            raise UnmockedInteractionError(
                "this wait would never end: the child has duration=math.inf, and no other thread could end it"
            )
        self._ended.wait()

    def send_signal(self, number: int) -> None:
        """End by a signal, if it is one that ends a process which does not handle it.

        Raises:
            TypeError, OSError: it is none, as of ``os.kill``.
        """
        number = operator.index(number)
        if features.WINDOWS:
            self._end(features.CONTROL_C_STATUS if number in CONSOLE_EVENTS else features.TERMINATED_STATUS)
            return
        if not 0 <= number < signal.NSIG:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if number not in _HARMLESS:
            self._end(-number)

    def take_failure(self) -> BaseException | None:
        """The exception to raise where the test waits for the child; returned once."""
        failure, self._failure = self._failure, None
        return failure

    def _all_is_written(self) -> None:
        self._ends_at = clock.now() + self.duration
        if not self.duration:
            self._close(1, 2)
        self._written.set()
        self._listener()

    def _end(self, returncode: int) -> None:
        with self._ending:
            if self._is_ending:
                return
            with self._lock:
                self._is_ending = True
            self._let_go()
            self._failure = self._on_end(self)
            self.returncode = returncode
            self._written.set()
            self._ended.set()
        self._listener()

    def _let_go(self) -> None:
        """Give up the files, and the thread."""
        raise NotImplementedError

    def _close(self, *numbers: int) -> None:
        for number in numbers:
            if number in self._files:
                os.close(self._files.pop(number))

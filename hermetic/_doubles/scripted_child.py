"""A child process that is none: with real pipes to its parent, and a script or a function in the place of a program.

    started   its output is on its way to the pipes; what its parent writes is read, by a thread where that may block
    written   all output is out, or the function has returned; from here, its duration runs on the virtual clock
    ended     it has an exit status; it holds no file any more

It ends when somebody looks: who waits for it makes the virtual clock jump.
"""

from __future__ import annotations

import errno
import io
import math
import operator
import os
import select
import signal
import threading
from dataclasses import dataclass

from .._base.errors import UnmockedInteractionError
from .virtual_clock import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, BinaryIO

THREAD_NAME = "doubled child"
_READ_BYTES = 65536
_HARMLESS = frozenset(
    getattr(signal, name, 0)
    for name in ("SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU")
) | {0}


class Child:
    """What the two kinds of children have in common.

    Args:
        files: its own file descriptors by number: 0, 1, 2, as far as it has them.
        returncode: how it ends by itself, as ``Popen.returncode`` has it.
        duration: virtual seconds from its last output to its end.
        on_end: called once with the child; what it returns is raised at who waits for it.

    Attributes:
        returncode: None until it has ended.
        duration: as the argument.
        awaited: whether to end even if its parent may still write to it.
        sent: what it has read of its standard input so far.
        error: what the function that plays it has raised.
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
        if threading.active_count() == 1:
            raise UnmockedInteractionError(
                "this would wait for ever: the child has duration=math.inf, and there is no other thread to end it"
            )
        self._ended.wait()

    def send_signal(self, number: int) -> None:
        """End by a signal, if it is one that ends a process which does not handle it.

        Raises:
            TypeError, OSError: it is none, as of ``os.kill``.
        """
        number = operator.index(number)
        if not 0 <= number < signal.NSIG:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if number not in _HARMLESS:
            self._end(-number)

    def take_failure(self) -> BaseException | None:
        """What is to be raised at who waits for the child; handed out once."""
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


class ScriptedChild(Child):
    """A child that writes what it was told to, reads all that it is sent, and ends.

    Args:
        outputs: what it writes, by the number of the file.
        files, returncode, duration, on_end: as of ``Child``.
    """

    def __init__(self, outputs: dict[int, bytes], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pending = {
            self._files[number]: memoryview(data) for number, data in outputs.items() if data and number in self._files
        }
        self._wake: tuple[int, int] | None = None
        self._thread: threading.Thread | None = None
        if not self._pending:
            self._all_is_written()
        if not self._pump(timeout=0):
            self._wake = os.pipe()
            self._thread = threading.Thread(target=self._pump, name=THREAD_NAME, daemon=True)
            self._thread.start()

    @property
    def reads(self) -> bool:
        return 0 in self._files

    def _pump(self, timeout: int | None = None) -> bool:
        """Write and read until all is done: True; or, with 0 for a timeout, until that would block: False."""
        poller = select.poll()
        for fd in self._pending:
            poller.register(fd, select.POLLOUT)
        if 0 in self._files:
            poller.register(self._files[0], select.POLLIN)
        if self._wake:
            poller.register(self._wake[0], select.POLLIN)
        while self._pending or 0 in self._files:
            ready = [fd for fd, _ in poller.poll(timeout)]
            if self._wake and self._wake[0] in ready:
                timeout = 0  # told to end: what has arrived is still read
                ready.remove(self._wake[0])
                poller.unregister(self._wake[0])
            elif not ready:
                return False
            for fd in ready:
                if (self._write if fd in self._pending else self._read)(fd):
                    poller.unregister(fd)
                    self._finish(fd)
        return True

    def _write(self, fd: int) -> bool:
        """Write a part, as much as surely does not block; True for the last."""
        try:
            self._pending[fd] = self._pending[fd][os.write(fd, self._pending[fd][: select.PIPE_BUF]) :]
        except OSError:  # nobody reads it any more
            return True
        return not self._pending[fd]

    def _read(self, fd: int) -> bool:
        """Read a part; True at the end."""
        data = os.read(fd, _READ_BYTES)
        self.sent += data
        return not data

    def _finish(self, fd: int) -> None:
        if fd not in self._pending:
            self._close(0)
            self._listener()
            return
        del self._pending[fd]
        if not self._pending:
            self._all_is_written()

    def _let_go(self) -> None:
        if self._wake and self._thread:
            os.write(self._wake[1], b"!")
            self._thread.join()
            for fd in self._wake:
                os.close(fd)
        else:
            self._pump(timeout=0)
        self._close(0, 1, 2)


class ProgramChild(Child):
    """A child that is a Python function, in a thread of its own.

    Args:
        program: the function; it is given a ``ChildProcess``, and returns an exit status, or None.
        command, cwd, env: what the function may want to know of its call.
        files, returncode, duration, on_end: as of ``Child``.
    """

    def __init__(
        self,
        program: Callable[[ChildProcess], int | None],
        *,
        command: str | list[str],
        cwd: str | None,
        env: Mapping[str, str] | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._program = program
        self._done = False
        self._process = ChildProcess(command, cwd, env, *(self._open(number) for number in range(3)))
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        self._thread.start()

    def _open(self, number: int) -> BinaryIO:
        if number not in self._files:
            self._files[number] = os.open(os.devnull, os.O_RDWR)
        if number == 0:
            return io.BufferedReader(_RecordedFile(self._files[0], self.sent))
        return io.FileIO(self._files[number], "wb", closefd=False)

    def _run(self) -> None:
        try:
            self._scripted_returncode = self._status(self._program(self._process))
        except SystemExit as exit_:
            self._scripted_returncode = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
        except BaseException as error:  # noqa: BLE001 - it is raised where the test waits for the child
            self.error = error
            self._scripted_returncode = 1
        with self._lock:
            self._done = True
            if self._is_ending:  # killed meanwhile: nobody else closes them
                self._close(0, 1, 2)
                return
        self._all_is_written()

    def _status(self, returned: int | None) -> int:
        if returned is None:
            return self._scripted_returncode
        check_status(returned, "what side_effect returns")
        return returned

    def _let_go(self) -> None:
        with self._lock:
            if self._done:
                self._close(0, 1, 2)
                return
            null = os.open(os.devnull, os.O_RDWR)
            for fd in self._files.values():  # its thread goes on, but what it does goes nowhere
                os.dup2(null, fd, inheritable=False)
            os.close(null)


@dataclass
class ChildProcess:
    """What a function that plays a child is given.

    Attributes:
        args: the command, as a list, or as a string where it was one.
        cwd: the folder that it was started in; None for the test's own.
        env: its environment; None for the test's own.
        stdin: a binary stream of what it is sent.
        stdout: a binary stream, unbuffered.
        stderr: the same.
    """

    args: str | list[str]
    cwd: str | None
    env: Mapping[str, str] | None
    stdin: BinaryIO
    stdout: BinaryIO
    stderr: BinaryIO


class _RecordedFile(io.FileIO):
    """A file that writes down what is read from it."""

    def __init__(self, fd: int, record: bytearray) -> None:
        super().__init__(fd, "rb", closefd=False)
        self._record = record

    def readinto(self, buffer: Any) -> Any:
        count = super().readinto(buffer)
        self._record += memoryview(buffer)[:count]
        return count

    def readall(self) -> Any:
        data = super().readall()
        self._record += data
        return data


class WaitingFile(io.FileIO):
    """The parent's end of a pipe from a child that takes its (virtual) time: who reads from it waits for the child."""

    def __init__(self, fd: int, child: Child) -> None:
        super().__init__(fd, "rb")
        self._child = child

    def _wait_for_data(self) -> None:
        poller = select.poll()
        poller.register(self.fileno(), select.POLLIN)
        if self._child.is_asleep and os.get_blocking(self.fileno()) and not poller.poll(0):
            self._child.wait()

    def readinto(self, buffer: Any) -> Any:
        self._wait_for_data()
        return super().readinto(buffer)

    def readall(self) -> Any:
        if self._child.is_asleep and os.get_blocking(self.fileno()):
            self._child.wait()
        return super().readall()

    def read(self, size: int | None = -1) -> Any:
        if size is None or size < 0:
            return self.readall()
        self._wait_for_data()
        return super().read(size)


MAX_STATUS = 255


def check_status(returncode: Any, name: str = "mock_run(): returncode") -> None:
    """Fail if something is no exit status, as ``Popen.returncode`` has it."""
    if isinstance(returncode, bool) or not isinstance(returncode, int):
        raise TypeError(f"{name} is a number, not {returncode!r}")
    if not -signal.NSIG < returncode <= MAX_STATUS:
        raise ValueError(f"{name} is 0 to {MAX_STATUS}, or minus the number of a signal, not {returncode}")

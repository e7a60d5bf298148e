"""The zygote: a process on Linux that never runs a test, forks the workers that do, and ends what they leave behind.

    supervisor  sends start + the worker's end of a channel -> the zygote forks, or starts a fresh interpreter
    a worker    ends                                        -> the zygote ends what it left, and reports both
    supervisor  ends, in any way                            -> the zygote ends all workers with all they started

Its memory is clean: it is a fork of the run from before the first test, or an interpreter of its own.
"""

from __future__ import annotations

import gc
import os
import signal
import sys

from .._base import own_sockets, real, system
from .._protocol import plain_data
from .._stdlib import immortality
from . import output, process_tree
from .interpreters import WorkerArguments, fresh_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .._sandbox.supervisor import Supervised, Supervisor

MAX_MESSAGE_BYTES = 200_000
_MAX_REQUEST_BYTES = 16_000  # a buffer of so many costs less
_DESCRIPTORS = 4  # that come with start: the worker's channel, and the files that it writes to
_PAUSE = 0.002  # seconds between two looks at what is ending
_SWEEP_SECONDS = 5.0  # until a process that is stuck in the kernel is given up
_MAX_LEFT = 100  # processes that are named, so that one message holds them
# To make the code that workers run immortal takes about 30 ms, and saves 0.6 ms for each later worker: a run that has
# had so many is likely to have as many more.
_FEW_WORKERS = 50
_RUN_BY_WORKERS = (
    *(__name__.partition(".")[0], "unittest", "builtins", "sys", "os", "posix", "posixpath", "contextlib", "functools"),
    *("json", "signal", "_signal", "time", "gc", "fcntl", "faulthandler", "atexit", "warnings", "locale", "types"),
    *("_io", "_thread", "_frozen_importlib", "_frozen_importlib_external", "_collections_abc", "collections", "abc"),
    *("codecs", "enum", "itertools", "re", "select", "struct", "_struct", "_socket", "_ctypes", "_json"),
)
_HELPER_SECONDS = 1.0  # for multiprocessing's helpers to notice that they are alone


class Zygote:
    """The process itself.

    Args:
        work: called in a forked worker; does not return.
        is_bare: whether this interpreter has loaded hermetic alone, so that a fork of it is a fresh interpreter.
    """

    def __init__(
        self, control: socket.socket, work: Callable[[WorkerArguments], NoReturn], *, is_bare: bool = False
    ) -> None:
        self._control = control
        self._work = work
        self._is_bare = is_bare
        self._parent, self._pid = os.getppid(), real.get_pid()
        self._workers: dict[int, tuple[int, str]] = {}  # pid: token and folder
        self._poll = system.poll()
        self._supervisor: Supervisor | None = None  # once there is a sandbox
        self._supervised: dict[int, Supervised] = {}  # by pid: those in sandboxes
        self._folders: set[str] = set()  # of all workers so far
        self._wakeup, self._waker = system.pipe()
        os.set_blocking(self._waker, False)
        os.set_blocking(self._wakeup, False)
        self._handlers_before: list[tuple[int, Any]] = []
        self._mask_before = real.change_blocked_signals(
            signal.SIG_UNBLOCK, [signal.SIGCHLD, signal.SIGCONT, signal.SIGTERM]
        )

    def serve(self) -> NoReturn:
        """Do what the supervisor asks for, until it ends."""
        process_tree.adopt_orphans()
        process_tree.die_with_parent(signal.SIGCONT)  # continues this process, even if a test has stopped it
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._handle(signal.SIGCHLD, lambda *_: None)
        self._handle(signal.SIGINT, real.IGNORE_SIGNAL)  # the supervisor handles Ctrl-C
        for number in (signal.SIGCONT, signal.SIGTERM):  # a test may send these to its parent
            self._handle(number, lambda *_: None)
        os.environ["HERMETIC_ISOLATED"] = "1"  # each worker would write it to memory of its own
        gc.collect()  # garbage would lie scattered among the objects that are frozen
        gc.freeze()  # collections in the workers copy no pages of what is there now
        self._poll.register(self._control, system.POLLIN)
        self._poll.register(self._wakeup, system.POLLIN)
        while os.getppid() == self._parent:
            for fd, _ in self._poll.poll():
                if fd == self._wakeup:
                    system.read(self._wakeup, 4096)
                    self._reap()
                elif fd != self._control.fileno():
                    assert self._supervisor is not None
                    self._supervisor.handle(fd)
                elif not self._take():
                    self._end()
        self._end()

    def _handle(self, number: int, handler: Any) -> None:
        before = real.set_signal_handler(number, handler)
        self._handlers_before.append((int(number), real.DEFAULT_SIGNAL if before is None else before))

    def _take(self) -> bool:
        """Take a message; False if the supervisor has ended."""
        try:
            data, fds = own_sockets.receive_descriptors(self._control, _MAX_REQUEST_BYTES, _DESCRIPTORS)
        except OSError:
            return False
        if not data:
            return False
        message = plain_data.from_bytes(data)
        if message[0] == "start":
            _, token, nonce, folder, fresh, sandboxed = message
            if len(fds) < _DESCRIPTORS:  # this process has reached its limit of open files
                for fd in fds:
                    system.close(fd)
                self._tell(["ended", token, None, ["could not be started: too many open files"]])
                return True
            given = WorkerArguments(bytes.fromhex(nonce), folder, fds[0], fds[0], fds[1:])
            self._start(token, given, fresh=fresh, sandboxed=sandboxed)
        else:
            _, token, number = message
            for pid, (known, _) in self._workers.items():
                if known == token:
                    process_tree.send(pid, number)
                    process_tree.send(pid, signal.SIGCONT)  # last: its handler would end a wait in C, and the test
        return True

    def _start(self, token: int, given: WorkerArguments, *, fresh: bool, sandboxed: bool) -> None:
        self._folders.add(given.folder)
        supervised = self._prepare_sandbox(given) if sandboxed else None
        gc.freeze()  # or a collection would come early in the worker, and copy pages of what is not its own
        try:
            pid = system.fork()
        except OSError as error:
            self._tell(["ended", token, None, [f"could not be started: {error}"]])
            if supervised is not None and self._supervisor is not None:
                self._supervisor.forget(supervised)
        else:
            if pid == 0:
                self._become_worker(given, fresh=fresh)
            self._workers[pid] = token, given.folder
            if supervised is not None:
                self._supervised[pid] = supervised
        for fd in given.descriptors():
            system.close(fd)
        if token == _FEW_WORKERS:
            immortality.make_immortal(_RUN_BY_WORKERS)

    def _prepare_sandbox(self, given: WorkerArguments) -> Supervised:
        """Load all that a sandbox needs, and connect the worker's sandbox with its supervisor here."""
        if self._supervisor is None:
            from .._sandbox import sandboxed, supervisor  # saves 30 ms where there is no sandbox

            sandboxed.preload()
            self._supervisor = supervisor.Supervisor(self._poll)
        given.sandbox, supervised = self._supervisor.new()
        return supervised

    def _become_worker(self, given: WorkerArguments, *, fresh: bool) -> NoReturn:
        process_tree.die_with_parent(signal.SIGKILL)
        if os.getppid() != self._pid:  # the zygote has died before
            real.exit_process(1)
        process_tree.adopt_orphans()
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers_before:
            real.set_signal_handler(number, handler)
        real.change_blocked_signals(signal.SIG_SETMASK, self._mask_before)
        self._control.close()
        if self._supervisor is not None:
            self._supervisor.close()
        system.close(self._wakeup)
        system.close(self._waker)
        if fresh and not self._is_bare:  # what was set above survives exec
            for fd in given.descriptors():
                os.set_inheritable(fd, True)  # noqa: FBT003 - the standard library's signature
            os.execv(sys.executable, fresh_command(given))  # noqa: S606 - no shell wanted
        self._work(given)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = system.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            token, _ = self._workers.pop(pid, (None, ""))
            if token is not None:
                process_tree.send_group(pid, signal.SIGKILL)  # for systems without subreapers
                self._tell(["ended", token, os.waitstatus_to_exitcode(status), self._left_behind()])
                if pid in self._supervised and self._supervisor is not None:
                    self._supervisor.forget(self._supervised.pop(pid))

    def _left_behind(self) -> list[str]:
        """End the processes that workers left, and return their commands; helpers of multiprocessing may end first."""
        if not self._workers and not process_tree.has_children():
            return []
        left: dict[int, str] = {}
        started = real.perf_counter()
        while True:
            orphans = [pid for pid in process_tree.children_of_thread() if not self._is_of_a_worker(pid)]
            taken = real.perf_counter() - started
            if not orphans or taken > _SWEEP_SECONDS:
                return _shortened([*left.values()])
            for pid in orphans:  # a process that has just ended may have left children: look again
                if process_tree.reap(pid) or process_tree.is_ending(pid):
                    continue
                command = process_tree.command_of(pid) or f"process {pid}"  # its main thread has ended first
                if not process_tree.is_helper(command):
                    left.setdefault(pid, command)
                elif taken < _HELPER_SECONDS:
                    continue
                process_tree.send(pid, signal.SIGKILL)
            if self._supervisor is None:
                real.sleep(_PAUSE)
            else:
                self._supervisor.answer_for(_PAUSE)  # the sandboxes of other workers need answers meanwhile

    def _is_of_a_worker(self, pid: int) -> bool:
        """Whether a process is a worker, or belongs to one that is still to be reaped."""
        return pid in self._workers or any(
            process_tree.comes_from(pid, worker, folder) for worker, (_, folder) in self._workers.items()
        )

    def _tell(self, message: list[Any]) -> None:
        try:
            self._control.send(plain_data.to_bytes(message))
        except OSError:
            pass  # the supervisor has ended: serve() notices

    def _end(self) -> NoReturn:
        """End all workers and this process: the supervisor has ended."""
        for pid in self._workers:
            process_tree.send_group(pid, signal.SIGKILL)
            process_tree.send(pid, signal.SIGKILL)
        self._workers.clear()
        self._left_behind()
        for folder in self._folders:
            output.remove_folder(folder)
        real.exit_process(0)


def _shortened(commands: list[str]) -> list[str]:
    more = len(commands) - _MAX_LEFT
    return commands if more <= 0 else [*commands[:_MAX_LEFT], f"and {more} more"]

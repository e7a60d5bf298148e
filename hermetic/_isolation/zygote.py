"""The zygote: a process on Linux that never runs a test, forks the workers that do, and sweeps up after them.

    supervisor  start + the worker's end of a channel -> zygote: forks, or starts a fresh interpreter
    zygote      a worker has ended                    -> ends what it left, and tells its status and what that was
    supervisor  goes, however it goes                 -> zygote: ends all workers with all they started, and itself

It is made where memory is clean: by forking the run before its first test, or as an interpreter of its own.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys

from .._base import own_sockets, real, system
from . import process_tree
from .interpreters import WorkerPlace, fresh_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .._sandbox.supervisor import Supervised, Supervisor

MAX_MESSAGE_BYTES = 200_000
_DESCRIPTORS = 4  # that come with a new worker: its channel, and the files that it writes to
_PAUSE = 0.002  # seconds between two looks at what is ending
_SWEEP_SECONDS = 5.0  # a process may be stuck in the kernel: then it is left to it
_MAX_LEFT = 100  # processes that are named: all must go into one message
_HELPER_SECONDS = 1.0  # how long multiprocessing's helpers may take to see that they are alone


class Zygote:
    """The process itself.

    Args:
        control: the socket to the supervisor.
        work: called in a forked worker; does not return.
    """

    def __init__(self, control: socket.socket, work: Callable[[WorkerPlace], NoReturn]) -> None:
        self._control = control
        self._work = work
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
        self._mask_before = signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD, signal.SIGCONT, signal.SIGTERM])

    def serve(self) -> NoReturn:
        """Do what the supervisor asks for, until it goes."""
        process_tree.adopt_orphans()
        process_tree.die_with_parent(
            signal.SIGCONT
        )  # wakes it even if a test has stopped it: then it sees who has gone
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._handle(signal.SIGCHLD, lambda *_: None)
        self._handle(signal.SIGINT, real.IGNORE_SIGNAL)  # Ctrl-C is for the supervisor
        for number in (signal.SIGCONT, signal.SIGTERM):  # tests send these to their parent
            self._handle(number, lambda *_: None)
        gc.collect()  # what the first use of everything has left would lie scattered among what is needed
        gc.freeze()  # what is there now stays: collections in the workers need not copy its pages
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
        """Take a message; False if the supervisor has gone."""
        try:
            data, fds = own_sockets.receive_descriptors(self._control, MAX_MESSAGE_BYTES, _DESCRIPTORS)
        except OSError:
            return False
        if not data:
            return False
        message = json.loads(data)
        if message[0] == "start":
            _, token, nonce, folder, fresh, sandboxed = message
            if len(fds) < _DESCRIPTORS:  # this process may not have that many more
                for fd in fds:
                    system.close(fd)
                self._tell(["ended", token, None, ["could not be started: too many open files"]])
                return True
            place = WorkerPlace(bytes.fromhex(nonce), folder, fds[0], fds[0], fds[1:])
            self._start(token, place, fresh=fresh, sandboxed=sandboxed)
        else:
            _, token, number = message
            for pid, (known, _) in self._workers.items():
                if known == token:
                    process_tree.send(pid, number)
                    process_tree.send(
                        pid, signal.SIGCONT
                    )  # last: its handler would end a wait in C, and with it the test
        return True

    def _start(self, token: int, place: WorkerPlace, *, fresh: bool, sandboxed: bool) -> None:
        self._folders.add(place.folder)
        supervised = self._prepare_sandbox(place) if sandboxed else None
        try:
            pid = system.fork()
        except OSError as error:
            self._tell(["ended", token, None, [f"could not be started: {error}"]])
            if supervised is not None and self._supervisor is not None:
                self._supervisor.forget(supervised)
        else:
            if pid == 0:
                self._become_worker(place, fresh=fresh)
            self._workers[pid] = token, place.folder
            if supervised is not None:
                self._supervised[pid] = supervised
        for fd in place.descriptors():
            system.close(fd)

    def _prepare_sandbox(self, place: WorkerPlace) -> Supervised:
        """Be ready to answer for a worker: it finds everything loaded, and the way to here."""
        if self._supervisor is None:
            from .._sandbox import sandboxed, supervisor  # not worth their start-up time where there is no sandbox

            sandboxed.prepare()
            self._supervisor = supervisor.Supervisor(self._poll)
        place.sandbox, supervised = self._supervisor.new()
        return supervised

    def _become_worker(self, place: WorkerPlace, *, fresh: bool) -> NoReturn:
        process_tree.die_with_parent(signal.SIGKILL)
        if os.getppid() != self._pid:  # it has died before that
            real.exit_process(1)
        process_tree.adopt_orphans()
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers_before:
            real.set_signal_handler(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask_before)
        self._control.close()
        if self._supervisor is not None:
            self._supervisor.close()
        system.close(self._wakeup)
        system.close(self._waker)
        if fresh:  # what was set above outlives the change of program
            for fd in place.descriptors():
                os.set_inheritable(fd, True)  # noqa: FBT003 - the standard library's signature
            os.execv(sys.executable, fresh_command(place))  # noqa: S606 - no shell wanted
        self._work(place)

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
                process_tree.send_group(pid, signal.SIGKILL)  # all that can be done where there are no subreapers
                self._tell(["ended", token, os.waitstatus_to_exitcode(status), self._left_behind()])
                if pid in self._supervised and self._supervisor is not None:
                    self._supervisor.forget(self._supervised.pop(pid))

    def _left_behind(self) -> list[str]:
        """End what a worker left, and return the commands; multiprocessing's helpers may end by themselves first."""
        if not self._workers and not process_tree.has_children():
            return []
        left: dict[int, str] = {}
        started = real.perf_counter()
        while True:
            orphans = [pid for pid in process_tree.children_of(real.get_pid()) if not self._is_of_a_worker(pid)]
            taken = real.perf_counter() - started
            if not orphans or taken > _SWEEP_SECONDS:
                return _shortened([*left.values()])
            for pid in orphans:  # one that has ended just now may have handed on its children just now: look again
                if process_tree.reap(pid) or process_tree.is_ending(pid):
                    continue
                command = process_tree.command_of(pid) or f"process {pid}"  # of which only the first thread has ended
                if not process_tree.is_helper(command):
                    left.setdefault(pid, command)
                elif taken < _HELPER_SECONDS:
                    continue
                process_tree.send(pid, signal.SIGKILL)
            if self._supervisor is None:
                real.sleep(_PAUSE)
            else:
                self._supervisor.answer_for(_PAUSE)  # other workers must not wait for this one

    def _is_of_a_worker(self, pid: int) -> bool:
        """Whether a process is a worker, or was left by one that has ended as well: that is told next."""
        return pid in self._workers or any(
            process_tree.comes_from(pid, worker, folder) for worker, (_, folder) in self._workers.items()
        )

    def _tell(self, message: list[Any]) -> None:
        try:
            self._control.send(json.dumps(message).encode())
        except OSError:
            pass  # the supervisor has gone: the next message says so

    def _end(self) -> NoReturn:
        """End everything: the supervisor has gone."""
        for pid in self._workers:
            process_tree.send_group(pid, signal.SIGKILL)
            process_tree.send(pid, signal.SIGKILL)
        self._workers.clear()
        self._left_behind()
        import shutil  # not worth its start-up time before there is something to remove

        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        real.exit_process(0)


def _shortened(commands: list[str]) -> list[str]:
    more = len(commands) - _MAX_LEFT
    return commands if more <= 0 else [*commands[:_MAX_LEFT], f"and {more} more"]

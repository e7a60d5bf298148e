"""Calls the kernel to enter a filter, and to receive and answer its questions (seccomp(2), seccomp_unotify(2))."""

from __future__ import annotations

import errno
import functools
import importlib
import os
import struct
import sys
from collections import namedtuple

from .._base import features
from .call_numbers import MACHINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .call_numbers import Machine

fcntl: Any = None if features.WINDOWS else importlib.import_module("fcntl")

_PR_SET_NO_NEW_PRIVS = 38  # include/uapi/linux/prctl.h
_SET_MODE_FILTER = 1  # from here on: include/uapi/linux/seccomp.h
_NEW_LISTENER, _WAIT_KILLABLE = 1 << 3, 1 << 5
_ALL_THREADS = 1 << 0 | 1 << 4  # TSYNC, TSYNC_ESRCH
_CONTINUE = 1
_RECEIVE, _SEND, _IS_VALID = 0xC0502100, 0xC0182101, 0x40082102  # ioctls, each with the size of its argument
_SET_FLAGS, _SYNC_WAKE_UP = 0x40082104, 1

_QUESTION = struct.Struct("=QIIiIQ6Q")  # struct seccomp_notif
_ANSWER = struct.Struct("=QqiI")  # struct seccomp_notif_resp


class SystemCall(namedtuple("SystemCall", ("id", "thread", "number", "arguments"))):  # noqa: PYI024 - as Policy
    """A system call that waits for an answer.

    Attributes:
        id: the number of the question.
        thread: the calling thread; 0 for a thread that is not visible from here.
    """

    __slots__ = ()
    id: int
    thread: int
    number: int
    arguments: tuple[int, ...]


def this_machine() -> Machine | None:
    """The kind of machine that this process runs on; None for an unsupported one."""
    is_64_bit = sys.maxsize > 1 << 32
    return MACHINES.get(os.uname().machine) if is_64_bit and sys.byteorder == "little" else None


def known_machine() -> Machine:
    """The kind of machine that this process runs on, once a sandbox is known to be available."""
    machine = this_machine()
    assert machine is not None  # the availability was checked before
    return machine


@functools.cache
def c_library() -> Any:
    """What ``enter_filter`` needs from ctypes; call this before the guard refuses to fetch C functions."""
    import ctypes  # costs 3 ms at start, and not every Python has it

    class Filter(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))

    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library.prctl, library.syscall, Filter, ctypes


def enter_filter(program: bytes, machine: Machine) -> int:
    """Put this process and everything that it starts under a filter, for good.

    Args:
        program: the instructions that ``filters.program`` returns.

    Returns:
        The listener: the descriptor that questions are received from.

    Raises:
        OSError: the system refuses.
    """
    prctl, syscall, filter_type, ctypes = c_library()
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
    found = filter_type(len(program) // 8, program)
    # From Linux 5.19 on, a judged call can wait through signals that do not end the process; otherwise each signal
    # would repeat the question. From 5.7 on, the filter also holds threads that imports have started.
    all_threads = _NEW_LISTENER | _ALL_THREADS
    alone = [_NEW_LISTENER] if len(os.listdir("/proc/self/task")) == 1 else []
    for flags in (all_threads | _WAIT_KILLABLE, all_threads, *alone):
        fd = syscall(machine.numbers["seccomp"], _SET_MODE_FILTER, flags, ctypes.byref(found))
        if fd >= 0:
            return int(fd)
        if ctypes.get_errno() != errno.EINVAL:
            break
    raise OSError(ctypes.get_errno(), "seccomp(SECCOMP_SET_MODE_FILTER)")


_ALARM = 0x6865726D  # no program passes this value to listen(2)


def alarm(machine: Machine) -> None:
    """Tell the supervisor, by a judged system call, that the channel to it is lost."""
    _, syscall, _, ctypes = c_library()
    syscall(machine.numbers["listen"], ctypes.c_long(-1), ctypes.c_long(_ALARM))


def is_alarm(name: str, call: SystemCall) -> bool:
    """Whether a call is an alarm."""
    return name == "listen" and call.arguments[1] == _ALARM


def wake_together(listener: int) -> None:
    """Let the kernel (from 6.6 on) pass the processor between caller and supervisor, which is twice as fast."""
    try:
        fcntl.ioctl(listener, _SET_FLAGS, _SYNC_WAKE_UP)
    except OSError:
        pass  # an older kernel


def receive(listener: int) -> SystemCall | None:
    """The next system call to judge; None if its process has ended meanwhile."""
    buffer = bytearray(_QUESTION.size)
    try:
        fcntl.ioctl(listener, _RECEIVE, buffer)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINTR):
            return None
        raise
    found, thread, _, number, _, _, *arguments = _QUESTION.unpack(buffer)
    return SystemCall(found, thread, number, tuple(arguments))


def is_waiting(listener: int, call: SystemCall) -> bool:
    """Whether a caller is still waiting; otherwise its memory may already be another process's."""
    try:
        fcntl.ioctl(listener, _IS_VALID, struct.pack("=Q", call.id))
    except OSError:
        return False
    return True


def let_through(listener: int, call: SystemCall) -> None:
    """Let the kernel carry out a system call."""
    _answer(listener, _ANSWER.pack(call.id, 0, 0, _CONTINUE))


def refuse(listener: int, call: SystemCall, error: int) -> None:
    """Let a system call fail.

    Args:
        error: the value that the caller finds in ``errno``.
    """
    _answer(listener, _ANSWER.pack(call.id, 0, -error, 0))


def _answer(listener: int, answer: bytes) -> None:
    while True:
        try:
            fcntl.ioctl(listener, _SEND, answer)
        except InterruptedError:
            continue
        except OSError as error:
            if error.errno != errno.ENOENT:  # the caller has ended, or was interrupted and asks again
                raise
        return

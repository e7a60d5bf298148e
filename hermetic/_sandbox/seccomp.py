"""The system's side: entering a filter, being asked, and answering (seccomp(2), seccomp_unotify(2))."""

from __future__ import annotations

import errno
import fcntl
import functools
import os
import struct
import sys
from collections import namedtuple

from .call_numbers import MACHINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .call_numbers import Machine

_PR_SET_NO_NEW_PRIVS = 38  # include/uapi/linux/prctl.h
_SET_MODE_FILTER = 1  # this and what follows: include/uapi/linux/seccomp.h
_NEW_LISTENER, _WAIT_KILLABLE = 1 << 3, 1 << 5
_ALL_THREADS = 1 << 0 | 1 << 4  # TSYNC, TSYNC_ESRCH
_CONTINUE = 1
_RECEIVE, _SEND, _IS_VALID = 0xC0502100, 0xC0182101, 0x40082102  # the ioctls, with the sizes of what they take
_SET_FLAGS, _SYNC_WAKE_UP = 0x40082104, 1

_QUESTION = struct.Struct("=QIIiIQ6Q")  # struct seccomp_notif
_ANSWER = struct.Struct("=QqiI")  # struct seccomp_notif_resp


class Call(namedtuple("Call", ("id", "thread", "number", "arguments"))):  # noqa: PYI024 - as Policy
    """A system call that somebody asks about, and waits with.

    Attributes:
        id: of the question.
        thread: that calls, by its number; 0 for one that cannot be seen from here.
        number: of the call.
        arguments: six of them, as integers.
    """

    __slots__ = ()
    id: int
    thread: int
    number: int
    arguments: tuple[int, ...]


def this_machine() -> Machine | None:
    """What this process runs on; None for what is not known here."""
    is_64_bit = sys.maxsize > 1 << 32
    return MACHINES.get(os.uname().machine) if is_64_bit and sys.byteorder == "little" else None


def known_machine() -> Machine:
    """What this process runs on, where there is a sandbox."""
    machine = this_machine()
    assert machine is not None  # it was asked before
    return machine


@functools.cache
def c_library() -> Any:
    """What ``enter`` needs, to be called once before the guard would refuse ctypes its functions."""
    import ctypes  # not worth its start-up time where there is no sandbox

    class Filter(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))

    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library.prctl, library.syscall, Filter, ctypes


def enter(program: bytes, machine: Machine) -> int:
    """Put this process and all that it starts under a filter, for good.

    Args:
        program: as of ``filters.program``.
        machine: this one.

    Returns:
        The descriptor that questions are received from.

    Raises:
        OSError: the system refuses.
    """
    prctl, syscall, filter_type, ctypes = c_library()
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
    found = filter_type(len(program) // 8, program)
    # Where the kernel can (5.19), a call that is being judged waits through signals that do not end the process: else
    # it would be asked about once more after each. Threads that imports have started are held, too (5.7).
    all_threads = _NEW_LISTENER | _ALL_THREADS
    alone = [_NEW_LISTENER] if len(os.listdir("/proc/self/task")) == 1 else []
    for flags in (all_threads | _WAIT_KILLABLE, all_threads, *alone):
        fd = syscall(machine.numbers["seccomp"], _SET_MODE_FILTER, flags, ctypes.byref(found))
        if fd >= 0:
            return int(fd)
        if ctypes.get_errno() != errno.EINVAL:
            break
    raise OSError(ctypes.get_errno(), "seccomp(SECCOMP_SET_MODE_FILTER)")


_ALARM = 0x6865726D  # what no program passes to listen(2)


def alarm(machine: Machine) -> None:
    """Tell who answers, by a system call that is asked about, that there is no other way left to tell anything."""
    _, syscall, _, ctypes = c_library()
    syscall(machine.numbers["listen"], ctypes.c_long(-1), ctypes.c_long(_ALARM))


def is_alarm(name: str, call: Call) -> bool:
    """Whether a call is an alarm.

    Args:
        name: of the call.
        call: the call.
    """
    return name == "listen" and call.arguments[1] == _ALARM


def wake_together(listener: int) -> None:
    """Have the kernel (from 6.6 on) hand the processor over between asking and answering: that is twice as fast."""
    try:
        fcntl.ioctl(listener, _SET_FLAGS, _SYNC_WAKE_UP)
    except OSError:
        pass  # an older kernel


def receive(listener: int) -> Call | None:
    """The next call that is asked about; None if the caller has been ended meanwhile."""
    buffer = bytearray(_QUESTION.size)
    try:
        fcntl.ioctl(listener, _RECEIVE, buffer)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINTR):
            return None
        raise
    found, thread, _, number, _, _, *arguments = _QUESTION.unpack(buffer)
    return Call(found, thread, number, tuple(arguments))


def is_waiting(listener: int, call: Call) -> bool:
    """Whether a caller is still there: else what was read of its memory may be another process's."""
    try:
        fcntl.ioctl(listener, _IS_VALID, struct.pack("=Q", call.id))
    except OSError:
        return False
    return True


def let_through(listener: int, call: Call) -> None:
    """Have a call done."""
    _answer(listener, _ANSWER.pack(call.id, 0, 0, _CONTINUE))


def refuse(listener: int, call: Call, error: int) -> None:
    """Have a call fail.

    Args:
        listener: as of ``enter``.
        call: as of ``receive``.
        error: what the caller finds in ``errno``.
    """
    _answer(listener, _ANSWER.pack(call.id, 0, -error, 0))


def _answer(listener: int, answer: bytes) -> None:
    while True:
        try:
            fcntl.ioctl(listener, _SEND, answer)
        except InterruptedError:
            continue
        except OSError as error:
            if error.errno != errno.ENOENT:  # the caller has been ended, or interrupted: then it asks again
                raise
        return

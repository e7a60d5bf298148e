"""Finds out by a trial whether this machine supports the kernel sandbox, and what is missing if it does not."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import warnings

from .._base import features, own_sockets, real, system
from .._verdicts import scopes
from . import filters, seccomp, system_calls
from .call_numbers import MACHINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import NoReturn

_TRIAL_SECONDS = 5.0
_REASONS = {
    errno.ENOSYS: "the kernel has no seccomp, or the container refuses it",
    errno.EINVAL: "the kernel cannot report system calls to another process, which needs Linux 5.5 or newer",
    errno.EBUSY: "this process already runs in such a sandbox, of a container or of another hermetic",
    errno.EPERM: "the container, or another sandbox, refuses it",
    errno.EACCES: "the container, or another sandbox, refuses it",
}


@functools.cache
def missing() -> str:
    """What this machine lacks for the kernel sandbox, as a clause for a message; empty if nothing is missing."""
    if not features.LINUX:
        return f"it runs on Linux only; this is {features.PLATFORM}"
    if seccomp.this_machine() is None:
        return f"it supports 64-bit Python on {' and '.join(MACHINES)} only"
    try:
        with scopes.unjudged():
            seccomp.c_library()
    except (ImportError, AttributeError, OSError) as error:
        return f"this Python has no ctypes: {error}"
    if not os.path.isdir("/proc/self"):
        return "/proc is not mounted"
    with scopes.unjudged(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forks beside threads: the child does next to nothing
        return _try()


def _try() -> str:
    """Let a forked process enter a filter and make a judged call; read its memory, and let the call through."""
    ours, theirs = own_sockets.pair(own_sockets.SOCK_SEQPACKET)
    ours.settimeout(_TRIAL_SECONDS)
    with contextlib.closing(theirs):
        try:
            pid = system.fork()
        except OSError as error:
            ours.close()
            return f"a trial failed: {error}"
        if pid == 0:
            _be_tried(ours, theirs)
    listener = -1
    reason = ""
    try:
        _, fds = own_sockets.receive_descriptors(ours, 1)
        if fds:
            listener = fds[0]
            reason = _answer_trial(listener)
    except OSError as error:
        reason = f"a trial failed: {error}"
    finally:
        ours.close()
        if listener >= 0:
            system.close(listener)
        status = os.waitstatus_to_exitcode(system.waitpid(pid, 0)[1])
    return reason or (status and _REASONS.get(status, f"the kernel refuses it: {os.strerror(abs(status))}")) or ""


def _answer_trial(listener: int) -> str:
    poll = system.poll()
    poll.register(listener, system.POLLIN)
    if not poll.poll(_TRIAL_SECONDS * 1000):
        return "the kernel does not report system calls"
    call = seccomp.receive(listener)
    if call is None:
        return "the trial process was ended"
    try:
        with system_calls.Memory(call.thread) as memory:
            memory.read(call.arguments[1], 1)
    except OSError as error:
        return f"the memory of another process cannot be read (ptrace(2), /proc/sys/kernel/yama/ptrace_scope): {error}"
    seccomp.let_through(listener, call)
    return ""


def _be_tried(other_end: socket.socket, channel: socket.socket) -> NoReturn:
    """Enter a filter, hand over the listener, and make a judged call; the exit status is the error.

    Args:
        other_end: the parent's end of the channel, to be closed here. Otherwise a listener that the parent never takes
            would stay open in this process, and the call would wait for ever.
    """
    status = errno.EIO
    try:
        other_end.close()
        machine = seccomp.this_machine()
        assert machine is not None
        listener = seccomp.enter_filter(filters.program(machine, channel=channel.fileno()), machine)
        own_sockets.send_descriptors(channel, b".", listener)
        system.close(listener)
        with contextlib.closing(own_sockets.new()) as sock:
            status = sock.connect_ex("/dev/null")  # a device, not a socket: no connection is made
        status = 0 if status in (errno.ECONNREFUSED, errno.ENOENT) else status
    except OSError as error:
        status = error.errno or status
    finally:
        real.exit_process(status)

"""Whether this machine can have a sandbox, and what is missing where it cannot: a trial finds it out."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import warnings

from .._base import features, own_sockets, real, system
from .._verdicts import scopes
from .call_numbers import MACHINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import NoReturn

_TRIAL_SECONDS = 5.0
_REASONS = {
    errno.ENOSYS: "the kernel has no seccomp, or the container refuses it",
    errno.EINVAL: "the kernel does not hand on system calls: that came with Linux 5.5",
    errno.EBUSY: "this process is in such a sandbox already: a container's, or another hermetic's",
    errno.EPERM: "the container, or another sandbox, refuses it",
    errno.EACCES: "the container, or another sandbox, refuses it",
}


@functools.cache
def missing() -> str:
    """What is missing for a sandbox, for people; empty where nothing is."""
    if not features.LINUX:
        return f"it is Linux's, and this is {features.PLATFORM}"
    from . import seccomp  # for Linux alone

    if seccomp.this_machine() is None:
        return f"it knows 64-bit Pythons on {' and '.join(MACHINES)}, and this is none"
    try:
        with scopes.unjudged():
            seccomp.c_library()
    except (ImportError, AttributeError, OSError) as error:
        return f"this Python has no ctypes: {error}"
    if not os.path.isdir("/proc/self"):
        return "there is no /proc here"
    with scopes.unjudged(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: the copy does next to nothing
        return _try()


def _try() -> str:
    """Fork a process, have it enter a filter and call what is asked about, read its memory, and let it through."""
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
    from . import seccomp, system_calls

    poll = system.poll()
    poll.register(listener, system.POLLIN)
    if not poll.poll(_TRIAL_SECONDS * 1000):
        return "the kernel hands no system call on"
    call = seccomp.receive(listener)
    if call is None:
        return "the process of a trial was ended"
    try:
        with system_calls.Memory(call.thread) as memory:
            memory.read(call.arguments[1], 1)
    except OSError as error:
        return f"the memory of another process cannot be read (ptrace(2), /proc/sys/kernel/yama/ptrace_scope): {error}"
    seccomp.let_through(listener, call)
    return ""


def _be_tried(other_end: socket.socket, channel: socket.socket) -> NoReturn:
    """Enter a filter, hand over the listener, and call something; the exit status is the error.

    Args:
        other_end: of the channel, of which this process has a copy: a listener that is never taken from there must be
            gone with the process that does not take it, or the call would wait for ever.
        channel: the way to who answers.
    """
    from . import filters, seccomp

    status = errno.EIO
    try:
        other_end.close()
        machine = seccomp.this_machine()
        assert machine is not None
        listener = seccomp.enter(filters.program(machine, channel=channel.fileno()), machine)
        own_sockets.send_descriptors(channel, b".", listener)
        system.close(listener)
        with contextlib.closing(own_sockets.new()) as sock:
            status = sock.connect_ex("/dev/null")  # nobody listens there
        status = 0 if status in (errno.ECONNREFUSED, errno.ENOENT) else status
    except OSError as error:
        status = error.errno or status
    finally:
        real.exit_process(status)

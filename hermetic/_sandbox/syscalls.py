"""The system calls that the filter knows, by their numbers on each kind of machine.

From include/uapi/asm-generic/unistd.h and arch/x86/entry/syscalls/syscall_64.tbl of Linux: numbers never change.
"""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# What is asked about whatever its arguments are.
ASKED_ALWAYS = ("connect", "bind", "listen", "execve", "execveat", "fork", "vfork")

# What does not exist in a sandbox: its arguments, or what it does later, cannot be seen. Whoever wants it falls back:
# the C library from clone3 to clone, every user of io_uring to ordinary calls.
MISSING = ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register")

# What besides uses a descriptor, its first argument: asked about for sockets that were connected before the sandbox.
USES_FIRST = (
    *("read", "readv", "recvfrom", "recvmsg", "recvmmsg", "accept", "accept4"),
    *("write", "writev", "sendfile", "dup", "dup2", "dup3", "fcntl"),
)
USES_THIRD = ("splice",)  # the descriptor that is written to is the third argument

# fmt: off
_X86_64 = {
    "read": 0, "write": 1, "readv": 19, "writev": 20, "dup": 32, "dup2": 33, "sendfile": 40, "connect": 42,
    "accept": 43, "sendto": 44, "recvfrom": 45, "sendmsg": 46, "recvmsg": 47, "bind": 49, "listen": 50, "clone": 56,
    "fork": 57, "vfork": 58, "execve": 59, "fcntl": 72, "getppid": 110, "splice": 275, "accept4": 288, "dup3": 292,
    "recvmmsg": 299, "sendmmsg": 307, "seccomp": 317, "execveat": 322, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "clone3": 435,
}
_AARCH64 = {  # no fork, vfork, dup2: its C library makes them of others
    "dup": 23, "dup3": 24, "fcntl": 25, "read": 63, "write": 64, "readv": 65, "writev": 66, "sendfile": 71,
    "splice": 76, "getppid": 173, "bind": 200, "listen": 201, "accept": 202, "connect": 203, "sendto": 206,
    "recvfrom": 207, "sendmsg": 211, "recvmsg": 212, "clone": 220, "execve": 221, "accept4": 242, "recvmmsg": 243,
    "sendmmsg": 269, "seccomp": 277, "execveat": 281, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "clone3": 435,
}
# fmt: on


class Machine(namedtuple("Machine", ("architecture", "numbers"))):  # noqa: PYI024 - as Policy
    """A kind of machine.

    Attributes:
        architecture: what the kernel calls it in what a filter sees (AUDIT_ARCH of include/uapi/linux/audit.h).
        numbers: of the system calls, by their names; those that it has.
    """

    __slots__ = ()
    architecture: int
    numbers: Mapping[str, int]


# By what uname(2) calls them. Both are little-endian, which the filter and the readers of arguments rely on.
MACHINES = {"x86_64": Machine(0xC000003E, _X86_64), "aarch64": Machine(0xC00000B7, _AARCH64)}

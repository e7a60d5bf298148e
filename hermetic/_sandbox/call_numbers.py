"""The numbers of the judged system calls on each kind of machine.

From include/uapi/asm-generic/unistd.h and arch/x86/entry/syscalls/syscall_64.tbl of Linux, where numbers never change.
"""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Calls that are judged whatever their arguments are.
ASKED_ALWAYS = ("connect", "bind", "listen", "execve", "execveat", "fork", "vfork")

# Calls that fail as unknown in a sandbox, because their arguments or later effects cannot be seen. Callers fall back:
# the C library from clone3 to clone, users of io_uring to ordinary calls.
MISSING = ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register")

# Other calls that use descriptors, with the indexes of those arguments. They are judged only for sockets that were
# connected before the sandbox. The descriptors of io_submit are in memory, so it is judged if there is any such socket.
USES = {
    **dict.fromkeys(("read", "pread64", "readv", "preadv", "preadv2", "recvfrom", "recvmsg", "recvmmsg"), (0,)),
    **dict.fromkeys(("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile"), (0,)),
    **dict.fromkeys(("accept", "accept4", "dup", "dup2", "dup3", "fcntl", "vmsplice"), (0,)),
    "pidfd_getfd": (1,),
    "splice": (0, 2),
    "tee": (0, 1),
    "io_submit": (),
}

# fmt: off
_X86_64 = {
    "read": 0, "write": 1, "pread64": 17, "pwrite64": 18, "readv": 19, "writev": 20, "dup": 32, "dup2": 33,
    "sendfile": 40, "connect": 42, "accept": 43, "sendto": 44, "recvfrom": 45, "sendmsg": 46, "recvmsg": 47,
    "bind": 49, "listen": 50, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "fcntl": 72, "getppid": 110,
    "io_submit": 209, "splice": 275, "tee": 276, "vmsplice": 278, "accept4": 288, "dup3": 292, "preadv": 295,
    "pwritev": 296, "recvmmsg": 299, "sendmmsg": 307, "seccomp": 317, "execveat": 322, "preadv2": 327,
    "pwritev2": 328, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "clone3": 435,
    "pidfd_getfd": 438,
}
_AARCH64 = {  # without fork, vfork and dup2: the C library uses other calls for them
    "io_submit": 2, "dup": 23, "dup3": 24, "fcntl": 25, "read": 63, "write": 64, "readv": 65, "writev": 66,
    "pread64": 67, "pwrite64": 68, "preadv": 69, "pwritev": 70, "sendfile": 71, "vmsplice": 75, "splice": 76,
    "tee": 77, "getppid": 173, "bind": 200, "listen": 201, "accept": 202, "connect": 203, "sendto": 206,
    "recvfrom": 207, "sendmsg": 211, "recvmsg": 212, "clone": 220, "execve": 221, "accept4": 242, "recvmmsg": 243,
    "sendmmsg": 269, "seccomp": 277, "execveat": 281, "preadv2": 286, "pwritev2": 287, "io_uring_setup": 425,
    "io_uring_enter": 426, "io_uring_register": 427, "clone3": 435, "pidfd_getfd": 438,
}
# fmt: on


class Machine(namedtuple("Machine", ("architecture", "numbers"))):  # noqa: PYI024 - as Policy
    """A kind of machine.

    Attributes:
        architecture: its number in the data that a filter sees (AUDIT_ARCH in include/uapi/linux/audit.h).
        numbers: the numbers of its system calls, by name.
    """

    __slots__ = ()
    architecture: int
    numbers: Mapping[str, int]


# By the name that uname(2) returns. The filter and the readers of arguments rely on both being little-endian.
MACHINES = {"x86_64": Machine(0xC000003E, _X86_64), "aarch64": Machine(0xC00000B7, _AARCH64)}

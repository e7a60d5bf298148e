"""Reads the arguments of system calls, and the memory that they point to, as operations."""

from __future__ import annotations

import os
import struct

from .._base import real, system
from .._base.records import Operation
from .._base.sizes import NETWORK
from .._operations import events
from .._policy.decision import INET, KERNEL, OTHER, UNIX, join_host
from .call_numbers import USES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_socket = real.socket_module()
_AF_UNSPEC, _AF_UNIX, _AF_INET, _AF_INET6 = 0, 1, 2, 10  # include/linux/socket.h
_OF_THE_KERNEL = (16, 38)  # AF_NETLINK, AF_ALG

_MAX_ADDRESS = 128  # bytes: struct sockaddr_storage
_MAX_PATH = 4096
_MAX_ARGUMENTS, _MAX_ARGUMENT = 20, 200  # shown of a command, and characters of each
_MAX_MESSAGES = 1024  # in one call: UIO_MAXIOV
_MESSAGE = struct.Struct("=QI4x")  # the address in struct msghdr
_MESSAGE_BYTES, _ENTRY_BYTES = 56, 64  # struct msghdr, struct mmsghdr

_MAX_BLOCKS = 1024  # read of one io_submit(2)
_BLOCK_DESCRIPTOR, _BLOCK_BYTES = 20, 24  # in struct iocb: the offset of the descriptor, and the bytes to read
_RIGHTS = (1, 1)  # SOL_SOCKET, SCM_RIGHTS
_MAX_CONTROL = 4096  # bytes of control messages: more descriptors than the kernel passes at once
_HEADER = struct.Struct("=Qii")  # struct cmsghdr

_UNREADABLE = "an address that cannot be read"
_EXECS = ("execve", "execveat")
_SENDS = ("sendto", "sendmsg", "sendmmsg")


class Memory:
    """The memory of a process whose system call is being judged.

    Args:
        thread: a thread of the process.

    Raises:
        OSError: the process has ended, or its memory may not be read.
    """

    def __init__(self, thread: int) -> None:
        self._fd = system.open_fd(f"/proc/{thread}/mem", os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        system.close(self._fd)

    def read(self, address: int, size: int) -> bytes:
        """The bytes at an address, as far as they can be read."""
        found: bytes = os.pread(self._fd, size, address)
        return found

    def text(self, address: int, size: int) -> str:
        """The C string at an address, up to a number of bytes."""
        return os.fsdecode(self.read(address, size).partition(b"\0")[0])

    def pointers(self, address: int, count: int) -> list[int]:
        """The pointers of a null-terminated array, up to a number of them."""
        data = self.read(address, 8 * count)
        found = list(struct.unpack_from(f"={len(data) // 8}Q", data))
        return found[: found.index(0)] if 0 in found else found


def operations(name: str, thread: int, arguments: Sequence[int]) -> list[Operation]:
    """What a system call is about to do; empty if no size restricts it."""
    try:
        return _READERS[name](thread, arguments)
    except OSError:
        operation = name in _EXECS and events.process_operation(
            f"{name}(2)", "exec", "a program whose name cannot be read"
        )
        return [operation or Operation(NETWORK, "connect", _UNREADABLE, f"{name}(2)", OTHER)]


def descriptors(name: str, thread: int, arguments: Sequence[int]) -> list[int]:
    """The descriptors that a system call reads from, writes to or passes on; empty if they cannot be read."""
    try:
        if name == "io_submit":
            return _submitted(thread, arguments)
        indexes = (0,) if name in _SENDS else USES.get(name, ())
        found = [arguments[index] & 0xFFFFFFFF for index in indexes]
        return found + _handed_on(thread, arguments[1]) if name == "sendmsg" else found
    except OSError:
        return []


def _submitted(thread: int, arguments: Sequence[int]) -> list[int]:
    """The descriptors of asynchronous operations (io_submit(2))."""
    with Memory(thread) as memory:
        blocks = memory.pointers(arguments[2], min(arguments[1], _MAX_BLOCKS))
        data = [memory.read(pointer, _BLOCK_BYTES) for pointer in blocks]
    return [int.from_bytes(block[_BLOCK_DESCRIPTOR:], "little") for block in data]


def _handed_on(thread: int, pointer: int) -> list[int]:
    """The descriptors that a message passes to another process (unix(7), SCM_RIGHTS)."""
    with Memory(thread) as memory:
        address, size = struct.unpack_from("=QQ", memory.read(pointer, _MESSAGE_BYTES), 32)
        control = memory.read(address, min(size, _MAX_CONTROL)) if address and size else b""
    found: list[int] = []
    start = 0
    while start + _HEADER.size <= len(control):
        length, *kind = _HEADER.unpack_from(control, start)
        if length < _HEADER.size:
            break
        data = control[start + _HEADER.size : start + length]
        found += struct.unpack(f"={len(data) // 4}I", data[: len(data) // 4 * 4]) if tuple(kind) == _RIGHTS else ()
        start += length + -length % 8
    return found


def socket_kind(thread: int, fd: int) -> str:
    """The kind of a socket: ``TCP``, ``UDPv6``, ``UNIX-STREAM``; empty for a descriptor that is not a socket."""
    try:
        name: bytes = os.getxattr(f"/proc/{thread}/fd/{fd}", "system.sockprotoname")
    except OSError:
        return ""
    return name.rstrip(b"\0").decode()


def socket_identity(thread: int, fd: int) -> str:
    """The identity of a socket, such as ``socket:[4711]``; empty for a closed descriptor."""
    try:
        return os.readlink(f"/proc/{thread}/fd/{fd}")
    except OSError:
        return ""


def sockaddr_operation(name: str, action: str, address: bytes, *, stream: bool = False) -> Operation | None:
    """The operation of a system call on a struct sockaddr; None for a call that only dissolves a connection.

    Args:
        address: the bytes of the struct sockaddr.
        stream: whether the socket is a TCP socket.
    """
    api = f"{name}(2)"
    family = int.from_bytes(address[:2], "little")
    if family == _AF_UNSPEC:
        if action == "connect" or len(address) < 8:  # noqa: PLR2004 - family, port, address
            return None
        family = _AF_INET  # the kernel reads it so
    if family in (_AF_INET, _AF_INET6):
        port = int.from_bytes(address[2:4], "big")
        packed = address[4:8].ljust(4, b"\0") if family == _AF_INET else address[8:24].ljust(16, b"\0")
        host = _socket.inet_ntop(family, packed)
        return Operation(NETWORK, action, join_host(host, port), api, INET, host, port, stream)
    if family == _AF_UNIX:
        raw = address[2:]
        path = os.fsdecode(raw if raw[:1] == b"\0" else raw.partition(b"\0")[0])
        return Operation(NETWORK, action, "unix:" + path.replace("\0", "@"), api, UNIX, path)
    return Operation(NETWORK, action, f"address family {family}", api, KERNEL if family in _OF_THE_KERNEL else OTHER)


def _connect(thread: int, arguments: Sequence[int]) -> list[Operation]:
    return _at(thread, arguments[1], arguments[2], "connect", "connect")


def _bind(thread: int, arguments: Sequence[int]) -> list[Operation]:
    stream = socket_kind(thread, _as_int(arguments[0])).startswith("TCP")
    return _at(thread, arguments[1], arguments[2], "bind", "bind", stream=stream)


def _sendto(thread: int, arguments: Sequence[int]) -> list[Operation]:
    return _at(thread, arguments[4], arguments[5], "sendto", "sendto") if arguments[4] else []


def _at(  # noqa: PLR0913 - the parts of a call
    thread: int, pointer: int, size: int, name: str, action: str, *, stream: bool = False
) -> list[Operation]:
    with Memory(thread) as memory:
        address = memory.read(pointer, min(size & 0xFFFFFFFF, _MAX_ADDRESS))
    operation = sockaddr_operation(name, action, address, stream=stream)
    return [operation] if operation else []


def _listen(thread: int, arguments: Sequence[int]) -> list[Operation]:
    kind = socket_kind(thread, _as_int(arguments[0]))
    family = UNIX if kind.startswith("UNIX") else INET
    return [Operation(NETWORK, "listen", f"a {kind or 'closed'} socket", "listen(2)", family, stream=True)]


def _sendmsg(thread: int, arguments: Sequence[int]) -> list[Operation]:
    with Memory(thread) as memory:
        return _messages(memory, memory.read(arguments[1], _MESSAGE_BYTES), _MESSAGE_BYTES, "sendmsg")


def _sendmmsg(thread: int, arguments: Sequence[int]) -> list[Operation]:
    count = min(arguments[2] & 0xFFFFFFFF, _MAX_MESSAGES)
    with Memory(thread) as memory:
        return _messages(memory, memory.read(arguments[1], count * _ENTRY_BYTES), _ENTRY_BYTES, "sendmmsg")


def _messages(memory: Memory, headers: bytes, size: int, name: str) -> list[Operation]:
    found: dict[Operation, None] = {}
    for start in range(0, len(headers) - _MESSAGE.size + 1, size):
        pointer, length = _MESSAGE.unpack_from(headers, start)
        if pointer and length:
            operation = sockaddr_operation(name, "sendmsg", memory.read(pointer, min(length, _MAX_ADDRESS)))
            found.update({operation: None} if operation else {})
    return [*found]


def _execve(thread: int, arguments: Sequence[int]) -> list[Operation]:
    with Memory(thread) as memory:
        return _exec(memory, "execve", memory.text(arguments[0], _MAX_PATH), arguments[1])


def _execveat(thread: int, arguments: Sequence[int]) -> list[Operation]:
    with Memory(thread) as memory:
        path = memory.text(arguments[1], _MAX_PATH) or os.readlink(f"/proc/{thread}/fd/{_as_int(arguments[0])}")
        return _exec(memory, "execveat", path, arguments[2])


def _exec(memory: Memory, name: str, path: str, pointer: int) -> list[Operation]:
    pointers = memory.pointers(pointer, _MAX_ARGUMENTS) if pointer else []
    argv = [memory.text(argument, _MAX_ARGUMENT) for argument in pointers]
    return [events.process_operation(f"{name}(2)", "exec", path, [path, *argv[1:]])]


def _forking(name: str) -> Callable[[int, Sequence[int]], list[Operation]]:
    return lambda *_: [events.process_operation(f"{name}(2)", "fork", "fork")]


def _as_int(argument: int) -> int:
    """An argument of the C type int."""
    return argument & 0x7FFFFFFF if not argument & 0x80000000 else (argument & 0xFFFFFFFF) - (1 << 32)


_READERS: dict[str, Callable[[int, Sequence[int]], list[Operation]]] = {
    "connect": _connect,
    "bind": _bind,
    "listen": _listen,
    "sendto": _sendto,
    "sendmsg": _sendmsg,
    "sendmmsg": _sendmmsg,
    "execve": _execve,
    "execveat": _execveat,
    **{name: _forking(name) for name in ("fork", "vfork", "clone")},
}

"""Creates sockets between hermetic's own processes, of the C type: tests and frameworks replace ``socket.socket``."""

from __future__ import annotations

import array

from . import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_socket = real.socket_module()

SOCK_SEQPACKET: int = getattr(_socket, "SOCK_SEQPACKET", 0)  # not on Windows
SOL_SOCKET, SO_SNDTIMEO = _socket.SOL_SOCKET, getattr(_socket, "SO_SNDTIMEO", 0)
MSG_DONTWAIT, SHUT_RDWR = getattr(_socket, "MSG_DONTWAIT", 0), _socket.SHUT_RDWR


def pair(kind: int = _socket.SOCK_STREAM) -> tuple[Any, Any]:
    """Create two connected sockets that no child program inherits."""
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, kind)
    return _patient(ours), _patient(theirs)


def new() -> Any:
    """Create an unconnected Unix socket."""
    return _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)


def from_descriptor(fd: int) -> Any:
    """Create the socket object of an open file descriptor."""
    return _patient(_socket.socket(fileno=fd))


def _patient(sock: Any) -> Any:
    """Remove the default timeout that a test may have set."""
    if sock.gettimeout() is not None:
        sock.settimeout(None)
    return sock


def send_descriptors(sock: Any, data: bytes, *fds: int) -> None:
    """Send a message with file descriptors.

    Raises:
        OSError: the other end, or a descriptor, is closed.
    """
    sock.sendmsg([data], [(SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", fds))])


def receive_descriptors(sock: Any, max_bytes: int, max_descriptors: int = 1) -> tuple[bytes, list[int]]:
    """Receive a message, and the file descriptors that were sent with it."""
    fds = array.array("i")
    data, ancillary, _, _ = sock.recvmsg(max_bytes, _socket.CMSG_LEN(max_descriptors * fds.itemsize))
    for level, kind, content in ancillary:
        if (level, kind) == (SOL_SOCKET, _socket.SCM_RIGHTS):
            fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    return data, list(fds)

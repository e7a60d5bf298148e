"""Arguments of system calls in this process's memory."""

from __future__ import annotations

import ctypes
import os
import socket
import struct


def inet(host: str, port: int) -> bytes:
    """A struct sockaddr_in."""
    return struct.pack("=H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(host) + bytes(8)


def inet6(host: str, port: int) -> bytes:
    """A struct sockaddr_in6."""
    packed = socket.inet_pton(socket.AF_INET6, host)
    return struct.pack("=H", socket.AF_INET6) + struct.pack(">HI", port, 0) + packed + bytes(4)


def unix(path: bytes) -> bytes:
    """A struct sockaddr_un."""
    return struct.pack("=H", 1) + path


class Arguments:
    """Things in this process's memory; they stay as long as this object does."""

    def __init__(self) -> None:
        self._kept: list[object] = []
        self.thread = os.getpid()

    def put(self, data: bytes) -> int:
        """Bytes; returns their address."""
        buffer = ctypes.create_string_buffer(data, len(data))
        self._kept.append(buffer)
        return ctypes.addressof(buffer)

    def strings(self, *texts: str) -> int:
        """An array of strings, with a null at its end."""
        pointers = [self.put(text.encode() + b"\0") for text in texts]
        return self.put(struct.pack(f"={len(pointers) + 1}Q", *pointers, 0))

    def message(self, address: bytes) -> bytes:
        """A struct msghdr that names an address; none, for an empty one."""
        pointer = self.put(address) if address else 0
        return struct.pack("=QI4x", pointer, len(address)) + bytes(40)

"""Frames as bytes: how a supervisor and its workers send plain data to each other.

    header   the nonce of the worker (8 bytes), the length of the body (4 bytes, big-endian)
    body     a JSON array: its first element is the kind of the frame; or "all", and frames that were sent as one

The channel is inherited and has no name. Bytes that a test writes into it are not taken for a frame.
"""

from __future__ import annotations

import os
import struct
from collections import deque

from .._base import features, real, system
from .plain_data import from_bytes, to_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NONCE_BYTES = 8
# The exit statuses of a worker that cannot send a frame any more.
CHANNEL_LOST, OUT_OF_MEMORY = 122, 123

FULL_BYTES = 32_000_000  # of an output file: a worker then has it emptied between tests and fixtures
_BOUNDARIES = ("begin", "ready")
MAX_FRAME_BYTES = 32_000_000  # more than a worker ever sends, because it cuts long texts

_JOINED_BYTES = 64_000  # of frames that are sent as one

_header = struct.Struct(f">{NONCE_BYTES}sI")


class ProtocolError(Exception):
    """The channel is closed, or brought something else than frames."""


class FrameReader:
    """Cuts a stream of bytes into frames."""

    def __init__(self, nonce: bytes) -> None:
        self._nonce = nonce
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[list[Any]]:
        """Return the frames that are complete with these bytes; an error after some of them is raised by the next call.

        Raises:
            ProtocolError: the bytes are no frames.
        """
        self._buffer += data
        frames: list[list[Any]] = []
        try:
            while (frame := self._next()) is not None:
                frames += frame[1] if frame[0] == "all" else [frame]
        except ProtocolError:
            if not frames:
                raise
        return frames

    def _next(self) -> list[Any] | None:
        """Take the next frame from the buffer, if it is complete."""
        if not self._nonce.startswith(bytes(self._buffer[:NONCE_BYTES])):
            raise ProtocolError("bytes that are not a frame")
        if len(self._buffer) < _header.size:
            return None
        _, length = _header.unpack_from(self._buffer)
        if length > MAX_FRAME_BYTES:
            raise ProtocolError("bytes that are not a frame")
        end = _header.size + length
        if len(self._buffer) < end:
            return None
        frame = _parse(bytes(self._buffer[_header.size : end]))
        del self._buffer[:end]
        return frame


def _parse(body: bytes) -> list[Any]:
    try:
        frame = from_bytes(body)
    except (ValueError, RecursionError):
        frame = None
    if not _is_frame(frame):
        raise ProtocolError("a frame that is not a JSON array")
    if frame[0] == "all" and not (len(frame) == 2 and type(frame[1]) is list and all(map(_is_frame, frame[1]))):  # noqa: PLR2004
        raise ProtocolError("frames sent as one that are not JSON arrays")
    parsed: list[Any] = frame
    return parsed


def _is_frame(value: Any) -> bool:
    return type(value) is list and bool(value) and type(value[0]) is str


def pack(nonce: bytes, frame: list[Any]) -> bytes:
    """Turn a frame into bytes.

    Args:
        frame: strings, numbers, booleans, None, lists and dictionaries of them.
    """
    return _packed(nonce, to_bytes(frame))


def _packed(nonce: bytes, body: bytes) -> bytes:
    return _header.pack(nonce, len(body)) + body


class WorkerEnd:
    """The worker's end of a channel, which blocks, and checks its file descriptors before each use.

    Args:
        reading: the file descriptor to read requests from.
        writing: the file descriptor to write frames to; it may be the same.
        streams: the file descriptors of the output files.
    """

    # Not in the module, where libraries that fake the file system would replace them. Static, because a Python function
    # in the place of a built-in one would become a method.
    _read: Any = staticmethod(system.read)
    _write: Any = staticmethod(system.write)
    _fstat: Any = staticmethod(system.original(os.name, "fstat"))
    _lseek: Any = staticmethod(system.original(os.name, "lseek"))  # tells a size in a fifth of the time of fstat
    _set_blocking: Any = staticmethod(getattr(os, "set_blocking", bool))
    # On Windows, select takes sockets only.
    _select: Any = None if features.WINDOWS else staticmethod(system.original("select", "select"))

    def __init__(self, reading: int, writing: int, nonce: bytes, streams: tuple[int, ...] = ()) -> None:
        self._reading = reading
        self._writing = writing
        self._streams = streams
        self._written: list[int] = []
        self._most = 0  # the largest size of an output file since they were last emptied
        self._nonce = nonce
        self._reader = FrameReader(nonce)
        self._requests: deque[list[Any]] = deque()
        self._kinds: set[str] = set()  # of the frames that have come, without those withdrawn since
        self._outgoing: deque[bytes] = deque()
        self._sending = real.new_lock()
        self._identities = {fd: self._identity(fd) for fd in {reading, writing}}

    def _identity(self, fd: int) -> tuple[int, int]:
        found = self._fstat(fd)
        return found.st_dev, found.st_ino

    def _check(self, fd: int) -> None:
        """Check that a file descriptor is still that of the channel.

        Raises:
            OSError: the test has closed it.
        """
        if self._identity(fd) != self._identities[fd]:
            raise OSError(9, "the test has closed hermetic's channel")

    def receive(self) -> list[Any]:
        """Wait for the next request, and return it.

        Raises:
            OSError: the channel is closed.
            EOFError: the supervisor has ended.
        """
        while not self._requests:
            self._take_more()
        return self._requests.popleft()

    @property
    def has_requests(self) -> bool:
        """Whether requests have come that ``receive`` has not returned."""
        return bool(self._requests)

    def put_back(self, request: list[Any]) -> None:
        """Have ``receive`` return a request again."""
        self._requests.appendleft(request)

    def _take_more(self) -> None:
        """Wait for requests."""
        self._check(self._reading)
        try:
            data = self._read(self._reading, 65536)
        except BlockingIOError:  # the test has made it non-blocking
            self._set_blocking(self._reading, True)  # noqa: FBT003 - the standard library's signature
            return
        if not data:
            raise EOFError
        self._take(data)

    def _take(self, data: bytes) -> None:
        for frame in self._reader.feed(data):
            self._kinds.add(frame[0])
            self._requests.append(frame)

    def is_told_to_stop(self) -> bool:
        """Whether ``stop`` is among the requests; on Windows, among those that were read so far."""
        try:
            self._check(self._reading)
            if self._select is not None and self._select([self._reading], (), (), 0)[0]:
                self._take(self._read(self._reading, 65536))
        except (OSError, ValueError, ProtocolError):
            pass  # the next call of receive() raises it
        return self._withdraw("stop")

    def _withdraw(self, kind: str) -> bool:
        """Remove the waiting requests of a kind; return whether there were any."""
        if kind not in self._kinds:
            return False
        self._kinds.discard(kind)
        others = deque(request for request in self._requests if request[0] != kind)
        is_there = len(others) < len(self._requests)
        self._requests = others
        return is_there

    def send(self, frame: list[Any], *, hold: bool = False) -> None:
        """Send a frame.

        Args:
            frame: as in ``pack``.
            hold: whether it may wait for the next frame, which comes soon: two frames cost as much as one.

        Raises:
            OSError, EOFError: the channel is closed.
        """
        self._tell_of_output()
        if self._most >= FULL_BYTES and frame[0] in _BOUNDARIES:
            self._make_room()
        self._outgoing.append(to_bytes(frame))
        if not hold:
            self._flush()

    def _make_room(self) -> None:
        """Have the supervisor empty large output files, and wait until it has.

        The supervisor may also empty them during a test. It could not tell then whether sizes that arrive later are
        from before or after, so nothing else begins until both sides agree on what is in the files.
        """
        self._outgoing.append(to_bytes(["full"]))
        self._flush()
        while not self._withdraw("emptied"):
            self._take_more()
        self._most, self._written = 0, []

    def _flush(self) -> None:
        # A thread of the test or a signal handler may get here while a frame is half sent. Its frame waits in the queue
        # for the sender: a handler that waited for a lock would wait for ever.
        while self._outgoing and self._sending.acquire(blocking=False):
            try:
                self._check(self._writing)
                data = memoryview(self._joined([self._outgoing.popleft() for _ in range(len(self._outgoing))]))
                while data:
                    try:
                        data = data[self._write(self._writing, data) :]
                    except BlockingIOError:  # the test has made it non-blocking
                        self._set_blocking(self._writing, True)  # noqa: FBT003 - the standard library's signature
            finally:
                self._sending.release()

    def _joined(self, bodies: list[bytes]) -> bytes:
        """The bytes to send for the bodies of frames: as one frame, which costs less, unless they are large."""
        if len(bodies) > 1 and sum(map(len, bodies)) <= _JOINED_BYTES:
            bodies = [b'["all",[%b]]' % b",".join(bodies)]
        return b"".join(_packed(self._nonce, body) for body in bodies)

    def _tell_of_output(self) -> None:
        """Send the sizes of the output files with the next frame, if they have changed."""
        try:
            # They are written at their ends, wherever the position is.
            written = [self._lseek(fd, 0, os.SEEK_END) for fd in self._streams]
        except OSError:  # the test has closed them
            return
        if written == self._written:
            return
        self._written = written
        self._most = max(self._most, *written)
        self._outgoing.append(to_bytes(["written", *written]))


def new_nonce() -> bytes:
    """A nonce that cannot be guessed."""
    return real.random_bytes(NONCE_BYTES)

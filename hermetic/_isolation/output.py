"""What a worker writes to its file descriptors 1 and 2: in files, so that it never waits for a reader.

The files are handed over open and have no names, so that no test can remove them. (Windows removes no open file: there
they keep their names, and the worker opens them.) The supervisor reads them as they grow, and relays the beginning and
the end of what each test wrote. Between tests, a worker has it empty files that have become large; those of a test that
does not stop writing are emptied meanwhile.
"""

from __future__ import annotations

import codecs
import os
import sys

from .._base import features, own_files, real, system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES = ("out", "err", "stacks")
HEAD_BYTES = 1_000_000  # of one stream of one test that is relayed as it comes
TAIL_BYTES = 64 * 1024  # and of its end
_NO_LIMIT = float("inf")
_LOOKS = 10
_TO_APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_MAX_FILE_BYTES = 64_000_000  # on disk: a test that prints for ever must not fill it


def flush_standard_streams() -> None:
    """Write what Python's own standard streams hold, whatever a test has made of them."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: BLE001, S110 - there is none, it is closed, or replaced by anything
            pass


class Stream:
    """One file that a worker writes to and the supervisor reads.

    Args:
        path: of the file, which is created.

    Attributes:
        writing: the file descriptor for the worker, to append to the file.
    """

    def __init__(self, path: str) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        self._fd = own_files.open_private(path, flags)
        try:
            self.writing = system.open_fd(path, _TO_APPEND)
            if not features.WINDOWS:
                real.unlink(path)
        except OSError:
            system.close(self._fd)
            raise
        self._position = 0
        self._relayed = 0
        self._tail = b""
        self._cut = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def read(self, limit: float = _NO_LIMIT) -> str:
        """What has come since the last time, of the beginning of a test's output.

        Args:
            limit: the position in the file that is not to be read beyond.
        """
        text = ""
        size = os.fstat(self._fd).st_size  # as it is now: who writes for ever is not run after
        end = int(min(size, limit))
        while data := _read_at(self._fd, self._position, min(HEAD_BYTES - self._relayed, max(end - self._position, 0))):
            text += self._decoder.decode(data)
            self._position += len(data)
            self._relayed += len(data)
        if self._position < end:
            self._skip_to(end)
        if self._position > _MAX_FILE_BYTES:  # of this test: the worker has files emptied before it begins another
            self._skip_to_end()
            self.empty()  # whoever appends goes on at the new end
        return text

    def _skip_to_end(self) -> None:
        """Keep what is there at a moment when nobody writes, or after some looks: it may be the last of the output."""
        for _ in range(_LOOKS):
            size = self.size()
            self._skip_to(size)
            if self.size() == size:
                return

    def _skip_to(self, end: int) -> None:
        """Keep what may turn out to be the end of a test's output."""
        kept = max(end - TAIL_BYTES, self._position)
        rest = self._tail + _read_at(self._fd, kept, end - kept)
        self._tail = rest[-TAIL_BYTES:]
        self._cut += kept - self._position + len(rest) - len(self._tail)
        self._position = end

    def read_end(self, limit: float = _NO_LIMIT) -> str:
        """As ``read``, and what there is of the end of a test's output; the next test begins."""
        text = self.read(limit)
        if self._cut:
            text += self._decoder.decode(b"", final=True)  # a character that was cut in two
            text += f"\n[... {self._cut} bytes left out ...]\n"
        text += self._decoder.decode(self._tail, final=True)
        self._decoder.reset()
        self._relayed, self._tail, self._cut = 0, b"", 0
        return text

    def empty(self) -> None:
        """Make the file as it was at first."""
        if self._position or os.fstat(self._fd).st_size:
            os.ftruncate(self._fd, 0)
        self._position = 0

    def close(self) -> None:
        """Close the file."""
        system.close(self._fd)
        system.close(self.writing)

    def size(self) -> int:
        """How much there is."""
        return os.fstat(self._fd).st_size


def _read_at(fd: int, position: int, length: int) -> bytes:
    if hasattr(os, "pread"):
        data: bytes = os.pread(fd, length, position)
        return data
    os.lseek(fd, position, os.SEEK_SET)  # only the supervisor moves in this description of the file
    return system.read(fd, length)


class Output:
    """The three streams of a worker.

    Args:
        folder: of the worker.

    Attributes:
        stacks: where faulthandler writes the stacks of a worker that crashes.
    """

    def __init__(self, folder: str) -> None:
        opened: list[Stream] = []
        try:
            opened.extend(Stream(os.path.join(folder, name)) for name in _NAMES)
        except OSError:
            for stream in opened:
                stream.close()
            raise
        out, err, self.stacks = opened
        self._streams = {"out": out, "err": err}

    def read(self, limits: Iterable[float] = (_NO_LIMIT, _NO_LIMIT), *, end: bool = False) -> list[tuple[str, str]]:
        """Pairs of stream (``out`` or ``err``) and text.

        Args:
            limits: the positions in both that are not to be read beyond.
            end: whether a test has ended.
        """
        texts = [
            (name, stream.read_end(limit) if end else stream.read(limit))
            for (name, stream), limit in zip(self._streams.items(), limits, strict=True)
        ]
        return [(name, text) for name, text in texts if text]

    def sizes(self) -> list[int]:
        """How much there is of both."""
        return [stream.size() for stream in self._streams.values()]

    def make_room(self) -> list[tuple[str, str]]:
        """Read all that there is, as ``read`` does, and empty the files: the worker writes nothing meanwhile."""
        texts = self.read()
        for stream in self._streams.values():
            stream.empty()
        return texts

    def empty(self) -> None:
        """Make the files as they were at first."""
        for stream in (*self._streams.values(), self.stacks):
            stream.empty()

    def descriptors(self) -> list[int]:
        """The file descriptors to hand to the worker; none on Windows."""
        return [] if features.WINDOWS else [stream.writing for stream in (*self._streams.values(), self.stacks)]

    def close(self) -> None:
        """Close the files."""
        for stream in (*self._streams.values(), self.stacks):
            stream.close()


def take_over(folder: str, descriptors: list[int]) -> dict[str, int]:
    """In the worker: the file descriptors of its streams, by name, and one with nothing to read.

    Args:
        folder: of the worker.
        descriptors: those that were handed over; none if the files are to be opened.
    """
    written = descriptors or [system.open_fd(os.path.join(folder, name), _TO_APPEND) for name in _NAMES]
    return {**dict(zip(_NAMES, written, strict=True)), "null": system.open_fd(os.devnull, os.O_RDONLY)}

"""The output of workers: files that they write to, so that no worker ever waits for a reader.

The worker gets the files open and without a name, so that no test can remove them. (Windows removes no open file: there
they keep their names, and the worker opens them.) The supervisor reads them as they grow, and relays the beginning and
the end of what each test wrote. It empties large files between tests, when the worker asks for it, and those of a test
that does not stop writing at once.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import sys

from .._base import features, own_files, real, system
from .._stdlib import windows_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES = ("out", "err", "stacks")
HEAD_BYTES = 1_000_000  # of one stream of one test that is relayed as it comes
TAIL_BYTES = 64 * 1024  # and of its end
_NO_LIMIT = float("inf")
_LOOKS = 10
_TO_APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
_MAX_FILE_BYTES = 64_000_000  # on disk: a test that prints for ever must not fill it


def flush_standard_streams() -> None:
    """Flush Python's standard streams, whatever a test has made of them."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: BLE001, S110 - it may be None, closed, or replaced by anything
            pass


class _Decoder:
    """Decodes the text of a worker piece by piece. On Windows, whatever shows it ends its lines once more."""

    def __init__(self) -> None:
        self._characters = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._held = ""  # the first half of what may be the end of a line

    def decode(self, data: bytes, *, final: bool = False) -> str:
        text = self._held + self._characters.decode(data, final)
        self._held = ""
        if not features.WINDOWS:
            return text
        if text.endswith("\r") and not final:
            text, self._held = text[:-1], "\r"
        return text.replace("\r\n", "\n")

    def reset(self) -> None:
        self._characters.reset()
        self._held = ""


class Stream:
    """A file that a worker writes to and the supervisor reads."""

    def __init__(self, path: str) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        self._fd = own_files.open_private(path, flags)
        try:
            self.writing = _open_to_append(path)
            if not features.WINDOWS:
                real.unlink(path)
        except OSError:
            system.close(self._fd)
            raise
        self._position = 0
        self._relayed = 0
        self._tail = b""
        self._cut = 0
        self._decoder = _Decoder()

    @property
    def is_between(self) -> bool:
        """Whether nothing has come since the end of the last test."""
        return not (self._relayed or self._cut or self._tail)

    def read(self, limit: float = _NO_LIMIT) -> str:
        """Read the text that has come since the last time, up to the limit of a test's output.

        Args:
            limit: the position in the file to stop at.
        """
        text = ""
        if limit <= self._position:
            return text
        size = self.size()  # once: a test that never stops writing is not chased
        end = int(min(size, limit))
        while self._position < end and (
            data := _read_at(self._fd, self._position, min(HEAD_BYTES - self._relayed, end - self._position))
        ):
            text += self._decoder.decode(data)
            self._position += len(data)
            self._relayed += len(data)
        if self._position < end:
            self._skip_to(end)
        if self._position > _MAX_FILE_BYTES:  # written by this test alone: large files are emptied between tests
            self._skip_to_end()
            self.empty()  # the worker appends, so it goes on at the new end
        return text

    def _skip_to_end(self) -> None:
        """Keep the end of what is there, once nothing is written between two looks, or after the last look."""
        for _ in range(_LOOKS):
            size = self.size()
            self._skip_to(size)
            if self.size() == size:
                return

    def _skip_to(self, end: int) -> None:
        """Skip to a position, and keep the last bytes before it: they may be the end of a test's output."""
        kept = max(end - TAIL_BYTES, self._position)
        rest = self._tail + _read_at(self._fd, kept, end - kept)
        self._tail = rest[-TAIL_BYTES:]
        self._cut += kept - self._position + len(rest) - len(self._tail)
        self._position = end

    def read_end(self, limit: float = _NO_LIMIT) -> str:
        """Read the rest of a test's output, its end included, and begin that of the next test."""
        if limit <= self._position and self.is_between:
            return ""
        text = self.read(limit)
        if self._cut:
            text += self._decoder.decode(b"", final=True)  # the bytes of a character may have been cut
            text += f"\n[... {self._cut} bytes left out ...]\n"
        text += self._decoder.decode(self._tail, final=True)
        self._decoder.reset()
        self._relayed, self._tail, self._cut = 0, b"", 0
        return text

    def empty(self) -> None:
        """Empty the file."""
        if self._position or self.size():
            os.ftruncate(self._fd, 0)
        self._position = 0

    def close(self) -> None:
        """Close the file."""
        system.close(self._fd)
        system.close(self.writing)

    def size(self) -> int:
        """The number of bytes in the file."""
        return os.lseek(self._fd, 0, os.SEEK_END)  # takes a fifth of the time of fstat


def _open_to_append(path: str) -> int:
    """Open a file so that whatever is written goes to its end, also by processes that inherit it."""
    return windows_files.open_to_append(path) if features.WINDOWS else system.open_fd(path, _TO_APPEND)


def _read_at(fd: int, position: int, length: int) -> bytes:
    if hasattr(os, "pread"):
        data: bytes = os.pread(fd, length, position)
        return data
    os.lseek(fd, position, os.SEEK_SET)  # the worker has a file description of its own
    return system.read(fd, length)


class Output:
    """The three streams of a worker.

    Attributes:
        stacks: the stream that faulthandler writes stacks to when the worker crashes.
    """

    def __init__(self, folder: str) -> None:
        opened: list[Stream] = []
        try:
            opened.extend(Stream(os.path.join(folder, name)) for name in _NAMES)
        except OSError:
            for stream in opened:
                stream.close()
            raise
        self._out, self._err, self.stacks = opened
        self._streams = {"out": self._out, "err": self._err}

    @property
    def is_between(self) -> bool:
        """Whether nothing has come since the end of the last test."""
        return self._out.is_between and self._err.is_between

    def read(self, limits: Iterable[float] = (_NO_LIMIT, _NO_LIMIT), *, end: bool = False) -> list[tuple[str, str]]:
        """Pairs of stream (``out`` or ``err``) and text.

        Args:
            limits: the positions in both files to stop at.
            end: whether a test has ended.
        """
        texts = [
            (name, stream.read_end(limit) if end else stream.read(limit))
            for (name, stream), limit in zip(self._streams.items(), limits, strict=True)
        ]
        return [(name, text) for name, text in texts if text]

    def sizes(self) -> list[int]:
        """The number of bytes in both files."""
        return [stream.size() for stream in self._streams.values()]

    def make_room(self) -> list[tuple[str, str]]:
        """Read everything, and empty the files, while the worker waits."""
        texts = self.read()
        for stream in self._streams.values():
            stream.empty()
        return texts

    def empty(self) -> None:
        """Empty all files."""
        for stream in (*self._streams.values(), self.stacks):
            stream.empty()

    def descriptors(self) -> list[int]:
        """The file descriptors to pass to the worker; none on Windows."""
        return [] if features.WINDOWS else [stream.writing for stream in (*self._streams.values(), self.stacks)]

    def close(self) -> None:
        """Close the files."""
        for stream in (*self._streams.values(), self.stacks):
            stream.close()


class WorkerFolder:
    """The folder of a worker, with the files that it writes its output to, and its temporary files."""

    def __init__(self) -> None:
        self.path = own_files.new_folder("hermetic-")
        self._temporary = os.path.join(self.path, "tmp")
        try:
            own_files.make_private_folder(self._temporary)
            self.output = Output(self.path)
        except OSError:
            remove_folder(self.path)
            raise

    def leftovers(self) -> list[str]:
        """Describe the temporary files that the worker has left."""
        try:
            return [f"temporary file left: {name}" for name in sorted(os.listdir(self._temporary))]
        except OSError:  # if the folder around it has gone, too, a test of another worker may have removed both
            return ["the folder for temporary files was removed"] if os.path.isdir(self.path) else []

    def remove(self) -> None:
        """Close and remove all files, and the folder."""
        self.output.close()
        remove_folder(self.path)


def remove_folder(path: str) -> None:
    """Remove a folder with all that is in it, as far as that is possible."""
    import shutil  # not worth its start-up time before there is something to remove

    shutil.rmtree(path, ignore_errors=True)
    if os.path.isdir(path):
        _unlock(path)
        shutil.rmtree(path, ignore_errors=True)


def _unlock(path: str) -> None:
    """Make what is left in a folder removable: a test has made folders inaccessible, or files read-only on Windows."""
    with contextlib.suppress(OSError):
        os.chmod(path, 0o700)
    for folder, folders, files in os.walk(path):  # it looks into the folders once their modes have been changed
        for name in (*folders, *(files if features.WINDOWS else ())):
            found = os.path.join(folder, name)
            with contextlib.suppress(OSError):
                if not os.path.islink(found):
                    os.chmod(found, 0o700)


def take_over(folder: str, descriptors: list[int]) -> dict[str, int]:
    """In the worker: the file descriptors of its streams by name.

    Args:
        descriptors: those that were passed to the worker; none if it has to open the files.
    """
    written = descriptors or [_open_to_append(os.path.join(folder, name)) for name in _NAMES]
    return dict(zip(_NAMES, written, strict=True))

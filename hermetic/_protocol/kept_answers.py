"""Keeps the answers of workers until they are taken: in memory, and in a file if there are too many."""

from __future__ import annotations

from .._base import features, own_files, real
from . import plain_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Frames = list[list[Any]]

_MAX_BYTES = 32_000_000  # of answers in memory


class KeptAnswers:
    """The answers that workers have given and nobody has taken."""

    def __init__(self) -> None:
        self._answers: dict[Any, bytes | tuple[int, int]] = {}  # or its position and length in the file
        self._bytes = 0
        self._path = ""
        self._file: Any = None

    def put(self, key: Any, frames: Frames) -> None:
        """Keep an answer."""
        data = plain_data.to_bytes(frames)
        if self._bytes + len(data) <= _MAX_BYTES:
            self._bytes += len(data)
            self._answers[key] = data
            return
        if self._file is None:
            self._path = own_files.new_file("hermetic-")
            self._file = real.open_file(self._path, "r+b")
            if not features.WINDOWS:  # which removes no file that is open
                real.unlink(self._path)  # no test can find it
        self._file.seek(0, 2)
        self._answers[key] = self._file.tell(), len(data)
        self._file.write(data)

    def take(self, key: Any) -> Frames:
        """Take an answer; it is empty if it was taken before."""
        kept = self._answers.pop(key, None)
        if kept is None:
            return []
        if isinstance(kept, tuple):
            self._file.seek(kept[0])
            kept = self._file.read(kept[1])
        else:
            self._bytes -= len(kept)
        frames: Frames = plain_data.from_bytes(kept)
        return frames

    def close(self) -> None:
        """Remove the file."""
        if self._file is not None:
            self._file.close()
            if features.WINDOWS:
                real.unlink(self._path)

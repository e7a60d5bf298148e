"""Nurseries: what all places that workers come from have in common, and the one that no worker can come from."""

from __future__ import annotations

from .._base import real
from .._protocol import framing
from .output import WorkerFolder
from .worker_link import Worker, next_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .worker_link import Link


class Nursery:
    """Starts workers."""

    @property
    def is_usable(self) -> bool:
        """Whether it can start another worker."""
        return True

    def new_worker(self, *, fresh: bool, sandboxed: bool = False) -> Worker:
        """Start a worker, and return it before it is ready."""
        try:
            folder = self._new_folder()
        except OSError as error:
            return Unstarted(error)
        nonce = framing.new_nonce()
        try:
            link = self._start(folder, nonce, fresh=fresh, sandboxed=sandboxed)
        except OSError as error:
            self._take_back(folder)
            return Unstarted(error)
        return Worker(link, folder, nonce, self._take_back, says_started=fresh)

    def wait(self, links: list[Any], timeout: float) -> list[Any]:
        """Wait so many seconds for any of the workers to send something or to end, and return the links to those.

        Workers that could not be started have ended: without others, there is nothing to wait for.
        """
        return links

    def close(self) -> None:
        """End what the nursery consists of."""

    def _start(self, folder: WorkerFolder, nonce: bytes, *, fresh: bool, sandboxed: bool) -> Link:
        """Start a process, or raise OSError."""
        raise NotImplementedError

    def _new_folder(self) -> WorkerFolder:
        return WorkerFolder()

    def _take_back(self, folder: WorkerFolder) -> None:
        """Take the folder of a worker that has left nothing in it."""
        folder.remove()


class NoNursery(Nursery):
    """Stands for a nursery where none can be started."""

    def __init__(self, reason: object) -> None:
        self._reason = reason

    @property
    def is_usable(self) -> bool:
        """Never, so that the next worker asks for a new nursery."""
        return False

    def new_worker(self, *, fresh: bool, sandboxed: bool = False) -> Worker:
        """A worker that could not be started."""
        return Unstarted(self._reason)


class Unstarted(Worker):
    """Stands for a worker that could not be started: it has ended before the first request."""

    def __init__(self, reason: object) -> None:
        closed: Any = _ClosedLink()
        self.link = closed
        self.number = next_number()
        self.used = 0.0
        self.has_ended = True
        self._reason = reason

    def perform(self, requests: list[list[Any]], **_: Any) -> Iterator[list[Any]]:
        """Yield the one frame that gives the reason."""
        yield ["died", f"its process could not be started: {self._reason}", real.perf_counter(), 0.0]

    def send(self, request: list[Any]) -> None:
        """Do nothing: no process could take the request."""


class _ClosedLink:
    """A closed link, so that a worker that was never started can be waited for like the others."""

    at_end = True

    def has_news(self) -> bool:
        return True

    def ended(self) -> tuple[None, list[str]]:
        return None, []

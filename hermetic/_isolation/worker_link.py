"""Supervision: workers are started, asked, timed, ended and cleaned up after, whatever their tests do to them.

    Worker      one worker: a request goes there, frames come back; a crash or a time-out comes as a frame, too
    Nursery     where workers come from: a zygote on Linux, fresh interpreters elsewhere

The frames, and what may be in them, are those of ``frames``.
"""

from __future__ import annotations

import itertools
import os
from collections import deque

from .._base import clock, own_files, real
from .._protocol import framing
from .._protocol.frames import Conversation
from . import process_tree
from .output import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    class Link(Protocol):
        """The way to one worker; what differs between a zygote's workers and others."""

        def send(self, request: list[Any]) -> None:
            """Send a request, or raise OSError."""

        def receive(self, timeout: float) -> bytes:
            """What comes first within the time-out, in seconds; nothing if it passes, or the worker has ended."""

        def ended(self) -> tuple[int | None, list[str]] | None:
            """The exit status of a worker that has ended, and the processes that it left; None while it runs.

            The status of one that is lost or never came to be is None, and what is left then is the reason.
            """

        def signal(self, name: str) -> None:
            """Send it ``ABRT`` or ``KILL``."""

        def close(self) -> None:
            """Close the way."""

    class Nursery(Protocol):
        """Where workers come from."""

        def new_worker(self, *, fresh: bool, sandboxed: bool = False) -> Worker:
            """A worker that is starting."""

        def wait(self, links: list[Any], timeout: float) -> list[Any]:
            """Those of the links to its workers that have something to tell, once any has, or the seconds pass."""


IDLE = ["idle"]  # stands for a frame where there is none
_TICK = 0.1  # seconds between two looks at the output of a test that is silent otherwise
_START_SECONDS = 60.0  # that an interpreter has to start in, on a machine with much to do: not of a test's time
_MAX_PAUSE = 1.0  # seconds between two looks that count: in a longer time, all may have been done long before its end
_ABORT_SECONDS = 2.0  # for the stacks to be written
_KILL_SECONDS = 10.0  # for the kernel to end what was killed

_numbers = itertools.count(1)

_STATUS_TEXTS = {
    framing.CHANNEL_LOST: "it closed the channel that its results go through",
    framing.OUT_OF_MEMORY: "it ran out of memory",
}


class Place:
    """Where a worker runs: a folder of its own, with its output and its temporary files.

    Attributes:
        folder: the path.
        output: what the worker writes.
    """

    def __init__(self) -> None:
        self.folder = own_files.new_folder("hermetic-")
        self._temporary = os.path.join(self.folder, "tmp")
        try:
            own_files.make_private_folder(self._temporary)
            self.output = Output(self.folder)
        except OSError:
            _remove(self.folder)
            raise

    def leftovers(self) -> list[str]:
        """The temporary files that the worker has left."""
        try:
            return [f"temporary file left: {name}" for name in sorted(os.listdir(self._temporary))]
        except OSError:  # if the folder around it has gone, too, it may have been a test of another worker
            return ["the folder for temporary files was removed"] if os.path.isdir(self.folder) else []

    def remove(self) -> None:
        """Remove everything."""
        self.output.close()
        _remove(self.folder)


def _remove(folder: str) -> None:
    import shutil  # not worth its start-up time before there is something to remove

    shutil.rmtree(folder, ignore_errors=True)


class Worker:
    """A worker, seen from the process that supervises it.

    Args:
        link: the way to it.
        place: where it runs.
        nonce: that its frames begin with.
        give_back: called with the place of a worker that has left it as it was.
        says_started: whether it is one that says so; the time until then is not its tests'.

    Attributes:
        link: the way to it.
        number: tells it from every other worker of this process, also from those that have ended.
        used: the seconds that it has worked.
        has_ended: whether it is gone.
    """

    def __init__(
        self,
        link: Link,
        place: Place,
        nonce: bytes,
        give_back: Callable[[Place], None] = Place.remove,
        *,
        says_started: bool = False,
    ) -> None:
        self.link = link
        self.number = next(_numbers)
        self._reader = framing.FrameReader(nonce)
        self._received: deque[list[Any]] = deque()
        self._conversation = Conversation()
        self._place = place
        self._output = place.output
        self._give_back = give_back
        self._counts_from = real.perf_counter() + _START_SECONDS if says_started else 0.0
        self._began = 0.0  # when what it is at began, by perf_counter: the test, or else the request
        self.used = 0.0
        self.has_ended = False

    def perform(
        self, requests: list[list[Any]], *, timeout: float, what: str, wait: bool = True, each: bool = False
    ) -> Iterator[list[Any]]:
        """Have requests done, and hand on the frames until all are; the last of them says how it ended.

        Args:
            requests: one or more, the last of them perhaps ``finish``.
            timeout: the seconds that this worker may work in all.
            what: is timed, for the text of a time-out.
            wait: for frames; else ``IDLE`` is handed on whenever there is none.
            each: whether the time-out is for each request instead.
        """
        self.send(["all", requests])  # as one frame: the worker has read it all before it answers what nobody reads yet
        self._conversation.ask(requests)
        self._began = real.perf_counter()
        return self._answers(timeout, what, wait=wait, each=each)

    def _answers(self, timeout: float, what: str, *, wait: bool, each: bool) -> Iterator[list[Any]]:
        conversation = self._conversation
        looked = real.perf_counter()
        while True:
            looked = self._count_time(looked)
            if self.used >= timeout:
                yield from self._time_out(what, timeout)
                return
            written: list[int] = self._output.sizes()  # before whatever is told from now on
            data = self.link.receive(min(timeout - self.used, _TICK) if wait else 0)
            try:
                yield from self._taken(data, each=each)
            except framing.ProtocolError as error:
                who = "the test, or one before it in its process," if conversation.asked > 1 else "the test"
                yield from self._end_with(f"its channel to hermetic broke: {error}; {who} wrote into it")
                return
            if conversation.is_answered and not conversation.is_finishing:
                return
            if data:
                continue
            yield from self._with_output(["written", *written])
            ended = self.link.ended()
            if ended is not None:
                yield from self._report_end(*ended)
                return
            if not wait:
                yield IDLE

    def _taken(self, data: bytes, *, each: bool) -> Iterator[list[Any]]:
        """The frames that are complete with this, up to the one that answers the last request.

        Raises:
            ProtocolError: what comes next is no frame of a worker's, or may not come now.
        """
        conversation = self._conversation
        conversation.count(len(data))
        self._received += self._reader.feed(data)
        while self._received:
            frame = self._received.popleft()
            conversation.check(frame)
            yield from self._with_output(frame)
            if frame[0] == "begin":
                self._began = min(frame[2], real.perf_counter())
            elif frame[0] == "ready":
                self._began = real.perf_counter()
                self.used *= not each
                if conversation.is_answered and not conversation.is_finishing:
                    return  # what threads of its tests tell from now on is for the next time

    def _count_time(self, looked: float) -> float:
        now = real.perf_counter()
        if now > self._counts_from:
            self.used += min(now - clock.counted_from(looked), _MAX_PAUSE)
        return now

    def _with_output(self, frame: list[Any]) -> Iterator[list[Any]]:
        """A frame, with what was written before it."""
        if frame[0] == "written":
            yield from (["output", *output] for output in self._output.read(frame[1:]))
            return
        if frame[0] == "started":
            self._counts_from = 0.0
            return
        if frame[0] == "full":
            yield from (["output", *output] for output in self._output.make_room())
            self.send(["emptied"])
            return
        if frame[0] in ("begin", "end"):  # fixtures have limits of their own
            yield from (["output", *output] for output in self._output.read((0, 0), end=True))
        yield frame

    def succeeded_by(self, worker: Worker, timeout: float) -> Worker:
        """A worker that does the rest in the time that is left; in all of it, once this one has used all.

        Args:
            worker: the one that takes over.
            timeout: the seconds that both may work in all.
        """
        worker.used = self.used if self.used < timeout else 0.0
        return worker

    def end(self) -> None:
        """End the worker at once, with all that it started, and remove what it has on disk."""
        if not self.has_ended:
            self.link.signal("KILL")
            self._wait(_KILL_SECONDS)
            self._clean_up()

    def send(self, request: list[Any]) -> None:
        """Send a request; the frames that answer it come from ``perform``."""
        try:
            self.link.send(request)
        except OSError:
            pass  # it has ended: that is what comes next

    def _wait(self, seconds: float) -> tuple[int | None, list[str]] | None:
        """Wait for the worker to end; its status and what it left, or None if it does not."""
        deadline = real.perf_counter() + seconds
        ended = self.link.ended()
        while ended is None and real.perf_counter() < deadline:
            self.link.receive(0.05)  # nobody listens any more
            ended = self.link.ended()
        return ended

    def _report_end(self, status: int | None, left: list[str]) -> Iterator[list[Any]]:
        expected = self._conversation.is_finishing and self._conversation.is_answered
        text = _with_stacks(_end_text(status, left, expected=expected), self._last_words())
        yield from (["output", *output] for output in self._output.read(end=True))
        left = [*(f"process left running: {command}" for command in left), *self._place.leftovers()]
        if status == 0 and self._conversation.is_finished:  # without that, a fixture or an exit handler has ended it
            self._clean_up(clean=not left)
            yield ["exited", left]
        else:
            self._clean_up()
            yield self._died(text)

    def _died(self, text: str) -> list[Any]:
        return ["died", text, self._began, max(real.perf_counter() - self._began, 0.0)]

    def _time_out(self, what: str, timeout: float) -> Iterator[list[Any]]:
        self.link.signal("ABRT")
        aborted = self._wait(_ABORT_SECONDS)
        if aborted is None:
            self.link.signal("KILL")
            self._wait(_KILL_SECONDS)
        stacks = self._last_words().replace("Fatal Python error: Aborted\n\n", "")
        yield from self._end_with(
            _with_stacks(
                f"timed out: {what} has used {self.used:.1f} of its {timeout:g} seconds",
                stacks or "(no stacks: the process did not answer to SIGABRT)\n",
            )
        )

    def _end_with(self, text: str) -> Iterator[list[Any]]:
        self.link.signal("KILL")
        self._wait(_KILL_SECONDS)
        yield from (["output", *output] for output in self._output.read(end=True))
        self._clean_up()
        yield self._died(text)

    def _last_words(self) -> str:
        return _without_our_frames(self._output.stacks.read_end())

    def _clean_up(self, *, clean: bool = False) -> None:
        self.has_ended = True
        self.link.close()
        if clean:
            self._place.output.empty()
            self._give_back(self._place)
        else:
            self._place.remove()


class Unstarted(Worker):
    """Stands for a worker that could not be started: one that has ended before it was asked for anything.

    Args:
        reason: why not.
    """

    def __init__(self, reason: object) -> None:
        nobody: Any = _NoLink()
        self.link = nobody
        self.number = next(_numbers)
        self.used = 0.0
        self.has_ended = True
        self._reason = reason

    def perform(self, requests: list[list[Any]], **_: Any) -> Iterator[list[Any]]:
        """The one frame that says so."""
        yield ["died", f"its process could not be started: {self._reason}", real.perf_counter(), 0.0]

    def send(self, request: list[Any]) -> None:
        """Do nothing: there is nobody."""


class _NoLink:
    """The way to nobody, for whoever waits for any of several workers."""

    at_end = True

    def has_news(self) -> bool:
        return True

    def ended(self) -> tuple[None, list[str]]:
        return None, []


class NoNursery:
    """Where no worker can come from.

    Args:
        reason: why not.
    """

    is_usable = False

    def __init__(self, reason: object) -> None:
        self._reason = reason

    def new_worker(self, *, fresh: bool, sandboxed: bool = False) -> Worker:
        """One that could not be started."""
        del fresh, sandboxed
        return Unstarted(self._reason)

    def wait(self, links: list[Any], timeout: float) -> list[Any]:
        """All of the links: each has its end to tell."""
        del timeout
        return links

    def close(self) -> None:
        """Nothing is there to be ended."""


def _end_text(status: int | None, left: list[str], *, expected: bool) -> str:
    if status is None:
        return f"its process {left[0] if left else 'was lost'}"
    if status in _STATUS_TEXTS:
        return _STATUS_TEXTS[status]
    if status < 0:
        return f"ended by {process_tree.status_text(status)}{' while it exited' if expected else ''}"
    if expected and status:
        return f"its process was done, but exited with status {status}"
    return f"ended with exit status {status} before it was done"


_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def _without_our_frames(stacks: str) -> str:
    """Stacks as faulthandler writes them, without what lies between a test and the beginning of its process."""
    lines: list[str] = []
    in_worker = False
    for line in stacks.splitlines(keepends=True):
        in_worker = bool(line.strip()) and (in_worker or f"{_PACKAGE}_workers{os.sep}worker.py" in line)
        if not in_worker and _PACKAGE not in line:
            lines.append(line)
    return "".join(lines)


def _with_stacks(text: str, stacks: str) -> str:
    return f"{text}\n{stacks}".rstrip() if stacks else text

"""A worker, seen from the process that supervises it: asked, timed, ended and cleaned up after, whatever its tests do.

Requests go to the worker, and frames come back, as ``frames`` describes them. A crash or a time-out is a frame, too.
"""

from __future__ import annotations

import math
import os
import re
import signal
from collections import deque

from .._base import clock, real
from .._protocol import framing
from .._protocol.frames import Conversation
from .._settings.current_run import current_run
from . import process_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    from .output import WorkerFolder

    class Link(Protocol):
        """The connection to one worker: a zygote's workers have another one than fresh interpreters elsewhere."""

        def send(self, request: list[Any]) -> None:
            """Send a request, or raise OSError."""

        def receive(self, timeout: float) -> bytes:
            """Wait so many seconds for bytes from the worker; none if the time passes, or the worker has ended."""

        def ended(self) -> tuple[int | None, list[str]] | None:
            """The exit status of the worker and the processes that it left behind; None while it runs.

            The status of a worker that is lost or was never started is None; the reason stands where the processes do.
            """

        def signal(self, name: str) -> None:
            """Send the worker SIGABRT or SIGKILL, named without ``SIG``."""

        def close(self) -> None:
            """Close the connection."""


_FOR_OUTPUT = frozenset({"written", "started", "full", "begin", "end"})  # frames before which there may be output
IDLE = ["idle"]  # yielded in place of a frame while there is none
_TICK = 0.1  # seconds between two looks at the output of a test that sends no frames
_START_SECONDS = 60.0  # for an interpreter to start on a busy machine; they do not count as the test's time
_MAX_PAUSE = 1.0  # seconds that count between two looks: the worker may have been done long before a late look
_ABORT_SECONDS = 2.0  # for the stacks to be written
_KILL_SECONDS = 10.0  # for the kernel to end what was killed

_ABORTED_TEXT = "Fatal Python error: Aborted"
_STATUS_TEXTS = {
    framing.CHANNEL_LOST: "it closed the channel for its results",
    framing.OUT_OF_MEMORY: "it ran out of memory",
}


def next_number() -> int:
    """The number of a new worker."""
    current_run.workers_started += 1
    return current_run.workers_started


class Worker:
    """A worker, seen from the process that supervises it.

    Args:
        nonce: the bytes that its frames begin with.
        take_back: called with the folder of a worker that has left nothing in it.
        says_started: whether it sends ``started``; the time until then does not count as its tests' time.

    Attributes:
        number: its number among all workers of this process, those that have ended included.
        used: the seconds that it has worked.
    """

    def __init__(
        self,
        link: Link,
        folder: WorkerFolder,
        nonce: bytes,
        take_back: Callable[[WorkerFolder], None],
        *,
        says_started: bool = False,
    ) -> None:
        self.link = link
        self.number = next_number()
        self._reader = framing.FrameReader(nonce)
        self._received: deque[list[Any]] = deque()
        self._conversation = Conversation()
        self._limits: deque[tuple[float, str]] = deque()  # of the requests that have no answer
        self._used_before: float | None = None  # the used time when the current test began; None before it
        self._folder = folder
        self._output = folder.output
        self._take_back = take_back
        self._counts_from = real.perf_counter() + _START_SECONDS if says_started else 0.0
        self._began = 0.0  # when its current test or request began, by perf_counter
        self.used = 0.0
        self.has_ended = False

    def perform(
        self, requests: list[list[Any]], *, timeout: float, what: str, wait: bool = True, each: bool = False
    ) -> Iterator[list[Any]]:
        """Send requests, and yield the frames that come until all of them are done.

        A request may end with options that have a time-out of its test, ``timeout``: the seconds, and the reason. It
        counts from the beginning of the test: fixtures of its class and module have the general one.

        Args:
            requests: one or more, the last of them perhaps ``finish``.
            timeout: the seconds that this worker may work in all.
            what: is timed, for the text of a time-out.
            wait: whether to wait for frames; if not, ``IDLE`` is yielded whenever there is none.
            each: whether the time-out holds for each test, and for the fixtures before it, instead of for all.
        """
        self.send(["all", requests])  # as one frame: the worker has read it all before it answers what nobody reads yet
        self._conversation.ask(requests)
        self._limits = deque(map(_limit_of, requests))
        self._used_before = None
        self._began = real.perf_counter()
        if self.has_ended:  # nothing would ever come
            return iter([self._died("its process had ended before")])
        return self._answers(timeout, what, wait=wait, each=each)

    def _answers(self, timeout: float, what: str, *, wait: bool, each: bool) -> Iterator[list[Any]]:
        conversation = self._conversation
        looked = real.perf_counter()
        while True:
            looked = self._count_time(looked)
            left, ending = self._left(timeout, what, each=each)
            if left <= 0:
                yield from self._time_out(ending)
                return
            written: list[int] = self._output.sizes()  # before the frames that come from now on
            data = self.link.receive(min(left, _TICK) if wait else 0)
            try:
                yield from self._taken(data, each=each)
            except framing.ProtocolError as error:
                who = "the test, or an earlier one in its process," if conversation.asked > 1 else "the test"
                yield from self._end_with(f"invalid data in hermetic's channel: {error}; {who} wrote to it")
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

    def _left(self, timeout: float, what: str, *, each: bool) -> tuple[float, str]:
        """The remaining seconds, and the reason to report when none are left; arguments as for ``perform``."""
        left, ending = timeout - self.used, f"{what} used {self.used:.1f} of its {timeout:g} seconds"
        if self._used_before is None or not self._limits:
            return left, ending
        limit, reason = self._limits[0]
        used = self.used - self._used_before
        left = math.inf if each and reason else left  # its own time-out takes the place of that for each
        if limit - used <= left:
            return limit - used, f"the test used {used:.1f} of its {limit:g} seconds, by {reason}"
        return left, ending

    def _taken(self, data: bytes, *, each: bool) -> Iterator[list[Any]]:
        """The frames that are complete with these bytes, up to the one that answers the last request.

        Raises:
            ProtocolError: the next bytes are no frame, or one that may not come now.
        """
        conversation = self._conversation
        conversation.count(len(data))
        self._received += self._reader.feed(data)
        while self._received:
            frame = self._received.popleft()
            conversation.check(frame)
            if frame[0] in _FOR_OUTPUT:
                yield from self._with_output(frame)
            else:
                yield frame
            if frame[0] == "begin":
                self._began = min(frame[2], real.perf_counter())
                if self._used_before is None:
                    self.used *= not each
                    self._used_before = self.used
            elif frame[0] == "ready":
                self._began = real.perf_counter()
                self.used *= not each
                self._used_before = None
                if self._limits:
                    self._limits.popleft()
                if conversation.is_answered and not conversation.is_finishing:
                    return  # the frames of threads that its tests left running wait for the next call

    def _count_time(self, looked: float) -> float:
        now = real.perf_counter()
        if now > self._counts_from:
            self.used += min(now - clock.counted_from(looked), _MAX_PAUSE)
        return now

    def _with_output(self, frame: list[Any]) -> Iterator[list[Any]]:
        """The frame, behind the output that was written before it; frames for this class alone are left out."""
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
        if not self._output.is_between:  # the output of fixtures is cut for itself
            yield from (["output", *output] for output in self._output.read((0, 0), end=True))
        yield frame

    def succeeded_by(self, worker: Worker, timeout: float) -> Worker:
        """Give another worker the time that is left to this one, or all of it again if none is left.

        Args:
            timeout: the seconds that both may work together.
        """
        worker.used = self.used if self.used < timeout else 0.0
        return worker

    def end(self) -> None:
        """Kill the worker with all that it started, and remove its folder."""
        if not self.has_ended:
            self.link.signal("KILL")
            self._wait(_KILL_SECONDS)
            self._clean_up()

    def send(self, request: list[Any]) -> None:
        """Send a request that has no answer, or one that ``perform`` waits for."""
        try:
            self.link.send(request)
        except OSError:
            pass  # the worker has ended, and its end is reported next

    def _wait(self, seconds: float) -> tuple[int | None, list[str]] | None:
        """Wait for the worker to end; None if it does not."""
        deadline = real.perf_counter() + seconds
        ended = self.link.ended()
        while ended is None and real.perf_counter() < deadline:
            self.link.receive(0.05)  # what it still sends is dropped
            ended = self.link.ended()
        return ended

    def _report_end(self, status: int | None, left: list[str]) -> Iterator[list[Any]]:
        expected = self._conversation.is_finishing and self._conversation.is_answered
        stacks = self._last_words()
        if status == process_tree.ABORTED and stacks.startswith(_ABORTED_TEXT):
            status = -signal.SIGABRT
        text = _with_stacks(_end_text(status, left, expected=expected), stacks)
        yield from (["output", *output] for output in self._output.read(end=True))
        left = [*(f"process left running: {command}" for command in left), *self._folder.leftovers()]
        if status == 0 and self._conversation.is_finished:  # else a fixture or an exit handler has ended the process
            self._clean_up(clean=not left)
            yield ["exited", left]
        else:
            self._clean_up()
            yield self._died(text)

    def _died(self, text: str) -> list[Any]:
        return ["died", text, self._began, max(real.perf_counter() - self._began, 0.0)]

    def _time_out(self, text: str) -> Iterator[list[Any]]:
        self.link.signal("ABRT")
        aborted = self._wait(_ABORT_SECONDS)
        if aborted is None:
            self.link.signal("KILL")
            self._wait(_KILL_SECONDS)
        stacks = self._last_words().replace(f"{_ABORTED_TEXT}\n\n", "")
        yield from self._end_with(
            _with_stacks(f"timed out: {text}", stacks or "(no stacks: the process did not react)\n")
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
            self._output.empty()
            self._take_back(self._folder)
        else:
            self._folder.remove()


def _limit_of(request: list[Any]) -> tuple[float, str]:
    """The time-out of a request, and the reason for it; an infinite one if it has none of its own."""
    options = request[-1]
    seconds, reason = (options.get("timeout") if isinstance(options, dict) else None) or (math.inf, "")
    return seconds, reason


def _end_text(status: int | None, left: list[str], *, expected: bool) -> str:
    if status is None:
        return f"its process {left[0] if left else 'was lost'}"
    if status in _STATUS_TEXTS:
        return _STATUS_TEXTS[status]
    if status < 0:
        return f"ended by {process_tree.status_text(status)}{' while it exited' if expected else ''}"
    if expected and status:
        return f"its tests finished, but its process ended with {process_tree.status_text(status)}"
    return f"ended with {process_tree.status_text(status)} before it finished"


_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LOOPS = [_PACKAGE + os.path.join(*path) for path in (("_workers", "worker.py"), ("_pytest_host", "item_worker.py"))]


def _without_our_frames(stacks: str) -> str:
    """The stacks that faulthandler has written, without the frames between a test and the start of its process."""
    lines: list[str] = []
    in_worker = False
    for line in stacks.splitlines(keepends=True):
        in_worker = bool(line.strip()) and (in_worker or any(path in line for path in _LOOPS))
        if not in_worker and _PACKAGE not in line:
            lines.append(line)
    return _THREAD_WITHOUT_FRAMES.sub("", "".join(lines))


_THREAD_WITHOUT_FRAMES = re.compile(r"^(Current t|T)hread [^\n]*:\n(\n|\Z)", re.MULTILINE)  # one of our own


def _with_stacks(text: str, stacks: str) -> str:
    return f"{text}\n{stacks}".rstrip() if stacks else text

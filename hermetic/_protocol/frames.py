"""The conversation with a worker: which frames may come when, and the reader that takes them one by one.

The worker sends (kind, then arguments)

    started                                  a fresh interpreter is ready for its first request
    begin        id, started                 a test has started, at this time by perf_counter
    outcome      verdict, details            what a result is told: success, failure, error, skip, ...
    fixture      name, verdict, details      the outcome of a class or module fixture, or of a test that has ended
    unbegun      name, verdict, details      the test did not run, because this fixture failed or skipped before
    broken       details                     SystemExit or KeyboardInterrupt came out of a test or a fixture
    warning      text, category, file, line, the warnings module showed a warning, with this text in place of its line
                 source                      of source
    copy         id, what                    a forked copy of a test returned to the test runner
    leaks        what, changes               what a test that is not isolated changed and left behind
    host         kind, data                  what the part of hermetic for a host has to say, which checks it itself
    buffer                                   a fixture begins: its output is to be buffered
    release                                  the fixture is over
    written      sizes                       of the output files: the next frames were sent after this was written
    full                                     the output files are large: the supervisor has to empty them
    end          facts                       a test has ended: started, duration, methods, warned
    ready        changes, number             the request is done, the number-th one; what the test changed
    finished     facts                       the worker is about to exit: changes, warned

The supervisor adds

    output       stream, text                what the worker wrote
    died         text, started, duration     the worker has ended, or was ended, before it finished; its current test
                                             started then and has taken so many seconds
    exited       left                        the worker has exited as it should; what it left behind

The pool adds

    worker       number                      the worker that sends the frames of this answer

``Conversation`` checks all that comes from a worker, once, where it enters the process of the run. The code under test
runs in the worker and may write anything to its channel, so whatever takes a frame afterwards relies on this check.
"""

from __future__ import annotations

from .frame_kinds import KINDS
from .framing import ProtocolError
from .portable_errors import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

OTHER_KINDS = frozenset({"output", "died", "exited", "worker"})  # of the supervisor and the pool
_METHODS = {kind: f"on_{kind}" for kind in (*KINDS, *OTHER_KINDS)}
MAX_ANSWER_BYTES = 256_000_000  # more than one test reports, less than would fill the memory of the run


class Conversation:
    """What a worker has been asked for, and how much of it is answered.

    Attributes:
        asked: the number of requests so far, without those to finish.
        done: the number of them that are answered.
        is_finishing: whether the worker has been asked to finish.
        is_finished: whether the worker has said that it is about to exit.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.done = 0
        self.is_finishing = self.is_finished = False
        self._is_testing = False
        self._bytes = 0

    @property
    def is_answered(self) -> bool:
        """Whether every request is answered, except the one to finish."""
        return self.done == self.asked

    def ask(self, requests: Sequence[Sequence[Any]]) -> None:
        """Note the requests that are being sent."""
        self.asked += sum(request[0] != "finish" for request in requests)
        self.is_finishing = requests[-1][0] == "finish"

    def count(self, received: int) -> None:
        """Count bytes that have come.

        Raises:
            ProtocolError: the answer to one request is larger than ``MAX_ANSWER_BYTES``.
        """
        self._bytes += received
        if self._bytes > MAX_ANSWER_BYTES:
            raise ProtocolError(f"more than {MAX_ANSWER_BYTES} bytes for one test")

    def check(self, frame: list[Any]) -> None:
        """Check that a frame is well formed, and that it may come now."""
        kind = frame[0]
        if kind not in KINDS:
            raise ProtocolError(f"a frame of unknown kind: {cut(kind, 50)!r}")
        if not KINDS[kind](frame[1:]):
            raise ProtocolError(f"a frame of kind {kind!r} with wrong arguments")
        if self.is_finished or not self._may_come(kind, frame):
            raise ProtocolError(f"a frame of kind {kind!r} that came too early or twice")

    def _may_come(self, kind: str, frame: list[Any]) -> bool:
        if kind == "begin":
            self._is_testing = True  # begin may come twice: a class's own run() may call startTest as well
        elif kind == "end":
            was_testing, self._is_testing = self._is_testing, False
            return was_testing
        elif kind == "ready":
            self.done += 1
            self._bytes = 0
            return self.done == frame[2] <= self.asked and not self._is_testing
        elif kind == "finished":
            self.is_finished = True
            return self.is_finishing and self.is_answered and not self._is_testing
        return True


class FrameHandler:
    """Takes the frames of a worker, one by one, after they were checked.

    A subclass has a method ``on_KIND`` for each kind of frame that it needs, which gets the arguments of the frame.
    """

    def take(self, frame: Sequence[Any]) -> None:
        """Take a frame."""
        name = _METHODS.get(frame[0])
        if name is None:
            raise ProtocolError(f"no method takes frames of kind {frame[0]!r}")
        method = getattr(self, name, None)
        if method is not None:
            method(*frame[1:])

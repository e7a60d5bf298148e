"""Workers that are at work at the same time: each does one task after another, and what it answers is kept.

    Task    the requests of one worker, in steps; each step has an answer, the frames that came of it
    Pool    has tasks done by several workers at once, and hands on the answers to whoever wants them, in any order

There is no thread: who waits for an answer takes what all of the workers send meanwhile.
"""

from __future__ import annotations

from .._base import features, own_files, real
from .._protocol import framing
from .worker_link import IDLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .worker_link import Nursery, Worker

    Frames = list[list[Any]]

_MAX_KEPT_BYTES = 32_000_000  # of answers in memory: what comes on top of that is kept in a file
_LOOK_SECONDS = 0.05  # between two looks at a worker that has sent nothing
_SHARE = 0.5  # of what is left for each worker: a task that takes longer is begun before its turn


class Task:
    """What one worker does without a break.

    Args:
        steps: the requests of each; none any more of those that are done.
        own_process: whether it has a worker of its own, which is asked to finish by its last request.
        timeout: the seconds that it may take in all; of a task that shares its worker, that each step may take.
        what: is timed, for the text of a time-out.
        seconds: that it is likely to take.
        sandboxed: whether its worker is to be.

    Attributes:
        at: how many steps are done.
        is_begun: whether a worker has been asked.
    """

    def __init__(  # noqa: PLR0913 - what there is to know of a task
        self,
        steps: list[Frames],
        *,
        own_process: bool,
        timeout: float,
        what: str,
        seconds: float,
        sandboxed: bool = False,
    ) -> None:
        self.steps = steps
        self.own_process = own_process
        self.timeout = timeout
        self.what = what
        self.seconds = seconds
        self.sandboxed = sandboxed
        self.at = 0
        self.is_begun = False
        self.current: Frames = []  # the answer to the step that is being done, as far as it has come

    def rest(self) -> Frames:
        """The requests that have yet to be answered; none if all that is left is to tear down what has gone."""
        requests = [request for step in self.steps[self.at :] for request in step]
        return requests if any(request[0] == "run" for request in requests) else []


class Pool:
    """Has tasks done.

    Args:
        tasks: in the order in which they are likely to be wanted.
        size: how many workers may be at work.
        nursery: where workers come from.
        new_worker: makes one of them, for a task.
        is_stopping: whether the run is to end with the test that it is at.
        ends_run: whether a frame tells of what a run that fails fast ends with: what comes later is not begun.

    Attributes:
        hear: called with a task and each frame that comes of its step, when it comes.
        ends_at: when nobody waits for an answer any longer, by ``perf_counter``.
        has_stopped: whether nothing is begun any more; the answer of what was not begun is empty.
    """

    def __init__(  # noqa: PLR0913 - what a pool has to know of a run
        self,
        tasks: list[Task],
        *,
        size: int,
        nursery: Nursery,
        new_worker: Callable[[Task], Worker],
        is_stopping: Callable[[], bool],
        ends_run: Callable[[list[Any]], bool],
    ) -> None:
        self._size = size
        self._nursery = nursery
        self._new_worker = new_worker
        self._is_stopping = is_stopping
        self._ends_run = ends_run
        self._order = {id(task): position for position, task in enumerate(tasks)}
        self._last = float("inf")  # the position of the task that the run ends with, as far as that is known
        self.hear: Callable[[Task, list[Any]], None] | None = None
        self.ends_at = float("inf")
        self.has_stopped = False
        self._waiting = {id(task): task for task in tasks}
        self._by_length = sorted(tasks, key=lambda task: task.seconds)
        self._left = sum(task.seconds for task in tasks)
        self._at_work: list[_Place] = []
        self._free: list[tuple[bool, Worker]] = []  # and whether each is sandboxed
        self._looked = 0.0
        self._kept = _Kept()

    def answer(self, task: Task, step: int) -> Iterator[list[Any]]:
        """The frames of a step as they come, the number of its worker first; each answer is handed out once.

        Raises:
            TimeoutError: there is no time left to wait for them.
        """
        handed_on = 0
        while True:
            is_done = task.at > step
            frames = self._kept.take((id(task), step)) if is_done else task.current if task.at == step else []
            yield from frames[handed_on:]
            handed_on = len(frames)
            if is_done:
                return
            if real.perf_counter() >= self.ends_at:
                raise TimeoutError
            if self._order.get(id(task), 0) > self._last:
                self._last = float("inf")  # the run has not ended there
            self.go_on(task, _LOOK_SECONDS)
            if self.has_stopped and not task.is_begun:
                return

    def go_on(self, wanted: Task | None = None, seconds: float = 0.0) -> None:
        """Have workers begin what there is to be done, and take what they have sent.

        Args:
            wanted: the task that an answer is waited for; the first to be begun.
            seconds: to wait at most for something to take.
        """
        if self._is_stopping() and not self.has_stopped:
            self._stop()
        while len(self._at_work) < self._size and (task := self._next(wanted)) is not None:
            self._begin(task)
        links = {id(place.worker.link): place for place in self._at_work}
        ready = self._nursery.wait([place.worker.link for place in self._at_work], seconds)
        now = real.perf_counter()
        places = [links[id(link)] for link in ready]
        if now - self._looked > _LOOK_SECONDS:  # at their output and their time, too
            self._looked, places = now, [*self._at_work]
        for place in places:
            self._take(place)

    def _stop(self) -> None:
        """Have nothing begun any more: no task, and no test of those that are being done."""
        self.has_stopped = True
        self._waiting.clear()
        self._left = 0.0
        for place in self._at_work:
            place.worker.send(["stop"])

    def _end_after(self, task: Task) -> None:
        """The run ends with this task, unless it has ended before: have nothing begun that comes after it."""
        position = self._order.get(id(task), self._last)
        if position < self._last:
            self._last = position
            for place in self._at_work:
                if self._order.get(id(place.task), 0) > position:
                    place.worker.send(["stop"])

    def finish(self) -> Iterator[list[Any]]:
        """Have all workers exit that have nothing left to do, and hand on the frames that come of it."""
        last = []
        for _, worker in self._free:
            task = Task([[["finish"]]], own_process=True, timeout=float("inf"), what="a worker", seconds=0.0)
            last.append(task)
            self._ask(worker, task, task.steps[0])
        self._free.clear()
        for task in last:
            yield from self.answer(task, 0)

    def close(self) -> None:
        """End all workers at once."""
        for worker in (*(worker for _, worker in self._free), *(place.worker for place in self._at_work)):
            worker.end()
        self._kept.close()

    def _next(self, wanted: Task | None) -> Task | None:
        """The next task in their order, unless a long one must be begun now in order not to be waited for at the end.

        Longest first always would have the answers that are wanted first come last.
        """
        if wanted is not None and id(wanted) in self._waiting:
            return wanted
        first = next(iter(self._waiting.values()), None)
        if first is None or self._order[id(first)] > self._last:
            return None
        while id(self._by_length[-1]) not in self._waiting:
            self._by_length.pop()
        longest = self._by_length[-1]
        if self._order[id(longest)] > self._last:
            return first
        must_begin = longest.seconds > max(first.seconds, _SHARE * self._left / self._size)
        return longest if must_begin else first

    def _begin(self, task: Task) -> None:
        del self._waiting[id(task)]
        self._left -= task.seconds
        task.is_begun = True
        worker = (None if task.own_process else self._take_free(task)) or self._new_worker(task)
        self._ask(worker, task, task.rest())

    def _take_free(self, task: Task) -> Worker | None:
        for entry in reversed(self._free):
            if entry[0] == task.sandboxed:
                self._free.remove(entry)
                return entry[1]
        return None

    def _ask(self, worker: Worker, task: Task, requests: Frames) -> None:
        frames = worker.perform(requests, timeout=task.timeout, what=task.what, wait=False, each=not task.own_process)
        self._at_work.append(_Place(worker, task, frames))

    def _take(self, place: _Place) -> None:
        """Take what a worker has sent."""
        task = place.task
        for frame in place.frames:
            if frame is IDLE:
                return
            if not task.current:
                task.current.append(["worker", place.worker.number])
            task.current.append(frame)
            if self.hear is not None:
                self.hear(task, frame)
            if self._ends_run(frame):
                self._end_after(task)
            if frame[0] == "ready" and task.steps[task.at][-1][0] != "finish":
                self._end_step(task)
        self._at_work.remove(place)
        self._end_work(place.worker, task)

    def _end_step(self, task: Task) -> None:
        self._kept.put((id(task), task.at), task.current)
        task.current = []
        task.steps[task.at] = []
        task.at += 1

    def _end_work(self, worker: Worker, task: Task) -> None:
        """A worker has done all that it was asked for, or has ended: then another one does the rest."""
        if not worker.has_ended:
            self._free.append((task.sandboxed, worker))
            return
        if task.at < len(task.steps):
            self._end_step(task)
        rest = task.rest()
        if rest and self._order.get(id(task), 0) < self._last and not self.has_stopped:
            self._ask(worker.succeeded_by(self._new_worker(task), task.timeout), task, rest)
        else:
            while task.at < len(task.steps):
                self._end_step(task)


class _Place:
    """A worker at work."""

    def __init__(self, worker: Worker, task: Task, frames: Iterator[list[Any]]) -> None:
        self.worker = worker
        self.task = task
        self.frames = frames


class _Kept:
    """Keeps the answers that nobody has taken yet: in memory, and in a file when there are too many."""

    def __init__(self) -> None:
        self._answers: dict[Any, bytes | tuple[int, int]] = {}  # or where one is in the file, and its length
        self._bytes = 0
        self._path = ""
        self._file: Any = None

    def put(self, key: Any, frames: Frames) -> None:
        """Keep an answer."""
        data = framing.dump(frames)
        if self._bytes + len(data) <= _MAX_KEPT_BYTES:
            self._bytes += len(data)
            self._answers[key] = data
            return
        if self._file is None:
            self._path = own_files.new_file("hermetic-")
            self._file = real.open_file(self._path, "r+b")
            if not features.WINDOWS:  # which removes no file that is open
                real.unlink(self._path)  # nobody finds it any more
        self._file.seek(0, 2)
        self._answers[key] = self._file.tell(), len(data)
        self._file.write(data)

    def take(self, key: Any) -> Frames:
        """The answer; none for what was taken before."""
        kept = self._answers.pop(key, None)
        if kept is None:
            return []
        if isinstance(kept, tuple):
            self._file.seek(kept[0])
            kept = self._file.read(kept[1])
        else:
            self._bytes -= len(kept)
        frames: Frames = framing.load(kept)
        return frames

    def close(self) -> None:
        """Remove the file."""
        if self._file is not None:
            self._file.close()
            if features.WINDOWS:
                real.unlink(self._path)

"""A pool of workers that run at the same time: each does one task after another, and the answers are kept.

    Task    the requests for one worker, in steps; the answer of a step is the frames that came
    Pool    gives tasks to several workers, and hands out the answers in any order

There is no thread: the caller that waits for one answer takes the frames of all workers.
"""

from __future__ import annotations

from collections import deque

from .._base import real
from .._protocol.kept_answers import KeptAnswers
from .worker_link import IDLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .nursery import Nursery
    from .worker_link import Worker

    Frames = list[list[Any]]

_LOOK_SECONDS = 0.05  # between two looks at workers that have sent nothing
_SHARE = 0.5  # of the time that is left for each worker: a longer task is begun before its turn
# A worker gets several short tasks at once, because each message costs: twice as many as before, if those took less.
# In a run that fails fast it gets one, because the others might run after a failure.
_SHORT_SECONDS = 0.02  # that they are likely to take together
_MAX_STEPS = 500  # that are asked for at once: those after a crash are asked for again


class Task:
    """What one worker does without a break.

    Args:
        steps: the requests of each step; they are dropped when the step is done.
        own_process: whether the task has a worker to itself; its last request is then to finish.
        timeout: the seconds that the task may take; if it shares its worker, the seconds for each step.
        what: is timed, for the text of a time-out.
        seconds: the seconds that the task is likely to take.

    Attributes:
        at: the number of steps that are done.
    """

    def __init__(  # noqa: PLR0913 - one for each thing that a task consists of
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
        self.current: Frames = []  # the frames of the current step so far

    @property
    def is_done(self) -> bool:
        """Whether all steps are done."""
        return self.at == len(self.steps)

    def next_requests(self) -> Frames:
        """The next requests without an answer."""
        return [request for step in self.steps[self.at : self.at + _MAX_STEPS] for request in step]

    def has_tests(self) -> bool:
        """Whether a test is without an answer, and not only the end of fixtures."""
        return any(request[0] == "run" for step in self.steps[self.at :] for request in step)


class Pool:
    """Has workers do tasks.

    Args:
        tasks: the tasks, in the order in which their answers are likely to be wanted.
        new_worker: starts one of them for a task.
        is_stopping: whether the run ends with its current test.
        ends_run: whether a frame ends the run, so that no later task is begun; None for a run that does not fail fast.

    Attributes:
        hear: called with a task and a frame when the frame comes.
        ends_at: when waiting for answers ends, by ``perf_counter``.
        has_stopped: whether no task is begun any more; the answers of the others are empty.
    """

    def __init__(  # noqa: PLR0913 - one for each thing that a pool has to know
        self,
        tasks: list[Task],
        *,
        size: int,
        nursery: Nursery,
        new_worker: Callable[[Task], Worker],
        is_stopping: Callable[[], bool],
        ends_run: Callable[[list[Any]], bool] | None,
    ) -> None:
        self._size = size
        self._nursery = nursery
        self._new_worker = new_worker
        self._is_stopping = is_stopping
        self._ends_run = ends_run
        self._order = {id(task): position for position, task in enumerate(tasks)}
        self._last = float("inf")  # the position of the task that the run ends with, once it is known
        self.hear: Callable[[Task, list[Any]], None] | None = None
        self.ends_at = float("inf")
        self.has_stopped = False
        self._waiting = {id(task): task for task in tasks}
        self._queue = deque(tasks)  # in their order; those that do not wait any more are passed over
        self._by_length = sorted(tasks, key=lambda task: task.seconds)
        self._at_once = 1  # how many short tasks a worker gets
        self._left = sum(task.seconds for task in tasks)
        self._at_work: list[_Job] = []
        self._free: list[tuple[bool, Worker]] = []  # those without a task, and whether they are sandboxed
        self._looked = 0.0
        self._kept = KeptAnswers()

    def answer(self, task: Task, step: int) -> Iterator[list[Any]]:
        """Yield the frames of a step when they come, the number of its worker first; each answer is handed out once.

        Raises:
            TimeoutError: there is no time left to wait.
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
        """Give tasks to workers that are free, and take the frames that have come.

        Args:
            wanted: the task whose answer is waited for; it is begun first.
            seconds: the seconds to wait for a frame.
        """
        if self._is_stopping() and not self.has_stopped:
            self._stop()
        while len(self._at_work) < self._size and (task := self._next(wanted)) is not None:
            self._begin(task)
        links = {id(job.worker.link): job for job in self._at_work}
        ready = self._nursery.wait([job.worker.link for job in self._at_work], seconds)
        now = real.perf_counter()
        jobs = [links[id(link)] for link in ready]
        if now - self._looked > _LOOK_SECONDS:  # for their output and their time limits
            self._looked, jobs = now, [*self._at_work]
        for job in jobs:
            self._take(job)

    def _stop(self) -> None:
        """Begin no more tasks, and no more tests of those that are begun."""
        self.has_stopped = True
        self._waiting.clear()
        self._left = 0.0
        for job in self._at_work:
            job.worker.send(["stop"])

    def _end_after(self, task: Task) -> None:
        """Begin nothing that comes after this task, unless the run ends earlier."""
        position = self._order.get(id(task), self._last)
        if position < self._last:
            self._last = position
            for job in self._at_work:
                if self._order.get(id(job.task), 0) > position:
                    job.worker.send(["stop"])

    def finish(self) -> Iterator[list[Any]]:
        """Have all free workers exit, and yield the frames that come."""
        last = []
        for _, worker in self._free:
            task = Task([[["finish"]]], own_process=True, timeout=float("inf"), what="a worker", seconds=0.0)
            last.append(task)
            self._ask(worker, deque([task]))
        self._free.clear()
        for task in last:
            yield from self.answer(task, 0)

    def close(self) -> None:
        """End all workers at once."""
        for worker in (*(worker for _, worker in self._free), *(job.worker for job in self._at_work)):
            worker.end()
        self._kept.close()

    def _next(self, wanted: Task | None) -> Task | None:
        """The task to begin next: the first one, or a long one that the run would wait for at its end.

        To begin the longest task first always would have the answers that are wanted first come last.
        """
        if wanted is not None and id(wanted) in self._waiting:
            return wanted
        first = self._first()
        if first is None or self._order[id(first)] > self._last:
            return None
        while id(self._by_length[-1]) not in self._waiting:
            self._by_length.pop()
        longest = self._by_length[-1]
        if self._order[id(longest)] > self._last:
            return first
        must_begin = longest.seconds > max(first.seconds, _SHARE * self._left / self._size)
        return longest if must_begin else first

    def _first(self) -> Task | None:
        """The first task that waits."""
        while self._queue and id(self._queue[0]) not in self._waiting:
            self._queue.popleft()
        return self._queue[0] if self._queue else None

    def _begin(self, task: Task) -> None:
        tasks = self._with_others(task)
        for each in tasks:
            self._left -= each.seconds
            each.is_begun = True
        worker = (None if task.own_process else self._take_free(task)) or self._new_worker(task)
        self._ask(worker, deque(tasks))

    def _with_others(self, task: Task) -> list[Task]:
        """Take a task, and the next ones that its worker is to do as well, off those that wait."""
        del self._waiting[id(task)]
        found, seconds, most = [task], task.seconds, min(self._at_once, len(self._waiting) // self._size)
        while len(found) < most and not task.own_process and self._ends_run is None:
            other = self._first()
            if other is None or other.own_process or other.sandboxed != task.sandboxed:
                break
            seconds += other.seconds
            if seconds > _SHORT_SECONDS or self._order[id(other)] > self._last:
                break
            found.append(self._waiting.pop(id(other)))
        return found

    def _take_free(self, task: Task) -> Worker | None:
        for entry in reversed(self._free):
            if entry[0] == task.sandboxed:
                self._free.remove(entry)
                return entry[1]
        return None

    def _ask(self, worker: Worker, tasks: deque[Task]) -> None:
        """Have a worker do the rest of the first task, and the other tasks."""
        task = tasks[0]
        requests = [request for each in tasks for request in each.next_requests()]
        frames = worker.perform(requests, timeout=task.timeout, what=task.what, wait=False, each=not task.own_process)
        self._at_work.append(_Job(worker, tasks, frames))

    def _take(self, job: _Job) -> None:
        """Take the frames that a worker has sent."""
        for frame in job.frames:
            if frame is IDLE:
                return
            task = job.task
            if not task.current:
                task.current.append(["worker", job.worker.number])
            task.current.append(frame)
            if self.hear is not None:
                self.hear(task, frame)
            if self._ends_run is not None and self._ends_run(frame):
                self._end_after(task)
            if frame[0] == "ready" and task.steps[task.at][-1][0] != "finish":
                self._end_step(task)
                if task.is_done and len(job.tasks) > 1:
                    job.tasks.popleft()
        self._at_work.remove(job)
        self._end_work(job)

    def _end_step(self, task: Task) -> None:
        self._kept.put((id(task), task.at), task.current)
        task.current = []
        task.steps[task.at] = []
        task.at += 1

    def _end_work(self, job: _Job) -> None:
        """Note that a worker is done; if it has ended before that, have another one do the rest."""
        task, worker = job.task, job.worker
        if not worker.has_ended:
            if task.is_done:
                self._note_pace(job)
                self._free.append((task.sandboxed, worker))
            else:
                self._ask(worker, job.tasks)
            return
        job.tasks.popleft()
        self._put_back(job.tasks)
        if not task.is_done:
            self._end_step(task)
        if task.has_tests() and self._order.get(id(task), 0) < self._last and not self.has_stopped:
            self._ask(worker.succeeded_by(self._new_worker(task), task.timeout), deque([task]))
        else:
            while not task.is_done:
                self._end_step(task)

    def _put_back(self, tasks: deque[Task]) -> None:
        """Have tasks wait again that a worker was to do, unless nothing is begun any more."""
        for task in reversed(tasks):
            task.is_begun = False
            if not self.has_stopped:
                self._waiting[id(task)] = task
                self._left += task.seconds
                self._queue.appendleft(task)
                self._by_length.insert(0, task)

    def _note_pace(self, job: _Job) -> None:
        """Give workers more tasks at once if those of a job took little time, and only one if they did not."""
        is_quick = real.perf_counter() - job.began < _SHORT_SECONDS
        self._at_once = max(self._at_once, 2 * job.size) if is_quick else 1


class _Job:
    """What a worker is at: a task, and those that it is to do next."""

    def __init__(self, worker: Worker, tasks: deque[Task], frames: Iterator[list[Any]]) -> None:
        self.worker = worker
        self.tasks = tasks
        self.frames = frames
        self.began = real.perf_counter()
        self.size = len(tasks)  # at the beginning

    @property
    def task(self) -> Task:
        """The current task."""
        return self.tasks[0]

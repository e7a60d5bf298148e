"""Patches multiprocessing.Pool: when a worker dies, whatever waits for a result of the Pool gets an error.

Without the patch, the task of the worker is lost, and its caller waits for ever. A worker dies when a task calls
``sys.exit`` or ``os._exit``, crashes, or cannot be unpickled, and when its initializer fails. All results that are
pending get the error, as with a ProcessPoolExecutor, because it is not known which task was lost. The Pool replaces the
worker, and can be used again.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from contextvars import ContextVar

from ..._base import real
from . import starts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_THROTTLE = 0.05  # seconds before a dead worker is replaced: one whose initializer fails is replaced for ever
_LOST_ITS_TASK = 70  # the exit status of a worker whose task has asked for 0

_results: ContextVar[dict[int, Any]] = ContextVar("hermetic_pool_results")  # those that a Pool's own thread waits for


def patch_pools(pool: Any) -> None:
    """Watch the workers of every Pool that is created from now on."""
    cls = pool.Pool
    if hasattr(cls._join_exited_workers, "__hermetic_guard__"):
        return
    cls._handle_workers = classmethod(_handling(cls._handle_workers.__func__))
    cls._join_exited_workers = staticmethod(_joining(cls._join_exited_workers))
    process: Any = sys.modules["multiprocessing.process"].BaseProcess
    process.run = _watched_run(process.run, pool.worker)


def _handling(handle: Callable[..., None]) -> Callable[..., None]:
    """Wrap the function that runs in a Pool's own thread."""

    @functools.wraps(handle)
    def handle_workers(cls: Any, cache: Any, *args: Any) -> None:
        _results.set(cache)
        try:
            handle(cls, cache, *args)
        except Exception as error:  # a worker could not be replaced: nobody would look after the others any more
            _fail_jobs(list(cache.values()), error)
            args[_TASKS].put(None)  # what `terminate` waits for
            raise

    return handle_workers


def _joining(join: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Wrap the function that removes dead workers from the list, and is called in the Pool's own thread."""

    @functools.wraps(join)
    def join_exited_workers(workers: Any) -> bool:
        if any(worker.exitcode for worker in workers):
            real.sleep(_THROTTLE)  # while they are still in the list: an empty one is more than `map` can stand
        before = list(workers)
        cleaned = join(workers)
        dead = [worker for worker in before if worker not in workers and worker.exitcode]
        waiting = list(_results.get({}).values())
        if dead and waiting:
            _fail(dead[0], waiting)
        return cleaned

    join_exited_workers.__hermetic_guard__ = True  # type: ignore[attr-defined]
    return join_exited_workers


_TASKS = 0  # where the queue of tasks stands among the arguments of _handle_workers that follow the cache


def _fail(worker: Any, jobs: list[Any]) -> None:
    """Give an error to everything that waits for a result of a Pool."""
    _fail_jobs(jobs, starts.checks().lost_worker(worker))


def _fail_jobs(jobs: list[Any], error: Exception) -> None:
    for job in jobs:
        with contextlib.suppress(KeyError):  # it has come to its end meanwhile
            _fail_job(job, error)


def _fail_job(job: Any, error: Exception) -> None:
    if not hasattr(job, "_cond"):
        job._number_left = 1  # of map: it need not wait for what the other workers bring
        job._set(0, (False, error))
        return
    job._set(job._index, (False, error))  # of imap: the next one that is asked for, and the last
    if job._length is not None:
        job._set_length(job._index)


def _watched_run(run: Callable[[Any], Any], worker: Any) -> Callable[[Any], Any]:
    """``BaseProcess.run``, in the child: a worker of a Pool that ends in the middle of a task does not exit with 0."""

    @functools.wraps(run)
    def guarded_run(self: Any) -> None:
        if self._target is not worker:
            run(self)
            return
        exit_process = os._exit
        os._exit = lambda status: exit_process(status or _LOST_ITS_TASK)
        try:
            run(self)
        except SystemExit as error:
            raise SystemExit(error.code or _LOST_ITS_TASK) from error
        finally:
            os._exit = exit_process

    return guarded_run

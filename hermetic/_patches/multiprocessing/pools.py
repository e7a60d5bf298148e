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

from ..._base import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_THROTTLE = 0.05  # seconds before a dead worker is replaced: one whose initializer fails is replaced for ever
_LOST_ITS_TASK = 70  # the exit status of a worker whose task has asked for 0

_waiting: dict[int, tuple[Any, Any]] = {}  # by the id of a Pool's list of workers: the list, and the results to come


def watch(pool: Any) -> None:
    """Look after every Pool that is made from now on."""
    cls = pool.Pool
    if hasattr(cls._join_exited_workers, "__hermetic_guard__"):
        return
    handle, join = cls._handle_workers.__func__, cls._join_exited_workers

    @functools.wraps(handle)
    def handle_workers(cls: Any, cache: Any, *args: Any) -> None:
        tasks, workers = args[_TASKS], args[_WORKERS]
        _waiting[id(workers)] = workers, cache
        try:
            handle(cls, cache, *args)
        except Exception as error:  # a worker could not be replaced: nobody would look after the others any more
            _fail_jobs(list(cache.values()), error)
            tasks.put(None)  # what `terminate` waits for
            raise
        finally:
            del _waiting[id(workers)]

    @functools.wraps(join)
    def join_exited_workers(workers: Any) -> bool:
        if any(worker.exitcode for worker in workers):
            real.sleep(_THROTTLE)  # while they are still in the list: an empty one is more than `map` can stand
        before = list(workers)
        cleaned: bool = join(workers)
        dead = [worker for worker in before if worker not in workers and worker.exitcode]
        waiting = list(_waiting[id(workers)][1].values()) if id(workers) in _waiting else []
        if dead and waiting:
            _fail(dead[0], waiting)
        return cleaned

    join_exited_workers.__hermetic_guard__ = True  # type: ignore[attr-defined]
    cls._handle_workers = classmethod(handle_workers)
    cls._join_exited_workers = staticmethod(join_exited_workers)
    process: Any = sys.modules["multiprocessing.process"].BaseProcess
    process.run = _watched_run(process.run, pool.worker)


_TASKS, _WORKERS = 0, 4  # where they stand among the arguments of _handle_workers that follow the cache


def _fail(worker: Any, jobs: list[Any]) -> None:
    """Have all that waits for a result of a Pool get an error."""
    from . import process_checks  # saves 8 ms in children

    _fail_jobs(jobs, process_checks.lost_worker(worker, _status_text(worker.exitcode)))


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


def _status_text(code: int) -> str:
    return f"exit status {code}" if code > 0 else f"signal {-code}"


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

"""Where the workers of a run come from.

a run of ours         a zygote that is this process, forked before the first test: it has loaded every test
under other runners   for each test module, a zygote that is an interpreter of its own and has imported the module
where fork is unsafe  fresh interpreters, the next of which is started ahead of need
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import warnings

from .._base import features
from .._base.errors import HermeticWarning
from .._isolation import process_tree
from .._rules import groups
from .._settings.current_run import current_run
from . import context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .._isolation.nursery import ZygoteNursery
    from .._isolation.pipes import PipeNursery
    from .._isolation.worker_link import NoNursery, Worker

__unittest = True

_MAX_ZYGOTES = 4  # of modules, that are kept for tests yet to come
_IMPORT_SECONDS = 60.0


class Workers:
    """The nurseries of this process, and the workers that wait in them."""

    def __init__(self) -> None:
        self._forked: ZygoteNursery | None = None
        self._tests: dict[int, Any] = {}  # by their id(): those that the forked zygote has loaded
        self._zygotes: dict[str, ZygoteNursery] = {}  # by the module that they have imported
        self._starting: ZygoteNursery | PipeNursery | NoNursery | None = None  # what starts fresh interpreters
        self._fresh: set[str] = set()  # the modules whose tests need those
        self._spares: dict[tuple[str, bool], Worker] = {}  # by the module, and whether it is sandboxed
        self._used: list[tuple[Worker, ZygoteNursery]] = []

    def fork(self, tests: Iterable[Any], suite: Any = None) -> None:
        """Make this process, as it is now, the zygote, if that is safe.

        Args:
            tests: all that are loaded.
            suite: that holds them, if workers are to be shared by tests.
        """
        if _start_fresh() or process_tree.thread_count() != 1:
            return
        from .._isolation.nursery import ZygoteNursery  # for Linux alone
        from . import worker

        self._tests = {id(test): test for test in tests}
        work = functools.partial(worker.work, tests=self._tests, suite=suite)
        with contextlib.suppress(OSError):  # those that will be wanted, if any are, say why there can be none
            self._forked = ZygoteNursery.fork(work, worker.warm_up)

    def address_of(self, test: Any) -> dict[str, Any] | None:
        """The address of a test that the forked zygote has loaded; None for others."""
        if self._forked is None or not self._forked.is_usable or id(test) not in self._tests:
            return None
        return {"number": id(test)}

    def new(self, module: str, *, sandboxed: bool = False) -> Worker:
        """A worker that has imported a module, or is about to; one of the forked zygote, without a module.

        Args:
            module: the module's name; empty for none.
            sandboxed: whether the kernel is to hold it to the sizes of its tests.
        """
        if not module:
            assert self._forked is not None
            return self._forked.new_worker(fresh=False, sandboxed=sandboxed)
        zygote = None if module in self._fresh else self._zygote_of(module)
        if zygote is not None:
            worker = zygote.new_worker(fresh=False, sandboxed=sandboxed)
            self._used = [(other, its) for other, its in self._used if not other.has_ended] + [(worker, zygote)]
            return worker
        self._fresh.add(module)
        self._drop_lost()
        key = module, sandboxed
        spare = self._spares.pop(key, None)
        worker = self._start(*key) if spare is None or spare.has_ended else spare
        self._spares[key] = self._start(*key)  # it imports while this one works
        return worker

    def for_pool(self) -> tuple[ZygoteNursery | PipeNursery | NoNursery, bool]:
        """A nursery for workers that are at work at the same time, and whether they are to be fresh interpreters."""
        if self._forked is not None and self._forked.is_usable:
            return self._forked, False
        self._drop_lost()
        self._starting = self._starting or _starter()
        return self._starting, True

    def _drop_lost(self) -> None:
        """Let go of a starter that a test has ended, and of the workers that waited in it: they ended with it."""
        if self._starting is not None and not self._starting.is_usable:
            for spare in self._spares.values():
                spare.end()
            self._spares.clear()
            self._starting.close()
            self._starting = None

    def close(self) -> None:
        """End everything."""
        for spare in self._spares.values():
            spare.end()
        for nursery in (self._forked, self._starting, *self._zygotes.values()):
            if nursery is not None:
                nursery.close()

    def _zygote_of(self, module: str) -> ZygoteNursery | None:
        """The zygote of a module; None if it could not be forked: then its tests need fresh interpreters."""
        zygote = self._zygotes.get(module)
        if zygote is not None and zygote.is_usable:
            return zygote
        if zygote is not None:  # a test has ended it
            self._zygotes.pop(module).close()
        if _start_fresh():
            return None
        from .._isolation.nursery import ZygoteNursery  # for Linux alone

        self._close_unused()
        try:
            zygote = ZygoteNursery.start()
        except OSError:
            return None  # nor can a fresh one be: that tells why
        answer = zygote.ask(["context", context_of(module)], _IMPORT_SECONDS)
        threads = answer[0] if answer else 0
        if threads != 1:
            zygote.close()
            if threads > 1:
                _tell_of_threads(module, threads, first=not self._fresh)
            return None
        self._zygotes[module] = zygote
        return zygote

    def _close_unused(self) -> None:
        in_use = [zygote for worker, zygote in self._used if not worker.has_ended]
        for module, zygote in [*self._zygotes.items()]:
            if len(self._zygotes) >= _MAX_ZYGOTES and zygote not in in_use:
                del self._zygotes[module]
                zygote.close()

    def _start(self, module: str, sandboxed: bool) -> Worker:  # noqa: FBT001 - as the keys of spares are
        if self._starting is None:
            self._starting = _starter()
        worker = self._starting.new_worker(fresh=True, sandboxed=sandboxed)
        worker.send(["context", context_of(module)])
        return worker


def _starter() -> ZygoteNursery | PipeNursery | NoNursery:
    if not features.LINUX:
        from .._isolation.pipes import PipeNursery  # each for its own systems

        return PipeNursery()
    from .._isolation.nursery import ZygoteNursery  # as above
    from .._isolation.worker_link import NoNursery

    try:
        zygote = ZygoteNursery.start()
    except OSError as error:
        return NoNursery(error)
    if zygote.ask(["nothing"], _IMPORT_SECONDS) is None:
        zygote.close()
        return NoNursery(f"sys.executable, {sys.executable}, does not start as a Python that has hermetic")
    return zygote


def _start_fresh() -> bool:
    """Whether workers are fresh interpreters, and never forked from this process."""
    return not features.LINUX or current_run.imports_are_kept_apart or current_run.settings.isolated_start == "fresh"


def context_of(module: str) -> dict[str, Any]:
    """What an interpreter is told that is to import a module, or none yet, for an empty name."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return context.describe(module, file and os.path.abspath(file), groups.surroundings)


def _tell_of_threads(module: str, threads: int, *, first: bool) -> None:
    """Say once why things take longer."""
    text = (
        f"the isolated tests of {module} start fresh interpreters, which takes longer: its imports have started"
        f" {threads - 1} threads, and a process with threads cannot be forked safely"
    )
    try:
        if first:
            warnings.warn_explicit(text, HermeticWarning, module, 1)
    except HermeticWarning:
        sys.stderr.write(f"hermetic: {text}\n")  # the filters make errors of warnings, and this is none

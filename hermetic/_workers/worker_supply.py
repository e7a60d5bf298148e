"""The supply of workers: which nursery a worker for a test comes from.

a run of hermetic's   a zygote that is a fork of this process from before the first test, and has loaded every test
under other runners   for each test module, a zygote that is an interpreter of its own and has imported the module
where fork is unsafe  fresh interpreters; the next one is started ahead of need
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
from .._isolation.nursery import NoNursery, Nursery
from .._rules import groups
from .._settings.current_run import current_run
from . import context, worker

if not features.LINUX:
    from .._isolation.pipe_nursery import PipeNursery
else:
    from .._isolation.zygote_nursery import ZygoteNursery

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .._isolation.worker_link import Worker

_MAX_ZYGOTES = 4  # that are kept for later tests of their modules
_IMPORT_SECONDS = 60.0
_HASH_SEEDS = 2**32  # from 0


class WorkerSupply:
    """The nurseries of this process, and the workers that wait to be used."""

    def __init__(self) -> None:
        groups.note_surroundings()
        self._forked: ZygoteNursery | None = None
        self._tests: dict[int, Any] = {}  # those that the forked zygote has loaded, by their id()
        self._zygotes: dict[str, ZygoteNursery] = {}  # by the name of the module that they have imported
        self._starting: Nursery | None = None  # starts fresh interpreters
        self._reseeded: Nursery | None = None  # as above, with other hashes
        self._fresh: set[str] = set()  # the modules whose tests need fresh interpreters
        self._spares: dict[tuple[str, bool], Worker] = {}  # by the name of their module, and whether they are sandboxed
        self._used: list[tuple[Worker, ZygoteNursery]] = []

    def fork(self, tests: Iterable[Any], suite: Any = None) -> None:
        """Fork a zygote off this process, as it is now, if that is safe."""
        if _start_fresh() or process_tree.thread_count() != 1:
            return
        self._tests = {id(test): test for test in tests}
        with contextlib.suppress(OSError):  # the first worker that is needed says why it cannot be started
            self._forked = ZygoteNursery.fork(functools.partial(worker.warm_up, self._tests, suite))

    def address_of(self, test: Any) -> dict[str, Any] | None:
        """The address of a test that the forked zygote has loaded; None for other tests."""
        if self._forked is None or not self._forked.is_usable or id(test) not in self._tests:
            return None
        return {"number": id(test)}

    def new(self, module: str, *, sandboxed: bool = False) -> Worker:
        """Start a worker that imports a module, or has imported it; without a module, one of the forked zygote."""
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
        self._spares[key] = self._start(*key)  # it imports the module while this one works
        return worker

    def new_with_other_hashes(self, module: str, *, sandboxed: bool) -> Worker:
        """Start a worker that imports a module, in an interpreter in which texts have other hashes than here."""
        if self._reseeded is None or not self._reseeded.is_usable:
            seed = hash_seed()
            self._reseeded = _starter(str((int(seed) + 1) % _HASH_SEEDS) if seed else "")
        return self._importing(module, self._reseeded.new_worker(fresh=True, sandboxed=sandboxed))

    def for_pool(self) -> tuple[Nursery, bool]:
        """A nursery for workers that run at the same time, and whether they have to be fresh interpreters."""
        if self._forked is not None and self._forked.is_usable:
            return self._forked, False
        self._drop_lost()
        self._starting = self._starting or _starter()
        return self._starting, True

    def _drop_lost(self) -> None:
        """Drop a nursery that a test has ended, with the workers that waited there and ended as well."""
        if self._starting is not None and not self._starting.is_usable:
            for spare in self._spares.values():
                spare.end()
            self._spares.clear()
            self._starting.close()
            self._starting = None

    def close(self) -> None:
        """End all workers that wait, and all nurseries."""
        for spare in self._spares.values():
            spare.end()
        for nursery in (self._forked, self._starting, self._reseeded, *self._zygotes.values()):
            if nursery is not None:
                nursery.close()

    def _zygote_of(self, module: str) -> ZygoteNursery | None:
        """The zygote of a module; None if it cannot be forked safely, so that tests need fresh interpreters."""
        zygote = self._zygotes.get(module)
        if zygote is not None and zygote.is_usable:
            return zygote
        if zygote is not None:  # a test has ended it
            self._zygotes.pop(module).close()
        if _start_fresh():
            return None
        self._close_unused()
        try:
            zygote = ZygoteNursery.start()
        except OSError:
            return None  # a fresh interpreter cannot be started, either, and says why
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

    def _start(self, module: str, sandboxed: bool) -> Worker:  # noqa: FBT001 - the parts of a key
        if self._starting is None:
            self._starting = _starter()
        return self._importing(module, self._starting.new_worker(fresh=True, sandboxed=sandboxed))

    @staticmethod
    def _importing(module: str, worker: Worker) -> Worker:
        worker.send(["context", context_of(module)])
        return worker


def hash_seed() -> str:
    """The seed for hashes that the environment gives to this interpreter; empty for a random one."""
    seed = "" if sys.flags.ignore_environment else os.environ.get("PYTHONHASHSEED", "")
    return seed if seed.isdigit() else ""


def _starter(seed: str = "") -> Nursery:
    """A nursery for fresh interpreters; ``seed`` as of ``ZygoteNursery.start``."""
    if not features.LINUX:
        return PipeNursery(seed)
    try:
        zygote = ZygoteNursery.start(seed)
    except OSError as error:
        return NoNursery(error)
    if zygote.ask(["nothing"], _IMPORT_SECONDS) is None:
        zygote.close()
        return NoNursery(f"sys.executable ({sys.executable}) does not start, or cannot import hermetic")
    return zygote


def _start_fresh() -> bool:
    """Whether workers are always fresh interpreters."""
    return not features.LINUX or current_run.imports_are_kept_apart or current_run.settings.isolated_start == "fresh"


def context_of(module: str) -> dict[str, Any]:
    """The context for an interpreter that is to import a module, or none yet if the name is empty."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return context.describe_context(module, file and os.path.abspath(file), current_run.surroundings)


def _tell_of_threads(module: str, threads: int, *, first: bool) -> None:
    """Say once why fresh interpreters are started."""
    text = (
        f"isolated tests of {module} run in fresh interpreters, which is slower: importing the module started"
        f" {threads - 1} threads, and a process with threads cannot be forked safely; start them later, or set"
        " isolated_start = fresh"
    )
    try:
        if first:
            warnings.warn_explicit(text, HermeticWarning, module, 1)
    except HermeticWarning:
        sys.stderr.write(f"hermetic: {text}\n")  # the filters turn warnings into errors, but this is none

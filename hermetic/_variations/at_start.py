"""Runs first in the Python programs of a run whose time is varied, as their ``sitecustomize``.

    VARY_DELAYS   makes sleeps longer, and makes threads and programs start late
    FAKETIME      replaces time.sleep, which fails under libfaketime from Python 3.11 on

It is copied to a new folder on the path. Tests may start programs with any Python, so this file must run in each.
"""

import importlib
import os
import select
import sys
import threading
import time

_SECONDS_LATE = 0.2
_TIMES_AS_LONG, _SECONDS_MORE = 3, 0.05
_sleep = time.sleep


def _let_delays_in():  # type: () -> None
    original = threading.Thread.start

    def start(self):  # type: (threading.Thread) -> None
        run = self.run

        def run_late():  # type: () -> None
            _sleep(_SECONDS_LATE)
            run()

        self.run = run_late  # type: ignore[method-assign]
        original(self)

    def sleep(seconds):  # type: (float) -> None
        _sleep(seconds * _TIMES_AS_LONG + _SECONDS_MORE if seconds > 0 else seconds)

    threading.Thread.start = start  # type: ignore[method-assign]
    time.sleep = sleep  # type: ignore[assignment]
    if "HERMETIC_VARIED_RUN" not in os.environ:  # in programs that tests start
        _sleep(_SECONDS_LATE * 2)


def _sleep_by_select(seconds):  # type: (float) -> None
    select.select([], [], [], seconds)


_sleep_by_select.__module__ = "time"  # so that hermetic takes it for the original: its own waits would fail, too


def _run_hidden():  # type: () -> None
    """Import the ``sitecustomize`` that this file hides."""
    own = sys.modules.pop("sitecustomize", None)
    folder = os.path.dirname(os.path.abspath(__file__))
    path, sys.path[:] = list(sys.path), [entry for entry in sys.path if entry != folder]
    try:
        importlib.import_module("sitecustomize")
    except ImportError:
        pass
    finally:
        sys.path[:] = path
        if own is not None:
            sys.modules.setdefault("sitecustomize", own)


if __name__ == "sitecustomize":
    if "FAKETIME" in os.environ:
        _sleep = time.sleep = _sleep_by_select  # type: ignore[assignment]
    if "VARY_DELAYS" in os.environ:
        _let_delays_in()
    _run_hidden()

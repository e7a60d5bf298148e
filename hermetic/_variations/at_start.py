"""Runs first in the Python programs of a run whose time is varied, as their ``sitecustomize``.

    VARY_DELAYS   sleeps last longer, threads begin their work late, programs start late
    FAKETIME               sleeps work under libfaketime, which lets those of Python 3.11 and newer fail

It is copied to a new folder on the path. Programs may run it with any Python, so it has to be able to run it.
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

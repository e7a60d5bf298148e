"""What a Python program runs first that a test has started: it is put under the policy of the test.

The folder of this file stands first in the PYTHONPATH that the program is given, and what it is to do in
HERMETIC_CHILD. Both are taken back, and the sitecustomize that this one hides is run: the program sees neither.
"""

from __future__ import annotations

import importlib
import os
import sys


def _take_back(folder: str) -> None:
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    rest = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry != folder]
    if any(rest):
        os.environ["PYTHONPATH"] = os.pathsep.join(rest)
    else:
        os.environ.pop("PYTHONPATH", None)


def _run_hidden() -> None:
    own = sys.modules.pop("sitecustomize", None)
    try:
        importlib.import_module("sitecustomize")  # the next one on the path
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        if own is not None:
            sys.modules.setdefault("sitecustomize", own)


_code = os.environ.pop("HERMETIC_CHILD", None)
if _code is not None:
    _take_back(os.path.dirname(os.path.abspath(__file__)))
    try:
        exec(_code, {"__name__": "hermetic_boot"})  # noqa: S102 - as our part of multiprocessing's preparation data
    except Exception as _error:  # noqa: BLE001 - a Python that cannot run hermetic must run its program all the same
        sys.stderr.write(f"hermetic: this process is not under the policy of its test: {_error!r}\n")
    _run_hidden()

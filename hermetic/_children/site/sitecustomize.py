"""Runs first in Python programs that a test starts, and puts them under the policy of the test.

The folder of this file is the first entry of the program's PYTHONPATH, and HERMETIC_CHILD holds the code to run. Both
are removed again, and the sitecustomize that this file hides is imported, so that the program sees neither. A Python
that hermetic does not support passes both on to the programs that it starts, so it has to be able to run this file.
"""

import importlib
import os
import sys

_IS_SUPPORTED = sys.version_info >= (3, 10) and sys.implementation.name == "cpython"  # as _base.supported_python


def _take_back(folder):  # type: (str) -> str | None
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    if not _IS_SUPPORTED:
        return None
    rest = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry != folder]
    if any(rest):
        os.environ["PYTHONPATH"] = os.pathsep.join(rest)
    else:
        os.environ.pop("PYTHONPATH", None)
    return os.environ.pop("HERMETIC_CHILD", None)


def _run_hidden():  # type: () -> None
    own = sys.modules.pop("sitecustomize", None)
    try:
        importlib.import_module("sitecustomize")  # the next one on the path
    except ImportError as error:
        if getattr(error, "name", "sitecustomize") != "sitecustomize":  # Python 2 does not say, and never minds
            raise
    finally:
        if own is not None:
            sys.modules.setdefault("sitecustomize", own)


if "HERMETIC_CHILD" in os.environ:
    _code = _take_back(os.path.dirname(os.path.abspath(__file__)))
    if _code is not None:
        exec(_code, {"__name__": "hermetic_boot"})  # noqa: S102 - the code that hermetic has put there
    _run_hidden()

"""Variations of the Python interpreter: hash seed, encodings, options, limits."""

from __future__ import annotations

import gc
import random
import sys
import unittest
import warnings

from .._base import features
from .variation import Variation, cannot_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _hash_seed(seed: str) -> Variation:
    sets = f"PYTHONHASHSEED={seed}: another order of sets of text"
    return Variation("hash-seed", seed, sets, {"PYTHONHASHSEED": seed})


class _StrictSuite(unittest.TestSuite):
    """A suite whose tests turn warnings into errors; runners set the filters just before they run a suite."""

    def run(self, result: Any, debug: bool = False) -> Any:  # noqa: FBT001, FBT002 - unittest's signature
        warnings.simplefilter("error")
        return super().run(result, debug)


def _error_on_warnings(suite: Any) -> Any:
    return _StrictSuite(suite)


def _collect_nothing(_: Any) -> None:
    gc.disable()


def _collect_eagerly(_: Any) -> None:
    gc.set_threshold(1)


def _limit_recursion(_: Any) -> None:
    sys.setrecursionlimit(300)


def _switch_often(_: Any) -> None:
    sys.setswitchinterval(1e-6)


def _seed_random(_: Any) -> None:
    random.seed(1)


def _python(version: str) -> Variation:
    """Another Python on the PATH."""
    program = f"python{version}"

    def reason() -> str:
        if features.PYTHON_VERSION.startswith(f"{version}."):
            return f"this is Python {version}"
        return cannot_run(program, "-c", "pass")

    return Variation("python", version, f"{program} runs the tests", program=program, on_request=True, reason=reason)


VARIATIONS = (
    *map(_hash_seed, ("1", "2", "3")),
    Variation("optimize", "O", "python -O: no assert statements", {"PYTHONOPTIMIZE": "1"}),
    Variation("optimize", "OO", "python -OO: no docstrings either", {"PYTHONOPTIMIZE": "2"}, is_apart=True),
    Variation("bytes-warning", "error", "python -bb: comparing bytes with text is an error", options=("-bb",)),
    Variation(
        "dev-mode", "on", "python -X dev: more warnings, and debug hooks", {"PYTHONDEVMODE": "1"}, group="warnings"
    ),
    Variation(
        "warnings", "error", "warnings are errors, once the tests are loaded", within=_error_on_warnings, is_apart=True
    ),
    Variation("garbage", "off", "gc.disable()", within=_collect_nothing),
    Variation("garbage", "eager", "gc.set_threshold(1)", within=_collect_eagerly, slows=3.0),
    Variation("recursion", "300", "sys.setrecursionlimit(300)", within=_limit_recursion),
    Variation("thread-switch", "1e-6", "sys.setswitchinterval(1e-6)", within=_switch_often),
    *map(_python, ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")),
    Variation("random", "seeded", "random.seed(1) before the first test", within=_seed_random),
)

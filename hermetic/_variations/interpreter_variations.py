"""Variations of the Python interpreter: hash seed, encodings, options, limits."""

from __future__ import annotations

import gc
import random
import sys
import warnings

from .variation import Variation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _hash_seed(seed: str) -> Variation:
    sets = f"PYTHONHASHSEED={seed}: another order of sets of text"
    return Variation("hash-seed", seed, sets, {"PYTHONHASHSEED": seed})


def _error_on_warnings(_: Any) -> None:
    warnings.simplefilter("error")


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
    Variation("random", "seeded", "random.seed(1) before the first test", within=_seed_random),
)

"""Finds the name that ``mock.patch`` has to replace for a call: the one by which the caller reaches the function.

The names that the code of the caller uses are followed through its module, without running any code of the user's. What
they lead to is compared with the functions that are running. A name that leads nowhere is not proposed.
"""

from __future__ import annotations

import builtins
import functools
import re
import sys
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any

    Found = tuple[str, str, Any]  # a chain of names as the code has it, what to patch for it, and the object

_MAX_NAMES = 4  # in a chain, such as concurrent.futures.ProcessPoolExecutor

# What runs the functions of others: modules, and functions of asyncio.
_CARRIERS = frozenset("unittest contextlib contextvars functools threading tenacity".split())
_CARRYING = frozenset("run run_until_complete run_forever _run_once _run run_coroutine_threadsafe".split())


def patch_target(caller: FrameType, callees: list[FrameType], api: str, sources: list[str]) -> str:
    """Find the name to patch; empty if there is none that surely works.

    Args:
        caller: the user's code.
        callees: the frames between it and the operation, the innermost first.
        api: the function of C that does the operation, as a dotted name.
        sources: the line of the caller, and the lines of its function.
    """
    found = [*_reachable(caller)]
    called = [frame for frame in reversed(callees) if not _is_carrier(frame)]
    for frame in called:
        run = _first_written([one for one in found if _runs(one[2], frame)], sources)
        made = _first_written([one for one in found if _makes(one[2], frame)], sources)
        if run or made:
            return run[0][1] if run and (not made or _is_written(run[0][0], sources[0])) else made[0][1]
    if called:
        return _method_of(called[0])
    return _function_of_c(found, api, caller.f_code.co_names, sources)


def _first_written(found: list[Found], sources: list[str]) -> list[Found]:
    """Sort names: those first that are written in the line, then those in the function."""
    return sorted(found, key=lambda one: [not _is_written(one[0], source) for source in sources])


def _is_carrier(frame: FrameType) -> bool:
    """Whether a frame only calls what it was given."""
    top = str(frame.f_globals.get("__name__")).partition(".")[0]
    return top in _CARRIERS or (top in ("asyncio", "concurrent") and frame.f_code.co_name in _CARRYING)


def _is_written(chain: str, source: str) -> bool:
    before = "" if chain.startswith(".") else r"(?<![\w.])"
    return re.search(rf"{before}{re.escape(chain)}(?!\w)", source) is not None


# --- the names of the caller -----------------------------------------------------------------------------------


def _reachable(frame: FrameType) -> Iterator[Found]:
    """Follow the names that code uses, to what can be patched by them."""
    names = frame.f_code.co_names
    level = [*_roots(frame, names)]
    for _ in range(_MAX_NAMES):
        yield from level
        level = [
            (f"{chain}.{name}", f"{target}.{name}", vars_[name])
            for chain, target, value in level
            if _has_attributes(value)
            for vars_ in [_attributes(value)]
            for name in names
            if name in vars_
        ]


def _roots(frame: FrameType, names: tuple[str, ...]) -> Iterator[Found]:
    """Name what chains begin with: variables and builtins of the module, and modules that a function imports."""
    module = frame.f_globals.get("__name__")
    is_module = isinstance(module, str) and vars(sys.modules.get(module, sys)) is frame.f_globals
    for name in names:
        if name in frame.f_globals:
            value = frame.f_globals[name]
            if is_module:
                yield name, f"{module}.{name}", value
            elif type(value) is ModuleType:
                yield name, value.__name__, value
        elif is_module and name in vars(builtins):
            yield name, f"{module}.{name}", vars(builtins)[name]
        elif type(sys.modules.get(name)) is ModuleType:  # "import a.b" has the name "a.b"
            yield name, name, sys.modules[name]
    for name, value in frame.f_locals.items():
        if type(value) is ModuleType:
            yield name, value.__name__, value


def _has_attributes(value: Any) -> bool:
    """Whether attributes of an object can be replaced, as far as is known without asking it."""
    return not isinstance(value, FunctionType) and type(value).__dictoffset__ != 0


def _attributes(value: Any) -> dict[str, Any]:
    """Return the attributes of a module, a class or an object, with those of its classes."""
    is_class = issubclass(type(value), type)
    own = {} if is_class else object.__getattribute__(value, "__dict__")
    if type(value) is ModuleType:
        return own
    classes = (value if is_class else type(value)).__mro__[:-1]
    return {name: attribute for names in (*map(vars, reversed(classes)), own) for name, attribute in names.items()}


# --- what runs -------------------------------------------------------------------------------------------------


def _runs(value: Any, frame: FrameType) -> bool:
    """Whether to call an object runs the code of a frame."""
    for _ in range(_MAX_NAMES):
        kind = type(value)
        if kind is FunctionType:
            if value.__code__ is frame.f_code:
                return True
            value = value.__dict__.get("__wrapped__")
        elif kind in (MethodType, staticmethod, classmethod):
            value = value.__func__
        elif kind is property:
            value = value.fget
        elif kind in (functools.partial, type(_runs_cached)):
            value = value.func if kind is functools.partial else value.__wrapped__
        else:
            return False
    return False


@functools.lru_cache(maxsize=1)
def _runs_cached() -> None:
    """Do nothing: for the type of cached functions."""


def _makes(value: Any, frame: FrameType) -> bool:
    """Whether an object is the class of the object whose method runs."""
    first = _first_argument(frame)
    return issubclass(type(value), type) and (type(first) is value or first is value)


def _first_argument(frame: FrameType) -> Any:
    code = frame.f_code
    return frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None


def _method_of(frame: FrameType) -> str:
    """Name the method that a frame runs by its class, which every caller shares; empty if it is private."""
    name, first = frame.f_code.co_name, _first_argument(frame)
    classes = (first if issubclass(type(first), type) else type(first)).__mro__
    defining = [cls for cls in classes if _runs(vars(cls).get(name), frame)]
    if name.startswith("_") or not defining:
        return ""
    candidates = [defining[0], *classes[: classes.index(defining[0])]]
    return next((f"{path}.{name}" for path in map(_public_path, candidates) if path), "")


def _public_path(cls: type) -> str:
    """Return the shortest public name of a class, such as requests.Session; empty if there is none."""
    parts = cls.__module__.split(".")
    for length in range(1, len(parts) + 1):
        module = ".".join(parts[:length])
        is_public = not any(part.startswith("_") for part in [*parts[1:length], cls.__name__])
        if is_public and vars(sys.modules.get(module, sys)).get(cls.__name__) is cls:
            return f"{module}.{cls.__name__}"
    return ""


def _function_of_c(found: list[Found], api: str, names: tuple[str, ...], sources: list[str]) -> str:
    """Name a function or method of C, of which there is no frame."""
    owner, _, api_name = api.rpartition(".")
    module, _, cls_name = owner.partition(".")
    names_of_module = vars(sys.modules[module]) if module in sys.modules and not module.startswith("_") else {}
    if not cls_name:
        return _builtin(found, names_of_module.get(api_name), sources)
    cls = names_of_module.get(cls_name)
    methods = [(f".{name}", name, None) for name in names if name.startswith(api_name) and hasattr(cls, name)]
    method = [*_first_written(methods, sources), ("", api_name, None)][0][1]
    paths = _first_written([one for one in found if one[2] is cls], sources)
    return f"{[*paths, ('', owner, cls)][0][1]}.{method}" if cls is not None else ""


def _builtin(found: list[Found], function: Any, sources: list[str]) -> str:
    """Name a function, or another of its module that raises the same event, such as execv for execve."""
    home = getattr(function, "__module__", "")
    same = [one for one in found if one[2] is function]
    functions = [one for one in found if type(one[2]) in (FunctionType, BuiltinFunctionType)]
    siblings = [one for one in functions if one[2].__module__ == home and _is_written(one[0], sources[0])]
    return [*_first_written(same, sources), *siblings, ("", "", None)][0][1] if function is not None else ""

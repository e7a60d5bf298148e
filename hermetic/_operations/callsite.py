"""Finds the line of the user's code that an operation came from, and the test, fixture or import around it."""

from __future__ import annotations

import linecache
import os
import sys

from .._base import features, real
from .._base.records import CallSite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_PACKAGE_DIRECTORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# The files whose frames lie between an operation and the verdict on it.
_JUDGES = frozenset(
    os.path.join(_PACKAGE_DIRECTORY, room, f"{file}.py")
    for room, files in (
        ("_guards", ("audit", "audit_hook")),
        ("_operations", ("callsite", "database_events", "file_events")),
        ("_patches", ("sleeps",)),
        ("_verdicts", ("faults",)),
    )
    for file in files
)
SITE_PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def find_call_site(api: str) -> CallSite:
    """Find the innermost frame of the user's own code, or else of an installed library.

    Args:
        api: the function that was called, for the advice on what to patch.
    """
    library: tuple[FrameType, FrameType | None] | None = None
    callee: FrameType | None = None
    frame: FrameType | None = real.get_frame(1)
    while frame is not None:
        kind = _kind(frame.f_code.co_filename)
        if kind == "user":
            return _site(frame, callee, api)
        if kind == "library" and library is None:
            library = (frame, callee)
        if kind != "ours":
            callee = frame
        frame = frame.f_back
    return _site(*library, api) if library else CallSite("", 0, "", "", "", "")


def is_inside(module: str, *, function: str = "", depth: int = 12) -> bool:
    """Whether a module, or one of its functions, is among the nearest callers.

    Args:
        module: its name.
        function: the name of a function; empty for any.
        depth: how many frames to look at, not counting ours.
    """
    return frame_inside(module, function=function, depth=depth) is not None


def frame_inside(module: str, *, function: str = "", depth: int = 12) -> FrameType | None:
    """Find the nearest caller in a module, or in one of its functions; None if there is none.

    Args:
        module: its name.
        function: the name of a function; empty for any.
        depth: how many frames to look at, not counting ours.
    """
    frame: FrameType | None = real.get_frame(2)
    while frame is not None and depth:
        if frame.f_globals.get("__name__") == module and function in ("", frame.f_code.co_name):
            return frame
        depth -= _kind(frame.f_code.co_filename) != "ours"
        frame = frame.f_back
    return None


def is_acting_for_itself(modules: frozenset[str]) -> bool:
    """Whether a module acts for its own purposes, rather than for the user's code or a library that it calls.

    Args:
        modules: the modules that do so, by the first part of their names.
    """
    frame: FrameType | None = real.get_frame(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        if filename not in _JUDGES:
            kind = _kind(filename)
            if kind == "user":
                return False
            if kind == "ours" or str(frame.f_globals.get("__name__")).partition(".")[0] in modules:
                return True
        frame = frame.f_back
    return False


def caller() -> tuple[str, str, str]:
    """Find the code that called the function under judgement.

    Returns:
        The owner of the code (``user``, ``library``, ``stdlib`` or ``ours``), its module, and the name of its function.
    """
    frame: FrameType | None = real.get_frame(1)
    while frame is not None and frame.f_code.co_filename in _JUDGES:
        frame = frame.f_back
    if frame is None:
        return "ours", "", ""
    return _kind(frame.f_code.co_filename), str(frame.f_globals.get("__name__")), frame.f_code.co_name


def find_outside_of_tests() -> tuple[str, type | str | None]:
    """Find what runs outside of tests from the call stack.

    Returns:
        Its name (for a fixture, as unittest writes it), and its class or the name of its module.
    """
    callee: FrameType | None = None
    frame: FrameType | None = real.get_frame(1)
    while frame is not None:
        fixture = fixture_of(frame, callee)
        if fixture is not None:
            return fixture
        if frame.f_code.co_name == "<module>" and _kind(frame.f_code.co_filename) == "user":
            module = str(frame.f_globals.get("__name__"))
            return f"import of {module}", module
        callee, frame = frame, frame.f_back
    return "code outside of any test", None


def fixture_of(frame: FrameType, callee: FrameType | None = None) -> tuple[str, type | str] | None:
    """Find the fixture or ``load_tests`` of a frame: its name as unittest writes it, and its class or module.

    Args:
        frame: any frame.
        callee: the frame that it calls; a module cleanup is recognized by its caller.
    """
    name, module = frame.f_code.co_name, str(frame.f_globals.get("__name__"))
    if name == "doModuleCleanups" and callee is not None:
        name, module = "tearDownModule", str(callee.f_globals.get("__name__"))
    if name in ("setUpModule", "tearDownModule", "load_tests"):
        return f"{name} ({module})", module
    cls = frame.f_locals.get("cls") if name in ("setUpClass", "tearDownClass") else None
    return (f"{name} ({cls.__module__}.{cls.__qualname__})", cls) if isinstance(cls, type) else None


def marked_module() -> str | None:
    """Find the module with ``__hermetic__`` whose import, fixture or cleanup runs; None if there is none."""
    callee: FrameType | None = None
    frame: FrameType | None = real.get_frame(1)
    while frame is not None:
        name, names = frame.f_code.co_name, frame.f_globals
        if name == "doModuleCleanups" and callee is not None:
            names = callee.f_globals
        elif name not in ("<module>", "setUpModule", "tearDownModule", "load_tests"):
            names = {}
        if "__hermetic__" in names:
            return str(names.get("__name__"))
        if name == "run" and frame.f_globals.get("__name__") in ("unittest.case", "unittest.suite"):
            return None  # a script that runs tests: its import is over
        callee, frame = frame, frame.f_back
    return None


def site_of(frame: FrameType) -> CallSite:
    """Return the line that a frame executes."""
    return _site(frame, None, "")


def _kind(filename: str) -> str:
    if filename.startswith(_PACKAGE_DIRECTORY):
        return "ours"
    if any(directory in filename for directory in SITE_PACKAGES):
        return "library"
    if filename.startswith(("<frozen ", features.STDLIB_DIRECTORY)):
        return "stdlib"
    return "user"


def _site(frame: FrameType, callee: FrameType | None, api: str) -> CallSite:
    filename = frame.f_code.co_filename
    module = str(frame.f_globals.get("__name__", ""))
    try:
        source = linecache.getline(filename, frame.f_lineno, frame.f_globals).strip()
    except Exception:  # noqa: BLE001 - a mock of os.stat, a loader of the user's; at shutdown, an ImportError
        source = ""
    patch = _patch_target(frame, callee, api, source)
    return CallSite(shown_path(filename), frame.f_lineno, frame.f_code.co_name, module, source, patch)


def shown_path(filename: str) -> str:
    """Shorten a path below the current folder to a relative one."""
    try:
        here = real.get_cwd() + os.sep
    except OSError:
        return filename
    return filename.removeprefix(here)


def _patch_target(frame: FrameType, callee: FrameType | None, api: str, source: str) -> str:
    """Return the name to patch for a call, as the caller's module sees it; empty if there is none."""
    called_module, _, called_name = api.rpartition(".")
    if callee is not None:
        called_module, called_name = _public_callee(callee, called_module, called_name)
    if called_module.startswith("_") or called_name.startswith(("_", "<")):
        return ""
    names = frame.f_globals
    module = names.get("__name__")
    if not isinstance(module, str):
        return ""  # code of an exec: its module has no name
    function = getattr(sys.modules.get(called_module), called_name, None)
    qualified = f"{called_module.rpartition('.')[2]}.{called_name}" in source
    if function is not None and names.get(called_name) is function and not qualified:
        return f"{module}.{called_name}"
    top = called_module.partition(".")[0]
    if names.get(top) is sys.modules.get(top, names):
        return f"{module}.{called_module}.{called_name}"
    return f"{called_module}.{called_name}" if function is not None else ""


def _public_callee(callee: FrameType, api_module: str, api_name: str) -> tuple[str, str]:
    """Return the module and the name of the public function between the caller and the operation."""
    module, name = str(callee.f_globals.get("__name__", "")), callee.f_code.co_name
    if module.partition(".")[0] == "pathlib":
        return "", ""  # a method of a path, whose class the caller may know by any name
    if module.startswith("multiprocessing.") and name == "start":
        return "multiprocessing", "Process"
    if name == "__init__":
        cls = type(callee.f_locals.get("self"))
        return cls.__module__, cls.__name__
    return (module, name) if name in vars(sys.modules.get(module, sys)) else (api_module, api_name)

"""Finds the line of the user's code that an operation came from, and the test, fixture or import around it."""

from __future__ import annotations

import linecache
import os

from .._base import features, real
from .._base.records import CallSite
from .._stdlib import unittest_internals
from . import patch_targets

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
    """Find the innermost frame of the user's own code, or else of an installed library."""
    library: FrameType | None = None
    callees: list[FrameType] = []
    frame: FrameType | None = real.get_frame(1)
    while frame is not None:
        kind = _kind(frame.f_code.co_filename)
        if kind == "user":
            return site_of(frame)._replace(patch=_patch_target(frame, callees, api))
        if kind == "library" and library is None:
            library = frame
        if kind != "ours":
            callees.append(frame)
        frame = frame.f_back
    return site_of(library) if library else CallSite("", 0, "", "", "", "")


def _patch_target(frame: FrameType, callees: list[FrameType], api: str) -> str:
    """Return the name to patch for a call, as the caller's module sees it; empty if there is none."""
    try:
        return patch_targets.patch_target(frame, callees, api, [_source(frame), _source(frame, whole=True)])
    except Exception:  # noqa: BLE001 - advice on objects of the user's, which may be anything
        return ""


def is_inside(module: str, *, function: str = "", depth: int = 12) -> bool:
    """Whether a module, or one of its functions, is among the nearest callers.

    Args:
        function: the name of a function; empty for any.
        depth: how many frames to look at, not counting ours.
    """
    return frame_inside(module, function=function, depth=depth) is not None


def frame_inside(module: str, *, function: str = "", depth: int = 12) -> FrameType | None:
    """Find the nearest caller in a module, or in one of its functions; None if there is none.

    Args:
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
    """Whether a module acts for its own purposes, rather than for the user's code or a library that it calls."""
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
        fixture = unittest_internals.fixture_of(frame, callee)
        if fixture is not None:
            return fixture
        if frame.f_code.co_name == "<module>" and _kind(frame.f_code.co_filename) == "user":
            module = str(frame.f_globals.get("__name__"))
            return f"import of {module}", module
        callee, frame = frame, frame.f_back
    return "code outside of any test", None


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
    filename, module = shown_path(frame.f_code.co_filename), str(frame.f_globals.get("__name__", ""))
    return CallSite(filename, frame.f_lineno, frame.f_code.co_name, module, _source(frame), "")


def _source(frame: FrameType, *, whole: bool = False) -> str:
    """Return the line that a frame executes, or the whole of its function; empty where there is no source."""
    code, first = frame.f_code, frame.f_lineno
    last = first
    if whole:
        numbers = [number for _, _, number in code.co_lines() if number]
        first, last = min(numbers), max(numbers)
    try:
        lines = linecache.getlines(code.co_filename, frame.f_globals)[first - 1 : last]
    except Exception:  # noqa: BLE001 - a mock of os.stat, a loader of the user's; at shutdown, an ImportError
        return ""
    return "".join(lines).strip()


def _kind(filename: str) -> str:
    if filename.startswith(_PACKAGE_DIRECTORY):
        return "ours"
    if any(directory in filename for directory in SITE_PACKAGES):
        return "library"
    if filename.startswith(("<frozen ", features.STDLIB_DIRECTORY)):
        return "stdlib"
    return "user"


def is_users(filename: str) -> bool:
    """Whether a file is the user's own code, and not a library, Python's or hermetic's."""
    return _kind(filename) == "user"


def shown_path(filename: str) -> str:
    """Shorten a path below the current folder to a relative one."""
    try:
        here = real.get_cwd() + os.sep
    except OSError:
        return filename
    return filename.removeprefix(here)

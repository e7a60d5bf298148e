"""Reads audit events of the file system (H002) and of SQLite (H004) as operations, except uses not the test's own.

Database servers count as network (H001).

These are not the test's own uses:
- files in a temporary folder
- devices and files of the kernel (/dev/null, /proc), which lie on no disk
- reading files of the program: the standard library, installed packages, the data of imported packages
- what the import system, importlib.resources, coverage and hermetic do: their callers ask for modules, not files
- names in an open folder, and descriptors: opening them was judged
"""

from __future__ import annotations

import functools
import os
import sys

from .._base import features, real
from .._base.records import Operation
from .._base.sizes import DATABASE, FILESYSTEM
from . import callsite, events, lasting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

# Modules that use files for themselves, by the first part of their names.
ACTING_FOR_THEMSELVES = frozenset(
    "importlib _frozen_importlib _frozen_importlib_external zipimport runpy pkgutil site sysconfig linecache platform"
    " mimetypes zoneinfo gettext ctypes multiprocessing tempfile unittest coverage _pytest".split()
)

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NO_FILES = ("/dev/", "/proc/", "/sys/")
_ON_DISK = "/dev/shm/"  # noqa: S108 - files, if in memory
_READING = frozenset({"read", "list"})
_NO_FOLDER = -1  # of a ``dir_fd`` that is not given

_OPENING_FOLDERS = {"shutil": ("rmtree",), "os": ("fwalk",)}  # functions that open folders, by module

_normcase, _realpath = os.path.normcase, os.path.realpath


def _open(path: Any, mode: Any, flags: Any) -> Operation | None:
    if mode is None and _is_within_folder():
        return None  # the event does not name the folder, whose opening was judged
    action = "write" if isinstance(flags, int) and flags & _WRITING else "read"
    return _operation(action, path, "os.open" if mode is None else "builtins.open")


def _is_within_folder() -> bool:
    """Whether the caller of ``os.open`` is a function that walks a folder by its descriptor."""
    _, module, function = callsite.caller()
    return function.lstrip("_").startswith(_OPENING_FOLDERS.get(module, ("-",)))


def _reader(action: str, api: str, *folders: int, path: int = 0) -> Callable[..., Operation | None]:
    """Make the reader of an event.

    Args:
        api: the name of the function, which is also the name of the event.
        folders: the positions of arguments that may be the descriptor of a folder.
        path: the position of the path.
    """

    def read(*args: Any) -> Operation | None:
        if any(args[index] not in (None, _NO_FOLDER) for index in folders if index < len(args)):
            return None
        return _operation(action, args[path], api)

    return read


def _rename(source: Any, destination: Any, *folders: Any) -> Operation | None:
    if any(folder not in (None, _NO_FOLDER) for folder in folders):
        return None
    return _operation("move", source, "os.rename") or _operation("move", destination, "os.rename")


READERS: dict[str, Callable[..., Operation | None]] = {
    "open": _open,
    "os.listdir": _reader("list", "os.listdir"),
    "os.scandir": _reader("list", "os.scandir"),
    "os.fwalk": _reader("list", "os.fwalk", 4),
    "os.mkdir": _reader("write", "os.mkdir", 2),
    "os.remove": _reader("remove", "os.remove", 1),
    "os.rmdir": _reader("remove", "os.rmdir", 1),
    "shutil.rmtree": _reader("remove", "shutil.rmtree", 1),
    "os.rename": _rename,
    "os.link": _reader("link", "os.link", 2, 3, path=1),
    "os.symlink": _reader("link", "os.symlink", 2, path=1),
    "os.truncate": _reader("change", "os.truncate"),
    "os.chmod": _reader("change", "os.chmod", 2),
    "os.chown": _reader("change", "os.chown", 3),
    "os.utime": _reader("change", "os.utime", 3),
    "os.chflags": _reader("change", "os.chflags"),
    "os.setxattr": _reader("change", "os.setxattr"),
    "os.removexattr": _reader("change", "os.removexattr"),
}


def _operation(action: str, path: Any, api: str) -> Operation | None:
    """Make the operation; None if it is not the test's own use of the file system."""
    if isinstance(path, int):
        return None
    full = full_path(os.curdir if path is None else path)
    if is_no_file(full) or lasting.is_temporary(full) or (action in _READING and is_part_of_program(full)):
        return None
    if callsite.is_acting_for_itself(ACTING_FOR_THEMSELVES):
        return None
    return Operation(FILESYSTEM, action, callsite.shown_path(full), api, family="", host=full)


def full_path(path: Any) -> str:
    """Make a path absolute, as the functions of the os module read it, without dots."""
    text = events.argument_text(path)
    try:
        return os.path.normpath(os.path.join(real.get_cwd(), text))
    except OSError:  # the current folder was removed
        return os.path.normpath(text)


def is_no_file(full: str) -> bool:
    """Whether a path names a device, a file of the kernel, or source text that never was in a file."""
    if full.startswith(_NO_FILES):
        return not full.startswith(_ON_DISK)
    name = os.path.basename(full)
    if name.startswith("<") and name.endswith(">"):
        return True  # Python looks for the line of a SyntaxError there
    return name.lower() == os.devnull.lower()  # on Windows it is in every folder


def is_part_of_program(full: str) -> bool:
    """Whether a path lies where the program itself does: its content is the same in every run."""
    if any(part in full for part in callsite.SITE_PACKAGES):
        return True
    zones = getattr(sys.modules.get("zoneinfo"), "TZPATH", ())  # C code reads these for any caller
    packages = _folders_of_packages(len(sys.modules))
    return any(lasting.is_below(full, folder) for folder in (*_INSTALLED, *zones, *packages))


_INSTALLED = [
    _normcase(folder)
    for prefix in {sys.prefix, sys.base_prefix}
    for folder in (os.path.join(prefix, "share"), features.STDLIB_DIRECTORY.rstrip(os.sep))
]


@functools.lru_cache(maxsize=1)
def _folders_of_packages(_number_of_modules: int) -> list[str]:
    """Return the folders of the imported packages, without those inside others; kept until a module is imported."""
    folders = map(_normcase, _find_packages())
    return [*dict.fromkeys(form for folder in folders for form in (folder, _normcase(_realpath(folder))))]


def _find_packages() -> Iterator[str]:
    for name, module in list(sys.modules.items()):
        names = real.names_in(module)
        file = names.get("__file__")  # namespace packages have none: their folder may be the project's
        if "." not in name and "__path__" in names and isinstance(file, str):
            yield os.path.dirname(os.path.abspath(file))


lasting.project_root()  # known from now on: to read the settings while a file is judged would be judged, too

IN_MEMORY = ":memory:"


def _connect(database: Any, *_: Any) -> Operation | None:
    if callsite.is_acting_for_itself(ACTING_FOR_THEMSELVES):
        return None  # coverage stores its data in a database
    text = events.argument_text(database)
    is_uri = text.startswith("file:")
    if not text or text == IN_MEMORY or (is_uri and (IN_MEMORY in text or "mode=memory" in text)):
        target = full = IN_MEMORY  # a database without a name lives as long as its connection, too
    elif is_uri:
        target = full = text
    else:
        full = full_path(text)
        target = callsite.shown_path(full)
    return Operation(DATABASE, "open", target, "sqlite3.connect", family="", host=full)


DATABASE_READERS: dict[str, Callable[..., Operation | None]] = {"sqlite3.connect": _connect}

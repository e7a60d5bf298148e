"""Creates hermetic's own temporary files, readable by nobody else, whatever a test does to ``tempfile``."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import sys

from . import features, real, system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

TEMPORARY_FOLDER_VARIABLES = ("TMPDIR", "TEMP", "TMP")
DEFAULT_TEMPORARY_FOLDERS = ("/tmp", "/var/tmp", "/usr/tmp")  # noqa: S108 - the order of the tempfile module


def _set_at_start() -> bytes | None:
    """Return the environment that this process was started with; None if unknown, as on systems other than Linux."""
    if not features.LINUX:
        return None
    try:
        with real.open_file("/proc/self/environ", "rb") as file:
            return b"\0" + bytes(file.read())
    except OSError:
        return None


def _is_set_later(name: str, at_start: bytes | None) -> bool:
    return at_start is not None and os.fsencode(f"\0{name}={os.environ[name]}\0") not in at_start


def _named_folders() -> tuple[list[str], list[str]]:
    """Return the temporary folders that variables name: those set when the process started, and those set later."""
    found: tuple[list[str], list[str]] = [], []
    at_start = _set_at_start()
    for name in TEMPORARY_FOLDER_VARIABLES:
        if os.environ.get(name):
            found[_is_set_later(name, at_start)].append(os.environ[name])
    return found


_at_start, _later = _named_folders()
_TEMPORARY_FOLDERS = (  # files are created exclusively there
    *_at_start,
    *DEFAULT_TEMPORARY_FOLDERS,
    *_later,  # runners such as green set a variable, and remove the folder at the end
    # Bazel's comes last: its path is too long for the sockets that isolated tests may make in a folder below.
    *([os.environ["TEST_TMPDIR"]] if "TEST_TMPDIR" in os.environ else []),
)

# Bound now, and wrapped: libraries that fake the file system replace the functions of os in all modules.
_open, _close = system.open_fd, system.close
_write, _truncate = system.write, functools.partial(os.ftruncate)
_mkdir, _rmdir, _chmod = functools.partial(os.mkdir), functools.partial(os.rmdir), functools.partial(os.chmod)
_PRIVATE = 0o700  # the mode of folders that nobody else may read
_fchmod = functools.partial(getattr(os, "fchmod", lambda *_: None))  # not on Windows before 3.13


def open_private(path: str, flags: int) -> int:
    """Open a file that nobody else may read (mode 0600, whatever the umask); an opener for ``open``."""
    fd = _open(path, flags, 0o600)
    _fchmod(fd, 0o600)
    return fd


def make_private_folder(path: str) -> None:
    """Create a folder that nobody else may read (mode 0700, whatever the umask)."""
    _mkdir(path, _PRIVATE)
    _chmod(path, _PRIVATE)


def restore_private_folder(path: str) -> None:
    """Restore a private folder and its parent: a test may have removed them or changed their modes."""
    folders = (os.path.dirname(path), path)
    try:
        for folder in folders:
            if real.stat(folder).st_mode & 0o7777 != _PRIVATE:  # most are as they were, and a look is cheaper
                _chmod(folder, _PRIVATE)
    except OSError:
        with contextlib.suppress(OSError):  # the next test may not need it
            for folder in folders:
                _restore_folder(folder)
                _chmod(folder, _PRIVATE)


def _restore_folder(path: str) -> None:
    """Create a folder and its parents, unless they exist; make a parent accessible if it is not."""
    try:
        _mkdir(path, _PRIVATE)
    except FileExistsError:
        pass
    except FileNotFoundError:
        _restore_folder(os.path.dirname(path))
        _restore_missing(path)
    except PermissionError:
        above = os.path.dirname(path)
        _chmod(above, real.stat(above).st_mode & 0o7777 | _PRIVATE)
        _restore_missing(path)


def _restore_missing(path: str) -> None:
    with contextlib.suppress(FileExistsError):
        _mkdir(path, _PRIVATE)


def use_temporary_folder(folder: str) -> None:
    """Create hermetic's files in a folder that its owner removes."""
    _used.given.insert(0, folder)


class _Used:
    """The folders that this process uses. One instance, in this module.

    Attributes:
        given: folders of others, who remove them, the last given first.
        sweepers: folder to process id, path prefix, and the pipe whose closing removes the files.
    """

    def __init__(self) -> None:
        self.given: list[str] = []
        self.sweepers: dict[str, tuple[int, str, int]] = {}


_used = _Used()

# Waits until the pipe is closed in every process, then removes the files, also those in folders that a test has made
# inaccessible.
SWEEPER_NAME = "hermetic-sweeper"
_SWEEPER = """(cd / && trap '' INT TERM HUP && read -r _
rm -rf -- "$1"* || { find "$1"* -type d -exec chmod u+rwx {} \\; ; rm -rf -- "$1"*; }) <&3 3<&- >/dev/null 2>&1 &"""
_SHELL = "/bin/sh"


def sweeper_pipes() -> list[int]:
    """Return the file descriptors whose closing removes the files of this process."""
    return [pipe for _, _, pipe in _used.sweepers.values()]


# The same without a shell, for Windows, where a file can be removed once its last process has ended.
_SWEEPING_CODE = """
import glob, os, shutil, sys, time
sys.stdin.read()
for _ in range(100):
    found = glob.glob(glob.escape(sys.argv[1]) + "*")
    for path in found:
        try:
            for folder, _, names in os.walk(path):
                for name in names:
                    os.chmod(os.path.join(folder, name), 0o700)  # a file that is read-only would stay
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        except OSError:
            continue
    if not found:
        break
    time.sleep(0.1)
"""


# Characters of names. In a worker's folder, the path of a socket of multiprocessing has 32 more; macOS takes 103, of
# which its own folder for temporary files has 48.
_LENGTH_OF_START, _LENGTH_OF_REST = 6, 3
_CHARACTERS = "abcdefghijklmnopqrstuvwxyz234567"  # a file system may ignore case


def _drawn(length: int) -> str:
    return "".join(_CHARACTERS[byte % len(_CHARACTERS)] for byte in real.random_bytes(length))


def _start_of_names(prefix: str, folder: str) -> str:
    """Return the path prefix of this process's files in a folder; they are removed even if the process is killed."""
    folder = os.path.abspath(folder)
    start = os.path.join(folder, prefix + _drawn(_LENGTH_OF_START))
    start_sweeper = start_sweeping_interpreter if features.WINDOWS else _start_sweeper
    if folder in _used.given or not (features.WINDOWS or hasattr(os, "posix_spawn")) or not os.path.isdir(folder):
        return start
    pid = real.get_pid()
    if folder not in _used.sweepers or _used.sweepers[folder][0] != pid:
        try:
            _used.sweepers[folder] = pid, start, start_sweeper(start)
        except OSError:  # there is no shell, or no process can be started
            return start
    return _used.sweepers[folder][1]


def _start_sweeper(start: str) -> int:
    """Start a shell that removes the files with a path prefix once the returned pipe is closed in every process."""
    reading, writing = system.pipe()
    try:
        pid = system.original(os.name, "posix_spawn")(  # type: ignore[attr-defined,unused-ignore]  # not on Windows
            _SHELL, ["sh", "-c", _SWEEPER, SWEEPER_NAME, start], {"PATH": "/usr/bin:/bin"}, setpgroup=0,
            file_actions=[(os.POSIX_SPAWN_DUP2, reading, 3)],  # type: ignore[attr-defined,unused-ignore]
        )  # fmt: skip
    except BaseException:
        _close(writing)
        raise
    finally:
        _close(reading)
    with contextlib.suppress(ChildProcessError):  # other code waits for any child
        system.waitpid(pid, 0)  # its own child, in the background, does the work
    return int(writing)


def start_sweeping_interpreter(start: str) -> int:
    """Start an interpreter that does as ``_start_sweeper`` says."""
    import subprocess  # not worth its start-up time before there is a file

    reading, writing = system.pipe()
    flags = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    command = [sys.executable or "", "-I", "-S", "-c", _SWEEPING_CODE, start, SWEEPER_NAME]
    null = subprocess.DEVNULL
    try:
        sweeper = system.original("subprocess", "Popen")(
            command, stdin=reading, stdout=null, stderr=null, creationflags=flags, cwd=os.path.abspath(os.sep)
        )
    except BaseException:
        _close(writing)
        raise
    finally:
        _close(reading)
    sweeper.returncode = 0  # it outlives this process, and is no forgotten child
    return int(writing)


def new_file(prefix: str) -> str:
    """Create an empty file in a temporary folder.

    Raises:
        OSError: no folder can be written to; the text says what to do.
    """
    return _new_path(prefix, ".jsonl", _make_file)


def new_folder(prefix: str) -> str:
    """Create a folder in a temporary folder.

    Raises:
        OSError: no folder can be written to; the text says what to do.
    """
    return _new_path(prefix, "", _make_folder)


def _new_path(prefix: str, suffix: str, make: Callable[[str, bool], None]) -> str:
    """Create something in the first folder whose disk has room; if none has, in the first that can be written to."""
    folders = (*_used.given, *_TEMPORARY_FOLDERS, os.path.expanduser("~"), os.curdir)
    for with_room, folder in itertools.product((True, False), folders):
        for _ in range(100):
            try:
                path = f"{_start_of_names(prefix, folder)}{_drawn(_LENGTH_OF_REST)}{suffix}"
                make(path, with_room)
            except FileExistsError:
                continue
            except OSError:
                break
            return path
    # No subclass of OSError: code that was starting a program would conclude that the program is missing.
    variable = "TEMP" if features.WINDOWS else "TMPDIR"
    raise OSError(f"hermetic found no writable folder for temporary files; set {variable} to one")


def _make_file(path: str, with_room: bool) -> None:  # noqa: FBT001 - as `make` is called
    """Create an empty file; with ``with_room``, only where a byte can be written to it."""
    file = open_private(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    try:
        try:
            if with_room:
                _write(file, b".")
                _truncate(file, 0)
        finally:
            _close(file)
    except OSError:
        real.unlink(path)
        raise


def _make_folder(path: str, with_room: bool) -> None:  # noqa: FBT001 - as above
    """Create a folder; with ``with_room``, only where a byte can be written to a file in it."""
    make_private_folder(path)
    trial = os.path.join(path, "trial")
    try:
        _make_file(trial, with_room)
        real.unlink(trial)
    except OSError:
        _rmdir(path)
        raise

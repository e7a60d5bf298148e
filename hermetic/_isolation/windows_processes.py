"""Functions of Windows: which processes there are, jobs that end a tree, requests for stacks, waits that are ended."""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import os
import struct

from .._base import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_LIMITS, _PROCESS_IDS = 9, 3  # JobObjectExtendedLimitInformation, JobObjectBasicProcessIdList
_KILL_ON_JOB_CLOSE = 0x2000
_MAX_PROCESSES = 1000  # that are named
_MAX_PATH = 32768  # characters
_SET_QUOTA_AND_TERMINATE, _READ_MEMORY, _QUERY_LIMITED_INFORMATION, _SYNCHRONIZE = 0x101, 0x10, 0x1000, 0x100000
_SNAPSHOT_OF_PROCESSES = 2  # TH32CS_SNAPPROCESS
_ENTRY = struct.Struct(
    "@IIINIIIiI520s0N"
)  # PROCESSENTRY32W: the third field is the process id, the seventh the parent's
# Where a process has its command line: in the PEB, which is the second field of PROCESS_BASIC_INFORMATION, there is a
# pointer to RTL_USER_PROCESS_PARAMETERS, and in these is a UNICODE_STRING: its length in bytes, and a pointer.
_BASIC_INFORMATION = struct.Struct("@6N")
_POINTER, _STRING = struct.Struct("@N"), struct.Struct("@HHN")
_PARAMETERS, _COMMAND_LINE = (0x20, 0x70) if _POINTER.size == 8 else (0x10, 0x40)  # noqa: PLR2004 - bytes
_THREAD_TERMINATE = 1
_BAD_FOLDER = 267  # ERROR_DIRECTORY
RETRY_SECONDS = 0.01  # between two calls of cancel_io: the thread may only be about to wait
_INFINITE, _TIMED_OUT = 0xFFFFFFFF, 0x102
_CONSOLE = r"\conhost.exe"  # the window of a process without one: the system starts it


@functools.cache
def _ctypes() -> Any:
    import ctypes  # not worth its start-up time where no test starts a process

    return ctypes


@functools.cache
def kernel32() -> Any:
    """Load the system's library of these functions."""
    library: Any = _ctypes().WinDLL("kernel32", use_last_error=True)
    for name in ("CreateJobObjectW", "CreateEventW", "CreateToolhelp32Snapshot", "OpenProcess", "OpenThread"):
        getattr(library, name).restype = _ctypes().c_void_p
    return library


def _checked(outcome: Any) -> Any:
    """Return what a function has returned; 0 means that it failed."""
    if not outcome:
        raise OSError(_ctypes().FormatError(_ctypes().get_last_error()))
    return outcome


def bad_folder() -> OSError:
    """The error of a process that is to start in something that is no folder."""
    return OSError(None, _ctypes().FormatError(_BAD_FOLDER).rstrip(".\r\n "), None, _BAD_FOLDER)


def cancel_io(native_id: int) -> None:
    """Have the call fail in which a thread of this process waits for a file, if it does so now."""
    thread = _ctypes().c_void_p(kernel32().OpenThread(_THREAD_TERMINATE, 0, native_id))
    kernel32().CancelSynchronousIo(thread)
    kernel32().CloseHandle(thread)


def are_same(handle: int, other: int) -> bool:
    """Whether two handles are of the same open file."""
    compare = _ctypes().WinDLL("kernelbase").CompareObjectHandles
    return bool(compare(_ctypes().c_void_p(handle), _ctypes().c_void_p(other)))


class Job:
    """A process and all that it will start. It ends with the process that made it.

    Args:
        pid: of a process that has started nothing yet.

    Raises:
        OSError: the system refuses. The process runs on.
    """

    def __init__(self, pid: int) -> None:
        self._handle = _ctypes().c_void_p(_checked(kernel32().CreateJobObjectW(None, None)))
        # JOBOBJECT_EXTENDED_LIMIT_INFORMATION; the flags are its third field
        limits = struct.pack("@qqINNINII6QNNNN", 0, 0, _KILL_ON_JOB_CLOSE, *[0] * 16)
        try:
            _checked(kernel32().SetInformationJobObject(self._handle, _LIMITS, limits, len(limits)))
            with _opened(pid, _SET_QUOTA_AND_TERMINATE) as process:
                _checked(kernel32().AssignProcessToJobObject(self._handle, process))
        except OSError:
            self.close()
            raise

    def pids(self) -> list[int]:
        """Return the process ids of its processes."""
        head = struct.calcsize("@II")  # JOBOBJECT_BASIC_PROCESS_ID_LIST
        found = _ctypes().create_string_buffer(head + _MAX_PROCESSES * struct.calcsize("N"))
        if not kernel32().QueryInformationJobObject(self._handle, _PROCESS_IDS, found, len(found), None):
            return []
        count = struct.unpack_from("@II", found)[1]
        return [*struct.unpack_from(f"@{count}N", found, head)]

    def end(self) -> None:
        """End all processes, and take in no more."""
        kernel32().TerminateJobObject(self._handle, 1)

    def close(self) -> None:
        """Close the job, which ends all processes."""
        kernel32().CloseHandle(self._handle)


@contextlib.contextmanager
def _opened(pid: int, access: int) -> Iterator[Any]:
    """Open a process for a block.

    Raises:
        OSError: it has ended, or belongs to another user.
    """
    process = _ctypes().c_void_p(_checked(kernel32().OpenProcess(access, 0, pid)))
    try:
        yield process
    finally:
        kernel32().CloseHandle(process)


def pids_of_children(pid: int) -> list[int]:
    """Return the processes whose parent is the given one.

    An older process is no child: it names a parent that had the same process id before.
    """
    snapshot = _ctypes().c_void_p(kernel32().CreateToolhelp32Snapshot(_SNAPSHOT_OF_PROCESSES, 0))
    entry = _ctypes().create_string_buffer(_ENTRY.size)
    struct.pack_into("@I", entry, 0, _ENTRY.size)
    found = []
    is_found = kernel32().Process32FirstW(snapshot, entry)
    while is_found:
        fields = _ENTRY.unpack(entry.raw)
        found += [fields[2]] if fields[6] == pid else []
        is_found = kernel32().Process32NextW(snapshot, entry)
    kernel32().CloseHandle(snapshot)
    began = _start_time(pid) if found else 0
    return [child for child in found if _start_time(child) >= began]


def _start_time(pid: int) -> int:
    """Return when a process began, in units of the system; 0 for one that has ended."""
    times = [_ctypes().c_uint64() for _ in range(4)]
    try:
        with _opened(pid, _QUERY_LIMITED_INFORMATION) as process:
            kernel32().GetProcessTimes(process, *map(_ctypes().byref, times))
    except OSError:
        pass
    return int(times[0].value)


def command_line_of(pid: int) -> str:
    """Return the command line of a process, or the path of its program where that cannot be read.

    Raises:
        OSError: it has ended, belongs to another user, or is the console that the system started for another process.
    """
    with _opened(pid, _QUERY_LIMITED_INFORMATION | _SYNCHRONIZE) as process:
        path, size = _ctypes().create_unicode_buffer(_MAX_PATH), _ctypes().c_uint32(_MAX_PATH)
        is_running = kernel32().WaitForSingleObject(process, 0) == _TIMED_OUT
        is_known = kernel32().QueryFullProcessImageNameW(process, 0, path, _ctypes().byref(size))
    if not is_running or (is_known and path.value.lower().endswith(_CONSOLE)):
        raise ProcessLookupError(pid)
    with contextlib.suppress(OSError), _opened(pid, _QUERY_LIMITED_INFORMATION | _READ_MEMORY) as process:
        return _read_command_line(process)
    return str(path.value)


def _read_command_line(process: Any) -> str:
    information = _ctypes().create_string_buffer(_BASIC_INFORMATION.size)
    if _ctypes().WinDLL("ntdll").NtQueryInformationProcess(process, 0, information, len(information), None) != 0:
        raise OSError("its status is not readable")
    (parameters,) = _POINTER.unpack(
        _memory(process, _BASIC_INFORMATION.unpack(information.raw)[1] + _PARAMETERS, _POINTER.size)
    )
    length, _, text = _STRING.unpack(_memory(process, parameters + _COMMAND_LINE, _STRING.size))
    return _memory(process, text, length).decode("utf-16-le", "backslashreplace").strip()


def _memory(process: Any, address: int, size: int) -> bytes:
    """Read the memory of a process."""
    found = _ctypes().create_string_buffer(size)
    _checked(kernel32().ReadProcessMemory(process, _ctypes().c_void_p(address), found, _ctypes().c_size_t(size), None))
    return bytes(found.raw)


class StackRequest:
    """An event that asks a worker for its stacks; it takes the place of SIGABRT.

    Args:
        folder: of the worker, whose name is that of the event.
    """

    def __init__(self, folder: str) -> None:
        name = os.path.basename(folder)
        self._handle = _ctypes().c_void_p(_checked(kernel32().CreateEventW(None, 1, 0, name)))  # 1: it stays set

    def send(self) -> None:
        """Ask the worker."""
        kernel32().SetEvent(self._handle)

    def close(self) -> None:
        """Close the event."""
        kernel32().CloseHandle(self._handle)

    def answer(self, file: int, status: int) -> None:
        """In the worker: write the stacks as soon as they are asked for, and end the process.

        Args:
            file: the file descriptor to write to.
            status: the exit status.
        """
        real.start_thread(self._answer, (file, status))

    def _answer(self, file: int, status: int) -> None:
        kernel32().WaitForSingleObject(self._handle, _INFINITE)
        faulthandler.dump_traceback(file, all_threads=True)
        real.exit_process(status)

"""Functions of Windows: job objects end a process tree, events ask a worker for its stacks, threads stop waiting."""

from __future__ import annotations

import faulthandler
import functools
import importlib
import ntpath
import os
import struct

from .._base import features, real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ctypes: Any = importlib.import_module("ctypes") if features.WINDOWS else None

_LIMITS, _PROCESS_IDS = 9, 3  # JobObjectExtendedLimitInformation, JobObjectBasicProcessIdList
_KILL_ON_JOB_CLOSE = 0x2000
_MAX_PROCESSES = 1000  # that are named
_MAX_PATH = 32768  # characters
_SET_QUOTA_AND_TERMINATE, _QUERY_LIMITED_INFORMATION = 0x101, 0x1000
_THREAD_TERMINATE = 1
_BAD_FOLDER = 267  # ERROR_DIRECTORY
RETRY_SECONDS = 0.01  # between two calls of cancel_io: the thread may only be about to wait
_INFINITE = 0xFFFFFFFF
_CONSOLE = "conhost.exe"  # the window of a process without one: the system starts it


@functools.cache
def kernel32() -> Any:
    """Load the system's library of these functions."""
    library: Any = ctypes.WinDLL("kernel32", use_last_error=True)
    for name in ("CreateJobObjectW", "CreateEventW", "OpenProcess", "OpenThread"):
        getattr(library, name).restype = ctypes.c_void_p
    return library


def _checked(outcome: Any) -> Any:
    """Return what a function has returned; 0 means that it failed."""
    if not outcome:
        raise OSError(ctypes.FormatError(ctypes.get_last_error()))
    return outcome


def bad_folder() -> OSError:
    """The error of a process that is to start in something that is no folder."""
    return OSError(None, ctypes.FormatError(_BAD_FOLDER).rstrip(".\r\n "), None, _BAD_FOLDER)


def cancel_io(native_id: int) -> None:
    """Have the call fail in which a thread of this process waits for a file, if it does so now."""
    thread = ctypes.c_void_p(kernel32().OpenThread(_THREAD_TERMINATE, 0, native_id))
    kernel32().CancelSynchronousIo(thread)
    kernel32().CloseHandle(thread)


def are_same(handle: int, other: int) -> bool:
    """Whether two handles are of the same open file."""
    compare = ctypes.WinDLL("kernelbase").CompareObjectHandles
    return bool(compare(ctypes.c_void_p(handle), ctypes.c_void_p(other)))


class Job:
    """A group of processes, which all that they start belongs to. It ends with the process that made it."""

    def __init__(self) -> None:
        self._handle = ctypes.c_void_p(_checked(kernel32().CreateJobObjectW(None, None)))
        # JOBOBJECT_EXTENDED_LIMIT_INFORMATION; the flags are its third field
        limits = struct.pack("@qqINNINII6QNNNN", 0, 0, _KILL_ON_JOB_CLOSE, *[0] * 16)
        _checked(kernel32().SetInformationJobObject(self._handle, _LIMITS, limits, len(limits)))

    def add(self, pid: int) -> None:
        """Add a process."""
        process = ctypes.c_void_p(_checked(kernel32().OpenProcess(_SET_QUOTA_AND_TERMINATE, 0, pid)))
        try:
            _checked(kernel32().AssignProcessToJobObject(self._handle, process))
        finally:
            kernel32().CloseHandle(process)

    def programs(self) -> list[str]:
        """Return the paths of the programs that run, without those of the system."""
        head = struct.calcsize("@II")  # JOBOBJECT_BASIC_PROCESS_ID_LIST
        found = ctypes.create_string_buffer(head + _MAX_PROCESSES * struct.calcsize("N"))
        if not kernel32().QueryInformationJobObject(self._handle, _PROCESS_IDS, found, len(found), None):
            return []
        count = struct.unpack_from("@II", found)[1]
        paths = [_program_of(pid) for pid in struct.unpack_from(f"@{count}N", found, head)]
        return [path for path in paths if path is not None and ntpath.basename(path).lower() != _CONSOLE]

    def end(self) -> None:
        """End all processes, and take in no more."""
        kernel32().TerminateJobObject(self._handle, 1)

    def close(self) -> None:
        """Close the job, which ends all processes."""
        kernel32().CloseHandle(self._handle)


def _program_of(pid: int) -> str | None:
    """Return the path of the program of a process; None if it has ended."""
    process = kernel32().OpenProcess(_QUERY_LIMITED_INFORMATION, 0, pid)
    if not process:
        return None
    path, size = ctypes.create_unicode_buffer(_MAX_PATH), ctypes.c_uint32(_MAX_PATH)
    is_found = kernel32().QueryFullProcessImageNameW(ctypes.c_void_p(process), 0, path, ctypes.byref(size))
    kernel32().CloseHandle(ctypes.c_void_p(process))
    return path.value if is_found else None


class StackRequest:
    """An event that asks a worker for its stacks; it takes the place of SIGABRT.

    Args:
        folder: of the worker, whose name is that of the event.
    """

    def __init__(self, folder: str) -> None:
        name = os.path.basename(folder)
        self._handle = ctypes.c_void_p(_checked(kernel32().CreateEventW(None, 1, 0, name)))  # 1: it stays set

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

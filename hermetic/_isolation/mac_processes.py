"""Asks macOS which processes there are, and how they were started: it has no /proc (libproc.h, sysctl(3))."""

from __future__ import annotations

import functools
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CHILDREN = 6  # PROC_PPID_ONLY, in sys/proc_info.h
_KERNEL, _ARGUMENTS = 1, 49  # CTL_KERN, KERN_PROCARGS2, in sys/sysctl.h
_MAX_BYTES = 1 << 20  # of arguments and environment together: ARG_MAX
_PROCESSES_MORE = 16  # that may start between two questions
_INT = 4  # bytes


@functools.cache
def _library() -> Any:
    """The ctypes module, and the C library with the types of its functions; None where it has none of these."""
    try:
        import ctypes  # not worth its start-up time where no test is isolated

        library = ctypes.CDLL(None)
        pointer, number = ctypes.c_void_p, ctypes.c_int
        library.proc_listpids.argtypes = [ctypes.c_uint32, ctypes.c_uint32, pointer, number]
        library.sysctl.argtypes = [pointer, ctypes.c_uint, pointer, pointer, pointer, ctypes.c_size_t]
    except (ImportError, OSError, AttributeError, TypeError):  # TypeError: on Windows, for the None
        return None
    return ctypes, library


def child_pids(pid: int) -> list[int]:
    """The processes whose parent is the given one, zombies included; none where the system does not tell."""
    found = _library()
    if found is None:
        return []
    ctypes, library = found
    size = library.proc_listpids(_CHILDREN, pid, None, 0)
    if size <= 0:
        return []
    pids = (ctypes.c_int * (size // _INT + _PROCESSES_MORE))()
    written = library.proc_listpids(_CHILDREN, pid, pids, ctypes.sizeof(pids))
    return [child for child in pids[: max(written, 0) // _INT] if child > 0]


def start_of(pid: int) -> tuple[list[str], str]:
    """The command line of a process, and its environment as one text.

    Raises:
        OSError: the process has ended, or belongs to another user.
    """
    found = _library()
    if found is None:
        raise ProcessLookupError(pid)
    ctypes, library = found
    question = (ctypes.c_int * 3)(_KERNEL, _ARGUMENTS, pid)
    buffer, size = ctypes.create_string_buffer(_MAX_BYTES), ctypes.c_size_t(_MAX_BYTES)
    if library.sysctl(question, 3, buffer, ctypes.byref(size), None, 0) != 0:
        raise ProcessLookupError(pid)
    return _parts(buffer.raw[: size.value])


def _parts(data: bytes) -> tuple[list[str], str]:
    """Split the answer: the number of arguments, the path of the program, zeros, the arguments, the environment."""
    count = int.from_bytes(data[:_INT], "little")
    _, _, rest = data[_INT:].partition(b"\0")
    texts = [os.fsdecode(text) for text in rest.lstrip(b"\0").split(b"\0")]
    return texts[:count], "\0".join(texts[count:])

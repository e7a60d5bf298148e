"""Remembers under which policy each program in a sandbox was started.

A process is judged before it forks and before it becomes another program, so each program is known before it runs. It
is recognized by its image, the addresses that the kernel chose for it at random. A forked process has the image of its
parent, even after the parent's end, ``setsid`` or a change of parent.
"""

from __future__ import annotations

import os
from collections import namedtuple

from .._base import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._policy.decision import Policy

_IMAGE_FIELDS = (26, 28, 45, 47)  # startcode, startstack, start_data and start_brk in /proc/PID/stat
_FIRST_FIELD = 3  # the number of the first field after the program's name


class Standing(namedtuple("Standing", ("policy", "is_free"))):  # noqa: PYI024 - as Policy
    """What a program may do because of how it was started.

    Attributes:
        policy: the policy that it was started under; None for no policy, which allows everything.
        is_free: whether the policy allowed the program, instead of only letting it run. An allowed program may start
            any other program, with the same standing.
    """

    __slots__ = ()
    policy: Policy | None
    is_free: bool


class Programs:
    """The standing of the programs in a sandbox."""

    def __init__(self) -> None:
        self._standings: dict[tuple[str, ...], Standing] = {}  # by image
        self._starting: dict[int, tuple[tuple[str, ...], Standing]] = {}  # by process, with its image before

    def note_start(self, pid: int, standing: Standing) -> None:
        """Note that a process is about to become another program."""
        image = _image_of(pid)
        if image:
            self._starting[pid] = image, standing

    def standing_of(self, pid: int) -> Standing | None:
        """The standing of the program that a process runs; None for a copy of the worker or an unknown program."""
        image = _image_of(pid)
        before, standing = self._starting.get(pid, (image, None))
        if standing is not None and image and image != before:
            self._standings[image] = standing
            del self._starting[pid]
        return self._standings.get(image)


def real_process(thread: int) -> int:
    """The process id of a thread."""
    return _status(thread, "Tgid")


def parent_of(pid: int) -> int:
    """The process id of a process's parent."""
    return _status(pid, "PPid")


def program_name(pid: int) -> str:
    """The name of the program that a process runs."""
    return os.path.basename(_path_of(pid))


def _image_of(pid: int) -> tuple[str, ...]:
    """What identifies a program and stays the same in a fork; empty if it cannot be read."""
    try:
        with real.open_file(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return ()
    found = [fields[number - _FIRST_FIELD].decode() for number in _IMAGE_FIELDS]
    return (_path_of(pid), *found) if found[1] != "0" else ()


def _path_of(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    except OSError:
        return ""


def _status(pid: int, field: str) -> int:
    """A number in /proc/PID/status; 0 for a process that has ended."""
    try:
        with real.open_file(f"/proc/{pid}/status", "rb") as file:
            found: bytes = file.read().partition(f"\n{field}:".encode())[2]
    except OSError:
        return 0
    return int(found.split(maxsplit=1)[0]) if found else 0

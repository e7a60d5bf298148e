"""The filter of a sandbox, as a program for the kernel's machine for such filters (classic BPF, bpf(4)).

Which calls are let through at once, which are asked about, which do not exist: by number and arguments alone, as a
filter cannot follow a pointer. It is the same for every size, because it stays while tests of several sizes come.
"""

from __future__ import annotations

import errno
import struct

from .call_numbers import ASKED_ALWAYS, MISSING, USES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .call_numbers import Machine

_LOAD, _JUMP, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ASK, _FAIL = 0x7FFF0000, 0x7FC00000, 0x00050000  # SECCOMP_RET_ALLOW, _USER_NOTIF, _ERRNO
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_CLONE_THREAD = 0x00010000
_X32_NUMBERS = 0x40000000  # where the numbers of another way into the x86 kernel begin
_MAX_HELD = 64  # that are told apart: a filter has no more than 4096 instructions


class _Program:
    """A program in the making. Jumps go forward, over what is to be skipped."""

    def __init__(self) -> None:
        self.code = b""

    def add(self, code: int, value: int, if_true: int = 0, if_false: int = 0) -> None:
        self.code += struct.pack("=HBBI", code, if_true, if_false, value)

    def load(self, offset: int) -> None:
        self.add(_LOAD, offset)

    def load_argument(self, index: int) -> None:
        """The lower half of an argument: all that there is of a descriptor or of flags."""
        self.load(_ARGUMENTS + 8 * index)

    def end(self, action: int) -> None:
        self.add(_RETURN, action)

    def end_if(self, comparison: int, value: int, action: int) -> None:
        self.add(comparison, value, 0, 1)
        self.end(action)

    def only_for(self, number: int, part: _Program) -> None:
        """Do something for one call; the part ends, or leaves the number to be loaded once more."""
        self.add(_IF_EQUAL, number, 1, 0)
        self.add(_JUMP, len(part.code) // 8)
        self.code += part.code


def program(machine: Machine, *, channel: int, held: Collection[int] = ()) -> bytes:
    """The filter, as instructions that seccomp(2) takes.

    Args:
        machine: the kind of machine.
        channel: the descriptor that messages go out by unasked: who is to answer learns through it that he is.
        held: descriptors of sockets that were connected before; what uses one of those numbers is asked about.
    """
    numbers = machine.numbers
    whole = _Program()
    whole.load(_ARCHITECTURE)
    # Calls of another kind of machine (32-bit programs on this one) have other numbers: there are none.
    whole.add(_IF_EQUAL, machine.architecture, 1, 0)
    whole.end(_FAIL | errno.ENOSYS)
    whole.load(_NUMBER)
    whole.end_if(_IF_AT_LEAST, _X32_NUMBERS, _FAIL | errno.ENOSYS)
    for name in MISSING:
        whole.end_if(_IF_EQUAL, numbers[name], _FAIL | errno.ENOSYS)
    for name in ASKED_ALWAYS:
        if name in numbers:
            whole.end_if(_IF_EQUAL, numbers[name], _ASK)
    whole.only_for(numbers["clone"], _clone())
    for name in ("sendmsg", "sendmmsg"):
        whole.only_for(numbers[name], _message(channel))
    whole.only_for(numbers["sendto"], _send(held))
    for name, indexes in USES.items() if held else ():
        if name in numbers:
            whole.only_for(numbers[name], _use(indexes, held))
    whole.end(_ALLOW)
    return whole.code


def _clone() -> _Program:
    """A thread, or a process."""
    part = _Program()
    part.load_argument(0)
    part.end_if(_IF_ANY_BIT, _CLONE_THREAD, _ALLOW)
    part.end(_ASK)
    return part


def _message(channel: int) -> _Program:
    """Where a message goes is said in memory."""
    part = _Program()
    part.load_argument(0)
    part.end_if(_IF_EQUAL, channel, _ALLOW)
    part.end(_ASK)
    return part


def _send(held: Collection[int]) -> _Program:
    """To the address that the fifth argument points to, or, without one, to where the socket is connected."""
    part = _Program()
    for offset in (0, 4):
        part.load(_ARGUMENTS + 8 * 4 + offset)
        part.add(_IF_EQUAL, 0, 1, 0)
        part.end(_ASK)
    part.code += _use((0,), held).code
    return part


def _use(indexes: Sequence[int], held: Collection[int]) -> _Program:
    """By descriptors among the arguments; without indexes, they are in memory."""
    part = _Program()
    fits = len(held) * len(indexes) <= _MAX_HELD
    for index in indexes if fits else ():
        part.load_argument(index)
        for fd in held:
            part.end_if(_IF_EQUAL, fd, _ASK)
    part.end(_ALLOW if fits and (indexes or not held) else _ASK)
    return part

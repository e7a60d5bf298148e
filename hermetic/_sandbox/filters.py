"""Builds the filter of a sandbox, as a program for the kernel (classic BPF, bpf(4)).

The filter decides by a call's number and arguments alone, because it cannot follow pointers: let the call through, ask
about it, or fail as if the call did not exist. It is the same for every size, because a worker runs tests of several
sizes under one filter.
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
_X32_NUMBERS = 0x40000000  # the first number of the x32 interface of x86 kernels
_MAX_HELD = 64  # comparisons for one call: a filter has at most 4096 instructions


class _Program:
    """A program under construction. Jumps only go forward, past the instructions to skip."""

    def __init__(self) -> None:
        self.code = b""

    def add(self, code: int, value: int, if_true: int = 0, if_false: int = 0) -> None:
        self.code += struct.pack("=HBBI", code, if_true, if_false, value)

    def load(self, offset: int) -> None:
        self.add(_LOAD, offset)

    def load_argument(self, index: int) -> None:
        """Load the lower half of an argument, which holds all of a descriptor or of flags."""
        self.load(_ARGUMENTS + 8 * index)

    def end(self, action: int) -> None:
        self.add(_RETURN, action)

    def end_if(self, comparison: int, value: int, action: int) -> None:
        self.add(comparison, value, 0, 1)
        self.end(action)

    def only_for(self, number: int, part: _Program) -> None:
        """Run a part for one call alone. The part must end the program: it overwrites the loaded number."""
        self.add(_IF_EQUAL, number, 1, 0)
        self.add(_JUMP, len(part.code) // 8)
        self.code += part.code


def program(machine: Machine, *, channel: int, held: Collection[int] = ()) -> bytes:
    """The filter, as the instructions that seccomp(2) takes.

    Args:
        channel: the descriptor of the channel to the supervisor; messages on it are not judged.
        held: descriptors of sockets that were connected before; calls that use one of these numbers are judged.
    """
    numbers = machine.numbers
    whole = _Program()
    whole.load(_ARCHITECTURE)
    # Calls of 32-bit programs have other numbers; all of them fail.
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
    """Let new threads through; ask about new processes."""
    part = _Program()
    part.load_argument(0)
    part.end_if(_IF_ANY_BIT, _CLONE_THREAD, _ALLOW)
    part.end(_ASK)
    return part


def _message(channel: int) -> _Program:
    """Ask about a message, whose address is in memory, unless it goes through the channel."""
    part = _Program()
    part.load_argument(0)
    part.end_if(_IF_EQUAL, channel, _ALLOW)
    part.end(_ASK)
    return part


def _send(held: Collection[int]) -> _Program:
    """Ask if the fifth argument points to an address; without an address, the connection of the socket counts."""
    part = _Program()
    for offset in (0, 4):
        part.load(_ARGUMENTS + 8 * 4 + offset)
        part.add(_IF_EQUAL, 0, 1, 0)
        part.end(_ASK)
    part.code += _use((0,), held).code
    return part


def _use(indexes: Sequence[int], held: Collection[int]) -> _Program:
    """Ask if an argument is a held descriptor, or if there are no indexes because descriptors are in memory."""
    part = _Program()
    fits = len(held) * len(indexes) <= _MAX_HELD
    for index in indexes if fits else ():
        part.load_argument(index)
        for fd in held:
            part.end_if(_IF_EQUAL, fd, _ASK)
    part.end(_ALLOW if fits and (indexes or not held) else _ASK)
    return part

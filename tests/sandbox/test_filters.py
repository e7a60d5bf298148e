"""The seccomp filter, interpreted instruction by instruction for each kind of machine."""

from __future__ import annotations

import errno
import struct

from hermetic import HermeticTestCase
from hermetic._sandbox import call_numbers, filters

ALLOW, ASK = 0x7FFF0000, 0x7FC00000
MISSING = 0x00050000 | errno.ENOSYS
CHANNEL = 300
CLONE_THREAD = 0x10000


def decision(program: bytes, number: int, *arguments: int, architecture: int) -> int:
    """What a filter decides on a call; the part of the kernel's machine that our filters use."""
    filled = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=iIQ6Q", number, architecture, 0, *filled)
    loaded = at = 0
    while True:
        code, if_true, if_false, value = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        if code == 0x06:
            return value
        if code == 0x20:
            (loaded,) = struct.unpack_from("=I", data, value)
        elif code == 0x05:
            at += value
        else:
            holds = {0x15: loaded == value, 0x35: loaded >= value, 0x45: loaded & value != 0}[code]
            at += if_true if holds else if_false


class FilterCase(HermeticTestCase):
    def assert_decides(self, wanted: int, name: str, *arguments: int, held: tuple[int, ...] = ()) -> None:
        for kind, machine in call_numbers.MACHINES.items():
            if name in machine.numbers:
                with self.subTest(machine=kind, call=name):
                    program = filters.program(machine, channel=CHANNEL, held=held)
                    number, architecture = machine.numbers[name], machine.architecture
                    self.assertEqual(decision(program, number, *arguments, architecture=architecture), wanted)


class ProgramTest(FilterCase):
    def test_what_names_an_address_or_a_program_is_asked_about(self):
        for name in ("connect", "bind", "listen", "execve", "execveat", "fork", "vfork"):
            self.assert_decides(ASK, name, 3, 4, 5)

    def test_reading_and_writing_is_not(self):
        for name in ("read", "write", "recvfrom", "recvmsg", "accept4", "fcntl", "dup", "splice", "getppid"):
            self.assert_decides(ALLOW, name, 3, 4, 5)

    def test_what_could_not_be_seen_does_not_exist(self):
        for name in ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"):
            self.assert_decides(MISSING, name, 3)

    def test_threads_begin_and_processes_are_asked_about(self):
        self.assert_decides(ALLOW, "clone", CLONE_THREAD | 0x100)
        self.assert_decides(ASK, "clone", 17)

    def test_sending_is_asked_about_if_it_names_an_address(self):
        self.assert_decides(ALLOW, "sendto", 3, 4, 5, 0, 0, 0)
        self.assert_decides(ASK, "sendto", 3, 4, 5, 0, 0x1000, 16)

    def test_an_address_may_lie_beyond_four_gigabytes(self):
        self.assert_decides(ASK, "sendto", 3, 4, 5, 0, 1 << 32, 16)

    def test_messages_are_asked_about_but_those_to_the_one_who_answers(self):
        for name in ("sendmsg", "sendmmsg"):
            self.assert_decides(ASK, name, CHANNEL + 1)
            self.assert_decides(ALLOW, name, CHANNEL)

    def test_calls_of_other_kinds_of_machines_do_not_exist(self):
        for machine in call_numbers.MACHINES.values():
            program = filters.program(machine, channel=CHANNEL)
            self.assertEqual(decision(program, machine.numbers["read"], architecture=0x40000003), MISSING)

    def test_the_other_way_into_an_x86_kernel_does_not_exist(self):
        machine = call_numbers.MACHINES["x86_64"]
        program = filters.program(machine, channel=CHANNEL)
        number = 0x40000000 | machine.numbers["write"]
        self.assertEqual(decision(program, number, architecture=machine.architecture), MISSING)


class HeldTest(FilterCase):
    def test_every_use_of_a_held_socket_is_asked_about(self):
        for name, indexes in {**call_numbers.USES, "sendto": (0,)}.items():
            for index in indexes:
                arguments = [3] * index + [7]
                self.assert_decides(ASK, name, *arguments, held=(5, 7))

    def test_the_use_of_others_is_not(self):
        for name, indexes in {**call_numbers.USES, "sendto": (0,)}.items():
            if indexes:
                self.assert_decides(ALLOW, name, 6, 6, 6, held=(5, 7))

    def test_asynchronous_operations_are_asked_about_where_a_socket_is_held(self):
        self.assert_decides(ASK, "io_submit", 3, 1, 0x1000, held=(7,))
        self.assert_decides(ALLOW, "io_submit", 3, 1, 0x1000)

    def test_splice_reads_and_writes(self):
        self.assert_decides(ASK, "splice", 3, 0, 7, held=(7,))
        self.assert_decides(ASK, "splice", 7, 0, 3, held=(7,))

    def test_the_program_for_many_sockets_is_one_that_a_kernel_takes(self):
        for machine in call_numbers.MACHINES.values():
            for count in (1, 32, 33, 64, 65):
                self.assertLess(len(filters.program(machine, channel=CHANNEL, held=range(100, 100 + count))) // 8, 4096)

    def test_of_very_many_every_use_of_any_descriptor_is_asked_about(self):
        held = tuple(range(100, 100 + 5000))
        self.assert_decides(ASK, "write", 3, held=held)
        for machine in call_numbers.MACHINES.values():
            self.assertLess(len(filters.program(machine, channel=CHANNEL, held=held)) // 8, 4096)  # what a kernel takes

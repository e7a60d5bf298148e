"""System calls read as operations, from this process's memory."""

from __future__ import annotations

import os
import socket
import struct

from hermetic import HermeticTestCase, medium
from hermetic._base import features
from hermetic._policy.decision import INET, KERNEL, OTHER, UNIX
from support import linux_only
from support.system_call_arguments import Arguments, inet, inet6, unix

if features.LINUX:
    from hermetic._sandbox import system_calls


@linux_only("these system calls")
class AddressTest(HermeticTestCase):
    def target(self, address: bytes, action: str = "connect") -> str:
        operation = system_calls.sockaddr_operation("connect", action, address)
        return operation.target if operation else ""

    def test_internet_addresses_are_shown_with_their_ports(self):
        self.assertEqual(self.target(inet("203.0.113.7", 443)), "203.0.113.7:443")
        self.assertEqual(self.target(inet6("2001:db8::1", 443)), "[2001:db8::1]:443")

    def test_paths_end_where_c_says_and_abstract_names_are_marked(self):
        self.assertEqual(self.target(unix(b"/run/x.sock\0garbage")), "unix:/run/x.sock")
        self.assertEqual(self.target(unix(b"\0name")), "unix:@name")

    def test_families_are_told_apart(self):
        families = {
            inet("127.0.0.1", 1): INET,
            inet6("::1", 1): INET,
            unix(b"/x"): UNIX,
            b"\x10\0": KERNEL,
            b"\x11\0": OTHER,
        }
        found = {address: system_calls.sockaddr_operation("bind", "bind", address) for address in families}
        self.assertEqual({address: operation.family for address, operation in found.items()}, families)

    def test_dissolving_a_connection_reaches_nobody(self):
        self.assertEqual(self.target(bytes(16)), "")

    def test_an_address_without_a_family_is_sent_to_as_the_kernel_does(self):
        self.assertEqual(self.target(bytes(2) + inet("203.0.113.7", 53)[2:], "sendto"), "203.0.113.7:53")


@medium  # it reads /proc
@linux_only("these system calls")
class OperationsTest(HermeticTestCase):
    def setUp(self) -> None:
        self.memory = Arguments()

    def targets(self, name: str, *arguments: int) -> list[tuple[str, str]]:
        found = system_calls.operations(name, self.memory.thread, [*arguments, *[0] * (6 - len(arguments))])
        return [(operation.action, operation.target) for operation in found]

    def test_connect_is_read_from_memory(self):
        pointer = self.memory.put(inet("192.0.2.1", 80))
        self.assertEqual(self.targets("connect", 3, pointer, 16), [("connect", "192.0.2.1:80")])

    def test_sendto_without_an_address_is_nothing(self):
        self.assertEqual(self.targets("sendto", 3, 0, 0, 0, 0, 0), [])

    def test_every_message_of_many_is_looked_at_and_the_same_address_told_once(self):
        first, second = inet("192.0.2.1", 1), inet("192.0.2.2", 2)
        headers = b"".join(self.memory.message(address) + bytes(8) for address in (first, b"", second, first))
        found = self.targets("sendmmsg", 3, self.memory.put(headers), 4)
        self.assertEqual(found, [("sendmsg", "192.0.2.1:1"), ("sendmsg", "192.0.2.2:2")])

    def test_a_program_is_told_with_its_arguments(self):
        path = self.memory.put(b"/usr/bin/git\0")
        found = self.targets("execve", path, self.memory.strings("git", "commit", "-m", "a b"), 0)
        self.assertEqual(found, [("exec", "/usr/bin/git commit -m 'a b'")])

    def test_a_program_that_is_an_open_file_is_told_by_its_name(self):
        with open(os.__file__, "rb") as file:
            found = self.targets("execveat", file.fileno(), self.memory.put(b"\0"), 0, 0, 0x1000)
        self.assertEqual(found, [("exec", os.__file__)])

    def test_what_cannot_be_read_is_no_address_that_anybody_may_reach(self):
        found = system_calls.operations("connect", self.memory.thread, [3, 8, 16, 0, 0, 0])
        self.assertEqual([(operation.family, operation.action) for operation in found], [(OTHER, "connect")])

    def test_a_program_whose_name_cannot_be_read_is_one_all_the_same(self):
        self.assertEqual(self.targets("execve", 8, 0, 0), [("exec", "a program whose name cannot be read")])

    def test_the_kind_of_a_socket_is_known(self):
        with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            kinds = [system_calls.socket_kind(self.memory.thread, sock.fileno()) for sock in (stream, datagram)]
        self.assertEqual(kinds, ["TCP", "UDP"])


@medium  # it reads /proc
@linux_only("these system calls")
class DescriptorsTest(HermeticTestCase):
    def setUp(self) -> None:
        self.memory = Arguments()

    def found(self, name: str, *arguments: int) -> list[int]:
        return system_calls.descriptors(name, self.memory.thread, [*arguments, *[0] * (6 - len(arguments))])

    def message(self, *controls: bytes) -> int:
        control = b"".join(controls)
        return self.memory.put(bytes(32) + struct.pack("=QQQ", self.memory.put(control), len(control), 0))

    def test_they_are_arguments(self):
        self.assertEqual([self.found("splice", 3, 0, 7), self.found("writev", 3, 7)], [[3, 7], [3]])
        self.assertEqual(self.found("connect", 3), [])

    def test_those_of_asynchronous_operations_are_in_memory(self):
        blocks = [self.memory.put(bytes(20) + struct.pack("=I", fd) + bytes(40)) for fd in (7, 8)]
        self.assertEqual(self.found("io_submit", 99, 2, self.memory.put(struct.pack("=2Q", *blocks))), [7, 8])

    def test_those_that_a_message_hands_on_are_among_them(self):
        rights = struct.pack("=QiiIII4x", 28, 1, 1, 7, 8, 9)
        other = struct.pack("=QiiI4x", 20, 1, 2, 5)
        self.assertEqual(self.found("sendmsg", 3, self.message(other, rights)), [3, 7, 8, 9])

    def test_what_is_no_control_message_ends_the_search(self):
        self.assertEqual(self.found("sendmsg", 3, self.message(bytes(64))), [3])

    def test_what_cannot_be_read_has_none(self):
        self.assertEqual(self.found("io_submit", 99, 2, 8), [])

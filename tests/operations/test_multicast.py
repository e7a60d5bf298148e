"""Multicast groups in the values of socket options."""

from __future__ import annotations

import itertools
import socket
import struct
import sys

import hermetic
from hermetic._base import features
from hermetic._base.sizes import Size
from hermetic._operations import multicast
from hermetic._policy.decision import Allowance, Policy, refuses

GROUP, GROUP_6 = "224.0.0.251", "ff02::fb"
ADD, ADD_SOURCE, ADD_6, JOIN, JOIN_SOURCE = features.MULTICAST_OPTIONS
LOOPBACK, ANY, OTHER = map(socket.inet_aton, ("127.0.0.1", "0.0.0.0", "192.0.2.1"))
INDEX = {name: index for index, name in socket.if_nameindex()} if hasattr(socket, "if_nameindex") else {}
LOOPBACK_INDEX = struct.pack("I", next((index for name, index in INDEX.items() if name.startswith("lo")), 0))
NO_INDEX = bytes(4)

packed, packed_6 = socket.inet_aton(GROUP), socket.inet_pton(socket.AF_INET6, GROUP_6)


def group_request(index: bytes, address: bytes) -> bytes:
    start = 8 if len(address) == 16 else 4
    return index.ljust(features.GROUP_REQUEST_ADDRESS, b"\0") + bytes(start) + address + bytes(100)


def source_request(interface: bytes) -> bytes:
    addresses = [interface, OTHER] if features.LINUX else [OTHER, interface]
    return packed + b"".join(addresses)


# Level, option, group, the value with the loopback interface and with another one.
SHAPES = (
    (0, ADD, GROUP, packed + LOOPBACK, packed + ANY),
    (0, ADD, GROUP, packed + OTHER + LOOPBACK_INDEX, packed + OTHER + NO_INDEX),
    (0, ADD_SOURCE, GROUP, source_request(LOOPBACK), source_request(OTHER)),
    (41, ADD_6, GROUP_6, packed_6 + LOOPBACK_INDEX, packed_6 + NO_INDEX),
    (0, JOIN, GROUP, group_request(LOOPBACK_INDEX, packed), group_request(NO_INDEX, packed)),
    (41, JOIN, GROUP_6, group_request(LOOPBACK_INDEX, packed_6), group_request(NO_INDEX, packed_6)),
    (0, JOIN_SOURCE, GROUP, group_request(LOOPBACK_INDEX, packed), group_request(NO_INDEX, packed)),
)


class MulticastTest(hermetic.HermeticTestCase):
    def test_small_tests_join_no_group(self):
        for level, option, group, *values in SHAPES:
            for value in values:
                operation = multicast.join_operation(None, level, option, value)
                self.assertIn(group, operation.target)
                self.assertTrue(refuses(Policy(Size.SMALL), operation))

    def test_medium_tests_join_groups_on_the_loopback_interface_alone(self):
        for level, option, _, on_loopback, elsewhere in SHAPES:
            with self.subTest(level=level, option=option):
                allowed = multicast.join_operation(None, level, option, on_loopback)
                refused = multicast.join_operation(None, level, option, elsewhere)
                judged = [refuses(Policy(Size.MEDIUM), operation) for operation in (allowed, refused)]
                self.assertEqual(judged, [False, True])

    def test_a_group_can_be_allowed_by_its_address(self):
        operation = multicast.join_operation(None, 0, ADD, bytearray(packed + ANY))
        self.assertFalse(refuses(Policy(Size.SMALL, Allowance(hosts=(GROUP,))), operation))

    def test_other_options_and_values_are_no_operation(self):
        values = (1, None, b"", packed[:3])
        calls = [(0, ADD, value) for value in values] + [(0, "x", packed), (0, 2, packed), (6, ADD, packed), ()]
        for args in calls:
            with self.subTest(args=args):
                self.assertIsNone(multicast.join_operation(None, *args))

    def test_the_numbers_of_the_options_are_those_that_python_has_names_for(self):
        names = ("IP_ADD_MEMBERSHIP", "IP_ADD_SOURCE_MEMBERSHIP", "IPV6_JOIN_GROUP")
        for name, number in itertools.zip_longest(names, features.MULTICAST_OPTIONS[:3]):
            self.assertEqual(getattr(socket, name, number), number, sys.platform)

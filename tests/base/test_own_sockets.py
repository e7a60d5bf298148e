"""hermetic's own sockets carry bytes and file descriptors, and ignore the default timeout that a test has set."""

from __future__ import annotations

import os
import socket

import hermetic
from hermetic._base import own_sockets
from support import posix_only


@posix_only("Unix sockets")
class OwnSocketsTest(hermetic.HermeticTestCase):
    def pair(self, *kind: int) -> tuple[object, object]:
        ends = own_sockets.pair(*kind)
        for end in ends:
            self.addCleanup(end.close)
        return ends

    def test_a_pair_is_connected_and_no_child_inherits_it(self):
        ours, theirs = self.pair()
        ours.send(b"text")
        self.assertEqual(theirs.recv(10), b"text")
        self.assertEqual([os.get_inheritable(end.fileno()) for end in (ours, theirs)], [False, False])

    def test_a_pair_of_packets_keeps_their_bounds(self):
        ours, theirs = self.pair(own_sockets.SOCK_SEQPACKET)
        ours.send(b"one")
        ours.send(b"two")
        self.assertEqual([theirs.recv(100), theirs.recv(100)], [b"one", b"two"])

    def test_the_default_timeout_of_a_test_does_not_hold(self):
        self.addCleanup(socket.setdefaulttimeout, socket.getdefaulttimeout())
        socket.setdefaulttimeout(0.01)
        ours, _ = self.pair()
        again = own_sockets.from_descriptor(os.dup(ours.fileno()))
        self.addCleanup(again.close)
        self.assertEqual([ours.gettimeout(), again.gettimeout()], [None, None])

    def test_descriptors_arrive_with_the_message_as_open_files(self):
        ours, theirs = self.pair()
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        own_sockets.send_descriptors(ours, b"here", writing)
        os.close(writing)
        data, (received,) = own_sockets.receive_descriptors(theirs, 10)
        os.write(received, b"through it")
        os.close(received)
        self.assertEqual((data, os.read(reading, 100)), (b"here", b"through it"))

    def test_a_message_may_come_without_descriptors(self):
        ours, theirs = self.pair()
        ours.send(b"alone")
        self.assertEqual(own_sockets.receive_descriptors(theirs, 10), (b"alone", []))

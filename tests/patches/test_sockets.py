"""Every socket inherits the methods that hermetic guards from one C type."""

from __future__ import annotations

import _socket
import socket

import hermetic
from support.plain_python import original


class SocketTypeTest(hermetic.HermeticTestCase):
    def test_python_sockets_inherit_from_the_c_type(self):
        self.assertIn(_socket.socket, socket.socket.__mro__)

    def test_the_guarded_methods_are_in_the_c_type_alone(self):
        for name in ("connect", "connect_ex", "bind", "listen", "sendto", "sendmsg", "setsockopt"):
            with self.subTest(name=name):
                self.assertIs(original(getattr(socket.socket, name)), original(getattr(_socket.socket, name)))

    def test_getnameinfo_is_taken_over_from_the_c_module(self):
        self.assertIs(socket.getnameinfo, _socket.getnameinfo)

"""Every socket inherits the methods that hermetic guards from one C type."""

from __future__ import annotations

import _socket
import socket
import types

import hermetic
from hermetic._patches import sockets
from support.plain_python import original


class SocketTypeTest(hermetic.HermeticTestCase):
    def test_python_sockets_inherit_from_the_c_type(self):
        self.assertIn(_socket.socket, socket.socket.__mro__)

    def test_the_guarded_methods_are_in_the_c_type_alone(self):
        names = ("connect", "connect_ex", "bind", "listen", "sendto", "sendmsg", "setsockopt")
        for name in (name for name in names if hasattr(socket.socket, name)):
            with self.subTest(name=name):
                self.assertIs(original(getattr(socket.socket, name)), original(getattr(_socket.socket, name)))

    def test_getnameinfo_is_taken_over_from_the_c_module(self):
        self.assertIs(socket.getnameinfo, _socket.getnameinfo)


REMOTE, LOCAL, PIPE = ("203.0.113.7", 9), ("127.0.0.1", 9), r"\\db.test\pipe\x"


def patched() -> types.ModuleType:
    """A module like ``_overlapped``, whose functions return their arguments."""

    class Overlapped:
        def ConnectEx(self, *args: object) -> tuple[object, ...]:
            return args

        def WSASendTo(self, *args: object) -> tuple[object, ...]:
            return args

    module = types.ModuleType("_overlapped")
    module.Overlapped = Overlapped  # type: ignore[attr-defined]
    module.WSAConnect = lambda *args: args  # type: ignore[attr-defined]
    module.ConnectPipe = lambda *args: args  # type: ignore[attr-defined]
    sockets.patch_overlapped(module)
    return module


class OverlappedTest(hermetic.HermeticTestCase):
    def setUp(self):
        module = patched()
        self.calls = {
            "connected to 203.0.113.7:9": lambda address: module.Overlapped().ConnectEx(7, address),
            "sent to 203.0.113.7:9": lambda address: module.Overlapped().WSASendTo(7, b"x", 0, address),
            "connected to 203.0.113.7:9 ": lambda address: module.WSAConnect(7, address),
        }
        self.connect_pipe = module.ConnectPipe

    def test_other_machines_are_refused(self):
        for deed, call in self.calls.items():
            with self.subTest(deed=deed):
                with self.assertViolation(hermetic.NetworkViolationError) as expected:
                    call(REMOTE)
                self.assertIn(deed.strip(), str(expected.error))
        with self.assertViolation(hermetic.NetworkViolationError):
            self.connect_pipe(PIPE)

    @hermetic.medium
    def test_a_medium_test_reaches_this_machine(self):
        for call in self.calls.values():
            self.assertEqual(call(LOCAL)[-1], LOCAL)
            with self.assertViolation(hermetic.NetworkViolationError):
                call(REMOTE)
        self.assertEqual(self.connect_pipe(r"\\.\pipe\x"), (r"\\.\pipe\x",))
        with self.assertViolation(hermetic.NetworkViolationError):
            self.connect_pipe(PIPE)

    def test_what_is_no_address_is_left_to_the_function(self):
        for call in self.calls.values():
            for address in (None, 7, ()):
                self.assertEqual(call(address)[-1], address)

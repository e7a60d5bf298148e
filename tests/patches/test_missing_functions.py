"""Functions that the guard replaces may only be missing where Python is known to lack them."""

from __future__ import annotations

import gc
import socket
import warnings
from unittest import mock

import hermetic
import support
from hermetic._base import features


class RefusedConnectionTest(hermetic.HermeticTestCase):
    def test_create_connection_leaves_no_socket_open(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with self.assertViolation(hermetic.NetworkViolationError):
                socket.create_connection(("127.0.0.1", 9))
            gc.collect()
        self.assertEqual([str(warning.message) for warning in caught], [])

    def test_a_socket_of_the_callers_stays_open(self):
        with socket.socket() as sock:
            with self.assertViolation(hermetic.NetworkViolationError):
                sock.connect(("127.0.0.1", 9))
            self.assertNotEqual(sock.fileno(), -1)


class FallbackSocketpairTest(hermetic.HermeticTestCase):
    def test_without_the_system_call_a_pair_is_built_on_loopback_all_the_same(self):
        build = getattr(socket, "_fallback_socketpair", None)
        if build is None:
            self.skipTest("the standard library shows what it builds where it is needed, before 3.13 on Windows alone")
        with mock.patch.object(features, "SOCKETPAIR_IS_A_SYSTEM_CALL", new=False):
            first, second = build()
        with first, second:
            first.sendall(b"x")
            self.assertEqual(second.recv(1), b"x")


class MissingFunctionTest(hermetic.HermeticTestCase):
    @hermetic.medium
    def test_none_in_the_place_of_a_function_stays_none_everywhere(self):
        code = "import subprocess; subprocess._fork_exec = None; import hermetic; hermetic.small\n"
        done = support.run_python(
            "-c", code + "import hermetic._patches.installation as g; print(subprocess._fork_exec, g.installed.failure)"
        )
        self.assertEqual((done.stdout, done.stderr), ("None None\n", ""))

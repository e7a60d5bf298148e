"""What messages propose holds in the next run, too."""

from __future__ import annotations

import os
import socket
import tempfile

import hermetic
import support
from hermetic._base import features
from hermetic._base.records import Operation
from hermetic._base.sizes import NETWORK, PROCESS
from hermetic._operations import events, lasting
from hermetic._policy.decision import INET, UNIX


def server(port: int, action: str = "listen") -> Operation:
    return Operation(NETWORK, action, "", "", INET, "127.0.0.1", port)


class AllowedEntryTest(hermetic.HermeticTestCase):
    def test_a_port_is_named_if_somebody_has_chosen_it(self):
        self.assertEqual(lasting.allowed_entry(server(54321)), "127.0.0.1:54321")
        self.assertEqual(lasting.allowed_entry(server(8080, "connect")), "127.0.0.1:8080")
        self.assertEqual(lasting.allowed_entry(server(54321, "connect")), "127.0.0.1")
        self.assertEqual(lasting.allowed_entry(server(0, "bind")), "127.0.0.1")

    def test_the_port_of_a_socket_that_asked_for_any_is_not_named(self):
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            self.assertEqual(lasting.allowed_entry(events.listen_operation(sock)), "127.0.0.1")

    @support.posix_only("paths as names of sockets")
    def test_a_path_in_a_temporary_folder_is_named_by_its_end(self):
        path = os.path.join(tempfile.gettempdir(), "tmp12345678", f"socket-{os.getpid()}")
        operation = Operation(NETWORK, "bind", path, "", UNIX, path)
        self.assertEqual(lasting.allowed_entry(operation), "unix:*/socket-*")

    def test_a_python_is_named_without_its_version(self):
        operation = Operation(PROCESS, "start", "", "", command="/usr/bin/python3.12")
        self.assertEqual(lasting.allowed_entry(operation), "python*")

    def test_what_allow_would_refuse_is_not_proposed(self):
        self.assertEqual(lasting.allowed_entry(Operation(NETWORK, "resolve", "a b", "", INET, "a b")), "")


class ScriptTest(hermetic.HermeticTestCase):
    def script(self, argv, owner=None) -> str:
        return lasting.proposing(events.READERS["subprocess.Popen"](None, argv, None, None), owner).script

    def test_a_test_with_a_double_is_told_of_that_and_others_of_a_block(self):
        self.assertEqual(self.script(["true"], self), 'self.subprocess.mock_run(["true"], stdout="...")')
        self.assertTrue(self.script(["true"]).startswith("with hermetic.SubprocessMock() as sp:\n    sp.mock_run("))

    def test_arguments_that_differ_in_every_run_are_left_open(self):
        path = os.path.join(tempfile.gettempdir(), "tmp12345678")
        self.assertIn('mock_run(["kill", "-9", ...], ', self.script(["kill", "-9", str(os.getpid())]))
        self.assertIn('mock_run(["ls", ...], ', self.script(["ls", path, "-l"]))
        self.assertIn("mock_run(..., ", self.script([os.path.join(path, "run")]))
        scripted = '["ls", ...]' if features.WINDOWS else "..."  # where a line is a list
        self.assertIn(f"mock_run({scripted}, ", self.script(f"ls {path}"))

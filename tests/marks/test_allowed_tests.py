"""``@allow`` on tests, classes, and modules: hosts, addresses, sockets, and programs."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import unittest

import hermetic
import support
from hermetic import allow, medium, small
from support import run_tests
from support.marked_tests import connect, reach_loopback
from support.network_uses import TRUE


@medium
class Allowances(unittest.TestCase):
    def setUp(self) -> None:
        self.server = self._listen()
        self.port = self.server.getsockname()[1]

    def _listen(self) -> socket.socket:
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        return server

    def verdict(self, mark: object, host: str = "127.0.0.1") -> str:
        """What becomes of a small test that connects to our server, with another mark on it."""
        port = self.port

        class Case(unittest.TestCase):
            @small
            @mark
            def test_a(self):
                connect(host, port)

        result = run_tests(Case)
        return result.errors[0][1] if result.errors else "allowed"

    def test_an_address_with_its_port_is_let_through(self) -> None:
        self.assertEqual(self.verdict(allow(hosts=[f"127.0.0.1:{self.port}"])), "allowed")

    def test_an_address_without_a_port_is_let_through(self) -> None:
        self.assertEqual(self.verdict(allow(hosts=["127.0.0.1"])), "allowed")

    def test_an_address_in_another_spelling_is_the_same(self) -> None:
        self.assertEqual(self.verdict(allow(hosts=["127.1"])), "allowed")

    def test_another_port_is_refused(self) -> None:
        self.assertIn("H001", self.verdict(allow(hosts=[f"127.0.0.1:{self.port % 60000 + 1}"])))

    def test_another_address_is_refused(self) -> None:
        self.assertIn("H001", self.verdict(allow(hosts=["127.0.0.2"])))

    def test_a_name_lets_the_addresses_through_that_it_has(self) -> None:
        self.assertEqual(self.verdict(allow(hosts=[f"localhost:{self.port}"]), "localhost"), "allowed")

    def test_a_name_lets_its_addresses_through_on_its_port_alone(self) -> None:
        verdict = self.verdict(allow(hosts=[f"localhost:{self.port % 60000 + 1}"]), "localhost")
        self.assertIn("H001", verdict)

    def test_a_pattern_lets_names_through(self) -> None:
        self.assertEqual(self.verdict(allow(hosts=["local*"]), "localhost"), "allowed")

    def test_on_a_class_it_holds_for_its_methods(self) -> None:
        port = self.port

        @small
        @allow(hosts=["127.0.0.1"])
        class Case(unittest.TestCase):
            def test_a(self):
                connect("127.0.0.1", port)

        self.assertEqual(run_tests(Case).errors, [])

    def test_those_of_method_and_class_add_up(self) -> None:
        port = self.port

        @small
        @allow(processes=TRUE)
        class Case(unittest.TestCase):
            @allow(hosts=["127.0.0.1"])
            def test_a(self):
                connect("127.0.0.1", port)
                subprocess.run(TRUE, check=True)

        self.assertEqual(run_tests(Case).errors, [])

    def test_as_a_block_it_holds_inside_the_block(self) -> None:
        port = self.port

        class Case(unittest.TestCase):
            @small
            def test_a(self):
                with allow(hosts=["127.0.0.1"]):
                    connect("127.0.0.1", port)

        self.assertEqual(run_tests(Case).errors, [])

    def test_as_a_block_it_ends_with_the_block(self) -> None:
        port = self.port

        class Case(unittest.TestCase):
            @small
            def test_a(self):
                with allow(hosts=["127.0.0.1"]):
                    pass
                connect("127.0.0.1", port)

        self.assertIn("H001", run_tests(Case).errors[0][1])

    def test_what_is_swallowed_in_a_block_is_still_the_tests(self) -> None:
        class Case(unittest.TestCase):
            @small
            def test_a(self):
                with allow(hosts=["127.0.0.2"]), contextlib.suppress(Exception):
                    reach_loopback()

        result = run_tests(Case)
        self.assertEqual(len(result.errors), 1)
        self.assertIn("Case.test_a", result.errors[0][1].partition("[H001]")[2].partition("\n")[0])

    def test_a_program_is_let_through_by_its_name(self) -> None:
        class Case(unittest.TestCase):
            @small
            @allow(processes=TRUE)
            def test_a(self):
                subprocess.run([shutil.which(TRUE[0])], check=True)

        self.assertEqual(run_tests(Case).errors, [])

    def test_another_program_is_refused(self) -> None:
        class Case(unittest.TestCase):
            @small
            @allow(processes=TRUE)
            def test_a(self):
                subprocess.run(["false"], check=False)

        self.assertIn("H003", run_tests(Case).errors[0][1])

    def test_without_a_size_it_changes_nothing(self) -> None:
        class Case(unittest.TestCase):
            @allow(hosts=["127.0.0.1"])
            def test_a(self):
                pass

        self.assertIn("addSuccess", run_tests(Case).events)

    def test_a_text_in_place_of_a_list_is_an_error(self) -> None:
        with self.assertRaisesRegex(hermetic.ConfigurationError, "hosts='db.test'"):
            allow(hosts="db.test")

    def test_a_port_that_is_no_number_is_an_error(self) -> None:
        with self.assertRaisesRegex(hermetic.ConfigurationError, "db.test:http"):
            allow(hosts=["db.test:http"])


NAMED = """
import contextlib, socket, unittest
from hermetic import allow, small
class Case(unittest.TestCase):
    @small
    @allow(hosts=["db.test:5432"])
    def test_its_port(self):
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("db.test", 5432), 5)
    @small
    @allow(hosts=["db.test:5432"])
    def test_other_port(self):
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("db.test", 5433), 5)
    @small
    @allow(hosts=["other.test"])
    def test_other_name(self):
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("db.test", 5432), 5)
"""


@medium
class NamesThatAreNotLoopback(unittest.TestCase):
    def test_lead_to_their_addresses_on_the_allowed_port_alone(self) -> None:
        command = support.in_network_namespace(sys.executable, "-m", "hermetic", "test_named")
        hosts = "127.0.0.1 localhost\n203.0.113.7 db.test\n"
        with support.Folder(**{"test_named.py": NAMED, "hosts": hosts}) as folder:
            script = 'mount --bind "$0/hosts" /etc/hosts && exec "$@"'
            mounted = ["unshare", "-rm", "sh", "-c", script, folder, *command]
            probe = subprocess.run([*mounted[:-4], "true"], capture_output=True, text=True)
            if probe.returncode:
                self.skipTest(f"no network namespace with a hosts file of its own: {probe.stderr.strip()}")
            env = {**os.environ, "PYTHONPATH": support.package_folder()}
            ran = subprocess.run(mounted, cwd=folder, env=env, capture_output=True, text=True, timeout=support.TIMEOUT)
        refused = re.findall(r"^ERROR: (\w+)", ran.stderr, re.MULTILINE)
        self.assertEqual(refused, ["test_other_name", "test_other_port"], ran.stderr)

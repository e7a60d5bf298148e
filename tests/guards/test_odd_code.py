"""Code with its own sockets, executors, interpreters, and guards works as usual, and is guarded."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import subprocess
import sys
import textwrap
import unittest

import support
from hermetic import HermeticTestCase, NetworkViolationError, guard, medium

PREAMBLE = """
import concurrent.futures, socket, threading, unittest
from unittest import mock
from hermetic import medium, small
"""


def run_case(body: str, *prefix: str) -> subprocess.CompletedProcess[str]:
    """Run a module of tests in a process of its own, which may be started by another command."""
    command = [sys.executable, "-m", "hermetic", "test_it"]
    env = {**os.environ, "PYTHONPATH": support.package_folder()}
    with support.Folder(**{"test_it.py": PREAMBLE + textwrap.dedent(body)}) as folder:
        return subprocess.run(
            [*prefix, *command], cwd=folder, env=env, capture_output=True, text=True, timeout=support.TIMEOUT
        )


def run_without_network(case: unittest.TestCase, body: str) -> subprocess.CompletedProcess[str]:
    """Run a module of tests where nothing can leave, or skip the test."""
    probe = subprocess.run(support.in_network_namespace("true"), capture_output=True, text=True)
    if probe.returncode:
        case.skipTest(f"no network namespace: {probe.stderr.strip()}")
    return run_case(body, *support.in_network_namespace())


@medium
class Sockets(unittest.TestCase):
    def assert_passes(self, body: str) -> None:
        ran = run_case(body)
        self.assertEqual(ran.returncode, 0, ran.stderr)

    def test_many_of_a_class_with_a_listen_of_its_own(self):
        self.assert_passes("""
            class Socket(socket.socket):
                def listen(self, backlog=1): return super().listen(backlog)
            class Case(unittest.TestCase):
                def test_a(self):
                    for _ in range(1500): Socket().close()
                    with Socket() as sock:
                        sock.bind(("127.0.0.1", 0))
                        sock.listen()
        """)

    def test_one_of_a_class_with_a_listen_of_its_own_binds_in_a_small_test(self):
        self.assert_passes("""
            class Socket(socket.socket):
                def listen(self, backlog=1): return super().listen(backlog)
            class Case(unittest.TestCase):
                @small
                def test_a(self):
                    with Socket() as sock: sock.bind(("127.0.0.1", 0))
        """)

    def test_a_mock_of_listen_gets_the_arguments_of_the_test(self):
        self.assert_passes("""
            class Case(unittest.TestCase):
                def test_a(self):
                    with mock.patch("socket.socket.listen") as listen, socket.socket() as sock: sock.listen(5)
                    listen.assert_called_once_with(5)
        """)

    def test_a_mock_of_listen_is_no_violation(self):
        self.assert_passes("""
            class Case(unittest.TestCase):
                @small
                def test_a(self):
                    with mock.patch("socket.socket.listen"), socket.socket() as sock: sock.listen(5)
        """)

    def test_listen_is_guarded_again_after_a_mock_of_it(self):
        said = run_case("""
            class Case(unittest.TestCase):
                @small
                def test_a(self):
                    with mock.patch("socket.socket.listen"), socket.socket() as sock: sock.listen(5)
                    with socket.socket() as sock: sock.listen(5)
        """).stderr
        self.assertEqual(said.count("[H001] network violation"), 1, said)


@medium
class Executors(unittest.TestCase):
    def test_a_mock_of_submit_gets_the_arguments_of_the_test(self):
        ran = run_case("""
            class Case(unittest.TestCase):
                def test_a(self):
                    with mock.patch("concurrent.futures.ThreadPoolExecutor.submit") as submit:
                        thread = threading.Thread(target=int)
                        thread.start()
                        thread.join()
                        concurrent.futures.ThreadPoolExecutor().submit(int)
                    submit.assert_called_once_with(int)
        """)
        self.assertEqual(ran.returncode, 0, ran.stderr)


@medium
class Interpreters(unittest.TestCase):
    def test_one_that_is_passed_by_keyword_is_guarded(self):
        ran = run_without_network(
            self,
            """
            try: import _interpreters as interpreters
            except ImportError: import _xxsubinterpreters as interpreters
            SCRIPT = '''
            import contextlib, socket
            with contextlib.suppress(Exception), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.connect(("203.0.113.7", 9))
            '''
            class Case(unittest.TestCase):
                @medium
                def test_a(self):
                    interpreters.run_string(id=interpreters.create(), script=SCRIPT)
            """,
        )
        self.assertEqual(re.findall(r"^ERROR: (\w+)", ran.stderr, re.MULTILINE), ["test_a"], ran.stderr)
        self.assertIn("medium test test_it.Case.test_a connected to 203.0.113.7:9", ran.stderr)


def swallow() -> None:
    with contextlib.suppress(Exception), socket.socket() as sock:
        sock.connect(("127.0.0.1", 9))


class GuardBlocks(HermeticTestCase):
    def test_one_guard_in_two_tasks_answers_for_each_by_itself(self):
        block = guard("small")

        async def violate(entered, other_entered, left):
            try:
                with block:
                    entered.set()
                    await other_entered.wait()
                    swallow()
            finally:
                left.set()

        async def do_nothing(other_entered, entered, other_left):
            await other_entered.wait()
            with block:
                entered.set()
                await other_left.wait()

        async def both():
            events = [asyncio.Event() for _ in range(3)]
            return await asyncio.gather(violate(*events), do_nothing(*events), return_exceptions=True)

        violated, clean = asyncio.run(both())
        self.assertEqual((type(violated), clean), (NetworkViolationError, None))

    def test_code_without_a_module_name_is_guarded(self):
        code = "with contextlib.suppress(Exception), socket.socket() as sock: sock.connect(('127.0.0.1', 9))"
        with self.assertRaisesRegex(NetworkViolationError, r"connected to 127\.0\.0\.1:9"), guard("small"):
            exec(code, {"__name__": None, "contextlib": contextlib, "socket": socket})


if __name__ == "__main__":
    unittest.main()

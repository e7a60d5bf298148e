"""A medium test reaches this machine and starts processes, and nothing beyond this machine."""

from __future__ import annotations

import _ctypes
import asyncio
import concurrent.futures
import contextlib
import ctypes
import ctypes.util
import http.client
import http.server
import multiprocessing
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import unittest
import urllib.request

import support
from hermetic import allow, isolated, large, medium
from support.network_uses import (
    TRUE,
    interpreters,
    run_in,
    start_process_of,
    swallow,
    unix_path,
)

setUpModule = support.unmeasured_processes


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(self.request.recv(100))


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@medium
class WorkingInMedium(unittest.TestCase):
    def test_tcp(self) -> None:
        with serving(socketserver.TCPServer(("127.0.0.1", 0), Echo)) as address:
            with socket.create_connection(address, 5) as sock:
                sock.sendall(b"x")
                self.assertEqual(sock.recv(1), b"x")

    def test_tcp_by_name(self) -> None:
        with serving(socketserver.TCPServer(("127.0.0.1", 0), Echo)) as address:
            socket.create_connection(("localhost", address[1]), 5).close()

    def test_udp(self) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as left, socket.socket(type=socket.SOCK_DGRAM) as right:
            left.bind(("127.0.0.1", 0))
            right.sendto(b"x", left.getsockname())
            self.assertEqual(left.recv(1), b"x")

    @support.posix_only("Unix sockets")
    def test_unix_sockets(self) -> None:
        with unix_path() as path, serving(socketserver.UnixStreamServer(path, Echo)):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(path)
                sock.sendall(b"x")
                self.assertEqual(sock.recv(1), b"x")

    def test_a_wildcard_bind(self) -> None:
        with socket.create_server(("", 0)) as server:
            socket.create_connection(("127.0.0.1", server.getsockname()[1]), 5).close()

    def test_http(self) -> None:
        with serving(http.server.HTTPServer(("127.0.0.1", 0), Hello)) as (host, port):
            with urllib.request.urlopen(f"http://{host}:{port}/") as answer:
                self.assertEqual(answer.read(), b"hello")

    def test_names_that_are_loopback(self) -> None:
        self.assertTrue(socket.getaddrinfo("localhost", 80))
        self.assertEqual(socket.gethostbyname("localhost"), "127.0.0.1")

    def test_asyncio(self) -> None:
        async def main():
            async def answer(reader, writer):
                writer.write(await reader.readline())
                writer.close()

            server = await asyncio.start_server(answer, "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"line\n")
            line = await reader.readline()
            writer.close()
            server.close()
            return line

        self.assertEqual(asyncio.run(main()), b"line\n")

    def test_processes_in_their_forms(self) -> None:
        self.assertEqual(subprocess.run(TRUE).returncode, 0)
        self.assertEqual(os.system(TRUE[0]), 0)
        self.assertEqual(os.popen("echo x").read(), "x\n")
        self.assertEqual(os.spawnv(os.P_WAIT, shutil.which(TRUE[0]), TRUE), 0)

    @support.posix_only("such functions")
    def test_processes_by_functions_of_posix(self) -> None:
        self.assertEqual(os.spawnvp(os.P_WAIT, "true", TRUE), 0)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(os.posix_spawnp("true", TRUE, {}), 0)[1]), 0)

    def test_asyncio_processes(self) -> None:
        async def main():
            process = await asyncio.create_subprocess_shell("echo x", stdout=subprocess.PIPE)
            return (await process.communicate())[0]

        self.assertEqual(asyncio.run(main()).split(), [b"x"])

    def test_multiprocessing_with_each_start_method(self) -> None:
        for method in multiprocessing.get_all_start_methods():
            with self.subTest(method=method):
                start_process_of(method)

    def test_an_executor_of_processes(self) -> None:
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as executor:
            self.assertEqual(executor.submit(abs, -1).result(), 1)

    @isolated  # Python 3.12.1 may crash when it collects garbage later on
    def test_a_sub_interpreter(self) -> None:
        module = interpreters()
        interpreter = module.create()
        module.run_string(interpreter, "assert 1 + 1 == 2")
        module.destroy(interpreter)


EXTERNAL = """
import asyncio, http.client, socket, ssl, unittest, urllib.request
import hermetic
TARGET = ("203.0.113.7", 9)
def udp(): return socket.socket(type=socket.SOCK_DGRAM)
ROUTES = {
    "connect": lambda: socket.socket().connect(TARGET),
    "connect_ex": lambda: socket.socket().connect_ex(TARGET),
    "create_connection": lambda: socket.create_connection(TARGET, 5),
    "mapped": lambda: socket.socket(socket.AF_INET6).connect(("::ffff:203.0.113.7", 9)),
    "number": lambda: socket.socket().connect((str(0xCB007107), 9)),
    "udp": lambda: udp().sendto(b"x", TARGET),
    "udp_connect": lambda: udp().connect(TARGET),
    "sendmsg": lambda: udp().sendmsg([b"x"], [], 0, TARGET),
    "bind": lambda: socket.socket().bind(TARGET),
    "urlopen": lambda: urllib.request.urlopen("http://203.0.113.7:9/", timeout=5),
    "https": lambda: http.client.HTTPSConnection(*TARGET, timeout=5).request("GET", "/"),
    "asyncio": lambda: asyncio.run(asyncio.wait_for(asyncio.open_connection(*TARGET), 5)),
    "name": lambda: socket.gethostbyname("db.invalid"),
    "name_below_localhost": lambda: socket.getaddrinfo("db.localhost.invalid", 80),
    "name_like_loopback": lambda: socket.getaddrinfo("127.0.0.1.invalid", 80),
    "reverse": lambda: socket.gethostbyaddr("203.0.113.7"),
    "broadcast": lambda: udp().sendto(b"x", ("<broadcast>", 9)),
}
class Case(unittest.TestCase): pass
for name, act in ROUTES.items():
    def test(self, act=act):
        try: act()
        except Exception: pass
    setattr(Case, "test_" + name, test)
hermetic.medium(Case)
"""


@medium
class RefusedInMedium(unittest.TestCase):
    def test_every_route_off_this_machine(self) -> None:
        probe = subprocess.run(support.in_network_namespace("true"), capture_output=True, text=True)
        if probe.returncode:
            self.skipTest(f"no network namespace: {probe.stderr.strip()}")
        command = support.in_network_namespace(sys.executable, "-W", "ignore", "-m", "hermetic", "-v", "test_it")
        env = {**os.environ, "PYTHONPATH": support.package_folder()}
        with support.Folder(**{"test_it.py": EXTERNAL}) as folder:
            ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=support.TIMEOUT)
        told = [line for line in ran.stderr.splitlines() if "... " in line]
        outcomes = {line.partition(" ")[0]: line.rpartition("... ")[2] for line in told}
        let_through = [name for name, outcome in outcomes.items() if outcome != "ERROR"]
        self.assertEqual((let_through, len(outcomes)), ([], 17), ran.stderr)

    @support.posix_only("library with all these functions")
    def test_c_functions_whose_address_cannot_be_seen(self) -> None:
        routes = {
            "connect": lambda: ctypes.CDLL(None).connect,
            "sendto": lambda: ctypes.PyDLL(None)["sendto"],
            "getaddrinfo": lambda: ctypes.CFUNCTYPE(ctypes.c_int)(("getaddrinfo", ctypes.CDLL(None))),
            "syscall": lambda: _ctypes.dlsym(ctypes.CDLL(None)._handle, "syscall"),
        }
        for name, act in routes.items():
            with self.subTest(name=name):
                result = run_in(medium, swallow(act))
                self.assertIn(f"fetched {name}() of a C library", result.errors[0][1])

    @support.posix_only("library with all these functions")
    def test_c_functions_that_are_allowed_by_name_or_reach_nobody(self) -> None:
        def act():
            with allow(hosts=["connect()"]):
                self.assertTrue(ctypes.CDLL(None).connect)
            self.assertTrue(ctypes.CDLL(None).getpid() and ctypes.CDLL(None).fork)

        for mark, function in ((medium, act), (large, lambda: ctypes.CDLL(None).connect)):
            self.assertEqual(run_in(mark, function).errors, [])

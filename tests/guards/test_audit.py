"""Routes to the network and to processes: a small test is refused each of them, and the refusal is reported."""

from __future__ import annotations

import _socket
import asyncio
import concurrent.futures
import contextlib
import ctypes
import ctypes.util
import http.client
import http.server
import importlib
import multiprocessing
import os
import socket
import socketserver
import ssl
import subprocess
import sys
import unittest
import urllib.request
import xmlrpc.client

from hermetic import small
from support import posix_only
from support.network_uses import (
    NOWHERE,
    TRUE,
    fork_and_leave,
    in_loop,
    interpreters,
    run_async,
    run_in,
    start_process_of,
    swallow,
    with_socket,
    with_unix,
)

# Fetched before any test, as by `from subprocess import run`.
early_run = subprocess.run
early_create_connection = socket.create_connection
early_listen = _socket.socket.listen


@small
class RefusedInSmall(unittest.TestCase):
    def assert_refused(self, code: str, *routes) -> None:
        """Each route is an error of its test, once, whether it raises or is swallowed."""
        for said, act in routes:
            for swallowed in (False, True):
                with self.subTest(route=said, swallowed=swallowed):
                    self._assert_refused_once(code, said, swallow(act) if swallowed else act)

    def _assert_refused_once(self, code: str, said: str, act) -> None:
        result = run_in(small, act)
        self.assertEqual([event for event in result.events if event.startswith("add")], ["addError"])
        text = result.errors[0][1]
        self.assertIn(said, text.partition(f"[{code}]")[2].partition("\n")[0], text)
        self.assertEqual(text.count(f"[{code}]"), 1, text)

    def test_tcp(self) -> None:
        self.assert_refused(
            "H001",
            ("connected to 127.0.0.1:9", lambda: with_socket(lambda sock: sock.connect(NOWHERE))),
            ("connected to 127.0.0.1:9", lambda: with_socket(lambda sock: sock.connect_ex(NOWHERE))),
            ("connected to 127.1:9", lambda: with_socket(lambda sock: sock.connect(("127.1", 9)))),
            ("connected to 0.0.0.0:9", lambda: with_socket(lambda sock: sock.connect(("", 9)))),
            ("connected to [::1]:9", lambda: with_socket(lambda sock: sock.connect(("::1", 9)), socket.AF_INET6)),
            ("connected to 127.0.0.1:9", lambda: socket.create_connection(NOWHERE, 1)),
        )

    def test_udp(self) -> None:
        udp = (socket.AF_INET, socket.SOCK_DGRAM)
        self.assert_refused(
            "H001",
            ("connected to 127.0.0.1:9", lambda: with_socket(lambda sock: sock.connect(NOWHERE), *udp)),
            ("sent to 127.0.0.1:9", lambda: with_socket(lambda sock: sock.sendto(b"x", NOWHERE), *udp)),
            ("sent to 127.0.0.1:9", lambda: with_socket(lambda sock: sock.sendto(b"x", 0, NOWHERE), *udp)),
            ("opened a socket on 127.0.0.1:0", lambda: with_socket(lambda sock: sock.bind(("127.0.0.1", 0)), *udp)),
        )

    @posix_only("sendmsg")
    def test_messages(self) -> None:
        udp = (socket.AF_INET, socket.SOCK_DGRAM)
        self.assert_refused(
            "H001",
            ("sent to 127.0.0.1:9", lambda: with_socket(lambda sock: sock.sendmsg([b"x"], [], 0, NOWHERE), *udp)),
        )

    @posix_only("Unix sockets")
    def test_unix_sockets(self) -> None:
        self.assert_refused(
            "H001",
            ("connected to unix:/", lambda: with_unix(lambda sock, path: sock.connect(path))),
            ("opened a socket on unix:/", lambda: with_unix(lambda sock, path: sock.bind(path))),
            ("connected to unix:@hermetic", lambda: with_unix(lambda sock, _: sock.connect("\0hermetic"))),
            ("connected to unix:/", lambda: with_unix(lambda sock, path: sock.connect(path.encode()))),
            ("connected to unix:/", lambda: run_async(asyncio.open_unix_connection, "/nowhere")),
        )

    def test_servers(self) -> None:
        local = ("127.0.0.1", 0)

        def bind_and_listen(sock):
            sock.bind(local)
            sock.listen()

        self.assert_refused(
            "H001",
            ("listened on 127.0.0.1:", lambda: with_socket(bind_and_listen)),
            ("listened on 0.0.0.0:0", lambda: with_socket(lambda sock: sock.listen())),
            ("opened a socket on 0.0.0.0:0", lambda: with_socket(lambda sock: sock.bind(("0.0.0.0", 0)))),
            ("opened a socket on 0.0.0.0:0", lambda: with_socket(lambda sock: sock.bind(("", 0)))),
            ("listened on 127.0.0.1:", lambda: socket.create_server(local).close()),
            ("listened on 127.0.0.1:", lambda: socketserver.TCPServer(local, None).server_close()),
            ('looked up "127.0.0.1"', lambda: http.server.HTTPServer(local, None).server_close()),
        )

    def test_names(self) -> None:
        self.assert_refused(
            "H001",
            ('looked up "name.invalid"', lambda: socket.getaddrinfo("name.invalid", 80)),
            ('looked up "name.invalid"', lambda: socket.getaddrinfo(b"name.invalid", 80)),
            ('looked up "name.invalid"', lambda: socket.gethostbyname("name.invalid")),
            ('looked up "name.invalid"', lambda: socket.gethostbyname_ex("name.invalid")),
            ('looked up "name.invalid"', lambda: socket.gethostbyaddr("name.invalid")),
            ('looked up "127.0.0.1"', lambda: socket.gethostbyaddr("127.0.0.1")),
            ('looked up "127.0.0.1"', lambda: socket.getnameinfo(NOWHERE, 0)),
            ('looked up "name.invalid"', lambda: with_socket(lambda sock: sock.connect(("name.invalid", 9)))),
            ('looked up "name.invalid"', lambda: socket.create_connection(("name.invalid", 9))),
            ('looked up "name.invalid"', lambda: urllib.request.urlopen("http://name.invalid/")),
        )

    def test_asyncio_streams_and_servers(self) -> None:
        self.assert_refused(
            "H001",
            ("connected to 127.0.0.1:9", lambda: run_async(asyncio.open_connection, *NOWHERE)),
            ("listened on 127.0.0.1:", lambda: run_async(asyncio.start_server, int, "127.0.0.1", 0)),
            (
                "opened a socket on 127.0.0.1:0",
                lambda: in_loop("create_datagram_endpoint", asyncio.DatagramProtocol, ("127.0.0.1", 0)),
            ),
            ('looked up "name.invalid"', lambda: in_loop("getaddrinfo", "name.invalid", 80)),
        )

    def test_ssl_and_http(self) -> None:
        def connect_ssl():
            context = ssl.create_default_context()
            with socket.socket() as sock, context.wrap_socket(sock, server_hostname="localhost") as secure:
                secure.connect(NOWHERE)

        self.assert_refused(
            "H001",
            ("connected to 127.0.0.1:9", connect_ssl),
            ("connected to 127.0.0.1:9", lambda: ssl.get_server_certificate(NOWHERE)),
            ("connected to 127.0.0.1:9", lambda: urllib.request.urlopen("http://127.0.0.1:9/")),
            ("connected to 127.0.0.1:9", lambda: http.client.HTTPConnection(*NOWHERE).request("GET", "/")),
            ("connected to 127.0.0.1:9", lambda: http.client.HTTPSConnection(*NOWHERE).request("GET", "/")),
            ("connected to 127.0.0.1:9", lambda: xmlrpc.client.ServerProxy("http://127.0.0.1:9").call()),
        )

    def test_a_raw_socket_object(self) -> None:
        self.assert_refused(
            "H001",
            ("connected to 127.0.0.1:9", lambda: _socket.socket(_socket.AF_INET).connect(NOWHERE)),
            ("opened a socket on 0.0.0.0:0", lambda: _socket.socket(_socket.AF_INET).bind(("", 0))),
            ("listened on 0.0.0.0:0", lambda: _socket.socket(_socket.AF_INET).listen(1)),
            ('looked up "name.invalid"', lambda: _socket.socket(_socket.AF_INET).connect(("name.invalid", 9))),
            ('looked up "name.invalid"', lambda: _socket.getaddrinfo("name.invalid", 80)),
        )

    def test_listening_by_whatever_class_has_the_method(self) -> None:
        class OfTheCType(_socket.socket):
            pass

        self.assert_refused(
            "H001",
            ("listened on 0.0.0.0:0", lambda: with_socket(lambda sock: super(socket.socket, sock).listen())),
            ("listened on 0.0.0.0:0", lambda: with_socket(lambda sock: _socket.socket.listen(sock, 1))),
            ("listened on 0.0.0.0:0", lambda: with_socket(lambda sock: socket.socket.listen(sock, 1))),
            ("listened on 0.0.0.0:0", lambda: with_socket(socket.socket.__mro__[-2].listen)),
            ("listened on 0.0.0.0:0", lambda: with_socket(vars(_socket.socket)["listen"])),
            ("listened on 0.0.0.0:0", lambda: with_socket(lambda sock: early_listen(sock, 1))),
            ("listened on 0.0.0.0:0", lambda: OfTheCType(socket.AF_INET).listen(1)),
        )

    def test_sockets_that_receive_without_being_bound(self) -> None:
        raw = (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.assert_refused(
            "H001",
            ("opened a socket on every interface, for raw packets", lambda: with_socket(int, *raw)),
            ("opened a socket on every interface, for raw packets", lambda: _socket.socket(*raw)),
        )

    @unittest.skipUnless(hasattr(socket, "AF_PACKET"), "there are no packet sockets here")
    def test_packet_sockets_that_only_receive(self) -> None:
        for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK):
            packets = (socket.AF_PACKET, kind, socket.htons(3))
            said = "opened a socket on every interface, for packets"
            self.assert_refused("H001", (said, lambda packets=packets: with_socket(int, *packets)))

    def test_multicast_groups(self) -> None:
        udp, option = (socket.AF_INET, socket.SOCK_DGRAM), socket.IP_ADD_MEMBERSHIP
        value = socket.inet_aton("224.0.0.251") + socket.inet_aton("127.0.0.1")  # should it be joined, then there alone
        said = "joined the multicast group 224.0.0.251 on the loopback interface"
        self.assert_refused(
            "H001",
            (said, lambda: with_socket(lambda sock: sock.setsockopt(socket.IPPROTO_IP, option, value), *udp)),
            (said, lambda: with_socket(lambda sock: _socket.socket.setsockopt(sock, 0, option, value), *udp)),
        )

    def test_subprocess(self) -> None:
        self.assert_refused(
            "H003",
            (f'started "{TRUE[0]}"', lambda: subprocess.run(TRUE, check=True)),
            (f'started "{TRUE[0]}"', lambda: subprocess.Popen(TRUE).wait()),
            (f'started "{TRUE[0]}"', lambda: subprocess.call(TRUE)),
            (f'started "{TRUE[0]}"', lambda: subprocess.check_call(TRUE)),
            (f'started "{TRUE[0]}"', lambda: subprocess.check_output(TRUE)),
            (TRUE[0], lambda: subprocess.getoutput(TRUE[0])),
            (TRUE[0], lambda: subprocess.run(TRUE[0], shell=True, check=True)),
            (f'started "{TRUE[0]}"', lambda: subprocess.run(TRUE[0], check=True)),
            (f'started "{TRUE[0]}"', lambda: subprocess.run([TRUE[0].encode()], check=True)),
        )

    @posix_only("fork")
    def test_os(self) -> None:
        import pty  # not on Windows

        path = "/bin/true"
        self.assert_refused(
            "H003",
            (f'started "{TRUE[0]}"', lambda: os.system("true")),
            ("true", lambda: os.popen("true").close()),
            ("started a process by fork", lambda: fork_and_leave(os.fork)),
            ("started a process by fork", lambda: fork_and_leave(os.forkpty)),
            ("started a process by fork", lambda: fork_and_leave(pty.fork)),
            (f'started "{TRUE[0]}"', lambda: os.waitpid(os.posix_spawn(path, TRUE, {}), 0)),
            (f'started "{TRUE[0]}"', lambda: os.waitpid(os.posix_spawnp("true", TRUE, {}), 0)),
            ("true", lambda: pty.spawn(TRUE)),
        )

    @posix_only("fork below these functions")
    def test_os_spawn(self) -> None:
        path = "/bin/true"
        self.assert_refused(
            "H003",
            *(
                ("started a process by fork", act)
                for act in (
                    lambda: os.spawnl(os.P_WAIT, path, "true"),
                    lambda: os.spawnle(os.P_WAIT, path, "true", {}),
                    lambda: os.spawnlp(os.P_WAIT, "true", "true"),
                    lambda: os.spawnv(os.P_WAIT, path, TRUE),
                    lambda: os.spawnvpe(os.P_WAIT, "true", TRUE, {"PATH": "/bin"}),
                )
            ),
        )

    def test_os_exec(self) -> None:
        path = "/bin/true"
        self.assert_refused(
            "H003",
            *(
                ("replaced its process by", act)
                for act in (
                    lambda: os.execv(path, TRUE),
                    lambda: os.execve(path, TRUE, {}),
                    lambda: os.execl(path, "true"),
                    lambda: os.execlp("true", "true"),
                    lambda: os.execvp("true", TRUE),
                    lambda: os.execvpe("true", TRUE, {"PATH": "/bin"}),
                )
            ),
        )

    def test_multiprocessing(self) -> None:
        for method in multiprocessing.get_all_start_methods():
            with self.subTest(method=method):
                self.assert_refused("H003", ("", lambda method=method: start_process_of(method)))

    def test_pools_of_processes(self) -> None:
        def use_executor():
            with concurrent.futures.ProcessPoolExecutor(1) as executor:
                executor.submit(int).result()

        def use_pool():
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                pool.apply(int)

        self.assert_refused("H003", ("", use_executor), ("", use_pool))

    def test_a_manager_of_multiprocessing(self) -> None:
        self.assert_refused("H003", ("", lambda: multiprocessing.get_context("spawn").Manager().shutdown()))

    def test_asyncio_processes(self) -> None:
        self.assert_refused(
            "H003",
            (f'started "{TRUE[0]}"', lambda: run_async(asyncio.create_subprocess_exec, TRUE[0])),
            (TRUE[0], lambda: run_async(asyncio.create_subprocess_shell, TRUE[0])),
        )

    @posix_only("such program, and starts it by another function")
    def test_the_c_function_below_subprocess(self) -> None:
        from _posixsubprocess import fork_exec

        def act():
            reading, writing = os.pipe()
            try:
                argv = (TRUE, [b"/bin/true"], True, (writing,), None, None)
                descriptors = (-1, -1, -1, -1, -1, -1, reading, writing)
                fork_exec(*argv, *descriptors, False, False, -1, None, None, None, -1, None)
            finally:
                os.close(reading)
                os.close(writing)

        self.assert_refused("H003", ("true", act))

    @posix_only("library with all these functions")
    def test_ctypes(self) -> None:
        self.assert_refused(
            "H003",
            ("fetched system() of a C library", lambda: ctypes.CDLL(None).system),
            ("fetched fork() of a C library", lambda: ctypes.CDLL(None).fork),
            ("fetched execve() of a C library", lambda: ctypes.CDLL(None)["execve"]),
        )
        self.assert_refused(
            "H001",
            ("fetched connect() of a C library", lambda: ctypes.CDLL(None).connect),
            ("fetched getaddrinfo() of a C library", lambda: ctypes.CDLL(None).getaddrinfo),
        )

    def test_sub_interpreters(self) -> None:
        self.assert_refused("H003", ("started a sub-interpreter", lambda: interpreters().create()))

    @unittest.skipUnless(sys.version_info >= (3, 14), "concurrent.interpreters came with Python 3.14")
    def test_the_public_module_of_sub_interpreters(self) -> None:
        def use_executor():
            with concurrent.futures.InterpreterPoolExecutor(1) as executor:
                with contextlib.suppress(concurrent.futures.BrokenExecutor):  # says no more than that it is broken
                    executor.submit(int).result()

        public = importlib.import_module("concurrent.interpreters")
        said = "started a sub-interpreter"
        self.assert_refused("H003", (said, public.create), (said, use_executor))

    def test_names_bound_before_the_test(self) -> None:
        self.assert_refused("H003", (f'started "{TRUE[0]}"', lambda: early_run(TRUE, check=True)))
        self.assert_refused("H001", ("connected to 127.0.0.1:9", lambda: early_create_connection(NOWHERE, 1)))

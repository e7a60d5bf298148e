"""What works in a small test: everything that neither reaches the network nor starts a process."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import ctypes
import ctypes.util
import importlib
import io
import multiprocessing
import os
import platform
import socket
import ssl
import subprocess
import sys
import unittest
from multiprocessing.pool import ThreadPool

from hermetic import allow, small
from hermetic._base import features
from support import posix_only
from support.network_uses import (
    run_in,
    unix_path,
    with_socket,
)


@small
class WorkingInSmall(unittest.TestCase):
    def test_socketpair(self) -> None:
        left, right = socket.socketpair()
        with left, right:
            left.sendall(b"x")
            self.assertEqual(right.recv(1), b"x")

    @posix_only("Unix sockets")
    def test_messages_over_a_socketpair(self) -> None:
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with left, right:
            left.sendmsg([b"x"])
            self.assertEqual(right.recvmsg(1)[0], b"x")

    def test_asyncio_run(self) -> None:
        self.assertIsNone(asyncio.run(asyncio.sleep(0)))

    def test_asyncio_streams_over_a_socketpair(self) -> None:
        async def main():
            left, right = socket.socketpair()
            reader, writer = await asyncio.open_connection(sock=left)
            right.sendall(b"line\n")
            line = await reader.readline()
            writer.close()
            right.close()
            return line

        self.assertEqual(asyncio.run(main()), b"line\n")

    def test_a_loopback_bind_that_never_listens(self) -> None:
        with_socket(lambda sock: sock.bind(("127.0.0.1", 0)))

    @unittest.skipUnless(socket.has_ipv6 and os.path.exists("/proc/net/if_inet6"), "there is no IPv6 here")
    def test_a_probe_for_ipv6(self) -> None:
        with_socket(lambda sock: sock.bind(("::1", 0)), socket.AF_INET6)

    def test_making_and_closing_sockets(self) -> None:
        for arguments in ((), (socket.AF_INET, socket.SOCK_DGRAM)):
            socket.socket(*arguments).close()

    def test_numeric_addresses_are_looked_up(self) -> None:
        self.assertEqual(socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)[0][4], ("127.0.0.1", 80))
        self.assertEqual(socket.gethostbyname("127.0.0.1"), "127.0.0.1")

    def test_numeric_answers_of_getnameinfo(self) -> None:
        numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
        self.assertEqual(socket.getnameinfo(("127.0.0.1", 80), numeric), ("127.0.0.1", "80"))

    def test_gethostname(self) -> None:
        self.assertTrue(socket.gethostname())

    def test_threads_and_pools_of_threads(self) -> None:
        with ThreadPool(2) as pool, concurrent.futures.ThreadPoolExecutor(2) as executor:
            self.assertEqual(pool.map(abs, [-1, -2]), list(executor.map(abs, [-1, -2])))

    def test_locks_and_queues_of_multiprocessing(self) -> None:
        for method in multiprocessing.get_all_start_methods():
            with self.subTest(method=method), multiprocessing.get_context(method).Lock():
                pass

    def test_pipes_of_multiprocessing(self) -> None:
        left, right = multiprocessing.Pipe()
        with left, right:
            left.send({"a": 1})
            self.assertEqual(right.recv(), {"a": 1})

    def test_platform(self) -> None:
        for ask in (platform.platform, platform.processor, platform.uname, platform.node):
            with self.subTest(ask=ask.__name__):
                getattr(platform, "invalidate_caches", lambda: None)()
                self.assertIsInstance(str(ask()), str)

    def test_finding_a_library(self) -> None:
        self.assertIsNone(ctypes.util.find_library("no-such-library"))

    def test_importing_ssl_and_others_afresh(self) -> None:
        for name in ("ssl", "http.client", "smtplib", "ftplib", "imaplib", "xmlrpc.server", "multiprocessing.managers"):
            with self.subTest(name=name), contextlib.redirect_stderr(io.StringIO()):
                kept = sys.modules.pop(name, None)
                try:
                    importlib.import_module(name)
                finally:
                    if kept is not None:
                        sys.modules[name] = kept

    def test_an_ssl_context(self) -> None:
        self.assertEqual(ssl.create_default_context().verify_mode, ssl.CERT_REQUIRED)

    def test_a_uuid(self) -> None:
        import uuid

        self.assertEqual((uuid.uuid1().version, uuid.uuid4().version), (1, 4))

    def test_the_home_folder_and_the_user(self) -> None:
        import getpass

        self.assertTrue(os.path.expanduser("~") and getpass.getuser())

    def test_pipes_and_files_and_signals(self) -> None:
        reading, writing = os.pipe()
        os.write(writing, b"x")
        self.assertEqual(os.read(reading, 1), b"x")
        os.close(reading)
        os.close(writing)

    def test_harmless_functions_of_ctypes(self) -> None:
        library = ctypes.CDLL("msvcrt" if features.WINDOWS else None)
        self.assertEqual(library.abs(-3), 3)

    def test_ending_up_here_none_of_it_was_recorded(self) -> None:
        self.assertEqual(run_in(small, lambda: asyncio.run(asyncio.sleep(0))).errors, [])

    def test_isinstance_and_subclasses_of_what_is_guarded(self) -> None:
        self.assertTrue(issubclass(ssl.SSLSocket, socket.socket))
        self.assertIsInstance(subprocess.Popen, type)

        class Mine(subprocess.Popen):
            pass

        self.assertEqual((Mine.__name__, subprocess.Popen.__name__), ("Mine", "Popen"))

    @posix_only("Unix sockets")
    def test_a_unix_socket_that_is_allowed(self) -> None:
        with unix_path() as path, allow(hosts=[path]), socket.socket(socket.AF_UNIX) as sock:
            sock.bind(path)

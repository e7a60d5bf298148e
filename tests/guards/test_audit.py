"""Routes to the network and to processes: refused in a small test and reported, or working as ever."""

from __future__ import annotations

import _ctypes
import _socket
import asyncio
import concurrent.futures
import contextlib
import ctypes
import ctypes.util
import http.client
import http.server
import importlib
import io
import multiprocessing
import os
import platform
import pty
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request
import xmlrpc.client
from multiprocessing.pool import ThreadPool

import support
from hermetic import allow, isolated, large, medium, small

TRUE = ["true"]
NOWHERE = ("127.0.0.1", 9)


def with_socket(use, *arguments: int) -> None:
    """Use a socket, and close it."""
    with socket.socket(*arguments) as sock:
        sock.settimeout(5)
        use(sock)


def run_in(mark, act) -> support.EventResult:
    """The result of a test of a size that does one thing."""

    class Case(unittest.TestCase):
        @mark
        def test_it(self):
            act()

    result = support.EventResult()
    Case("test_it").run(result)
    return result


def run_async(function, *args, **kwargs) -> None:
    async def main():
        answer = function(*args, **kwargs)
        return await answer if hasattr(answer, "__await__") else answer

    asyncio.run(main())


def in_loop(name, *args, **kwargs) -> None:
    """Await a method of the event loop."""

    async def main():
        await getattr(asyncio.get_running_loop(), name)(*args, **kwargs)

    asyncio.run(main())


def fork_and_leave(fork) -> None:
    """Fork; should it be let happen, the child ends at once."""
    answer = fork()
    pid = answer[0] if isinstance(answer, tuple) else answer
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def start_process_of(method: str) -> None:
    process = multiprocessing.get_context(method).Process(target=int)
    process.start()
    process.join()


def interpreters():
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    return importlib.import_module(name)


@contextlib.contextmanager
def unix_path():
    with tempfile.TemporaryDirectory() as folder:
        yield os.path.join(folder, "socket")


def with_unix(use) -> None:
    with unix_path() as path, socket.socket(socket.AF_UNIX) as sock:
        use(sock, path)


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
            ("sent to 127.0.0.1:9", lambda: with_socket(lambda sock: sock.sendmsg([b"x"], [], 0, NOWHERE), *udp)),
            ("opened a socket on 127.0.0.1:0", lambda: with_socket(lambda sock: sock.bind(("127.0.0.1", 0)), *udp)),
        )

    def test_unix_sockets(self) -> None:
        self.assert_refused(
            "H001",
            ("connected to unix:/", lambda: with_unix(lambda sock, path: sock.connect(path))),
            ("opened a socket on unix:/", lambda: with_unix(lambda sock, path: sock.bind(path))),
            ("connected to unix:@hermetic", lambda: with_unix(lambda sock, _: sock.connect("\0hermetic"))),
            ("connected to unix:/", lambda: with_unix(lambda sock, path: sock.connect(path.encode()))),
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
            ("connected to unix:/", lambda: run_async(asyncio.open_unix_connection, "/nowhere")),
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
            ('started "true"', lambda: subprocess.run(TRUE, check=True)),
            ('started "true"', lambda: subprocess.Popen(TRUE).wait()),
            ('started "true"', lambda: subprocess.call(TRUE)),
            ('started "true"', lambda: subprocess.check_call(TRUE)),
            ('started "true"', lambda: subprocess.check_output(TRUE)),
            ("true", lambda: subprocess.getoutput("true")),
            ("true", lambda: subprocess.run("true", shell=True, check=True)),
            ('started "true"', lambda: subprocess.run("true", check=True)),
            ('started "true"', lambda: subprocess.run([b"true"], check=True)),
        )

    def test_os(self) -> None:
        path = "/bin/true"
        self.assert_refused(
            "H003",
            ('started "true"', lambda: os.system("true")),
            ("true", lambda: os.popen("true").close()),
            ("started a process by fork", lambda: fork_and_leave(os.fork)),
            ("started a process by fork", lambda: fork_and_leave(os.forkpty)),
            ("started a process by fork", lambda: fork_and_leave(pty.fork)),
            ('started "true"', lambda: os.waitpid(os.posix_spawn(path, TRUE, {}), 0)),
            ('started "true"', lambda: os.waitpid(os.posix_spawnp("true", TRUE, {}), 0)),
            ("true", lambda: pty.spawn(TRUE)),
        )

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
            ('started "true"', lambda: run_async(asyncio.create_subprocess_exec, "true")),
            ("true", lambda: run_async(asyncio.create_subprocess_shell, "true")),
        )

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
        self.assert_refused("H003", ('started "true"', lambda: early_run(TRUE, check=True)))
        self.assert_refused("H001", ("connected to 127.0.0.1:9", lambda: early_create_connection(NOWHERE, 1)))


early_run = subprocess.run
early_create_connection = socket.create_connection
early_listen = _socket.socket.listen


def swallow(act):
    """The same, with whatever it raises kept from the test."""

    def act_and_swallow():
        with contextlib.suppress(Exception):
            act()

    return act_and_swallow


@small
class WorkingInSmall(unittest.TestCase):
    def test_socketpair(self) -> None:
        left, right = socket.socketpair()
        with left, right:
            left.sendall(b"x")
            self.assertEqual(right.recv(1), b"x")

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
        for arguments in ((), (socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_UNIX,)):
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
        self.assertEqual(ctypes.CDLL(None).abs(-3), 3)

    def test_ending_up_here_none_of_it_was_recorded(self) -> None:
        self.assertEqual(run_in(small, lambda: asyncio.run(asyncio.sleep(0))).errors, [])

    def test_isinstance_and_subclasses_of_what_is_guarded(self) -> None:
        self.assertTrue(issubclass(ssl.SSLSocket, socket.socket))
        self.assertIsInstance(subprocess.Popen, type)

        class Mine(subprocess.Popen):
            pass

        self.assertEqual((Mine.__name__, subprocess.Popen.__name__), ("Mine", "Popen"))

    def test_a_unix_socket_that_is_allowed(self) -> None:
        with unix_path() as path, allow(hosts=[path]), socket.socket(socket.AF_UNIX) as sock:
            sock.bind(path)


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
        self.assertEqual(subprocess.run(["true"]).returncode, 0)
        self.assertEqual(os.system("true"), 0)
        self.assertEqual(os.popen("echo x").read(), "x\n")
        self.assertEqual(os.spawnvp(os.P_WAIT, "true", TRUE), 0)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(os.posix_spawnp("true", TRUE, {}), 0)[1]), 0)

    def test_asyncio_processes(self) -> None:
        async def main():
            process = await asyncio.create_subprocess_exec("echo", "x", stdout=subprocess.PIPE)
            return (await process.communicate())[0]

        self.assertEqual(asyncio.run(main()), b"x\n")

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

    def test_c_functions_that_are_allowed_by_name_or_reach_nobody(self) -> None:
        def act():
            with allow(hosts=["connect()"]):
                self.assertTrue(ctypes.CDLL(None).connect)
            self.assertTrue(ctypes.CDLL(None).getpid() and ctypes.CDLL(None).fork)

        for mark, function in ((medium, act), (large, lambda: ctypes.CDLL(None).connect)):
            self.assertEqual(run_in(mark, function).errors, [])


if __name__ == "__main__":
    unittest.main()

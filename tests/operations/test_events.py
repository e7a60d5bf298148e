"""Audit events of sockets and processes as operations."""

from __future__ import annotations

import itertools
import pathlib
import socket
import unittest
from unittest import mock

import hermetic
import support
from hermetic._base import features
from hermetic._base.command import quoted
from hermetic._base.records import Operation
from hermetic._base.sizes import NETWORK, PROCESS
from hermetic._operations import events
from hermetic._operations.events import READERS
from hermetic._policy.decision import INET, KERNEL, OTHER, UNIX

LONG = 10_000  # characters


class FakeSocket:
    """What the readers look at of a socket, without one being opened."""

    def __init__(self, family: int, *, kind: int = socket.SOCK_STREAM, bound: object = ("127.0.0.1", 80)) -> None:
        self.family = family
        self.type = kind
        self.bound = bound

    def getsockname(self) -> object:
        if isinstance(self.bound, OSError):
            raise self.bound
        return self.bound


class BytesPath:
    """As what ``os.scandir(b".")`` yields."""

    def __fspath__(self) -> bytes:
        return b"/usr/bin/git"


class AddressTest(hermetic.HermeticTestCase):
    def test_the_event_of_a_connection_gives_host_port_and_target(self):
        operation = READERS["socket.connect"](FakeSocket(socket.AF_INET), ("203.0.113.7", 443))
        expected = Operation(NETWORK, "connect", "203.0.113.7:443", "socket.socket.connect", INET, "203.0.113.7", 443)
        self.assertEqual(operation, expected)

    def test_each_socket_event_has_its_own_action(self):
        for method in ("connect", "bind", "sendto", "sendmsg"):
            with self.subTest(method=method):
                operation = READERS[f"socket.{method}"](FakeSocket(socket.AF_INET), ("127.0.0.1", 1))
                self.assertEqual((operation.action, operation.api), (method, f"socket.socket.{method}"))

    def test_an_ipv6_target_is_shown_with_brackets(self):
        operation = READERS["socket.connect"](FakeSocket(socket.AF_INET6), ("2001:db8::1", 443, 0, 0))
        self.assertEqual(operation.target, "[2001:db8::1]:443")

    def test_an_ipv6_address_is_reduced_to_host_and_port(self):
        operation = READERS["socket.connect"](FakeSocket(socket.AF_INET6), ("::1", 443, 0, 0))
        self.assertEqual((operation.family, operation.host, operation.port), (INET, "::1", 443))

    def test_an_empty_host_is_shown_as_what_it_stands_for(self):
        operation = READERS["socket.bind"](FakeSocket(socket.AF_INET), ("", 80))
        self.assertEqual((operation.host, operation.target), ("", "0.0.0.0:80"))

    def test_an_address_is_read_as_c_reads_it_whatever_its_classes_say(self) -> None:
        class Host(str):
            __slots__ = ()
            __str__ = lambda self: "127.0.0.1"

        class Raw(bytes):
            __bytes__ = lambda self: b"127.0.0.1"

        class Address(tuple):
            __slots__ = ()
            __getitem__ = lambda self, _: "127.0.0.1"
            __iter__ = lambda self: iter(("127.0.0.1", 9))

        for host in ("203.0.113.7", Host("203.0.113.7"), Raw(b"203.0.113.7")):
            operation = READERS["socket.connect"](FakeSocket(socket.AF_INET), Address((host, 9)))
            self.assertEqual((operation.host, operation.port), ("203.0.113.7", 9))
            self.assertIs(type(operation.host), str)

    def test_an_address_without_a_port_has_none(self):
        self.assertIsNone(READERS["socket.connect"](FakeSocket(socket.AF_INET), ("127.0.0.1",)).port)

    def test_hosts_in_bytes_are_read_as_text(self):
        for host in (b"127.0.0.1", bytearray(b"127.0.0.1")):
            with self.subTest(host=host):
                self.assertEqual(READERS["socket.connect"](FakeSocket(socket.AF_INET), (host, 1)).host, "127.0.0.1")

    def test_sending_on_a_connected_socket_is_no_operation(self):
        self.assertIsNone(READERS["socket.sendmsg"](FakeSocket(socket.AF_INET), None))

    @support.posix_only("Unix sockets")
    def test_a_unix_socket_is_named_by_its_path(self):
        for path in ("/run/db.sock", b"/run/db.sock"):
            with self.subTest(path=path):
                operation = READERS["socket.connect"](FakeSocket(socket.AF_UNIX), path)
                self.assertEqual(
                    (operation.family, operation.host, operation.port, operation.target),
                    (UNIX, "/run/db.sock", None, "unix:/run/db.sock"),
                )

    @support.posix_only("Unix sockets")
    def test_an_abstract_unix_socket_is_shown_with_an_at_sign(self):
        operation = READERS["socket.connect"](FakeSocket(socket.AF_UNIX), b"\0hermetic")
        self.assertEqual((operation.host, operation.target), ("\0hermetic", "unix:@hermetic"))

    @unittest.skipUnless(hasattr(socket, "AF_NETLINK"), "there is no netlink here")
    def test_netlink_stays_in_the_kernel_and_raw_packets_do_not(self):
        families = [
            READERS["socket.bind"](FakeSocket(family), (0, 0)).family
            for family in (socket.AF_NETLINK, socket.AF_PACKET)
        ]
        self.assertEqual(families, [KERNEL, OTHER])

    @unittest.skipUnless(hasattr(socket, "AF_ALG"), "the kernel offers no cryptography here")
    def test_the_cryptography_of_the_kernel_stays_in_it(self):
        self.assertEqual(READERS["socket.bind"](FakeSocket(socket.AF_ALG), ("hash", "sha1")).family, KERNEL)

    def test_an_unknown_family_is_shown_with_its_address(self):
        operation = READERS["socket.connect"](FakeSocket(99), ("x", 1))
        self.assertEqual((operation.family, operation.host, operation.target), (OTHER, "", "99 ('x', 1)"))


class StreamTest(hermetic.HermeticTestCase):
    def test_a_bind_of_a_stream_socket_says_so(self):
        self.assertIs(READERS["socket.bind"](FakeSocket(socket.AF_INET), ("::1", 0)).stream, True)

    def test_a_bind_of_a_datagram_socket_is_not_of_a_stream(self):
        sock = FakeSocket(socket.AF_INET, kind=socket.SOCK_DGRAM)
        self.assertFalse(READERS["socket.bind"](sock, ("127.0.0.1", 0)).stream)


class NewSocketTest(hermetic.HermeticTestCase):
    def test_sockets_that_receive_nothing_until_they_are_bound_are_no_operation(self):
        for args in ((socket.AF_INET, socket.SOCK_STREAM, 0), (socket.AF_INET, socket.SOCK_DGRAM, 0), (-1, -1, -1)):
            with self.subTest(args=args):
                self.assertIsNone(events.new_socket_operation(None, *args))

    def test_raw_sockets_reach_every_interface(self):
        for family in (socket.AF_INET, socket.AF_INET6):
            operation = events.new_socket_operation(None, family, socket.SOCK_RAW | 0o4000, 1)
            self.assertEqual((operation.action, operation.family, operation.host), ("bind", INET, ""))
            self.assertEqual((operation.kind, operation.api), (NETWORK, "socket.socket"))
            self.assertEqual(operation.target, "every interface, for raw packets (SOCK_RAW)")
        self.assertIsNone(events.new_socket_operation(None, 99, socket.SOCK_RAW, 1))

    @unittest.skipUnless(hasattr(socket, "AF_PACKET"), "there are no packet sockets here")
    def test_packet_sockets_receive_if_they_have_a_protocol(self):
        self.assertIsNone(events.new_socket_operation(None, socket.AF_PACKET, socket.SOCK_DGRAM, 0))
        for protocol in (1, socket.htons(3)):
            operation = events.new_socket_operation(None, socket.AF_PACKET, socket.SOCK_DGRAM, protocol)
            self.assertEqual((operation.action, operation.family, operation.host), ("bind", OTHER, ""))
            self.assertEqual((operation.kind, operation.api), (NETWORK, "socket.socket"))
            self.assertEqual(operation.target, "every interface, for packets (AF_PACKET)")


class ListenTest(hermetic.HermeticTestCase):
    def test_listening_aims_at_the_address_that_the_socket_is_bound_to(self):
        operation = events.listen_operation(FakeSocket(socket.AF_INET, bound=("127.0.0.1", 8080)))
        self.assertEqual((operation.action, operation.target, operation.stream), ("listen", "127.0.0.1:8080", True))

    def test_a_socket_that_is_not_bound_listens_on_every_interface(self):
        for bound, family in itertools.product((OSError("not bound"), ()), (socket.AF_INET, socket.AF_INET6)):
            with self.subTest(bound=bound, family=family):
                operation = events.listen_operation(FakeSocket(family, bound=bound))
                host = "0.0.0.0" if family == socket.AF_INET else "::"
                self.assertEqual((operation.host, operation.port), (host, 0))

    @support.posix_only("Unix sockets")
    def test_a_unix_socket_without_a_name_is_still_a_unix_socket(self):
        for bound in ("", b""):
            with self.subTest(bound=bound):
                operation = events.listen_operation(FakeSocket(socket.AF_UNIX, bound=bound))
                self.assertEqual((operation.family, operation.host), (UNIX, ""))

    def test_a_real_socket_is_read_without_being_opened_to_anyone(self):
        with socket.socket() as sock:
            operation = events.listen_operation(sock)
        self.assertEqual((operation.family, operation.host, operation.port), (INET, "0.0.0.0", 0))


class ResolveTest(hermetic.HermeticTestCase):
    def test_every_look_up_gives_the_name(self):
        calls = {
            "socket.getaddrinfo": ("db.test", 80, 0, 0, 0), "socket.gethostbyname": ("db.test",),
            "socket.gethostbyaddr": ("db.test",), "socket.getnameinfo": (("db.test", 80),),
        }  # fmt: skip
        for event, args in calls.items():
            with self.subTest(event=event):
                self.assertEqual(
                    READERS[event](*args), Operation(NETWORK, "resolve", "db.test", event, INET, "db.test")
                )

    def test_a_look_up_of_nothing_is_one_of_the_empty_host(self):
        self.assertEqual(READERS["socket.getaddrinfo"](None, 80, 0, 0, 0).host, "")

    def test_what_is_no_name_is_shown_as_it_shows_itself(self):
        self.assertEqual(READERS["socket.getaddrinfo"](7, 80).host, "7")

    def test_a_name_in_bytes_is_read_as_text(self):
        self.assertEqual(READERS["socket.getaddrinfo"](b"db.test", None, 0, 0, 0).host, "db.test")


class ProcessTest(hermetic.HermeticTestCase):
    def assert_process(self, event: str, args: tuple[object, ...], action: str, target: str, command: str) -> None:
        operation = READERS[event](*args)
        self.assertEqual((operation.kind, operation.action), (PROCESS, action))
        self.assertEqual((operation.target, operation.command), (target, command))

    def test_popen_gives_the_executable_and_the_whole_command_line(self):
        args = ("/usr/bin/git", ["git", "log", "a b"], None, None)
        self.assert_process("subprocess.Popen", args, "start", quoted(["git", "log", "a b"]), "/usr/bin/git")

    def test_popen_without_an_executable_takes_the_first_argument(self):
        self.assert_process("subprocess.Popen", (None, ["git", "log"], None, None), "start", "git log", "git")

    def test_popen_takes_a_string_for_a_program(self):
        self.assert_process("subprocess.Popen", (None, "git", None, None), "start", "git", "git")

    def test_popen_accepts_paths_that_are_bytes(self):
        args = (None, [BytesPath(), "log"], None, None)
        self.assert_process("subprocess.Popen", args, "start", "/usr/bin/git log", "/usr/bin/git")

    def test_popen_accepts_paths_and_bytes(self):
        args = (b"/usr/bin/git", [pathlib.PurePosixPath("/usr/bin/git"), b"log"], None, None)
        self.assert_process("subprocess.Popen", args, "start", "/usr/bin/git log", "/usr/bin/git")

    def test_what_can_be_scripted_is_kept_as_one_would_write_it(self):
        for event, args, script in (
            ("subprocess.Popen", ("git", ["git", b"log", 'a "b"']), """["git", "log", 'a "b"']"""),
            ("subprocess.Popen", (features.SHELL[0], [*features.SHELL, "git log\n"]), r'"git log\n"'),
            (
                "subprocess.Popen",
                (features.SHELL[0], [*features.SHELL, "git $0", "a"]),
                f'["{features.SHELL[0]}", "{features.SHELL[1]}", "git $0", "a"]',
            ),
            ("subprocess.Popen", ("git", "git log"), '["git", "log"]' if features.WINDOWS else '"git log"'),
            ("os.system", (b"git log",), '"git log"'),
            ("os.system", ("x" * 498,), f'"{"x" * 498}"'),
            ("os.system", ("x" * 499,), ""),
            ("os.posix_spawn", ("/usr/bin/git", ["git"], {}), ""),
        ):
            with self.subTest(args=args):
                self.assertEqual(READERS[event](*args).script, script)

    def test_on_windows_a_command_line_is_scripted_as_the_list_or_the_line_that_popen_was_given(self):
        shell = r"C:\Windows\system32\cmd.exe"
        with mock.patch.object(features, "WINDOWS", new=True):
            for executable, line, script in (
                (None, 'git log "a b"', '["git", "log", "a b"]'),
                (shell, f'{shell} /c "git log "a b""', """'git log "a b"'"""),
                ("git.exe", "git log", '["git", "log"]'),
                ("git.exe", ["git", "log"], '["git", "log"]'),
                ("x", 'x /c "git log" a', '["x", "/c", "git log", "a"]'),
            ):
                with self.subTest(line=line):
                    self.assertEqual(READERS["subprocess.Popen"](executable, line).script, script)

    def test_system_takes_the_first_word_for_the_program(self):
        self.assert_process("os.system", (b"git log -1",), "start", "git log -1", "git")

    def test_an_empty_system_command_is_no_crash(self):
        self.assert_process("os.system", ("",), "start", "start", "")

    def test_an_empty_command_line_is_no_crash(self):
        self.assert_process("pty.spawn", ((),), "start", "start", "")
        for args in ((), (None, None), ([], [])):
            self.assert_process("_posixsubprocess.fork_exec", args, "start", "start", "")
        self.assert_process("_posixsubprocess.fork_exec", (None, [b"git", b"log"]), "start", "git log", "git")

    def test_operations_name_the_function_that_starts_the_process(self):
        for event, args, api in (
            ("subprocess.Popen", ("git", ["git"]), "subprocess.Popen"), ("os.system", ("git",), "os.system"),
            ("os.exec", ("git", ["git"]), "os.execve"), ("os.posix_spawn", ("git", ["git"]), "os.posix_spawn"),
            ("_posixsubprocess.fork_exec", (), "_posixsubprocess.fork_exec"), ("pty.spawn", ([],), "pty.spawn"),
            ("os.startfile", ("a",), "os.startfile"),
        ):  # fmt: skip
            with self.subTest(event=event):
                self.assertEqual(READERS[event](*args).api, api)

    def test_exec_and_spawn_give_the_path(self):
        argv = ["git", "log"]
        self.assert_process("os.exec", ("/usr/bin/git", argv, None), "exec", "git log", "/usr/bin/git")
        self.assert_process("os.posix_spawn", ("/usr/bin/git", argv, {}), "start", "git log", "/usr/bin/git")
        self.assert_process("pty.spawn", (argv,), "start", "git log", "git")

    def test_forks_are_told_apart_from_programs_by_their_action(self):
        for event in ("os.fork", "os.forkpty"):
            with self.subTest(event=event):
                operation = READERS[event]()
                self.assertEqual((operation.action, operation.target, operation.api), ("fork", "fork", event))
                self.assertEqual(operation.command, "fork")

    def test_fork_exec_gives_the_command_line_that_the_event_of_3_14_holds(self):
        args = ([b"/usr/bin/git", b"/bin/git"], [b"git", b"log"], None)  # executables, arguments, environment
        self.assert_process("_posixsubprocess.fork_exec", args, "start", "git log", "/usr/bin/git")

    def test_files_are_started_by_their_path(self):
        self.assert_process("os.startfile", ("a.txt", "open"), "start", "a.txt", "a.txt")
        self.assert_process("os.startfile/2", ("a.txt", "open", "", None, 1), "start", "a.txt", "a.txt")

    def test_the_first_word_of_a_command_line_is_the_program(self):
        for line, command in (
            ("git log", "git"), (r'"C:\Program Files\git.exe" log', r"C:\Program Files\git.exe"), ('"git', "git"),
            ("  git\tlog", "git"), ("git", "git"), ('""', ""), ("", ""), ("  ", ""),
        ):  # fmt: skip
            with self.subTest(line=line):
                self.assertEqual(events.first_word(line), command)
                self.assertEqual(READERS["subprocess.Popen"](None, line).command, command)
                self.assertEqual(READERS["os.system"](line).command, command)
        self.assert_process("subprocess.Popen", ("cmd.exe", "git log"), "start", "git log", "cmd.exe")

    def test_a_long_command_line_is_cut_and_says_so(self):
        shown = [READERS["os.system"]("x" * length).target for length in (200, 201, LONG)]
        self.assertEqual(shown, ["x" * 200, *["x" * 197 + "..."] * 2])

    def test_an_argument_that_cannot_be_shown_hides_nothing(self):
        class Unshowable:
            def __str__(self) -> str:
                raise RuntimeError("cannot be shown")

        operation = READERS["subprocess.Popen"]("git", ["git", Unshowable()], None, None)
        self.assertEqual((operation.command, operation.target), ("git", quoted(["git", "<Unshowable>"])))


class MulticastTest(hermetic.HermeticTestCase):
    def test_a_group_is_the_host_that_is_joined(self):
        for group in ("224.0.0.251", "ff02::fb"):
            operation = events.multicast_operation(group, is_loopback=False)
            self.assertEqual((operation.kind, operation.action, operation.family), (NETWORK, "join", INET))
            self.assertEqual((operation.target, operation.host), (group, group))
            self.assertEqual(operation.api, "socket.socket.setsockopt")

    def test_on_the_loopback_interface_it_is_loopback(self):
        for group, host in (("224.0.0.251", "127.0.0.1"), ("ff02::fb", "::1")):
            operation = events.multicast_operation(group, is_loopback=True)
            self.assertEqual((operation.target, operation.host), (f"{group} on the loopback interface", host))


class NativeTest(hermetic.HermeticTestCase):
    def test_functions_of_the_c_library_are_told_apart_by_what_they_reach(self):
        kinds = {"connect": NETWORK, "getaddrinfo": NETWORK, "syscall": NETWORK, "fork": PROCESS, "system": PROCESS}
        kinds |= {"__connect": NETWORK, "__sendmmsg": NETWORK, "__res_context_send": NETWORK}  # glibc's other names
        kinds |= {"__libc_fork": PROCESS, "_Fork": PROCESS, "__libc_system": PROCESS, "_IO_popen": PROCESS}
        kinds |= dict.fromkeys(("execl", "execvpe", "_wexecve", "_spawnv", "_wspawnlp"), PROCESS)
        for (symbol, kind), event in itertools.product(kinds.items(), ("ctypes.dlsym", "ctypes.dlsym/handle")):
            with self.subTest(symbol=symbol, event=event):
                operation = READERS[event](object(), symbol)
                self.assertEqual((operation.kind, operation.action, operation.api), (kind, "native", "ctypes"))
                self.assertEqual(operation.target, f"{symbol}() of a C library")
                self.assertEqual(operation.command, symbol if kind == PROCESS else "")
                self.assertEqual(operation.host, f"{symbol}()" if kind == NETWORK else "")

    def test_harmless_functions_and_ordinals_are_no_operation(self):
        for symbol in ("strlen", "getpid", "Connect", "connect2", "", 7, ["connect"]):
            with self.subTest(symbol=symbol):
                self.assertIsNone(READERS["ctypes.dlsym"](object(), symbol))


class ReadersTest(hermetic.HermeticTestCase):
    def test_a_sub_interpreter_is_an_operation_whatever_it_is_given(self):
        operation = events.interpreter_operation(1, "pass", shared=None)
        self.assertEqual((operation.kind, operation.action), (PROCESS, "interpreter"))
        self.assertEqual((operation.api, operation.target), ("interpreters.create", "sub-interpreter"))

    def test_reading_an_event_changes_none_of_its_arguments(self):
        argv = [b"git", "log"]
        READERS["_posixsubprocess.fork_exec"](argv, argv)
        READERS["subprocess.Popen"]("git", argv, None, None)
        self.assertEqual(argv, [b"git", "log"])


class LastingScriptTest(hermetic.HermeticTestCase):
    def test_dots_stand_for_the_arguments_from_the_first_that_differs_in_every_run(self):
        drawn = "/tmp/tmpab12cd34/file"
        for argv, script in {
            ("git", "-C", drawn, "log"): '["git", "-C", ...]',
            (drawn, "log"): "...",
            ("git", "log"): '["git", "log"]',
        }.items():
            with self.subTest(argv=argv):
                self.assertEqual(READERS["subprocess.Popen"](None, [*argv]).script, script)


class DefaultsTest(hermetic.HermeticTestCase):
    def test_an_operation_on_an_address_is_of_datagrams_unless_it_is_said_to_be_of_a_stream(self):
        self.assertFalse(events.inet_operation("sendto", ("127.0.0.1", 9)).stream)

    @support.posix_only("Unix sockets")
    def test_each_family_has_the_name_of_the_method(self):
        for family, address in ((socket.AF_UNIX, "/run/x"), (-1, ("x",))):
            with self.subTest(family=family):
                operation = events.socket_operation("connect", FakeSocket(family), address)
                self.assertEqual(operation.api, "socket.socket.connect")

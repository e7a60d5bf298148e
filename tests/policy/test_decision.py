"""The decision whether a policy allows an operation."""

from __future__ import annotations

import os
from unittest import mock

import hermetic
from hermetic import Size
from hermetic._base import features
from hermetic._base.records import Operation
from hermetic._base.sizes import DATABASE, FILESYSTEM, NETWORK, OPT_IN, PROCESS, SLEEP
from hermetic._policy.decision import (
    INET,
    KERNEL,
    OTHER,
    UNIX,
    Allowance,
    Policy,
    allows_process,
    join_host,
    names_function,
    names_host,
    refuses,
    split_host,
    violation_code,
)

SMALL, MEDIUM = Policy(Size.SMALL), Policy(Size.MEDIUM)
REMOTE, LOOPBACK, WILDCARD = "203.0.113.7", "127.0.0.1", "0.0.0.0"


def network(action: str, host: str = "", port: int | None = 80, **fields: object) -> Operation:
    """An operation on an address; nothing is done with it."""
    return Operation(NETWORK, action, host, str(fields.pop("api", "socket.x")), host=host, port=port, **fields)  # type: ignore[arg-type]


def process(command: str = "git", action: str = "start") -> Operation:
    """The start of a process; nothing is started."""
    return Operation(PROCESS, action, command, "subprocess.Popen", command=command)


class PolicyTestCase(hermetic.HermeticTestCase):
    def assert_refused(self, policy: Policy, *operations: Operation) -> None:
        for operation in operations:
            with self.subTest(operation=operation):
                self.assertTrue(refuses(policy, operation))

    def assert_allowed(self, policy: Policy, *operations: Operation) -> None:
        for operation in operations:
            with self.subTest(operation=operation):
                self.assertFalse(refuses(policy, operation))


class FamilyTest(PolicyTestCase):
    def test_families_are_what_records_say(self):
        self.assertEqual((INET, UNIX, KERNEL, OTHER), ("inet", "unix", "kernel", "other"))


class SmallTest(PolicyTestCase):
    def test_every_connection_and_datagram_is_refused(self):
        for action in ("connect", "connect_ex", "sendto", "sendmsg"):
            self.assert_refused(
                SMALL, *(network(action, host) for host in (REMOTE, LOOPBACK, "::1", WILDCARD, "", "db.test"))
            )

    def test_unix_sockets_are_refused(self):
        for action in ("connect", "bind", "listen", "sendto"):
            self.assert_refused(SMALL, network(action, "/run/db.sock", None, family=UNIX))

    def test_listening_is_refused_wherever(self):
        self.assert_refused(SMALL, network("listen", LOOPBACK, stream=True), network("listen", "", 0, stream=True))

    def test_a_stream_socket_may_be_bound_to_loopback(self):
        self.assert_allowed(SMALL, *(network("bind", host, 0, stream=True) for host in (LOOPBACK, "::1", "127.1")))

    def test_a_stream_socket_may_be_bound_nowhere_else(self):
        hosts = (WILDCARD, "", "::", REMOTE, "localhost")
        self.assert_refused(SMALL, *(network("bind", host, 0, stream=True) for host in hosts))

    def test_a_datagram_socket_may_not_be_bound(self):
        self.assert_refused(SMALL, network("bind", LOOPBACK, 0, stream=False))

    def test_names_are_not_looked_up_not_even_localhost(self):
        self.assert_refused(SMALL, network("resolve", "db.test", None), network("resolve", "localhost", None))

    def test_numeric_look_ups_ask_nobody(self):
        hosts = (REMOTE, LOOPBACK, "", "::1", "3405803783")
        self.assert_allowed(SMALL, *(network("resolve", host, None, api="socket.getaddrinfo") for host in hosts))

    def test_reverse_look_ups_are_refused(self):
        for api in ("socket.gethostbyaddr", "socket.getnameinfo"):
            self.assert_refused(
                SMALL, network("resolve", REMOTE, None, api=api), network("resolve", LOOPBACK, None, api=api)
            )

    def test_a_unix_socket_may_not_be_bound_whatever_it_is_called(self):
        self.assert_refused(SMALL, network("bind", LOOPBACK, None, family=UNIX, stream=True))

    def test_what_stays_in_the_kernel_is_allowed(self):
        self.assert_allowed(SMALL, network("bind", family=KERNEL), network("connect", family=KERNEL))

    def test_other_families_and_native_functions_are_refused(self):
        self.assert_refused(SMALL, network("bind", family=OTHER), network("native", family=OTHER))

    def test_every_way_to_start_a_process_is_refused(self):
        for action in ("start", "fork", "exec", "interpreter", "native"):
            self.assert_refused(SMALL, process("git", action), process("", action))


class MediumTest(PolicyTestCase):
    def test_loopback_and_the_wildcard_are_allowed(self):
        for action in ("connect", "sendto", "sendmsg", "bind", "listen"):
            hosts = (LOOPBACK, "127.9.8.7", "::1", "::ffff:127.0.0.1", WILDCARD, "::", "")
            self.assert_allowed(MEDIUM, *(network(action, host) for host in hosts))

    def test_the_rest_of_the_world_is_refused(self):
        for action in ("connect", "sendto", "sendmsg", "bind", "listen"):
            hosts = (REMOTE, "2001:db8::1", "::ffff:203.0.113.7", "fe80::1%lo", "<broadcast>", "127.0.0.1.example.com")
            self.assert_refused(MEDIUM, *(network(action, host) for host in hosts))

    def test_unix_sockets_are_allowed(self):
        self.assert_allowed(MEDIUM, network("connect", "/run/db.sock", None, family=UNIX))

    def test_only_loopback_names_are_looked_up(self):
        self.assert_allowed(MEDIUM, network("resolve", "localhost", None))
        self.assert_refused(MEDIUM, network("resolve", "hermetic.invalid", None))

    def test_numeric_look_ups_ask_nobody(self):
        self.assert_allowed(MEDIUM, network("resolve", REMOTE, None, api="socket.getaddrinfo"))

    def test_reverse_look_ups_are_refused_for_remote_addresses_alone(self):
        for api in ("socket.gethostbyaddr", "socket.getnameinfo"):
            self.assert_refused(MEDIUM, network("resolve", REMOTE, None, api=api))
            self.assert_allowed(MEDIUM, network("resolve", LOOPBACK, None, api=api))

    def test_processes_are_allowed(self):
        self.assert_allowed(
            MEDIUM, process("git"), process("", "fork"), process("", "interpreter"), process("fork", "native")
        )

    def test_native_functions_are_refused_as_nobody_knows_what_they_will_be_given(self):
        for function in ("connect()", "sendto()", "getaddrinfo()", "syscall()", "dlsym()"):
            self.assert_refused(MEDIUM, network("native", function, None, family=OTHER))

    def test_native_functions_of_servers_are_allowed_where_servers_are(self):
        for function in ("bind()", "listen()"):
            self.assert_allowed(MEDIUM, network("native", function, None, family=OTHER))
            self.assert_refused(SMALL, network("native", function, None, family=OTHER))

    def test_raw_packets_are_refused(self):
        self.assert_refused(MEDIUM, network("bind", family=OTHER))


class LargeTest(PolicyTestCase):
    def test_large_and_xlarge_tests_may_do_everything(self):
        for size in (Size.LARGE, Size.XLARGE):
            operations = [
                network("connect", REMOTE),
                network("resolve", "db.test"),
                network("bind", family=OTHER),
                process(),
            ]
            self.assert_allowed(Policy(size), *operations)


class AllowedHostsTest(PolicyTestCase):
    def policy(self, *hosts: str, size: Size = Size.SMALL) -> Policy:
        return Policy(size, Allowance(hosts=hosts))

    def test_an_address_is_allowed_on_every_port(self):
        self.assert_allowed(self.policy(REMOTE), network("connect", REMOTE, 1), network("sendto", REMOTE, 65535))

    def test_another_address_is_not(self):
        self.assert_refused(self.policy(REMOTE), network("connect", "203.0.113.70"), network("connect", "1203.0.113.7"))

    def test_addresses_are_compared_by_value(self):
        self.assert_allowed(
            self.policy("2001:db8::1", "203.0.113.7"),
            network("connect", "2001:DB8:0::1"),
            network("connect", "3405803783"),
        )

    def test_a_port_limits_the_allowance(self):
        policy = self.policy("203.0.113.7:443")
        self.assert_allowed(policy, network("connect", REMOTE, 443))
        self.assert_refused(policy, network("connect", REMOTE, 80), network("connect", REMOTE, None))

    def test_an_ipv6_address_takes_its_port_after_brackets(self):
        policy = self.policy("[2001:db8::1]:443")
        self.assert_allowed(policy, network("connect", "2001:db8::1", 443))
        self.assert_refused(policy, network("connect", "2001:db8::1", 80))

    def test_a_network_allows_its_addresses(self):
        policy = self.policy("10.0.0.0/8", "fd00::/8")
        inside = "10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3", "0x0a.1", "fd00::1", "FDFF::1%lo"
        self.assert_allowed(policy, *(network("connect", host, 1) for host in inside))
        self.assert_refused(policy, *(network("connect", host, 1) for host in ("11.0.0.0", "9.9.9.9", "fe00::1", "")))
        self.assert_allowed(policy, network("listen", "10.0.0.1"), network("join", "10.0.0.1"))

    def test_a_network_allows_no_name(self):
        policy = self.policy("0.0.0.0/0", "::/0")
        self.assert_allowed(policy, network("connect", REMOTE), network("connect", "2001:db8::1"))
        self.assert_refused(policy, network("resolve", "db.test"), network("connect", "/run/x", None, family=UNIX))

    def test_the_port_of_a_network_limits_the_allowance(self):
        policy = self.policy("10.0.0.0/8:5432", "[fd00::/8]:5432")
        self.assert_allowed(policy, network("connect", "10.0.0.1", 5432), network("connect", "fd00::1", 5432))
        self.assert_refused(policy, network("connect", "10.0.0.1", 80), network("connect", "fd00::1", 80))

    def test_an_allowed_name_may_be_looked_up_whatever_its_port(self):
        self.assert_allowed(
            self.policy("db.test:5432"), network("resolve", "db.test", None), network("resolve", "DB.Test", None)
        )

    def test_a_star_stands_for_any_part_of_a_name(self):
        policy = self.policy("*.db.test")
        self.assert_allowed(policy, network("resolve", "a.db.test"), network("connect", "b.c.db.test"))
        self.assert_refused(policy, network("resolve", "db.test"), network("resolve", "a.db.test.example.com"))

    def test_a_unix_socket_is_allowed_by_its_path(self):
        policy = self.policy("/run/*.sock")
        self.assert_allowed(policy, network("connect", "/run/db.sock", None, family=UNIX))
        self.assert_refused(policy, network("connect", "/tmp/db.sock", None, family=UNIX))

    def test_the_path_of_a_unix_socket_may_be_written_as_messages_show_it(self):
        self.assert_allowed(self.policy("unix:/run/*.sock"), network("connect", "/run/db.sock", None, family=UNIX))

    def test_the_wildcard_address_allows_nothing_that_has_no_host(self):
        policy = self.policy("0.0.0.0")
        self.assert_refused(policy, network("native", "", None, family=OTHER), network("bind", "", None, family=OTHER))

    def test_an_entry_with_parentheses_names_a_function(self):
        self.assertIs(names_function("connect()"), True)
        self.assertIs(names_function("db.test:5432"), False)

    def test_a_native_function_is_allowed_by_its_name(self):
        policy = self.policy("send*()")
        self.assert_allowed(policy, network("native", "sendto()", None, family=OTHER))
        self.assert_refused(policy, network("native", "connect()", None, family=OTHER), network("connect", "sendto"))

    def test_an_allowed_host_allows_no_process(self):
        self.assert_refused(self.policy("*"), process())

    def test_further_exceptions_change_nothing_else_of_a_policy(self):
        policy = Policy(Size.SMALL, Allowance(("a.test",)), "warn", (SLEEP,))
        expected = Policy(Size.SMALL, Allowance(("a.test", "b.test")), "warn", (SLEEP,))
        self.assertEqual(policy.allowing(Allowance(("b.test",))), expected)

    def test_exceptions_add_up(self):
        both = Allowance(("a.test",), ("git",)) | Allowance(("b.test",), ("hg",))
        self.assertEqual(both, Allowance(("a.test", "b.test"), ("git", "hg")))


class AllowedProcessesTest(PolicyTestCase):
    def assert_matches(self, pattern: str, *commands: str) -> None:
        for command in commands:
            with self.subTest(pattern=pattern, command=command):
                self.assertTrue(allows_process(Allowance(processes=(pattern,)), command))

    def assert_no_match(self, pattern: str, *commands: str) -> None:
        for command in commands:
            with self.subTest(pattern=pattern, command=command):
                self.assertFalse(allows_process(Allowance(processes=(pattern,)), command))

    def test_a_name_allows_the_program_in_every_folder(self):
        self.assert_matches("git", "git", "/usr/bin/git", "./git")

    def test_a_name_allows_no_program_that_only_contains_it(self):
        self.assert_no_match("git", "git-lfs", "/usr/bin/gitk", "/git/rm", "legit", "")

    def test_a_path_allows_that_file_alone(self):
        self.assert_matches("/usr/bin/git", "/usr/bin/git")
        self.assert_no_match("/usr/bin/git", "git", "/tmp/usr/bin/git")

    def test_names_may_hold_a_star(self):
        self.assert_matches("python3*", "/usr/bin/python3.12", "python3")

    def test_on_windows_neither_case_nor_separators_nor_the_extension_matter(self):
        with mock.patch.object(features, "WINDOWS", new=True):
            for pattern in ("git", "Git.exe", "GIT", r"C:\Tools\git", "c:/tools/GIT.EXE", r"C:\*\git*", "*.exe"):
                self.assert_matches(pattern, r"C:\tools\git.exe", "c:/Tools/Git", r"C:\TOOLS\GIT")
            self.assert_no_match("git", "git.bat", "gitk.exe", r"C:\git\rm.exe", "git.exe.exe", "")
        with mock.patch.object(features, "WINDOWS", new=False):
            self.assert_no_match("git", "git.exe", "GIT", r"C:\git")

    def test_an_allowed_program_lets_a_small_test_start_it_and_no_other(self):
        policy = Policy(Size.SMALL, Allowance(processes=("git",)))
        self.assert_allowed(policy, process("/usr/bin/git"))
        self.assert_refused(policy, process("rm"), process("", "fork"), network("connect", "git"))


class OptInTest(PolicyTestCase):
    def operation(self, kind: str, path: str = "/data/prices.csv") -> Operation:
        return Operation(kind, "read", os.path.basename(path), "open", host=path)

    def test_on_windows_neither_case_nor_separators_of_paths_matter(self):
        operation = self.operation(FILESYSTEM, r"D:\Data\prices.csv")
        for pattern in ("D:/data/*", r"d:\DATA\*.csv", "*/prices.csv"):
            policy = Policy(Size.SMALL, Allowance(files=(pattern,)), forbid=OPT_IN)
            with self.subTest(pattern):
                with mock.patch.object(features, "WINDOWS", new=True):
                    self.assert_allowed(policy, operation)
                with mock.patch.object(features, "WINDOWS", new=False):
                    self.assert_refused(policy, operation)

    def test_what_no_setting_forbids_is_allowed(self):
        self.assert_allowed(SMALL, *map(self.operation, OPT_IN))
        self.assert_allowed(Policy(Size.SMALL, forbid=(SLEEP,)), self.operation(FILESYSTEM), self.operation(DATABASE))

    def test_what_a_setting_forbids_is_refused_to_small_tests_alone(self):
        for size in Size:
            check = self.assert_refused if size is Size.SMALL else self.assert_allowed
            check(Policy(size, forbid=OPT_IN), *map(self.operation, OPT_IN))

    def test_files_and_databases_are_allowed_by_the_path_as_written_or_by_the_full_one(self):
        for pattern in ("prices.csv", "/data/*", "*.csv"):
            policy = Policy(Size.SMALL, Allowance(files=(pattern,), databases=(pattern,)), forbid=OPT_IN)
            self.assert_allowed(policy, self.operation(FILESYSTEM), self.operation(DATABASE))
            self.assert_refused(policy, self.operation(SLEEP), self.operation(FILESYSTEM, "/etc/passwd"))

    def test_what_files_are_allowed_says_nothing_of_databases(self):
        policy = Policy(Size.SMALL, Allowance(files=("*",)), forbid=OPT_IN)
        self.assert_refused(policy, self.operation(DATABASE))


class HostEntryTest(hermetic.HermeticTestCase):
    def test_entries_are_split_into_host_and_port(self):
        cases = {
            "db.test": ("db.test", None), "db.test:5432": ("db.test", 5432), "203.0.113.7:0": ("203.0.113.7", 0),
            "::1": ("::1", None), "[::1]": ("::1", None), "[::1]:80": ("::1", 80), "db.test:*": ("db.test", None),
            "db.test:65535": ("db.test", 65535), "2001:db8::1:443": ("2001:db8::1:443", None),
            "/run/db:1": ("/run/db:1", None), "unix:/run/db": ("unix:/run/db", None),
        }  # fmt: skip
        for entry, expected in cases.items():
            with self.subTest(entry=entry):
                self.assertEqual(split_host(entry), expected)

    def test_a_wrong_port_is_an_error_that_names_the_entry(self):
        for entry in ("db:65536", "db:-1", "db:http", "db:80a", "db:\u0668\u0660", "[::1]:x", "http://db", "db: 80"):
            with self.subTest(entry=entry), self.assertRaises(hermetic.ConfigurationError) as caught:
                split_host(entry)
            self.assertIn(repr(entry), str(caught.exception))
            self.assertIn("0 to 65535", str(caught.exception))

    def test_brackets_that_are_not_closed_or_not_followed_by_a_colon_are_an_error(self):
        for entry in ("[::1", "[::1]80", "[::1:80"):
            with self.subTest(entry=entry), self.assertRaises(hermetic.ConfigurationError):
                split_host(entry)

    def test_joining_puts_ipv6_in_brackets(self):
        self.assertEqual(
            [join_host("::1", 80), join_host("::1", None), join_host("db", 80)], ["[::1]:80", "::1", "db:80"]
        )

    def test_an_entry_without_a_host_is_an_error(self):
        for entry in ("", ":80", "[]:80", "[]"):
            with self.subTest(entry=entry), self.assertRaisesRegex(hermetic.ConfigurationError, "there is no host"):
                names_host(entry, "0.0.0.0")


class ViolationCodeTest(hermetic.HermeticTestCase):
    def test_the_kind_of_an_operation_decides_its_code(self):
        kinds = (NETWORK, FILESYSTEM, PROCESS, DATABASE, SLEEP)
        codes = [violation_code(Operation(kind, "", "", "")) for kind in kinds]
        self.assertEqual(codes, ["H001", "H002", "H003", "H004", "H005"])

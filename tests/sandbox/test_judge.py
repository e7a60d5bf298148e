"""The judgement of system calls, with this process's memory and without a filter."""

from __future__ import annotations

import errno
import json
import os
import socket
import zlib
from unittest import mock

import support
from hermetic import GuardError, HermeticTestCase, medium
from hermetic._base import features
from hermetic._base.records import Operation
from hermetic._base.sizes import Size
from hermetic._policy.decision import Allowance, Policy
from hermetic._verdicts import log_writing, violation_data
from support.system_call_arguments import Arguments, inet, unix

if features.LINUX:
    from hermetic._sandbox import allowed_names, judge, passes, programs, seccomp, system_calls


class JudgeCase(HermeticTestCase):
    def setUp(self) -> None:
        self.memory = Arguments()
        folder = self.enterContext(support.Folder()) if hasattr(self, "enterContext") else None
        self.folder = folder or self._entered(support.Folder())
        self.report = os.path.join(self.folder, "report")
        with open(self.report, "w", encoding="utf-8"):
            pass
        self.judge = judge.Judge()
        self.asked = 0
        self.judge.worker = self.memory.thread

    def _entered(self, folder: support.Folder) -> str:  # enterContext came with Python 3.11
        path = folder.__enter__()
        self.addCleanup(folder.__exit__)
        return path

    def hold(self, size: str, mode: str = "strict", serial: int = 1, **allowance: tuple[str, ...]) -> None:
        policy = Policy(Size(size), Allowance(**allowance), mode)
        self.judge.enter(serial, "t.T.test", violation_data.policy_fields(policy), self.report)

    def ask(self, name: str, *arguments: int, waiting: bool = True) -> int:
        filled = (*arguments, *[0] * (6 - len(arguments)))
        self.asked += 1
        number = zlib.crc32(name.encode())  # of each name another
        return self.judge.judge(
            name, seccomp.SystemCall(self.asked, self.memory.thread, number, filled), lambda: waiting
        )

    def connect(self, address: bytes, fd: int = 3, **kwargs: bool) -> int:
        return self.ask("connect", fd, self.memory.put(address), len(address), **kwargs)

    def let_pass(self, operation: Operation, policy: Policy | None = None, *, is_free: bool = True) -> None:
        self.judge.let_pass(self.memory.thread, *passes.pass_fields(operation, policy, is_free=is_free))

    def execute(self, path: str) -> int:
        return self.ask("execve", self.memory.put(path.encode() + b"\0"), self.memory.strings(path))

    def reported(self) -> list[tuple[str, bool]]:
        with open(self.report, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        return [(line["violation"]["operation"]["target"], line["warned"]) for line in lines]


@medium  # it reads /proc
@support.linux_only("these system calls")
class NetworkTest(JudgeCase):
    def test_a_test_without_a_size_may_do_all(self):
        self.assertEqual(self.connect(inet("203.0.113.7", 1)), 0)

    def test_small_reaches_nothing_and_medium_this_machine(self):
        expected = {"small": [errno.EPERM, errno.EPERM], "medium": [0, errno.EPERM], "large": [0, 0]}
        found = {}
        for size in expected:
            self.hold(size)
            found[size] = [self.connect(inet("127.0.0.1", 1)), self.connect(inet("203.0.113.7", 1))]
        self.assertEqual(found, expected)

    def test_what_is_refused_is_reported_with_its_caller(self):
        self.hold("small")
        self.connect(inet("203.0.113.7", 443))
        with open(self.report, encoding="utf-8") as file:
            operation = json.load(file)["violation"]["operation"]
        found = [operation[name] for name in ("target", "api", "pid")]
        self.assertEqual(found, ["203.0.113.7:443", "connect(2)", self.memory.thread])
        self.assertIn("py", operation["program"])

    def test_of_a_caller_that_has_ended_nothing_is_reported(self):
        self.hold("small")
        self.connect(inet("203.0.113.7", 443), waiting=False)
        self.assertEqual(self.reported(), [])

    def test_in_warn_mode_it_happens_and_is_told(self):
        self.hold("small", "warn")
        self.assertEqual(self.connect(inet("203.0.113.7", 1)), 0)
        self.assertEqual(self.reported(), [("203.0.113.7:1", True)])

    def test_what_is_observed_or_known_happens_and_is_told(self):
        self.hold("small", "observe")
        answers = [self.connect(inet("203.0.113.7", 1))]
        with open(f"{self.report}.known", "w", encoding="utf-8") as file:
            file.write("H001 t.T.test 203.0.113.7\n")
        self.hold("small")
        answers += [self.connect(inet("203.0.113.7", 2)), self.connect(inet("203.0.113.8", 3))]
        self.assertEqual(answers, [0, 0, errno.EPERM])
        self.assertEqual([warned for _, warned in self.reported()], [True, True, False])

    def test_the_c_library_does_without_its_services_and_nobody_hears_of_it(self):
        for size, path in (("small", b"/var/run/nscd/socket"), ("small", b"/dev/log"), ("medium", b"/run/nscd/socket")):
            self.hold(size)
            self.assertEqual(self.connect(unix(path + b"\0")), errno.ENOENT)
        self.assertEqual(self.reported(), [])

    def test_other_paths_are_judged_by_the_size(self):
        self.hold("small")
        self.assertEqual(self.connect(unix(b"/tmp/x\0")), errno.EPERM)
        self.hold("medium")
        self.assertEqual(self.connect(unix(b"/tmp/x\0")), 0)

    def test_the_use_of_a_socket_from_before_is_judged_by_both_ends_that_it_names(self):
        self.hold("medium")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            identity = system_calls.socket_identity(self.memory.thread, sock.fileno())
            use = system_calls.sockaddr_operation("connect", "use", inet("127.0.0.1", 9))
            self.judge.held = {sock.fileno(): (identity, use)}
            address = self.memory.put(inet("203.0.113.7", 9))
            answers = [self.ask("write", sock.fileno()), self.ask("sendto", sock.fileno(), 0, 0, 0, address, 16)]
        self.assertEqual(answers, [0, errno.EPERM])

    def test_a_descriptor_that_is_another_file_by_now_is_free(self):
        self.hold("small")
        use = system_calls.sockaddr_operation("connect", "use", inet("127.0.0.1", 9))
        self.judge.held = {1: ("socket:[1]", use)}
        self.assertEqual(self.ask("write", 1), 0)

    def test_a_network_that_is_allowed_lets_its_addresses_through(self):
        self.hold("medium", hosts=("203.0.113.0/24:5432",))
        asked = [("203.0.113.7", 5432), ("203.0.113.7", 80), ("198.51.100.1", 5432)]
        self.assertEqual([self.connect(inet(*address)) for address in asked], [0, errno.EPERM, errno.EPERM])

    def test_a_name_that_is_allowed_lets_its_addresses_and_its_name_servers_through(self):
        self.hold("medium", hosts=("db.test:5432",))
        found = frozenset({b"\xcb\0q\x07"})
        with (
            mock.patch.object(allowed_names, "_addresses_of", return_value=found),
            mock.patch.object(allowed_names, "_name_servers", return_value={b"\xc0\0\2\1"}),
        ):
            asked = [("203.0.113.7", 5432), ("203.0.113.7", 80), ("192.0.2.1", 53), ("192.0.2.2", 53)]
            answers = [self.connect(inet(*address)) for address in asked]
        self.assertEqual(answers, [0, errno.EPERM, 0, errno.EPERM])


@medium  # as above
@support.linux_only("these system calls")
class ProcessTest(JudgeCase):
    def test_small_tests_start_nothing_and_medium_ones_anything(self):
        found = {}
        for size in ("small", "medium"):
            self.hold(size)
            found[size] = [self.ask("fork"), self.ask("clone", 17), self.execute("/bin/true")]
        self.assertEqual(found, {"small": [errno.EPERM] * 3, "medium": [0] * 3})
        self.assertEqual(self.reported(), [("fork", False), ("fork", False), ("/bin/true", False)])

    def test_a_program_that_is_allowed_may_be_started_and_no_other(self):
        self.hold("small", processes=("git",))
        self.judge.worker = 1  # this process is a child of the worker's then
        self.assertEqual(
            [self.ask("fork"), self.execute("/usr/bin/ls"), self.execute("/usr/bin/git")], [0, errno.EPERM, 0]
        )


CONNECT = Operation("network", "connect", "", "", "inet", "203.0.113.7", 1)
START = Operation("process", "start", "git", "", command="git")


@medium  # as above
@support.linux_only("these system calls")
class ExceptionTest(JudgeCase):
    def setUp(self) -> None:
        super().setUp()
        self.hold("small")

    def test_what_the_guard_lets_happen_passes_once(self):
        self.let_pass(CONNECT)
        answers = [self.connect(inet("203.0.113.7", 1)) for _ in range(2)]
        self.assertEqual(answers, [0, errno.EPERM])

    def test_it_is_not_used_up_by_a_call_that_is_asked_about_again(self):
        self.let_pass(CONNECT)
        self.connect(inet("203.0.113.7", 1), waiting=False)
        self.assertEqual(self.connect(inet("203.0.113.7", 1)), 0)

    def test_it_is_for_nothing_else(self):
        self.let_pass(CONNECT)
        others = [inet("203.0.113.7", 2), inet("203.0.113.8", 1), unix(b"/tmp/x\0")]
        answers = [self.connect(address) for address in others]
        address = inet("203.0.113.7", 1)
        answers += [self.ask("bind", 3, self.memory.put(address), len(address)), self.ask("fork")]
        self.assertEqual(answers, [errno.EPERM] * 5)
        self.assertEqual(self.connect(address), 0)

    def test_it_ends_with_the_next_one_with_the_test_and_when_it_is_taken_back(self):
        ends = [
            lambda: self.let_pass(START),
            lambda: self.hold("small", serial=2),
            lambda: self.judge.let_pass(self.memory.thread),
        ]
        for end in ends:
            self.let_pass(CONNECT)
            end()
            self.assertEqual(self.connect(inet("203.0.113.7", 1)), errno.EPERM)

    def test_it_is_for_one_thread(self):
        self.judge.let_pass(self.memory.thread + 1, *passes.pass_fields(CONNECT, None, is_free=True))
        self.assertEqual(self.connect(inet("203.0.113.7", 1)), errno.EPERM)

    def test_a_message_that_finds_no_room_is_sent_again_and_no_other_one(self):
        self.let_pass(CONNECT._replace(action="sendto"))
        address = self.memory.put(inet("203.0.113.7", 1))
        answers = [self.ask("sendto", 3, 4711, 2, 0, address, 16) for _ in range(2)]
        answers += [self.ask("sendto", 3, 4712, 2, 0, address, 16)]
        self.assertEqual(answers, [0, 0, errno.EPERM])

    def test_hosts_are_the_same_however_they_are_written(self):
        same = {"localhost": "127.0.0.1", "0x7f.1": "127.0.0.1", "::ffff:127.0.0.1": "127.0.0.1"}
        for written, address in {**same, "": "0.0.0.0", "<broadcast>": "255.255.255.255"}.items():
            self.let_pass(CONNECT._replace(host=written))
            with self.subTest(written=written):
                self.assertEqual(self.connect(inet(address, 1)), 0)

    def test_a_look_up_asks_services_and_name_servers_and_tries_the_answers(self):
        self.let_pass(Operation("network", "resolve", "", "", "inet", "db.test", None))
        answer = frozenset({b"\xcb\0q\x07", b"\xcb\0q\x09"})
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
            mock.patch.object(allowed_names, "_addresses_of", return_value=answer),
            mock.patch.object(allowed_names, "_name_servers", return_value={b"\xc0\0\2\1"}),
        ):
            asked = [(unix(b"/run/nscd/socket\0"), stream), (inet("192.0.2.1", 53), datagram)]
            asked += [(inet("203.0.113.9", 80), stream)]
            asked += [(inet("203.0.113.7", 80), datagram), (inet("203.0.113.7", 80), datagram)]
            asked += [(inet("203.0.113.8", 80), datagram), (inet("192.0.2.2", 53), datagram)]
            answers = [self.connect(address, sock.fileno()) for address, sock in asked]
        self.assertEqual(answers, [0, 0, errno.EPERM, 0, errno.EPERM, errno.EPERM, errno.EPERM])


@medium  # as above
@support.linux_only("these system calls")
class StartTest(JudgeCase):
    """This process stands for the worker, and for its child."""

    def setUp(self) -> None:
        super().setUp()
        patch = mock.patch.object(programs, "_image_of", return_value=("python", "1"))
        self.image_of = patch.start()
        self.addCleanup(patch.stop)

    def start(self, policy: Policy | None = None, *, is_free: bool) -> list[int]:
        """Start a shell as the guard lets it happen, and go on as this shell."""
        self.let_pass(START, policy, is_free=is_free)
        answers = [self.ask("vfork")]
        self.judge.let_pass(self.memory.thread)
        worker, self.judge.worker = self.judge.worker, 1
        with mock.patch.object(passes, "parent_of", return_value=worker):
            answers += [self.execute("/bin/sh")]
        self.image_of.return_value = ("sh", "2")
        return answers

    def test_what_the_guard_lets_start_becomes_its_program_once(self):
        self.hold("small")
        answers = self.start(is_free=False)
        self.assertEqual([*answers, self.execute("/bin/ls")], [0, 0, errno.EPERM])

    def test_what_an_allowed_program_starts_is_its_business_whoever_its_parent_is(self):
        self.hold("small")
        answers = [*self.start(is_free=True), self.ask("fork")]
        self.hold("small", serial=2)  # another test has begun
        answers += [self.ask("fork"), self.execute("/bin/ls")]
        self.image_of.return_value = ("ls", "3")
        self.assertEqual([*answers, self.ask("fork")], [0] * 6)

    def test_what_a_program_that_is_let_happen_starts_is_judged(self):
        self.hold("small", "warn")
        self.start(is_free=False)
        self.assertEqual([self.ask("fork"), self.reported()], [0, [("fork", True)]])

    def test_a_program_that_cannot_be_recognized_is_not_free(self):
        self.hold("small")
        self.start(is_free=True)
        self.image_of.return_value = ()
        self.assertEqual(self.ask("fork"), errno.EPERM)

    def test_a_program_that_was_started_in_a_block_may_do_on_the_network_what_that_allows(self):
        self.hold("small")
        self.start(Policy(Size("small"), Allowance(hosts=("203.0.113.7:5432",)), "strict"), is_free=True)
        answers = [self.connect(inet("203.0.113.7", port)) for port in (5432, 80)]
        self.assertEqual(answers, [0, errno.EPERM])

    def test_a_copy_of_the_worker_is_held_to_what_the_test_is(self):
        self.hold("small", processes=("git",))
        self.judge.worker = 1
        self.execute("/usr/bin/git")  # it may, but it is not there
        self.assertEqual(self.execute("/usr/bin/curl"), errno.EPERM)

    def test_a_program_is_searched_for_along_the_path(self):
        self.hold("small")
        self.let_pass(START, is_free=True)
        self.ask("vfork")
        worker, self.judge.worker = self.judge.worker, 1
        argv = self.memory.strings("git")
        paths = [self.memory.put(path) for path in (b"/usr/local/bin/git\0", b"/usr/bin/git\0")]
        with mock.patch.object(passes, "parent_of", return_value=worker):
            answers = [self.ask("execve", path, argv) for path in paths]
        self.assertEqual(answers, [0, 0])


@medium  # as above
@support.linux_only("these system calls")
class ReportTest(JudgeCase):
    def test_a_refusal_that_cannot_be_reported_is_an_error(self):
        self.hold("small")
        os.unlink(self.report)
        with self.assertRaisesRegex(GuardError, r"(?s)H009.*t\.T\.test.*connected to 203\.0\.113\.7:1"):
            self.connect(inet("203.0.113.7", 1))

    def test_much_that_was_reported_before_leaves_room_for_another_test_and_for_a_refusal(self):
        with mock.patch.object(log_writing, "_MAX_BYTES", 1000):
            for mode in ("warn", "strict"):
                self.hold("small", mode)
                for port in range(9):
                    self.connect(inet("203.0.113.7", port))
            other = f"{self.report}.other"
            with open(other, "w", encoding="utf-8"):
                pass
            self.judge.enter(1, "t.T.other", violation_data.policy_fields(Policy(Size("small"))), other)
            self.connect(inet("203.0.113.7", 1))
        self.assertIn(False, [warned for _, warned in self.reported()])
        self.assertGreater(os.path.getsize(other), 0)

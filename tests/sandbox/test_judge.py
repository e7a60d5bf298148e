"""The judgement on system calls, made by this process's own memory, without a filter."""

from __future__ import annotations

import errno
import json
import os
import socket
import unittest
from unittest import mock

import support
from hermetic import HermeticTestCase, _env, medium
from hermetic._guards import children
from hermetic._policy import Allowance, Policy
from hermetic._sizes import Size
from sandbox.memory import Arguments, inet, unix

if _env.LINUX:
    from hermetic._sandbox import calls, judge, names, seccomp


class JudgeCase(HermeticTestCase):
    def setUp(self) -> None:
        self.memory = Arguments()
        folder = self.enterContext(support.Folder()) if hasattr(self, "enterContext") else None
        self.folder = folder or self._entered(support.Folder())
        self.report = os.path.join(self.folder, "report")
        with open(self.report, "w", encoding="utf-8"):
            pass
        self.judge = judge.Judge()
        self.judge.worker = self.memory.thread

    def _entered(self, folder: support.Folder) -> str:  # enterContext came with Python 3.11
        path = folder.__enter__()
        self.addCleanup(folder.__exit__)
        return path

    def hold(self, size: str, mode: str = "strict", **allowance: tuple[str, ...]) -> None:
        policy = Policy(Size(size), Allowance(**allowance), mode)
        self.judge.enter(self.memory.thread, 1, "t.T.test", children.policy_fields(policy), self.report)

    def ask(self, name: str, *arguments: int, waiting: bool = True) -> int:
        filled = (*arguments, *[0] * (6 - len(arguments)))
        return self.judge.judge(name, seccomp.Call(1, self.memory.thread, 0, filled), lambda: waiting)

    def connect(self, address: bytes, **kwargs: bool) -> int:
        return self.ask("connect", 3, self.memory.put(address), len(address), **kwargs)

    def execute(self, path: str) -> int:
        return self.ask("execve", self.memory.put(path.encode() + b"\0"), self.memory.strings(path))

    def reported(self) -> list[tuple[str, bool]]:
        with open(self.report, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        return [(line["violation"]["operation"]["target"], line["warned"]) for line in lines]


@medium  # it reads /proc
@unittest.skipUnless(_env.LINUX, "Linux's system calls")
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

    def test_a_call_that_the_guard_has_let_happen_passes_until_it_is_taken_back(self):
        self.hold("small")
        self.judge.let_pass(self.memory.thread, [None])
        passed = self.connect(inet("203.0.113.7", 1))
        self.judge.let_pass(self.memory.thread, [])
        self.assertEqual([passed, self.connect(inet("203.0.113.7", 1))], [0, errno.EPERM])

    def test_the_use_of_a_socket_from_before_is_judged_by_both_ends_that_it_names(self):
        self.hold("medium")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            identity = calls.socket_identity(self.memory.thread, sock.fileno())
            use = calls.address_operation("connect", "use", inet("127.0.0.1", 9))
            self.judge.held = {sock.fileno(): (identity, use)}
            address = self.memory.put(inet("203.0.113.7", 9))
            answers = [self.ask("write", sock.fileno()), self.ask("sendto", sock.fileno(), 0, 0, 0, address, 16)]
        self.assertEqual(answers, [0, errno.EPERM])

    def test_a_descriptor_that_is_another_file_by_now_is_free(self):
        self.hold("small")
        use = calls.address_operation("connect", "use", inet("127.0.0.1", 9))
        self.judge.held = {1: ("socket:[1]", use)}
        self.assertEqual(self.ask("write", 1), 0)

    def test_a_name_that_is_allowed_lets_its_addresses_and_its_name_servers_through(self):
        self.hold("medium", hosts=("db.test:5432",))
        found = frozenset({b"\xcb\0q\x07"})
        with (
            mock.patch.object(names, "_addresses_of", return_value=found),
            mock.patch.object(names, "_name_servers", return_value={b"\xc0\0\2\1"}),
        ):
            asked = [("203.0.113.7", 5432), ("203.0.113.7", 80), ("192.0.2.1", 53), ("192.0.2.2", 53)]
            answers = [self.connect(inet(*address)) for address in asked]
        self.assertEqual(answers, [0, errno.EPERM, 0, errno.EPERM])


@medium  # as above
@unittest.skipUnless(_env.LINUX, "Linux's system calls")
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

    def test_what_an_allowed_program_starts_is_its_business(self):
        self.hold("small", processes=("git",))
        self.judge.worker = 1
        self.execute("/usr/bin/git")
        self.assertEqual([self.ask("fork"), self.execute("/usr/bin/less")], [0, 0])

    def test_what_was_started_in_a_block_is_judged_by_that(self):
        self.hold("medium")
        wider = Policy(Size("medium"), Allowance(hosts=("203.0.113.7:5432",)), "strict")
        self.judge.let_pass(self.memory.thread, [children.policy_fields(wider)])
        self.ask("vfork")
        self.judge.let_pass(self.memory.thread, [])
        answers = [self.connect(inet("203.0.113.7", 5432))]
        self.judge.worker = 1  # now this process is a child
        answers += [self.connect(inet("203.0.113.7", port)) for port in (5432, 80)]
        self.assertEqual(answers, [errno.EPERM, 0, errno.EPERM])

    def test_what_the_guard_lets_start_may_become_its_program_later(self):
        self.hold("small")
        self.judge.let_pass(self.memory.thread, [None])
        self.ask("vfork")
        self.judge.let_pass(self.memory.thread, [])
        self.judge.worker = 1
        self.assertEqual(self.execute("/usr/bin/python3"), 0)

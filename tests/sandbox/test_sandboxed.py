"""Sandboxed runs, each with many tests, because every run has to be started."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import support
from hermetic import HermeticTestCase, medium
from support.sandbox_runs import HEAD, REMOTE, needs_a_sandbox, run, verdicts

setUpModule = support.some_pythons_do_and_the_measured

SMALL = (
    HEAD
    + """
before = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
before.connect(("127.0.0.1", 9))
@small
class Case(unittest.TestCase):
    def test_connects(self): self.assertEqual(connect("127.0.0.1"), -1)
    def test_forks(self): native_system(b"true")
    def test_hides_it(self):
        try: before.send(b"x")
        except PermissionError: pass
    def test_duplicates(self):
        try: os.dup(before.fileno())
        except PermissionError: pass
    def test_asks_in_python(self): socket.create_connection(("127.0.0.1", 9))
    def test_works(self):
        a, b = socket.socketpair(); a.send(b"x"); b.recv(1); a.close(); b.close()
        thread = threading.Thread(target=time.sleep, args=(0,)); thread.start(); thread.join()
        with socket.socket() as sock: sock.bind(("127.0.0.1", 0))
        import asyncio, multiprocessing.dummy, platform, uuid
        asyncio.run(asyncio.sleep(0))
        with multiprocessing.dummy.Pool(2) as pool: pool.map(abs, [1, 2])  # its locks want a resource tracker
        platform.platform(); uuid.uuid1()
    @allow(processes=["true"])
    def test_is_allowed_a_program(self): subprocess.run(["true"], check=True)
    def test_is_allowed_a_host_for_a_while(self):
        with allow(hosts=["127.0.0.1:9"]):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock: sock.connect(("127.0.0.1", 9))
        connect("127.0.0.1", 10)
"""
)

MEDIUM = (
    HEAD
    + f"""
BARE = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('{REMOTE}', 9))"
@medium
class Case(unittest.TestCase):
    def test_local(self): self.assertEqual(connect("127.0.0.1"), 0)
    def test_child(self): subprocess.run([sys.executable, "-I", "-S", "-c", BARE], stderr=subprocess.DEVNULL)
    def test_shell(self): subprocess.run(["sh", "-c", "true; exit 0"], check=True)
    def test_signals(self):
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        for _ in range(300):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock: sock.connect(("127.0.0.1", 9))
        signal.setitimer(signal.ITIMER_REAL, 0)
    def test_threads(self):
        found = []
        threads = [threading.Thread(target=lambda: found.append(connect("127.0.0.1"))) for _ in range(20)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        self.assertEqual(found, [0] * 20)
    def test_python(self): subprocess.run([sys.executable, "-c", "import os; os._exit(0)"], check=True)
    def test_fetched(self): self.assertEqual(connect("127.0.0.1", by=ctypes.CDLL(None).connect), 0)
    def test_fetched_for_afar(self): connect("{REMOTE}", by=ctypes.CDLL(None).connect)
    def test_fetched_by_child(self):
        subprocess.run([sys.executable, "-c", "import ctypes; ctypes.CDLL(None).connect"], check=True)
class Free(unittest.TestCase):
    def test_without_a_size(self): self.assertEqual(connect("{REMOTE}"), 0)
    @large
    def test_large(self): self.assertEqual(connect("{REMOTE}"), 0)
"""
)

REFUSED_IN_MEDIUM = {"child", "fetched_for_afar"}

MIXED = (
    HEAD
    + """
@isolated(sandbox="kernel")
class Case(unittest.TestCase):
    @small
    def test_1_small(self): connect("127.0.0.1")
    @medium
    def test_2_medium(self): self.assertEqual(connect("127.0.0.1"), 0)
    def test_3_free(self): self.assertEqual(native_system(b"true"), 0)
    @small
    def test_4_small_again(self): connect("127.0.0.1")
    @small
    def test_5_dies(self): os.kill(os.getpid(), signal.SIGKILL)
    @small
    def test_6_small_after_that(self): connect("127.0.0.1")
@isolated(sandbox="kernel")
@small
def function(): connect("127.0.0.1")
class Other(unittest.TestCase):
    def test_7_calls_a_function(self): function()
"""
)

WARNED = (
    HEAD
    + f"""
CHILD = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('{REMOTE}', 9))"
@medium
class Case(unittest.TestCase):
    def test_python_here(self): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("{REMOTE}", 9))
    def test_python_there(self): subprocess.run([sys.executable, "-c", CHILD], check=True)
    def test_native(self): self.assertEqual(connect("{REMOTE}"), 0)
"""
)

LATE = (
    HEAD
    + """
import atexit
class Case(unittest.TestCase):
    @isolated
    @small
    def test_python(self): atexit.register(socket.create_connection, ("127.0.0.1", 9))
    @isolated
    @small
    def test_native(self): atexit.register(connect, "127.0.0.1", 10)
"""
)


@medium
@needs_a_sandbox
class SmallTest(HermeticTestCase):
    def verdict(self, name: str) -> str:
        return verdicts(run(SMALL, "--sandbox", "kernel"))[name]

    def headlines(self) -> list[str]:
        return re.findall(r"small test test_it\.Case\.test_(.*)", run(SMALL, "--sandbox", "kernel").stderr)

    def test_native_calls_are_violations_of_their_tests(self):
        self.assertIn("connects connected to 127.0.0.1:9", self.headlines())
        self.assertIn("forks started a process by fork", self.headlines())

    def test_the_call_the_program_and_its_number_are_told(self):
        self.assertRegex(
            run(SMALL, "--sandbox", "kernel").stderr,
            r"by connect\(2\) in py\S+ \(process \d+\), reported by the kernel",
        )

    def test_sockets_that_were_connected_before_are_judged_when_they_are_used(self):
        wanted = "used a connection from before the test, to 127.0.0.1:9"
        self.assertIn(f"hides_it {wanted}", self.headlines())
        self.assertIn(f"duplicates {wanted}", self.headlines())

    def test_what_python_asks_is_told_once_and_with_its_line(self):
        told = [line for line in self.headlines() if line.startswith("asks_in_python")]
        self.assertEqual(told, ["asks_in_python connected to 127.0.0.1:9"])

    def test_what_small_tests_may_do_works(self):
        self.assertEqual(self.verdict("works"), "ok")

    def test_what_is_allowed_works_for_as_long_as_it_is_allowed(self):
        self.assertEqual(self.verdict("is_allowed_a_program"), "ok")
        self.assertIn("is_allowed_a_host_for_a_while connected to 127.0.0.1:10", self.headlines())


@medium
@needs_a_sandbox
class MediumTest(HermeticTestCase):
    def test_this_machine_and_children_are_free_and_all_else_is_not(self):
        found = verdicts(run(MEDIUM, "--sandbox", "kernel"))
        self.assertEqual({name for name, verdict in found.items() if verdict != "ok"}, REFUSED_IN_MEDIUM)
        self.assertEqual(len(found), 11)

    def test_a_bare_child_is_told_of_as_what_it_is(self):
        self.assertRegex(
            run(MEDIUM, "--sandbox", "kernel").stderr, rf"test_child connected to {REMOTE}:9\n  by connect\(2\)"
        )

    def test_what_is_let_happen_with_a_warning_is_told_once(self):
        probe = subprocess.run(support.in_network_namespace("true"), capture_output=True)
        if probe.returncode:
            self.skipTest("what is let happen must not leave this machine, and no namespace can be had")
        options = (sys.executable, "-m", "hermetic", "--mode", "warn", "--sandbox", "kernel", "test_it")
        environment = {**os.environ, "PYTHONPATH": support.package_folder()}
        with support.Folder(**{"test_it.py": WARNED}) as folder, support.not_inherited():
            command = support.in_network_namespace(*options)
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        told = re.findall(rf"^  test_it\.Case\.test_(\w+) connected to {REMOTE}:9", done.stderr, re.MULTILINE)
        self.assertEqual((done.returncode, sorted(told)), (0, ["native", "python_here", "python_there"]))

    def test_it_is_the_same_with_parallel_workers_and_with_fresh_interpreters(self):
        for options in (("-j", "2"), ("--isolated-start", "fresh")):
            found = verdicts(run(MEDIUM, "--sandbox", "kernel", *options))
            with self.subTest(options=options):
                self.assertEqual(
                    {name for name, verdict in found.items() if verdict != "ok"}, {"child", "fetched_for_afar"}
                )


@medium
@needs_a_sandbox
class GroupTest(HermeticTestCase):
    def test_each_test_of_a_group_is_held_to_its_own_size_whatever_was_before(self):
        found = {name: verdict for name, verdict in verdicts(run(MIXED)).items() if verdict != "ok"}
        self.assertEqual([name[0] for name in found], ["1", "4", "5", "6", "7"])
        self.assertEqual({*found.values()}, {"ERROR"}, "the kernel's reports are read before a test is a success")

    def test_what_happens_while_the_worker_exits_is_judged_too(self):
        found = re.findall(
            r"interpreter shutdown (connected to \S+)$", run(LATE, "--sandbox", "kernel").stderr, re.MULTILINE
        )
        self.assertEqual({*found}, {"connected to 127.0.0.1:9", "connected to 127.0.0.1:10"})

    def test_a_worker_that_dies_is_told_of_as_ever(self):
        self.assertIn("SIGKILL", run(MIXED).stderr)


@medium
class AvailabilityTest(HermeticTestCase):
    @needs_a_sandbox
    def test_auto_says_in_one_line_that_it_is_on(self):
        self.assertIn("sandbox: kernel\n", run(MEDIUM, "--sandbox", "auto").stderr)

    @needs_a_sandbox
    def test_without_workers_there_is_none_and_that_is_said(self):
        done = run(MIXED.replace("kernel", "off"), "--sandbox", "kernel", "--no-isolation")
        self.assertIn("sandbox: off, because only workers can be sandboxed", done.stderr)

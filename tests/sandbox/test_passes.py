"""Sandboxed runs: the limits of an exception, programs that outlive one, and sockets from before the test."""

from __future__ import annotations

import functools
import re
import subprocess

import support
from hermetic import HermeticTestCase, medium
from support.sandbox_runs import HEAD, REMOTE, needs_a_sandbox, verdicts

setUpModule = support.some_pythons_do

HEAD += """
import multiprocessing, tempfile
from multiprocessing.pool import ThreadPool
import hermetic
def in_python(port=10):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock: sock.connect(("127.0.0.1", port))
"""

AFTER = (
    HEAD
    + """
@small
class Case(unittest.TestCase):
    def test_pool(self): ThreadPool(1).close(); connect("127.0.0.1")
    def test_lock(self): multiprocessing.get_context("spawn").Lock(); connect("127.0.0.1")
    def test_tracker(self): multiprocessing.get_context("spawn").Lock(); native_system(b"true")
    def test_block(self):
        with allow(hosts=["127.0.0.1:10"]):
            in_python()
            connect("127.0.0.1")
    def test_block_without_a_call(self):
        with allow(hosts=["127.0.0.1:10"]):
            try: socket.socket().connect(("127.0.0.1", "10"))
            except TypeError: pass
            connect("127.0.0.1")
    def test_unused(self):
        with allow(hosts=["127.0.0.1:10"]):
            closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); closed.close()
            closed.connect_ex(("127.0.0.1", 10))
            connect("127.0.0.1")
    def test_look_up(self):
        with allow(hosts=["localhost"]): socket.getaddrinfo("localhost", 9)
        connect("127.0.0.2")
    def test_program(self):
        with allow(processes=["true"]): subprocess.run(["true"], check=True)
        native_system(b"true")
    def test_program_that_is_not_there(self):
        with allow(processes=["no-such-program"]):
            try: subprocess.run(["no-such-program"])
            except FileNotFoundError: pass
            native_system(b"true")
    def test_another_thread(self):
        with allow(hosts=["127.0.0.1:10"]):
            in_python()
            thread = threading.Thread(target=connect, args=("127.0.0.1", 10)); thread.start(); thread.join()
    @allow(processes=["sh", "true"])
    def test_fine(self):
        with allow(hosts=["127.0.0.1:10", "localhost"]):
            in_python()
            self.assertEqual(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect_ex(("localhost", 10)), 0)
            socket.getaddrinfo("localhost", 10)
        subprocess.run(["sh", "-c", "true; sh -c 'true; true'; true"], check=True)
        subprocess.run("true; true", shell=True, check=True)
        self.assertEqual(os.system("true && sh -c true"), 0)
        os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "true; true"], {"PATH": os.environ["PATH"]}), 0)
"""
)

WARNED = (
    HEAD
    + f"""
class Case(unittest.TestCase):
    @medium
    def test_connects(self):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("{REMOTE}", 10))
        connect("{REMOTE}")
    @small
    def test_starts(self): subprocess.run([sys.executable, "-ISc", f"import socket; {{BARE}}"], check=True)
    @small
    def test_forks(self):
        pid = os.fork()
        if not pid: connect("{REMOTE}"); os._exit(0)
        os.waitpid(pid, 0)
    @small
    def test_shell(self): subprocess.run(["sh", "-c", "id; true"], check=True, stdout=subprocess.DEVNULL)
BARE = "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('{REMOTE}', 9))"
"""
)

BEFORE = (
    HEAD
    + """
before = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
before.connect(("127.0.0.1", 9))
ours, theirs = socket.socketpair()
file = tempfile.TemporaryFile(); file.write(b"x" * 100); file.flush()
reading, writing = os.pipe()
native_syscall = libc.syscall
def submit():
    context = ctypes.c_ulong()
    if native_syscall(206 if os.uname().machine == "x86_64" else 0, 1, ctypes.byref(context)): raise OSError("no aio")
    data = ctypes.create_string_buffer(b"x")
    block = struct.pack("=QIIHhIQQqQII", 0, 0, 0, 1, 0, before.fileno(), ctypes.addressof(data), 1, 0, 0, 0, 0)
    kept = ctypes.create_string_buffer(block, len(block))
    blocks = (ctypes.c_void_p * 1)(ctypes.addressof(kept))
    native_syscall(209 if os.uname().machine == "x86_64" else 2, context, ctypes.c_long(1), blocks)
def by_splice():
    os.write(writing, b"x")
    os.splice(reading, before.fileno(), 1)
WAYS = {
    "write": lambda: os.write(before.fileno(), b"x"),
    "writev": lambda: os.writev(before.fileno(), [b"x"]),
    "pwritev2": lambda: os.pwritev(before.fileno(), [b"x"], -1),
    "sendmsg": lambda: before.sendmsg([b"x"]),
    "sendfile": lambda: os.sendfile(before.fileno(), file.fileno(), 0, 1),
    "splice": by_splice,
    "rights": lambda: socket.send_fds(ours, [b"x"], [before.fileno()]),
    "dup": lambda: os.dup(before.fileno()),
    "io_submit": submit,
}
class Case(unittest.TestCase):
    def way(self, name):
        try: WAYS[name]()
        except OSError: pass
def test_of(name):
    return hermetic.small(lambda self: self.way(name))
for name in WAYS: setattr(Case, "test_" + name, test_of(name))
"""
)

BACKGROUND = (
    HEAD
    + """
TWICE = "import os,subprocess,time; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0);"
TWICE += "time.sleep(0.2); subprocess.run(['sleep', '0']); open('{}', 'w').close()"
def wait_for(path):
    for _ in range(500):
        if os.path.exists(path): return
        time.sleep(0.01)
    raise AssertionError("it was refused")
@isolated(group="one", sandbox="kernel")
class Case(unittest.TestCase):
    @small
    @allow(processes=["sh"])
    def test_1_child(self):
        subprocess.run(["sh", "-c", "(sleep 0.2; sleep 0; echo > here.1) & exit 0"], check=True)
        wait_for("here.1")
    @small
    @allow(processes=["python*"])
    def test_2_daemon(self):
        subprocess.run([sys.executable, "-ISc", TWICE.format("here.2")], check=True)
        wait_for("here.2")
    @medium
    def test_3_leaves_one(self):
        subprocess.run(["sh", "-c", "(while ! test -e go; do sleep 0.05; done; sleep 0; echo > here.3) & exit 0"])
    @small
    def test_4_beside_it(self):
        open("go", "w").close()
        wait_for("here.3")
    @small
    @allow(processes=["git"])
    def test_5_is_not_freed_by_that(self): native_system(b"true; true")
"""
)


@functools.cache
def run(text: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The run of a module with the text, each kind only once."""
    with support.Folder(**{"test_it.py": text}) as folder:
        return support.run_hermetic("-v", *options, "test_it", cwd=folder)


@medium
@needs_a_sandbox
class ExceptionsTest(HermeticTestCase):
    def test_what_comes_after_one_is_refused_and_told(self):
        found = verdicts(run(AFTER, "--sandbox", "kernel"))
        self.assertEqual({name for name, verdict in found.items() if verdict == "ok"}, {"fine"})
        self.assertEqual(len(found), 11)

    def test_no_error_is_one_of_hermetic(self):
        self.assertNotIn("H009", run(AFTER, "--sandbox", "kernel").stderr)

    def test_what_comes_of_what_was_let_happen_is_told(self):
        probe = subprocess.run(support.in_network_namespace("true"), capture_output=True)
        if probe.returncode:
            self.skipTest("what is let happen must not leave this machine, and no namespace can be had")
        with support.Folder(**{"test_it.py": WARNED}) as folder:
            options = ("--mode", "warn", "--sandbox", "kernel", "test_it")
            done = support.run_hermetic(*options, cwd=folder, by=support.in_network_namespace())
        told = set(re.findall(rf"^  test_it\.Case\.test_(\w+) connected to {REMOTE}:9$", done.stderr, re.MULTILINE))
        self.assertEqual((done.returncode, told), (0, {"connects", "starts", "forks"}))
        self.assertRegex(done.stderr, r"test_shell started a process by fork")


@medium
@needs_a_sandbox
class BeforeTest(HermeticTestCase):
    def test_every_way_to_use_a_socket_from_before_is_told(self):
        done = run(BEFORE, "--sandbox", "kernel")
        told = re.findall(
            r"^hermetic.*small test test_it\.Case\.test_(\w+) used a connection", done.stderr, re.MULTILINE
        )
        ways = "dup io_submit pwritev2 rights sendfile sendmsg splice write writev"
        self.assertEqual(sorted(set(told)), ways.split())


@medium
@needs_a_sandbox
class BackgroundTest(HermeticTestCase):
    def test_what_an_allowed_program_leaves_in_the_background_may_go_on(self):
        done = run(BACKGROUND)
        expected = {"1_child": "ok", "2_daemon": "ok", "3_leaves_one": "ok", "4_beside_it": "ok"}
        self.assertEqual(verdicts(done), {**expected, "5_is_not_freed_by_that": "ERROR"}, done.stderr)

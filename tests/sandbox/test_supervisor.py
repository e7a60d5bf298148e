"""If the judge of a sandbox fails or cannot be reached, every call is refused, and the test is an error."""

from __future__ import annotations

import subprocess

import support
from hermetic import HermeticTestCase, medium
from support.sandbox_runs import HEAD, needs_a_sandbox, verdicts

setUpModule = support.some_pythons_do_and_the_measured

HEAD += """
def channel():
    return next(
        int(name) for name in os.listdir("/proc/self/fd")
        if int(name) >= 300 and is_seqpacket(int(name))
    )
def is_seqpacket(fd):
    try: sock = socket.socket(fileno=os.dup(fd))
    except OSError: return False
    with sock: return sock.type == socket.SOCK_SEQPACKET
def in_a_child_without_descriptors():
    pid = os.fork()
    if not pid:
        os.closerange(3, 1024)
        with allow(hosts=["127.0.0.1:10"]), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", 10))
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
"""

HARMED = """
kept = []
@isolated(group="one", sandbox="kernel")
class Case(unittest.TestCase):
    @{size}
    def test_1_harm(self): {harm}
    @small
    def test_2_after_it(self): print("let through" if connect("127.0.0.1") == 0 else "refused", flush=True)
"""

LOST = {
    "closed": "os.close(channel())",
    "closed, with a copy elsewhere": "kept.append(os.dup(channel())); os.close(channel())",
    "another socket": "os.dup2(socket.socketpair()[0].detach(), channel())",
    "a null device": "os.dup2(os.open('/dev/null', os.O_RDWR), channel())",
}
GARBAGE = {
    "garbage": "os.write(channel(), b'x')",
    "a message without details": "os.write(channel(), b'[\"scope\", 1]')",
    "an unknown kind": "os.write(channel(), b'[\"scape\", 1]')",
    "a pass for nothing": "os.write(channel(), b'[\"pass\", 1, 1]')",
    "a file that is none": "os.write(channel(), b'file')",
    "an endless file": "socket.send_fds(socket.socket(fileno=os.dup(channel())), [b'file'], [os.pipe()[0]])",
}

IDS = (
    HEAD
    + """
@isolated(group="one", sandbox="kernel")
class Case(unittest.TestCase):
    @large
    def test_0(self): pass
def refused(self):
    self.assertEqual((connect("127.0.0.1"), ctypes.get_errno()), (-1, 1))
for name in ("1_odd\\udcff\\u20ac", "2_zero\\0", "3_astral" + chr(0x1F40D), "4_long" + "x" * 300_000):
    setattr(Case, "test_" + name, small(refused))
hosts = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(20_000)]
Case.test_5_hosts = small(allow(hosts=hosts)(lambda self: refused(self)))
names = allow(hosts=["caf\\u00e9.test", "db.test"])
Case.test_6_names = medium(names(lambda self: self.assertEqual(connect("127.0.0.1"), 0)))
"""
)


def run(text: str, *options: str) -> subprocess.CompletedProcess[str]:
    with support.Folder(**{"test_it.py": text}) as folder:
        return support.run_hermetic("-v", *options, "test_it", cwd=folder)


@medium
@needs_a_sandbox
class LostTest(HermeticTestCase):
    def run_harm(self, harm: str, size: str) -> subprocess.CompletedProcess[str]:
        return run(HEAD + HARMED.format(harm=harm, size=size))

    def assert_refused(self, done: subprocess.CompletedProcess[str], reason: str) -> None:
        self.assertEqual(verdicts(done).get("2_after_it"), "ERROR", done.stderr)
        self.assertNotIn("let through", done.stdout + done.stderr)
        self.assertIn(reason, done.stderr)

    def test_a_way_that_is_lost_is_an_error_and_all_is_refused(self):
        for name, harm in LOST.items():
            for size in ("large", "medium"):
                with self.subTest(harm=name, size=size):
                    self.assert_refused(self.run_harm(harm, size), "[H009] kernel sandbox lost")

    def test_a_message_that_cannot_be_taken_is_an_error_and_all_is_refused(self):
        for name, harm in GARBAGE.items():
            with self.subTest(harm=name):
                self.assert_refused(self.run_harm(harm, "medium"), "[H009]")

    def test_a_forked_child_that_closes_its_copies_harms_nobody(self):
        done = self.run_harm("in_a_child_without_descriptors()", "medium")
        self.assert_refused(done, "small test test_it.Case.test_2_after_it connected to 127.0.0.1:9")
        self.assertEqual((verdicts(done)["1_harm"], done.stderr.count("H009")), ("ok", 0))

    def test_a_judge_that_is_killed_ends_the_worker(self):
        done = self.run_harm("os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)", "medium")
        self.assertEqual(verdicts(done)["1_harm"], "ERROR", done.stderr)
        self.assertNotEqual(done.returncode, 0)


@medium
@needs_a_sandbox
class SizeTest(HermeticTestCase):
    def test_ids_and_policies_of_any_size_and_spelling_arrive(self):
        done = run(IDS)
        self.assertIn("FAILED (errors=5)", done.stderr)
        self.assertEqual(done.stderr.count("\nhermetic.NetworkViolationError: [H001]"), 5)
        self.assertNotIn("H009", done.stderr)


TRIAL = """
from unittest import mock
from hermetic._sandbox import availability
with mock.patch("hermetic._base.own_sockets.receive_descriptors", side_effect=RuntimeError("broken")):
    availability._try()
"""


@medium
@needs_a_sandbox
class TrialTest(HermeticTestCase):
    def test_a_trial_whose_answer_is_never_taken_ends(self):
        done = support.run_python("-c", TRIAL, timeout=30)
        self.assertRegex(done.stderr, r"RuntimeError: broken\n\Z")

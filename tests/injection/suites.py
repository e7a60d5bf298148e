"""Small suites, each with one trouble alone: if a run of one is green, its verdict was lost."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field

HEAD = """
import ctypes, multiprocessing, os, socket, subprocess, sys, time, unittest
import hermetic
from hermetic import HermeticTestCase, isolated, medium, small
libc = ctypes.CDLL(None, use_errno=True)  # fetched before any test: the guard in the process sees nothing of it
native_connect = libc.connect
def swallow(function, *args):
    try:
        return function(*args)
    except Exception:
        pass
def connect():  # of a datagram socket: nothing is ever sent
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        swallow(sock.connect, ("203.0.113.7", 9))
"""
GUARD = """
if __name__ == "__main__":
    unittest.main()
"""


@dataclass
class Suite:
    """A module of tests, and how it is run.

    Args:
        name: what its trouble is.
        tests: its source.
        arguments: what follows ``python``.
    """

    name: str
    tests: str
    arguments: tuple[str, ...] = ("-m", "hermetic", "test_sample")
    files: dict[str, str] = field(init=False)

    def __post_init__(self):
        self.files = {"test_sample.py": HEAD + self.tests + GUARD, "child.py": HEAD + "connect()\n"}


_SWALLOWED = """
@small
class Small(unittest.TestCase):
    def test_clean(self): pass
    def test_connects(self): connect()
"""
_CHILD = """
@medium
class Medium(unittest.TestCase):
    def test_child(self):
        {child}
"""
_ISOLATED = """
@isolated{group}
class Isolated(unittest.TestCase):
    def test_clean(self): pass
    def test_trouble(self): {trouble}
"""
_TROUBLES = {
    "a failure": "self.fail()",
    "a crash": "os._exit(3)",
    "a time-out": "time.sleep(60)",
}
_JOINED = "process = multiprocessing.get_context('{}').Process(target=connect); process.start(); process.join()"

SUITES = [
    Suite("a swallowed violation", _SWALLOWED),
    Suite("a swallowed violation, reported", _SWALLOWED, ("-m", "hermetic", "--junit-xml", "x.xml", "test_sample")),
    Suite("a swallowed violation under unittest", _SWALLOWED, ("-m", "unittest", "test_sample")),
    Suite("a violation in a forked child", _CHILD.format(child=_JOINED.format("fork"))),
    Suite("a violation in a spawned child", _CHILD.format(child=_JOINED.format("spawn"))),
    Suite(
        "a violation in a child by os.fork",
        _CHILD.format(child="child = os.fork() or (connect(), os._exit(0)); os.waitpid(child, 0)"),
    ),
    Suite("a violation in a Python program", _CHILD.format(child="subprocess.run([sys.executable, 'child.py'])")),
    Suite(
        "a native violation in the sandbox",
        """
@small
class Small(unittest.TestCase):
    def test_clean(self): pass
    def test_connects(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            native_connect(sock.fileno(), bytes([2, 0, 0, 9, 203, 0, 113, 7]) + bytes(8), 16)
""",
        ("-m", "hermetic", "--sandbox", "kernel", "test_sample"),
    ),
    Suite(
        "a native violation in the sandbox, after exceptions",
        """
native_system = libc.system
@small
class Small(unittest.TestCase):
    @hermetic.allow(processes=["env"])
    def test_starts(self):
        swallow(subprocess.run, ["env", "env", "true"])
        with hermetic.allow(hosts=["localhost:10"]), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            swallow(sock.connect, ("localhost", 10))
        native_system(b"true")
""",
        ("-m", "hermetic", "--sandbox", "kernel", "test_sample"),
    ),
    *(
        Suite(f"{name} of an isolated test{where}", _ISOLATED.format(group=group, trouble=trouble))
        for name, trouble in _TROUBLES.items()
        for where, group in (("", "(timeout=2)"), (" in a group", "('group', timeout=2)"))
    ),
    Suite(
        "a failure with -j 2",
        """
class One(unittest.TestCase):
    def test_clean(self): pass
class Two(unittest.TestCase):
    def test_fails(self): self.fail()
""",
        ("-m", "hermetic", "-j", "2", "test_sample"),
    ),
    Suite(
        "an unused command of a double",
        """
class Double(HermeticTestCase):
    def test_unused(self): self.subprocess.mock_run(["git", "status"])
""",
    ),
    Suite(
        "a refused command of a double",
        """
class Double(HermeticTestCase):
    def test_refused(self):
        self.subprocess.mock_run(["git", "status"])
        subprocess.run(["git", "status"])
        swallow(subprocess.run, ["git", "push"])
""",
    ),
    Suite(
        "a leak",
        """
class Leaking(unittest.TestCase):
    def test_leaks(self): os.environ["LEFT"] = "here"
""",
        ("-m", "hermetic", "--leaks", "error", "--detect-leaks", "test_sample"),
    ),
]
if importlib.util.find_spec("pytest") is not None:
    SUITES.append(
        Suite("a swallowed violation under pytest", _SWALLOWED, ("-m", "pytest", "-q", "-p", "no:cacheprovider"))
    )

"""A guarded function behaves like the original one, or raises a violation."""

from __future__ import annotations

import json
import subprocess
import sys
import unittest

from hermetic import medium
from support import TIMEOUT, Folder, in_network_namespace, linux_only, not_inherited, package_folder

# Each function is called with each argument, without the guard and then under both sizes that forbid something.
PROGRAM = r"""
import json, os, socket, subprocess, sys
import hermetic

class Hostile:
    def __getattr__(self, name): raise RuntimeError(name)
    def __str__(self): raise RuntimeError
    __repr__ = __str__
    def __fspath__(self): return 7
    def __len__(self): return 3
    def __getitem__(self, index): raise KeyError(index)
    def __eq__(self, other): raise RuntimeError
    __hash__ = None

ARGUMENTS = [
    None, 0, -1, 1 << 70, 1.5, "", "\0", "\ud800", "a\0b", b"", [], [None], (), ("127.0.0.1",), ("127.0.0.1", "http"),
    ("127.0.0.1", -1), ("127.0.0.1", 1 << 40), ("\ud800", 80), ("\0", 80), (b"\xff", -1), (None, 80), ("::1", 80, 0),
    ("x" * 300, 1), {}, {"a": 1}, object(), Hostile(), int, [Hostile()], range(3), ["a", b"\xff", None], ["\0"],
]
PROGRAM = "/does/not/exist"

def on(family, kind, name, *before):
    def call(argument):
        with socket.socket(family, kind) as sock:
            getattr(sock, name)(*before, argument)
    return call

CALLS = {
    "connect": on(socket.AF_INET, socket.SOCK_STREAM, "connect"),
    "connect_ex": on(socket.AF_INET, socket.SOCK_STREAM, "connect_ex"),
    "bind": on(socket.AF_INET, socket.SOCK_STREAM, "bind"),
    "connect, unix": on(socket.AF_UNIX, socket.SOCK_STREAM, "connect"),
    "sendto": on(socket.AF_INET, socket.SOCK_DGRAM, "sendto", b""),
    "getaddrinfo": lambda argument: socket.getaddrinfo(argument, 80),
    "getaddrinfo, port": lambda argument: socket.getaddrinfo("127.0.0.1", argument),
    "gethostbyname": socket.gethostbyname,
    "getnameinfo": lambda argument: socket.getnameinfo(argument, 0),
    "create_connection": lambda argument: socket.create_connection(argument, timeout=1),
    "Popen": lambda argument: subprocess.Popen(argument).wait(),
    "Popen, shell": lambda argument: subprocess.Popen(argument, shell=True, stdin=-3, stderr=-3).wait(),
    "Popen, executable": lambda argument: subprocess.Popen(["x"], executable=argument).wait(),
    "Popen, env": lambda argument: subprocess.Popen([PROGRAM], env=argument).wait(),
    "Popen, cwd": lambda argument: subprocess.Popen([PROGRAM], cwd=argument).wait(),
    "system": lambda argument: os.system(argument or PROGRAM),
    "execv": lambda argument: os.execv(argument, ["x"]),
    "execv, argv": lambda argument: os.execv(PROGRAM, argument),
    "execve, env": lambda argument: os.execve(PROGRAM, ["x"], argument),
    "posix_spawn": lambda argument: os.posix_spawn(argument, ["x"], {}),
    "posix_spawn, argv": lambda argument: os.posix_spawn(PROGRAM, argument, {}),
}

def outcome(call, argument, size=None):
    try:
        if size is None:
            call(argument)
        else:
            with hermetic.guard(size):
                call(argument)
    except hermetic.ViolationError:
        return "violation"
    except BaseException as error:
        return type(error).__name__
    return "passed"

differences, violations = [], 0
for name, call in CALLS.items():
    for place, argument in enumerate(ARGUMENTS):
        plain = outcome(call, argument)
        for size in ("small", "medium"):
            guarded = outcome(call, argument, size)
            violations += guarded == "violation"
            if guarded not in (plain, "violation"):
                differences.append([name, place, size, plain, guarded])
print(json.dumps([differences, violations]))
"""


@medium
@linux_only("network namespaces")
class OddArgumentsTest(unittest.TestCase):
    def test_they_have_the_same_outcome_or_are_a_violation(self):
        probe = subprocess.run(in_network_namespace("true"), capture_output=True, text=True)
        if probe.returncode:
            self.skipTest(f"no network namespace: {probe.stderr.strip()}")
        with Folder(**{"program.py": PROGRAM}) as folder, not_inherited():
            done = subprocess.run(
                in_network_namespace(sys.executable, "program.py"),
                cwd=folder,
                env={"PYTHONPATH": package_folder(), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
            )
        self.assertEqual(done.returncode, 0, done.stderr)
        differences, violations = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual(differences, [])
        self.assertGreater(violations, 50)

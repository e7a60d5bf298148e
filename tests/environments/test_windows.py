"""What only Windows has, tried there: each route out of a test, children, allowed programs, processes of tests.

Elsewhere, ``operations.test_windows_events`` and ``isolation.test_windows_processes`` try the same by stand-ins.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import importlib
import multiprocessing.connection
import os
import re
import socket
import subprocess
import sys
import unittest
from typing import Any

import hermetic
from hermetic import NetworkViolationError, SubprocessViolationError
from support.sample_runs import SampleRunCase

REMOTE, PIPE = ("203.0.113.7", 9), r"\\203.0.113.7\pipe\x"
SHELL = os.environ.get("COMSPEC", "cmd")


def setUpModule() -> None:
    if sys.platform != "win32":
        raise unittest.SkipTest("this is not Windows")


def c_module(name: str) -> Any:
    """A module of Windows, which mypy does not know on other platforms."""
    return importlib.import_module(name)


def in_loop(kind: str, coroutine: Any) -> Any:
    loop = getattr(asyncio, f"{kind}EventLoop")()
    with contextlib.closing(loop):
        return loop.run_until_complete(coroutine(loop))


async def run_by_asyncio() -> None:
    await (await asyncio.create_subprocess_exec("cmd", "/c", "exit")).wait()


def connect() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.connect(REMOTE)


NETWORK: dict[str, Any] = {
    "connect": connect,
    "proactor": lambda: in_loop("Proactor", lambda _: asyncio.open_connection(*REMOTE)),
    "proactor, datagrams": lambda: in_loop(
        "Proactor", lambda loop: loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=REMOTE)
    ),
    "proactor, pipe": lambda: in_loop("Proactor", lambda loop: loop.create_pipe_connection(asyncio.Protocol, PIPE)),
    "selector": lambda: in_loop("Selector", lambda _: asyncio.open_connection(*REMOTE)),
    "pipe by open": lambda: open(PIPE),
    "pipe by os.open": lambda: os.open(PIPE, os.O_RDWR),
    "pipe by multiprocessing": lambda: multiprocessing.connection.Client(PIPE, "AF_PIPE"),
    "registry": lambda: c_module("winreg").ConnectRegistry(r"\\203.0.113.7", 1),
    "native": lambda: c_module("ctypes").windll.ws2_32.connect,
}
PROCESSES: dict[str, Any] = {
    "list": lambda: subprocess.run(["cmd", "/c", "exit"]),
    "string": lambda: subprocess.run("cmd /c exit"),
    "shell": lambda: subprocess.run("exit", shell=True),
    "executable": lambda: subprocess.run("x /c exit", executable=SHELL),
    "os.system": lambda: os.system("cmd /c exit"),
    "os.spawnv": lambda: os.spawnv(os.P_WAIT, SHELL, ["cmd", "/c", "exit"]),
    "os.spawnle": lambda: os.spawnle(os.P_WAIT, SHELL, "cmd", "/c", "exit", os.environ),
    "CreateProcess": lambda: c_module("_winapi").CreateProcess(
        None, "cmd /c exit", None, None, False, 0, None, None, None
    ),
    "asyncio": lambda: in_loop("Proactor", lambda _: run_by_asyncio()),
}
NOT_BY_NAME: dict[str, Any] = {
    "os.startfile": lambda: c_module("os").startfile("cmd.exe"),
    "multiprocessing": lambda: multiprocessing.Process(target=print).start(),
    "_wsystem": lambda: ctypes.CDLL("msvcrt")._wsystem,
    "CreateProcessW": lambda: c_module("ctypes").windll.kernel32.CreateProcessW,
}


class GuardTest(hermetic.HermeticTestCase):
    def test_every_way_to_another_machine_is_refused(self):
        for name, call in NETWORK.items():
            with self.subTest(name=name), self.assertViolation(NetworkViolationError):
                call()

    @hermetic.medium
    def test_so_it_is_in_medium_tests(self):
        for name, call in NETWORK.items():
            with self.subTest(name=name), self.assertViolation(NetworkViolationError):
                call()

    def test_every_way_to_start_a_program_is_refused(self):
        for name, call in {**PROCESSES, **NOT_BY_NAME}.items():
            with self.subTest(name=name), self.assertViolation(SubprocessViolationError):
                call()

    def test_a_program_is_allowed_by_any_spelling(self):
        for spelling in ("cmd", "CMD.exe", "*Cmd"):
            for name, call in PROCESSES.items():
                with self.subTest(name=name, spelling=spelling), hermetic.allow(processes=[spelling]):
                    call()
        with hermetic.allow(processes=[SHELL.upper().replace("\\", "/").removesuffix(".EXE")]):
            subprocess.run([SHELL, "/c", "exit"])

    def test_pipes_that_lead_nowhere_else_are_free(self):
        first, second = multiprocessing.Pipe()
        first.send(1)
        self.assertEqual(second.recv(), 1)


_CHILDREN = """
import asyncio, hermetic, multiprocessing, os, subprocess, sys, unittest
CODE = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('203.0.113.7', 9))"
COMMAND = [sys.executable, "-c", CODE]
LINE = subprocess.list2cmdline(COMMAND)
ROOT = {"SYSTEMROOT": os.environ["SYSTEMROOT"]}
QUOTED = ["python", "-c", '"' + CODE + '"']

@hermetic.medium
class ChildTest(unittest.TestCase):
"""


@hermetic.medium
class ChildTest(SampleRunCase):
    TESTS = (
        _CHILDREN
        + """
    def test_list(self): subprocess.run(COMMAND)
    def test_cmd(self): subprocess.run(["cmd", "/c", *COMMAND])
    def test_shell(self): subprocess.run(LINE, shell=True)
    def test_environment(self): subprocess.run(COMMAND, env={**ROOT, "PythonPath": "own"})
    def test_system(self): os.system(LINE)
"""
    )

    def assert_all_refused(self) -> None:
        done, errors = self.run_sample()
        names = re.findall(r"def (test_\w+)", self.TESTS)
        self.assert_errors(errors, done, dict.fromkeys(names, "H001] network violation"))

    def test_python_children_are_under_the_policy_of_their_test(self) -> None:
        self.assert_all_refused()


@hermetic.medium
class OtherChildTest(ChildTest):
    TESTS = (
        _CHILDREN
        + """
    def test_spawnv(self): os.spawnv(os.P_WAIT, sys.executable, QUOTED)
    def test_spawnve(self): os.spawnve(os.P_WAIT, sys.executable, QUOTED, ROOT)
    def test_asyncio(self):
        async def run():
            await (await asyncio.create_subprocess_exec(*COMMAND)).wait()
        asyncio.run(run())
    def test_multiprocessing(self):
        process = multiprocessing.Process(target=exec, args=(CODE,))
        process.start()
        process.join()
    def test_venv(self):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", "env"])
        subprocess.run(["env/Scripts/python.exe", *COMMAND[1:]])
"""
    )


@hermetic.medium
class IsolationTest(SampleRunCase):
    TESTS = """
        import faulthandler, hermetic, os, subprocess, sys, time, unittest
        SLEEPING = [sys.executable, "-c", "import time; time.sleep(60)"]

        class IsolationTest(unittest.TestCase):
            @hermetic.isolated
            def test_access_violation(self): faulthandler._read_null()
            @hermetic.isolated
            def test_abort(self): os.abort()
            @hermetic.isolated
            def test_exit(self): os._exit(3)
            @hermetic.isolated(timeout=2)
            def test_time_out(self):
                subprocess.Popen(SLEEPING)
                time.sleep(60)
            @hermetic.isolated
            def test_leftover(self): subprocess.Popen(SLEEPING)
            @hermetic.isolated
            def test_closed_files(self): os.closerange(3, 200)
    """

    def test_crashes_are_named_time_outs_show_stacks_and_leftovers_are_ended(self):
        done, errors = self.run_sample()
        texts = {"access_violation": "access violation", "abort": "ended by SIGABRT", "exit": "exit status 3"}
        expected = {f"test_{name}": text for name, text in texts.items()} | {"test_time_out": "in test_time_out"}
        self.assert_errors(errors, done, expected)
        self.assertIn("process left running", done.stderr)


@hermetic.medium
class TimeLimitTest(SampleRunCase):
    TESTS = """
        import time, unittest
        class TimeLimitTest(unittest.TestCase):
            def test_1_sleeps(self): time.sleep(60)
            def test_2_computes(self):
                while True: pass
            def test_3_runs(self): pass
    """

    def test_a_test_that_hangs_is_interrupted_and_the_run_goes_on(self):
        done, errors = self.run_sample("--test-timeout", "1")
        self.assert_errors(
            errors, done, dict.fromkeys(("test_1_sleeps", "test_2_computes"), "was interrupted after 1 s")
        )
        self.assertIn("Ran 3 tests", done.stderr)


@hermetic.medium
class VaryTest(SampleRunCase):
    TESTS = """
        import subprocess, sys, unittest
        class SampleTest(unittest.TestCase):
            def test_leaves_a_process(self):
                subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    """

    def test_a_study_comes_to_its_end(self):
        done, _ = self.run_sample("--vary", "hash-seed=1", "test_sample")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("None of 1 test was found to depend on what was varied.", done.stdout)


if __name__ == "__main__":
    unittest.main()

"""A child of a test is guarded to its end, also if hermetic leaves its path."""

from __future__ import annotations

import unittest

import support
from hermetic import medium
from support import Folder, run_hermetic

setUpModule = support.some_pythons_do

_TEST = """
    import subprocess, sys, unittest, hermetic

    @hermetic.medium
    class ParentTest(unittest.TestCase):
        def test_child(self):
            done = subprocess.run([sys.executable, "child.py"], capture_output=True, text=True, timeout=60)
            print(done.stdout + done.stderr)
"""
_CHILD = """
    import os, sys
    sys.path[:] = [folder for folder in sys.path if not os.path.isdir(os.path.join(folder, "hermetic"))]

    import asyncio, concurrent.futures, ctypes, multiprocessing, socket, subprocess, threading

    def connect():
        socket.create_connection(("203.0.113.7", 9), 0.5)

    def fetch_function():
        ctypes.CDLL(None).connect

    def run_python():
        code = "import socket; socket.create_connection(('203.0.113.7', 9), 0.5)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        raise OSError("NetworkViolation" if "NetworkViolationError" in done.stderr else done.stderr)

    def run_shell():
        if os.system("true"):
            raise OSError("not run")

    def start_processes():
        for method in multiprocessing.get_all_start_methods():
            process = multiprocessing.get_context(method).Process(target=abs, args=(1,))
            process.start()
            process.join()
            if process.exitcode:
                raise OSError(method)

    def use_executors():
        with concurrent.futures.ProcessPoolExecutor(1) as pool:
            pool.submit(abs, 1).result()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(connect).result()

    async def open_connection():
        process = await asyncio.create_subprocess_exec("true")
        await process.wait()
        await asyncio.open_connection("203.0.113.7", 9)

    def loop():
        asyncio.run(open_connection())

    if __name__ == "__main__":
        for function in (connect, fetch_function, run_python, run_shell, start_processes, use_executors, loop):
            try:
                function()
            except Exception as error:
                print(function.__name__, type(error).__name__, error if isinstance(error, OSError) else "")
            else:
                print(function.__name__, "went ahead")
"""
_EXPECTED = [
    "connect NetworkViolationError",
    "fetch_function NetworkViolationError",
    "run_python OSError NetworkViolation",
    "run_shell went ahead",
    "start_processes went ahead",
    "use_executors NetworkViolationError",
    "loop NetworkViolationError",
]


@medium
@support.linux_only("network namespaces")
class MissingPackageTest(unittest.TestCase):
    def test_whatever_the_child_does_is_judged(self):
        with Folder(**{"test_parent.py": _TEST, "child.py": _CHILD}) as folder:
            done = run_hermetic(cwd=folder, by=support.in_network_namespace())
        lines = [line.strip() for line in done.stdout.splitlines()]
        self.assertEqual(lines[: len(_EXPECTED)], _EXPECTED, done.stdout + done.stderr)

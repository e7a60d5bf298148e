"""Ways to use the network and to start processes, for tests of what a size forbids."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import multiprocessing
import os
import socket
import sys
import tempfile
import unittest

import support
from hermetic._base import features

TRUE = ["hostname" if features.WINDOWS else "true"]  # a program that needs nothing, and succeeds
NOWHERE = ("127.0.0.1", 9)


def with_socket(use, *arguments: int) -> None:
    """Use a socket, and close it."""
    with socket.socket(*arguments) as sock:
        sock.settimeout(5)
        use(sock)


def run_in(mark, act) -> support.EventResult:
    """The result of a test of a size that does one thing."""

    class Case(unittest.TestCase):
        @mark
        def test_it(self):
            act()

    result = support.EventResult()
    Case("test_it").run(result)
    return result


def run_async(function, *args, **kwargs) -> None:
    async def main():
        answer = function(*args, **kwargs)
        return await answer if hasattr(answer, "__await__") else answer

    asyncio.run(main())


def in_loop(name, *args, **kwargs) -> None:
    """Await a method of the event loop."""

    async def main():
        await getattr(asyncio.get_running_loop(), name)(*args, **kwargs)

    asyncio.run(main())


def fork_and_leave(fork) -> None:
    """Fork; should it be let happen, the child ends at once."""
    answer = fork()
    pid = answer[0] if isinstance(answer, tuple) else answer
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def start_process_of(method: str) -> None:
    process = multiprocessing.get_context(method).Process(target=int)
    process.start()
    process.join()


def interpreters():
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    return importlib.import_module(name)


@contextlib.contextmanager
def unix_path():
    with tempfile.TemporaryDirectory() as folder:
        yield os.path.join(folder, "socket")


def with_unix(use) -> None:
    with unix_path() as path, socket.socket(socket.AF_UNIX) as sock:
        use(sock, path)


def swallow(act):
    """The same, with whatever it raises kept from the test."""

    def act_and_swallow():
        with contextlib.suppress(Exception):
            act()

    return act_and_swallow

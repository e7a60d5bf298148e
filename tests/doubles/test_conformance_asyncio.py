"""asyncio's subprocess functions behave the same with a real child and with a doubled one."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import threading
import unittest
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, create_subprocess_exec, create_subprocess_shell

import support
from hermetic import HermeticTestCase, medium
from support.conformance import KILLED, TERMINATED, Child, ConformanceTestCase, missing_program

setUpModule = support.some_pythons_do_and_the_measured

PIPES = {"stdin": PIPE, "stdout": PIPE, "stderr": PIPE}
LINES = Child("a\r\nb\n", "e\n", 3)
COPY = Child(copies=True)
LINES_QUIETLY = Child("a\n", returncode=3)


async def caught(awaitable):
    """The error of an awaitable, as a value."""
    try:
        return await awaitable
    except Exception as error:
        return type(error), str(error)


class Recorder(asyncio.SubprocessProtocol):
    """Writes down what a transport tells it."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.ended = asyncio.get_running_loop().create_future()

    def pipe_data_received(self, fd, data):
        self.events.append((fd, data))

    def process_exited(self):
        self.events.append("exited")

    def connection_lost(self, exc):
        self.ended.set_result(exc)


@medium
class AsyncioTest(ConformanceTestCase):
    def test_exec_with_pipes(self):
        async def use(command):
            process = await create_subprocess_exec(*command, **PIPES)
            streams = [type(stream) for stream in (process.stdin, process.stdout, process.stderr)]
            return type(process), streams, await process.communicate(), process.returncode, process.pid > 0

        self.agree(use, LINES)
        self.agree(use, Child(returncode=-9))
        self.agree(use, Child(b"0123456789" * 30_000))

    def test_exec_without_pipes(self):
        async def use(command):
            process = await create_subprocess_exec(*command, stdout=DEVNULL)
            streams = process.stdin, process.stdout, process.stderr
            return streams, process.returncode, await process.wait(), await process.wait(), await process.communicate()

        self.agree(use, LINES_QUIETLY)

    def test_shell(self):
        async def use(command):
            process = await create_subprocess_shell(command, stdout=PIPE, stderr=STDOUT)
            return await process.communicate(), process.returncode

        self.agree(use, Child("a\n", "e\n", 3, shell=True))

    def test_input(self):
        async def use(command):
            process = await create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
            return await process.communicate(b"0123456789\n" * 50_000), process.returncode

        self.agree(use, COPY)

    def test_input_without_a_pipe(self):
        async def use(command):
            process = await create_subprocess_exec(*command)
            return await caught(process.communicate(b"a")), await process.wait()

        self.agree(use, Child())

    def test_a_dialogue_line_by_line(self):
        async def use(command):
            process = await create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
            answers = []
            for line in (b"a\n", b"b\n"):
                process.stdin.write(line)
                await process.stdin.drain()
                answers.append(await process.stdout.readline())
            process.stdin.close()
            return answers, await process.stdout.read(), await process.wait()

        self.agree(use, COPY)

    def test_the_output_is_iterated(self):
        async def use(command):
            process = await create_subprocess_exec(*command, stdout=PIPE)
            return [line async for line in process.stdout], await process.wait()

        self.agree(use, Child("a\nb\nc", returncode=1))

    def test_signals(self):
        async def use(command):
            found = []
            for name in ("kill", "terminate"):
                process = await create_subprocess_exec(*command, stdout=PIPE)
                found.append(await process.stdout.read(1))
                found += [getattr(process, name)(), await process.wait()]
                await process.stdout.read()
                await asyncio.sleep(0)
                found.append(await caught(asyncio.to_thread(getattr(process, name))))
            return found

        child = Child("x", duration=3600)
        child.script["times"] = 2
        self.agree(use, child)

    def test_signals_after_the_end(self):
        async def use(command, ends=("wait",), **pipes):
            process = await create_subprocess_exec(*command, **pipes)
            for end in ends:
                await getattr(process, end)()
            found = [process.returncode, process.pid > 0]
            for name, *arguments in (("kill",), ("terminate",), ("send_signal", signal.SIGINT), ("send_signal", 0)):
                try:
                    found.append(getattr(process, name)(*arguments))
                except Exception as error:
                    found.append((type(error), str(error)))
            return [*found, await process.wait(), process.returncode]

        for child in (Child(returncode=3), Child(returncode=-9), LINES_QUIETLY, Child(duration=0.05)):
            self.agree(lambda command: use(command, stdout=DEVNULL), child)
            self.agree(lambda command: use(command, ("wait", "wait"), stdout=DEVNULL), child)

    def test_a_time_out_leaves_the_child_alive(self):
        async def use(command):
            process = await create_subprocess_exec(*command, stdout=PIPE)
            first = await caught(asyncio.wait_for(process.wait(), 0.2)), process.returncode
            process.kill()
            return first, await process.communicate(), process.returncode

        self.agree(use, Child(duration=3600))

    def test_wrong_arguments(self):
        options = [{"text": True}, {"encoding": "utf-8"}, {"errors": "strict"}, {"universal_newlines": True}]
        for given in [*options, {"shell": True}, {"bufsize": 1}, {"bogus": 1}, {"cwd": "/no/such/folder"}]:
            with self.subTest(given=given):
                self.agree(lambda command, given=given: create_subprocess_exec(*command, **given), Child())
        self.agree(lambda: create_subprocess_shell(["true"]))
        self.agree(lambda: create_subprocess_exec("true", 5))
        self.agree(lambda: create_subprocess_exec(5))

    def test_a_missing_program(self):
        child = Child(program=["/no/such/program", "x"])
        child.script = {"raises": missing_program("/no/such/program")}
        self.agree(lambda command: create_subprocess_exec(*command, stdout=PIPE), child)

    def test_several_at_once(self):
        async def one(command):
            process = await create_subprocess_exec(*command, stdout=PIPE)
            return await process.communicate()

        async def use(command):
            return await asyncio.gather(*(one(command) for _ in range(5)))

        child = Child("a")
        child.script["times"] = 5
        self.agree(use, child)

    def test_a_protocol(self):
        async def use(command):
            transport, protocol = await asyncio.get_running_loop().subprocess_exec(Recorder, *command, stdin=None)
            await protocol.ended
            status = transport.get_returncode()
            transport.close()
            output = b"".join(event[1] for event in protocol.events if event != "exited")
            return status, output, protocol.events.count("exited")

        self.agree(use, Child("a", returncode=3))


class VirtualTimeTest(HermeticTestCase, unittest.IsolatedAsyncioTestCase):
    async def start(self, **script):
        self.subprocess.mock_run(["slow"], **script)
        return await create_subprocess_exec("slow", stdout=PIPE)

    async def test_a_time_out_of_an_hour_expires_at_once(self):
        process = await self.start(stdout="part", duration=7200)
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(process.communicate(), 3600)
        self.assertIsNone(process.returncode)
        process.kill()
        self.assertEqual(await process.wait(), KILLED)

    async def test_an_hour_passes_at_once(self):
        process = await self.start(stdout="a\nb\n", duration=3600, returncode=3)
        self.assertEqual([line async for line in process.stdout], [b"a\n", b"b\n"])
        self.assertEqual(await asyncio.wait_for(process.wait(), 60), 3)

    async def test_children_and_timers_are_due_in_their_order(self):
        order = []

        async def wait(name, awaitable):
            await awaitable
            order.append(name)

        slow, fast = await self.start(duration=3600), await self.start(duration=1200)
        sleep = wait("timer", asyncio.sleep(2400))
        await asyncio.gather(wait("slow", slow.wait()), wait("fast", fast.wait()), sleep)
        self.assertEqual(order, ["fast", "timer", "slow"])

    async def test_what_other_threads_do_is_waited_for_in_real_time(self):
        process = await self.start(duration=math.inf)
        work = asyncio.to_thread(threading.Event().wait, 0.1)
        self.assertFalse(await asyncio.wait_for(work, 3600))
        process.terminate()
        self.assertEqual(await process.wait(), TERMINATED)

    @support.posix_only("loop that waits for files and starts processes")
    async def test_other_files_are_waited_for_in_real_time(self):
        process = await self.start(duration=math.inf)
        read, write = os.pipe()
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(read, arrived.set)
        before = signal.signal(signal.SIGALRM, lambda *_: os.close(write))
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        await asyncio.wait_for(arrived.wait(), 3600)
        signal.signal(signal.SIGALRM, before)
        loop.remove_reader(read)
        os.close(read)
        process.kill()
        self.assertEqual(await process.wait(), KILLED)

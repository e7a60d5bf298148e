"""``Popen`` behaves the same with a real child and with a doubled one."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import threading
import time
from subprocess import DEVNULL, PIPE, STDOUT, Popen

import support
from hermetic import SubprocessMock, medium
from support.conformance import TERMINATED, Child, ConformanceTestCase

setUpModule = support.some_pythons_do_and_the_measured

PATIENCE = 1.0  # seconds in which a real child has surely written what it writes first
PIPES = {"stdin": PIPE, "stdout": PIPE, "stderr": PIPE}
LINES = Child("a\r\nb\n", "e\n", 3)
COPY = Child(copies=True)
SLOW = Child("part", duration=3600)


class BoundPopen(Popen):
    """A subclass, defined before there is any double."""

    signals: tuple[int, ...] = ()

    def send_signal(self, sig: int) -> None:
        self.signals += (sig,)
        super().send_signal(sig)


def caught(function, *args, **kwargs):
    """The error of a call, as a value."""
    try:
        return function(*args, **kwargs)
    except Exception as error:
        parts = [getattr(error, name, None) for name in ("output", "stderr", "timeout")]
        return type(error), str(error), parts


def ended(popen):
    """What there is to see of a Popen whose child has ended."""
    popen.wait()
    return popen.returncode, popen.poll(), repr(popen), popen.args, popen.text_mode, popen.universal_newlines


@medium
class StreamsTest(ConformanceTestCase):
    def test_streams_are_of_the_same_types(self):
        def use(command):
            found = []
            for options in ({}, {"text": True}, {"bufsize": 0}, {"encoding": "latin-1", "errors": "replace"}):
                with Popen(command, **PIPES, **options) as popen:
                    streams = (popen.stdin, popen.stdout, popen.stderr)
                    found += [(type(stream), stream.mode if options == {} else "") for stream in streams]
                    found += [stream.fileno() > 2 for stream in streams]
                    found += [popen.encoding, popen.errors, [getattr(stream, "encoding", "") for stream in streams]]
                    found.append(popen.communicate())
            return found

        child = Child("a\n", "e")
        child.script["times"] = None
        self.agree(use, child)

    def test_output_is_read_as_from_a_file(self):
        def use(command):
            with Popen(command, stdout=PIPE, stderr=PIPE, text=True) as popen:
                return popen.stdout.readline(), list(popen.stdout), popen.stdout.read(), popen.stderr.read(1)

        self.agree(use, LINES)

    def test_a_dialogue_line_by_line(self):
        def use(command):
            with Popen(command, stdin=PIPE, stdout=PIPE, text=True, bufsize=1) as popen:
                answers = []
                for line in ("a\n", "b\n"):
                    popen.stdin.write(line)
                    answers.append((popen.stdout.readline(), popen.poll()))
                popen.stdin.close()
                return answers, popen.stdout.read(), popen.wait()

        self.agree(use, COPY)

    def test_line_buffering_of_bytes_warns(self):
        self.agree(lambda command: Popen(command, **PIPES, bufsize=1).communicate(), LINES)

    def test_writing_to_a_child_that_has_ended_is_a_broken_pipe(self):
        def use(command):
            popen = Popen(command, stdin=PIPE)
            popen.wait()
            popen.stdin.write(b"late")
            try:
                return caught(popen.stdin.flush)
            finally:
                caught(popen.stdin.close)

        self.agree(use, Child())

    def test_communicate_and_run_ignore_a_broken_pipe(self):
        def use(command):
            popen = Popen(command, stdin=PIPE, stdout=PIPE)
            popen.wait()
            return popen.communicate(b"late" * 100_000), popen.returncode

        self.agree(use, Child("out", returncode=2))

    def test_a_block_closes_the_streams_and_waits(self):
        def use(command):
            with Popen(command, **PIPES) as popen:
                pass
            return popen.returncode, [stream.closed for stream in (popen.stdin, popen.stdout, popen.stderr)]

        self.agree(use, Child(returncode=3))

    def test_a_block_closes_output_before_input(self):
        class Recorded:
            def __init__(self, name, stream, order):
                self.close = lambda: (order.append(name), stream.close())

        def use(command):
            order = []
            with Popen(command, **PIPES) as popen:
                for name in ("stdin", "stdout", "stderr"):
                    setattr(popen, name, Recorded(name, getattr(popen, name), order))
            return order

        self.agree(use, Child())

    def test_children_in_flight_keep_their_streams_apart(self):
        def use(one, other):
            first, second = Popen(one, stdout=PIPE), Popen(other, stdout=PIPE)
            return second.communicate(), first.communicate(), first.returncode, second.returncode

        self.agree(use, Child("1", returncode=1), Child("2", returncode=2))

    def test_output_that_nobody_reads_to_its_end(self):
        def use(command):
            with Popen(command, stdout=PIPE, stderr=PIPE) as popen:
                first = popen.stdout.read(10)
                popen.stdout.close()
                popen.stderr.close()
                return first, popen.kill(), type(popen.wait())  # what it ends with is a race

        self.agree(use, Child(b"0123456789" * 30_000))

    def test_a_thread_reads_while_another_waits(self):
        def use(command):
            lines = []
            with Popen(command, stdout=PIPE) as popen:
                reader = threading.Thread(target=lambda: lines.extend(popen.stdout))
                reader.start()
                status = popen.wait()
                reader.join()
            return lines, status

        for duration in (0, 0.2):
            self.agree(use, Child("a\nb\n", returncode=3, duration=duration))

    def test_a_stream_that_does_not_block_says_that_there_is_nothing(self):
        def use(command):
            with Popen(command, stdout=PIPE, bufsize=0) as popen:
                first = popen.stdout.read(4)
                os.set_blocking(popen.stdout.fileno(), False)
                second = popen.stdout.read(4)
                popen.kill()
                return first, second

        self.agree(use, SLOW)

    def test_a_pipeline(self):
        def use(one, other):
            first = Popen(one, stdout=PIPE)
            second = Popen(other, stdin=first.stdout, stdout=PIPE, stderr=STDOUT)
            first.stdout.close()
            return second.communicate(), first.wait()

        self.agree(use, Child("a\nb\n"), COPY)


@medium
class LifeTest(ConformanceTestCase):
    def test_what_there_is_to_see_of_an_ended_child(self):
        self.agree(lambda command: ended(Popen(command, stdout=DEVNULL)), Child(returncode=3))
        self.agree(lambda command: ended(Popen(command, text=True)), Child(returncode=-6))
        self.agree(lambda command: repr(Popen(command).wait()), Child())

    def test_the_status_is_unknown_until_somebody_asks(self):
        def use(command):
            popen = Popen(command, stdin=PIPE, stdout=PIPE)
            before = (popen.returncode, popen.poll(), repr(popen))
            popen.communicate(b"a\n")
            return before, popen.returncode, popen.poll()

        self.agree(use, COPY)

    @support.posix_only("such signals")
    def test_signals(self):
        def use(command):
            found = []
            for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGUSR1, signal.SIGUSR2):
                popen = Popen(command, stdout=PIPE)
                popen.stdout.read(1)
                found += [popen.send_signal(number), popen.wait(), popen.send_signal(number), popen.returncode]
                popen.stdout.close()
            return found

        child = Child("x", duration=3600)
        child.script["times"] = None
        self.agree(use, child)

    def test_terminate_and_kill_after_the_end_do_nothing(self):
        def use(command):
            popen = Popen(command)
            popen.wait()
            return popen.terminate(), popen.kill(), popen.returncode

        self.agree(use, Child(returncode=3))

    def test_signals_that_are_none(self):
        def use(command):
            with Popen(command, stdin=PIPE) as popen:
                return caught(popen.send_signal, 9999), caught(popen.send_signal, "KILL"), popen.poll()

        self.agree(use, COPY)

    @support.posix_only("such signals")
    def test_a_signal_that_ends_nothing(self):
        def use(command):
            with Popen(command, stdout=PIPE) as popen:
                popen.stdout.read(1)
                popen.send_signal(signal.SIGCONT)
                popen.send_signal(0)
                running = popen.poll()
                popen.terminate()
                return running, popen.wait()

        self.agree(use, Child("x", duration=3600))

    def test_a_subclass_is_the_same_and_its_methods_are_called(self):
        def use(command):
            with BoundPopen(command, stdout=PIPE) as popen:
                popen.kill()
                return type(popen), popen.wait(), popen.signals, isinstance(popen, Popen), Popen[str]

        self.agree(use, SLOW)

    def test_dropping_a_child_that_runs_warns(self):
        def use(command):
            popen = Popen(command, stdin=PIPE, stdout=PIPE)
            stdin, stdout = popen.stdin, popen.stdout
            del popen
            stdin.close()
            with stdout:
                return stdout.read()  # nothing, when it has ended

        outcome = self.agree(use, COPY)
        self.assertIn("subprocess N is still running", str(outcome))


@medium
class TimeOutTest(ConformanceTestCase):
    def test_run_kills_the_child_and_tells_what_it_has_written(self):
        for options in ({"capture_output": True}, {"capture_output": True, "text": True}, {"stdout": PIPE}):
            with self.subTest(options=options):
                self.agree(lambda command, o=options: caught(subprocess.run, command, timeout=PATIENCE, **o), SLOW)

    def test_without_output_there_is_none(self):
        child = Child(duration=3600)
        self.agree(lambda command: caught(subprocess.run, command, timeout=0.2, capture_output=True), child)

    def test_uncaptured_the_time_that_is_left_is_told(self):
        def use(command):
            kind, _, (output, stderr, timeout) = caught(subprocess.run, command, timeout=0.2)
            return kind, output, stderr, 0 < timeout < 0.2

        self.agree(use, Child(duration=3600))

    def test_call_and_check_output(self):
        def use(command):
            return [
                caught(function, command, timeout=0.2)[:2] for function in (subprocess.check_output, subprocess.call)
            ]

        child = Child(duration=3600)
        child.script["times"] = 2
        self.agree(use, child)

    def test_wait(self):
        def use(command):
            with Popen(command, stdin=PIPE) as popen:
                first = caught(popen.wait, 0.1), caught(popen.wait, timeout=0), popen.returncode
                popen.terminate()
                return first, popen.wait(10), popen.wait(timeout=0)

        self.agree(use, Child(duration=3600))

    def test_communicate_goes_on_after_the_child_was_killed(self):
        def use(command):
            popen = Popen(command, stdout=PIPE, stderr=PIPE, text=True)
            first = caught(popen.communicate, timeout=PATIENCE)
            closed = popen.stdout.closed
            popen.kill()
            return first, closed, popen.communicate(), popen.returncode

        self.agree(use, SLOW)

    def test_a_second_communicate(self):
        def use(command):
            several, one = Popen(command, stdout=PIPE, stderr=PIPE), Popen(command, stdout=PIPE)
            return [caught(popen.communicate) for popen in (several, several, one, one)]

        child = Child("out")
        child.script["times"] = 2
        self.agree(use, child)

    def test_input_cannot_be_sent_twice(self):
        def use(command):
            with Popen(command, stdin=PIPE, stdout=PIPE) as popen:
                first = caught(popen.communicate, b"", timeout=0.2)
                second = caught(popen.communicate, b"more")
                popen.kill()
                return first, second

        self.agree(use, Child(duration=3600))

    def test_long_input_and_output_within_a_time(self):
        def use(command):
            with Popen(command, stdin=PIPE, stdout=PIPE) as popen:
                return popen.communicate(b"0123456789\n" * 50_000, timeout=60)[0]

        self.agree(use, COPY)


class VirtualTimeTest(ConformanceTestCase):
    def test_an_hour_passes_at_once(self):
        with self.scripted("out", 3600) as command:
            started = time.monotonic()
            with self.assertRaises(subprocess.TimeoutExpired):
                subprocess.run(command, capture_output=True, timeout=3000)
            self.assertLess(time.monotonic() - started, 600)
        with self.scripted("out", 3600) as command:
            self.assertEqual(subprocess.run(command, capture_output=True, timeout=4000).stdout, b"out")
        with self.scripted("out", 3600) as command, Popen(command, stdout=PIPE, text=True) as popen:
            self.assertEqual(popen.stdout.read(), "out")
            self.assertEqual(popen.poll(), 0)

    def test_children_live_by_one_clock(self):
        with self.scripted("", 60, times=2) as command:
            first, second = Popen(command), Popen(command)
            with self.assertRaises(subprocess.TimeoutExpired):
                first.wait(40)
            self.assertIsNone(second.poll())
            self.assertEqual((second.wait(30), first.poll()), (0, 0))

    def test_streams_of_a_slow_child_can_be_read_in_all_ways(self):
        for options in ({}, {"bufsize": 0}, {"text": True}, {"encoding": "utf-8", "errors": "strict"}):
            with (
                self.subTest(options=options),
                self.scripted("a\nb\n", 3600) as command,
                Popen(command, stdout=PIPE, stderr=PIPE, **options) as popen,
            ):
                self.assertEqual((len(popen.stdout.read(1)), popen.poll()), (1, None))
                self.assertEqual([len(line) for line in popen.stdout], [1, 2])
                self.assertEqual(popen.poll(), 0)

    def test_an_unbuffered_stream_of_a_slow_child_is_read_to_its_end(self):
        with self.scripted("a\nb\n", 3600) as command, Popen(command, stdout=PIPE, bufsize=0) as popen:
            self.assertEqual((popen.stdout.read(), popen.poll()), (b"a\nb\n", 0))

    def test_an_endless_child_is_waited_for_until_another_thread_ends_it(self):
        for waiting in (Popen.wait, Popen.communicate):
            with self.scripted("out", math.inf) as command, Popen(command, stdout=PIPE) as popen:
                ending = threading.Timer(0.05, popen.terminate)
                ending.start()
                waiting(popen)
                ending.join()
                self.assertEqual(popen.returncode, TERMINATED)

    @contextlib.contextmanager
    def scripted(self, stdout, duration, **options):
        with SubprocessMock() as double:
            double.mock_run(["slow"], stdout=stdout, duration=duration, **options)
            yield ["slow"]

"""Workers: their guard covers names that were imported before the fork, and they import what their tests need."""

from __future__ import annotations

import re

from hermetic import HermeticTestCase, medium
from support import linux_only, run_python, unmeasured_processes
from support.sample_runs import SampleRunCase

setUpModule = unmeasured_processes
MODES = ((), ("-j", "2"), ("--isolated",), ("--isolated", "--isolated-start", "fresh"))


@medium
class EarlyNamesTest(SampleRunCase):
    TESTS = """
        import unittest
        from hermetic import small
        import _socket, socket  # after the guard was installed, and before the first socket
        from socket import getnameinfo
        listen, c_listen = socket.socket.listen, _socket.socket.listen
        NUMERIC = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV

        class Swallowing(unittest.TestCase):
            def swallow(self, function):
                with socket.socket() as sock:
                    sock.bind(("127.0.0.1", 0))
                    try:
                        function(sock)
                    except Exception:
                        pass

        @small
        class Early(Swallowing):
            def test_listen(self): self.swallow(lambda sock: listen(sock))
        @small
        class EarlyC(Swallowing):
            def test_c_listen(self): self.swallow(lambda sock: c_listen(sock))
        @small
        class Allowed(unittest.TestCase):
            def test_numeric(self):
                socket.socket().close()
                for function in (getnameinfo, socket.getnameinfo):
                    self.assertEqual(("127.0.0.1", "9"), function(("127.0.0.1", 9), NUMERIC))
    """

    def test_they_are_guarded_in_each_kind_of_process(self):
        for options in MODES:
            with self.subTest(options):
                done, errors = self.run_sample(*options, "-v", "test_sample")
                self.assert_errors(errors, done, {"test_listen": "[H001]", "test_c_listen": "[H001]"})
                self.assertTrue(re.search(r"test_numeric .*ok\n", done.stderr), done.stderr)


@medium
class ImportsTest(SampleRunCase):
    TESTS = """
        import sys, unittest
        from hermetic import isolated, small
        class ThreadlessTest(unittest.TestCase):
            @isolated
            @small
            def test_it(self):
                print("threading" in sys.modules)
        class ThreadTest(unittest.TestCase):
            @isolated
            @small
            def test_it(self):
                import threading
                threading.Thread(target=print).start()
    """

    def test_an_isolated_test_that_is_the_first_to_import_threading_leaks_nothing(self):
        for start in ("auto", "fresh"):
            done, _ = self.run_sample("test_sample.ThreadTest", "--leaks", "error", "--isolated-start", start)
            self.assertEqual(0, done.returncode, done.stderr)

    def test_an_isolated_test_has_no_threading_that_nobody_has_asked_for(self):
        # Its handlers after each fork would touch a hundred pages of memory.
        plain = run_python("-c", "import ctypes, sys, unittest; print('threading' in sys.modules)")
        done, _ = self.run_sample("test_sample", "-k", "Threadless")  # a class's name makes 3.15 load more
        self.assertIn(done.stdout, {"False\n", plain.stdout}, done.stderr)  # ctypes of 3.14 loads it


@medium
@linux_only("forked workers")
class FreshTest(SampleRunCase):
    TESTS = """
        import os, sys, unittest
        from hermetic import isolated, medium
        IMPORTED_IN = os.getpid()
        class FreshTest(unittest.TestCase):
            @isolated
            @medium
            def test_it(self):
                print(os.getpid() == IMPORTED_IN, "be_zygote" in sys.orig_argv[-1])
    """

    def test_a_fresh_interpreter_is_a_fork_that_imports_the_tests_itself(self):
        done, _ = self.run_sample("--isolated-start", "fresh", "test_sample")
        self.assertEqual(("True True\n", 0), (done.stdout, done.returncode), done.stderr)


_STOPPED = """
import unittest
from hermetic._base import own_sockets
from hermetic._isolation import leak_snapshot
from hermetic._protocol import framing
from hermetic._workers import worker
from hermetic._workers.worker_result import run_options

nonce, (ours, theirs) = b"8 bytes.", own_sockets.pair()
options = run_options(None, ahead=True, compare=False)
def units(*numbers):
    return [request for number in numbers for request in (["run", {"number": number}, options], ["end_module"])]
waiting = [[["finish"]], [["all", units(2, 3)]], [["shared"], ["all", units(0, 1)], ["stop"]]]
channel = framing.WorkerEnd(theirs.fileno(), theirs.fileno(), nonce)
receive = channel.receive
def received():
    if not channel.has_requests:
        for frame in waiting.pop():
            ours.sendall(framing.pack(nonce, frame))
    return receive()
channel.receive = received
tests = {number: unittest.FunctionTestCase(lambda number=number: print(number, flush=True)) for number in range(4)}
worker._RequestLoop(channel, tests, snapshot=leak_snapshot.Snapshot()).run(leave=False)
"""


@medium
@linux_only("sockets to workers")
class StoppedTest(HermeticTestCase):
    def test_a_request_to_stop_holds_for_all_that_was_asked_for_at_once_and_no_longer(self):
        done = run_python("-c", _STOPPED)
        self.assertEqual(("2\n3\n", 0), (done.stdout, done.returncode), done.stderr)

"""The running threads are found where threading and the executors record them."""

from __future__ import annotations

import concurrent.futures
import concurrent.futures.thread
import signal
import sys
import threading
import types
import unittest
from unittest import mock

import hermetic
import support
from hermetic._base import real
from hermetic._stdlib import interpreter_internals
from support.plain_python import last_line


class ThreadsTest(hermetic.HermeticTestCase):
    def test_threading_keeps_the_threads_that_run_and_those_that_are_starting(self):
        done = threading.Event()
        thread = threading.Thread(target=done.wait)
        thread.start()
        try:
            self.assertEqual(set(interpreter_internals.enumerate_threads(threading)), set(threading.enumerate()))
        finally:
            done.set()
            thread.join()
        self.assertEqual(threading._limbo, {})

    def test_the_threads_of_executors_are_known(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            thread = pool.submit(threading.current_thread).result()
            self.assertIn(thread, interpreter_internals.threads_of_executors())

    def test_the_frames_of_all_threads_are_known_by_their_identifier(self):
        self.assertIs(sys._current_frames()[threading.get_ident()], sys._getframe())


@unittest.skipUnless(hasattr(signal, "SIGUSR1"), "there is no signal to try it with")
class InterruptTest(hermetic.HermeticTestCase):
    def test_without_pthread_kill_the_signal_is_raised_in_the_thread_and_ends_a_sleep_of_the_main_thread(self):
        handled, woken = [], []
        self.addCleanup(signal.signal, signal.SIGUSR1, signal.signal(signal.SIGUSR1, lambda *_: handled.append(1)))
        kernel32 = types.SimpleNamespace(SetEvent=lambda event: woken.append(event.value))
        ctypes = types.SimpleNamespace(
            pythonapi=types.SimpleNamespace(_PyOS_SigintEvent=lambda: 7),
            windll=types.SimpleNamespace(kernel32=kernel32),
            c_void_p=lambda value: types.SimpleNamespace(value=value),
        )
        system = types.SimpleNamespace(raise_signal=signal.raise_signal)
        with mock.patch.object(interpreter_internals, "signal", system):
            with mock.patch.object(real, "import_module", lambda _: ctypes):
                interpreter_internals.interrupt_main_thread(threading.get_ident(), signal.SIGUSR1)
        self.assertEqual((handled, woken), ([1], [7]))


@hermetic.medium
class ExitHandlersTest(hermetic.HermeticTestCase):
    def run_code(self, code: str, *flags: str) -> str:
        done = support.run_python(*flags, "-c", f"from hermetic._stdlib import interpreter_internals\n{code}")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_threads_of_executors_end_by_the_exit_handlers_of_threading(self):
        shown = self.run_code(
            "import concurrent.futures, threading\npool = concurrent.futures.ThreadPoolExecutor()\n"
            "pool.submit(print, end='').result()\nprint(threading.active_count())\n"
            "interpreter_internals.run_threading_exit_handlers(threading)\nprint(threading.active_count())\n"
        )
        self.assertEqual(shown, "2\n1\n")

    def test_exit_handlers_can_be_forgotten(self):
        self.assertEqual(
            self.run_code("import atexit\natexit.register(print, 'x')\ninterpreter_internals.forget_exit_handlers()\n"),
            "",
        )

    def test_exit_handlers_run_once_the_last_one_first(self):
        code = "import atexit\nfor n in 1, 2: atexit.register(print, n)\n"
        self.assertEqual(
            self.run_code(f"{code}interpreter_internals.run_exit_handlers()\nprint('end')\n"), "2\n1\nend\n"
        )


class NamespaceTest(hermetic.HermeticTestCase):
    @hermetic.medium
    def test_a_changed_namespace_is_what_the_next_look_up_finds(self):
        found = last_line(f"""if True:
            import _socket, json, socket, sys
            sys.path.insert(0, {support.package_folder()!r})
            from hermetic._stdlib import interpreter_internals
            socks = [socket.socket(), _socket.socket()]
            look_up = lambda: [sock.gettimeout() for sock in socks]
            for _ in range(100):
                look_up()
            interpreter_internals.class_namespace(_socket.socket)["gettimeout"] = lambda sock: "new"
            interpreter_internals.forget_cached_attributes(_socket.socket)
            print(json.dumps([look_up()[0], socks[1].gettimeout(), socket.socket.gettimeout(socks[0])]))
        """)
        self.assertEqual(found, ["new"] * 3)

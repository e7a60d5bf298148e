"""The originals that hermetic keeps are those of the standard library, and answer as its public functions do."""

from __future__ import annotations

import _socket
import os
import signal
import unittest
import unittest.signals
from unittest import mock

import hermetic
import support
from hermetic._base import real


class RealTest(hermetic.HermeticTestCase):
    """Frames, modules and functions that are kept."""

    def test_getframe_gives_the_caller_with_its_code_and_globals(self):
        frame = real.get_frame(0)
        self.assertEqual((frame.f_code.co_name, frame.f_globals["__name__"]), (self._testMethodName, __name__))
        self.assertIs(frame.f_locals["self"], self)

    def test_the_module_of_sub_interpreters_has_create_and_run_string(self):
        module = real.interpreters_module()
        self.assertIsNotNone(module)
        for name in ("create", "run_string"):
            self.assertTrue(callable(getattr(module, name)))

    @unittest.skipIf(os._exit.__module__ == "coverage.patch", "this run is measured: coverage has its own os._exit")
    def test_exit_process_is_what_the_os_module_had(self):
        self.assertEqual((real.exit_process.__name__, real.exit_process.__module__), ("_exit", os.name))

    def test_the_c_module_of_sockets_has_what_is_asked_of_it(self):
        module = real.socket_module()
        self.assertIs(module, _socket)
        for name in ("AF_INET", "AF_INET6", "SOCK_STREAM", "NI_NUMERICHOST", "inet_pton", "getaddrinfo", "getnameinfo"):
            with self.subTest(name=name):
                self.assertTrue(hasattr(module, name))


class RelativePathTest(hermetic.HermeticTestCase):
    def test_a_path_starts_in_the_folder(self):
        folder = os.path.abspath("folder")
        self.assertEqual(real.relative_path(os.path.join(folder, "file"), folder), "file")
        self.assertEqual(real.relative_path(folder), "folder")

    def test_on_another_drive_it_is_absolute(self):
        with mock.patch.object(os.path, "relpath", side_effect=ValueError("path is on mount 'C:'")):
            self.assertEqual(real.relative_path("file", "folder"), os.path.abspath("file"))


class SystemStateTest(hermetic.HermeticTestCase):
    """Signal handlers and the environment, as the leak check reads and sets them."""

    @support.posix_only("such signals")
    def test_the_c_module_of_signals_answers_as_the_public_one(self):
        handlers = real.signal_handlers()
        self.assertLessEqual(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}, set(handlers))
        for number, handler in handlers.items():
            with self.subTest(number=number):
                self.assertEqual(handler, signal.getsignal(number))

    @support.posix_only("such signals")
    def test_the_c_module_of_signals_sets_handlers_by_number(self):
        before = real.set_signal_handler(signal.SIGUSR1, real.IGNORE_SIGNAL)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        self.assertEqual(signal.getsignal(signal.SIGUSR1), signal.SIG_IGN)
        self.assertEqual(real.set_signal_handler(signal.SIGUSR1, real.DEFAULT_SIGNAL), real.IGNORE_SIGNAL)
        self.assertEqual(signal.getsignal(signal.SIGUSR1), signal.SIG_DFL)

    def test_the_environment_holds_a_dictionary_of_what_the_system_has(self):
        with mock.patch.dict(os.environ, SEAMS_PROBE="\u00fc"):
            found = real.environment()
            decoded = {real.decoded_variable(name): os.fsdecode(value) for name, value in found.items()}
            self.assertEqual(decoded, dict(os.environ))
        self.assertIn("SEAMS_PROBE", decoded)  # it is a copy

"""Tests that each depend on one thing besides their code, named after it, and two that depend on two things together."""

import gc
import locale
import multiprocessing
import os
import random
import resource
import shutil
import socket
import sys
import tempfile
import threading
import time
import unittest
import warnings

from expected_hash import EXPECTED_HASH


def umask():
    found = os.umask(0)
    os.umask(found)
    return found


def depth(number):
    return 0 if number == 0 else 1 + depth(number - 1)


class InterpreterTest(unittest.TestCase):
    def test_hash_seed(self):
        self.assertEqual(hash("planted"), EXPECTED_HASH)

    def test_optimize(self):
        with self.assertRaises(AssertionError):
            assert not self

    def test_bytes_warning(self):
        self.assertFalse(b"a" == "a")

    def test_dev_mode(self):
        self.assertFalse(sys.flags.dev_mode)

    def test_warnings(self):
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    def test_garbage(self):
        self.assertTrue(gc.isenabled())

    def test_recursion(self):
        self.assertEqual(depth(500), 500)

    def test_thread_switch(self):
        self.assertGreater(sys.getswitchinterval(), 1e-3)

    def test_random(self):
        self.assertNotEqual(random.getstate(), random.Random(1).getstate())

    def test_start_method(self):
        self.assertEqual(multiprocessing.get_start_method(), "spawn")


class EnvironmentTest(unittest.TestCase):
    def test_timezone(self):
        self.assertEqual(time.localtime(1767225600).tm_hour, 0)

    def test_locale(self):
        self.assertEqual(locale.getpreferredencoding(False).lower(), "utf-8")

    def test_stdout(self):
        self.assertNotIn("PYTHONIOENCODING", os.environ)

    def test_environment(self):
        self.assertIn("PLANTED", os.environ)

    def test_ci(self):
        self.assertNotIn("CI", os.environ)

    def test_proxies(self):
        self.assertNotIn("http_proxy", os.environ)

    def test_terminal(self):
        self.assertEqual(shutil.get_terminal_size().columns, 80)

    def test_colour(self):
        self.assertNotIn("FORCE_COLOR", os.environ)

    def test_home(self):
        self.assertTrue(os.path.isdir(os.path.expanduser("~")))


class TimeTest(unittest.TestCase):
    def test_date(self):
        self.assertLess(time.time(), 2082758400)  # 2036

    def test_timing(self):
        begun = threading.Event()
        thread = threading.Thread(target=begun.set)
        thread.start()
        was_quick = begun.wait(0.1)
        thread.join()
        self.assertTrue(was_quick)


class FilesTest(unittest.TestCase):
    def test_temporary_folder(self):
        self.assertNotIn("'", tempfile.gettempdir())

    def test_tree(self):
        self.assertNotIn(" ", os.path.abspath(__file__))

    def test_current_folder(self):
        self.assertTrue(os.path.exists("test_planted.py"))

    def test_umask(self):
        self.assertNotEqual(umask(), 0o77)

    def test_descriptors(self):
        self.assertGreater(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 64)


class SystemTest(unittest.TestCase):
    def test_processors(self):
        self.assertGreater(len(os.sched_getaffinity(0)), 1)

    def test_network(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=5).close()

    def test_host_name(self):
        self.assertNotEqual(socket.gethostname(), "x" * 60)

    def test_stdin(self):
        self.assertIsNotNone(sys.__stdin__)

    def test_user(self):
        self.assertEqual(os.getuid(), 0)


class OrderTest(unittest.TestCase):
    seen = []

    def test_earlier(self):
        self.seen.append(1)

    def test_order(self):
        self.assertTrue(self.seen)


class TogetherTest(unittest.TestCase):
    def test_terminal_and_umask(self):
        self.assertFalse(os.environ.get("TERM") == "dumb" and umask() == 0o77)

    def test_garbage_and_optimize(self):
        self.assertFalse(sys.flags.optimize and not gc.isenabled())

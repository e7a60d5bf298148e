"""Each fact about the Python version and the platform is true where the tests run."""

from __future__ import annotations

import _socket
import importlib.util
import inspect
import json
import multiprocessing.spawn
import platform
import socket
import unittest
import unittest.signals

import hermetic
import support
from hermetic._base import features


class PlatformTest(hermetic.HermeticTestCase):
    """The facts, and the names of modules by which callers are recognized."""

    def test_tomllib_is_there_exactly_where_it_is_said_to_be(self):
        self.assertEqual(importlib.util.find_spec("tomllib") is not None, features.HAS_TOMLLIB)

    def test_durations_are_an_argument_exactly_where_they_are_said_to_be(self):
        for function in (unittest.TextTestRunner.__init__, unittest.TextTestResult.__init__):
            self.assertEqual("durations" in inspect.signature(function).parameters, features.UNITTEST_HAS_DURATIONS)

    def test_the_folder_of_the_standard_library_holds_it(self):
        for module in (socket, json, multiprocessing.spawn, unittest.signals):
            with self.subTest(module=module):
                self.assertTrue(module.__file__.startswith(features.STDLIB_DIRECTORY))

    def test_modules_that_callers_are_recognised_by_have_these_names(self):
        self.assertEqual(platform.uname.__globals__["__name__"], "platform")
        self.assertIsNotNone(importlib.util.find_spec("multiprocessing.synchronize"))

    def test_the_socket_pair_needs_no_network_where_it_is_said_to_be_a_system_call(self):
        self.assertEqual(hasattr(_socket, "socketpair"), features.SOCKETPAIR_IS_A_SYSTEM_CALL)


@hermetic.medium
class ExitStatusTest(hermetic.HermeticTestCase):
    def test_the_status_of_a_run_without_tests_is_unittests_own(self):
        with support.Folder(**{"test_empty.py": ""}) as folder:
            done = support.run_python("-m", "unittest", "test_empty", cwd=folder)
        self.assertEqual(done.returncode, features.NO_TESTS_EXIT_STATUS, done.stderr)

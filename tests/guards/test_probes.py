"""Programs that libraries run on their own are reported to them as not installed, without a violation."""

from __future__ import annotations

import email.utils
import importlib
import inspect
import re
import socket
import unittest

from hermetic import medium, small
from hermetic._guards import audit
from support import unmeasured_processes
from support.sample_runs import SampleRunCase

setUpModule = unmeasured_processes

# What stands in for a library: the function falls back, as the real one does.
LIBRARY = """
import subprocess

def {function}():
    try:
        return subprocess.check_output(["true"])
    except OSError:
        return "fallback"

def asked():
    return subprocess.check_output(["true"])
"""
TESTS = """
import importlib, unittest
import hermetic

@hermetic.small
class ProbeTest(unittest.TestCase):
    def test_probe(self):
        self.assertEqual(importlib.import_module(MODULE).FUNCTION(), "fallback")

    def test_request(self):
        importlib.import_module(MODULE).asked()
"""
STDLIB = ("platform", "ctypes.util", "uuid", "webbrowser", "email.utils")


def package_files(module: str, text: str) -> dict[str, str]:
    """The files of a package with one module that has a text."""
    folders = module.split(".")[:-1]
    packages = {"/".join([*folders[: depth + 1], "__init__.py"]): "" for depth in range(len(folders))}
    return {**packages, f"{module.replace('.', '/')}.py": text}


@medium  # they start runs
class LibraryTest(SampleRunCase):
    def test_each_falls_back_and_what_it_does_besides_is_judged(self):
        for module, function in audit._PROBES:
            if module in STDLIB or module.startswith("pip."):
                continue  # not to be replaced by a stand-in
            with self.subTest(module, function=function):
                name = function or "asks_on_its_own"
                text = TESTS.replace("MODULE", repr(module)).replace("FUNCTION", name)
                files = package_files(module, LIBRARY.format(function=name))
                done, errors = self.run_sample("test_sample", **{"test_sample.py": text, **files})
                self.assertIn("Ran 2 tests", done.stderr)
                self.assert_errors(errors, done, {"test_request": "[H003]" if function else "RefusedQuietly"})

    def test_one_that_asks_for_the_name_of_the_machine_gets_the_short_one(self):
        for module, function in audit._NAME_PROBES:
            if module in STDLIB:
                continue  # as above
            with self.subTest(module, function=function):
                text = TESTS.replace("MODULE", repr(module)).replace("FUNCTION", function)
                text = text.replace('"fallback"', "importlib.import_module('socket').gethostname()")
                library = f"import socket\ndef {function}(): return socket.getfqdn()\ndef asked(): socket.getfqdn()\n"
                files = package_files(module, library)
                done, errors = self.run_sample("test_sample", **{"test_sample.py": text, **files})
                self.assert_errors(errors, done, {"test_request": "[H001]"})

    def test_it_is_not_found_by_the_name_of_the_function_alone(self):
        text = TESTS.replace("MODULE", "'other'").replace("FUNCTION", "_get_fontconfig_fonts")
        files = package_files("other", LIBRARY.format(function="_get_fontconfig_fonts"))
        done, errors = self.run_sample("test_sample", **{"test_sample.py": text, **files})
        self.assert_errors(errors, done, {"test_probe": "[H003]", "test_request": "[H003]"})


@medium  # it imports libraries
class TableTest(unittest.TestCase):
    @small
    def test_the_id_of_a_mail_has_the_short_name_of_the_machine(self):
        self.assertEqual(email.utils.make_msgid().rstrip(">").partition("@")[2], socket.gethostname())

    def test_what_it_names_is_there_in_the_modules_that_are_installed(self):
        for module, function in (*audit._PROBES, *audit._NAME_PROBES):
            with self.subTest(module, function=function):
                try:
                    found = importlib.import_module(module)
                except ImportError:
                    continue  # a library that is not installed here
                self.assertRegex(inspect.getsource(found), rf"def {re.escape(function)}")

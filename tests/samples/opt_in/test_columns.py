"""What small tests may not use where ``forbid`` says so, and what is no use of it; run by tests/patches/test_opt_ins.py.

The names of tests that are refused end in the code.
"""

import asyncio
import codecs
import contextlib
import importlib.metadata
import importlib.resources
import io
import logging
import mimetypes
import multiprocessing
import os
import pathlib
import platform
import pydoc
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import unittest
import zoneinfo
from time import sleep
from unittest import mock

import priced

from hermetic import HermeticTestCase, allow, medium


class Refused(HermeticTestCase):
    def test_open_h002(self):
        open("notes.txt").close()

    def test_open_for_writing_h002(self):
        open("new.txt", "w").close()

    def test_io_and_codecs_h002(self):
        codecs.open("notes.txt").close()

    def test_descriptor_h002(self):
        os.close(os.open("notes.txt", os.O_RDONLY))

    def test_pathlib_swallowed_h002(self):
        with contextlib.suppress(Exception):
            pathlib.Path("new.txt").write_text("x")

    def test_mock_of_something_else_h002(self):
        with mock.patch("builtins.open", mock.mock_open()):
            pathlib.Path("new.txt").write_text("x")

    def test_list_h002(self):
        os.listdir()

    def test_glob_h002(self):
        list(pathlib.Path().glob("*.txt"))

    def test_make_folder_h002(self):
        os.makedirs("new/folder")

    def test_remove_h002(self):
        os.remove("notes.txt")

    def test_remove_tree_h002(self):
        shutil.rmtree("priced")

    def test_move_out_of_a_temporary_folder_h002(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "new.txt")
            path.touch()
            path.replace("new.txt")

    def test_copy_h002(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy("notes.txt", folder)

    def test_log_h002(self):
        logging.FileHandler("new.log").close()

    def test_change_package_h002(self):
        pathlib.Path(priced.__file__).with_name("price.txt").write_text("0")

    def test_home_h002(self):
        open(os.path.expanduser("~/.netrc")).close()

    def test_mode_h002(self):
        os.chmod("notes.txt", 0o600)

    def test_link_h002(self):
        os.symlink("notes.txt", "new.txt")

    def test_memory_h004(self):
        sqlite3.connect(":memory:").close()

    def test_memory_by_uri_h004(self):
        sqlite3.connect("file::memory:?cache=shared", uri=True).close()

    def test_file_h004(self):
        sqlite3.connect(os.path.join(tempfile.gettempdir(), "new.db")).close()

    def test_sleep_h005(self):
        time.sleep(0.001)

    def test_alias_h005(self):
        sleep(0.001)

    def test_swallowed_h005(self):
        with contextlib.suppress(Exception):
            time.sleep(0.001)


class RefusedAsync(HermeticTestCase, unittest.IsolatedAsyncioTestCase):
    async def test_asyncio_h005(self):
        await asyncio.sleep(0.001)


class NoUse(HermeticTestCase):
    def test_temporary_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, "a/b/c"))
            pathlib.Path(folder, "a/b/c/file.txt").write_text("x")
            shutil.copytree(os.path.join(folder, "a"), os.path.join(folder, "z"))
            found = [name for _, _, names, *_ in [*os.walk(folder), *getattr(os, "fwalk", os.walk)(folder)] for name in names]
            self.assertEqual(found, ["file.txt"] * 4)
            os.rename(os.path.join(folder, "a"), os.path.join(folder, "renamed"))

    def test_temporary_files(self):
        with tempfile.NamedTemporaryFile() as named, tempfile.TemporaryFile(), tempfile.SpooledTemporaryFile():
            self.assertTrue(os.path.exists(named.name))

    def test_devices_and_descriptors(self):
        open(os.devnull).close()
        pathlib.Path(os.devnull).write_text("x")
        reader, writer = os.pipe()
        open(reader).close()
        os.close(writer)

    def test_asking_whether_something_is_there(self):
        self.assertTrue(os.path.exists("notes.txt") and pathlib.Path("priced").is_dir())

    def test_imports(self):
        import xml.dom.minidom

        import colorsys
        importlib.invalidate_caches()
        sys.modules.pop("priced.later", None)
        with contextlib.suppress(ImportError):
            importlib.import_module("priced.later")

    def test_resources(self):
        self.assertEqual(importlib.resources.files("priced").joinpath("price.txt").read_text(), "9.90\n")
        self.assertEqual(importlib.resources.read_text("priced", "price.txt"), "9.90\n")
        with importlib.resources.as_file(importlib.resources.files(priced) / "price.txt") as path:
            self.assertEqual(path.read_bytes(), b"9.90\n")

    def test_metadata(self):
        list(importlib.metadata.distributions())
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            importlib.metadata.version("pip")

    def test_what_the_standard_library_reads_for_itself(self):
        mimetypes.init()
        platform.platform()
        platform.libc_ver()
        with contextlib.suppress(zoneinfo.ZoneInfoNotFoundError):
            zoneinfo.ZoneInfo("Europe/Berlin")

    def test_sources(self):
        try:
            raise ValueError
        except ValueError:
            self.assertIn("raise ValueError", traceback.format_exc())
        with contextlib.suppress(SyntaxError):
            compile("(", "<string>", "exec")
        self.assertIn("NoUse", pydoc.render_doc(NoUse))

    def test_mocks_win(self):
        with mock.patch("builtins.open", mock.mock_open(read_data="x")), mock.patch("time.sleep"):
            self.assertEqual(open("notes.txt").read(), "x")
            time.sleep(1)

    def test_memory(self):
        io.StringIO("x").read()

    def test_no_time(self):
        time.sleep(0)
        self.assertEqual(asyncio.run(asyncio.sleep(0, result="x")), "x")

    def test_waiting_for_something_else(self):
        import threading

        threading.Event().wait(0.001)

    @allow(databases=[":memory:"])
    def test_allowed_database(self):
        sqlite3.connect(":memory:").close()
        with allow(databases=["*.db"]):
            sqlite3.connect(os.path.join(tempfile.gettempdir(), "missing", "new.db"), uri=False)

    test_allowed_database = unittest.expectedFailure(test_allowed_database)  # there is no such folder

    def test_allowed_files(self):
        with allow(files=["notes.txt"]):
            open("notes.txt").close()
        with contextlib.suppress(FileNotFoundError):
            open("allowed/by/pattern.txt")

    @allow(processes=["*"])
    def test_time_out_of_a_child(self):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        with self.assertRaises(subprocess.TimeoutExpired):
            child.wait(timeout=0.01)
        child.communicate(b"\n")

    @medium
    def test_medium(self):
        open("notes.txt").close()
        sqlite3.connect(":memory:").close()
        time.sleep(0.001)


def in_child():
    time.sleep(0.001)


class Child(HermeticTestCase):
    @allow(processes=["*"])
    def test_child_of_multiprocessing_h005(self):
        child = multiprocessing.get_context("spawn").Process(target=in_child)
        child.start()
        child.join()


class Unmarked(unittest.TestCase):
    def test_unmarked(self):
        open("notes.txt").close()

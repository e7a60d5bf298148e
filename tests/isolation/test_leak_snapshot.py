"""The leak check names what a test has changed or left, and ignores what ordinary tests do."""

from __future__ import annotations

import asyncio
import builtins
import concurrent.futures
import contextlib
import ctypes
import doctest
import gc
import glob
import io
import locale
import logging
import multiprocessing
import multiprocessing.shared_memory
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import types
import unittest
import unittest.mock
import urllib.request
import warnings

import hermetic
import support
from hermetic._base import features
from hermetic._isolation import leak_probes, leak_snapshot

setUpModule = support.some_pythons_do_and_the_measured

try:
    import resource
except ImportError:  # there are no limits to be changed
    resource = None

ON_LINUX = sys.platform == "linux"
# Collecting a cycle with a view of a BytesIO, as the thread of a queue leaves one, may crash it: python/cpython#111211.
CRASHES_ON_VIEWS = (3, 12) <= sys.version_info < (3, 12, 2)


def changes_of(function) -> list[str]:  # type: ignore[no-untyped-def]
    """The changes that a function makes."""
    snapshot = leak_snapshot.Snapshot()
    function()
    return snapshot.changes()


def sets(owner: object, name: str, value: object):  # type: ignore[no-untyped-def]
    """A change of an attribute, and what undoes it."""
    before = getattr(owner, name)
    return (lambda: setattr(owner, name, value)), (lambda: setattr(owner, name, before))


def calls(function, value: object, before: object):  # type: ignore[no-untyped-def]
    return (lambda: function(value)), (lambda: function(before))


def appends(values: list, value: object):  # type: ignore[no-untyped-def,type-arg]
    return (lambda: values.append(value)), (lambda: values.remove(value))


CHANGES = {
    "sys.argv changed: --new added": lambda: appends(sys.argv, "--new"),
    "sys.argv changed": lambda: sets(sys, "argv", [*sys.argv]),
    "sys.path changed: /new added": lambda: appends(sys.path, "/new"),
    "sys.path_hooks changed": lambda: appends(sys.path_hooks, print),
    "sys.meta_path changed": lambda: appends(sys.meta_path, object()),
    "sys.warnoptions changed: ignore added": lambda: appends(sys.warnoptions, "ignore"),
    "sys.stdin changed": lambda: sets(sys, "stdin", io.StringIO()),
    "sys.stdout changed": lambda: sets(sys, "stdout", io.StringIO()),
    "sys.stderr changed": lambda: sets(sys, "stderr", None),
    "sys.excepthook changed": lambda: sets(sys, "excepthook", print),
    "sys.displayhook changed": lambda: sets(sys, "displayhook", print),
    "profile function changed": lambda: calls(sys.setprofile, lambda *_: None, sys.getprofile()),
    "trace function changed": lambda: calls(sys.settrace, lambda *_: None, sys.gettrace()),
    "recursion limit changed: 1000 -> 1234": lambda: calls(sys.setrecursionlimit, 1234, 1000),
    "thread switch interval changed": lambda: calls(sys.setswitchinterval, 0.25, sys.getswitchinterval()),
    "umask changed: ": lambda: calls(os.umask, 0o055, 0o022),
    "builtins.open changed": lambda: sets(builtins, "open", io.StringIO),
    "builtins.__import__ changed": lambda: sets(builtins, "__import__", lambda *a, i=__import__, **k: i(*a, **k)),
    "warnings.showwarning changed": lambda: sets(warnings, "showwarning", print),
    "root logger changed": lambda: calls(logging.root.setLevel, 7, logging.root.level),
    "logging.disable changed: 0 -> 7": lambda: calls(logging.disable, 7, 0),
    "default socket timeout changed": lambda: calls(socket.setdefaulttimeout, 7.5, None),
    "urllib.request temporary files changed: /new added": lambda: appends(urllib.request._url_tempfiles, "/new"),
    "signal handler changed: SIGUSR1": lambda: calls(
        lambda handler: signal.signal(signal.SIGUSR1, handler), print, signal.SIG_DFL
    ),
    "blocked signal added: ": lambda: (
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2]),
        lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR2]),
    ),
    "timer changed: ITIMER_REAL": lambda: calls(lambda value: signal.setitimer(signal.ITIMER_REAL, value), 99, 0),
    "environment variable added: NEW_ONE": lambda: (
        lambda: os.environ.update(NEW_ONE="a secret"),
        lambda: os.environ.pop("NEW_ONE"),
    ),
    "shutil archive formats changed: new added": lambda: (
        lambda: shutil.register_archive_format("new", print),
        lambda: shutil.unregister_archive_format("new"),
    ),
    "shutil unpack formats changed: new added": lambda: (
        lambda: shutil.register_unpack_format("new", [".new"], print),
        lambda: shutil.unregister_unpack_format("new"),
    ),
    "locale changed: LC_COLLATE": lambda: calls(
        lambda value: locale.setlocale(locale.LC_COLLATE, value), "C.utf8", "C"
    ),
}
if features.WINDOWS:  # it has neither such signals nor such a locale
    CHANGES = {
        text: make for text, make in CHANGES.items() if not text.startswith(("signal", "blocked", "timer", "loc"))
    }


@hermetic.medium  # it waits for what is about to end, once for each change
class ChangesTest(unittest.TestCase):
    def setUp(self):
        gc.collect()  # what earlier tests have left open is not to be closed meanwhile
        umask = os.umask(0o022)
        self.addCleanup(os.umask, umask)
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(1000)
        self.addCleanup(sys.setrecursionlimit, limit)
        collation = locale.setlocale(locale.LC_COLLATE)
        locale.setlocale(locale.LC_COLLATE, "C")
        self.addCleanup(locale.setlocale, locale.LC_COLLATE, collation)

    def test_every_change_is_found_and_named_alone(self):
        for expected, make in CHANGES.items():
            change, undo = make()
            try:
                found = changes_of(change)
            finally:
                undo()
            with self.subTest(expected):
                self.assertEqual([text[: len(expected)] for text in found], [expected])

    def test_what_is_undone_is_not_told(self):
        for expected, make in CHANGES.items():
            change, undo = make()
            with self.subTest(expected):
                self.assertEqual(changes_of(lambda c=change, u=undo: (c(), u())), [])

    def test_values_of_environment_variables_are_not_shown(self):
        with unittest.mock.patch.dict(os.environ, OLD_ONE="s3cret"):
            shown = changes_of(lambda: os.environ.update(OLD_ONE="s3cret2", NEW_ONE="s3cret3"))
            self.assertEqual(shown, ["environment variable added: NEW_ONE", "environment variable changed: OLD_ONE"])
            self.assertEqual(changes_of(os.environ.clear)[0].partition(":")[0], "environment variable removed")

    @support.posix_only("tzset")
    def test_the_time_zone(self):
        def change():
            os.environ["TZ"] = "Etc/GMT-9" if time.tzname[0] != "+09" else "UTC"
            time.tzset()

        with unittest.mock.patch.dict(os.environ):
            found = changes_of(change)
        time.tzset()
        self.assertTrue([text for text in found if text.startswith("time zone changed")], found)

    @support.posix_only("way to remove the current folder")
    def test_the_current_folder_and_files_in_it(self):
        with tempfile.TemporaryDirectory(prefix="hermetic-test-") as folder:
            before = os.getcwd()
            self.addCleanup(os.chdir, before)
            found = changes_of(lambda: os.chdir(folder))
            self.assertEqual(found, [f"current folder changed: {before!r} -> {os.getcwd()!r}"])
            found = changes_of(lambda: [open(name, "w").close() for name in ("a", "b", ".hidden", "b-wal")])
            self.assertEqual(found, ["file in the current folder: a", "file in the current folder: b"])
            os.rmdir(tempfile.mkdtemp(dir=folder))
            self.assertEqual(changes_of(lambda: shutil.rmtree(folder)), ["current folder changed"])
            os.chdir(before)
            os.mkdir(folder)

    @support.linux_only("a list of open files")
    def test_the_journal_of_an_open_transaction_is_not_left(self):
        with tempfile.TemporaryDirectory(prefix="hermetic-test-") as folder:
            connection = sqlite3.connect(os.path.join(folder, "data.sqlite3"), isolation_level=None)
            self.addCleanup(connection.close)
            connection.execute("CREATE TABLE t (a)")
            begin = ("BEGIN", "INSERT INTO t VALUES (1)")
            self.assertEqual(changes_of(lambda: [connection.execute(statement) for statement in begin]), [])
            self.assertEqual(len(glob.glob(os.path.join(folder, "*-journal"))), 1)

    def test_files_of_other_processes_are_not_new(self):
        folder = tempfile.mkdtemp(prefix="hermetic-test-")
        self.addCleanup(shutil.rmtree, folder)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder)
        snapshot = leak_snapshot.Snapshot(["data.sqlite3"])
        for name in ("data.sqlite3", "data.sqlite3-journal", "data", ".hidden"):
            open(name, "w").close()
        self.assertEqual(snapshot.changes(), ["file in the current folder: data"])

    def test_a_file_that_was_there_before_is_not_new(self):
        folder = tempfile.mkdtemp(prefix="hermetic-test-")
        self.addCleanup(shutil.rmtree, folder)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder)
        for name in ("edited", "other"):
            open(name, "w").close()
        os.utime(folder, (1, 1))  # long before the files were written
        self.assertEqual(changes_of(lambda: (open("new", "w").close(), os.unlink("new"))), [])

    def test_logging_handlers(self):
        handler = []
        self.assertEqual(changes_of(lambda: handler.append(logging.StreamHandler())), ["logging handlers changed"])

    def test_warning_filters(self):
        with warnings.catch_warnings():
            found = changes_of(lambda: warnings.simplefilter("error", BytesWarning))
        self.assertEqual([text.partition(":")[0] for text in found], ["warnings.filters changed"])

    def test_modules_that_were_removed(self):
        with unittest.mock.patch.dict(sys.modules):
            found = changes_of(lambda: sys.modules.pop("doctest"))
        self.assertEqual(found, ["modules removed from sys.modules: 1"])

    @unittest.skipUnless(resource, "there are no resource limits")
    def test_resource_limits(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_CORE, (soft, hard))
        new = 1 if soft == 0 else 0
        found = changes_of(lambda: resource.setrlimit(resource.RLIMIT_CORE, (new, hard)))
        self.assertEqual(found, ["resource limit changed: RLIMIT_CORE"] if new <= hard or hard < 0 else [])

    def test_open_and_closed_file_descriptors(self):
        opened = []
        found = changes_of(lambda: opened.append(open(os.devnull, encoding="utf-8")))
        number = opened[0].fileno()
        self.assertEqual(found, [f"open file descriptor left: {number} ({os.devnull})"])
        self.assertEqual(changes_of(opened[0].close), [f"file descriptor closed: {number}"])

    def test_on_windows_the_numbers_are_tried_and_python_knows_the_path(self):
        with (
            unittest.mock.patch.object(features, "WINDOWS", new=True),
            tempfile.NamedTemporaryFile(prefix="hermetic-test-") as file,
        ):
            self.assertLessEqual({0, 1, 2, file.fileno()}, leak_probes.open_files())
            self.assertEqual(leak_probes.open_path(file.fileno()), file.name)
            self.assertEqual(leak_probes.open_path(1000), "unknown")

    @support.linux_only("a list of open files")
    def test_a_file_that_takes_the_number_of_the_list_of_files(self):
        low, high = os.pipe()
        os.close(low)  # the list is read through this number before, and through that of the closed end after
        found = changes_of(lambda: (os.dup2(0, low), os.close(high)))
        self.addCleanup(os.close, low)
        kinds = ["open file descriptor left", "file descriptor closed"]
        self.assertEqual([text.split(": ")[0] for text in found], kinds)

    def test_a_thread_that_goes_on(self):
        go = threading.Event()
        found = changes_of(threading.Thread(target=go.wait, args=(30,), name="worker 7").start)
        go.set()
        self.assertEqual(found, ["thread left running: worker 7"])

    def test_an_event_loop_policy_of_somebody_s_own(self):
        if sys.version_info >= (3, 14):
            self.skipTest("asyncio deprecates policies from Python 3.14 on")

        class Policy(asyncio.DefaultEventLoopPolicy):
            pass

        self.addCleanup(asyncio.set_event_loop_policy, None)
        self.assertEqual(
            changes_of(lambda: asyncio.set_event_loop_policy(Policy())), ["asyncio event loop policy changed"]
        )

    def test_an_opener_of_urllib_s_that_takes_the_place_of_another(self):
        with unittest.mock.patch.object(urllib.request, "_opener", object()):
            found = changes_of(lambda: urllib.request.install_opener(urllib.request.build_opener()))
        self.assertEqual(found, ["urllib.request opener changed"])

    def test_what_sysconfig_was_made_to_say(self):
        sysconfig.get_config_vars()
        with unittest.mock.patch.dict(sysconfig.get_config_vars()):
            found = changes_of(lambda: sysconfig.get_config_vars().update(NEW="x"))
        self.assertEqual(found, ["sysconfig variables changed"])

    def test_a_probe_that_was_broken_says_nothing_and_hinders_no_other(self):
        change, undo = CHANGES["sys.argv changed: --new added"]()
        self.addCleanup(undo)
        with unittest.mock.patch.object(shutil, "get_archive_formats", None):
            self.assertEqual(changes_of(change), ["sys.argv changed: --new added"])

    def test_objects_that_refuse_to_be_compared(self):
        class Refuses:
            def __eq__(self, other):
                raise ValueError("no")

            __hash__ = None

        change, undo = sets(sys, "stdin", Refuses())
        self.assertEqual(changes_of(change), ["sys.stdin changed"])
        undo()


@hermetic.medium
@support.linux_only("a list of the children of each process")
class ProcessesTest(unittest.TestCase):
    def test_a_process_that_goes_on(self):
        started = []
        found = changes_of(lambda: started.append(subprocess.Popen(["sleep", "30"])))
        started[0].kill()
        started[0].wait()
        self.assertEqual(found, ["process left running: sleep 30"])


def fork_context():
    return multiprocessing.get_context("fork" if ON_LINUX else "spawn")


def in_cycle(thing: object) -> None:
    holder = types.SimpleNamespace(thing=thing)
    holder.itself = holder


class Quiet:
    """Ordinary code, each method of a kind: nothing is left of it that anybody would call a leak."""

    def asyncio_with_threads_and_signals(self):
        async def main():
            loop = asyncio.get_running_loop()
            await asyncio.to_thread(abs, 1)
            await loop.run_in_executor(None, abs, 1)
            loop.add_signal_handler(signal.SIGUSR1, print)
            loop.remove_signal_handler(signal.SIGUSR1)

        asyncio.run(main())

    def asyncio_server(self):
        async def main():
            server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            await reader.read()
            writer.close()
            server.close()
            await server.wait_closed()

        asyncio.run(main())

    def asyncio_subprocess_without_pipes(self):
        async def main():
            process = await asyncio.create_subprocess_exec("true")
            await process.wait()

        asyncio.run(main())

    def asyncio_test_case(self):
        class Case(unittest.IsolatedAsyncioTestCase):
            async def test(self):
                await asyncio.sleep(0)

        Case("test").run(unittest.TestResult())

    def loop_by_hand(self):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    def subprocesses(self):
        subprocess.run(["true"], capture_output=True, check=True)
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.communicate(b"x")
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(["sleep", "30"], timeout=0.01)

    def subprocess_told_to_end(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            subprocess.Popen(["sleep", "30"]).kill()

    def temporary_files(self):
        with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "x"), "w") as file:
            file.write("x")
        tempfile.NamedTemporaryFile().close()
        tempfile.TemporaryFile().close()

    def file_in_the_current_folder(self):
        with tempfile.NamedTemporaryFile(dir="."):
            pass

    def logging_of_all_kinds(self):
        logger, stream = logging.getLogger("quiet"), io.StringIO()
        handler = logging.StreamHandler(stream)
        logger.addHandler(handler)
        logger.warning("x")
        logger.removeHandler(handler)
        logging.getLogger("quiet.library").addHandler(logging.NullHandler())
        with unittest.TestCase().assertLogs("quiet"):
            logger.warning("x")

    def failed_test_with_an_open_file(self):
        class Case(unittest.TestCase):
            def test(self):
                file = open(os.devnull)
                with self.assertLogs("quiet"):
                    self.fail(str(file))

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Case("test").run(unittest.TestResult())

    def things_in_cycles(self):
        in_cycle(open(os.devnull))
        in_cycle(logging.StreamHandler())

    def multiprocessing_pools(self):
        context = fork_context()
        with context.Pool(1) as pool:
            pool.map(abs, [1])
        pool = context.Pool(1)
        pool.map(abs, [1])
        pool.close()
        pool.join()
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as executor:
            executor.submit(abs, 1).result()

    def multiprocessing_primitives(self):
        context = fork_context()
        process = context.Process(target=abs, args=(1,))
        process.start()
        process.join()
        context.Value("i", 1)
        context.Array("i", 10)
        context.Lock().acquire()
        one, other = context.Pipe()
        one.close()
        other.close()
        memory = multiprocessing.shared_memory.SharedMemory(create=True, size=10)
        memory.close()
        memory.unlink()

    if not CRASHES_ON_VIEWS:

        def multiprocessing_queue_that_nobody_closed(self):
            queue = fork_context().Queue()
            queue.put(1)
            queue.get()

    def multiprocessing_helpers(self):
        for method in ("spawn", "forkserver") if ON_LINUX else ("spawn",):
            process = multiprocessing.get_context(method).Process(target=abs, args=(1,))
            process.start()
            process.join()

    def threads_that_end(self):
        thread = threading.Thread(target=abs, args=(1,))
        thread.start()
        thread.join()
        with concurrent.futures.ThreadPoolExecutor(2) as executor:
            executor.submit(abs, 1)

    def threads_told_to_end(self):
        timer = threading.Timer(30, print)
        timer.start()
        timer.cancel()
        concurrent.futures.ThreadPoolExecutor(1).submit(abs, 1).result()

    def urllib_opener(self):
        with contextlib.suppress(OSError):
            urllib.request.urlopen("file:///dev/null").close()
        with contextlib.suppress(OSError):
            urllib.request.urlretrieve("file:///dev/null")
        urllib.request.urlcleanup()

    def sockets(self):
        server = socket.create_server(("127.0.0.1", 0))
        socket.create_connection(server.getsockname()).close()
        server.close()

    def mocks(self):
        patch = unittest.mock.patch
        with patch.dict(os.environ, {"A": "1"}, clear=True), patch.dict(sys.modules, new=types), patch("builtins.open"):
            pass
        with patch.object(sys, "argv", ["x"]), patch.object(sys, "path", []), patch("sys.stdout", io.StringIO()):
            pass

    def locale_restored(self):
        before = locale.setlocale(locale.LC_ALL)
        locale.setlocale(locale.LC_ALL, "C")
        locale.setlocale(locale.LC_ALL, before)

    def warnings_caught(self):
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            warnings.warn("x", stacklevel=1)
        with unittest.TestCase().assertWarns(UserWarning):
            warnings.warn("x", stacklevel=1)

    def databases_callbacks_and_doctests(self):
        sqlite3.connect(":memory:").close()
        ctypes.CFUNCTYPE(None)(lambda: None)
        module = types.ModuleType("module")
        module.__doc__ = ">>> 1 + 1\n2\n"
        doctest.testmod(module)

    def sysconfig_read(self):
        sysconfig.get_config_var("EXT_SUFFIX")
        sysconfig.get_paths()


FIRST_USE = """
from unittest import mock
from hermetic._isolation import leak_probes, leak_snapshot
modules = "asyncio", "locale", "resource", "signal", "socket", "sysconfig", "urllib.request"
for use in (lambda: [__import__(name) for name in modules], lambda: None):
    snapshot = leak_snapshot.Snapshot()
    use()
    print(snapshot.changes())
snapshot = leak_snapshot.Snapshot()
with mock.patch("_signal.getsignal", side_effect=KeyError):
    print(snapshot.changes())
"""


@hermetic.medium  # it starts a process
class FirstUseTest(unittest.TestCase):
    @support.posix_only("such modules as resource")
    def test_a_module_that_is_imported_is_no_change_and_a_value_that_cannot_be_read_is_one(self):
        done = support.run_python("-c", FIRST_USE)
        expected = ["[]", "[]", "['signal handler could not be read after the test']"]
        self.assertEqual(expected, done.stdout.splitlines(), done.stderr)


@hermetic.medium
@support.posix_only("such commands")
class QuietTest(unittest.TestCase):
    maxDiff = None

    def test_ordinary_code_changes_and_leaves_nothing(self):
        gc.collect()
        for name, function in vars(Quiet).items():
            if not name.startswith("_"):
                with self.subTest(name), warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of files that nobody closed
                    self.assertEqual(changes_of(lambda f=function: f(self)), [])


if __name__ == "__main__":
    unittest.main()

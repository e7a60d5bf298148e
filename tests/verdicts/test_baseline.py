"""Entries of the baseline contain only what is the same in every run."""

from __future__ import annotations

import tempfile
import unittest

import hermetic
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._base.sizes import DATABASE, FILESYSTEM, MULTIPROCESSING, NETWORK, SLEEP, TIME
from hermetic._operations import events
from hermetic._verdicts.baseline import entry_of
from support import Folder, run_hermetic

SITE = CallSite("x.py", 1, "f", "x", "", "")


def entry(code: str, operation: Operation, test: str = "tests.T.test_a") -> str:
    return entry_of(Violation(code, "small", test, operation, SITE))


class EntryTest(hermetic.HermeticTestCase):
    def test_hosts_come_without_their_ports(self) -> None:
        found = {
            entry("H001", Operation(NETWORK, "connect", f"Db.Test:{port}", "x", host="Db.Test", port=port))
            for port in (1, 2)
        }
        self.assertEqual(found, {"H001 tests.T.test_a db.test"})

    def test_programs_come_without_folder_arguments_and_the_version_of_python(self) -> None:
        for command, name in (
            ("/usr/bin/git", "git"),
            ("/opt/python3.13t", "python"),
            ("C:\\Python\\python.exe", "python"),
            ("pythonic", "pythonic"),
            ("/x/python3.10", "python"),
        ):
            with self.subTest(command):
                operation = events.process_operation("subprocess.Popen", "start", command, [command, "-x"])
                self.assertEqual(entry("H003", operation), f"H003 tests.T.test_a {name}")

    def test_a_fork_is_called_so(self) -> None:
        self.assertEqual(entry("H003", events.READERS["os.fork"]()), "H003 tests.T.test_a fork")

    def test_files_come_with_their_path_unless_they_are_temporary(self) -> None:
        own = Operation(FILESYSTEM, "read", "data/x.csv", "x", family="", host="/project/data/x.csv")
        self.assertEqual(entry("H002", own), "H002 tests.T.test_a data/x.csv")
        path = f"{tempfile.gettempdir()}/random-1.db"
        other = Operation(DATABASE, "open", path, "x", family="", host=path)
        self.assertEqual(entry("H004", other), "H004 tests.T.test_a a temporary file")

    def test_sleep_and_time_come_alone(self) -> None:
        self.assertEqual(entry("H005", Operation(SLEEP, "sleep", "1 s", "x", family="")), "H005 tests.T.test_a")
        self.assertEqual(entry("H006", Operation(TIME, "overrun", "2 s", "x", family="")), "H006 tests.T.test_a")

    def test_fixtures_have_their_names(self) -> None:
        operation = Operation(SLEEP, "sleep", "1 s", "x", family="")
        self.assertEqual(entry("H005", operation, "setUpClass (tests.T)"), "H005 setUpClass (tests.T)")

    def test_what_no_size_is_to_blame_for_has_none(self) -> None:
        self.assertEqual(entry("H008", Operation(MULTIPROCESSING, "import", "x", "x", family="")), "")

    def test_an_entry_is_one_line(self) -> None:
        odd = Operation(FILESYSTEM, "read", "a\nb", "x", family="", host="/project/a\nb")
        self.assertEqual(entry("H002", odd), "H002 tests.T.test_a a b")


@hermetic.medium
class ShutdownTest(unittest.TestCase):
    def test_what_happens_when_nothing_can_be_imported_any_more_is_refused(self):
        text = """
            import socket, sys, unittest
            from hermetic import small

            class Late:
                def __del__(self, socket=socket):
                    with socket.socket() as sock:
                        print("late", sock.connect_ex(("127.0.0.1", 9)))

            @small
            class LateTest(unittest.TestCase):
                def test_it(self):
                    sys.modules["late"] = Late()
        """
        with Folder(**{"test_late.py": text}) as folder:
            done = run_hermetic("test_late", cwd=folder)
        self.assertEqual(done.stdout, "")
        self.assertIn("[H001] network violation", done.stderr)

"""Process trees of Windows, by a stand-in for the system's library."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import types
import unittest
from unittest import mock

import hermetic
from hermetic._base import features, real
from hermetic._isolation import pipe_nursery, process_tree, windows_processes, worker_link, worker_process
from hermetic._stdlib import windows_files
from support import Folder, run_python

PYTHON, CONSOLE = r"C:\Python\python.exe", r"C:\Windows\System32\ConHost.exe"
ENTRY, TIMED_OUT = "@IIINIIIiI520s0N", 0x102


class FakeKernel32:
    """The functions of kernel32 that are called. The handle of a process is its id, and it began at that time.

    Args:
        processes: process id to the path of the program.
        children: the process ids of the children of process 4.
        commands: process id to the command line, where that can be read.
    """

    def __init__(self, processes: dict[int, str], children: tuple[int, ...] = (), **commands: str) -> None:
        self.processes = processes
        self.commands = {int(name.strip("_")): line for name, line in commands.items()}
        self.ended: list[int] = []
        self.entries = [(pid, 4 if pid in children else 1) for pid in processes]
        self.limits = b""
        self.added: list[int] = []
        self.closed: list[int] = []
        self.asked = 0
        self.cancelled: list[int] = []

    def CreateJobObjectW(self, *_: object) -> int:
        return 7

    def CreateEventW(self, _security: None, _manual: int, _state: int, name: str) -> int:
        return 8 if name == "hermetic-1" else 0

    def SetInformationJobObject(self, _job: object, _kind: int, data: bytes, _size: int) -> int:
        self.limits = data
        return 1

    def AssignProcessToJobObject(self, _job: object, process: ctypes.c_void_p) -> int:
        self.added.append(process.value or 0)
        return int(process.value in self.processes)

    def OpenProcess(self, _access: int, _inherited: int, pid: int) -> int:
        return pid if pid in self.processes else 0

    def QueryInformationJobObject(self, _job: object, _kind: int, found: ctypes.Array, *_: object) -> int:
        listed = [*self.processes, 99]  # the last one has ended meanwhile
        struct.pack_into(f"@II{len(listed)}N", found, 0, len(listed), len(listed), *listed)
        return 1

    def QueryFullProcessImageNameW(self, process: ctypes.c_void_p, _kind: int, path: ctypes.Array, _: object) -> int:
        path.value = self.processes[process.value or 0]
        return 1

    def TerminateJobObject(self, *_: object) -> int:
        self.processes.clear()
        return 1

    def CloseHandle(self, handle: ctypes.c_void_p) -> int:
        self.closed.append(handle.value or 0)
        return 1

    def OpenThread(self, _access: int, _inherited: int, thread: int) -> int:
        return thread

    def CancelSynchronousIo(self, thread: ctypes.c_void_p) -> int:
        self.cancelled.append(thread.value or 0)
        return 1

    def SetEvent(self, _event: object) -> int:
        self.asked += 1
        return 1

    def WaitForSingleObject(self, process: ctypes.c_void_p, _: int) -> int:
        return 0 if process.value in self.ended else TIMED_OUT

    def CreateToolhelp32Snapshot(self, *_: int) -> int:
        return 9

    def Process32FirstW(self, _snapshot: object, entry: ctypes.Array) -> int:
        assert struct.unpack_from("@I", entry) == (struct.calcsize(ENTRY),)
        self.listed = iter(self.entries)
        return self.Process32NextW(None, entry)

    def Process32NextW(self, _snapshot: object, entry: ctypes.Array) -> int:
        pid, parent = next(self.listed, (0, 0))
        struct.pack_into(ENTRY, entry, 0, 0, 0, pid, 0, 0, 0, parent, 0, 0, b"")
        return pid

    def GetProcessTimes(self, process: ctypes.c_void_p, began: object, *_: object) -> int:
        began._obj.value = process.value  # type: ignore[attr-defined]
        return 1

    def ReadProcessMemory(
        self, process: ctypes.c_void_p, address: ctypes.c_void_p, found: ctypes.Array, *_: object
    ) -> int:
        """Read the PEB at 1000, its parameters at 2000, or the command line at 3000."""
        line = self.commands.get(process.value or 0)
        if line is None:
            return 0
        text = line.encode("utf-16-le")
        is_64_bit = sys.maxsize > 2**32
        memory = {
            1000 + (0x20 if is_64_bit else 0x10): struct.pack("@N", 2000),
            2000 + (0x70 if is_64_bit else 0x40): struct.pack("@HHN", len(text), len(text), 3000),
            3000: text,
        }
        found.raw = memory[address.value or 0]
        return 1

    def NtQueryInformationProcess(self, _process: object, _kind: int, found: ctypes.Array, *_: object) -> int:
        struct.pack_into("@6N", found, 0, 0, 1000, 0, 0, 0, 0)
        return 0


class WindowsCase(hermetic.HermeticTestCase):
    def setUp(self):
        self.system = FakeKernel32({4: PYTHON, 5: CONSOLE})
        library = {"WinDLL": lambda _: self.system, "FormatError": lambda _: "", "get_last_error": int}
        for patch in (
            mock.patch.object(windows_processes, "kernel32", lambda: self.system),
            mock.patch.dict(vars(ctypes), library),
            mock.patch.multiple(features, WINDOWS=True, LINUX=False),
        ):
            patch.start()
            self.addCleanup(patch.stop)


class JobTest(WindowsCase):
    def test_it_ends_with_the_process_that_made_it(self):
        windows_processes.Job(4)
        self.assertEqual(len(self.system.limits), 144 if sys.maxsize > 2**32 else 112)
        self.assertEqual(struct.unpack_from("@qqI", self.system.limits), (0, 0, 0x2000))

    def test_it_knows_its_processes(self):
        self.assertEqual(windows_processes.Job(4).pids(), [4, 5, 99])

    def test_an_error_of_the_system_says_what_failed(self):
        with mock.patch.dict(vars(ctypes), FormatError=lambda _: "no such process", get_last_error=lambda: 87):
            with self.assertRaisesRegex(OSError, "no such process"):
                windows_processes.Job(6)
        self.assertEqual((self.system.added, self.system.closed), ([], [7]))
        windows_processes.Job(4)
        self.assertEqual((self.system.added, self.system.closed), ([4], [7, 4]))


class PipeTest(WindowsCase):
    def test_the_thread_of_a_worker_does_not_wait_in_a_read(self):
        """Windows lets nobody look into a pipe while a read of it waits: the run would wait for a test that hangs."""
        with mock.patch.object(windows_files, "is_ready", side_effect=[False, False, True]) as is_ready:
            pipe_nursery._wait_for_pipe(3)
        self.assertEqual(is_ready.call_args_list, [mock.call(3)] * 3)


class TableTest(WindowsCase):
    """The list of processes, and their command lines."""

    def setUp(self):
        super().setUp()
        programs = dict.fromkeys((2, 4, 6, 7, 8), PYTHON) | {5: CONSOLE}
        self.system = FakeKernel32(programs, (2, 5, 6, 8), _6=" python -m x ")

    def test_children_are_those_that_began_later(self):
        self.assertEqual(sorted(process_tree.children_of(4)), [5, 6, 8])

    def test_commands_are_read_or_else_programs_are_named(self):
        self.assertEqual((process_tree.command_of(6), process_tree.command_of(7)), ("python -m x", PYTHON))

    def test_consoles_and_what_has_ended_have_none(self):
        self.system.ended.append(6)
        self.assertEqual([process_tree.command_of(pid) for pid in (5, 6, 99)], [None] * 3)
        self.assertEqual(self.system.closed.count(6), 1)


class ThreadTest(WindowsCase):
    def test_what_a_thread_waits_for_is_cancelled_by_a_handle_that_is_closed(self):
        windows_processes.cancel_io(4)
        self.assertEqual((self.system.cancelled, self.system.closed), ([4], [4]))


class FolderTest(WindowsCase):
    def test_the_error_of_a_folder_has_the_text_of_the_system(self):
        with mock.patch.dict(vars(ctypes), FormatError=lambda _: "No folder.\r\n"):
            self.assertRegex(str(windows_processes.bad_folder()), "No folder$")


class TreeTest(WindowsCase):
    def tree(self) -> pipe_nursery._JobTree:
        return pipe_nursery._JobTree(types.SimpleNamespace(pid=4), "/tmp/hermetic-1")

    def test_what_a_worker_left_may_end_by_itself_for_a_moment_and_is_ended_then(self):
        tree = self.tree()
        with mock.patch.object(real, "perf_counter", side_effect=[10.0, 10.5, 11.5]):
            self.assertIsNone(tree.left())
            self.assertEqual(tree.left(), [PYTHON])
        self.assertEqual(self.system.processes, {})

    def test_a_worker_that_left_nothing_has_ended_at_once(self):
        tree = self.tree()
        self.system.processes.clear()
        self.assertEqual(tree.left(), [])

    def test_there_are_no_signals_but_requests(self):
        tree = self.tree()
        tree.signal("ABRT")
        self.assertEqual((self.system.asked, len(self.system.processes)), (1, 2))
        tree.signal("KILL")
        self.assertEqual((self.system.asked, len(self.system.processes)), (1, 0))
        tree.close()
        self.assertEqual(self.system.closed[-2:], [7, 8])


@hermetic.medium
class StackTest(hermetic.HermeticTestCase):
    def test_a_worker_writes_its_stacks_and_ends(self):
        code = """
            import types, time
            from hermetic._isolation import windows_processes
            system = types.SimpleNamespace(CreateEventW=lambda *_: 8, WaitForSingleObject=lambda *_: 0)
            windows_processes.kernel32 = lambda: system
            def hangs():
                windows_processes.StackRequest("hermetic-1").answer(2, 3)
                time.sleep(60)
            hangs()
        """
        with Folder(**{"script.py": code}) as folder:
            done = run_python("script.py", cwd=folder)
        self.assertEqual(done.returncode, 3)
        self.assertIn("in hangs", done.stderr)


class StatusTest(hermetic.HermeticTestCase):
    def test_exceptions_of_windows_have_names(self):
        self.assertEqual(process_tree.status_text(0xC0000005), "access violation (exit status 0xc0000005)")
        self.assertEqual(process_tree.status_text(5), "exit status 5")

    def test_a_crash_after_the_tests_has_the_same_name(self):
        text = worker_link._end_text(0xC0000005, [], expected=True)
        self.assertTrue(text.endswith("its process ended with access violation (exit status 0xc0000005)"), text)


class FileDescriptorTest(hermetic.HermeticTestCase):
    def test_those_of_a_worker_are_high_where_the_system_cannot_find_a_free_one(self):
        with mock.patch.object(features, "WINDOWS", new=True):
            first, second = (worker_process.moved_away(os.open(os.devnull, os.O_RDONLY)) for _ in range(2))
        for fd in (first, second):
            self.assertFalse(os.get_inheritable(fd))
            os.close(fd)
        self.assertGreaterEqual(min(first, second), 300)
        self.assertNotEqual(first, second)


if __name__ == "__main__":
    unittest.main()

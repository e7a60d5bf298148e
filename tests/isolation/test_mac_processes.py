"""How macOS is asked about processes: its C functions are played by others, which keep to its documentation."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import types
import unittest
from unittest import mock

import hermetic
from hermetic._isolation import leak_probes, mac_processes, process_tree
from support import posix_only

CHILDREN = {7: [8, 9], 8: [10]}
STARTS = {8: (2, b"/bin/cat\0\0\0\0\0cat\0-\0TMPDIR=/private/tmp/x\0A=\0"), 9: (1, b"/bin/sh\0sh\0")}


class Library:
    """The functions of libproc.h and sysctl(3) that are called, as far as that."""

    def proc_listpids(self, kind: int, pid: int, buffer: object, size: int) -> int:
        assert kind == 6, "PROC_PPID_ONLY"
        found = CHILDREN.get(pid, [])
        if buffer is None:
            return 4 * len(found)
        assert isinstance(buffer, ctypes.Array)
        assert size == ctypes.sizeof(buffer)
        buffer[: len(found)] = found
        return 4 * len(found)

    def sysctl(self, name: object, length: int, old: object, old_size: object, *new: object) -> int:
        assert isinstance(name, ctypes.Array)
        assert isinstance(old, ctypes.Array)
        kernel, arguments, pid = name[:length]
        assert (kernel, arguments, *new) == (1, 49, None, 0), "CTL_KERN, KERN_PROCARGS2"
        if pid not in STARTS:
            return -1
        count, texts = STARTS[pid]
        data = count.to_bytes(4, "little") + texts
        ctypes.memmove(old, data, len(data))
        old_size._obj.value = len(data)  # type: ignore[attr-defined]  # of byref()
        return 0


@mock.patch.object(mac_processes, "_library", lambda: (ctypes, Library()))
@mock.patch.object(process_tree.features, "LINUX", False)
@mock.patch.object(process_tree.features, "WINDOWS", False)
class MacTest(hermetic.HermeticTestCase):
    def test_children_and_descendants(self) -> None:
        self.assertEqual(process_tree.children_of(7), [8, 9])
        self.assertEqual(process_tree.descendants_of(7), [8, 10, 9])
        self.assertEqual(process_tree.children_of(11), [])

    def test_commands(self) -> None:
        self.assertEqual(process_tree.command_of(8), "cat -")
        self.assertEqual(process_tree.command_of(9), "sh")
        self.assertIsNone(process_tree.command_of(10))

    @posix_only("sessions")
    def test_the_environment_tells_where_a_process_comes_from(self) -> None:
        with mock.patch.object(os, "getsid", {8: 5, 9: 4, 10: 4}.__getitem__):
            self.assertTrue(process_tree.comes_from(8, 4, "/private/tmp/x"))
            self.assertTrue(process_tree.comes_from(8, 5, "/elsewhere"))
            self.assertTrue(process_tree.comes_from(9, 4, "/elsewhere"))
            self.assertFalse(process_tree.comes_from(9, 5, "/private/tmp/x"))
            self.assertFalse(process_tree.comes_from(10, 4, "/private/tmp/x"))


class OpenFilesTest(hermetic.HermeticTestCase):
    def ask(self, fd: int, command: int, buffer: bytes) -> bytes:
        if fd != 4:
            raise OSError(9, "Bad file descriptor")  # as for sockets and pipes
        assert command == 50, "F_GETPATH"
        return b"/dev/urandom".ljust(len(buffer), b"\0")

    def test_their_paths_are_asked_for_where_the_folder_of_descriptors_has_no_links(self) -> None:
        with mock.patch.multiple(leak_probes, fcntl=types.SimpleNamespace(fcntl=self.ask), _GET_PATH=50):
            self.assertEqual([leak_probes.open_path(fd) for fd in (4, 5)], ["/dev/urandom", "unknown"])


@mock.patch.object(mac_processes, "_library", lambda: None)
class ElsewhereTest(hermetic.HermeticTestCase):
    def test_a_system_without_these_functions_tells_nothing(self) -> None:
        self.assertEqual(mac_processes.child_pids(os.getpid()), [])
        with self.assertRaises(ProcessLookupError):
            mac_processes.start_of(os.getpid())


@hermetic.medium
@unittest.skipUnless(sys.platform == "darwin", "it asks macOS itself")
class RealTest(unittest.TestCase):
    def test_a_child_is_known_with_its_command_and_environment(self) -> None:
        child = subprocess.Popen(["/bin/sleep", "60"], env={"TOLD": "by the parent"})
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertIn(child.pid, mac_processes.child_pids(os.getpid()))
        self.assertEqual(mac_processes.start_of(child.pid)[0], ["/bin/sleep", "60"])
        self.assertIn("TOLD=by the parent", mac_processes.start_of(child.pid)[1])


if __name__ == "__main__":
    unittest.main()


class OtherSystemsTest(hermetic.HermeticTestCase):
    def test_where_the_c_library_has_no_such_functions_or_cannot_be_loaded_no_children_are_known(self) -> None:
        for error in (TypeError, OSError, AttributeError):
            mac_processes._library.cache_clear()
            self.addCleanup(mac_processes._library.cache_clear)
            with self.subTest(error=error), mock.patch.object(ctypes, "CDLL", side_effect=error):
                self.assertEqual(mac_processes.child_pids(os.getpid()), [])

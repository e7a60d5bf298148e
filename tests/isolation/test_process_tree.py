"""Process trees: descendants, names, and exit statuses of processes."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import textwrap
import unittest
import unittest.mock

import hermetic
from hermetic._isolation import process_tree
from support import linux_only, run_python


class StatusTest(unittest.TestCase):
    def test_exit_codes_and_signals_are_named(self):
        texts = {0: "exit status 0", 3: "exit status 3", -signal.SIGTERM: "SIGTERM", -99: "signal 99"}
        for status, text in texts.items():
            self.assertEqual(process_tree.status_text(status), text)

    def test_helpers_of_multiprocessing_are_known_by_their_command(self):
        self.assertTrue(process_tree.is_helper("python -c from multiprocessing.resource_tracker import main;main(5)"))
        self.assertFalse(process_tree.is_helper("python -c import time"))

    def test_a_system_that_cannot_look_for_ended_children_may_have_some(self):
        with unittest.mock.patch.object(process_tree, "_waitid", None):  # as on macOS before Python 3.13
            self.assertTrue(process_tree.has_children())

    def test_windows_has_no_library_without_a_name_and_adopts_no_orphans(self):
        with unittest.mock.patch.object(ctypes, "CDLL", side_effect=TypeError):
            self.assertIsNone(process_tree._prctl.__wrapped__())

    def test_a_process_that_is_not_there_is_signalled_to_no_effect(self):
        nobody = 2**22 + 1  # above the largest number that Linux gives
        process_tree.send(nobody, signal.SIGTERM)
        self.assertIsNone(process_tree.command_of(nobody))
        self.assertEqual(process_tree.children_of(nobody), [])


@hermetic.medium
@linux_only("a list of the children of each process")
class ChildrenTest(unittest.TestCase):
    def start(self, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        if command[0] == "cat":
            process.stdin.write(b"-")
            process.stdin.flush()
            process.stdout.read(1)  # only now it is sure to be what it was started as
        return process

    def test_children_are_listed_with_their_commands(self):
        process = self.start("cat", "-", "/dev/null")
        self.assertIn(process.pid, process_tree.children_of(os.getpid()))
        self.assertEqual(process_tree.living_children()[process.pid], "cat - /dev/null")

    def test_the_children_of_the_only_thread_are_those_of_the_process(self):
        script = """
            import os, subprocess
            from hermetic._isolation import process_tree as processes
            process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
            print(processes.children_of_thread() == processes.children_of(os.getpid()) == [process.pid])
            process.communicate()
            print(processes.children_of_thread())
        """
        self.assertEqual(run_python("-c", textwrap.dedent(script)).stdout, "True\n[]\n")

    def test_children_of_threads_are_children(self):
        script = """
            import subprocess, threading
            from hermetic._isolation import process_tree as processes
            go = threading.Event()
            def start():
                process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                process.stdin.write(b"-")
                process.stdin.flush()
                process.stdout.read(1)  # only now it is sure to be what it was started as
                print([*processes.living_children().values()])
                process.communicate()
            thread = threading.Thread(target=start)
            thread.start()
            thread.join()
        """
        self.assertEqual(run_python("-c", textwrap.dedent(script)).stdout, "['cat']\n")

    def test_a_long_command_is_cut(self):
        process = self.start("cat", "-", *["/dev/null"] * 5000)
        self.assertLess(len(process_tree.command_of(process.pid)), 300)

    def test_one_that_has_ended_and_was_not_waited_for_does_not_live(self):
        process = self.start("true")
        process.stdout.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        self.assertTrue(process_tree.has_children())
        self.assertIn(process.pid, process_tree.children_of(os.getpid()))
        self.assertNotIn(process.pid, process_tree.living_children())

    def test_only_one_without_memory_that_has_not_ended_is_about_to(self):
        ended = self.start(sys.executable, "-c", "pass")
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        self.assertEqual([process_tree.is_ending(pid) for pid in (os.getpid(), ended.pid, 2**22 + 1)], [False] * 3)

    def test_groups_are_signalled_as_one(self):
        process = subprocess.Popen(["sh", "-c", "sleep 30 & wait"], start_new_session=True)
        process_tree.send_group(process.pid, signal.SIGKILL)
        self.assertEqual(process.wait(30), -signal.SIGKILL)

    def test_orphans_come_to_who_has_adopted_them(self):
        script = """
            import os, time
            from hermetic._isolation import process_tree as processes
            print(processes.has_children())
            processes.adopt_orphans()
            read, write = os.pipe()
            if os.fork() == 0:
                if os.fork() == 0:
                    os.setsid()
                    os.write(write, b"%d" % os.getpid())
                    time.sleep(30)
                os._exit(0)
            os.wait()
            orphan = int(os.read(read, 20))
            print(orphan in processes.living_children(), processes.children_of(os.getpid()) == [orphan])
            processes.send(orphan, 9)
            print(processes.status_text(os.waitstatus_to_exitcode(os.waitpid(orphan, 0)[1])), processes.has_children())
        """
        shown = run_python("-c", textwrap.dedent(script))
        self.assertEqual((shown.stderr, shown.stdout), ("", "False\nTrue True\nSIGKILL False\n"))

    def test_a_process_dies_with_its_parent(self):
        script = """
            import os, time
            from hermetic._isolation import process_tree as processes
            processes.adopt_orphans()
            read, write = os.pipe()
            if os.fork() == 0:
                if os.fork() == 0:
                    processes.die_with_parent(9)
                    os.write(write, b"%d" % os.getpid())
                    time.sleep(30)
                time.sleep(30)
            orphan = int(os.read(read, 20))
            parent = processes.children_of(os.getpid())[0]
            processes.send(parent, 9)
            print(sorted([os.wait()[0], os.wait()[0]]) == sorted([parent, orphan]))
        """
        shown = run_python("-c", textwrap.dedent(script))
        self.assertEqual((shown.stderr, shown.stdout), ("", "True\n"))


if __name__ == "__main__":
    unittest.main()

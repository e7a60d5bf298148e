"""subprocess and asyncio start children and wait for them through the names that the double replaces."""

from __future__ import annotations

import asyncio
import asyncio.base_subprocess
import inspect
import json
import multiprocessing
import os
import selectors
import subprocess
import time
from unittest import mock

import hermetic
import support
from hermetic._base import features
from hermetic._stdlib import subprocess_internals


class ProcessTest(hermetic.HermeticTestCase):
    def test_a_process_of_multiprocessing_keeps_its_target_until_it_starts(self):
        self.assertIs(subprocess_internals.process_target(multiprocessing.Process(target=print)), print)
        self.assertIsNone(subprocess_internals.process_target(multiprocessing.Process()))


class SubprocessDoubleTest(hermetic.HermeticTestCase):
    def parameters(self, function: object) -> list[str]:
        return list(inspect.signature(function).parameters)  # type: ignore[arg-type]

    def test_popen_starts_a_child_with_arguments_of_known_names(self):
        names = self.parameters(vars(subprocess.Popen)[subprocess_internals.POPEN_START])
        self.assertEqual(names[:3], ["self", "args", "executable"])
        pipes = ["p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite"]
        self.assertEqual([name for name in names if name in pipes], pipes)
        self.assertLessEqual({"cwd", "env", "shell"}, set(names))

    def test_popen_polls_and_waits_by_methods_of_its_own(self):
        self.assertEqual(
            self.parameters(vars(subprocess.Popen)[subprocess_internals.POPEN_POLL])[:2], ["self", "_deadstate"]
        )
        self.assertEqual(self.parameters(vars(subprocess.Popen)[subprocess_internals.POPEN_WAIT]), ["self", "timeout"])

    def test_popen_reads_the_time_and_selects_by_names_of_its_module(self):
        self.assertIs(vars(subprocess)[subprocess_internals.SUBPROCESS_CLOCK], time.monotonic)
        for function in (subprocess.Popen.communicate, subprocess.Popen.wait, subprocess.Popen._check_timeout):
            self.assertIn(subprocess_internals.SUBPROCESS_CLOCK, function.__code__.co_names)

    @support.posix_only("selectors of pipes")
    def test_popen_selects_by_a_name_of_its_module(self):
        self.assertTrue(issubclass(vars(subprocess)[subprocess_internals.SUBPROCESS_SELECTOR], selectors.BaseSelector))
        self.assertIn(subprocess_internals.SUBPROCESS_SELECTOR, subprocess.Popen._communicate.__code__.co_names)

    def test_popen_communicates_by_a_method_of_its_own(self):
        names = self.parameters(vars(subprocess.Popen)[subprocess_internals.POPEN_COMMUNICATE])
        self.assertEqual(names, ["self", "input", "endtime", "orig_timeout"])

    @support.posix_only("descriptors for its programs")
    def test_a_popen_whose_child_was_started_has_its_number_and_no_end_of_the_childs(self):
        popen = subprocess.Popen.__new__(subprocess.Popen)
        popen.returncode = None
        self.addCleanup(setattr, popen, "_child_created", False)
        (read, write), keep = os.pipe(), os.dup(1)
        self.addCleanup(os.close, read)
        subprocess_internals.child_was_started(popen, 5, [-1, -1, read, write, -1, keep])
        self.addCleanup(os.close, keep)  # with no pipe of the parent's, it is the caller's own
        self.assertEqual((popen.pid, popen._child_created), (5, True))
        with self.assertRaises(OSError):
            os.fstat(write)

    def test_asyncio_starts_a_process_by_a_method_of_its_loop(self):
        loop = subprocess_internals.event_loop()
        names = self.parameters(vars(loop)[subprocess_internals.ASYNCIO_START])
        self.assertEqual(names[:8], ["self", "protocol", "args", "shell", "stdin", "stdout", "stderr", "bufsize"])
        self.assertTrue(issubclass(asyncio.ProactorEventLoop if features.WINDOWS else asyncio.SelectorEventLoop, loop))  # type: ignore[attr-defined,unused-ignore]
        self.assertEqual(loop.__module__, subprocess_internals.ASYNCIO_LOOPS)

    def test_asyncio_makes_popen_objects_that_are_those_of_subprocess(self):
        self.assertTrue(issubclass(subprocess_internals.asyncio_popen(), subprocess.Popen))

    def test_a_loop_awaits_the_file_that_wakes_it_and_no_other(self):
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        loop.run_until_complete(asyncio.sleep(0))
        self.assertEqual(len(subprocess_internals.awaited_files(subprocess_internals.selector_of_loop(loop))), 1)

    def test_an_event_loop_waits_on_a_selector_by_its_own_clock(self):
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        selector = subprocess_internals.selector_of_loop(loop)
        self.assertEqual(len(selector.get_map()), 1)  # what wakes the loop
        calls = []
        with (
            mock.patch.object(selector, "select", lambda timeout: calls.append("select") or []),
            mock.patch.object(loop, "time", lambda: calls.append("time") or 0.0),
        ):
            loop.call_soon(loop.stop)
            loop.run_forever()
        self.assertEqual(calls[0], "select")
        self.assertIn("time", calls)

    def test_a_transport_is_told_of_the_end_of_its_process(self):
        names = self.parameters(asyncio.base_subprocess.BaseSubprocessTransport._process_exited)
        self.assertEqual(names, ["self", "returncode"])
        self.assertEqual(self.parameters(asyncio.base_subprocess.BaseSubprocessTransport._wait), ["self"])


@hermetic.medium
class InterpreterFlagsTest(hermetic.HermeticTestCase):
    def run_code(self, code: str, *flags: str) -> str:
        done = support.run_python(*flags, "-c", f"from hermetic._stdlib import subprocess_internals\n{code}")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_subprocess_knows_the_options_of_this_interpreter(self):
        flags = ("-O", "-B", "-W", "error::UserWarning", "-X", "utf8")
        shown = json.loads(
            self.run_code("import json\nprint(json.dumps(subprocess_internals.interpreter_flags()))\n", *flags)
        )
        for flag in ("-O", "-B", "-Werror::UserWarning"):
            self.assertIn(flag, shown)
        self.assertIn("utf8", " ".join(shown))

"""No test begins after the failure that ends a run, or after Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import unittest

import support
from hermetic import medium
from support import TIMEOUT, Folder, not_inherited, package_folder, run_hermetic

setUpModule = support.some_pythons_do

_RAN = "open('ran', 'w').close()"
_ENDS = {  # of a run that fails fast
    "failure": "self.fail()",
    "error": "raise ValueError",
    "subtest": "with self.subTest(): self.fail()",
    "crash": "os.kill(os.getpid(), 9)",
    "exit": "os._exit(0)",
}
_GROUP = """
    import os, unittest
    from hermetic import isolated

    @isolated("group")
    class ATest(unittest.TestCase):
        def test_1(self):
            {}

        def test_2(self):
            open("ran", "w").close()

    @isolated("group")
    class BTest(unittest.TestCase):
        def test_3(self):
            open("ran", "w").close()
"""
_OPTIONS = ((), ("-j", "2"), ("--isolated",), ("-j", "2", "--isolated"))


@medium
class FailFastTest(unittest.TestCase):
    def assert_stops(self, text, *arguments):
        with Folder(**{"test_sample.py": text}) as folder:
            run = run_hermetic("-f", *arguments, "test_sample", cwd=folder)
            self.assertFalse(os.path.exists(os.path.join(folder, "ran")), run.stderr)
        self.assertEqual(1, run.returncode, run.stderr)
        self.assertNotIn("its worker has said nothing", run.stderr)

    def test_in_a_group_of_isolated_tests(self):
        for body in _ENDS.values():
            for arguments in _OPTIONS:
                with self.subTest(body=body, arguments=arguments):
                    self.assert_stops(_GROUP.format(body), *arguments)

    def test_in_a_class(self):
        text = _GROUP.replace('@isolated("group")', "").replace("isolated", "small")
        for end in ("failure", "error", "subtest"):
            for arguments in _OPTIONS[:3]:
                with self.subTest(end=end, arguments=arguments):
                    self.assert_stops(text.format(_ENDS[end]).partition("    class BTest")[0], *arguments)

    def test_in_a_fixture_of_a_class(self):
        text = _GROUP.format(_RAN).replace("test_1(self)", "setUpClass(cls)").replace(_RAN, "raise ValueError", 1)
        text = text.replace("        def setUpClass", "        @classmethod\n        def setUpClass")
        for arguments in _OPTIONS:
            with self.subTest(arguments=arguments):
                self.assert_stops(text, *arguments)

    def test_while_an_earlier_test_is_still_running(self):
        text = """
            import os, time, unittest

            class ATest(unittest.TestCase):
                def test_is_slow(self):
                    while not os.path.exists("failed"):
                        time.sleep(0.01)
                    time.sleep(1)

            class BTest(unittest.TestCase):
                def test_fails(self):
                    open("failed", "w").close()
                    self.fail()

            class CTest(unittest.TestCase):
                def test_comes_later(self):
                    open("ran", "w").close()

            class DTest(CTest):
                pass
        """
        self.assert_stops(text, "-j", "2")


@medium
@support.posix_only("such signals")
class CtrlCTest(unittest.TestCase):
    TESTS = """
        import os, time, unittest

        class ATest(unittest.TestCase):
            def test_a(self):
                time.sleep(0.2)

        class BTest(unittest.TestCase):
            def test_b(self):
                time.sleep(0.2)

        class XTest(unittest.TestCase):
            def test_x(self):
                open("started", "w").close()
                time.sleep(1.5)

        class YTest(unittest.TestCase):
            def test_y(self):
                time.sleep(1.5)
    """

    def interrupted(self, folder, *arguments, times=1):
        """The exit status and the output of a run that is sent SIGINT once its long tests have begun."""
        env = {**os.environ, "PYTHONPATH": package_folder()}
        command = [sys.executable, "-m", "hermetic", "-v", *arguments, "test_sample"]
        with not_inherited():
            run = subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True)
        self.addCleanup(run.stderr.close)
        self.addCleanup(run.kill)
        while not os.path.exists(os.path.join(folder, "started")):
            self.assertIsNone(run.poll())
            time.sleep(0.02)
        for _ in range(times):
            time.sleep(0.2)
            run.send_signal(signal.SIGINT)
        return run.communicate(timeout=TIMEOUT)[1], run.returncode

    def test_where_the_history_has_long_tests_begin_first(self):
        with Folder(**{"test_sample.py": self.TESTS}) as folder:
            run_hermetic("-j", "2", "test_sample", cwd=folder)
            os.unlink(os.path.join(folder, "started"))
            text, status = self.interrupted(folder, "-c", "-j", "2")
        self.assertEqual(130, status, text)
        self.assertRegex(text, r"The run ended early: Ctrl-C, after \d of 4 tests")
        self.assertNotIn("ERROR", text)

    def test_twice(self):
        tests = "import time, unittest\n" + "".join(
            f"class {name}Test(unittest.TestCase):\n    def test_it(self):\n        {body}\n        time.sleep(3)\n"
            for name, body in (("A", "open('started', 'w').close()"), ("B", ""), ("C", "open('ran', 'w').close()"))
        )
        for arguments in (("-c", "-j", "2"), ("-c", "-j", "2", "--isolated"), ("-c",)):
            with self.subTest(arguments=arguments), Folder(**{"test_sample.py": tests}) as folder:
                text, status = self.interrupted(folder, *arguments, times=2)
                self.assertEqual(130, status, text)
                self.assertFalse(os.path.exists(os.path.join(folder, "ran")))
                self.assertIn("The run ended early: Ctrl-C, after ", text)


if __name__ == "__main__":
    unittest.main()

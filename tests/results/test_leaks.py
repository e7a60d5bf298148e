"""``--detect-leaks``: what tests change or leave in the process of the run."""

from __future__ import annotations

import os
import re
import unittest

import hermetic
from support import Folder, run_hermetic

LEAKY = """
    import asyncio, multiprocessing, os, sys, tempfile, threading, unittest

    class Leaky(unittest.TestCase):
        def test_changes_the_environment(self):
            os.environ["LEFT_OVER"] = "1"
        def test_leaves_a_file(self):
            fd, self.path = tempfile.mkstemp(prefix="left-over-")
            os.close(fd)
        def test_leaves_a_thread(self):
            threading.Thread(target=threading.Event().wait, args=(3,), name="left over", daemon=True).start()
        def test_leaves_a_descriptor_and_fails(self):
            os.dup(1)
            self.fail("in the end")

    class Tidy(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            os.environ["OF_THE_CLASS"] = "1"
        @classmethod
        def tearDownClass(cls):
            del os.environ["OF_THE_CLASS"]
        def setUp(self):
            self.folder = tempfile.TemporaryDirectory()
            self.addCleanup(self.folder.cleanup)
        def test_passes(self):
            os.environ["PASSING"] = "2"
            self.addCleanup(os.environ.pop, "PASSING")
        def test_fails_with_an_open_file(self):
            file = open(os.devnull)
            self.fail("in the end")
        def test_helpers_of_multiprocessing(self):
            process = multiprocessing.get_context("spawn").Process(target=abs, args=(1,))
            process.start()
            process.join()
            with multiprocessing.get_context("spawn").Manager() as manager:
                manager.list()

    class TidyAsync(unittest.IsolatedAsyncioTestCase):
        async def test_passes(self):
            await asyncio.to_thread(abs, 1)
            self.task = asyncio.create_task(asyncio.sleep(60))
"""

EXPECTED = {
    "test_changes_the_environment": "environment variable added: LEFT_OVER",
    "test_leaves_a_file": "temporary file left: ",
    "test_leaves_a_thread": "thread left running: left over",
    "test_leaves_a_descriptor_and_fails": "open file descriptor left: ",
}


def reported(shown: str) -> dict[str, str]:
    """What was said of tests, by their names."""
    return dict(re.findall(r"\[H007\] test test_leaky\.\w+\.(\w+) leaked state: (.*)", shown))


@hermetic.medium
class DetectLeaksTest(unittest.TestCase):
    def run_leaky(self, *arguments: str, **env: str) -> str:
        with Folder(**{"test_leaky.py": LEAKY, "tmp/README": ""}) as folder:
            env = {"TMPDIR": os.path.join(folder, "tmp"), "PYTHONWARNINGS": "ignore::ResourceWarning", **env}
            return run_hermetic(*arguments, "test_leaky", cwd=folder, env=env).stderr

    def test_what_leaks_is_named_and_what_is_tidy_is_not(self):
        found = reported(self.run_leaky("--detect-leaks"))
        self.assertEqual({name: text[: len(EXPECTED.get(name, ""))] for name, text in found.items()}, EXPECTED)

    def test_nothing_is_said_unless_it_is_asked_for(self):
        self.assertEqual(reported(self.run_leaky()), {})

    def test_as_errors_they_stand_beside_the_verdicts(self):
        shown = self.run_leaky("--detect-leaks", "-v", HERMETIC_LEAKS="error")
        self.assertEqual(sorted(reported(shown)), sorted(EXPECTED))
        self.assertIn(f"FAILED (failures=2, errors={len(EXPECTED)})", shown)

    def test_of_isolated_tests_it_is_said_although_their_output_is_buffered(self):
        shown = self.run_leaky("-b", "--isolated", "-k", "environment")
        self.assertEqual(shown.count("leaked state: environment variable added"), 1)
        self.assertIn("\nOK", shown)


if __name__ == "__main__":
    unittest.main()

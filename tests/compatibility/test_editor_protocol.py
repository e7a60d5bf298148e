"""The unittest runners of editors work with marked tests: discovery with lines, runs by name, results over a socket."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import unittest

from hermetic import medium
from support import Folder, posix_only, run_python

SUITE = """
    import os, subprocess, sys, unittest
    import hermetic

    class SmallTest(hermetic.HermeticTestCase):
        def test_first(self):
            pass

        def test_starts_a_process(self):
            subprocess.run([sys.executable, "-c", "pass"])

    class UnittestTest(unittest.TestCase):
        @hermetic.isolated
        def test_isolated(self):
            self.assertIn("HERMETIC_ISOLATED", os.environ)

        @hermetic.small
        def test_subtests(self):
            with self.subTest(number=1):
                pass
"""
# As VS Code's does it: the socket is opened when the first test, a small one, has its result.
RUNNER = """
    import functools, inspect, json, os, socket, sys, unittest

    @functools.cache
    def connected():
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(sys.argv[1])
        return connection

    def told(name):
        def add(self, test, *details):
            getattr(unittest.TextTestResult, name)(self, test, *details)
            subject = details[0] if name == "addSubTest" else test
            connected().sendall(json.dumps([subject.id(), name]).encode() + b"\\n")
        return add

    NAMES = ("addSuccess", "addError", "addFailure", "addSkip", "addSubTest")
    Result = type("Result", (unittest.TextTestResult,), {name: told(name) for name in NAMES})

    def cases(suite):
        for test in suite:
            yield from [test] if isinstance(test, unittest.TestCase) else cases(test)

    sys.path.insert(0, os.getcwd())
    found = list(cases(unittest.TestLoader().discover(".")))
    lines = {test.id(): inspect.getsourcelines(getattr(test, test._testMethodName))[1] for test in found}
    print(json.dumps(lines))
    unittest.TextTestRunner(resultclass=Result).run(unittest.TestLoader().loadTestsFromNames(list(lines)))
"""


@medium
@posix_only("Unix sockets")
class EditorProtocolTest(unittest.TestCase):
    def run_suite(self, folder: str) -> tuple[dict[str, int], list[list[str]]]:
        pipe = os.path.join(folder, "pipe")
        received: list[bytes] = []

        def receive() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as lines:
                received.extend(lines)

        with socket.socket(socket.AF_UNIX) as server:
            server.bind(pipe)
            server.listen()
            thread = threading.Thread(target=receive)
            thread.start()
            done = run_python("runner.py", pipe, cwd=folder)
            with socket.socket(socket.AF_UNIX) as another:  # should the runner not have connected
                another.connect(pipe)
            thread.join()
        self.assertRegex(done.stderr, r"(?m)^FAILED \(errors=1\)$")
        return json.loads(done.stdout), [json.loads(line) for line in received]

    def test_editor_sees_lines_and_results_of_marked_tests(self):
        with Folder(**{"test_shop.py": SUITE, "runner.py": RUNNER}) as folder:
            lines, results = self.run_suite(folder)
            with open(os.path.join(folder, "test_shop.py"), encoding="utf-8") as file:
                source = file.read().splitlines()
        for name, line in lines.items():
            with self.subTest(name=name):
                self.assertRegex("\n".join(source[line - 1 : line + 1]), rf"def {re.escape(name.split('.')[-1])}\(")
        self.assertEqual(
            [(name.rpartition("test_shop.")[2], what) for name, what in results],
            [
                ("SmallTest.test_first", "addSuccess"),
                ("SmallTest.test_starts_a_process", "addError"),
                ("UnittestTest.test_isolated", "addSuccess"),
                ("UnittestTest.test_subtests (number=1)", "addSubTest"),
                ("UnittestTest.test_subtests", "addSuccess"),
            ],
        )

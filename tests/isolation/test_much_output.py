"""The output of each test is reported with that test, however much its worker has printed before."""

from __future__ import annotations

import json
import os
import re

import hermetic
import support
from hermetic import medium
from support import Folder, run_hermetic

setUpModule = support.some_pythons_do

SAMPLE = """
    import os, subprocess, sys, threading, unittest
    import hermetic
    from hermetic._isolation import output
    from hermetic._protocol import framing as protocol

    # Workers are forked from this process, so that both sides have these limits.
    protocol.FULL_BYTES, output._MAX_FILE_BYTES = 100_000, 200_000
    output.HEAD_BYTES, output.TAIL_BYTES = 20_000, 2_000

    def write(fd, word, count=500):
        data = b"%s \\xff\\n" % word.encode() * count
        while data:
            data = data[os.write(fd, data):]

    class Base(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            write(1, "fixture", 50_000)

        tearDownClass = setUpClass

        def print_much(self):
            word = self.id().split(".", 1)[1]
            thread = threading.Thread(target=write, args=(2, word, 40_000 if word.endswith("5") else 500))
            thread.start()
            code = f"import os; os.write(1, b'{word} ' * 50)"
            if word.endswith("7"):
                subprocess.run([sys.executable, "-c", code], check=True)
            write(1, word, 6_000 if word.endswith("3") else 500)
            thread.join()
            with self.subTest(word=word):
                self.assertTrue(word)
            print(word)
            print(word, file=sys.stderr)

    for number in range(8 if os.name == "nt" else 24):  # each has a process, which starts slowly there
        setattr(Base, f"test_{number:02}", Base.print_much)

    class A(Base): pass
    class B(Base): pass

    @hermetic.isolated("group")
    class C(Base): pass
    del Base
"""


@medium
class OwnOutputTest(hermetic.HermeticTestCase):
    def reported(self, *arguments):
        with Folder(**{"test_much.py": SAMPLE}) as folder:
            done = run_hermetic(*arguments, "--json", "report.json", "test_much", cwd=folder)
            self.assertEqual(done.returncode, 0, done.stderr[-2000:])
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                return json.load(file)["tests"]

    def test_every_test_has_the_beginning_and_the_end_of_what_it_printed_and_nothing_else(self):
        for way in (("-j", "2"), ("-j", "3", "--isolated"), ("--isolated",)):
            for test in self.reported(*way):
                word = test["id"].split(".", 1)[1]
                for stream in ("stdout", "stderr"):
                    with self.subTest(way=way, word=word, stream=stream):
                        self.check(test[stream], word, is_cut=word.endswith("3" if stream == "stdout" else "5"))

    def check(self, text, word, *, is_cut):
        words = set(re.sub(r"\n\[\.\.\. \d+ bytes left out \.\.\.\]\n", "|", text).split())
        if is_cut:
            self.assertEqual(text.count("bytes left out"), 1)
            self.assertIn(len(words), (2, 3, 4))  # words may be cut in two
            self.assertLess(len(text), 30_000)
        else:
            self.assertEqual(words, {word, r"\xff"})
            self.assertGreaterEqual(text.count(word), 501)
        self.assertTrue(text.startswith(f"{word} "), text[:50])
        self.assertTrue(text.endswith(f"{word}\n") or word.endswith("5"), text[-50:])

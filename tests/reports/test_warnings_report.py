"""Warnings are shown as unittest shows them, even if they are also reported."""

from __future__ import annotations

import json
import os
import re
import sys

import hermetic
import support
from hermetic import medium
from support import Folder, run_hermetic

setUpModule = support.some_pythons_do

SAMPLE = """
    import asyncio, unittest, warnings

    class LeakTest(unittest.TestCase):
        def test_leak(self):
            file = open(__file__)
            del file

        def test_warn(self):
            warnings.warn("plain", stacklevel=1)

        def test_source(self):
            warnings.warn("with a source", UserWarning, source=Source())

        def test_line(self):
            warnings.showwarning("shown", UserWarning, "nowhere.py", 3, line="its own line")

        def test_recorded(self):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                file = open(__file__)
                del file
            self.assertEqual(len(caught), 1)
            self.assertIsNotNone(caught[0].source)

        def test_replaced(self):
            with warnings.catch_warnings():
                warnings.showwarning = lambda *args, **kwargs: self.seen.append(args)
                self.seen = []
                warnings.warn("for the test alone", stacklevel=1)
            self.assertEqual(len(self.seen), 1)

    class Source:
        pass

    class OtherTest(unittest.TestCase):
        def test_other(self):
            pass
"""
WAYS = (
    ("--json", "r.json"), ("--junit-xml", "r.xml"), ("-j", "2"), ("--isolated",), ("-j", "2", "--json", "r.json"),
    ("--isolated", "--isolated-start", "fresh", "--json", "r.json"),
)  # fmt: skip


@medium
class ShownWarningsTest(hermetic.HermeticTestCase):
    def shown(self, *arguments, **env):
        """The lines of the warnings."""
        with Folder(**{"test_leak.py": SAMPLE}) as folder:
            done = run_hermetic(*arguments, "test_leak", cwd=folder, env=env)
            if "r.json" in arguments:
                with open(os.path.join(folder, "r.json"), encoding="utf-8") as file:
                    self.check(json.load(file)["tests"])
        self.assertEqual(done.returncode, 0, done.stderr)
        text = re.sub(r"^\.+", "", done.stderr.replace(folder, ""), flags=re.MULTILINE).partition("-" * 70)[0]
        return sorted(re.sub(r"<_io.TextIOWrapper.*>", "", line) for line in text.splitlines() if line)

    def check(self, tests):
        found = {test["name"]: [warning["category"] for warning in test["warnings"]] for test in tests}
        self.assertEqual(found.pop("test_leak"), ["ResourceWarning"])
        self.assertEqual([found.pop(name) for name in ("test_recorded", "test_replaced", "test_other")], [[]] * 3)
        self.assertEqual(set(map(tuple, found.values())), {("UserWarning",)})

    @support.not_measured
    def test_where_the_source_of_a_warning_was_allocated_is_shown_in_every_kind_of_run(self):
        plain = self.shown(PYTHONTRACEMALLOC="5")
        traced = 1 if sys.version_info[:2] == (3, 11) else 2  # 3.11 does not find where instances were allocated
        self.assertEqual(plain.count("Object allocated at (most recent call last):"), traced, plain)
        for way in WAYS:
            with self.subTest(way=way):
                shown = self.shown(*way, PYTHONTRACEMALLOC="5")
                self.assertEqual(self.without_frames_around(shown), self.without_frames_around(plain))

    def without_frames_around(self, lines):
        """Without the frames that are not of the test, of which there are others in a worker."""
        return [line for line in lines if "test_leak.py" in line or not line.startswith("  ")]

    def test_without_tracing_the_hint_is_shown_in_every_kind_of_run(self):
        plain = self.shown()
        self.assertIn("ResourceWarning: Enable tracemalloc to get the object allocation traceback", plain)
        for way in WAYS[:1] + WAYS[4:5]:
            with self.subTest(way=way):
                self.assertEqual(self.shown(*way), plain)

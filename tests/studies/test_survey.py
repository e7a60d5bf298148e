"""``--survey`` reports what tests use, the sizes that fit, and the decorators to add."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import unittest

import hermetic
import support
from hermetic._base import features
from hermetic._studies import survey
from hermetic._studies.suggestions import Observed, ProposedMark

setUpModule = support.some_pythons_do

SUITE = """
    import os, socket, subprocess, time, unittest
    from django_like import Base

    class Uniform(unittest.TestCase):
        def test_a(self): pass
        def test_b(self): time.sleep(0.001)

    class Mixed(unittest.TestCase):
        def test_small(self): open("setup.cfg").close()

        # starts a program
        @unittest.expectedFailure
        def test_medium(self):
            os.system("echo " + "x" * 100 + " >" + os.devnull)
            self.fail()

        def test_large(self):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                try: sock.connect(("203.0.113.7", 9))
                except OSError: pass

        @unittest.skip("not today")
        def test_skipped(self): pass
        def test_failing(self): self.fail()
        def test_subtests(self):
            for number in range(2):
                with self.subTest(number=number): os.system("exit 0")

    class Fixture(unittest.TestCase):
        @classmethod
        def setUpClass(cls): os.system("exit 1")
        def test_a(self): pass
        def test_b(self): pass

    class First(Base, unittest.TestCase):
        def use(self): pass

    class Second(Base, unittest.TestCase):
        def use(self): os.system("exit 2")

    class Generated(unittest.TestCase):
        def test_own(self): os.system("exit 3")
    for number in range(2):
        setattr(Generated, f"test_{number}", lambda self: None)

    class Odd(Generated):
        test_own = None
        @unittest.skip("never")
        def test_skipped(self): pass

    Made = type("Made", (unittest.TestCase,), {"test_a": lambda self: None})

    def load_tests(loader, tests, pattern):
        tests.addTest(unittest.FunctionTestCase(lambda: None, description="a function"))
        return tests
"""
BASE = """
    class Base:
        def test_shared(self):
            self.use()
        def test_plain(self):
            pass
"""
SIZED = """
    from hermetic import HermeticTestCase, isolated, large, medium, small
    import subprocess, sys
    class Sized(HermeticTestCase):
        def test_fits(self): pass
        def test_default_is_too_small(self): subprocess.run([sys.executable, "-c", "open('setup.cfg').close()"])
        @small
        def test_mark_is_too_small(self): subprocess.run([sys.executable, "-c", ""])
        @large
        def test_mark_is_too_large(self): pass
    @isolated
    class Isolated(HermeticTestCase):
        def test_a(self): subprocess.run([sys.executable, "-c", ""])
"""
FILES = {"test_x.py": SUITE, "django_like.py": BASE, "test_sized.py": SIZED, "setup.cfg": "[metadata]\n"}


def stable(text: str) -> str:
    """What is printed, without seconds."""
    return re.sub(r"\d+\.\d\d s", "0.00 s", text)


@hermetic.medium
class SurveyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = support.Folder(**FILES)
        cls.folder = folder.__enter__()
        cls.addClassCleanup(folder.__exit__)
        done = support.run_hermetic("discover", "--survey", cwd=cls.folder)
        cls.out, cls.err = stable(done.stdout), done.stderr

    def test_it_begins_with_a_summary(self) -> None:
        expected = [
            "Survey of 27 tests",
            "  sizes: 14 small (58 %), 9 medium (37 %), 1 large (4 %), 3 without a size",
            "  marks to add: 13 in 3 files, for 17 tests",
            "  not observed to the end, left as they are: 3",
            "  larger than needed, left as they are: 1",
            "  to be marked by hand: 5",
            "",
        ]
        self.assertEqual(self.out.splitlines()[: len(expected)], expected)

    def test_every_mark_has_its_size_and_what_its_tests_used(self) -> None:
        for mark, name, used in (
            ("small", "class Uniform: 2 tests", "sleep: 0.001 s"),
            ("small", "test_small", "files: setup.cfg"),
            ("large", "test_large", "hosts: 203.0.113.7:9"),
            ("medium", "test_subtests", "commands: exit 0"),
            ("medium", "test_medium", f"commands: echo {'x' * 55}..."),
            ("medium", "class Isolated: 1 test", "commands: .*"),
            ("medium", "test_default_is_too_small", "commands: .*; files: setup.cfg"),
        ):
            with self.subTest(name):
                self.assertRegex(self.out, rf"\n +@{mark} +{name} +0.00 s  {used}\n")

    def test_marks_are_grouped_by_file_and_class(self) -> None:
        marks = self.out[: self.out.index("\nNot observed")]
        self.assertNotIn("test_fits", marks)
        places = re.findall(r"^(\S+\.py|  class \w+)$", marks, re.MULTILINE)
        self.assertEqual(
            places,
            [
                "django_like.py",
                "  class Base",
                "test_sized.py",
                "  class Sized",
                "test_x.py",
                "  class Mixed",
                "  class Generated",
            ],
        )

    def test_fixtures_count_for_the_tests_of_their_class(self) -> None:
        self.assertRegex(self.out, r"@medium  class Fixture: 2 tests .*exit 1\n")

    def test_the_run_is_as_ever(self) -> None:
        self.assertIn("FAILED (failures=1, skipped=2, expected failures=1)", self.err)
        self.assertNotIn("violation", self.err)
        self.assertNotIn("Warning", self.err)

    def test_what_is_not_known_or_cannot_be_edited_is_named(self) -> None:
        for line in (
            "  test_x.Mixed.test_skipped: skipped: not today\n",
            "  test_x.Mixed.test_failing: failed\n",
            "  test_sized.Sized.test_mark_is_too_large is @large, and fits @small\n",
            "  test_sized.Sized.test_mark_is_too_small fits @medium, but is marked @small: change that mark\n",
            "  class test_x.Made fits @small, but is not written in test_x.py: mark what creates it\n",
            "  test_x.Odd.test_0 fits @small, but is not written as test_0 in test_x.py: mark what creates it\n",
            "  class unittest.case.FunctionTestCase fits @small, but is not defined in a file of this project\n",
        ):
            self.assertIn(line, self.out)

    @unittest.skipUnless(shutil.which("patch"), "there is no program patch")
    def test_the_diff_can_be_applied_and_is_what_is_applied(self) -> None:
        diff = self.out[self.out.index("--- a/") :]
        with support.Folder(**FILES) as by_hand, support.Folder(**FILES) as edited:
            done = subprocess.run(["patch", "-p1"], cwd=by_hand, input=diff, text=True, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stdout)
            os.chmod(os.path.join(edited, "test_x.py"), 0o640)
            mode = os.stat(os.path.join(edited, "test_x.py")).st_mode
            done = support.run_hermetic("discover", "--survey-apply", cwd=edited)
            self.assertIn("\ndjango_like.py edited\ntest_sized.py edited\ntest_x.py edited\n", done.stdout)
            for name in FILES:
                with open(os.path.join(by_hand, name)) as one, open(os.path.join(edited, name)) as other:
                    self.assertEqual(one.read(), other.read())
            self.assertEqual(os.stat(os.path.join(edited, "test_x.py")).st_mode, mode)
            self.check_applied(edited)

    def check_applied(self, folder: str) -> None:
        """The suite runs as before, at its sizes, and there is nothing left to be added."""
        done = support.run_hermetic("discover", cwd=folder)
        self.assertIn(
            "violations: H003 subprocess: 1 in 1 test\n  test_sized.Sized.test_mark_is_too_small", done.stderr
        )
        self.assertIn("FAILED (failures=1, errors=1, skipped=2, expected failures=1)", done.stderr)
        self.assertTrue(
            support.run_hermetic("discover", "--survey", cwd=folder).stdout.endswith("No decorator is missing.\n")
        )

    def test_other_ways_to_run_tell_the_same(self) -> None:
        doubt = r"\d+ tests ran in the same process as .*\n.*\n.*\n\n"
        whole = ("discover",)
        # On Windows, processes start slowly, and find no function without a name.
        chosen = ("test_x.Mixed", "test_x.Fixture") if features.WINDOWS else whole
        expected = self.out if chosen == whole else self.surveyed(*chosen)
        for arguments, out in (
            ((*whole, "-j", "2"), self.out),
            ((*chosen, "--isolated"), re.sub(doubt, "", expected)),
        ):
            with self.subTest(arguments):
                self.assertEqual(self.surveyed(*arguments), out)

    def surveyed(self, *arguments: str) -> str:
        return stable(support.run_hermetic("--survey", *arguments, cwd=self.folder).stdout)


class TimeTest(hermetic.HermeticTestCase):
    def observed(self, seconds: float) -> Observed:
        return Observed("test_x.T.test_a", type(self), "test_a", hermetic.Size.MEDIUM, "", (), seconds)

    def test_a_test_close_to_its_limit_is_named_with_both(self) -> None:
        near = "test_x.T.test_a took 0.90 s; the limit of @small is 1 s"
        self.assertEqual([*survey._near_limit([self.observed(0.5), self.observed(0.9)])], [near])

    def test_a_mark_that_the_duration_asks_for_says_so(self) -> None:
        mark = ProposedMark(hermetic.Size.MEDIUM, "T", "test_a", [self.observed(0.9)])
        self.assertEqual(survey._time_note(mark), "time: more than 80 % of the limit of @small (1 s)")


CACHED = """
    import functools, socket

    @functools.cache
    def known(host): return bool(socket.getaddrinfo(host, 80))
"""
FIRST = """
    import unittest, cached

    class A(unittest.TestCase):
        def test_first(self): cached.known("localhost")
        def test_second(self): cached.known("localhost")
"""
THIRD = """
    import unittest, cached

    class B(unittest.TestCase):
        def test_third(self): cached.known("localhost")
"""


@hermetic.medium
class WhatRanBeforeTest(unittest.TestCase):
    def survey(self, *arguments: str, **files: str) -> str:
        with support.Folder(**{"cached.py": CACHED, "test_a.py": FIRST, "test_b.py": THIRD, **files}) as folder:
            return support.run_hermetic("discover", "--survey", *arguments, cwd=folder).stdout

    def assert_sizes(self, out: str, **sizes: str) -> None:
        marked = re.findall(r"^    @(\w+) +test_(\w+)|^  @(\w+) +class (\w+)", out, re.MULTILINE)
        self.assertEqual({name or cls: size or of_class for size, name, of_class, cls in marked}, sizes, out)

    def test_tests_after_one_that_needs_a_larger_size_are_counted(self) -> None:
        out = self.survey()
        self.assert_sizes(out, first="medium", second="small", B="small")
        self.assertIn("\n2 tests ran in the same process as an earlier import or test", out)
        self.assertIn("run --survey --isolated.", out)

    def test_one_is_a_test(self) -> None:
        out = self.survey("-k", "first", "-k", "third")
        self.assertIn("\n1 test ran in the same process", out)

    def test_where_all_fit_one_size_nothing_is_said(self) -> None:
        self.assertNotIn("in the same process", self.survey("-k", "first"))
        small = FIRST.replace("localhost", "127.0.0.1")
        self.assertNotIn("in the same process", self.survey(**{"test_a.py": small, "test_b.py": small}))

    def test_isolated_each_test_is_observed_alone(self) -> None:
        out = self.survey("--isolated")
        self.assert_sizes(out, A="medium", B="medium")
        self.assertNotIn("in the same process", out)

    def test_isolated_even_the_tests_of_a_group_are(self) -> None:
        grouped = f"{FIRST}\n    __hermetic__ = __import__('hermetic').isolated\n"
        self.assert_sizes(self.survey("-k", "A", **{"test_a.py": grouped}), first="medium", second="small")
        out = self.survey("--isolated", "-k", "A", **{"test_a.py": grouped})
        self.assert_sizes(out, A="medium")

    def test_the_import_of_another_module_counts_too(self) -> None:
        importing = {"test_a.py": 'import cached\ncached.known("localhost")\n'}
        self.assertIn("\n1 test ran in the same process as an earlier import", self.survey(**importing))
        self.assert_sizes(self.survey("--isolated", **importing), B="medium")


@hermetic.medium
class PlaceTest(unittest.TestCase):
    def marks(self, suite: str, *arguments: str) -> list[str]:
        """The lines that the diff adds, and those below them."""
        with support.Folder(
            **{"test_x.py": "import os, unittest\nimport hermetic\n" + support.textwrap.dedent(suite)}
        ) as folder:
            out = support.run_hermetic("discover", "--survey", *arguments, cwd=folder).stdout
        lines = out.splitlines()
        added = [number for number, line in enumerate(lines) if line.startswith(("+ ", "+@"))]
        return [f"{lines[number][1:].strip()} {lines[number + 1].strip()}" for number in added]

    def test_subclasses_of_what_is_marked_need_no_mark_of_the_same_size(self) -> None:
        suite = """
            class Base(unittest.TestCase):
                def test_a(self): pass
            class Same(Base):
                def test_b(self): pass
            class Other(Base):
                def setUp(self): os.system("exit 0")
        """
        self.assertEqual(
            self.marks(suite), ["@hermetic.small class Base(unittest.TestCase):", "@hermetic.medium class Other(Base):"]
        )

    def test_a_method_gets_the_largest_size_that_any_class_needs(self) -> None:
        suite = """
            class Mixin:
                def test_a(self): self.use()
                def test_b(self): pass
            class One(Mixin, unittest.TestCase):
                def use(self): os.system("exit 0")
            class Two(Mixin, unittest.TestCase):
                use = test_c = lambda self: None
                def test_c(self): os.system("exit 0")
        """
        found = self.marks(suite)
        self.assertEqual(
            found,
            [
                "@hermetic.medium def test_a(self): self.use()",
                "@hermetic.small def test_b(self): pass",
                '@hermetic.medium def test_c(self): os.system("exit 0")',
            ],
        )

    def test_fixtures_are_observed_in_fresh_processes_too(self) -> None:
        suite = """
            class Fixture(unittest.TestCase):
                @classmethod
                def setUpClass(cls): os.system("exit 0")
                def test_a(self): pass
        """
        found = self.marks(suite, "--isolated", "--isolated-start", "fresh")
        self.assertEqual(found, ["@hermetic.medium class Fixture(unittest.TestCase):"])

    def test_what_is_written_nowhere_has_the_size_of_its_class(self) -> None:
        suite = """
            class Generated(unittest.TestCase):
                def test_own(self): os.system("exit 0")
            setattr(Generated, "test_made", lambda self: None)
        """
        generated, own = "class Generated(unittest.TestCase):", 'def test_own(self): os.system("exit 0")'
        self.assertEqual(self.marks(suite), [f"@hermetic.small {generated}", f"@hermetic.medium {own}"])

    def test_a_default_size_is_a_size_that_tests_have(self) -> None:
        suite = """
            import time
            class Fits(unittest.TestCase):
                def test_a(self): pass
            class Mixed(unittest.TestCase):
                def test_b(self): pass
                def test_c(self): os.system("exit 0")
        """
        mixed = '@hermetic.medium def test_c(self): os.system("exit 0")'
        self.assertEqual(self.marks(suite, "--default-size", "small"), [mixed])
        fits, smaller = "@hermetic.small class Fits(unittest.TestCase):", "@hermetic.small def test_b(self): pass"
        self.assertEqual(self.marks(suite, "--default-size", "medium"), [fits, smaller])

    def test_time_makes_a_test_larger_and_what_is_forbidden_does(self) -> None:
        suite = """
            import time
            class Slow(unittest.TestCase):
                def test_a(self): time.sleep(1.05)
            class Reads(unittest.TestCase):
                def test_a(self): os.listdir()
        """
        slow, reads = "class Slow(unittest.TestCase):", "class Reads(unittest.TestCase):"
        self.assertEqual(self.marks(suite), [f"@hermetic.medium {slow}", f"@hermetic.small {reads}"])
        self.assertEqual(
            self.marks(suite, "--forbid", "filesystem"), [f"@hermetic.medium {slow}", f"@hermetic.medium {reads}"]
        )

"""A real Bazel runs targets with hermetic; it needs ``bazel`` (Debian's bazel-bootstrap), and no network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ET

import support
from hermetic import medium

# A rule of our own: those for Python come from elsewhere, and this one needs nothing but Bazel itself.
RULES = """
    def _python_test_impl(ctx):
        command = "#!/bin/sh\\nexec env PYTHONPATH='{}' '{}' {}\\n".format(
            ctx.attr.path, ctx.attr.python, ctx.file.src.short_path)
        ctx.actions.write(ctx.outputs.executable, command, is_executable = True)
        return [DefaultInfo(runfiles = ctx.runfiles([ctx.file.src]))]

    python_test = rule(
        implementation = _python_test_impl,
        test = True,
        attrs = {"src": attr.label(allow_single_file = True), "path": attr.string(), "python": attr.string()},
    )
"""
BUILD = """
    load(":rules.bzl", "python_test")

    filegroup(name = "none")

    [python_test(
        name = name,
        size = "small",
        src = "sample.py",
        path = "{path}",
        python = "{python}",
        shard_count = count,
    ) for name, count in [("sharded", 3), ("exits", 1), ("reaches", 1)]]
"""
SAMPLE = """
    import os, socket, unittest, warnings
    import hermetic

    class FirstTest(unittest.TestCase):
        def test_a(self):
            warnings.warn("prices are old")

        def test_b(self):
            if "exits" in os.environ["TEST_TARGET"]:
                os._exit(0)

        def test_c(self):
            if "reaches" in os.environ["TEST_TARGET"]:
                socket.create_connection(("127.0.0.1", 9))

    class SecondTest(FirstTest):
        @classmethod
        def setUpClass(cls):
            print("set up")

    if __name__ == "__main__":
        hermetic.main()
"""


@unittest.skipUnless(shutil.which("bazel"), "not installed: bazel")
@medium
class BazelTest(unittest.TestCase):
    """One run of Bazel for all tests: it takes seconds to start."""

    @classmethod
    def setUpClass(cls):
        probe = subprocess.run(support.in_network_namespace("true"), capture_output=True, text=True)
        if probe.returncode:  # it would look for updates
            raise unittest.SkipTest(f"no network namespace: {probe.stderr.strip()}")
        folder = support.Folder(**{"WORKSPACE": "", "rules.bzl": RULES, "sample.py": SAMPLE})
        cls.folder = folder.__enter__()
        cls.addClassCleanup(folder.__exit__)
        build = BUILD.replace("{path}", support.package_folder()).replace("{python}", sys.executable)
        support.write_files(cls.folder, {"BUILD": build})
        command = ["bazel", "--batch", f"--output_user_root={cls.folder}/root", "test", "//:all", "--keep_going"]
        options = ["--coverage_report_generator=//:none", "--coverage_support=//:none", "--test_output=all"]
        cls.done = subprocess.run(
            support.in_network_namespace(*command, *options),
            cwd=cls.folder, capture_output=True, text=True, timeout=2 * support.TIMEOUT,
        )  # fmt: skip
        if cls.done.returncode not in (0, 3):  # of another version, which wants to load rules from elsewhere
            raise unittest.SkipTest(f"this Bazel cannot build without a network: {cls.done.stderr[-300:]}")

    def read(self, target, name):
        with open(os.path.join(self.folder, "bazel-testlogs", target, name), encoding="utf-8") as file:
            return file.read()

    def shard_reports(self):
        return [ET.fromstring(self.read(f"sharded/shard_{number}_of_3", "test.xml")) for number in (1, 2, 3)]

    def test_targets_pass_and_fail_as_their_tests_do(self):
        found = dict(re.findall(r"^//:(\w+) +(PASSED|FAILED)", self.done.stdout, re.MULTILINE))
        self.assertEqual(self.done.returncode, 3, "tests have failed")
        self.assertEqual(found, {"sharded": "PASSED", "exits": "FAILED", "reaches": "FAILED"}, self.done.stderr)

    def test_each_test_is_in_one_shard_and_a_class_with_fixtures_in_one(self):
        parts = [[f"{case.get('classname')}.{case.get('name')}" for case in report.iter("testcase")]
                 for report in self.shard_reports()]  # fmt: skip
        expected = [f"__main__.{cls}.test_{letter}" for cls in ("FirstTest", "SecondTest") for letter in "abc"]
        self.assertEqual(sorted(name for part in parts for name in part), expected)
        self.assertEqual(sum(any("SecondTest" in name for name in part) for part in parts), 1)

    def test_reports_and_warnings_are_where_bazel_looks_for_them(self):
        self.assertEqual({report.get("name") for report in self.shard_reports()}, {"hermetic"})
        warnings = [self.read(f"sharded/shard_{number}_of_3", "test.warnings") for number in (1, 2, 3)]
        self.assertEqual("".join(warnings).count("UserWarning: prices are old"), 2)

    def test_an_exit_is_a_failure_that_is_named(self):
        self.assertIn("os._exit(0) in test_b", self.read("exits", "test.log"))
        self.assertIn("RunEndedEarly", self.read("exits", "test.xml"))

    def test_the_size_of_the_target_is_that_of_its_tests(self):
        self.assertIn(
            "[H001] network violation: small test __main__.FirstTest.test_c", self.read("reaches", "test.log")
        )

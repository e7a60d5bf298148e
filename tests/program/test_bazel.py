"""Bazel's test protocol, as its test-setup.sh presents it to a program."""

from __future__ import annotations

import contextlib
import os
import unittest
import xml.etree.ElementTree as ET
from unittest import mock

import hermetic
import support
from hermetic import ConfigurationError, medium
from hermetic._program.bazel import Protocol
from support import Folder, run_hermetic

setUpModule = support.some_pythons_do_and_the_measured

SAMPLE = """
    import os, subprocess, sys, time, unittest, warnings
    import hermetic

    class FirstTest(unittest.TestCase):
        def setUp(self):
            print(self.id(), *sorted(os.listdir(os.environ["OUT"])), sep="|")

        def test_a(self):
            warnings.warn("it is\\nold")

        def test_b(self):
            pass

    class SecondTest(FirstTest):
        def test_c(self):
            exec(os.environ.get("LINE", "pass"))

        def test_d(self):
            pass
"""
TESTS = [*(f"FirstTest.test_{letter}" for letter in "ab"), *(f"SecondTest.test_{letter}" for letter in "abcd")]
HANGING = "hermetic.large; time.sleep(60)"
INNER = "print(subprocess.run([sys.executable, '-m', 'hermetic', 'test_sample.FirstTest'], capture_output=True).stderr)"


class Run:
    """A run in a folder of its own, as Bazel would start it.

    Attributes:
        tests: those that were run, and what there was in the folder for output by then.
        files: the texts of what is there afterwards.
    """

    def __init__(self, *arguments, files=("XML_OUTPUT_FILE",), **env):
        with Folder(**{"test_sample.py": SAMPLE}) as folder:
            out = os.path.join(folder, "out")
            os.mkdir(out)
            paths = {name: os.path.join(out, name) for name in files}
            arguments = arguments or ("test_sample",)
            done = self.done = run_hermetic(
                *arguments, cwd=folder, env={"OUT": out, "TEST_SRCDIR": out, **paths, **env}
            )
            self.files = {}
            for name in os.listdir(out):
                with open(os.path.join(out, name), encoding="utf-8") as file:
                    self.files[name] = file.read()
            self.left = sorted(os.listdir(folder))
        lines = [line.split("|") for line in done.stdout.splitlines() if line.startswith("test_sample.")]
        self.tests = {line[0].removeprefix("test_sample."): line[1:] for line in lines}


@medium
class ProtocolTest(unittest.TestCase):
    def test_shards_count_from_0_and_have_each_test_once(self):
        runs = [
            Run(TEST_TOTAL_SHARDS="7", TEST_SHARD_INDEX=str(index), files=("TEST_SHARD_STATUS_FILE",))
            for index in (0, 3, 6)
        ]
        self.assertEqual([len(run.tests) for run in runs], [1, 1, 0])
        self.assertEqual({(run.done.returncode, *run.files) for run in runs}, {(0, "TEST_SHARD_STATUS_FILE")})
        self.assertIn("Shard 4/7: 1 of 6 tests", runs[1].done.stderr)

    def test_a_filter_means_what_k_does_and_may_leave_nothing(self):
        chosen = {"SecondTest.test_a": ["SecondTest.test_a"], "*.test_b": ["FirstTest.test_b", "SecondTest.test_b"]}
        chosen |= {"test_d 'SecondTest.test_c'": ["SecondTest.test_c", "SecondTest.test_d"], "missing": []}
        for text, tests in chosen.items():
            with self.subTest(filter=text):
                run = Run(TESTBRIDGE_TEST_ONLY=text)
                self.assertEqual(([*run.tests], run.done.returncode), (tests, 0))
                self.assertEqual(run.files["XML_OUTPUT_FILE"].count("<testcase "), len(tests))

    def test_a_filter_narrows_what_k_has_left_and_spares_no_module_that_cannot_be_imported(self):
        run = Run("test_sample", "test_missing", "-k", "test_b", TESTBRIDGE_TEST_ONLY="First")
        self.assertEqual(([*run.tests], run.done.returncode), (["FirstTest.test_b"], 1))
        self.assertIn("test_missing", run.files["XML_OUTPUT_FILE"])

    def test_files_are_written_and_the_one_for_the_end_is_gone_at_the_end(self):
        names = ("XML_OUTPUT_FILE", "TEST_WARNINGS_OUTPUT_FILE", "TEST_PREMATURE_EXIT_FILE")
        run = Run(files=names)
        self.assertEqual(run.tests["FirstTest.test_a"], ["TEST_PREMATURE_EXIT_FILE"])
        self.assertEqual((sorted(run.files), run.left), (sorted(names[:2]), ["__pycache__", "out", "test_sample.py"]))
        first, *_ = run.files["TEST_WARNINGS_OUTPUT_FILE"].splitlines()
        self.assertEqual(first, "test_sample.FirstTest.test_a: UserWarning: it is old")
        self.assertEqual(ET.fromstring(run.files["XML_OUTPUT_FILE"]).get("tests"), "6")

    def test_a_process_that_is_killed_leaves_the_file_for_the_end(self):
        line = "os.kill(os.getpid(), 9)" if hasattr(os, "fork") else "os.kill(os.getpid(), 15)"
        run = Run(files=("TEST_PREMATURE_EXIT_FILE",), LINE=line)
        self.assertEqual(run.files, {"TEST_PREMATURE_EXIT_FILE": "1"})

    def test_a_forked_copy_of_a_test_does_not_remove_it(self):
        line = "os.fork() or sys.exit(0) if hasattr(os, 'fork') else None; time.sleep(0.2)"
        run = Run(files=("TEST_PREMATURE_EXIT_FILE",), LINE=line)
        self.assertEqual(run.tests["SecondTest.test_d"], ["TEST_PREMATURE_EXIT_FILE"])

    def test_the_first_failure_ends_the_run_if_that_is_asked_for(self):
        for value, last in (("1", "SecondTest.test_c"), ("0", "SecondTest.test_d")):
            run = Run(TESTBRIDGE_TEST_RUNNER_FAIL_FAST=value, LINE="self.fail()")
            self.assertEqual(([*run.tests][-1], run.done.returncode), (last, 1))

    @unittest.skipIf(hermetic._base.features.WINDOWS, "where nothing interrupts the main thread")
    def test_a_run_that_would_take_too_long_ends_with_its_report(self):
        run = Run(TEST_TIMEOUT="4", LINE=HANGING)
        self.assertEqual(([*run.tests][-1], run.done.returncode), ("SecondTest.test_c", 1))
        self.assertIn("The run ended early: the time limit expired (TEST_TIMEOUT)\n", run.done.stderr)
        self.assertIn("time violation: test_sample.SecondTest.test_c was interrupted", run.files["XML_OUTPUT_FILE"])
        self.assertIn('<testcase name="the_run"', run.files["XML_OUTPUT_FILE"])

    @support.linux_only("workers that start fast enough for it")
    def test_so_does_one_whose_tests_run_in_workers(self):
        for option in ("--isolated", "--jobs=2"):
            with self.subTest(option=option):
                run = Run("test_sample", option, TEST_TIMEOUT="2", LINE=HANGING)
                self.assertEqual(run.done.returncode, 1, run.done.stderr)
                self.assertIn("The run ended early: the time limit expired (TEST_TIMEOUT)\n", run.done.stderr)
                self.assertIn("timed out", run.files["XML_OUTPUT_FILE"])

    def test_a_test_program_that_a_test_starts_is_asked_for_nothing(self):
        run = Run(TESTBRIDGE_TEST_ONLY="test_c", TEST_TOTAL_SHARDS="1", TEST_SHARD_INDEX="0", LINE=INNER)
        self.assertIn("Ran 2 tests", run.done.stdout)
        self.assertEqual(run.files["XML_OUTPUT_FILE"].count("<testcase "), 1)

    def test_a_script_is_asked_for_the_same(self):
        with Folder(**{"test_sample.py": SAMPLE, "run.py": "import unittest; unittest.main('test_sample')"}) as folder:
            env = {"OUT": folder, "TEST_SRCDIR": folder, "TESTBRIDGE_TEST_ONLY": "test_c"}
            done = run_hermetic("--script", "run.py", cwd=folder, env=env)
            none = run_hermetic("--script", "run.py", cwd=folder, env={**env, "TESTBRIDGE_TEST_ONLY": "missing"})
        self.assertIn("Ran 1 test in", done.stderr)
        self.assertIn("Ran 0 tests in", none.stderr)
        self.assertEqual((done.returncode, none.returncode), (0, 0))

    def test_a_history_is_named_to_be_read(self):
        run = Run("test_sample", "--history", "durations.json", LINE="self.fail()")
        self.assertEqual((run.done.returncode, "durations.json" in run.left), (1, False))

    def test_an_option_for_a_shard_besides_is_an_error(self):
        run = Run("--shard", "1/2", TEST_TOTAL_SHARDS="2", TEST_SHARD_INDEX="0")
        self.assertEqual((run.done.returncode, run.done.stderr.count("\n")), (2, 1))
        self.assertIn("leave the option out", run.done.stderr)


class WrongValuesTest(hermetic.HermeticTestCase):
    def test_each_is_one_error_that_names_the_variable(self):
        shard, bazel = {"TEST_TOTAL_SHARDS": "2"}, {"TEST_SRCDIR": "x"}
        missing = os.path.join(os.sep, "missing", "file")
        for env in (
            shard, {**shard, "TEST_SHARD_INDEX": "2"}, {**shard, "TEST_SHARD_INDEX": "-1"}, {"TEST_TOTAL_SHARDS": "x"},
            {"TEST_TIMEOUT": "soon", **bazel}, {"TEST_TIMEOUT": "0", **bazel}, {"TESTBRIDGE_TEST_ONLY": "'open"},
            {"TEST_SHARD_STATUS_FILE": missing}, {"TEST_PREMATURE_EXIT_FILE": missing},
        ):  # fmt: skip
            with (
                self.subTest(env=env),
                mock.patch.dict(os.environ, env),
                self.assertRaises(ConfigurationError) as caught,
            ):
                with contextlib.ExitStack() as stack:
                    Protocol(stack)
            self.assertIn(next(iter(env)), str(caught.exception))

    def test_a_time_out_of_somebody_else_is_left_alone(self):
        with mock.patch.dict(os.environ, {"TEST_TIMEOUT": "30s"}), contextlib.ExitStack() as stack:
            self.assertIsNone(Protocol(stack).ends_at)

    def test_the_environment_is_given_back(self):
        env = {"TEST_TOTAL_SHARDS": "2", "TEST_SHARD_INDEX": "1", "TEST_TIMEOUT": "9", "XML_OUTPUT_FILE": "x"}
        with mock.patch.dict(os.environ, env), contextlib.ExitStack() as stack:
            self.assertEqual(str(Protocol(stack).shard), "2/2")
            self.assertEqual([name for name in env if name in os.environ], ["TEST_TIMEOUT"])
            stack.close()
            self.assertEqual({name: os.environ[name] for name in env}, env)

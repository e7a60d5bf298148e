"""``HermeticTestCase.assertViolation``: an expected violation passes, and a missing one fails."""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import unittest

import support
from hermetic import HermeticTestCase, NetworkViolationError, SubprocessViolationError, medium, small
from support.violating_tests import ONE_TEST, connect, run_module


@small
class AssertViolation(HermeticTestCase):
    def test_an_expected_violation_is_no_error(self):
        with self.assertViolation(NetworkViolationError):
            connect()

    def test_a_swallowed_one_counts(self):
        with self.assertViolation(NetworkViolationError), contextlib.suppress(Exception):
            connect()

    def test_one_of_another_kind_passes_through(self):
        with self.assertViolation(NetworkViolationError):
            with self.assertRaises(SubprocessViolationError), self.assertViolation(NetworkViolationError):
                with self.assertViolation(SubprocessViolationError):
                    subprocess.run(["true"], check=True)
                subprocess.run(["true"], check=True)
            connect()

    def test_the_base_class_expects_either(self):
        for act in (connect, lambda: subprocess.run(["true"], check=True)):
            with self.subTest(act=act), self.assertViolation():
                act()

    def test_the_error_is_at_hand_afterwards(self):
        with self.assertViolation(NetworkViolationError) as expected:
            connect()
        self.assertEqual(expected.error.violation.operation.target, "127.0.0.1:9")
        self.assertEqual(str(pickle.loads(pickle.dumps(expected.error))), str(expected.error))

    def test_a_block_without_one_fails(self):
        with self.assertRaisesRegex(self.failureException, "expected NetworkViolationError"):
            with self.assertViolation(NetworkViolationError):
                pass

    def test_another_error_passes_through(self):
        with self.assertRaises(KeyError), self.assertViolation(NetworkViolationError):
            raise KeyError

    def test_another_error_after_the_violation_passes_through(self):
        with self.assertRaises(KeyError), self.assertViolation(NetworkViolationError):
            with contextlib.suppress(Exception):
                connect()
            raise KeyError

    def test_what_is_no_class_of_violations_is_an_error(self):
        for wrong in (ValueError, "H001", None):
            with self.subTest(wrong=wrong), self.assertRaisesRegex(TypeError, "takes ViolationError"):
                self.assertViolation(wrong)

    def test_what_comes_after_the_block_is_an_error_again(self):
        class Case(HermeticTestCase):
            def test_a(self):
                with self.assertViolation(NetworkViolationError):
                    connect()
                with contextlib.suppress(Exception):
                    connect(10)

        result = support.EventResult()
        Case("test_a").run(result)
        self.assertEqual([text.count("[H001]") for _, text in result.errors], [1])
        self.assertIn("127.0.0.1:10", result.errors[0][1])

    def test_an_unexpected_one_in_the_block_is_an_error(self):
        class Case(HermeticTestCase):
            def test_a(self):
                with self.assertViolation(NetworkViolationError):
                    with contextlib.suppress(Exception):
                        subprocess.run(["true"], check=True)
                    connect()

        result = support.EventResult()
        Case("test_a").run(result)
        self.assertEqual(len(result.errors), 1)
        self.assertIn("[H003]", result.errors[0][1])

    def test_one_in_a_thread_counts(self):
        import threading

        with self.assertViolation(NetworkViolationError):
            thread = threading.Thread(target=swallow_connect)
            thread.start()
            thread.join()


def swallow_connect() -> None:
    with contextlib.suppress(Exception):
        connect()


@medium
class AssertViolationInOtherModes(unittest.TestCase):
    def outcome(self, body: str, mode: str) -> tuple[int, str]:
        source = ONE_TEST.replace("unittest.TestCase", "hermetic.HermeticTestCase").replace("pass", body)
        ran = run_module(source, "--mode", mode)
        return ran.returncode, ran.stderr

    def test_one_that_happens_passes_in_each_mode(self):
        for mode in ("strict", "warn", "off"):
            with self.subTest(mode=mode):
                status, said = self.outcome("\n        with self.assertViolation(): reach()", mode)
                self.assertEqual(status, 0, said)

    def test_one_that_does_not_happen_fails_in_each_mode(self):
        for mode in ("strict", "warn", "off"):
            with self.subTest(mode=mode):
                status, said = self.outcome("\n        with self.assertViolation(): pass", mode)
                self.assertEqual(status, 1, said)
                self.assertIn("expected ViolationError", said)

    def test_an_expected_one_is_not_in_the_summary(self):
        for mode in ("strict", "warn"):
            with self.subTest(mode=mode):
                said = self.outcome("\n        with self.assertViolation(): reach()", mode)[1]
                self.assertNotIn("H001", said)

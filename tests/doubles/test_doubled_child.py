"""Exit statuses that a doubled child may be given."""

from __future__ import annotations

from unittest import mock

from hermetic import HermeticTestCase
from hermetic._base import features
from hermetic._doubles import doubled_child
from hermetic._doubles.doubled_child import check_status


class StatusTest(HermeticTestCase):
    def test_numbers_and_negative_signals_are_accepted(self):
        for status in (0, 1, 255, features.MAX_EXIT_STATUS, *(() if features.WINDOWS else (-9,))):
            check_status(status)

    def test_everything_else_is_refused_by_name(self):
        wrong = {
            features.MAX_EXIT_STATUS + 1: ValueError,
            -1000: ValueError,
            "1": TypeError,
            True: TypeError,
            None: TypeError,
        }
        for status, error in wrong.items():
            with self.subTest(status=status), self.assertRaisesRegex(error, r"^mock_run\(\): returncode must be "):
                check_status(status)

    def test_the_name_can_be_another_one(self):
        with self.assertRaisesRegex(TypeError, "^the value that side_effect returns must be a whole number, not 'x'"):
            check_status("x", "the value that side_effect returns")


class ClockTest(HermeticTestCase):
    def setUp(self):
        self.real = 100.0
        patch = mock.patch.object(doubled_child.real, "monotonic", side_effect=lambda: self.real)
        patch.start()
        self.addCleanup(patch.stop)
        self.clock = doubled_child.Clock()

    def test_it_runs_like_the_real_one(self):
        before = self.clock.now()
        self.real += 5
        self.assertEqual(self.clock.now() - before, 5)

    def test_it_jumps_to_a_later_instant_and_runs_on_from_there(self):
        self.clock.skip_to(160)
        self.real += 5
        self.assertEqual(self.clock.now(), 165)

    def test_it_never_goes_back(self):
        self.clock.skip_to(160)
        self.clock.skip_to(120)
        self.assertEqual(self.clock.now(), 160)

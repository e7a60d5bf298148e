"""The clock of doubled children."""

from __future__ import annotations

from unittest import mock

from hermetic import HermeticTestCase
from hermetic._doubles import doubled_child


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

"""A worker that cannot be started is reported as ended, with the reason."""

from __future__ import annotations

from unittest import mock

from hermetic import HermeticTestCase
from hermetic._isolation.nursery import NoNursery, Nursery, Unstarted


class UnstartedTest(HermeticTestCase):
    def test_without_a_folder_no_process_is_started(self):
        nursery = Nursery()
        with (
            mock.patch.object(nursery, "_new_folder", side_effect=OSError(28, "No space left on device")),
            mock.patch.object(nursery, "_start") as start,
        ):
            self.assertIsInstance(nursery.new_worker(fresh=False), Unstarted)
        start.assert_not_called()

    def test_without_a_process_the_folder_is_taken_back(self):
        nursery, folder = Nursery(), mock.Mock()
        with (
            mock.patch.object(nursery, "_new_folder", return_value=folder),
            mock.patch.object(nursery, "_start", side_effect=OSError(11, "Resource temporarily unavailable")),
        ):
            self.assertIsInstance(nursery.new_worker(fresh=True), Unstarted)
        folder.remove.assert_called_once_with()

    def test_where_there_is_no_nursery_no_worker_starts_and_the_next_one_asks_for_a_new_nursery(self):
        nursery = NoNursery("no processes")
        self.assertFalse(nursery.is_usable)
        self.assertIsInstance(nursery.new_worker(fresh=False), Unstarted)

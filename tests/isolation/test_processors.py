"""The number of available processors follows from CPU affinity and control groups."""

from __future__ import annotations

import os
import types
from unittest import mock

from hermetic import HermeticTestCase, medium
from hermetic._isolation import processors
from support import Folder


@medium  # it reads files
class ProcessorsTest(HermeticTestCase):
    def quota(self, own, **files):
        with Folder(own=own, **files) as folder:
            return processors.quota(os.path.join(folder, "groups"), os.path.join(folder, "own"))

    def test_the_least_share_of_all_groups_above_holds(self):
        files = {"groups/a/b/cpu.max": "max 100000\n", "groups/a/cpu.max": "150000 100000\n"}
        self.assertEqual(1.5, self.quota("0::/a/b\n", **files))

    def test_the_older_version_is_known(self):
        files = {"groups/cpu/cpu.cfs_quota_us": "50000\n", "groups/cpu/cpu.cfs_period_us": "100000\n"}
        self.assertEqual(0.5, self.quota("4:cpu,cpuacct:/docker/x\n0::/\n", **files))

    def test_without_a_limit_there_is_none(self):
        self.assertIsNone(self.quota("0::/\n", **{"groups/cpu.max": "max 100000\n"}))
        self.assertIsNone(self.quota("1:cpu:/\n", **{"groups/cpu/cpu.cfs_quota_us": "-1\n"}))
        self.assertIsNone(processors.quota("/there/is/none", "/there/is/none"))

    def test_a_system_without_affinity_has_all_its_processors(self):
        system = types.SimpleNamespace(cpu_count=lambda: 3)
        with mock.patch.object(processors, "os", system), mock.patch.object(processors, "quota", return_value=None):
            self.assertEqual(3, processors.usable())

    def test_a_share_is_rounded_up_and_never_more_than_there_are(self):
        for share, expected in ((0.2, 1), (1.5, 2), (1000.0, processors.usable()), (None, processors.usable())):
            with self.subTest(share=share), mock.patch.object(processors, "quota", return_value=share):
                self.assertLessEqual(processors.usable(), expected)
                self.assertGreaterEqual(processors.usable(), 1)

"""hermetic's options are taken out of the arguments, and what defines them is loaded only where there may be some."""

from __future__ import annotations

from unittest import mock

from hermetic import HermeticTestCase
from hermetic._program import arguments, options
from hermetic._settings.table import SETTINGS


class SplitTest(HermeticTestCase):
    def test_without_options_none_is_given(self):
        with mock.patch.object(arguments, "options", side_effect=AssertionError("they are loaded")):
            ours, rest = arguments.split_arguments(["discover", "-s", "tests", "-v"], "program")
        self.assertEqual(rest, ["discover", "-s", "tests", "-v"])
        self.assertEqual({getattr(ours, name) for name in (*SETTINGS, "list", "bisect", "survey")}, {None})

    def test_unittest_s_own_options_are_left(self):
        ours, rest = arguments.split_arguments(["--verbose"], "program")
        self.assertEqual((rest, ours.jobs), (["--verbose"], None))

    def test_our_options_are_taken(self):
        ours, rest = arguments.split_arguments(["-j", "2", "test_a", "--list"], "program")
        self.assertEqual((ours.jobs, ours.list, rest), ("2", "text", ["test_a"]))

    def test_each_option_may_be_one(self):
        every = [*options.names(), *(short for setting in SETTINGS.values() for short in setting.options)]
        self.assertEqual([name for name in every if not name.startswith(("--", "-j"))], [])

    def test_no_options_are_no_private_names(self):
        self.assertFalse(hasattr(arguments.NoOptions(), "__deepcopy__"))

"""The current run: its settings, and what it restores."""

from __future__ import annotations

import sys
from unittest import mock

import hermetic
from hermetic._settings.current_run import CurrentRun
from hermetic._settings.values import Settings


class SettingsTest(hermetic.HermeticTestCase):
    def test_settings_are_read_when_they_are_first_used(self):
        run = CurrentRun()
        with mock.patch("hermetic._settings.config.load", return_value=Settings(jobs=3)) as load:
            load.assert_not_called()
            self.assertEqual([run.settings.jobs, run.settings.jobs], [3, 3])
            load.assert_called_once_with()

    def test_settings_that_were_put_in_force_are_not_read(self):
        run, settings = CurrentRun(), Settings(jobs=3)
        run.settings = settings
        self.assertIs(run.settings, settings)

    def test_those_of_the_command_line_can_be_handed_on(self):
        run = CurrentRun()
        self.assertEqual(run.given_on_command_line(), {})
        run.settings = Settings(jobs=3, mode="warn", origins={"jobs": "command line", "mode": "environment"})
        self.assertEqual(run.given_on_command_line(), {"jobs": 3})


class WholeRunTest(hermetic.HermeticTestCase):
    def test_leaks_are_detected_in_a_program_alone(self):
        run = CurrentRun()
        run.settings = Settings(detect_leaks=True)
        self.assertFalse(run.detects_leaks())
        run.is_program = True
        self.assertTrue(run.detects_leaks())

    def test_tests_are_handed_over_by_processes_that_are_no_workers(self):
        run = CurrentRun()
        self.assertFalse(run.hands_tests_over())
        run.watches_processes = True
        self.assertTrue(run.hands_tests_over())
        run.in_worker = True
        self.assertFalse(run.hands_tests_over())


class RestoredTest(hermetic.HermeticTestCase):
    def setUp(self) -> None:
        modules = {name: module for name, module in sys.modules.items() if name != "hermetic._marks.isolated"}
        patch = mock.patch.dict(sys.modules, modules, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def test_everything_is_restored_when_a_program_ends(self):
        run = CurrentRun()
        before = {**vars(run)}
        with self.assertRaises(OSError), run.restored():
            run.settings, run.is_program, run.fails_fast, run.watches_processes = Settings(jobs=3), True, True, True
            raise OSError
        self.assertEqual(vars(run), before)

    def test_settings_that_were_in_force_are_in_force_again(self):
        run, settings = CurrentRun(), Settings(jobs=3)
        run.settings = settings
        with run.restored():
            run.settings = Settings()
        self.assertIs(run.settings, settings)

    def test_marks_that_were_loaded_meanwhile_stay_in_force(self):
        run = CurrentRun()
        with run.restored():
            run.watches_processes = True
            sys.modules["hermetic._marks.isolated"] = sys
        self.assertTrue(run.watches_processes)
